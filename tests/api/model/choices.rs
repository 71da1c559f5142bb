//! What happens next: mostly something sensible for one of the users, sometimes something odd, sometimes the clock is
//! turned to the very moment at which something is due, or to one millisecond before it.

use super::words::{Asked, On, PaidFor, What, Who};
use super::world::{BALANCE_MAX, DATES, EVER, FIRST_RULES, HOUR_MS, Life, Rules, TOP_UP_MAX, USERS, World};
use crate::support::invariants::Dice;

/// The next request, by a throw of 64 bits.
pub fn choose(world: &World, roll: u64) -> Asked {
    let mut dice = Dice::of(roll);
    let mut user = dice.below(USERS as u64) as usize;
    let inside = inside(world);
    if !inside.is_empty() && dice.below(2) == 0 {
        user = one(&mut dice, &inside);
    }
    match dice.below(100) {
        0..9 => staff(turn(world, &mut dice)),
        99 => staff(What::Restart),
        9..52 => sensible(world, &mut dice, user),
        52..57 => {
            let what = super::later::choose(world, &mut dice, user);
            match what {
                What::Exchange { .. } => keyed(by_token(world, user, what), &mut dice),
                What::ChangeHold { .. } => by_token(world, user, what),
                by_staff => staff(by_staff),
            }
        }
        57..62 => staff(super::counter::choose(world, &mut dice, user)),
        62..67 if !world.keyed.is_empty() => again(world, &mut dice),
        67..74 => by_ended(world, &mut dice, user),
        74..87 => seldom(world, &mut dice, user),
        _ => odd(world, &mut dice, user),
    }
}

/// The users who are inside.
fn inside(world: &World) -> Vec<usize> {
    world.tokens.iter().filter(|it| it.life == Life::Active).map(|it| it.user).collect()
}

/// What would come about too seldom by chance.
fn seldom(world: &World, dice: &mut Dice, user: usize) -> Asked {
    let inside = inside(world);
    let insider = if inside.is_empty() { user } else { one(dice, &inside) };
    let over = |status: &str| {
        let of = world.reservations.iter().position(|it| it.status == status && inside.contains(&it.user));
        of.map(|id| {
            (
                world.reservations[id].user,
                What::Pay { paid_for: PaidFor::Reservation(Some(id)), amount: world.reservations[id].amount },
            )
        })
    };
    let (user, what) = match dice.below(24) {
        0 | 1 | 16 => {
            let balance = world.purses[user].balance;
            let what = match balance + TOP_UP_MAX > BALANCE_MAX {
                _ if world.staff_sells_points => What::TopUp { user, amount: 1 },
                true => What::TopUp { user, amount: TOP_UP_MAX },
                false => What::Correct { user, amount: BALANCE_MAX - balance },
            };
            return Asked { who: Who::Key(user), what, key: None };
        }
        2 => {
            let reservation = any_reservation(world, dice);
            return Asked { who: Who::Key(user), what: What::SeePayment { reservation }, key: None };
        }
        18.. => match world.schedules.iter().find(|it| it.cancelled && it.concert == 1).map(|it| it.id) {
            Some(cancelled) if dice.below(3) > 0 => {
                (insider, What::Hold { on: On::Schedule(cancelled), seats: vec!["1".into()] })
            }
            _ => return staff(super::dates::choose(world, dice)),
        },
        3 => return Asked { who: Who::Stranger, what: one(dice, &[What::Poll, What::List, What::Leave]), key: None },
        15 => match world.tokens.iter().rfind(|it| it.kept_until.is_some()) {
            Some(kept) => return staff(What::LineUp { user: kept.user, right_key: true, line: kept.line }),
            None => (insider, What::Poll),
        },
        17 => (insider, What::MapOn { concert: 2, date: DATES[0] }),
        4 => (insider, What::Hold { on: On::Schedule(2), seats: vec!["5".into()] }),
        5 => (insider, What::Dates { concert: 7, all: true }),
        6..9 => match over("CONFIRMED") {
            Some(again) => again,
            // Somebody who has bought comes back.
            None => match world.reservations.iter().rfind(|it| it.status == "CONFIRMED").map(|it| it.user) {
                Some(user) if world.live_token(user).is_none() => return sensible(world, dice, user),
                found => (found.unwrap_or(insider), What::Poll),
            },
        },
        9 | 10 => over("EXPIRED").unwrap_or((insider, What::Poll)),
        11 => over(one(dice, &["CANCELLED", "FAILED"])).unwrap_or((insider, What::Poll)),
        12 => (insider, What::Hold { on: On::Date(1, DATES[2]), seats: vec!["1".into()] }),
        13 => {
            (insider, What::Hold { on: On::Schedule(1), seats: vec!["1".into(), "4".into(), "5".into(), "6".into()] })
        }
        _ => match world.schedules.iter().find(|it| world.now < it.sale_opens_at) {
            Some(closed) => (insider, What::Hold { on: On::Schedule(closed.id), seats: vec!["1".into()] }),
            None => {
                let (opens, closes) = (world.now + 45_000, world.now + 100_000);
                return staff(What::SetSale { schedule: one(dice, &[2, 4]), opens, closes });
            }
        },
    };
    by_token(world, user, what)
}

