//! What the README and the handbook show is what happens: their commands are run, in order, and what they print is
//! compared once ids, keys and instants are masked.
//!
//! `sh` blocks of a file go to one shell, except those that start a server: the test starts it, on a free port, and
//! stops it before the next one or where the file says `<!-- stop -->`. A `text` block is what the block before it
//! prints; `…` in it stands for anything within the line, and alone on a line for any lines.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub const README: &str = include_str!("../../README.md");

/// Files whose commands are run, with the least number of blocks in each.
const RUN: [(&str, &str, usize); 5] = [
    ("README.md", README, 4),
    ("src/web/handbook/en/venue.md", include_str!("../../src/web/handbook/en/venue.md"), 14),
    ("src/web/handbook/en/clients.md", include_str!("../../src/web/handbook/en/clients.md"), 3),
    ("src/web/handbook/en/course.md", include_str!("../../src/web/handbook/en/course.md"), 4),
    ("tests/README.md", include_str!("../README.md"), 0),
];

const SHOWN_ADDRESS: &str = "127.0.0.1:8080";
const BINARY: &str = env!("CARGO_BIN_EXE_boxoffice");
const END_OF_BLOCK: &str = "== the block is over ==";

#[derive(Debug, PartialEq)]
enum Part {
    Shell(String),
    /// What needs a test runner, which not every machine has.
    WithRunner(String),
    Python(String),
    Text(String),
    Stop,
}

/// The fenced blocks of a file, in order. Every fence must be one of those that this test knows.
fn parts(file: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut lines = file.lines();
    let mut needs_runner = false;
    while let Some(line) = lines.next() {
        if line == "<!-- stop -->" {
            parts.push(Part::Stop);
        }
        needs_runner |= line.starts_with("<!-- needs ");
        let Some(language) = line.strip_prefix("```") else { continue };
        let text: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        parts.push(match language {
            "sh" if std::mem::take(&mut needs_runner) => Part::WithRunner(without_building(&text)),
            "sh" => Part::Shell(without_building(&text)),
            "python" => Part::Python(text),
            "text" => Part::Text(text),
            other => panic!("a block of {other:?}: this test would not run it"),
        });
    }
    parts
}

/// What differs from run to run, replaced: ids, keys, tickets, instants, dates, addresses.
fn masked(text: &str) -> String {
    let part_of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.');
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(part_of_word) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c| !part_of_word(c)).unwrap_or(rest.len());
        out.push_str(mask(&rest[..end]));
        rest = &rest[end..];
    }
    out + rest
}

fn mask(word: &str) -> &str {
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let shape: String = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let ticket = || word.bytes().all(|b| b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ".contains(&b));
    match word.len() {
        36 if word.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && hex(&word.replace('-', "")) => "(id)",
        32 if hex(word) => "(key)",
        42 if word.strip_prefix("boxoffice-").is_some_and(hex) => "(folder)",
        24 if shape == "0000-00-00T00:00:00.000Z" => "(instant)",
        10 if shape == "0000-00-00" => "(date)",
        10 if ticket() => "(number)",
        124 if ticket() => "(code)",
        _ if word.starts_with("127.0.0.1:") => "(address)",
        _ => word,
    }
}

/// A server that a block of the README starts.
struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
    staff_key: String,
}

impl Server {
    /// Starts what the line says, on a free port, and compares the first lines that it prints.
    fn start(line: &str, folder: &Path, shown: &str) -> Server {
        let arguments = line.strip_prefix("cargo run --release -- ").or(line.strip_prefix("boxoffice ")).unwrap();
        let mut command = Command::new(BINARY);
        command.args(arguments.split(' ')).current_dir(folder).env("BOXOFFICE_LISTEN", "127.0.0.1:0");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut server = Server { child, stdout, address: String::new(), staff_key: String::new() };
        for shown in shown.lines() {
            let line = server.line();
            assert_eq!(masked(&line), masked(shown));
            if let Some((_, after)) = line.split_once("http://") {
                server.address = after.split([' ', ',']).next().unwrap().to_owned();
            }
            if line.starts_with("staff key") {
                server.staff_key = line.rsplit(' ').next().unwrap().to_owned();
            }
        }
        server
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.stdout.read_line(&mut line).unwrap() > 0, "the server ended");
        line.trim_end_matches('\n').to_owned()
    }

    /// Stops it as people do; it must end well.
    fn stop(mut self) {
        let told = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it has ended already, unless the test failed
        let _ = self.child.wait();
    }
}

/// The reader's terminal.
struct Terminal {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Terminal {
    fn open(folder: &Path, path: &str) -> Terminal {
        let mut command = Command::new("bash");
        command.arg("-s").current_dir(folder).env("PATH", path).env("TMPDIR", "/tmp");
        command.env("NO_COLOR", "1").env_remove("FORCE_COLOR");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Terminal { child, stdin, stdout }
    }

