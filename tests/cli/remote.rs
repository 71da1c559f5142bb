//! Commands that reach a server by its URL: every address of a name, TLS,
//! proxies, redirections, and refusals of a large body.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::tls::Authority;
use crate::support::{PRICE, STAFF_KEY, TestApp};
use serde_json::json;

/// Nobody waits longer for the other side of a connection.
const HANGS_AFTER: Duration = Duration::from_secs(60);

fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.args(arguments).current_dir(folder).env("BOXOFFICE_STAFF_KEY", STAFF_KEY);
    command.envs(environment.iter().copied()).output().unwrap()
}

#[track_caller]
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn complained(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A table of so many seats in a folder of its own.
fn table(seats: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let lines: String = (1..=seats).map(|seat| format!("A-{seat},50000\n")).collect();
    let file = folder.path().join("seats.csv");
    std::fs::write(&file, format!("label,price\n{lines}")).unwrap();
    (folder, file)
}

const DATE: [&str; 4] = ["--concert", "Nacht", "--starts-at", "2100-01-01T10:00:00Z"];

fn import(folder: &Path, url: &str, more: &[&str], environment: &[(&str, &str)]) -> Output {
    run(folder, &[&["import", "seats.csv", "--url", url], &DATE[..], more].concat(), environment)
}

/// Serves each connection with `work` on a thread of its own, for as long as the test runs.
fn serve(listener: TcpListener, work: impl Fn(TcpStream) -> std::io::Result<()> + Send + Sync + 'static) {
    let work = Arc::new(work);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let work = Arc::clone(&work);
            stream.set_read_timeout(Some(HANGS_AFTER)).unwrap();
            std::thread::spawn(move || work(stream)); // what fails shows at the other side
        }
    });
}

/// One request: its head and its body.
fn request(stream: &mut impl BufRead) -> std::io::Result<(String, Vec<u8>)> {
    let mut head = String::new();
    loop {
        let start = head.len();
        if stream.read_line(&mut head)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if head[start..].trim().is_empty() {
            break;
        }
    }
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    Ok((head, body))
}

fn address_of(app: &TestApp) -> SocketAddr {
    app.url().strip_prefix("http://").unwrap().parse().unwrap()
}

#[test]
fn client_every_address_of_a_name_is_tried() {
    let app = TestApp::empty(&[]);
    let (folder, _) = table(3);
    let port = address_of(&app).port();
    // Nothing of ours listens at [::1]; where the name has that address too, it is tried first and refuses.
    let told = printed(&import(folder.path(), &format!("http://localhost:{port}"), &[], &[]));
    assert!(told.contains("3 seats"), "{told}");
    let Ok(six) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else { return };
    let at_six = format!("http://[::1]:{}", six.local_addr().unwrap().port());
    let upstream = address_of(&app);
    serve(six, move |stream| {
        let mut stream = BufReader::new(stream);
        let (head, body) = request(&mut stream)?;
        let mut plain = TcpStream::connect(upstream)?;
        plain.write_all(head.replacen("\r\n", "\r\nConnection: close\r\n", 1).as_bytes())?;
        plain.write_all(&body)?;
        std::io::copy(&mut plain, stream.get_mut()).map(drop)
    });
    let told = printed(&run(folder.path(), &["export", "--schedule", "1", "--url", &at_six], &[]));
    assert_eq!(told.lines().count(), 4, "{told}");
}