/// Somebody asks with a token that has ended for a reason.
fn by_ended(world: &World, dice: &mut Dice, user: usize) -> Asked {
    let reason = one(dice, &["PAID", "TIMED_OUT", "ABANDONED", "LEFT", "REVOKED"]);
    let of = |it: &usize| world.tokens[*it].life == Life::Ended(reason);
    let ended: Vec<usize> = (0..world.tokens.len()).filter(of).collect();
    let what = one(dice, &[What::Poll, What::Leave, What::Map { schedule: 1 }, What::List, What::Balance { user }]);
    match (ended.is_empty(), reason) {
        (false, _) => Asked { who: Who::Token(one(dice, &ended)), what, key: None },
        (true, "REVOKED") => staff(What::Revoke { user }),
        (true, "LEFT") => by_token(world, user, What::Leave),
        _ => sensible(world, dice, user),
    }
}

fn staff(what: What) -> Asked {
    Asked { who: Who::Nobody, what, key: None }
}

fn by_token(world: &World, user: usize, what: What) -> Asked {
    let who = world.live_token(user).or(world.newest_token(user)).map_or(Who::Nobody, Who::Token);
    Asked { who, what, key: None }
}

fn keyed(mut asked: Asked, dice: &mut Dice) -> Asked {
    asked.key = (dice.below(100) < 25).then(|| dice.below(6));
    asked
}

pub fn one<T: Clone>(dice: &mut Dice, from: &[T]) -> T {
    from[dice.below(from.len() as u64) as usize].clone()
}

/// To a due moment, to just before it, or by any time.
fn turn(world: &World, dice: &mut Dice) -> What {
    let mut due: Vec<i64> = Vec::new();
    let pending = world.reservations.iter().filter(|it| it.status == "PENDING_PAYMENT");
    due.extend(pending.map(|it| it.expires_at));
    for token in &world.tokens {
        due.extend(world.silent_until(token));
        if token.life == Life::Active {
            due.extend([token.active_until, token.visit_until]);
        }
    }
    due.extend(world.admissions.iter().map(|(_, at)| at + 60_000));
    due.extend(world.schedules.iter().flat_map(|it| [it.sale_opens_at, it.sale_closes_at]));
    due.retain(|at| (1..200_000).contains(&(at - world.now)));
    due.sort_unstable();
    due.dedup();
    due.truncate(3);
    // Long after everything else: to the last moment at which something is given back, and to where a sale closes.
    let dates = world.schedules.iter().flat_map(|it| [it.refund_until(it.refund_hours), Some(it.starts_at())]);
    let hours: Vec<i64> = dates.flatten().filter(|at| (world.now + 1..23 * HOUR_MS).contains(at)).collect();
    if world.story.len() > 60 && !hours.is_empty() && dice.below(12) == 0 {
        return What::Turn { ms: one(dice, &hours) - world.now - dice.below(2) as i64 };
    }
    let ms = match (dice.below(10), due.is_empty()) {
        (0..4, false) => one(dice, &due) - world.now,
        (4..7, false) => one(dice, &due) - world.now - 1,
        (7, _) => dice.below(30_000) as i64,
        _ => dice.below(8_000) as i64,
    };
    What::Turn { ms }
}

