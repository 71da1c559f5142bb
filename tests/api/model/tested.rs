//! The running server: asks it over HTTP what the model was asked, and compares the answer, and after every step all
//! that can be seen of it without changing anything.

use std::collections::BTreeMap;

use boxoffice::clock::Millis;
use serde_json::{Value, json};

use super::counts;
use super::requests::starts_at;
use super::words::{Asked, Expected, Fact, What, Who};
use super::world::{Life, ORIGIN_MS, STEADY, Schedule, USERS, World};
use crate::support::invariants::{faults, number};
use crate::support::{Answer, Customer, STAFF_KEY, TestApp, basic, bearer};

/// The venue under test and the names that it gave to what the model counts.
pub struct Tested {
    app: TestApp,
    pub file: rusqlite::Connection,
    pub users: Vec<Customer>,
    tokens: Vec<String>,
    /// Each with its payment.
    pub reservations: Vec<(String, String)>,
    kept: BTreeMap<(usize, u64), (u16, String)>,
    /// The last tag and text of each map as each user saw it.
    maps: BTreeMap<(usize, i64), (String, String)>,
    steps: usize,
}

/// Status, reason of the end, moment of admission, end of the visit.
type TokenRow = (String, Option<String>, Option<i64>, Option<i64>);

impl Tested {
    pub fn open(world: &World) -> Tested {
        let policy = if world.staff_sells_points { "staff" } else { "self" };
        let ends = format!("--visit-ends-on-payment={}", !world.visits_go_on);
        let flags = [
            "--max-active=3",
            "--admit-per-minute=5",
            "--visit-seconds=90",
            "--abandon-seconds=30",
            "--claim-seconds=20",
            "--grace-seconds=40",
            "--hold-seconds=60",
            "--seats-per-user=3",
            "--payment-attempts=2",
            &ends,
            "--top-up-policy",
            policy,
        ];
        let app = TestApp::empty(&flags);
        app.advance_ms((ORIGIN_MS - app.now().unix_ms()) as u64);
        for title in ["Nacht", "Tag"] {
            app.staff("POST", "/concerts", json!({ "title": title })).must(201);
        }
        for schedule in &world.schedules {
            let starts_at = starts_at(schedule.id, 0);
            let layout = json!({ "numbered": { "count": schedule.seats, "price": schedule.price } });
            let tariffs = json!([{ "name": "Child", "percent": 50 }]);
            let date = json!({ "startsAt": starts_at, "layout": layout, "tariffs": tariffs });
            app.staff("POST", &format!("/concerts/{}/schedules", schedule.concert), date).must(201);
        }
        app.staff("PUT", "/concerts/2/line", json!({})).must(200);
        let users = (0..USERS).map(|_| app.user()).collect();
        let file = app.file();
        let (tokens, reservations) = (Vec::new(), Vec::new());
        Tested { app, file, users, tokens, reservations, kept: BTreeMap::new(), maps: BTreeMap::new(), steps: 0 }
    }

    /// Asks what the model was asked last and compares the answer.
    pub fn step(&mut self, world: &World) {
        let Some((asked, expected)) = &world.last else { return };
        self.steps += 1;
        if asked.what == What::Restart {
            counts::step(expected, false);
            return self.restart();
        }
        let before = self.dump();
        let answer = self.ask(asked);
        if (400..500).contains(&answer.status) && answer.status != 402 {
            assert_eq!(self.dump(), before, "{asked:?} was refused and wrote something{}", tail(world));
        }
        counts::step(expected, answer.header("idempotency-replayed").is_some());
        let story = || tail(world);
        if let Some(key) = expected.replayed {
            let (status, text) = &self.kept[&key];
            assert_eq!((answer.status, &answer.text), (*status, text), "not the first answer again{}", story());
            assert_eq!(answer.header("idempotency-replayed"), Some("true"), "{}", story());
            return;
        }
        let code = answer.body["code"].as_str().filter(|_| answer.status >= 400).unwrap_or(""); // users have a code too
        assert_eq!((answer.status, code), (expected.status, expected.code), "{}{}", answer.text, story());
        assert_eq!(answer.header("idempotency-replayed"), None, "{}", story());
        if let Some(token) = expected.new_token {
            assert_eq!(token, self.tokens.len());
            self.tokens.push(answer.body["token"].as_str().unwrap().to_owned());
        }
        if let Some(reservation) = expected.new_reservation {
            assert_eq!(reservation, self.reservations.len());
            let text = |at: &str| answer.body.pointer(at).and_then(Value::as_str).unwrap().to_owned();
            self.reservations.push((text("/reservationId"), text("/payment/paymentId")));
            let at = if matches!(asked.what, What::Hold { .. } | What::Exchange { .. }) {
                "/api/v1"
            } else {
                "/api/v1/staff"
            };
            let at = format!("{at}/reservations/{}", text("/reservationId"));
            assert_eq!(answer.header("location"), Some(&*at));
        }
        if let Some(key) = expected.kept {
            self.kept.insert(key, (answer.status, answer.text.clone()));
        }
        self.compare(&answer, &expected.facts, world);
        self.check_head(asked, expected, &answer, world);
        self.check_tag(asked, &answer, world);
    }

