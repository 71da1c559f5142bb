//! `serve --tls-local`: an authority of the venue's own, and how phones come to trust it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

use crate::support::http;
use crate::support::tls::Authority;
use crate::support::{Client, STAFF_KEY, qr};

/// `boxoffice serve` in a folder, until this is dropped.
struct Serving(Child, Value);

impl Serving {
    fn start(folder: &Path, flags: &[&str]) -> Serving {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boxoffice"));
        command.args([
            "serve",
            "--json",
            "--database",
            "venue.db",
            "--staff-key",
            STAFF_KEY,
            "--top-up-policy",
            "self",
        ]);
        let mut child =
            command.args(flags).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Serving(child, serde_json::from_str(&line).unwrap_or_else(|_| panic!("it said {line:?}")))
    }

    fn port(&self, name: &str) -> u16 {
        self.1[name].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended
        let _ = self.0.wait();
    }
}

#[test]
fn trust_is_made_once_shown_to_phones_by_plain_http_and_holds_for_every_name_of_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--tls-local", "--listen", "0.0.0.0:0", "--http-redirect", "127.0.0.1:0", "--tls-name", "192.168.7.7"];
    let first = Serving::start(folder.path(), &flags);
    let ca = folder.path().join("venue.db-authority.pem");
    let pem = std::fs::read(&ca).unwrap();
    let mut plain = http::Client::new(([127, 0, 0, 1], first.port("redirectUrl")).into());
    let page = plain.get("/trust").answer();
    assert_eq!((page.status, page.field("strict-transport-security")), (200, None));
    let url = format!("http://192.168.7.7:{}/trust", first.port("url")); // no phone reaches that which leads there
    assert_eq!(first.1["trustUrl"], *url);
    for part in [
        &*url,
        "Certificate Trust Settings",
        "Android",
        "/trust/authority.crt",
        &format!(":{}/staff", first.port("url")),
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let korean = plain.send("GET /trust HTTP/1.1\r\nHost: x\r\nAccept-Language: ko\r\n\r\n").answer();
    assert!(korean.body.contains("인증서 신뢰 설정") && korean.field("content-language") == Some("ko"), "{korean:?}");
    assert_eq!(qr::read(&plain.get("/trust/code").answer().body), url);
    let certificate = plain.get("/trust/authority.crt").answer();
    assert_eq!(certificate.field("content-type"), Some("application/x-x509-ca-cert"));
    assert_eq!(certificate.bytes, CertificateDer::from_pem_slice(&pem).unwrap().as_ref());
    assert_eq!(plain.get("/staff").answer().status, 308);
    let mut at_tls = http::Client::new(([127, 0, 0, 1], first.port("url")).into());
    assert_eq!(at_tls.get("/trust").answer().status, 200, "a phone that types http is shown the page all the same");
    assert_eq!(at_tls.get("/api/v1/venue").answer().status, 308);
    for host in ["localhost", "127.0.0.1"] {
        let client = Client::trusting(&format!("https://{host}:{}", first.port("url")), &ca);
        let answer = client.call("GET", "/trust", "", None);
        assert_eq!((answer.status, answer.header("strict-transport-security")), (200, None), "{host}");
    }
    let health = Command::new(env!("CARGO_BIN_EXE_boxoffice"))
        .args(["health", "--url", &format!("https://localhost:{}", first.port("url")), "--ca"])
        .arg(&ca)
        .output()
        .unwrap();
    assert!(health.status.success(), "{health:?}");
    drop(first);

    let second = Serving::start(folder.path(), &["--tls-local", "--listen", "127.0.0.1:0"]);
    assert_eq!(std::fs::read(&ca).unwrap(), pem, "the authority stays");
    let client = Client::trusting(&format!("https://127.0.0.1:{}", second.port("url")), &ca);
    let page = client.call("GET", "/trust", "", None);
    assert!(page.status == 200 && page.text.contains("--listen 0.0.0.0:8443"), "{}", page.text);
    client.call("GET", "/trust/code", "", None).refused(404, "NOT_FOUND");
}

#[test]
fn trust_is_nobody_s_business_where_the_certificate_is_of_a_public_authority_or_http_is_plain() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let of_tls = authority.flags();
    let flags =
        [&of_tls.each_ref().map(String::as_str)[..], &["--listen", "127.0.0.1:0", "--http-redirect", "127.0.0.1:0"]];
    let https = Serving::start(folder.path(), &flags.concat());
    let client = Client::trusting(https.1["url"].as_str().unwrap(), &authority.ca());
    client.call("GET", "/trust", "", None).refused(404, "NOT_FOUND");
    let mut plain = http::Client::new(([127, 0, 0, 1], https.port("redirectUrl")).into());
    assert_eq!(plain.get("/trust").answer().status, 308);
    drop(https);
    let plain = Serving::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert!(!folder.path().join("venue.db-authority.pem").exists());
    Client::of(plain.1["url"].as_str().unwrap())
        .call("GET", "/trust/authority.crt", "", None)
        .refused(404, "NOT_FOUND");
}