    /// Runs a block and gives back what it prints.
    fn run(&mut self, block: &str) -> String {
        // One write, and the whole block in braces: no command of it can read the next ones as its input.
        let whole = format!("{{\n{block}\n}} < /dev/null\necho; echo '{END_OF_BLOCK}'\n");
        self.stdin.write_all(whole.as_bytes()).unwrap();
        let mut printed = String::new();
        loop {
            let mut line = String::new();
            assert!(self.stdout.read_line(&mut line).unwrap() > 0, "the shell ended in {block}");
            if line.trim_end() == END_OF_BLOCK {
                return printed.strip_suffix('\n').unwrap_or(&printed).to_owned();
            }
            printed.push_str(&line);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill(); // before its folder is removed
        let _ = self.child.wait();
    }
}

/// A block as this reader types it: the server's own address and staff key, and where this source is.
fn typed(block: &str, server: Option<&Server>) -> String {
    let (address, staff_key) = server.map_or((SHOWN_ADDRESS, ""), |server| (&server.address, &server.staff_key));
    let lines = block.lines().map(|line| match line.split_once('=').map(|(name, _)| name) {
        Some("STAFF_KEY") => format!("STAFF_KEY={staff_key}\n"),
        Some("SOURCE") => format!("SOURCE={}\n", env!("CARGO_MANIFEST_DIR")),
        _ => format!("{}\n", line.replace(SHOWN_ADDRESS, address)),
    });
    lines.collect()
}

/// The block without the commands that the test does not run: what they install is there already.
fn without_building(block: &str) -> String {
    let building = ["cargo install ", "cargo build ", "pip install ", "npm install "];
    let is_building = |line: &str| building.iter().any(|command| line.starts_with(command));
    block.lines().filter(|line| !is_building(line)).map(|line| format!("{line}\n")).collect()
}

/// Whether printed lines are the shown ones, in which a line of `…` stands for any lines, also none.
fn are_shown(printed: &[String], shown: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "…" => (0..=printed.len()).any(|at| are_shown(&printed[at..], rest)),
        Some((first, rest)) => {
            printed.split_first().is_some_and(|(line, lines)| is_shown(line, first) && are_shown(lines, rest))
        }
    }
}

/// Whether a printed line is the shown one, in which `…` stands for anything.
fn is_shown(printed: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = parts.next().and_then(|first| printed.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

fn starts_a_server(block: &str) -> bool {
    let line = block.trim_end();
    let starts = ["cargo run ", "boxoffice demo", "boxoffice serve"].iter().any(|start| line.starts_with(start));
    starts && !line.contains('<') && !line.contains('\n')
}

fn text_after(parts: &[Part], at: usize) -> &str {
    match parts.get(at + 1) {
        Some(Part::Text(text)) => text,
        _ => "",
    }
}

#[test]
fn documented_commands_print_what_is_shown() {
    for (name, file, least) in RUN {
        let compared = run_and_compare(name, &parts(file), false);
        assert!(compared >= least, "{name}: only {compared} blocks were run");
    }
}

#[test]
#[ignore = "needs pytest and vitest: scripts/clients runs it, and says where they are"]
fn documented_commands_with_test_runners_print_what_is_shown() {
    let (name, file, _) = RUN[2];
    let parts = parts(file);
    let count = parts.iter().filter(|part| matches!(part, Part::WithRunner(_))).count();
    assert!(count >= 2 && run_and_compare(name, &parts, true) > count, "{name}: {count} blocks need a runner");
}

/// Runs the blocks of a file in a folder of their own and gives back how many were compared.
fn run_and_compare(name: &str, parts: &[Part], has_runners: bool) -> usize {
    let folder = tempfile::tempdir().unwrap();
    if has_runners {
        std::os::unix::fs::symlink(std::env::var("CLIENTS_NODE_MODULES").unwrap(), folder.path().join("node_modules"))
            .unwrap();
    }
    let tools = folder.path().join("bin");
    std::fs::create_dir(&tools).unwrap();
    std::os::unix::fs::symlink(BINARY, tools.join("boxoffice")).unwrap();
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    let mut terminal = Terminal::open(folder.path(), &path);
    let (mut server, mut compared) = (None::<Server>, 0);
    for (at, part) in parts.iter().enumerate() {
        let shown = text_after(parts, at);
        let printed = match part {
            Part::Shell(block) if block.is_empty() => continue,
            Part::Shell(block) if starts_a_server(block) => {
                server.take().map(Server::stop).unwrap_or_default();
                server = Some(Server::start(block.trim_end(), folder.path(), shown));
                continue;
            }
            Part::WithRunner(_) if !has_runners => continue,
            Part::Shell(block) | Part::WithRunner(block) => terminal.run(&typed(block, server.as_ref())),
            Part::Python(block) => {
                let output = Command::new("python3").arg("-c").arg(block).env("PATH", &path).output().unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8(output.stdout).unwrap()
            }
            Part::Stop => {
                server.take().map(Server::stop).unwrap_or_default();
                continue;
            }
            Part::Text(_) => continue,
        };
        let lines = |text: &str| masked(text).lines().map(str::to_owned).filter(|line| !line.is_empty()).collect();
        let (printed, shown): (Vec<String>, Vec<String>) = (lines(&printed), lines(shown));
        assert!(are_shown(&printed, &shown), "{name} shows\n{shown:#?}\nand what is printed is\n{printed:#?}");
        compared += 1;
    }
    server.take().map(Server::stop).unwrap_or_default();
    compared
}

#[test]
fn walkthrough_is_the_one_that_the_demo_prints() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(
        "boxoffice demo",
        folder.path(),
        "boxoffice is open at http://127.0.0.1:8080 (데모 매표소가 열렸습니다)\n",
    );
    let of_readme = parts(README).into_iter().find_map(|part| match part {
        Part::Shell(block) if block.contains("seat 12") => Some(block),
        _ => None,
    });
    let mut line = server.line();
    while !line.starts_with("API=") {
        line = server.line();
    }
    for shown in of_readme.unwrap().lines() {
        assert_eq!(line.replace(&server.address, SHOWN_ADDRESS), shown);
        line = server.line();
    }
    assert_eq!(line, "", "the demo prints more than the README");
    server.stop();
}

#[test]
fn help_gives_every_setting_its_limits_default_and_environment_variable() {
    let help = Command::new(BINARY).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let mut settings = Vec::new();
    for part in help.split("\n      --").skip(1) {
        let name = part.split([' ', '[', '\n']).next().unwrap();
        let text = part.split("\n\n").next().unwrap();
        if part.contains(" <N>") && part.contains("[default: ") {
            assert!(text.contains(" to "), "--{name} does not say its limits: {text}");
        }
        let variable = format!("BOXOFFICE_{}", name.replace('-', "_").to_uppercase());
        let takes_a_value = text.lines().next().unwrap().contains('<');
        assert!(!takes_a_value || part.contains(&format!("[env: {variable}")), "{variable}: {part}");
        settings.push(name);
    }
    assert!(settings.len() > 30, "{settings:?}");
    let handbook = RUN.map(|(_, file, _)| file).join("\n");
    let tables = handbook.lines().filter(|line| line.matches('|').count() == 4); // name, default, what it does
    let rows = tables.filter_map(|line| line.strip_prefix("| `--")?.split_once("` | "));
    let mut named = 0;
    for (name, row) in rows {
        assert!(settings.contains(&name), "--{name} is no setting");
        let part = help.split("\n      --").find(|part| part.starts_with(name)).unwrap();
        let default = part.split("[default: ").nth(1).map_or("none", |rest| rest.split([']', ';']).next().unwrap());
        let shown = row.split(" |").next().unwrap().replace(['`', ','], "");
        assert!(
            default == shown || default.ends_with(&format!(" {shown}")),
            "--{name} has the default {default}: {row}"
        );
        named += 1;
    }
    assert!(named >= 5, "the handbook has no table of settings");
}

#[test]
fn readme_what_differs_from_run_to_run_is_masked_and_nothing_else() {
    let text = r#"{"id":"01a204cf-26a0-7cc5-a6cd-79dc2480d139","at":"2026-11-22T19:50:14.433Z","number":"2RBEW98S56","seat":"A-12","n":50000}"#;
    let told = r#"{"id":"(id)","at":"(instant)","number":"(number)","seat":"A-12","n":50000}"#;
    assert_eq!(masked(text), told);
    assert_eq!(masked("http://127.0.0.1:40615/x AVAILABLE 서울"), "http://(address)/x AVAILABLE 서울");
}

#[test]
fn ellipsis_stands_for_anything_within_a_line_or_for_lines_and_nothing_else_does() {
    let lines = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
    assert!(are_shown(&lines("abcd"), &lines("a…d")) && are_shown(&lines("ab"), &lines("a…b")));
    assert!(!are_shown(&lines("abcd"), &lines("a…c")) && !are_shown(&lines("abcd"), &lines("abc")));
    assert!(is_shown("abc", "abc") && is_shown("abc", "a…c") && is_shown("abc", "a…") && is_shown("a1b2c", "a…b…c"));
    assert!(!is_shown("abc", "ab") && !is_shown("abc", "a…b") && !is_shown("abc", "b…") && !is_shown("abcd", "a…d…c"));
}
