//! The checker of histories, proved by lies: a true history is taken as it is, and each lie
//! planted in it, in an answer or in the file (`files.rs`), is found.

mod files;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use crate::torture::customers::Customers;
use crate::torture::history::{self, Doing, Op, Rules, Said};
use crate::torture::outside::comes_true;
use crate::torture::rows::endings::{FLAGS, RULES};
use crate::torture::served::{Served, Start};
use rusqlite::Connection;
use serde_json::{Value, json};

/// What customers did on a real server, and its file.
struct Truth {
    folder: tempfile::TempDir,
    history: Vec<Op>,
}

impl Truth {
    fn database(&self) -> PathBuf {
        self.folder.path().join("venue.db")
    }
}

fn truth() -> &'static Truth {
    static TRUTH: OnceLock<Truth> = OnceLock::new();
    TRUTH.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("venue.db");
        let served = Served::start(&database, Start { flags: FLAGS, ..Start::default() }).unwrap();
        served.add_dates(2, 200).unwrap();
        let own = served.add_own_line(200).unwrap();
        let mut customers = Customers::of(7, 4, 10, (2, 200)).with_own_line(own);
        customers.work(served.address, None, false, |answered| {
            let enough = || answered.load(std::sync::atomic::Ordering::Relaxed) >= 2_500;
            assert!(comes_true(Duration::from_secs(60), enough));
        });
        assert!(served.terminate().unwrap().success());
        Truth { folder, history: customers.history }
    })
}

fn faults_of(ops: &[Op], database: &Path, rules: Rules) -> Vec<String> {
    history::faults(ops, &Connection::open(database).unwrap(), rules)
}

#[track_caller]
fn is_found(faults: &[String], what: &str) {
    assert!(faults.iter().any(|fault| fault.contains(what)), "{what:?} is not among {faults:#?}");
}

/// A lie in the answers: the history as `change` leaves it.
#[track_caller]
fn told(what: &str, change: impl FnOnce(&mut Vec<Op>)) {
    let mut ops = truth().history.clone();
    change(&mut ops);
    is_found(&faults_of(&ops, &truth().database(), RULES), what);
}

/// The first op that was answered so.
fn answered(ops: &[Op], status: u16, of: impl Fn(&Doing, &Said) -> bool) -> usize {
    let is_it = |op: &Op| op.said.as_ref().is_some_and(|said| said.status == status && of(&op.doing, said));
    ops.iter().position(is_it).unwrap_or_else(|| panic!("nothing was answered {status} so"))
}

fn body(ops: &mut [Op], at: usize) -> &mut Value {
    &mut ops[at].said.as_mut().unwrap().body
}

#[test]
fn history_true_history_is_taken() {
    let truth = truth();
    assert_eq!(faults_of(&truth.history, &truth.database(), RULES), [""; 0]);
    for (what, of) in [("bought", 201), ("refused", 409), ("let wait", 200)] {
        assert!(
            truth.history.iter().any(|op| op.said.as_ref().is_some_and(|said| said.status == of)),
            "nobody was {what}"
        );
    }
    type IsOfKind = fn(&Doing) -> bool;
    let kinds: [(&str, IsOfKind); 14] = [
        ("held the best seats", |doing| matches!(doing, Doing::HoldBest(..))),
        ("was paid out", |doing| matches!(doing, Doing::PayOut(_))),
        ("was removed", |doing| *doing == Doing::Remove),
        ("cancelled a date", |doing| matches!(doing, Doing::CancelDate(_))),
        ("moved a date", |doing| matches!(doing, Doing::MoveDate { .. })),
        ("changed a hold", |doing| matches!(doing, Doing::ChangeHold { .. })),
        ("exchanged seats", |doing| matches!(doing, Doing::Exchange { at_counter: false, .. })),
        ("had seats exchanged", |doing| matches!(doing, Doing::Exchange { at_counter: true, .. })),
        ("gave seats back", |doing| matches!(doing, Doing::GiveBack { at_counter: false, .. })),
        ("had money back", |doing| matches!(doing, Doing::GiveBack { at_counter: true, .. })),
        ("bought with cash", |doing| matches!(doing, Doing::Sell { method: "CASH", .. })),
        ("was a guest", |doing| matches!(doing, Doing::Sell { method: "FREE", .. })),
        ("had seats kept", |doing| matches!(doing, Doing::Keep { .. })),
        ("got what was kept", |doing| matches!(doing, Doing::SellKept(_))),
    ];
    for (what, is_it) in kinds {
        let is_done = |op: &&Op| is_it(&op.doing) && op.said.as_ref().is_some_and(|said| said.status < 300);
        assert!(truth.history.iter().any(|op| is_done(&op)), "nobody {what}");
    }
    for code in ["USER_IN_USE", "SCHEDULE_CANCELLED", "REFUND_CLOSED"] {
        let is_refused = |op: &Op| op.said.as_ref().is_some_and(|said| said.code() == code);
        assert!(truth.history.iter().any(is_refused), "nobody was told {code}");
    }
    // A server that stopped gracefully has done nothing unanswered.
    assert_eq!(faults_of(&truth.history, &truth.database(), Rules { unanswered_may_be_done: false, ..RULES }), [""; 0]);
}

