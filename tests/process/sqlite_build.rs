//! The build of SQLite: the options of `.cargo/config.toml` are those of the program that runs.

use rusqlite::Connection;

#[test]
fn compile_options_are_those_of_the_cargo_configuration() {
    let sqlite = Connection::open_in_memory().unwrap();
    let mut options = sqlite.prepare("PRAGMA compile_options").unwrap();
    let options: Vec<String> = options.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for needed in [
        "STMTJRNL_SPILL=-1",
        "DEFAULT_MEMSTATUS=0",
        "DQS=0",
        "LIKE_DOESNT_MATCH_BLOBS",
        "OMIT_SHARED_CACHE",
        "MAX_EXPR_DEPTH=0",
    ] {
        assert!(options.iter().any(|option| option == needed), "{needed} is missing: {options:?}");
    }
    for unwanted in ["ENABLE_MEMORY_MANAGEMENT", "ENABLE_API_ARMOR"] {
        assert!(!options.iter().any(|option| option == unwanted), "{unwanted}: {options:?}");
    }
}

#[test]
fn sqlite_double_quoted_text_is_no_string() {
    let sqlite = Connection::open_in_memory().unwrap();
    assert!(sqlite.prepare("SELECT \"no such column\"").is_err());
}
