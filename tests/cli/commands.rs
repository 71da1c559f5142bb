//! What a newcomer meets on the command line: sentences that say what is
//! wrong and what to do, and nothing left half done.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Runs a command that must fail; what it says to standard error.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_boxoffice")).args(arguments).current_dir(folder).output().unwrap();
    assert!(!output.status.success(), "{arguments:?} did not fail");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn command_first_start_that_cannot_listen_makes_no_file_whose_staff_key_nobody_saw() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let why = refused(folder.path(), &["serve", "--database", "new.db", "--listen", &address]);
    assert!(why.contains("--listen") && why.contains("choose another address"), "{why}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn command_wrong_setting_is_named_and_what_would_be_right_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, told) in [
        (&["serve", "--hold-seconds", "0"][..], "1..=86400"),
        (&["serve", "--listen", "localhost"], "localhost:8080"),
        (&["serve", "--staff-listen", "http://localhost:8080"], "127.0.0.1:8080"),
        (&["serve", "--listen", "0.0.0.0:0"], "--top-up-policy"),
        (&["serve", "--time-zone", "Mars"], "Asia/Seoul"),
        (&["serve", "--staff-key", "short"], "16 to 128"),
        (&["serve", "--top-up-policy", "nobody"], "self, staff"),
        (&["serve", "--test-clock=broken"], "running, frozen"),
        (&["serve", "--http-proxies", "10.0.0.0/33"], "0 to 32"),
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
fn help_says_what_most_people_want() {
    let output = Command::new(env!("CARGO_BIN_EXE_boxoffice")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for told in ["boxoffice demo", "serve --database", "--ephemeral", "BOXOFFICE_HOLD_SECONDS"] {
        assert!(help.contains(told), "{told}: {help}");
    }
}

/// Runs a server that ends at once because its standard input is closed; what it said.
fn ended(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(arguments).arg("--until-stdin-closes").stdin(Stdio::null()).current_dir(folder);
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    (output, told)
}

/// The variables that the help of a command names.
fn variables(command: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_boxoffice")).args([command, "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    help.split("[env: ").skip(1).map(|rest| rest.split(['=', ']']).next().unwrap().to_owned()).collect()
}

#[test]
fn empty_environment_variable_counts_as_not_given() {
    let folder = tempfile::tempdir().unwrap();
    let names = variables("serve");
    assert!(names.len() > 30 && names.contains(&"BOXOFFICE_TEST_CLOCK".to_owned()), "{names:?}");
    for empty in ["", " "] {
        let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), empty)).collect();
        let (output, told) = ended(folder.path(), &["serve", "--ephemeral"], &all);
        assert!(output.status.success(), "{told}");
        assert!(!told.contains("warning"), "{told}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_boxoffice"))
        .args(["import", "x.csv", "--concert", "x", "--starts-at", "x", "--url", "http://localhost:1"])
        .env("BOXOFFICE_STAFF_KEY", "")
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && told.contains("--staff-key"), "{told}");
}

#[test]
fn database_of_the_environment_does_not_break_an_ephemeral_server() {
    let folder = tempfile::tempdir().unwrap();
    let variable = [("BOXOFFICE_DATABASE", "venue.db")];
    let (output, told) = ended(folder.path(), &["serve", "--ephemeral"], &variable);
    assert!(output.status.success(), "{told}");
    assert!(!folder.path().join("venue.db").exists());
    let (output, _) = ended(folder.path(), &["serve", "--ephemeral", "--database", "x.db"], &variable);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn environment_variable_that_is_no_setting_is_named_without_its_value() {
    let folder = tempfile::tempdir().unwrap();
    let variables =
        [("BOXOFFICE_HOLD_SECOND", "secret"), ("BOXOFFICE_HOLD_SECONDS", "10"), ("BOXOFFICE_DATABASE", "x.db")];
    let (output, told) = ended(folder.path(), &["serve", "--ephemeral"], &variables);
    assert!(output.status.success(), "{told}");
    let warnings: Vec<&str> = told.lines().filter(|line| line.contains("no setting")).collect();
    assert_eq!(warnings.len(), 1, "{told}");
    assert!(warnings[0].contains("BOXOFFICE_HOLD_SECOND ") && !told.contains("secret"), "{told}");
}

/// A server that is ended with its test.
struct Serving(Child, String);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended
        let _ = self.0.wait();
    }
}

