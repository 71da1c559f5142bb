//! Each event has the request that caused it, each answer the event that it promised,
//! in an order that agrees with the times of both.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::feed::{Event, Reserved, Story};
use super::promises::{Promise, of};
use super::tables::Tables;
use super::{Doing, Op, Said};

/// Requests that are one: of one user under one key.
struct Group<'a> {
    ops: Vec<&'a Op>,
    asked: u64,
    used: bool,
}

/// Which event a request caused, when it was asked for and when that was certain.
#[derive(Debug, Clone, Copy)]
struct Effect {
    event: usize,
    asked: u64,
    heard: u64,
}

/// The order of events as the clients can have seen it.
pub struct Order {
    /// Events by when their requests were answered: the latest of those answered before.
    known: Vec<(u64, usize)>,
    /// Events by when they were asked for: the earliest of those asked for later.
    to_come: Vec<(u64, usize)>,
    /// Which stay each token is.
    pub stays: HashMap<String, usize>,
    /// When a keyed request was first asked.
    first_asked: HashMap<(String, String), u64>,
    last: usize,
}

impl Order {
    /// From which event to which event something may have been seen that was asked and answered at these times.
    pub fn window(&self, op: &Op, said: &Said) -> (usize, usize) {
        let asked = self.first_asked.get(&(op.user.clone(), op.key.clone())).copied().unwrap_or(op.asked);
        let before = self.known.partition_point(|(heard, _)| *heard <= asked);
        let from = before.checked_sub(1).map_or(0, |at| self.known[at].1);
        let after = self.to_come.partition_point(|(asked, _)| *asked < said.heard);
        let to = self.to_come.get(after).map_or(self.last, |(_, event)| event - 1);
        (from, to)
    }
}

pub fn assign(ops: &[Op], story: &Story, tables: &Tables, faults: &mut Vec<String>) -> Order {
    let stays = tables.stays(story);
    let mut groups = groups(ops);
    let mut effects: HashMap<usize, Effect> = HashMap::new();
    let mut latest_of: HashMap<&str, usize> = HashMap::new();
    for group in &mut groups {
        answers_agree(group, faults);
        let outcome = group.ops.iter().filter_map(|op| Some((*op, op.outcome()?))).min_by_key(|(_, said)| said.heard);
        let Some((op, said)) = outcome else { continue };
        let after = latest_of.get(&*op.user).copied().unwrap_or(0);
        let promise = Promise { op, said, story, tables, stays: &stays, after };
        match promise.event() {
            Ok(None) => {}
            Ok(Some(event)) => {
                group.used = true;
                latest_of.insert(&op.user, event.max(after));
                let effect = Effect { event, asked: first_asked_for(group, ops), heard: said.heard };
                match effects.entry(event) {
                    Entry::Vacant(new) => _ = new.insert(effect),
                    // To say it again changes nothing.
                    Entry::Occupied(mut first) if matches!(op.doing, Doing::CancelDate(_) | Doing::Remove) => {
                        first.get_mut().asked = first.get().asked.min(effect.asked);
                        first.get_mut().heard = first.get().heard.min(effect.heard);
                    }
                    Entry::Occupied(_) => faults.push(format!("two requests were promised event {event}: {op:?}")),
                }
            }
            Err(what) => faults.push(format!("{what}: {:?} answered {} {}", op.doing, said.status, said.text)),
        }
    }
    for (n, event) in (1..).zip(&story.events) {
        if effects.contains_key(&n) || !needs_a_request(n, event, story) {
            continue;
        }
        let mut may_be = groups.iter_mut().filter(|group| !group.used && may_have_caused(group, (n, event), story));
        match may_be.next() {
            Some(group) => {
                group.used = true;
                effects.insert(n, Effect { event: n, asked: group.asked, heard: u64::MAX });
            }
            None => faults.push(format!("nobody asked for event {n}: {} {}", event.kind, event.told)),
        }
    }
    signed_up(ops, tables, faults);
    let mut order: Vec<Effect> = effects.into_values().collect();
    order.sort_unstable_by_key(|effect| effect.event);
    let mut latest: Option<Effect> = None;
    for effect in &order {
        if let Some(before) = latest.filter(|before| effect.heard < before.asked) {
            faults.push(format!("event {} was certain before {} was asked for", effect.event, before.event));
        }
        latest = latest.filter(|before| before.asked >= effect.asked).or(Some(*effect));
    }
    let first_asked = groups.iter().filter(|group| !group.ops[0].key.is_empty());
    let first_asked = first_asked.map(|group| ((group.ops[0].user.clone(), group.ops[0].key.clone()), group.asked));
    let first_asked = first_asked.collect();
    let (known, to_come) = (known(&order), to_come(&order));
    Order { known, to_come, stays, first_asked, last: story.events.len() }
}

