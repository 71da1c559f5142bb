//! Starts and ends of a server: what makes a start fail is named and no staff key is lost; end signals close it in good
//! order; its scratch folder goes.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::files::{NEW, boxoffice, end_of, fine, names, on, refused, signal, text};

/// Starts a venue on a new file in a way that fails; the file is not there, or its key was shown and opens it.
fn key_is_not_lost(database: &Path, mut command: Command, words: &str) {
    let output = command.output().unwrap();
    let told = refused(&output, words);
    assert!(!told.contains("--listen"), "{told}");
    if database.exists() {
        let shown = text(&output.stdout);
        let key = shown.lines().find_map(|line| line.strip_prefix("staff key")?.rsplit(' ').next());
        let key = key.unwrap_or_else(|| panic!("a file whose key nobody saw: {told}"));
        let mut child = on(&[&["serve"], NEW].concat(), database);
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split("http://").nth(1).unwrap().split(' ').next().unwrap();
        let client = crate::support::Client::of(&format!("http://{url}"));
        client.call("GET", "/api/v1/staff/concerts", &format!("Bearer {key}"), None).must(200);
        drop(child.stdin.take());
        assert!(end_of(child).success());
        fs::remove_file(database).unwrap();
    }
}

#[test]
#[cfg_attr(inner_socket = "loopback", ignore = "only the Unix inner socket needs a folder of short path")]
fn start_that_fails_names_its_cause_and_loses_no_staff_key() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("new.db");
    let serve = || on(&[&["serve"], NEW].concat(), &database);
    let mut no_folder = serve();
    no_folder.env("TMPDIR", folder.path().join("none"));
    key_is_not_lost(&database, no_folder, "TMPDIR");
    let mut full = Command::new("/bin/sh");
    let script = "exec \"$0\" serve --listen 127.0.0.1:0 --database \"$1\" > /dev/full";
    full.args(["-c", script, env!("CARGO_BIN_EXE_boxoffice")]).arg(&database);
    key_is_not_lost(&database, full, "standard output can't be written");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

/// Root has no limit of threads, so it is run as nobody where this is root.
#[test]
fn start_without_threads_says_so_and_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("boxoffice");
    fs::copy(env!("CARGO_BIN_EXE_boxoffice"), &program).unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let database = folder.path().join("new.db");
    for threads in [1, 4, 9] {
        let mut command = Command::new("prlimit");
        command.arg(format!("--nproc={threads}")).arg("--").arg(&program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--database"]).arg(&database).stdin(Stdio::null());
        if rustix::process::geteuid().is_root() {
            // A number that nobody else has: the limit counts all processes of a user.
            use std::os::unix::process::CommandExt;
            command.uid(64_990).gid(64_990).current_dir("/");
        }
        let told = refused(&command.output().unwrap(), "");
        let is_named = told.contains("threads that a server needs") || told.contains("signals can't be caught");
        assert!(is_named && !database.exists(), "{threads} threads: {told}");
    }
}

#[test]
fn missing_database_is_made_and_said_or_refused_with_must_exist() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venu.db");
    let must_exist = on(&[&["serve", "--must-exist"], NEW].concat(), &database).output().unwrap();
    refused(&must_exist, "there is no such file");
    assert_eq!(names(folder.path()), Vec::<String>::new());
    let made = on(&[&["serve"], NEW].concat(), &database).output().unwrap();
    let said = fine(&made);
    assert!(text(&made.stderr).contains("venu.db: there was no such file"), "{made:?}");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("staff key, shown this once") && lines[1].starts_with("boxoffice is open"), "{said}");
    let again = on(&[&["serve", "--must-exist"], NEW].concat(), &database).output().unwrap();
    assert!(fine(&again).starts_with("boxoffice is open") && !text(&again.stderr).contains("boxoffice: "), "{again:?}");
}

/// A server for tests that has said that it is ready, and the folder of its file.
fn ephemeral(folder: &Path) -> (Child, PathBuf) {
    let mut command = boxoffice(&["serve", "--ephemeral"]);
    command.env("TMPDIR", folder).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    (child, Path::new(ready["database"].as_str().unwrap()).parent().unwrap().to_owned())
}

#[test]
fn end_signals_close_a_server_in_good_order_and_remove_its_scratch_folder() {
    let folder = tempfile::tempdir().unwrap();
    // Under nohup a hangup is ignored by whoever is started, and the server keeps to it.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0").trim();
    let hangup_ends = u64::from_str_radix(ignored, 16).unwrap() & 1 == 0;
    for name in ["-TERM", "-INT", "-HUP", "-QUIT"].into_iter().filter(|name| *name != "-HUP" || hangup_ends) {
        let (child, scratch) = ephemeral(folder.path());
        assert!(scratch.is_dir());
        signal(&child, name);
        let ended = end_of(child);
        assert_eq!((ended.code(), ended.signal()), (Some(0), None), "{name}");
        assert_eq!(names(folder.path()), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn scratch_folder_of_a_killed_server_is_swept_at_the_next_start_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (killed, left) = ephemeral(folder.path());
    let (running, used) = ephemeral(folder.path());
    // What somebody else put there, one beside a lock file of its own.
    fs::create_dir(folder.path().join("boxoffice-pictures")).unwrap();
    fs::create_dir(folder.path().join("boxoffice-2099")).unwrap();
    fs::write(folder.path().join("boxoffice-2099-lock"), "").unwrap();
    signal(&killed, "-KILL");
    end_of(killed);
    assert!(left.is_dir());
    let (next, own) = ephemeral(folder.path());
    assert!(!left.exists() && used.join("boxoffice.db").exists() && own.exists());
    for child in [running, next] {
        signal(&child, "-TERM");
        assert!(end_of(child).success());
    }
    assert_eq!(names(folder.path()), ["boxoffice-2099", "boxoffice-2099-lock", "boxoffice-pictures"]);
}

#[test]
fn hangup_does_not_end_a_server_that_was_told_to_outlive_its_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" serve --ephemeral", env!("CARGO_BIN_EXE_boxoffice")]);
    let mut child = command.env("TMPDIR", folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    signal(&child, "-HUP");
    let client = crate::support::Client::of(ready["url"].as_str().unwrap());
    for _ in 0..20 {
        client.call("GET", "/readyz", "", None).must(200);
    }
    signal(&child, "-TERM");
    stdout.read_to_string(&mut line).unwrap();
    assert!(end_of(child).success());
}

#[test]
fn files_without_an_end_are_refused_by_every_setting_that_reads_one() {
    let folder = tempfile::tempdir().unwrap();
    for flags in [
        &["serve", "--ephemeral", "--staff-key-file"][..],
        &["serve", "--ephemeral", "--seed"],
        &["serve", "--ephemeral", "--course"],
        &["import", "--concert", "Voices", "--starts-at", "2100-01-01T19:00"],
    ] {
        let output = boxoffice(&[flags, &["/dev/zero"]].concat()).current_dir(folder.path()).output().unwrap();
        refused(&output, "/dev/zero");
        refused(&output, "no more are read");
    }
}