#[test]
fn https_is_spoken_by_every_command_and_a_strange_certificate_is_refused() {
    let authority = Authority::new();
    let app = TestApp::secure(&authority, &[]);
    let (folder, _) = table(40);
    let (url, ca) = (app.url(), authority.ca());
    let ca = ca.to_str().unwrap();
    let strange = complained(&import(folder.path(), &url, &[], &[]));
    assert!(strange.contains("TLS") && strange.contains("--ca"), "{strange}");
    assert_eq!(app.staff_get("/concerts").must(200)["concerts"], json!([]));
    assert!(printed(&import(folder.path(), &url, &["--ca", ca], &[])).contains("40 seats"));
    let back = printed(&run(folder.path(), &["export", "--schedule", "1", "--url", &url, "--ca", ca], &[]));
    assert_eq!(back.lines().count(), 41);

    let kim = app.buyer(PRICE);
    let held = kim.hold(1, &["A-1"]).must(201)["reservationId"].clone();
    let ticket = kim.pay(&held, PRICE).must(201)["tickets"][0].clone();
    std::fs::write(folder.path().join("list"), &app.staff_get("/schedules/1/door-list").text).unwrap();
    let scan = json!({ "doorScans": 1, "scheduleId": 1, "publicKey": app.client.call("GET", "/api/v1/tickets/key", "", None).must(200)["publicKey"] });
    let entry = json!({ "scanId": "01a204da-7000-7111-8abc-01234567890a", "number": ticket["number"], "at": "2099-01-01T09:00:00.000Z", "door": "West" });
    std::fs::write(folder.path().join("list.scans"), format!("{scan}\n{entry}\n")).unwrap();
    let sent = run(folder.path(), &["door", "--list", "list", "--send", "--url", &url, "--ca", ca], &[]);
    assert!(printed(&sent).contains("Checked in 1"), "{sent:?}");

    app.staff("PATCH", "/queue", json!({ "opensAt": "2099-01-01T00:00:00Z" })).must(200);
    let draw = complained(&run(folder.path(), &["verify-draw", "--url", &url, "--ca", ca], &[]));
    assert!(draw.contains("there was no draw yet"), "{draw}");

    app.staff("PATCH", "/queue", json!({ "opensAt": null })).must(200);
    let size = ["--customers", "12", "--seats", "8", "--speed", "100", "--arrival-seconds", "1", "--connections", "4"];
    let rush = run(
        folder.path(),
        &[&["rush", "--url", &url, "--ca", ca, "--patience", "3", "--json"], &size[..]].concat(),
        &[],
    );
    let report: serde_json::Value = serde_json::from_slice(&rush.stdout).unwrap_or_else(|_| panic!("{rush:?}"));
    assert_eq!((&report["callsLost"], &report["customers"]), (&json!(0), &json!(12)), "{report}");
    let ready = run(folder.path(), &["health", "--url", &url, "--ca", ca], &[]);
    assert!(printed(&ready).starts_with(&format!("{url} is ready")), "{ready:?}");
    let seed = run(folder.path(), &["seed", "--from", &url, "--ca", ca, "--output", "seed.json"], &[]);
    assert!(seed.status.success() && folder.path().join("seed.json").exists(), "{seed:?}");
    for (ca, told) in [("nowhere.pem", "check the path"), ("seats.csv", "no certificate")] {
        let why = complained(&import(folder.path(), &url, &["--ca", ca], &[]));
        assert!(why.contains(told), "{why}");
    }
}

#[test]
fn proxy_of_the_environment_never_stands_before_this_machine() {
    let app = TestApp::empty(&[]);
    let (folder, _) = table(3);
    let dead = "http://127.0.0.1:1";
    let proxies =
        [("http_proxy", dead), ("HTTP_PROXY", dead), ("https_proxy", dead), ("ALL_PROXY", dead), ("all_proxy", dead)];
    for (at, host) in ["127.0.0.1", "localhost"].into_iter().enumerate() {
        let url = format!("http://{host}:{}", address_of(&app).port());
        let date = format!("2100-01-0{}T10:00:00Z", at + 1);
        let arguments = ["import", "seats.csv", "--url", &url, "--concert", "Nacht", "--starts-at", &date];
        printed(&run(folder.path(), &arguments, &proxies));
    }
}

#[test]
fn redirection_is_told_and_the_staff_key_does_not_follow_it() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (folder, _) = table(3);
    let (trap, lure) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let (elsewhere, url) = (trap.local_addr().unwrap(), format!("http://{}", lure.local_addr().unwrap()));
    let heads = Arc::clone(&seen);
    serve(trap, move |stream| {
        heads.lock().unwrap().push(request(&mut BufReader::new(stream))?.0);
        Ok(())
    });
    serve(lure, move |stream| {
        let mut stream = BufReader::new(stream);
        request(&mut stream)?;
        write!(
            stream.get_mut(),
            "HTTP/1.1 308 Permanent Redirect\r\nLocation: http://{elsewhere}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
    });
    let why = complained(&import(folder.path(), &url, &[], &[]));
    assert!(why.contains(&format!("it sends to http://{elsewhere}/")), "{why}");
    assert!(seen.lock().unwrap().is_empty());
}

/// The server has said why and has closed while most of the body was still to be sent.
#[test]
fn client_refused_import_says_why_also_when_the_server_closes_in_the_middle_of_the_body() {
    for (status, code) in [("408 Request Timeout", "REQUEST_TIMEOUT"), ("413 Content Too Large", "BODY_TOO_LARGE")] {
        let (folder, _) = table(60_000); // far more than the buffers of two sockets
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let deleted = Arc::new(Mutex::new(Vec::new()));
        let deleting = Arc::clone(&deleted);
        serve(listener, move |stream| {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            stream.read_line(&mut line)?;
            let (status, body) = match line.split(' ').take(2).collect::<Vec<_>>()[..] {
                ["GET", "/api/v1/venue"] => ("200 OK", json!({ "timeZone": "Asia/Seoul" })),
                ["GET", _] => ("200 OK", json!({ "concerts": [] })),
                ["POST", "/api/v1/staff/concerts"] => ("201 Created", json!({ "concertId": 7, "title": "Nacht" })),
                ["DELETE", path] => {
                    deleting.lock().unwrap().push(path.to_owned());
                    ("204 No Content", json!(null))
                }
                _ => (status, json!({ "code": code, "detail": "Send it faster." })),
            };
            let is_refusal = body["code"].is_string();
            if !is_refusal {
                request(&mut stream)?;
            }
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.get_mut().write_all(format!("{head}{body}").as_bytes())
        });
        let why = complained(&import(folder.path(), &url, &[], &[]));
        assert!(why.contains(&status[..3]) && why.contains(code) && why.contains("Send it faster."), "{why}");
        assert_eq!(*deleted.lock().unwrap(), ["/api/v1/staff/concerts/7"]);
    }
}

