//! Tests, JSON in and out.

use serde_json::{Value, json};

use super::TestServer;
use super::requests::Filter;
use crate::http::Reply;
use crate::store::Outcome;
use crate::venue::{Answer, Context};

/// `GET /staff/test/requests`, for admins, on a server for tests: 200 with the last 1,000 requests, oldest first, in
/// which keys and tokens are masked; of those, the ones whose `path` begins so, with this `method` and this `status`.
pub fn requests(tests: &TestServer, context: &Context) -> Outcome<Answer> {
    let status = context.query_number("status", 100..=599)?;
    let filter = Filter { path: context.query("path"), method: context.query("method"), status };
    Answer::json(200, &json!({ "requests": tests.requests.list(&filter) }))
}

/// `DELETE /staff/test/requests`, for admins, on a server for tests: 204; none of the requests so far is listed any
/// more.
pub fn forget_requests(tests: &TestServer) -> Outcome<Answer> {
    tests.requests.clear();
    Ok(Answer::Ready(Reply::empty(204)))
}

/// `GET /staff/test/snapshots`, for admins, on a server for tests: 200 with the names of all snapshots, in order.
pub fn snapshots(tests: &TestServer, _: &Context) -> Outcome<Answer> {
    let snapshots = tests.snapshots.lock();
    let shown: Vec<Value> =
        snapshots.iter().map(|(name, one)| json!({ "name": name, "takenAt": one.taken_at })).collect();
    Answer::json(200, &json!({ "snapshots": shown }))
}
