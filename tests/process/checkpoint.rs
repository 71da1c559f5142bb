//! Checkpoints of the write-ahead log on a disk that fails.

use serde_json::json;

use crate::support::invariants::number;
use crate::torture::report::patience;
use crate::torture::served::{PRICE, Served, Start};
use crate::torture::shim::{CHECKPOINT_SYNCS, Shim, Word};

/// A date's seats are some 2 MiB of the log, and it is checkpointed from 16 MiB on.
const SEATS: usize = 5_000;
const DATES_MAX: usize = 60;

/// After a sync that failed nobody knows what the disk has: a checkpoint that nobody looks at would go on as if it did.
#[test]
fn checkpoint_whose_sync_fails_ends_the_server_and_every_answer_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("venue.db");
    let shim = Shim::build().unwrap();
    let mut served = Served::open(&database, Start { shim: Some(&shim), ..Start::default() }, 1, 1).unwrap();
    shim.set(Word::Count, 0);
    shim.set(Word::FailAt, 1);
    shim.set(Word::FailKinds, CHECKPOINT_SYNCS);
    let mut answered = 1;
    while answered < DATES_MAX && shim.word(Word::Count) == 0 {
        let starts_at = format!("22{answered:02}-01-01T10:00:00Z");
        let date = json!({ "startsAt": starts_at, "layout": { "numbered": { "count": SEATS, "price": PRICE } } });
        let added = served.staff("POST", "/concerts/1/schedules", date, 201);
        answered += usize::from(added.is_ok());
    }
    assert!(shim.word(Word::Count) > 0, "too little was written to tell");
    let ended = served.ends_within(patience(10_000));
    let said = served.said();
    assert_eq!(ended.and_then(|status| status.code()), Some(1), "{said}");
    assert!(said.contains("a checkpoint failed"), "{said}");

    shim.set(Word::FailKinds, 0);
    let again = Served::start(&database, Start::default()).unwrap();
    assert!(again.terminate().is_some_and(|status| status.success()));
    let file = rusqlite::Connection::open(&database).unwrap();
    let kept = number(&file, "SELECT count(*) FROM schedule");
    assert!([answered, answered + 1].contains(&(kept as usize)), "{answered} were answered, {kept} are kept");
}