/// When a request was first asked. Who got no answer to what has no key may ask for the same once more, which then
/// changes nothing; a date may be cancelled by anybody of the staff.
fn first_asked_for(group: &Group, ops: &[Op]) -> u64 {
    let first = group.ops[0];
    let by_anybody = matches!(first.doing, Doing::CancelDate(_));
    let again = ops.iter().filter(|op| op.doing == first.doing && (by_anybody || op.user == first.user));
    match first.doing {
        Doing::ChangeHold { .. } | Doing::CancelDate(_) | Doing::Remove => {
            again.map(|op| op.asked).min().unwrap_or(group.asked)
        }
        _ => group.asked,
    }
}

fn groups(ops: &[Op]) -> Vec<Group<'_>> {
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for op in ops {
        let place =
            if op.key.is_empty() { groups.len() } else { *places.entry((&op.user, &op.key)).or_insert(groups.len()) };
        match groups.get_mut(place) {
            Some(group) => {
                group.asked = group.asked.min(op.asked);
                group.ops.push(op);
            }
            None => groups.push(Group { ops: vec![op], asked: op.asked, used: false }),
        }
    }
    groups.sort_by_key(|group| group.asked);
    groups
}

/// Under one key there is one answer, and all but the first are marked as repetitions.
fn answers_agree(group: &Group, faults: &mut Vec<String>) {
    let kept = |said: &&Said| matches!(said.status, 200..=299 | 402 | 404 | 409 | 422);
    let kept: Vec<&Said> = group.ops.iter().filter_map(|op| op.outcome()).filter(kept).collect();
    for pair in kept.windows(2) {
        if (pair[0].status, &pair[0].text) != (pair[1].status, &pair[1].text) {
            faults.push(format!("one key, two answers: {} and {}", pair[0].text, pair[1].text));
        }
    }
    if kept.iter().filter(|said| !said.replayed).count() > 1 {
        faults.push(format!("done twice under one key: {:?}", group.ops[0].doing));
    }
}

/// Whether an event comes from a request, rather than from time or from the event beside it.
fn needs_a_request(n: usize, event: &Event, story: &Story) -> bool {
    let beside =
        |at: usize| story.events.get(at.wrapping_sub(1)).filter(|other| other.told["userId"] == event.told["userId"]);
    let reserved = story.reserved.get(event.text("reservationId"));
    let is_exchange = story.exchanges.contains_key(event.text("reservationId"));
    match &*event.kind {
        "TOKEN_ISSUED" | "PAYMENT_DECLINED" | "PAYMENT_COMPLETED" | "HOLD_CHANGED" => true,
        "USER_REMOVED" | "SCHEDULE_CANCELLED" => true,
        "POINTS_TOPPED_UP" | "POINTS_PAID_OUT" => event.told["reservationId"].is_null(),
        // Before the first there is no moment from which it was moved.
        "SCHEDULE_CHANGED" => {
            let before = story.starts.get(&event.number("scheduleId")).and_then(|starts| starts.at(n - 1));
            before.is_some_and(|before| !before.is_empty() && before != event.text("startsAt"))
        }
        "SEATS_HELD" => !is_exchange && !reserved.is_some_and(is_sold_at_once),
        // By whoever asked for it, or with its date.
        "RESERVATION_REFUNDED" if story.was_cancelled_by(event.number("scheduleId"), n) => false,
        "SEATS_REFUNDED" | "RESERVATION_REFUNDED" => !story.exchanges.values().any(|exchange| exchange.refund == n),
        "TOKEN_EXPIRED" => event.text("reason") == "LEFT",
        "SEATS_RELEASED" => {
            let by_leaving = beside(n + 1).is_some_and(|next| next.kind == "TOKEN_EXPIRED");
            let by_decline = beside(n - 1).is_some_and(|before| before.kind == "PAYMENT_DECLINED");
            let status = reserved.map_or("", |reserved| *reserved.status.last());
            let with_date = story.was_cancelled_by(event.number("scheduleId"), n);
            status == "CANCELLED" && !by_leaving && !by_decline && !with_date
        }
        _ => false,
    }
}

/// Held, the money taken, sold and paid, side by side: a sale at the counter.
fn is_sold_at_once(reserved: &Reserved) -> bool {
    reserved.at_counter && reserved.paid.is_some_and(|paid| paid <= reserved.held + 3)
}