    /// Every row of every table, without what a refused call may leave: that the token's owner has called, the moment
    /// of it, and the answer under an idempotency key. What is declined (402) is written down as well.
    fn dump(&self) -> String {
        let tables = "SELECT t.name, group_concat('quote(\"' || c.name || '\")', ' || '','' || ')
            FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'
            AND t.name <> 'idempotency_answer' AND c.name NOT IN ('claimed_at', 'seen_at') GROUP BY t.name";
        let mut tables = self.file.prepare_cached(tables).unwrap();
        let tables = tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap);
        let mut dump = String::new();
        for (table, columns) in tables.collect::<Vec<(String, String)>>() {
            let mut rows = self.file.prepare_cached(&format!("SELECT {columns} FROM {table}")).unwrap();
            for row in rows.query_map([], |row| row.get::<_, String>(0)).unwrap() {
                dump += &format!("{table}: {}\n", row.unwrap());
            }
        }
        dump
    }

    fn restart(&mut self) {
        self.file = rusqlite::Connection::open_in_memory().unwrap(); // lets go of the file
        self.app.reopen();
        self.maps.clear();
        self.file = self.app.file();
    }

    fn check_head(&self, asked: &Asked, expected: &Expected, answer: &Answer, world: &World) {
        assert_eq!(answer.header("www-authenticate").is_some(), answer.status == 401, "{}", tail(world));
        let told = answer.body["pollAfterSeconds"].as_i64().map(|seconds| seconds.to_string());
        assert_eq!(answer.header("retry-after"), told.as_deref(), "{asked:?}{}", tail(world));
        let problem = answer.header("content-type") == Some("application/problem+json");
        assert_eq!(problem, !expected.code.is_empty(), "{}", tail(world));
    }

    /// The tag of a map changes exactly when the map does, between restarts.
    fn check_tag(&mut self, asked: &Asked, answer: &Answer, world: &World) {
        let (What::Map { schedule }, Who::Token(token), 200) = (&asked.what, asked.who, answer.status) else { return };
        let now = (answer.header("etag").unwrap().to_owned(), answer.text.clone());
        if let Some(before) = self.maps.insert((world.tokens[token].user, *schedule), now.clone()) {
            assert_eq!(before.0 == now.0, before.1 == now.1, "{}", tail(world));
        }
    }

    fn compare(&self, answer: &Answer, facts: &[(&'static str, Fact)], world: &World) {
        for (at, fact) in facts {
            let found = answer.body.pointer(at).unwrap_or(&Value::Null);
            let sound = match fact {
                Fact::Map(seats) => {
                    let seen = found.as_array().unwrap().iter();
                    seen.map(|seat| (&seat["status"], &seat["mine"])).eq(seats
                        .iter()
                        .map(|(s, m)| (json!(s), json!(m)))
                        .collect::<Vec<_>>()
                        .iter()
                        .map(|(s, m)| (s, m)))
                }
                Fact::Dates(dates) => {
                    let seen = found.as_array().unwrap().iter();
                    let seen =
                        seen.map(|it| (it["scheduleId"].as_i64().unwrap(), it["seatsAvailable"].as_i64().unwrap()));
                    seen.eq(dates.iter().copied())
                }
                Fact::Reservations(list) => {
                    let seen = found.as_array().unwrap().iter();
                    let seen = seen.map(|it| (it["reservationId"].as_str().unwrap(), it["status"].as_str().unwrap()));
                    seen.eq(list.iter().map(|(id, status)| (self.reservations[*id].0.as_str(), *status)))
                }
                Fact::Labels(labels) => {
                    found.as_array().unwrap().iter().map(|seat| seat["seat"].as_str().unwrap()).eq(labels)
                }
                Fact::SetOfLabels(labels) => {
                    let mut seen: Vec<&str> =
                        found.as_array().unwrap().iter().map(|seat| seat.as_str().unwrap()).collect();
                    let mut labels: Vec<&str> = labels.iter().map(String::as_str).collect();
                    seen.sort_unstable();
                    labels.sort_unstable();
                    seen == labels
                }
                Fact::Within(least, most) => found.as_i64().is_some_and(|found| (*least..=*most).contains(&found)),
                Fact::There(there) => found.is_null() != *there,
                Fact::Length(length) => found.as_array().unwrap().len() == *length,
                fact => *found == self.value(fact),
            };
            assert!(sound, "{at}: {fact:?} expected, {found} found in {}{}", answer.text, tail(world));
        }
    }

    fn value(&self, fact: &Fact) -> Value {
        match fact {
            Fact::Number(number) => json!(number),
            Fact::Word(word) => json!(word),
            Fact::At(ms) => json!(self.instant(*ms)),
            Fact::Truth(truth) => json!(truth),
            Fact::User(user) => json!(self.users[*user].id),
            Fact::Token(token) => json!(self.tokens[*token]),
            Fact::Reservation(reservation) => json!(self.reservations[*reservation].0),
            Fact::Payment(reservation) => json!(self.reservations[*reservation].1),
            Fact::Numbers(numbers) => json!(numbers),
            _ => Value::Null,
        }
    }

    pub fn instant(&self, ms: i64) -> String {
        Millis::from_unix_ms(ORIGIN_MS + ms).to_string()
    }

    fn ask(&self, asked: &Asked) -> Answer {
        let (method, path, body) = self.request(&asked.what);
        let credential = match asked.who {
            _ if path.starts_with("/staff/") => bearer(STAFF_KEY),
            Who::Nobody => String::new(),
            Who::Stranger => bearer("0123456789abcdef0123456789abcdef"),
            Who::Token(token) => bearer(&self.tokens[token]),
            Who::Key(user) => basic(&self.users[user].id, &self.users[user].key),
            Who::WrongKey(user) => basic(&self.users[user].id, &self.users[(user + 1) % USERS].key),
        };
        let key = asked.key.map(|key| format!("key-{key}")).unwrap_or_default();
        let wait = if matches!(asked.what, What::CancelDate { .. }) { "wait=20" } else { "" };
        let headers = [("authorization", credential.as_str()), ("idempotency-key", &key), ("prefer", wait)];
        let body = (!body.is_null()).then(|| body.to_string());
        self.app.client.call_with(method, &format!("/api/v1{path}"), &headers, body.as_deref())
    }

    /// Compares all that can be seen. The steady poll: the model has already counted that. Of the
    /// others, only calls that change nothing: of ended tokens, of active ones that were heard of,
    /// and of waiting ones heard of at this very moment.
    pub fn observe(&self, world: &World) {
        self.app.advance_ms(0); // what came due with the last answer is written down
        let lines = self.app.staff_get("/lines");
        for line in [0, 1] {
            let figures = [
                ("waiting", world.count(line, Life::Waiting)),
                ("active", world.count(line, Life::Active)),
                ("admittedLastMinute", world.admitted_last_minute(line)),
                ("oldestWaitSeconds", world.oldest_wait_seconds(line)),
            ];
            for (name, figure) in figures {
                assert_eq!(lines.body["lines"][line][name], figure, "{name} of line {line}{}", tail(world));
            }
        }
        for (user, line) in (0..USERS).flat_map(|user| [(user, 0), (user, 1)]) {
            if let Some(token) = world.newest_in(line, user) {
                self.observe_token(world, user, token);
            }
        }
        let user = self.steps % USERS;
        self.observe_list(world, user);
        if !world.removed[user] {
            let balance = self.ask(&Asked { who: Who::Key(user), what: What::Balance { user }, key: None });
            self.compare(&balance, &world.balance_facts(user), world);
        }
        let inside = |token: &&usize| world.tokens[**token].life == Life::Active && world.tokens[**token].claimed;
        let viewers: Vec<usize> = (0..world.tokens.len()).collect();
        if let Some(viewer) = viewers.iter().find(inside) {
            let is_open = |it: &&Schedule| world.must_open(*viewer, it.concert).is_ok();
            let open: Vec<&Schedule> = world.schedules.iter().filter(is_open).collect();
            let schedule = open[self.steps % open.len()];
            let map =
                self.ask(&Asked { who: Who::Token(*viewer), what: What::Map { schedule: schedule.id }, key: None });
            let facts = [("/seats", Fact::Map(world.map(schedule, world.tokens[*viewer].user)))];
            self.compare(&map, &facts, world);
        }
        self.observe_file(world);
    }

    /// All reservations of a user, who may see them no more where the account is removed.
    fn observe_list(&self, world: &World, user: usize) {
        let list = self.ask(&Asked { who: Who::Key(user), what: What::List, key: None });
        if world.removed[user] {
            list.refused(401, "USER_KEY_INVALID");
            return;
        }
        self.compare(&list, &[("/reservations", Fact::Reservations(world.list_of(user)))], world);
    }

    fn observe_token(&self, world: &World, user: usize, token: usize) {
        let it = &world.tokens[token];
        let quiet = match it.life {
            Life::Waiting => it.heard_at == world.now,
            Life::Active => it.claimed,
            Life::Ended(_) => true,
        };
        if !quiet && user >= STEADY {
            return;
        }
        let answer = self.ask(&Asked { who: Who::Token(token), what: What::Poll, key: None });
        match it.life {
            Life::Ended(reason) => {
                assert_eq!(
                    (answer.status, &answer.body["reason"]),
                    (401, &json!(reason)),
                    "{}{}",
                    answer.text,
                    tail(world)
                );
            }
            _ => self.compare(&answer, &world.token_facts(token), world),
        }
    }

    /// The file: every token, reservation, claim and balance.
    fn observe_file(&self, world: &World) {
        let mut statement = self
            .file
            .prepare_cached("SELECT status, end_reason, activated_at, active_until FROM token ORDER BY token_id")
            .unwrap();
        let rows: Vec<TokenRow> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(rows.len(), world.tokens.len(), "{}", tail(world));
        for (n, (it, (status, reason, activated_at, until))) in world.tokens.iter().zip(&rows).enumerate() {
            let (life, ended) = match it.life {
                Life::Waiting => ("WAITING", None),
                Life::Active => ("ACTIVE", None),
                Life::Ended(reason) => ("EXPIRED", Some(reason)),
            };
            assert_eq!((status.as_str(), reason.as_deref()), (life, ended), "token {n}{}", tail(world));
            assert_eq!(activated_at.map(|at| at - ORIGIN_MS), it.activated_at, "token {n}{}", tail(world));
            if it.life == Life::Active {
                assert_eq!(until.unwrap() - ORIGIN_MS, it.active_until, "token {n}{}", tail(world));
            }
        }
        let mut find = self
            .file
            .prepare_cached("SELECT status, declined_count FROM reservation WHERE reservation_id = ?1")
            .unwrap();
        for ((id, _), it) in self.reservations.iter().zip(&world.reservations) {
            let id: uuid::Uuid = id.parse().unwrap();
            let row: (String, u32) = find.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            assert_eq!((row.0.as_str(), row.1), (it.status, it.declined), "{}", tail(world));
        }
        let taken = |world: &World| -> i64 { world.schedules.iter().map(|it| it.seats as i64 - world.free(it)).sum() };
        assert_eq!(number(&self.file, "SELECT count(*) FROM claim"), taken(world), "{}", tail(world));
        let points: i64 = world.purses.iter().map(|purse| purse.balance).sum();
        assert_eq!(number(&self.file, "SELECT coalesce(sum(points), 0) FROM balance"), points, "{}", tail(world));
        let count = |status: &str| world.reservations.iter().filter(|it| it.status == status).count() as i64;
        let held = number(&self.file, "SELECT count(*) FROM reservation WHERE status = 'PENDING_PAYMENT'");
        assert_eq!(held, count("PENDING_PAYMENT"), "{}", tail(world));
    }

    /// At the end of a run: every place, every reservation, and what must hold in every file.
    pub fn close(mut self, world: &World) {
        for token in 0..world.tokens.len() {
            let answer = self.ask(&Asked { who: Who::Token(token), what: What::Poll, key: None });
            assert_eq!(
                answer.body["position"].as_i64(),
                world.is_live(token).then(|| world.position(token)),
                "{}",
                tail(world)
            );
        }
        for user in 0..USERS {
            self.observe_list(world, user);
        }
        let ends = |fault: &String| fault.starts_with("a payment that did not end a visit");
        let wrong: Vec<String> =
            faults(&self.file).into_iter().filter(|it| !(world.visits_go_on && ends(it))).collect();
        assert_eq!(wrong, [""; 0], "{}", tail(world));
        self.app.close();
    }
}

/// What led here, for whoever reads a failure.
fn tail(world: &World) -> String {
    let late = world.story.len().saturating_sub(60);
    format!("\n  {}", world.story[late..].join("\n  "))
}
