//! The audit finds what was tampered with, and nothing where nothing was.

use serde_json::{Value, json};

use super::*;

fn event(sequence: i64, kind: &str, at_ms: i64, data: Value) -> Event {
    let data = serde_json::from_value(data).unwrap();
    Event { sequence, kind: Some(EventType::of(kind).unwrap()), at_ms, data }
}

/// Two customers: both come, kim is let in and buys seat 1, then lee comes in and buys seat 2.
fn feed() -> Vec<Event> {
    let user = |name: &str| json!({ "userId": name });
    let sold = |name: &str, seat: &str| json!({ "userId": name, "scheduleId": 1, "seats": [seat] });
    let paid = |name: &str| json!({ "userId": name, "amount": 500 });
    vec![
        event(11, "TOKEN_ISSUED", 0, user("kim")),
        event(12, "TOKEN_ISSUED", 0, user("lee")),
        event(13, "TOKEN_ADMITTED", 10, user("kim")),
        event(14, "SEATS_SOLD", 20, sold("kim", "1")),
        event(15, "TOKEN_EXPIRED", 20, user("kim")),
        event(16, "PAYMENT_COMPLETED", 20, paid("kim")),
        event(17, "TOKEN_ADMITTED", 20, user("lee")),
        event(18, "SEATS_SOLD", 30, sold("lee", "2")),
        event(19, "TOKEN_EXPIRED", 30, user("lee")),
        event(20, "PAYMENT_COMPLETED", 30, paid("lee")),
    ]
}

fn account(user: &str, seat: &str) -> Account {
    let entry = |kind: &str, amount, balance_after| Entry { kind: kind.into(), amount, balance_after };
    Account {
        user_id: user.into(),
        balance: 100,
        entries: vec![entry("TOP_UP", 600, 600), entry("PAYMENT", -500, 100)],
        reservations: vec![
            Reservation { status: "EXPIRED".into(), amount: 900, seats: vec![("9".into(), 900)], tickets: vec![] },
            Reservation {
                status: "CONFIRMED".into(),
                amount: 500,
                seats: vec![(seat.into(), 500)],
                tickets: vec![seat.into()],
            },
        ],
        told_topped_up: 600,
        told_paid: 500,
        told_seats: vec![seat.into()],
    }
}

fn accounts() -> Vec<Account> {
    vec![account("kim", "1"), account("lee", "2")]
}

const ONE_AT_ONCE: Limits = Limits { max_active: 1, admit_per_minute: 2 };

#[test]
fn audit_clean_sale_has_no_faults() {
    let none: Vec<String> = Vec::new();
    assert_eq!(gaps(&feed(), 10), none);
    assert_eq!(sold_twice(&feed(), 1, &accounts()), none);
    assert_eq!(lost_points(&accounts()), none);
    assert_eq!(money_and_seats(&feed(), 1, &accounts(), 2), none);
    assert_eq!(overtaken(&feed()), none);
    assert_eq!(limits_broken(&feed(), ONE_AT_ONCE, 0), none);
}

#[test]
fn gap_in_the_feed_is_found_wherever_it_is() {
    for missing in 0..feed().len() - 1 {
        let mut events = feed();
        events.remove(missing);
        assert_eq!(gaps(&events, 10).len(), 1, "{missing}");
    }
    let mut swapped = feed();
    swapped.swap(3, 4);
    assert!(!gaps(&swapped, 10).is_empty());
    let mut backwards = feed();
    backwards[5].at_ms = 0;
    assert!(gaps(&backwards, 10)[0].contains("event 16 happened before"));
}

#[test]
fn seat_sold_twice_is_found_in_the_feed() {
    let mut events = feed();
    events[7].data.seats = vec!["1".into()];
    let faults = sold_twice(&events, 1, &[]);
    assert_eq!(faults, ["event 18: seat 1 was kim's already"]);
    events.insert(7, event(18, "SEATS_RELEASED", 30, json!({ "scheduleId": 1, "seats": ["1"] })));
    assert!(sold_twice(&events, 1, &[]).is_empty(), "a seat given back may be sold again");
}

#[test]
fn seat_sold_twice_is_found_in_the_tickets() {
    let faults = sold_twice(&feed(), 1, &[account("kim", "1"), account("lee", "1")]);
    assert!(faults.contains(&"kim and lee both have a ticket for seat 1".to_owned()), "{faults:?}");
    let mut accounts = accounts();
    accounts[0].reservations.clear();
    assert!(sold_twice(&feed(), 1, &accounts)[0].contains("not theirs now"));
}

#[test]
fn audit_lost_point_is_found_in_each_place_where_it_may_get_lost() {
    let tampers: [fn(&mut Account); 8] = [
        |account| account.balance -= 1,
        |account| account.entries[1].balance_after -= 1,
        |account| account.entries[0].amount -= 1,
        |account| drop(account.entries.pop()),
        |account| account.told_topped_up += 1,
        |account| account.told_paid -= 1,
        |account| account.reservations[1].status = "EXPIRED".into(),
        |account| account.reservations[1].seats[0].1 += 1,
    ];
    for (which, tamper) in tampers.into_iter().enumerate() {
        let mut accounts = accounts();
        tamper(&mut accounts[1]);
        let faults = lost_points(&accounts);
        assert!(!faults.is_empty() && faults.iter().all(|fault| fault.starts_with("lee: ")), "{which}: {faults:?}");
    }
}

#[test]
fn money_and_seats_that_do_not_agree_are_found() {
    let mut events = feed();
    events[5].data.amount = Some(499);
    assert_eq!(money_and_seats(&events, 1, &accounts(), 2), ["the feed tells of 999 points paid, the ledgers of 1000"]);
    let mut events = feed();
    events.remove(3);
    assert_eq!(money_and_seats(&events, 1, &accounts(), 2), ["2 seats bought and 1 sold by the feed"]);
    assert_eq!(money_and_seats(&feed(), 1, &accounts(), 1), ["2 seats bought of 1"]);
    let mut accounts = accounts();
    accounts[0].reservations[1].tickets.clear();
    assert_eq!(money_and_seats(&feed(), 1, &accounts, 2), ["2 seats bought and 1 tickets"]);
}

#[test]
fn audit_overtaken_token_is_found_and_one_that_left_is_not_overtaken() {
    let mut events = feed();
    events[2].data.user_id = Some("lee".into());
    assert_eq!(overtaken(&events), ["event 13: lee was let in before kim"]);
    events.insert(2, event(13, "TOKEN_EXPIRED", 5, json!({ "userId": "kim", "reason": "LEFT" })));
    assert!(overtaken(&events).is_empty());
}

#[test]
fn limits_that_were_passed_are_found_and_limits_that_changed_are_the_new_ones() {
    assert_eq!(limits_broken(&feed(), ONE_AT_ONCE, 1).len(), 2, "with one more active from before");
    let tight = Limits { max_active: 0, admit_per_minute: 1 };
    assert_eq!(limits_broken(&feed(), tight, 0), ["event 17: 2 let in within a minute, the limit is 1"]);
    let mut later = feed();
    later[6].at_ms = 10 + WINDOW_MS;
    assert!(limits_broken(&later, tight, 0).is_empty());
    let mut changed = feed();
    changed.insert(6, event(17, "QUEUE_CHANGED", 20, json!({ "maxActive": 1, "admitPerMinute": 2 })));
    assert!(limits_broken(&changed, tight, 0).is_empty());
}