/// Whether a request of whose outcome nobody is certain may have caused an event.
fn may_have_caused(group: &Group, (n, event): (usize, &Event), story: &Story) -> bool {
    let op = group.ops[0];
    let is_uncertain = group.ops.iter().any(|op| op.certain().is_none() || op.came_too_late());
    let is_of_user = event.told["userId"].is_null() || op.user == event.text("userId");
    if !is_uncertain || !story.rules.unanswered_may_be_done || !is_of_user {
        return false;
    }
    let id = event.text("reservationId");
    let reserved = story.reserved.get(id);
    let held_by = |at_counter| reserved.is_some_and(|reserved| reserved.at_counter == at_counter);
    let is_of = |schedule: &i64, seats: &[String]| event.seats("seats") == of(*schedule, seats);
    match (&op.doing, &*event.kind) {
        (Doing::LineUp, "TOKEN_ISSUED") | (Doing::Leave, "TOKEN_EXPIRED") => true,
        (Doing::TopUp(amount), "POINTS_TOPPED_UP") => event.number("amount") == *amount,
        (Doing::PayOut(amount), "POINTS_PAID_OUT") => event.number("amount") == *amount,
        (Doing::Remove, "USER_REMOVED") => true,
        (Doing::CancelDate(schedule), "SCHEDULE_CANCELLED") => event.number("scheduleId") == *schedule,
        (Doing::MoveDate { schedule, starts_at }, "SCHEDULE_CHANGED") => {
            event.number("scheduleId") == *schedule && event.text("startsAt") == starts_at
        }
        (Doing::HoldBest(schedule, count), "SEATS_HELD") => {
            let seats = event.seats("seats");
            held_by(false) && seats.len() == *count && story.were_best(*schedule, &seats, n)
        }
        (Doing::Hold(schedule, seats), "SEATS_HELD") => held_by(false) && is_of(schedule, seats),
        (Doing::Keep { schedule, seats, .. }, "SEATS_HELD") => held_by(true) && is_of(schedule, seats),
        (Doing::Sell { schedule, seats, method }, "PAYMENT_COMPLETED") => reserved.is_some_and(|reserved| {
            let wanted = of(*schedule, seats);
            is_sold_at_once(reserved) && event.text("method") == *method && reserved.seats.is_ever(&wanted)
        }),
        (Doing::Pay(of, _), "PAYMENT_COMPLETED" | "PAYMENT_DECLINED") => of == id,
        (Doing::SellKept(of), "PAYMENT_COMPLETED") => of == id,
        (Doing::Cancel(of) | Doing::FreeKept(of), "SEATS_RELEASED") => of == id,
        (Doing::ChangeHold { id: of_id, schedule, seats }, "HOLD_CHANGED") => {
            of_id == id && reserved.is_some_and(|it| it.changed.contains(&(n, of(*schedule, seats))))
        }
        (Doing::GiveBack { id: of_id, seats, .. }, "SEATS_REFUNDED" | "RESERVATION_REFUNDED") => {
            of_id == id && event.seats("seats").iter().map(|(_, label)| label).eq(seats.iter().collect::<BTreeSet<_>>())
        }
        (Doing::Exchange { id: from, schedule, seats, .. }, "PAYMENT_COMPLETED") => {
            let is_from_it = story.exchanges.get(id).is_some_and(|exchange| exchange.from == *from);
            is_from_it && reserved.is_some_and(|new| new.seats.is_ever(&of(*schedule, seats)))
        }
        _ => false,
    }
}

/// Nobody is a user who did not ask to be one.
fn signed_up(ops: &[Op], tables: &Tables, faults: &mut Vec<String>) {
    let asked: Vec<&Op> = ops.iter().filter(|op| op.doing == Doing::SignUp).collect();
    let known: HashSet<&str> = asked.iter().filter_map(|op| op.outcome()?.body["userId"].as_str()).collect();
    let strangers = tables.users.iter().filter(|user| !known.contains(user.as_str())).count();
    let uncertain = asked.iter().filter(|op| op.certain().is_none()).count();
    if strangers > uncertain {
        faults.push(format!("{strangers} users whom nobody asked for, {uncertain} of them unanswered"));
    }
}

fn known(order: &[Effect]) -> Vec<(u64, usize)> {
    let mut known: Vec<(u64, usize)> = order.iter().map(|effect| (effect.heard, effect.event)).collect();
    known.sort_unstable();
    let mut latest = 0;
    for (_, event) in &mut known {
        latest = latest.max(*event);
        *event = latest;
    }
    known
}

fn to_come(order: &[Effect]) -> Vec<(u64, usize)> {
    let mut to_come: Vec<(u64, usize)> = order.iter().map(|effect| (effect.asked, effect.event)).collect();
    to_come.sort_unstable();
    let mut earliest = usize::MAX;
    for (_, event) in to_come.iter_mut().rev() {
        earliest = earliest.min(*event);
        *event = earliest;
    }
    to_come
}
