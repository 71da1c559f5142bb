//! Users are found by their names as people write them: whatever the case, the form and the width.

use crate::support::TestApp;
use serde_json::json;

fn register(app: &TestApp, name: &str) {
    app.client.call("POST", "/api/v1/users", "", Some(json!({ "name": name }))).must(201);
}

/// The names of those who are found, newest first.
fn found(app: &TestApp, part: &str) -> Vec<String> {
    let part: String = part.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let users = app.staff_get(&format!("/users?name={part}")).must(200)["users"].clone();
    users.as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap().to_owned()).collect()
}

/// A name typed on a Mac is in NFD, a search from Windows in NFC; SQLite's own `lower` knows ASCII alone.
#[test]
fn search_names_are_found_folded_by_unicode_after_a_restart_and_in_files_of_an_older_format() {
    let mut app = TestApp::empty(&[]);
    let nfd = "\u{1100}\u{1175}\u{11b7}\u{1106}\u{1175}\u{11ab}\u{1109}\u{116e}"; // 김민수
    for name in ["Åse Müller", "ÅSE GROß", nfd, "김민수", "ＫＩＭ Min", "Σίσυφος", "100%_a"] {
        register(&app, name);
    }
    for round in 0..3 {
        assert_eq!(found(&app, "åse"), ["ÅSE GROß", "Åse Müller"], "{round}");
        assert_eq!(found(&app, "a\u{30a}SE mu\u{308}"), ["Åse Müller"]);
        assert_eq!(found(&app, "gross"), ["ÅSE GROß"]);
        assert_eq!(found(&app, "민수"), ["김민수", nfd]);
        assert_eq!(found(&app, nfd), ["김민수", nfd]);
        assert_eq!(found(&app, "kim m"), ["ＫＩＭ Min"]);
        assert_eq!(found(&app, "ΣΊΣΥΦΟΣ"), ["Σίσυφος"]);
        assert_eq!(found(&app, "%_"), ["100%_a"]);
        assert_eq!(found(&app, "기"), [""; 0], "a part of a syllable is no match");
        app.close();
        if round == 1 {
            // As a file of an older format is after its step: SQL cannot fold.
            let file = rusqlite::Connection::open(&app.database).unwrap();
            assert_eq!(file.execute("UPDATE user SET name_folded = NULL", []).unwrap(), 7);
        }
        app.reopen();
    }
}