/// What this user would do now.
fn sensible(world: &World, dice: &mut Dice, user: usize) -> Asked {
    let live = world.live_token(user).filter(|_| dice.below(20) > 0); // some stand in both lines
    let Some(token) = live else {
        return staff(What::LineUp { user, right_key: true, line: one(dice, &[0, 0, 0, 0, 1]) });
    };
    let line = world.tokens[token].line;
    if world.tokens[token].life == Life::Waiting {
        let what = if dice.below(10) < 8 { What::Poll } else { What::Map { schedule: 1 } };
        return by_token(world, user, what);
    }
    let Some(pending) = world.pending_of(user) else {
        let asked = by_token(world, user, hold(world, dice, line));
        return keyed(asked, dice);
    };
    let it = &world.reservations[pending];
    let of = PaidFor::Reservation(Some(pending));
    let over = world.now >= world.tokens[token].visit_until;
    let what = match dice.below(100) {
        0..40 if over => hold(world, dice, line),
        0..28 => What::Pay { paid_for: of, amount: it.amount },
        28..42 => What::Pay { paid_for: PaidFor::Seats(it.schedule, it.seats.clone()), amount: it.amount },
        42..62 if it.amount > 0 => What::TopUp { user, amount: it.amount },
        62..68 => What::Pay { paid_for: of, amount: it.amount + 1 },
        68..80 => hold(world, dice, line),
        80..88 => What::Cancel { reservation: Some(pending) },
        88..91 => What::Leave,
        _ => What::See { reservation: Some(pending) },
    };
    let asked = by_token(world, user, what);
    let visit_until = world.tokens[token].visit_until;
    if visit_until > world.now && it.expires_at > visit_until && dice.below(4) == 0 {
        return staff(What::Turn { ms: visit_until - world.now }); // to where only the hold keeps the visit open
    }
    if matches!(asked.what, What::Pay { .. } | What::TopUp { .. } | What::Hold { .. }) {
        keyed(asked, dice)
    } else {
        asked
    }
}

fn hold(world: &World, dice: &mut Dice, line: usize) -> What {
    let schedule = match line {
        0 => one(dice, &[1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 5]),
        _ => one(dice, &[5, 5, 5, 5, 1]),
    };
    let labels = world.schedule(schedule).map(|it| it.labels()).unwrap_or_default();
    let on = match (schedule, dice.below(4)) {
        (1, 0) => On::Date(1, DATES[0]),
        (2, 0) => On::Date(1, DATES[1]),
        _ => On::Schedule(schedule),
    };
    let count = one(dice, &[1, 1, 1, 2, 2, 3]);
    let seats = if labels.is_empty() { vec!["1".into()] } else { dice.pick(&labels, count) };
    What::Hold { on, seats }
}

/// Something that was asked under a key, once more: word for word, or something else under the same key.
fn again(world: &World, dice: &mut Dice) -> Asked {
    let late = world.keyed.len().saturating_sub(12);
    let mut asked = one(dice, &world.keyed[late..]);
    if dice.below(3) == 0 {
        asked.what = match asked.what {
            What::Pay { paid_for, amount } => What::Pay { paid_for, amount: amount + 2 },
            What::TopUp { user, amount } => What::TopUp { user, amount: amount + 2 },
            other => other,
        };
    }
    asked
}

/// Somebody who asks for this user, rightly or not.
fn anybody(world: &World, dice: &mut Dice, user: usize) -> Who {
    match dice.below(20) {
        0 => Who::Nobody,
        1 => Who::Stranger,
        2 => Who::WrongKey(user),
        3..6 if !world.tokens.is_empty() => Who::Token(dice.below(world.tokens.len() as u64) as usize),
        6..11 => world.newest_token(user).map_or(Who::Key(user), Who::Token),
        _ => Who::Key(user),
    }
}

