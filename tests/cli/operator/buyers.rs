//! Those who come to the evening: they line up before it opens, wait for their turn, and buy.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::support::{Client, Customer, bearer};

const FAMILY_NAMES: [&str; 5] = ["김", "이", "박", "최", "정"];
const GIVEN_NAMES: [&str; 4] = ["민지", "서준", "하윤", "도윤"];
const TOP_UP: i64 = 300_000;
/// Whoever waits for so many answers of up to 30 seconds was forgotten.
const WAITS_MAX: usize = 10;

/// Somebody who came, and what they bought.
pub struct Buyer {
    pub who: Customer,
    pub reservation_id: String,
    pub amount: i64,
    pub tickets: Vec<Value>,
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// So many people with Korean names, each with a place in the line.
pub fn gather(client: &Client, count: usize) -> Vec<Buyer> {
    let come = |number: usize| {
        let name = format!("{}{}", FAMILY_NAMES[number % 5], GIVEN_NAMES[number / 5 % 4]);
        let user = client.call("POST", "/api/v1/users", "", Some(json!({ "name": name }))).must(201).clone();
        let (id, key) = (text(&user["userId"]).to_owned(), text(&user["userKey"]).to_owned());
        let mut who = Customer { id, key, token: String::new(), client: client.clone() };
        assert_eq!(who.line_up().must(201)["status"], "WAITING", "before the opening");
        Buyer { who, reservation_id: String::new(), amount: 0, tickets: Vec::new() }
    };
    (0..count).map(come).collect()
}

/// All of them buy, in the order of the draw, over so many threads; `meanwhile` runs once half of them have bought.
pub fn buy_all(customers: &mut Vec<Buyer>, threads: usize, meanwhile: impl FnOnce()) {
    customers.sort_by_key(|buyer| buyer.who.poll().must(200)["drawNumber"].as_u64().unwrap());
    let half = customers.len() / 2;
    let (turns, next) = (&*customers, &AtomicUsize::new(0));
    let (sender, receiver) = mpsc::channel();
    let mut bought: Vec<(usize, Buyer)> = std::thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            scope.spawn(move || {
                loop {
                    let turn = next.fetch_add(1, Relaxed);
                    let Some(buyer) = turns.get(turn) else { break };
                    sender.send((turn, buy(&buyer.who, turn))).unwrap();
                }
            });
        }
        drop(sender);
        let mut bought: Vec<(usize, Buyer)> = receiver.iter().take(half).collect();
        meanwhile();
        bought.extend(receiver);
        bought
    });
    bought.sort_by_key(|(turn, _)| *turn);
    assert_eq!(bought.len(), customers.len());
    *customers = bought.into_iter().map(|(_, buyer)| buyer).collect();
}

/// One visit: one or two of the best seats, upstairs or downstairs.
fn buy(who: &Customer, turn: usize) -> Buyer {
    wait_for_turn(who);
    let section = if turn.is_multiple_of(2) { "1층" } else { "2층" };
    let best = json!({ "count": 1 + turn / 2 % 2, "section": section });
    let held = who.post("/reservations", json!({ "scheduleId": 1, "bestAvailable": best })).must(201).clone();
    let amount = held["amount"].as_i64().unwrap();
    who.top_up(TOP_UP).must(201);
    let paid = who.pay(&held["reservationId"], amount).must(201).clone();
    Buyer {
        who: who.clone(),
        reservation_id: text(&held["reservationId"]).to_owned(),
        amount,
        tickets: paid["tickets"].as_array().unwrap().clone(),
    }
}

fn wait_for_turn(who: &Customer) {
    let headers = [("authorization", &*bearer(&who.token)), ("prefer", "wait=30")];
    // Whoever is in already would wait for the end of the visit.
    let let_in = who.poll().must(200)["status"] == "ACTIVE"
        || (0..WAITS_MAX).any(|_| {
            let seen = who.client.call_with("GET", "/api/v1/queue/token", &headers, None);
            seen.must(200)["status"] == "ACTIVE"
        });
    assert!(let_in, "never let in");
}

/// What all of them topped up.
pub fn topped_up(customers: &[Buyer]) -> i64 {
    customers.len() as i64 * TOP_UP
}
