//! What killed commands left, files of another owner, and disks and folders that do not serve: swept, kept, or named.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::TestApp;
use crate::support::wait::until;
use boxoffice::check::check;

fn boxoffice(words: &[&str], database: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(words).arg("--database").arg(database).stdin(Stdio::null());
    command
}

const SERVE: [&str; 4] = ["serve", "--listen", "127.0.0.1:0", "--until-stdin-closes"];

#[track_caller]
fn fine(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

#[track_caller]
fn refused(output: &Output, words: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    words.iter().for_each(|word| assert!(told.contains(word), "{word:?} is not in {told:?}"));
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn sound_file(folder: &Path, seats: i64) -> std::path::PathBuf {
    let mut app = TestApp::with_seats(seats, &[]);
    app.close();
    let path = folder.join("sound.db");
    fs::copy(&app.database, &path).unwrap();
    path
}

/// A draft is a whole copy of the venue, with its tokens and tickets.
#[test]
fn draft_of_a_killed_backup_is_swept_by_the_next_command_that_makes_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let sound = sound_file(folder.path(), 20_000);
    let copy = folder.path().join("copy.db");
    let backup = || boxoffice(&["backup", copy.to_str().unwrap()], &sound);
    let mut killed = backup().stdout(Stdio::null()).spawn().unwrap();
    let drafts = || names(folder.path()).iter().filter(|name| name.starts_with("copy.db.new-")).count();
    until("a draft", || drafts() > 0 || killed.try_wait().unwrap().is_some());
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!((drafts(), copy.exists()), (1, false), "it was not killed half-way");
    fine(&backup().output().unwrap());
    assert_eq!(names(folder.path()), ["copy.db", "sound.db", "sound.db-backed-up"]);
    assert_eq!(check(&copy).unwrap(), Vec::<String>::new());
}

#[test]
fn draft_in_use_and_what_is_no_draft_are_never_swept() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let sound = sound_file(folder.path(), 5);
    let sound_name = sound.to_str().unwrap();
    let commands = [
        boxoffice(&["backup", at("new.db").to_str().unwrap()], &sound),
        boxoffice(&["restore", sound_name], &at("new.db")),
        boxoffice(&["restore", "--replace", sound_name], &at("new.db")),
        boxoffice(&SERVE, &at("new.db")),
    ];
    for (name, file) in [("new.db.new-2", "draft.db"), ("new.db.new-3", "letter"), ("new.db.new-x", "draft.db")] {
        fs::create_dir(at(name)).unwrap();
        fs::write(at(name).join(file), "").unwrap();
    }
    let lock = fs::File::create(at("new.db.new-2/draft.db-lock")).unwrap();
    lock.try_lock().unwrap();
    let mut kept = names(folder.path());
    kept.extend(["new.db", "sound.db-backed-up"].map(str::to_owned)); // the first command notes its backup
    kept.sort();
    for mut command in commands {
        fs::create_dir(at("new.db.new-1")).unwrap();
        for ending in ["", "-journal", "-lock"] {
            fs::write(at("new.db.new-1").join(format!("draft.db{ending}")), "left").unwrap();
        }
        fine(&command.output().unwrap());
        assert_eq!(names(folder.path()), kept, "{command:?}");
        fs::remove_file(at("new.db")).unwrap();
    }
}

/// Root restores, and the service runs as a user of its own.
#[test]
fn restored_file_has_the_owner_of_the_one_that_it_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let sound = sound_file(folder.path(), 5);
    let venue = folder.path().join("venue.db");
    fs::copy(&sound, &venue).unwrap();
    if rustix::process::geteuid().is_root() {
        chown(&venue, Some(64_990), Some(64_991)).unwrap();
    }
    let owner = |path: &Path| fs::metadata(path).map(|file| (file.uid(), file.gid())).unwrap();
    let before = owner(&venue);
    fine(&boxoffice(&["restore", "--replace", sound.to_str().unwrap()], &venue).output().unwrap());
    assert_eq!((owner(&venue), owner(&folder.path().join("venue.db.before-restore-1"))), (before, before));
}

/// A file that is called broken is replaced by an old backup, although nothing is wrong with it.
#[test]
fn start_on_a_full_disk_blames_the_disk_and_not_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let sound = sound_file(folder.path(), 5);
    let before = fs::read(&sound).unwrap();
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
    let mut start = Command::new("/bin/sh");
    start.args(["-c", script, "sh", env!("CARGO_BIN_EXE_boxoffice")]).args(SERVE).arg("--database").arg(&sound);
    let output = start.stdin(Stdio::null()).output().unwrap();
    refused(&output, &["make room"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("restore a backup"), "{output:?}");
    assert!(fs::read(&sound).unwrap() == before, "the file changed");
    fine(&boxoffice(&SERVE, &sound).output().unwrap());
}

#[test]
#[cfg_attr(inner_socket = "loopback", ignore = "only the Unix inner socket needs a folder of short path")]
fn tmpdir_that_is_empty_counts_as_not_given_and_one_with_a_long_path_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let sound = sound_file(folder.path(), 5);
    let long = folder.path().join("l".repeat(110));
    fs::create_dir(&long).unwrap();
    refused(&boxoffice(&SERVE, &sound).env("TMPDIR", &long).output().unwrap(), &["TMPDIR", "short path"]);
    assert_eq!(names(&long), Vec::<String>::new());
    fine(&boxoffice(&SERVE, &sound).env("TMPDIR", "").output().unwrap());
    let mut ephemeral = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    ephemeral.args(["serve", "--ephemeral", "--until-stdin-closes"]).env("TMPDIR", "").stdin(Stdio::null());
    fine(&ephemeral.output().unwrap());
}
