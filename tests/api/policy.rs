//! Who may top up points: asked for as soon as others can reach the server,
//! kept in the file, and loosened only knowingly.

use std::path::Path;

use crate::support::{Client, TestApp, settings};
use boxoffice::app::App;

/// What a start says, or who may top up once it has begun.
fn start(database: &Path, flags: &[&str]) -> Result<String, String> {
    let settings = settings(flags);
    let listen = settings.listen.unwrap_or(([127, 0, 0, 1], 0).into());
    let server = App::open(settings, database, listen, || {}).map_err(|why| why.to_string())?;
    let told = Client::of(&server.url()).call("GET", "/api/v1/venue", "", None).must(200)["topUpPolicy"].clone();
    Ok(told.as_str().unwrap().to_owned())
}

/// Behind the documented proxy the address is loopback, and points would be free for everybody.
#[test]
fn top_up_policy_is_asked_for_as_soon_as_others_can_reach_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    for (flags, named) in [
        (&["--listen=0.0.0.0:0"][..], "--listen 0.0.0.0:0"),
        (&["--staff-listen=0.0.0.0:0"], "--staff-listen 0.0.0.0:0"),
        (&["--http-proxies=127.0.0.1"], "--http-proxies 127.0.0.1"),
        (&["--http-proxies=::1,10.0.0.0/8"], "--http-proxies ::1"),
    ] {
        let why = start(&database, flags).unwrap_err();
        assert!(why.contains(named) && why.contains("--top-up-policy must be given"), "{why}");
        assert!(!database.exists(), "nothing was made");
    }
    assert_eq!(start(&database, &["--http-proxies=127.0.0.1", "--top-up-policy=staff"]).unwrap(), "staff");
}

#[test]
fn top_up_policy_is_kept_in_the_file_and_loosened_only_with_a_flag() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    assert_eq!(start(&database, &[]).unwrap(), "self");
    assert_eq!(start(&database, &["--top-up-policy=staff"]).unwrap(), "staff");
    assert_eq!(start(&database, &[]).unwrap(), "staff", "what the file was given holds");
    let why = start(&database, &["--top-up-policy=self"]).unwrap_err();
    assert!(why.contains("--top-up-policy self") && why.contains("--loosen-top-up-policy"), "{why}");
    assert_eq!(start(&database, &["--loosen-top-up-policy"]).unwrap(), "staff", "the flag alone says nothing");
    assert_eq!(start(&database, &["--top-up-policy=self", "--loosen-top-up-policy"]).unwrap(), "self");
    assert_eq!(start(&database, &["--top-up-policy=self"]).unwrap(), "self", "said once");
    assert_eq!(start(&database, &["--top-up-policy=staff"]).unwrap(), "staff", "tighter at any time");
    let mut app = TestApp::on(&database, &[]);
    let user = app.user();
    app.client
        .call(
            "POST",
            &format!("/api/v1/users/{}/balance/top-ups", user.id),
            &crate::support::basic(&user.id, &user.key),
            Some(serde_json::json!({ "amount": 1 })),
        )
        .refused(403, "TOP_UP_BY_STAFF_ONLY");
    app.close();
}
