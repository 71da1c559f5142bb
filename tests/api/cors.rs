//! Pages of other origins: who may read answers, what preflights are told, and what is said without the setting.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::{STAFF_KEY, TestApp};

/// The head of the answer to a request that asks for a close, with each line as it came.
fn head(app: &TestApp, request_line: &str, fields: &str) -> String {
    let url = app.url();
    let address = url.strip_prefix("http://").unwrap();
    let mut wire = TcpStream::connect(address).unwrap();
    wire.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(wire, "{request_line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n").unwrap();
    let mut answer = String::new();
    wire.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").map(|(head, _)| head.to_owned()).unwrap()
}

fn field<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.filter(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

const PAGE: &str = "https://shop.example";
const ALLOW: &str = "access-control-allow-origin";

#[test]
fn cors_answers_and_refusals_name_the_origin_and_expose_what_clients_read() {
    let app = TestApp::with_seats(1, &["--allow-origin", "https://shop.example,http://localhost:5173"]);
    let origin = format!("Origin: {PAGE}\r\n");
    let etag = field(&head(&app, "GET /", &origin), "etag").concat();
    for (line, more, status) in [
        ("GET /api/v1/concerts", String::new(), 200),
        ("GET /", format!("If-None-Match: {etag}\r\n"), 304),
        ("GET /healthz", String::new(), 204),
        ("GET /api/v1/nowhere", String::new(), 404),
        ("GET /api/v1/staff/keys", String::new(), 401),
        ("POST /api/v1/users", "Content-Length: 100000000\r\n".into(), 413),
        ("POST /api/v1/users", "Content-Length: 1\r\nContent-Length: 1\r\n".into(), 400),
        ("BREW /", String::new(), 405),
    ] {
        let head = head(&app, line, &format!("{origin}{more}"));
        let told: u16 = head[9..12].parse().unwrap();
        assert!(told == status || status == 204 && told == 200, "{line}: {head}");
        assert_eq!(field(&head, ALLOW), [PAGE], "{line}: {head}");
        assert!(field(&head, "vary").contains(&"Origin"), "{line}: {head}");
        let exposed = "ETag, Location, Retry-After, X-Request-Id, Idempotency-Replayed, Preference-Applied";
        assert_eq!(field(&head, "access-control-expose-headers"), [exposed], "{line}");
        assert!(!head.to_ascii_lowercase().contains("allow-credentials"), "{head}");
    }
}

#[test]
fn cors_says_nothing_to_origins_that_are_not_allowed_but_tells_caches() {
    let app = TestApp::with_seats(1, &["--allow-origin", PAGE]);
    for other in
        ["https://shop.example.evil", "http://shop.example", "https://shop.example:444", "null", "http://localhost"]
    {
        for line in ["GET /api/v1/concerts", "OPTIONS /api/v1/concerts"] {
            let head = head(&app, line, &format!("Origin: {other}\r\nAccess-Control-Request-Method: GET\r\n"));
            assert!(!head.to_ascii_lowercase().contains("access-control"), "{other}: {head}");
            assert!(field(&head, "vary").contains(&"Origin"), "{other}: {head}");
        }
    }
    let without = head(&app, "GET /api/v1/concerts", "");
    assert!(field(&without, ALLOW).is_empty() && field(&without, "vary").contains(&"Origin"), "{without}");
    let two = head(&app, "GET /api/v1/concerts", &format!("Origin: {PAGE}\r\nOrigin: {PAGE}\r\n"));
    assert!(field(&two, ALLOW).is_empty(), "{two}");
}

#[test]
fn cors_preflight_is_answered_before_any_key_is_asked_for() {
    let app = TestApp::with_seats(1, &["--allow-origin", PAGE]);
    for path in ["/api/v1/concerts", "/api/v1/staff/keys", "/api/v1/reservations"] {
        let ask = format!(
            "Origin: {PAGE}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n"
        );
        let told = head(&app, &format!("OPTIONS {path}"), &ask);
        assert!(told.starts_with("HTTP/1.1 204 "), "{told}");
        let key = format!("Authorization: Bearer {STAFF_KEY}\r\n");
        let allow = field(&head(&app, &format!("OPTIONS {path}"), &key), "allow").concat();
        assert!(!allow.is_empty());
        assert_eq!(field(&told, "access-control-allow-methods"), [allow.as_str()], "{path}");
        assert_eq!((field(&told, ALLOW), field(&told, "access-control-max-age")), (vec![PAGE], vec!["7200"]));
        let fields = field(&told, "access-control-allow-headers").concat();
        for name in ["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Prefer", "X-Request-Id"] {
            assert!(fields.split(", ").any(|one| one == name), "{name}: {fields}");
        }
        assert!(
            field(&told, "access-control-allow-private-network").is_empty()
                && field(&told, "content-length").is_empty()
        );
        let private =
            head(&app, &format!("OPTIONS {path}"), &format!("{ask}Access-Control-Request-Private-Network: true\r\n"));
        assert_eq!(field(&private, "access-control-allow-private-network"), ["true"]);
    }
    let nowhere = head(&app, "OPTIONS /nowhere", &format!("Origin: {PAGE}\r\nAccess-Control-Request-Method: GET\r\n"));
    assert!(nowhere.starts_with("HTTP/1.1 404 ") && field(&nowhere, ALLOW) == [PAGE], "{nowhere}");
}

#[test]
fn cors_star_allows_every_origin_and_does_not_vary() {
    let app = TestApp::with_seats(1, &["--allow-origin", "*"]);
    for origin in ["null", PAGE, "chrome-extension://abc"] {
        let told = head(&app, "GET /api/v1/concerts", &format!("Origin: {origin}\r\n"));
        assert_eq!(field(&told, ALLOW), ["*"]);
        assert!(!field(&told, "vary").contains(&"Origin"), "{told}");
    }
}

#[test]
fn cors_without_the_setting_changes_nothing() {
    let app = TestApp::with_seats(1, &[]);
    let ask = format!(
        "Origin: {PAGE}\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Private-Network: true\r\n"
    );
    for line in ["GET /api/v1/concerts", "OPTIONS /api/v1/concerts", "GET /api/v1/nowhere"] {
        let told = head(&app, line, &ask);
        assert!(!told.to_ascii_lowercase().contains("access-control"), "{told}");
        assert!(!field(&told, "vary").contains(&"Origin"), "{told}");
    }
    let staff = head(&app, "OPTIONS /api/v1/staff/keys", &ask);
    assert!(staff.starts_with("HTTP/1.1 401 "), "{staff}");
}