#[test]
fn history_what_was_done_without_an_answer_is_taken_after_a_kill_and_not_after_an_orderly_stop() {
    let truth = truth();
    let mut ops = truth.history.clone();
    let topped_up = answered(&ops, 201, |doing, said| matches!(doing, Doing::TopUp(_)) && !said.replayed);
    let key = ops[topped_up].key.clone();
    let user = ops[topped_up].user.clone();
    ops.iter_mut().filter(|op| op.user == user && op.key == key).for_each(|op| op.said = None);
    assert_eq!(faults_of(&ops, &truth.database(), RULES), [""; 0]);
    is_found(&faults_of(&ops, &truth.database(), Rules { unanswered_may_be_done: false, ..RULES }), "nobody asked for");
}

#[test]
fn history_lost_top_up_is_found() {
    told("an acknowledged effect is gone", |ops| {
        let at = answered(ops, 201, |doing, _| matches!(doing, Doing::TopUp(_)));
        body(ops, at)["topUpId"] = json!(1_000_000);
    });
}

#[test]
fn token_that_lives_and_was_refused_to_its_owner_is_found() {
    told("this was never so: LineUp", |ops| {
        let at = answered(ops, 201, |doing, _| *doing == Doing::LineUp);
        ops[at].said.as_mut().unwrap().status = 401;
        *body(ops, at) = json!({ "code": "TOKEN_INVALID" });
    });
}

#[test]
fn history_lost_user_is_found() {
    told("an acknowledged user is gone", |ops| {
        let at = answered(ops, 201, |doing, _| *doing == Doing::SignUp);
        body(ops, at)["userId"] = json!("00000000-0000-7000-8000-000000000000");
    });
}

#[test]
fn effect_nobody_asked_for_is_found() {
    told("nobody asked for", |ops| {
        let at = answered(ops, 201, |doing, _| matches!(doing, Doing::Hold(..)));
        let (user, key) = (ops[at].user.clone(), ops[at].key.clone());
        ops.retain(|op| op.user != user || op.key != key);
    });
}

#[test]
fn history_wrong_balance_in_an_answer_is_found() {
    told("an acknowledged effect is gone, or is another", |ops| {
        let at = answered(ops, 201, |doing, _| matches!(doing, Doing::Pay(..)));
        let balance = body(ops, at)["balance"].as_i64().unwrap();
        body(ops, at)["balance"] = json!(balance + 1);
    });
}

#[test]
fn history_moved_deadline_of_a_changed_hold_is_found() {
    told("other terms than were agreed", |ops| {
        let at = answered(ops, 200, |doing, _| matches!(doing, Doing::ChangeHold { .. }));
        body(ops, at)["holdExpiresAt"] = json!("2100-01-01T00:00:00.000Z");
    });
}

#[test]
fn history_seats_that_a_hold_never_had_are_found() {
    told("this was never so: ChangeHold", |ops| {
        let at = answered(ops, 200, |doing, _| matches!(doing, Doing::ChangeHold { .. }));
        body(ops, at)["seats"] = json!([{ "seat": "199", "price": 50_000 }, { "seat": "198", "price": 50_000 }]);
    });
}

#[test]
fn history_exchange_for_another_price_is_found() {
    told("an acknowledged effect is gone, or is another", |ops| {
        let at = answered(ops, 201, |doing, _| matches!(doing, Doing::Exchange { .. }));
        body(ops, at)["amount"] = json!(1);
    });
}

#[test]
fn history_other_seats_than_were_asked_for_are_found() {
    told("an acknowledged effect is gone, or is another", |ops| {
        let at = answered(ops, 201, |doing, _| matches!(doing, Doing::Hold(..)));
        ops[at].doing = Doing::Hold(1, vec!["199".into()]);
    });
}

#[test]
fn history_other_seats_than_the_best_are_found() {
    told("an acknowledged effect is gone, or is another", |ops| {
        let is_in_no_box = |doing: &Doing, _: &Said| match doing {
            Doing::Hold(_, seats) => !seats.iter().any(|label| history::is_for_a_child(label)),
            _ => false,
        };
        let at = answered(ops, 201, is_in_no_box);
        let Doing::Hold(date, seats) = &ops[at].doing else { unreachable!() };
        ops[at].doing = Doing::HoldBest(*date, seats.len());
    });
}

