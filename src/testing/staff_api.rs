//! Resets and snapshots, JSON in and out.

use std::sync::Arc;

use serde_json::{Value, json};

use super::TestServer;
use super::requests::Filter;
use crate::call::{Answer, Change, Context, Snapshot, Written};
use crate::http::Reply;
use crate::refusal::Refusal;
use crate::store::Outcome;

/// The length of a name.
const NAME_MAX: usize = 80;

/// `POST /staff/test/reset`, for admins, on a server for tests: 200 with the time once everything is as it was when the
/// server started, the clock too; one effect for an `Idempotency-Key`. 409 `SNAPSHOT_LIMIT` where that was too large to
/// keep.
pub fn reset(tests: &Arc<TestServer>, context: &Context) -> Outcome<Answer> {
    put_back(tests, context, tests.must_have_start()?)
}

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
    let shown: Vec<Value> = snapshots.iter().map(|(name, snapshot)| shown(name, snapshot)).collect();
    Answer::json(200, &json!({ "snapshots": shown }))
}

/// `POST /staff/test/snapshots`, for admins, on a server for tests: 201 once all that was answered before is kept in
/// memory under a `name`, in place of what had it; one effect for an `Idempotency-Key`. 409 `SNAPSHOT_LIMIT`.
pub fn take(tests: &Arc<TestServer>, context: &Context) -> Outcome<Answer> {
    let mut fields = context.fields()?;
    let name = fields.text("name")?;
    if !is_name(&name) {
        return Err(Refusal::invalid(
            fields.pointer("name"),
            format!("must have 1 to {NAME_MAX} letters, digits, dots, hyphens or underscores"),
            format!("영문자, 숫자, 점, 하이픈, 밑줄로 1자 이상 {NAME_MAX}자 이하여야 합니다"),
        )
        .into());
    }
    fields.end()?;
    let (tests, state, language) = (Arc::clone(tests), Arc::clone(context.state), context.language());
    // After a commit, which writes down what memory knew first.
    Answer::write(move |tx| {
        let now = tx.now();
        Ok(Written::AfterCommit(Box::new(move || {
            let taken = state.readers.get().and_then(|reader| tests.take(&name, &reader, now));
            match taken {
                Ok(snapshot) => {
                    Reply::json(201, &shown(&name, &snapshot)).with("Location", "/api/v1/staff/test/snapshots")
                }
                Err(failure) => Reply::refusal(&failure.to_refusal(), language),
            }
        })))
    })
}

/// `POST /staff/test/snapshots/{snapshot}/restore`, for admins, on a server for tests: 200 with the time once
/// everything is as it was then, the clock too; one effect for an `Idempotency-Key`. 404 `SNAPSHOT_NOT_FOUND`.
pub fn restore(tests: &Arc<TestServer>, context: &Context) -> Outcome<Answer> {
    put_back(tests, context, tests.must_find(context.segment("snapshot"))?)
}

/// `DELETE /staff/test/snapshots/{snapshot}`, for admins, on a server for tests: 204 once its memory is free. 404
/// `SNAPSHOT_NOT_FOUND`.
pub fn delete(tests: &TestServer, context: &Context) -> Outcome<Answer> {
    let removed = tests.snapshots.lock().remove(context.segment("snapshot"));
    removed.map(|_| Answer::Ready(Reply::empty(204))).ok_or_else(|| Refusal::SnapshotNotFound.into())
}

/// Asks the writer to put the venue back to a snapshot between two transactions.
fn put_back(tests: &Arc<TestServer>, context: &Context, snapshot: Arc<Snapshot>) -> Outcome<Answer> {
    let (tests, language) = (Arc::clone(tests), context.language());
    Answer::write(move |tx| {
        tx.push_change(Change::Restored { snapshot: Arc::clone(&snapshot) });
        Ok(Written::AfterCommit(Box::new(move || match snapshot.outcome() {
            Ok(now) => {
                tests.faults.clear();
                tests.requests.clear();
                Reply::json(200, &json!({ "now": now }))
            }
            Err(refusal) => Reply::refusal(&refusal, language),
        })))
    })
}

fn shown(name: &str, snapshot: &Snapshot) -> Value {
    json!({ "name": name, "takenAt": snapshot.taken_at })
}

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}