/// Starts a server and reads its lines up to one that begins like this.
fn serving(folder: &Path, arguments: &[&str], last: &str) -> Serving {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.arg("serve").args(arguments).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut told = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !told.lines().any(|line| line.starts_with(last)) {
        let Some(line) = lines.next() else {
            child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
            panic!("{arguments:?}: {told}");
        };
        told.push_str(&line.unwrap());
        told.push('\n');
    }
    Serving(child, told)
}

/// The URL in the first line.
fn url_of(told: &str) -> String {
    told.split("open at ").nth(1).unwrap().split(' ').next().unwrap().to_owned()
}

fn answers(url: &str) -> bool {
    ureq::get(format!("{url}/healthz")).call().is_ok_and(|answer| answer.status() == 200)
}

#[test]
fn addresses_to_listen_on_are_read_as_people_write_them() {
    let six = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok().then_some(("[::1]:0", "http://[::1]:"));
    let four = ["0", ":0", "localhost:0", "127.0.0.1:0"].map(|text| (text, "http://127.0.0.1:"));
    for (listen, shown) in four.into_iter().chain(six) {
        for flag in ["--listen", "--staff-listen"] {
            let folder = tempfile::tempdir().unwrap();
            let other = if flag == "--listen" { "--staff-listen" } else { "--listen" };
            let begins = if flag == "--listen" { "boxoffice is open" } else { "staff find" };
            let server = serving(folder.path(), &[flag, listen, other, "127.0.0.1:0"], begins);
            let line = server.1.lines().find(|line| line.starts_with(begins)).unwrap();
            let url = line.split("http://").nth(1).unwrap().split(['/', ' ']).next().unwrap();
            let url = format!("http://{url}");
            assert!(url.starts_with(shown) && answers(&url), "{flag} {listen}: {}", server.1);
        }
    }
}

/// Nobody can go to 0.0.0.0.
#[test]
fn address_that_stands_for_all_is_printed_as_one_that_somebody_can_type() {
    let six = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).is_ok().then_some("[::]:0");
    for listen in ["0.0.0.0:0", "*:0"].into_iter().chain(six) {
        let folder = tempfile::tempdir().unwrap();
        let arguments = ["--listen", listen, "--top-up-policy", "staff"];
        let server = serving(folder.path(), &arguments, "boxoffice is open");
        assert!(answers(&url_of(&server.1)), "{}", server.1);
        drop(server);
        let (output, _) = ended(folder.path(), &[&["serve"], &arguments[..]].concat(), &[]);
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(!told.contains("0.0.0.0") && !told.contains("[::]"), "{told}");
        let port = url_of(&told).rsplit(':').next().unwrap().to_owned();
        for line in told.lines().filter(|line| line.starts_with("from other machines")) {
            let address: SocketAddr = line.rsplit("http://").next().unwrap().parse().unwrap();
            assert!(address.port().to_string() == port && !address.ip().is_loopback(), "{line}");
        }
    }
}

#[test]
fn rule_of_the_line_that_the_file_overrules_is_told_only_when_its_flag_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let start = |flags: &[&str]| {
        let (output, told) =
            ended(folder.path(), &[&["serve", "--database", "x.db", "--listen", "127.0.0.1:0"], flags].concat(), &[]);
        assert!(output.status.success(), "{told}");
        told
    };
    let given = ["--max-active", "7", "--admit-per-minute", "5", "--visit-seconds", "99", "--abandon-seconds", "44"];
    start(&[&given[..], &["--claim-seconds", "33"]].concat());
    for quiet in [&[][..], &["--max-active", "7"], &["--claim-seconds", "33"]] {
        let told = start(quiet);
        assert!(!told.contains("is not followed"), "{told}");
    }
    for flag in ["--max-active", "--admit-per-minute", "--visit-seconds", "--abandon-seconds", "--claim-seconds"] {
        let told = start(&[flag, "50"]);
        assert_eq!(told.matches("is not followed").count(), 1, "{told}");
        assert!(told.contains(&format!("{flag} 50")), "{told}");
    }
}
