//! The files that are measured on, filled once; writing calls get a fresh copy for each round.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::filling::{Filling, SeatPosition};

/// Those who wait, those who were let in, and who holds and bought seats, in the hall for reading.
pub const WAITING: std::ops::Range<usize> = 0..1_000;
pub const ACTIVE: std::ops::Range<usize> = 1_000..2_000;
const HOLDERS: usize = 2_000;
const OWNERS: usize = 3_000;
/// Seats of the dates: a small hall and a large one.
pub const SMALL: usize = 50;
pub const LARGE: usize = 2_000;
/// Dates of a concert in the small hall.
pub const DATES: usize = 4;

/// The files.
pub struct Halls {
    folder: tempfile::TempDir,
    /// One for all that only read: a line, people let in, one concert with
    /// small dates (1 to 4) and one with a large one (5).
    pub reading: PathBuf,
    /// People let in, and a free seat for each in large dates.
    pub holding: PathBuf,
    /// People with keys, and a free seat for each in small dates.
    pub buying: PathBuf,
    /// How many can hold, and how many can buy.
    pub holders: usize,
    pub buyers: usize,
}

/// The first seat of the dates for those who hold or buy.
pub fn seats_of(app: &Path, halls: &Halls) -> SeatPosition {
    SeatPosition::first(1, if app == halls.buying { SMALL } else { LARGE })
}

impl Halls {
    /// Files for rounds of so many seconds.
    pub fn fill(seconds: f64) -> Halls {
        let folder = tempfile::tempdir().unwrap();
        let [reading, holding, buying] = ["reading.db", "holding.db", "buying.db"].map(|name| folder.path().join(name));
        let (holders, buyers) = ((40_000.0 * seconds) as usize + 2_000, (8_000.0 * seconds) as usize + 64);
        fill_reading(&reading);
        fill_holding(&holding, holders);
        let filling = Filling::new(&buying, &json!(null));
        filling.users(0..buyers, true);
        for _ in 0..buyers.div_ceil(SMALL * DATES) {
            filling.concert(DATES, SMALL);
        }
        filling.done();
        Halls { folder, reading, holding, buying, holders, buyers }
    }

    /// A fresh copy of a file, in place of the one before.
    pub fn copy(&self, app: &Path) -> PathBuf {
        fresh(app, self.folder.path())
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A fresh copy of a file, in place of the one before; it is on the disk, so that
/// writing it does not go on beside what is measured.
pub fn fresh(app: &Path, folder: &Path) -> PathBuf {
    let copy = folder.join("round.db");
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.join(format!("round.db{ending}"))); // there is rarely one
    }
    std::fs::copy(app, &copy).unwrap();
    std::fs::File::open(&copy).and_then(|file| file.sync_all()).unwrap();
    copy
}

/// A third of the seats is sold, and a tenth held.
fn fill_reading(database: &Path) {
    let filling = Filling::new(database, &json!({ "paused": true, "abandonSeconds": 86_400 }));
    let (small, large) = (filling.concert(DATES, SMALL), filling.concert(1, LARGE));
    filling.users(0..OWNERS + LARGE, false);
    filling.waiting(WAITING);
    filling.active(ACTIVE);
    filling.points(ACTIVE);
    let mut owner = OWNERS;
    let mut holder = HOLDERS;
    for (schedule, seats) in [(small, SMALL), (large, LARGE)] {
        let first = SeatPosition::first(schedule, seats);
        filling.sold(owner..owner + seats / 3, first);
        filling.held(holder..holder + seats / 10, first.after(seats / 2));
        (owner, holder) = (owner + seats / 3, holder + seats / 10);
    }
    filling.done();
}

/// Makes a file in which everybody is let in and nobody has a seat yet.
pub fn fill_holding(database: &Path, holders: usize) {
    let filling = Filling::new(database, &json!(null));
    filling.users(0..holders, false);
    filling.active(0..holders);
    filling.concert(holders.div_ceil(LARGE), LARGE);
    filling.done();
}
