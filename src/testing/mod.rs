//! Calls for the tests of others: a clock that is turned by hand, the start to go back to, snapshots, a rush. A server
//! has them when its clock is a test's (`--test-clock`) or its file is thrown away (`--ephemeral`); elsewhere they are
//! refused with `TEST_SERVER_ONLY`.
//!
//! A route of this room is a `Run::Test` in the route table. It is handed the [`TestServer`], which no other server
//! has, so it cannot run elsewhere; it takes an admin's key.

mod faults;
mod random;
mod requests;
pub mod rush;
pub mod staff_api;
pub mod turn_clock;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use faults::Fault;
use faults::Faults;
use parking_lot::Mutex;
pub use random::Random;
use requests::RequestLog;
use rush::RushRunner;
use rusqlite::Connection;

use crate::call::Snapshot;
use crate::clock::Millis;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::store::{self, Outcome};

/// Snapshots that are kept at most, beside the start.
const SNAPSHOTS_MAX: usize = 16;
/// The memory of all of them and of the start, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// What a server for tests has beside the venue.
#[derive(Debug)]
pub struct TestServer {
    /// The rules by which requests meet faults.
    pub faults: Faults,
    /// What was asked.
    pub requests: RequestLog,
    /// The rush that a page begins.
    pub rush: RushRunner,
    /// The venue as it was when the server started; `None` where it was too large to keep.
    start: Option<Arc<Snapshot>>,
    /// The snapshots by their names.
    snapshots: Mutex<BTreeMap<String, Arc<Snapshot>>>,
}

impl TestServer {
    /// That of a server for tests; the file as it is now is what it can be reset to.
    pub fn of(settings: &Settings, connection: &Connection, now: Millis) -> rusqlite::Result<Option<Arc<TestServer>>> {
        if settings.is_ephemeral {
            connection.pragma_update(None, "synchronous", "OFF")?; // it is thrown away
        }
        settings.is_test_server().then(|| TestServer::start(connection, now).map(Arc::new)).transpose()
    }

    /// Keeps what a file has at the start.
    fn start(connection: &Connection, now: Millis) -> rusqlite::Result<TestServer> {
        let fits = store::bytes_of(connection)? <= MAX_BYTES;
        let start = fits.then(|| Snapshot::take(connection, now).map(Arc::new)).transpose()?;
        Ok(TestServer {
            faults: Faults::default(),
            requests: RequestLog::default(),
            rush: RushRunner::of(connection.path().unwrap_or_default().into()),
            start,
            snapshots: Mutex::default(),
        })
    }

    /// The start.
    ///
    /// # Errors
    /// `SNAPSHOT_LIMIT` where it was too large to keep.
    fn must_have_start(&self) -> Result<Arc<Snapshot>, Refusal> {
        self.start.clone().ok_or(LIMIT)
    }

    /// Keeps a snapshot of what a connection sees, in place of one of the same name.
    ///
    /// # Errors
    /// `SNAPSHOT_LIMIT`; SQLite's.
    fn take(&self, name: &str, connection: &Connection, now: Millis) -> Outcome<Arc<Snapshot>> {
        let mut snapshots = self.snapshots.lock();
        let others = || snapshots.iter().filter(|(other, _)| *other != name).map(|(_, snapshot)| snapshot);
        let bytes: u64 = others().chain(&self.start).map(|snapshot| snapshot.bytes()).sum();
        if others().count() >= SNAPSHOTS_MAX || bytes + store::bytes_of(connection)? > MAX_BYTES {
            return Err(LIMIT.into());
        }
        let snapshot = Arc::new(Snapshot::take(connection, now)?);
        snapshots.insert(name.to_owned(), Arc::clone(&snapshot));
        Ok(snapshot)
    }

    /// The snapshot of a name.
    ///
    /// # Errors
    /// `SNAPSHOT_NOT_FOUND`.
    fn must_find(&self, name: &str) -> Result<Arc<Snapshot>, Refusal> {
        self.snapshots.lock().get(name).cloned().ok_or(Refusal::SnapshotNotFound)
    }
}

const LIMIT: Refusal = Refusal::SnapshotLimit { snapshots_max: SNAPSHOTS_MAX, max_bytes: MAX_BYTES };
