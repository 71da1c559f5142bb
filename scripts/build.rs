//! Cargo's build script: the target and the commit that `boxoffice --version` names, and the files that pages load. No
//! time goes in, so that the same source gives the same bytes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The commit of an archive that `git archive` made: it fills this in (`export-subst` in `.gitattributes`).
const ARCHIVED: &str = "$Format:%H$";
/// What the program is made of.
const SOURCES: [&str; 6] = ["src", "scripts/build.rs", "schema.sql", "Cargo.toml", "Cargo.lock", ".cargo/config.toml"];

/// The endings of files that pages load.
const LOADED: [&str; 5] = ["css", "js", "png", "svg", "webmanifest"];
/// The picture of the README, which no page loads.
const OF_README: &str = "handbook/pages.png";

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-env-changed=BUILD_COMMIT");
    println!("cargo::rustc-env=BUILD_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=BUILD_COMMIT={}", commit());
    // BUILD_INNER_SOCKET=loopback: Linux with the inner socket of the other systems, so that its tests try it.
    println!("cargo::rerun-if-env-changed=BUILD_INNER_SOCKET");
    if variable("BUILD_INNER_SOCKET") == "loopback" {
        println!("cargo::rustc-cfg=inner_socket=\"loopback\"");
    }
    list_page_files()
}

/// Writes the table of the files below `src/web/` that pages load: each path with its content.
fn list_page_files() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=src/web");
    let mut table = BTreeMap::new();
    for room in Path::new(&variable("CARGO_MANIFEST_DIR")).join("src/web").read_dir()? {
        let room = room?;
        let files = if room.file_type()?.is_dir() { Some(room.path().read_dir()?) } else { None };
        for file in files.into_iter().flatten() {
            let file = file?;
            let path = format!("{}/{}", room.file_name().display(), file.file_name().display());
            if path.rsplit('.').next().is_some_and(|ending| LOADED.contains(&ending)) && path != OF_README {
                table.insert(path, file.path());
            }
        }
    }
    let rows: String = table.iter().map(|(path, file)| format!("({path:?}, include_bytes!({file:?})),\n")).collect();
    std::fs::write(Path::new(&variable("OUT_DIR")).join("page_files.rs"), format!("&[\n{rows}]\n"))
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// `BUILD_COMMIT` where it is given, else what git, a source archive or cargo's package says, else `unknown`. A debug
/// build says `debug`: with the commit in it, every commit would build all tests again.
fn commit() -> String {
    let given = variable("BUILD_COMMIT");
    if !given.is_empty() {
        return given;
    }
    if variable("PROFILE") != "release" {
        println!("cargo::rerun-if-changed=scripts/build.rs");
        return "debug".into();
    }
    SOURCES.iter().for_each(|source| println!("cargo::rerun-if-changed={source}"));
    let archived = || (!ARCHIVED.starts_with('$')).then(|| short(ARCHIVED)).flatten();
    of_git().or_else(archived).or_else(of_package).unwrap_or_else(|| "unknown".into())
}

/// The commit that is checked out, with `-modified` behind it when a source is not as it was committed.
fn of_git() -> Option<String> {
    let folder = variable("CARGO_MANIFEST_DIR");
    let top = git(&["rev-parse", "--show-toplevel"])?;
    let same = |one: &str| Path::new(one).canonicalize().ok();
    if same(&top)? != same(&folder)? {
        return None; // the repository of somebody who has this source inside of theirs
    }
    // A commit and a checkout write a line into the log of HEAD.
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", name])?;
        println!("cargo::rerun-if-changed={path}");
    }
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let is_clean =
        git(&[&["diff-index", "--name-only", "HEAD", "--"], &SOURCES[..]].concat()).is_some_and(|it| it.is_empty());
    Some(if is_clean { commit } else { format!("{commit}-modified") })
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// What `cargo package` noted.
fn of_package() -> Option<String> {
    let noted = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let sha = noted.split("\"sha1\"").nth(1)?.split('"').nth(1)?;
    short(sha)
}

/// As git shortens it.
fn short(commit: &str) -> Option<String> {
    commit.get(..12).map(str::to_owned)
}