/// Somebody who asks where only a token will do.
fn with_token(world: &World, dice: &mut Dice, user: usize) -> Who {
    let active: Vec<usize> = (0..world.tokens.len()).filter(|it| world.tokens[*it].life == Life::Active).collect();
    match dice.below(10) {
        0..6 if !active.is_empty() => Who::Token(one(dice, &active)),
        6 | 7 if !world.tokens.is_empty() => Who::Token(dice.below(world.tokens.len() as u64) as usize),
        _ => anybody(world, dice, user),
    }
}

fn any_reservation(world: &World, dice: &mut Dice) -> Option<usize> {
    (!world.reservations.is_empty() && dice.below(12) > 0).then(|| dice.below(world.reservations.len() as u64) as usize)
}

fn odd(world: &World, dice: &mut Dice, user: usize) -> Asked {
    match dice.below(100) {
        0..3 => staff(What::LineUp { user, right_key: false, line: 0 }),
        3..10 => Asked { who: with_token(world, dice, user), what: What::Poll, key: None },
        10..12 => Asked { who: with_token(world, dice, user), what: What::Leave, key: None },
        12..17 => staff(What::Draw),
        17..24 => look(world, dice, user),
        24..44 => odd_hold(world, dice, user),
        44..62 => odd_pay(world, dice, user),
        62..72 => own(world, dice, user),
        72..82 => {
            let rich = (0..USERS).find(|it| world.purses[*it].balance > BALANCE_MAX - TOP_UP_MAX);
            let user = rich.filter(|_| dice.below(2) == 0).unwrap_or(user);
            let other = if dice.below(4) == 0 { (user + 1) % USERS } else { user };
            let amount = one(dice, &[0, TOP_UP_MAX + 1, 1, 1_000, 50_000, TOP_UP_MAX, TOP_UP_MAX]);
            let asked = Asked { who: anybody(world, dice, user), what: What::TopUp { user: other, amount }, key: None };
            keyed(asked, dice)
        }
        _ => staff(staff_work(world, dice, user)),
    }
}

fn look(world: &World, dice: &mut Dice, user: usize) -> Asked {
    let what = match dice.below(6) {
        0 => What::Dates { concert: one(dice, &[1, 1, 2, 7]), all: dice.below(2) == 0 },
        1 | 2 => What::MapOn { concert: one(dice, &[1, 1, 1, 2, 7]), date: one(dice, &DATES) },
        _ => What::Map { schedule: one(dice, &[1, 2, 3, 4, 5, 99]) },
    };
    Asked { who: with_token(world, dice, user), what, key: None }
}

fn odd_hold(world: &World, dice: &mut Dice, user: usize) -> Asked {
    let texts = |labels: &[&str]| labels.iter().map(|label| label.to_string()).collect::<Vec<_>>();
    let taken: Vec<String> = world.schedules[0].labels();
    let (on, seats) = match dice.below(10) {
        0 => (On::Schedule(99), texts(&["1"])),
        1 => (On::Schedule(1), texts(&["1", "99", "A"])),
        2 => (On::Schedule(1), vec![]),
        3 => (On::Schedule(1), texts(&["2", "2"])),
        4 | 5 => (On::Schedule(1), dice.pick(&taken, 4)),
        6 => (On::Date(1, DATES[2]), texts(&["1"])),
        7 => (On::Date(one(dice, &[1, 2, 7]), one(dice, &DATES)), texts(&["1"])),
        _ => (On::Schedule(one(dice, &[1, 2, 3, 4])), texts(&["1", "2", "3"])),
    };
    let closed = world.schedules.iter().filter(|it| world.now < it.sale_opens_at).map(|it| it.id).collect::<Vec<_>>();
    let on = if closed.is_empty() || dice.below(3) > 0 { on } else { On::Schedule(one(dice, &closed)) };
    let asked = Asked { who: with_token(world, dice, user), what: What::Hold { on, seats }, key: None };
    keyed(asked, dice)
}

