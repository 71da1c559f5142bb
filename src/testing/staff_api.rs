//! Tests, JSON in and out.

use serde_json::{Value, json};

use super::TestServer;
use super::requests::Filter;
use crate::http::Reply;
use crate::store::Outcome;
use crate::venue::{Answer, Context};

/// `PUT /staff/test/faults`, for admins, on a server for tests: 200 with the rules, which stand in place of those
/// before. By a rule a request is refused, delayed, or loses its answer. 400 `INVALID_REQUEST` with the place of
/// what is wrong; the rules before stay.
pub fn set_faults(tests: &TestServer, context: &Context) -> Outcome<Answer> {
    tests.faults.replace(context.fields()?)?;
    faults(tests)
}

/// `GET /staff/test/faults`, for admins, on a server for tests: 200 with the rules, and how many requests each
/// `matched` and was `applied` to.
pub fn faults(tests: &TestServer) -> Outcome<Answer> {
    Answer::json(200, &json!({ "rules": tests.faults.list() }))
}

/// `DELETE /staff/test/faults`, for admins, on a server for tests: 204; no request meets a fault any more.
pub fn clear_faults(tests: &TestServer) -> Outcome<Answer> {
    tests.faults.clear();
    Ok(Answer::Ready(Reply::empty(204)))
}

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
