//! Calls for the tests of others: a clock that is turned by hand, snapshots. A server has them when its clock is a
//! test's (`--test-clock`) or its file is thrown away (`--ephemeral`); elsewhere they are refused with
//! `TEST_SERVER_ONLY`.
//!
//! A route of this room is a `Run::Test` in the route table. It is handed the [`TestServer`], which no other server
//! has, so it cannot run elsewhere; it takes an admin's key.

pub mod clock;
mod faults;
mod random;
mod requests;
pub mod staff_api;

use std::collections::BTreeMap;

pub use faults::Fault;
use faults::Faults;
use parking_lot::Mutex;
use requests::RequestLog;

use crate::clock::Millis;

/// What a server for tests has beside the venue.
#[derive(Debug, Default)]
pub struct TestServer {
    /// The rules by which requests meet faults.
    pub faults: Faults,
    /// What was asked.
    pub requests: RequestLog,
    /// The snapshots by their names.
    snapshots: Mutex<BTreeMap<String, Snapshot>>,
}

/// All that the server had at one moment.
#[derive(Debug)]
struct Snapshot {
    taken_at: Millis,
}