fn odd_pay(world: &World, dice: &mut Dice, user: usize) -> Asked {
    // Mostly by somebody inside, for a reservation of theirs that is over.
    let inside = inside(world);
    let user = if inside.is_empty() { user } else { one(dice, &inside) };
    let paid = world.reservations.iter().filter(|it| it.status == "CONFIRMED" && inside.contains(&it.user));
    let again: Vec<usize> = paid.map(|it| it.user).collect();
    let user = if again.is_empty() || dice.below(3) == 0 { user } else { one(dice, &again) };
    let own: Vec<usize> = (0..world.reservations.len()).filter(|it| world.reservations[*it].user == user).collect();
    let found = if own.is_empty() || dice.below(5) == 0 { any_reservation(world, dice) } else { Some(one(dice, &own)) };
    let amount = found.map_or(1, |it| world.reservations[it].amount);
    let paid_for = match (found, dice.below(4)) {
        (Some(it), 0) => PaidFor::Seats(world.reservations[it].schedule, world.reservations[it].seats.clone()),
        (_, 1) if dice.below(3) == 0 => PaidFor::Seats(1, vec![]),
        _ => PaidFor::Reservation(found),
    };
    let who = if dice.below(6) == 0 {
        with_token(world, dice, user)
    } else {
        world.newest_token(user).map_or(Who::Nobody, Who::Token)
    };
    keyed(Asked { who, what: What::Pay { paid_for, amount }, key: None }, dice)
}

fn own(world: &World, dice: &mut Dice, user: usize) -> Asked {
    let other = if dice.below(4) == 0 { (user + 1) % USERS } else { user };
    let reservation = any_reservation(world, dice);
    let mut who = anybody(world, dice, user);
    if let (Some(it), 0..6) = (reservation, dice.below(10)) {
        who = Who::Key(world.reservations[it].user);
    }
    let what = match dice.below(12) {
        11 => What::HandOver { reservation },
        8 | 9 => What::RefundOwn { seats: super::counter::some_of(world, dice, reservation), reservation },
        0 => What::List,
        1 => What::Balance { user: other },
        2 => What::Entries { user: other },
        3 | 4 => What::SeePayment { reservation },
        5..8 => What::Cancel { reservation },
        _ => What::See { reservation },
    };
    Asked { who, what, key: None }
}

fn staff_work(world: &World, dice: &mut Dice, user: usize) -> What {
    let schedule = one(dice, &[1, 2, 3, 4, 5]);
    match dice.below(12) {
        10.. => What::SetTerms { schedule, hours: one(dice, &[None, Some(0), Some(24)]) },
        0 => What::Revoke { user },
        1 | 2 => What::SetRules(
            one(dice, &[0, 0, 1]),
            Rules {
                max_active: one(dice, &[0, 1, 2, 3, 3, 4]),
                admit_per_minute: one(dice, &[0, 2, 5, 5]),
                visit_ms: one(dice, &[60_000, 90_000, 90_000]),
                abandon_ms: one(dice, &[20_000, 30_000, 45_000]),
                claim_ms: one(dice, &[0, 10_000, 20_000]),
                grace_ms: one(dice, &[0, 20_000, 40_000, 60_000]),
                paused: dice.below(6) == 0,
            },
        ),
        3 if world.rules[0] != FIRST_RULES => What::SetRules(0, FIRST_RULES),
        3 if world.rules[1] != FIRST_RULES => What::SetRules(1, FIRST_RULES),
        3..6 => {
            let seat = one(dice, &["1", "2", "3"]).to_owned();
            What::Block { schedule, seat, blocked: dice.below(2) == 0 }
        }
        6 | 7 => {
            let opens = world.now + one(dice, &[-60_000, -1, 0, 1, 10_000, 30_000, 60_000]);
            let closed = dice.below(5) == 0;
            let closes = if closed { world.now.max(opens + 1) } else { opens + one(dice, &[1, 60_000, 120_000]) };
            What::SetSale { schedule, opens, closes }
        }
        8 => What::SetSale { schedule, opens: EVER.0, closes: EVER.1 },
        _ => {
            let balance = world.purses[user].balance;
            let wanted = one(dice, &[0, 40_000, 200_000, BALANCE_MAX, BALANCE_MAX - 5_000, BALANCE_MAX]);
            let amount = if dice.below(6) == 0 { -balance - 1 } else { wanted - balance };
            if amount == 0 { What::Revoke { user } } else { What::Correct { user, amount } }
        }
    }
}
