//! Tests, JSON in and out.

use serde_json::{Value, json};

use super::TestServer;
use crate::store::Outcome;
use crate::venue::{Answer, Context};

/// `GET /staff/test/snapshots`, for admins, on a server for tests: 200 with the names of all snapshots, in order.
pub fn snapshots(tests: &TestServer, _: &Context) -> Outcome<Answer> {
    let snapshots = tests.snapshots.lock();
    let shown: Vec<Value> =
        snapshots.iter().map(|(name, one)| json!({ "name": name, "takenAt": one.taken_at })).collect();
    Answer::json(200, &json!({ "snapshots": shown }))
}
