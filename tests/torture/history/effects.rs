//! Each event has the request that caused it, each answer the event that it promised,
//! in an order that agrees with the times of both.

use std::collections::{HashMap, HashSet};

use super::feed::{Event, Story};
use super::tables::Tables;
use super::{Doing, Op, Rules, Said};

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

pub fn assign(ops: &[Op], story: &Story, tables: &Tables, rules: Rules, faults: &mut Vec<String>) -> Order {
    let stays = tables.stays(story);
    let mut groups = groups(ops);
    let mut effects: HashMap<usize, Effect> = HashMap::new();
    for group in &mut groups {
        answers_agree(group, faults);
        let outcome = group.ops.iter().filter_map(|op| Some((*op, op.outcome()?))).min_by_key(|(_, said)| said.heard);
        let Some((op, said)) = outcome else { continue };
        match promised(op, said, story, tables, &stays) {
            Ok(None) => {}
            Ok(Some(event)) => {
                group.used = true;
                let effect = Effect { event, asked: group.asked, heard: said.heard };
                if effects.insert(event, effect).is_some() {
                    faults.push(format!("two requests were promised event {event}: {op:?}"));
                }
            }
            Err(what) => faults.push(format!("{what}: {:?} answered {} {}", op.doing, said.status, said.text)),
        }
    }
    for (n, event) in (1..).zip(&story.events) {
        if effects.contains_key(&n) || !needs_a_request(n, event, story) {
            continue;
        }
        let mut may_be = groups.iter_mut().filter(|group| !group.used && may_have_caused(group, event, rules));
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

/// The event that an answer promises, if it promises one.
fn promised(
    op: &Op,
    said: &Said,
    story: &Story,
    tables: &Tables,
    stays: &HashMap<String, usize>,
) -> Result<Option<usize>, String> {
    let text = |name: &str| said.body[name].as_str().unwrap_or("");
    let stay = |token: &str| stays.get(token).map(|stay| &story.stays[*stay]).filter(|stay| stay.user == op.user);
    let reserved = |id: &str| story.reserved.get(id).filter(|reserved| reserved.user == op.user);
    let found = match (&op.doing, said.status) {
        (Doing::SignUp, 201) => {
            let known = tables.users.contains(text("userId"));
            return known.then_some(None).ok_or_else(|| "an acknowledged user is gone".into());
        }
        (Doing::LineUp, 201) => stay(text("token")).map(|stay| stay.issued),
        (Doing::Leave, 204) => {
            stay(&op.token).and_then(|stay| stay.ended).filter(|n| story.events[n - 1].text("reason") == "LEFT")
        }
        (Doing::TopUp(amount), 201) => {
            let event = said.body["topUpId"].as_i64().and_then(|id| story.topped_up.get(&id)).copied();
            event.filter(|n| {
                let event = &story.events[n - 1];
                let is_as_told = said.body["balance"] == event.told["balance"];
                event.text("userId") == op.user && event.number("amount") == *amount && is_as_told
            })
        }
        (Doing::Hold(schedule, seats), 201) => reserved(text("reservationId"))
            .filter(|reserved| {
                let held: HashSet<_> = reserved.seats.iter().collect();
                let wanted: Vec<_> = seats.iter().map(|seat| (*schedule, seat.clone())).collect();
                held == wanted.iter().collect()
            })
            .map(|reserved| reserved.held),
        (Doing::Pay(id, _), 201) => reserved(id)
            .filter(|reserved| {
                let tickets = said.body["tickets"].as_array().map_or(0, Vec::len);
                tickets == reserved.seats.len() && said.body["balance"] == reserved.balance_after
            })
            .and_then(|reserved| reserved.paid),
        (Doing::Pay(id, _), 402) => reserved(id).and_then(|reserved| reserved.declined),
        (Doing::Cancel(id), 200) => reserved(id).and_then(|reserved| reserved.released),
        _ => return Ok(None),
    };
    found.map(Some).ok_or_else(|| "an acknowledged effect is gone, or is another".into())
}

/// Whether an event comes from a request, rather than from time or from the event beside it.
fn needs_a_request(n: usize, event: &Event, story: &Story) -> bool {
    let beside =
        |at: usize| story.events.get(at.wrapping_sub(1)).filter(|other| other.told["userId"] == event.told["userId"]);
    match &*event.kind {
        "TOKEN_ISSUED" | "SEATS_HELD" | "POINTS_TOPPED_UP" | "PAYMENT_COMPLETED" | "PAYMENT_DECLINED" => true,
        "TOKEN_EXPIRED" => event.text("reason") == "LEFT",
        "SEATS_RELEASED" => {
            let by_leaving = beside(n + 1).is_some_and(|next| next.kind == "TOKEN_EXPIRED");
            let by_decline = beside(n - 1).is_some_and(|before| before.kind == "PAYMENT_DECLINED");
            let status = story.reserved.get(event.text("reservationId")).map_or("", |reserved| *reserved.status.last());
            status == "CANCELLED" && !by_leaving && !by_decline
        }
        _ => false,
    }
}

/// Whether a request of whose outcome nobody is certain may have caused an event.
fn may_have_caused(group: &Group, event: &Event, rules: Rules) -> bool {
    let op = group.ops[0];
    let is_uncertain = group.ops.iter().any(|op| op.certain().is_none() || op.came_too_late());
    if !is_uncertain || !rules.unanswered_may_be_done || op.user != event.text("userId") {
        return false;
    }
    match (&op.doing, &*event.kind) {
        (Doing::LineUp, "TOKEN_ISSUED") | (Doing::Leave, "TOKEN_EXPIRED") => true,
        (Doing::TopUp(amount), "POINTS_TOPPED_UP") => event.number("amount") == *amount,
        (Doing::Hold(schedule, seats), "SEATS_HELD") => {
            let wanted: HashSet<_> = seats.iter().map(|seat| (*schedule, seat.clone())).collect();
            event.seats().into_iter().collect::<HashSet<_>>() == wanted
        }
        (Doing::Pay(id, _), "PAYMENT_COMPLETED" | "PAYMENT_DECLINED") | (Doing::Cancel(id), "SEATS_RELEASED") => {
            event.text("reservationId") == id
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
