//! `boxoffice health` and `boxoffice --version`: what container engines, scripts and reports of faults go by.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Output};

use serde_json::json;

use crate::support::TestApp;

fn boxoffice(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(arguments).envs(environment.iter().copied()).output().unwrap()
}

/// The one sentence of a server that is not ready.
#[track_caller]
fn not_ready(arguments: &[&str]) -> String {
    let output = boxoffice(&[&["health"], arguments].concat(), &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.lines().count() == 1 && told.contains("is not ready: "), "{told}");
    told
}

/// Gives this answer to one who asks, or keeps the connection and says nothing.
fn answering(answer: Option<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let asked = lines.next().unwrap();
        assert!(asked.starts_with("GET /readyz "), "{asked}");
        lines.by_ref().find(String::is_empty);
        match answer {
            Some(answer) => stream.write_all(answer.as_bytes()).unwrap(),
            None => drop(lines.next()), // until the client goes
        }
    });
    url
}

#[test]
fn health_of_a_ready_server_is_0_at_its_url_and_at_the_address_of_the_environment() {
    let app = TestApp::empty(&[]);
    let output = boxoffice(&["health", "--url", &app.url()], &[]);
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().starts_with(&format!("{} is ready", app.url())));
    let port = app.url().rsplit(':').next().unwrap().to_owned();
    for listen in [format!("127.0.0.1:{port}"), format!("0.0.0.0:{port}"), port] {
        let output = boxoffice(&["health"], &[("BOXOFFICE_LISTEN", &listen)]);
        assert!(output.status.success(), "{listen}: {output:?}");
    }
}

#[test]
fn health_of_a_server_that_is_not_ready_is_1_and_one_sentence() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap(); // nobody listens any more
    assert!(not_ready(&["--listen", &closed.to_string()]).contains("no answer"));
    let problem = json!({ "code": "NOT_READY", "detail": "The server can't write: x." }).to_string();
    let full = format!("HTTP/1.1 503 x\r\nContent-Length: {}\r\n\r\n{problem}", problem.len());
    let told = not_ready(&["--url", &answering(Some(full))]);
    assert!(told.contains("503 NOT_READY: The server can't write: x."), "{told}");
    let told = not_ready(&["--url", &answering(Some("HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n".into()))]);
    assert!(told.contains("--staff-listen"), "{told}");
    let told = not_ready(&["--url", &answering(None), "--timeout-seconds", "1"]);
    assert!(told.contains("took too long"), "{told}");
    assert!(not_ready(&["--url", &answering(Some("SSH-2.0-x\r\n".into()))]).contains("no answer"));
}

#[test]
fn version_names_the_target_and_the_commit() {
    for flag in ["--version", "-V"] {
        let output = boxoffice(&[flag], &[]);
        let told = String::from_utf8(output.stdout).unwrap();
        let rest = told.strip_prefix(&format!("boxoffice {} (", env!("CARGO_PKG_VERSION"))).unwrap();
        let (target, commit) = rest.strip_suffix(")\n").unwrap().split_once(", commit ").unwrap();
        assert!(target.starts_with(std::env::consts::ARCH) && target.contains('-'), "{told}");
        assert!(!commit.is_empty() && commit.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{told}");
    }
}