#[test]
fn history_date_that_did_not_begin_then_is_found() {
    told("this was never so: Look", |ops| {
        let at = answered(ops, 200, |doing, _| matches!(doing, Doing::Look(_)));
        body(ops, at)["startsAt"] = json!("2198-01-01T10:00:00.000Z");
    });
}

#[test]
fn history_end_with_a_date_that_takes_place_is_found() {
    told("this was never so: Look", |ops| {
        let at = answered(ops, 200, |doing, said| matches!(doing, Doing::Look(_)) && said.body["endReason"].is_null());
        body(ops, at)["endReason"] = json!("SCHEDULE_CANCELLED");
    });
}

#[test]
fn history_refused_removal_without_a_reason_is_found() {
    told("this was never so: Remove", |ops| {
        let at = answered(ops, 409, |doing, _| *doing == Doing::Remove);
        *body(ops, at) = json!({ "code": "USER_IN_USE", "balance": 0, "reservationIds": [] });
    });
}

#[test]
fn history_two_requests_with_one_effect_are_found() {
    told("two requests were promised", |ops| {
        let at = answered(ops, 201, |doing, _| matches!(doing, Doing::TopUp(_)));
        let copy = Op { key: "another".into(), ..ops[at].clone() };
        ops.push(copy);
    });
}

#[test]
fn history_two_answers_under_one_key_are_found() {
    told("one key, two answers", |ops| {
        let at = answered(ops, 201, |doing, said| matches!(doing, Doing::TopUp(_)) && said.replayed);
        ops[at].said.as_mut().unwrap().text.push(' ');
    });
}

#[test]
fn effect_repeated_under_one_key_is_found() {
    told("done twice under one key", |ops| {
        let at = answered(ops, 201, |_, said| said.replayed);
        ops[at].said.as_mut().unwrap().replayed = false;
    });
}

#[test]
fn history_stale_place_in_the_line_is_found() {
    told("this was never so", |ops| {
        let at = answered(ops, 200, |doing, said| *doing == Doing::Poll && said.body["status"] == "WAITING");
        let place = body(ops, at)["position"].as_u64().unwrap();
        body(ops, at)["position"] = json!(place + 30);
    });
}

#[test]
fn history_stale_balance_is_found() {
    told("this was never so", |ops| {
        let at = answered(ops, 200, |doing, said| *doing == Doing::Balance && said.body["balance"] != 0);
        body(ops, at)["balance"] = json!(77);
    });
}

#[test]
fn map_that_never_was_is_found() {
    told("this was never so", |ops| {
        let at = answered(ops, 200, |doing, _| matches!(doing, Doing::Map(_)));
        let taken = body(ops, at)["seats"].as_array_mut().unwrap();
        taken.iter_mut().for_each(|seat| seat["status"] = json!("SOLD"));
    });
}

#[test]
fn refusal_without_a_reason_is_found() {
    told("this was never so", |ops| {
        let at = answered(ops, 201, |doing, _| matches!(doing, Doing::Hold(..)));
        let (user, key) = (ops[at].user.clone(), ops[at].key.clone());
        let Doing::Hold(_, seats) = ops[at].doing.clone() else { unreachable!() };
        let refusal = json!({ "code": "SEAT_UNAVAILABLE", "seats": seats });
        for op in ops.iter_mut().filter(|op| op.user == user && op.key == key) {
            op.doing = Doing::Hold(9, seats.clone());
            let said = op.said.as_mut().unwrap();
            (said.status, said.body) = (409, refusal.clone());
        }
    });
}

#[test]
fn answer_of_a_kind_that_is_not_foreseen_is_found() {
    told("this was never so", |ops| {
        let at = answered(ops, 200, |doing, _| *doing == Doing::Poll);
        ops[at].said.as_mut().unwrap().status = 404;
    });
}

#[test]
fn order_against_the_clock_is_found() {
    told("was certain before", |ops| {
        let is_top_up = |doing: &Doing, _: &Said| matches!(doing, Doing::TopUp(_));
        let early = answered(ops, 201, is_top_up);
        let keys = (ops[early].user.clone(), ops[early].key.clone());
        let last = ops.iter().map(|op| op.asked).max().unwrap();
        // The first effect is said to have been asked for at the very end, the others were certain long before.
        for op in ops.iter_mut().filter(|op| (&op.user, &op.key) == (&keys.0, &keys.1)) {
            op.asked = last + 1;
            op.said.as_mut().unwrap().heard = last + 2;
        }
    });
}

#[test]
fn too_many_inside_are_found() {
    let truth = truth();
    is_found(&faults_of(&truth.history, &truth.database(), Rules { max_active: 11, ..RULES }), "12 are inside");
}
