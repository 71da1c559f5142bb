//! `serve` by https: what it says, what stops its start, and certificates that change.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use base64::Engine;
use rcgen::{SanType, date_time_ymd};
use serde_json::{Value, json};

use crate::support::tls::Authority;
use crate::support::wait::until;
use crate::support::{Client, PRICE, STAFF_KEY, TestApp, bearer};

fn command(folder: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
    command.args(["serve", "--database", "venue.db", "--staff-key", STAFF_KEY, "--listen", "127.0.0.1:0"]);
    command.args(flags).current_dir(folder).stdin(Stdio::null());
    command
}

/// A running `boxoffice serve`, and its log.
struct Serving {
    child: Child,
    folder: tempfile::TempDir,
    ready: Value,
}

impl Serving {
    fn start(flags: &[&str]) -> Serving {
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = command(folder.path(), &[&["--json"], flags].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("it said {line:?}"));
        Serving { child, folder, ready }
    }

    fn url(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

fn refused(flags: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output: Output = command(folder.path(), flags).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{flags:?} {output:?}");
    assert!(!folder.path().join("venue.db").exists(), "nothing was made");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn https_settings_that_do_not_fit_stop_the_start_with_a_sentence() {
    let (authority, other) = (Authority::new(), Authority::new());
    let [_, certificate, _, key] = &authority.flags();
    let [_, _, _, other_key] = &other.flags();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (empty, nowhere) = (file("empty.pem", ""), folder.path().join("nowhere").to_str().unwrap().to_owned());
    let (locked, torn) = (
        file("locked.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n"),
        file("torn.pem", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
    );
    let folder_path = folder.path().to_str().unwrap();
    let both =
        |certificate: &str, key: &str| ["--tls-certificate", certificate, "--tls-key", key].map(str::to_owned).to_vec();
    for (flags, told) in [
        (vec!["--tls-certificate".to_owned(), certificate.clone()], ["--tls-certificate", "give --tls-key"]),
        (vec!["--tls-key".to_owned(), key.clone()], ["--tls-key", "give --tls-certificate"]),
        (both(&nowhere, key), ["--tls-certificate", "check the path"]),
        (both(certificate, &nowhere), ["--tls-key", "check the path"]),
        (both(folder_path, key), ["--tls-certificate", "is no PEM file"]),
        (both(&empty, key), ["--tls-certificate", "has no certificate in it"]),
        (both(key, key), ["--tls-certificate", "has no certificate in it"]),
        (both(&torn, key), ["--tls-certificate", "can't be read"]),
        (both(certificate, &empty), ["--tls-key", "has no private key in it"]),
        (both(certificate, certificate), ["--tls-key", "has no private key in it"]),
        (both(certificate, &locked), ["--tls-key", "has a password"]),
        (both(certificate, other_key), ["--tls-key", "is not the key of the first certificate"]),
        (["--http-redirect", "127.0.0.1:0"].map(str::to_owned).to_vec(), ["--http-redirect", "--tls-certificate"]),
        (["--tls-name", "hall.local"].map(str::to_owned).to_vec(), ["--tls-name hall.local", "--tls-local"]),
        (
            [
                &both(certificate, key)[..],
                &["--staff-listen", "[::1]:8443", "--http-redirect", "[::1]:8443"].map(str::to_owned),
            ]
            .concat(),
            ["--http-redirect [::1]:8443", "the same as --staff-listen"],
        ),
    ] {
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let why = refused(&flags);
        assert!(why.lines().count() == 1 && told.iter().all(|part| why.contains(part)), "{flags:?}: {why}");
    }
}

#[test]
fn https_keys_of_every_form_are_read_and_what_browsers_refuse_is_told_in_the_log() {
    let authority = Authority::new();
    let flags = authority.flags();
    let flags = flags.each_ref().map(String::as_str);
    authority.renew_with(|params| {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    });
    let serving = Serving::start(&flags);
    assert!(serving.log().contains("--tls-certificate has expired"), "{}", serving.log());
    drop(serving);
    authority.renew_with(|params| {
        (params.not_before, params.not_after) = (date_time_ymd(2090, 1, 1), date_time_ymd(2091, 1, 1));
    });
    assert!(Serving::start(&flags).log().contains("--tls-certificate is not valid yet"));
    authority.renew();
    let pem = std::fs::read_to_string(authority.key()).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let pkcs8 = base64::engine::general_purpose::STANDARD.decode(base64).unwrap();
    let at = pkcs8.windows(3).rposition(|three| three == [0x30, 0x6b, 2]).unwrap();
    let sec1 = base64::engine::general_purpose::STANDARD.encode(&pkcs8[at..]);
    std::fs::write(authority.key(), format!("-----BEGIN EC PRIVATE KEY-----\n{sec1}\n-----END EC PRIVATE KEY-----\n"))
        .unwrap();
    let serving = Serving::start(&flags);
    Client::trusting(serving.url("url"), &authority.ca()).call("GET", "/readyz", "", None).must(200);
}

#[test]
fn https_is_what_the_start_says_and_what_everything_is_done_by() {
    let authority = Authority::new();
    let flags = authority.flags();
    let flags = flags.each_ref().map(String::as_str);
    let serving = Serving::start(&[&flags[..], &["--http-redirect", "127.0.0.1:0"]].concat());
    let (url, redirect) = (serving.url("url").to_owned(), serving.url("redirectUrl").to_owned());
    assert!(url.starts_with("https://127.0.0.1:") && redirect.starts_with("http://127.0.0.1:"), "{}", serving.ready);
    let client = Client::trusting(&url, &authority.ca());
    let ready = client.call("GET", "/readyz", "", None);
    ready.must(200);
    assert_eq!(ready.header("strict-transport-security"), Some("max-age=2592000"));
    let sent = Client::trusting(&redirect, &authority.ca()).call("GET", "/staff?a=b", "", None);
    assert_eq!((sent.status, sent.header("location")), (308, Some(&*format!("{url}/staff?a=b"))));
    let health = Command::new(env!("CARGO_BIN_EXE_boxoffice"))
        .args(["health", "--listen", url.trim_start_matches("https://")])
        .env("BOXOFFICE_TLS_CERTIFICATE", flags[1])
        .output()
        .unwrap();
    assert!(health.status.success(), "{health:?}");
    let folder = tempfile::tempdir().unwrap();
    let mut told = command(folder.path(), &flags);
    told.args(["--staff-listen", "127.0.0.1:0", "--until-stdin-closes"]);
    let output = told.output().unwrap(); // standard input is closed: it ends once it is open
    let told = String::from_utf8(output.stdout).unwrap();
    let is_open = told.contains("boxoffice is open at https://127.0.0.1:");
    assert!(is_open && told.contains("staff find their pages at https://127.0.0.1:"), "{told}");
}

#[test]
fn https_purchase_from_a_new_user_to_a_ticket() {
    let authority = Authority::new();
    let app = TestApp::secure(&authority, &[]);
    app.staff("POST", "/concerts", json!({ "title": "Nacht" })).must(201);
    let layout = json!({ "numbered": { "count": 3, "price": PRICE } });
    app.staff("POST", "/concerts/1/schedules", json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": layout }))
        .must(201);
    let kim = app.buyer(PRICE);
    let held = kim.hold(1, &["2"]).must(201)["reservationId"].clone();
    assert_eq!(kim.pay(&held, PRICE).must(201)["tickets"][0]["seat"], "2");
}

/// Its customers come to an address of this machine, for which the certificate of a venue is not.
#[test]
fn https_rush_that_a_page_begins_comes_to_an_audit() {
    let authority = Authority::new();
    authority.renew_with(|of| of.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())]);
    let flags = authority.flags();
    let flags = flags.each_ref().map(String::as_str);
    let serving = Serving::start(&[&flags[..], &["--test-clock", "--top-up-policy=self"]].concat());
    let client = Client::trusting(&serving.url("url").replace("127.0.0.1", "localhost"), &authority.ca());
    let key = bearer(STAFF_KEY);
    let size = json!({ "customers": 2, "seats": 2, "speed": 100 });
    client.call("PUT", "/api/v1/staff/test/rush", &key, Some(size)).must(200);
    let shown = || client.call("GET", "/api/v1/staff/test/rush", &key, None).must(200).clone();
    until("the end of the rush", || shown()["state"] != "RUNNING");
    let shown = shown();
    assert_eq!((&shown["state"], &shown["clean"]), (&json!("DONE"), &json!(true)), "{shown}");
}

#[cfg(unix)] // signals, modes
#[test]
fn https_certificate_is_read_again_when_it_changes_and_at_a_signal_and_a_bad_one_is_told_once() {
    use std::os::unix::fs::PermissionsExt;
    let authority = Authority::new();
    std::fs::set_permissions(authority.key(), PermissionsExt::from_mode(0o644)).unwrap();
    let flags = authority.flags();
    let serving = Serving::start(&flags.each_ref().map(String::as_str));
    assert!(serving.log().contains("--tls-key can be read by everybody"), "{}", serving.log());
    let address = serving.url("url").trim_start_matches("https://").parse().unwrap();
    let shown = || {
        let mut client = authority.client(address);
        assert_eq!(client.get("/healthz").answer().status, 200);
        client.0.conn.peer_certificates().unwrap()[0].clone()
    };
    let second = authority.renew();
    until("the second certificate is shown", || shown() == second);
    let hangup = || {
        let sent = Command::new("/bin/kill").args(["-HUP", &serving.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    };
    let key = std::fs::read(authority.key()).unwrap();
    std::fs::write(authority.key(), "torn").unwrap();
    until("the bad one is told", || serving.log().contains("the new certificate is not taken"));
    hangup();
    until("it is told again when it is asked for", || serving.log().matches("is not taken").count() == 2);
    assert_eq!(shown(), second);
    std::fs::write(authority.key(), key).unwrap();
    let third = authority.renew();
    hangup();
    until("the third certificate is shown", || shown() == third);
    assert_eq!(serving.log().matches("is not taken").count(), 2, "{}", serving.log());
}
