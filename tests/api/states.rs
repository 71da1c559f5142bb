//! `check` after random calls of staff and customers: a state that can be reached is sound, and nothing is told of it.

use crate::support::invariants::Dice;
use crate::support::{Customer, PRICE, TestApp};
use boxoffice::check::{Findings, examine};
use serde_json::{Value, json};

const RUNS: u64 = 6;
const STEPS: usize = 70;
const USERS: usize = 7;

/// One run: a hall, its users, and what was done so far.
struct Run {
    app: TestApp,
    users: Vec<Customer>,
    dice: Dice,
    story: Vec<String>,
}

impl Run {
    fn of(seed: u64) -> Run {
        let flags = ["--max-active=2", "--abandon-seconds=86400", "--claim-seconds=0", "--visit-seconds=86400"];
        let app = TestApp::with_seats(6, &flags);
        let users = (0..USERS).map(|_| app.user()).collect();
        Run { app, users, dice: Dice::of(seed), story: Vec::new() }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.dice.below(bound)
    }

    fn user(&mut self) -> usize {
        self.below(USERS as u64) as usize
    }

    fn step(&mut self) {
        let what = match self.below(22) {
            0..5 => self.line_up(),
            5 => self.leave(),
            6 | 7 => self.announce(),
            8 | 9 => self.staff("PATCH", "/queue", json!({ "opensAt": null })),
            10 | 11 => self.turn(),
            12 => self.invite(),
            13 | 14 => self.let_in(),
            15 => self.restart(),
            16 => self.rules(),
            17 | 18 => self.buy(),
            19 => self.seats(),
            20 => self.about_a_user(),
            _ => self.refund(),
        };
        self.story.push(what);
    }

    fn staff(&self, method: &str, path: &str, body: Value) -> String {
        let answer = self.app.staff(method, path, body.clone());
        assert!(answer.status < 500, "{method} {path} {body}: {}", answer.text);
        format!("{method} {path} {body} -> {}", answer.status)
    }

    fn line_up(&mut self) -> String {
        let user = self.user();
        format!("{user} lines up -> {}", self.users[user].line_up().status)
    }

    fn leave(&mut self) -> String {
        let user = self.user();
        format!("{user} leaves -> {}", self.users[user].delete("/queue/token").status)
    }

    /// An opening some seconds ahead, of which there may be one already.
    fn announce(&mut self) -> String {
        let ahead_ms = 1 + self.below(20_000) as i64;
        format!("opens at {}", self.app.open_line_in(ahead_ms))
    }

    fn turn(&mut self) -> String {
        let ms = self.below(25_000);
        self.app.advance_ms(ms);
        format!("{ms} ms pass")
    }

    fn invite(&mut self) -> String {
        let user = self.user();
        self.staff("POST", "/queue/tokens", json!({ "userId": self.users[user].id }))
    }

    fn let_in(&mut self) -> String {
        let count = 1 + self.below(3);
        self.staff("POST", "/queue/admissions", json!({ "count": count }))
    }

    fn restart(&mut self) -> String {
        self.app.reopen();
        let client = self.app.client.clone();
        self.users.iter_mut().for_each(|user| user.client = client.clone());
        "restart".into()
    }

    fn rules(&mut self) -> String {
        let (max_active, paused) = (1 + self.below(3), self.below(4) == 0);
        self.staff("PATCH", "/queue", json!({ "maxActive": max_active, "paused": paused }))
    }

    fn buy(&mut self) -> String {
        let (user, seat, pays) = (self.user(), 1 + self.below(6), self.below(3));
        let user = &self.users[user];
        let held = user.hold(1, &[&seat.to_string()]);
        if pays > 0 {
            user.top_up(PRICE);
            user.pay(&held.body["reservationId"], PRICE);
        }
        format!("hold of seat {seat} -> {}, pays: {pays}", held.status)
    }

    fn seats(&mut self) -> String {
        let (number, blocked) = (1 + self.below(6), self.below(2) == 0);
        match self.below(3) {
            0 => self.staff("PUT", &format!("/schedules/2/seats/{number}"), json!({ "blocked": blocked })),
            1 => {
                let layout = json!({ "numbered": { "count": number, "price": PRICE } });
                self.staff("PATCH", "/schedules/2", json!({ "layout": layout }))
            }
            _ => self.staff("PATCH", "/schedules/2", json!({ "price": number * 1_000 })),
        }
    }

    fn about_a_user(&mut self) -> String {
        let user = self.user();
        let id = self.users[user].id.clone();
        if self.below(2) == 0 {
            return self.staff("DELETE", &format!("/queue/tokens/{id}"), Value::Null);
        }
        let key = self.app.staff("POST", &format!("/users/{id}/key"), json!({})).must(201)["userKey"].clone();
        self.users[user].key = key.as_str().unwrap().to_owned();
        format!("a new key for {user}")
    }

    fn refund(&mut self) -> String {
        let user = self.user();
        let all = self.users[user].get_by_key("/reservations").must(200)["reservations"].clone();
        let paid = all.as_array().unwrap().iter().find(|it| it["status"] == "CONFIRMED").cloned();
        let Some(paid) = paid else { return "nothing to refund".into() };
        self.staff("POST", &format!("/reservations/{}/refund", paid["reservationId"].as_str().unwrap()), json!({}))
    }

    fn is_sound(&self) {
        let found = examine(&self.app.file());
        assert_eq!(found, Findings::default(), "after\n  {}", self.story.join("\n  "));
    }
}

/// A rule that holds only as long as nobody sets an opening and undoes it, or draws twice, makes a sound
/// venue one that is neither backed up nor restored.
#[test]
fn check_passes_every_state_that_staff_can_reach_with_draws_openings_undo_and_restarts() {
    let mut dice = Dice::thrown("states");
    for _ in 0..RUNS {
        let mut run = Run::of(dice.next());
        for _ in 0..STEPS {
            run.step();
            run.is_sound();
        }
    }
}

/// The two stories by which people who were drawn are left behind those
/// let in: an opening that is undone, a second draw.
#[test]
fn check_passes_when_people_who_were_drawn_wait_for_another_opening() {
    for is_undone in [true, false] {
        let mut run = Run::of(1);
        run.staff("PATCH", "/queue", json!({ "maxActive": 1 }));
        for round in 0..6 {
            run.announce();
            (0..USERS).for_each(|user| drop(run.users[user].line_up()));
            if !is_undone || round == 0 {
                run.app.advance_ms(20_000);
            } else {
                run.staff("PATCH", "/queue", json!({ "opensAt": null }));
            }
            run.is_sound();
            run.staff("POST", "/queue/admissions", json!({ "count": 1 }));
            run.is_sound();
        }
    }
}