#[test]
fn import_that_is_too_large_for_the_server_is_refused_with_its_reason_and_leaves_nothing_behind() {
    let app = TestApp::empty(&["--http-large-body-max-bytes", "100000"]);
    let (folder, _) = table(20_000);
    let why = complained(&import(folder.path(), &app.url(), &[], &[]));
    assert!(why.contains("413") && why.contains("100000"), "{why}");
}

/// A body that comes steadily is not cut off for its size.
#[test]
fn time_for_a_body_grows_with_its_size() {
    let app = TestApp::empty(&["--http-body-max-ms", "50"]);
    let body = format!("{{\"title\":\"Nacht\"{}}}", " ".repeat(2 << 20));
    app.staff("POST", "/concerts", json!({ "title": "Nacht" })).must(201);
    let mut stream = TcpStream::connect(address_of(&app)).unwrap();
    stream.set_read_timeout(Some(HANGS_AFTER)).unwrap();
    write!(
        stream,
        "POST /api/v1/staff/concerts/1/schedules HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {STAFF_KEY}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .unwrap();
    // Twenty parts, between which another whole exchange takes place: far more than the 50 ms in all.
    let began = std::time::Instant::now();
    for part in body.as_bytes().chunks(body.len() / 20) {
        let part_began = began.elapsed();
        while began.elapsed() < part_began + Duration::from_millis(10) {
            app.staff_get("/concerts").must(200);
        }
        stream.write_all(part).unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("/layout"), "{answer}");
}

#[test]
fn client_what_import_takes_into_a_file_is_what_the_api_takes() {
    let app = TestApp::empty(&[]);
    let long = "가".repeat(80);
    for (rows, title, told) in [
        (format!("{}\n", "A\u{202e}1,50000,,,"), "Nacht", "characters that can be seen"),
        (format!("{}\n", "\u{200b},50000,,,"), "Nacht", ""),
        (
            (0..18_000).map(|n| format!("{n}{0},50000,{long},{long},{long}\n", &long[..3 * 74])).collect(),
            "Nacht",
            "bytes",
        ),
        ("A,50000,,,\n".to_owned(), "\u{3164}", "--concert"),
        ("A,50000,,,\n".to_owned(), "a\u{2066}b", "--concert"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("seats.csv"), format!("label,price,section,row,category\n{rows}")).unwrap();
        let arguments = ["import", "seats.csv", "--concert", title, "--starts-at", "2100-01-01T10:00:00Z"];
        let into_file = run(folder.path(), &arguments, &[]);
        let into_server = run(folder.path(), &[&arguments[..], &["--url", &app.url()]].concat(), &[]);
        for output in [&into_file, &into_server] {
            assert!(!output.status.success(), "{title:?} {output:?}");
        }
        let why = String::from_utf8_lossy(&into_file.stderr).into_owned();
        assert!(why.contains(told), "{told}: {why}");
    }
}

#[test]
fn client_exported_table_has_its_name_only_when_it_is_whole() {
    let app = TestApp::with_seats(30, &[]);
    let folder = tempfile::tempdir().unwrap();
    let url = app.url();
    let export = |name: &str| run(folder.path(), &["export", "--schedule", "1", "--url", &url, "--output", name], &[]);
    printed(&export("seats.csv"));
    let names = || -> Vec<String> {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names(), ["seats.csv"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("seats.csv")).unwrap().lines().count(), 31);
    std::fs::write(folder.path().join("seats.csv"), "kept").unwrap();
    assert!(complained(&export("seats.csv")).contains("choose another --output"));
    complained(&export("nowhere/seats.csv"));
    assert_eq!(
        (names(), std::fs::read_to_string(folder.path().join("seats.csv")).unwrap()),
        (vec!["seats.csv".to_owned()], "kept".into())
    );
    // A disk that takes only a part of it: the shell's limit of a file's size stands for it.
    let command = format!("ulimit -f 0; trap '' XFSZ; exec \"$0\" export --schedule 1 --url {url} --output part.csv");
    let mut limited = Command::new("bash");
    limited.args(["-c", &command, env!("CARGO_BIN_EXE_boxoffice")]).current_dir(folder.path());
    let output = limited.env("BOXOFFICE_STAFF_KEY", STAFF_KEY).output().unwrap();
    assert_eq!((output.status.code(), names()), (Some(1), vec!["seats.csv".to_owned()]), "{output:?}");
}
