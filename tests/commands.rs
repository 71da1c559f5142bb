//! What a newcomer meets on the command line: sentences that say what is wrong and what to do, and nothing left half done.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

/// Runs a command that must fail; what it says to standard error.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_boxoffice")).args(arguments).current_dir(folder).output().unwrap();
    assert!(!output.status.success(), "{arguments:?} did not fail");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_first_start_that_cannot_listen_makes_no_file_whose_staff_key_nobody_saw() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let why = refused(folder.path(), &["serve", "--database", "new.db", "--listen", &address]);
    assert!(why.contains("--listen") && why.contains("choose another address"), "{why}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_wrong_setting_is_named_and_what_would_be_right_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, told) in [
        (&["serve", "--hold-seconds", "0"][..], "1..=86400"),
        (&["serve", "--listen", "localhost:8080"], "127.0.0.1:8080"),
        (&["serve", "--listen", "0.0.0.0:0"], "--top-up-policy"),
        (&["serve", "--time-zone", "Mars"], "Asia/Seoul"),
        (&["serve", "--staff-key", "short"], "16 to 128"),
        (&["serve", "--top-up-policy", "nobody"], "self, staff"),
        (&["serve", "--test-clock=broken"], "running, frozen"),
        (&["serve", "--door-proxies", "10.0.0.0/33"], "0 to 32"),
        (&["serve", "--ephemeral", "--database", "x.db"], "cannot be used with"),
        (&["srve"], "'serve'"),
    ] {
        let why = refused(folder.path(), arguments);
        assert!(why.contains(told), "{arguments:?}: {why}");
        let setting = arguments.get(1).map_or("", |setting| setting.split('=').next().unwrap());
        assert!(why.contains(setting), "{arguments:?}: {why}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a refused start leaves nothing behind");
}

#[test]
fn the_help_says_what_most_people_want() {
    let output = Command::new(env!("CARGO_BIN_EXE_boxoffice")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for told in ["boxoffice demo", "serve --database", "--ephemeral", "BOXOFFICE_HOLD_SECONDS"] {
        assert!(help.contains(told), "{told}: {help}");
    }
}
