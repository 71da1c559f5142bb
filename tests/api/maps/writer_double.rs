//! A writer with maps that follow it and no sweeper: what is due stays in the file until a test takes it away.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, mpsc};

use boxoffice::call::{Change, Tx};
use boxoffice::clock::{Clock, Millis, Mode};
use boxoffice::http::{Method, Request};
use boxoffice::refusal::Refusal;
use boxoffice::schedule::{self, Times};
use boxoffice::seat::{self, Hold, MapCache, MapPart, MapSeat, Seat, SeatWish};
use boxoffice::store::{self, Bounds, CommitError, Outcome, Readers, Writer, WriterHooks};
use boxoffice::threads::OnFatal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::TestApp;
use crate::support::invariants::Dice;

const SEATS: u64 = 12;
const VIEWERS: usize = 3;

/// Holds with the labels of their seats.
type Holds = Mutex<Vec<(Hold, Vec<String>)>>;

pub struct WriterDouble {
    writer: Writer<Change>,
    maps: Arc<MapCache>,
    readers: Readers,
    clock: Arc<Clock>,
    viewers: Vec<Uuid>,
    /// The holds that were made; some are over, given back or sold by now.
    holds: Arc<Holds>,
    /// What transactions were told that their file does not say: a panic in
    /// a piece of work would only take the piece back.
    faults: Arc<Mutex<Vec<String>>>,
    /// What each tag stood for.
    tags: Mutex<HashMap<String, Vec<u8>>>,
    /// The map that each viewer has: seats by what changed since the one before.
    followed: Mutex<HashMap<Uuid, Value>>,
    /// How often a map came whole although less was asked for, and how often by what changed.
    whole: AtomicUsize,
    parts: AtomicUsize,
    _folder: tempfile::TempDir,
    _lock: store::DatabaseLock,
}

impl WriterDouble {
    pub fn open() -> WriterDouble {
        let folder = tempfile::tempdir().unwrap();
        let (path, viewers) = hall_in(&folder);
        let opened = store::open(&path).unwrap();
        let clock = Arc::new(Clock::start(Mode::Frozen, 0, None, Clock::wall_now()).unwrap());
        let maps = Arc::new(MapCache::new(1_000));
        let learning = Arc::clone(&maps);
        let rounds = WriterHooks {
            before_batch: Box::new(|_| Ok(())),
            after_batch: Box::new(|_| Ok(())),
            on_commit: Box::new(move |_, _, changes| {
                learning.apply(&changes);
                Ok(())
            }),
            next_deadline: Box::new(|_| None),
            on_fatal: OnFatal::new(|| panic!("nothing here breaks the file")),
        };
        let bounds = Bounds { jobs_max: 100, batch_max: 100 };
        let writer = Writer::start(opened.connection, Arc::clone(&clock), bounds, rounds).unwrap();
        let readers = Readers::open(&path, 1).unwrap();
        WriterDouble {
            writer,
            maps,
            readers,
            clock,
            viewers,
            holds: Arc::default(),
            faults: Arc::default(),
            tags: Mutex::default(),
            followed: Mutex::default(),
            whole: AtomicUsize::default(),
            parts: AtomicUsize::default(),
            _folder: folder,
            _lock: opened.lock,
        }
    }

    /// One to four pieces of work, some of them refused at their end, in transactions as they come.
    pub fn transact_at_random(&self, dice: &mut Dice) {
        if dice.below(4) == 0 {
            self.clock.advance_ms(dice.below(3_000));
        }
        let pieces: Vec<_> = (0..=dice.below(4)).map(|_| self.submit(Dice::of(dice.next()))).collect();
        pieces.into_iter().for_each(|piece| piece.recv().unwrap());
    }

    fn submit(&self, mut dice: Dice) -> mpsc::Receiver<()> {
        let (done, ended) = mpsc::channel();
        let (maps, holds, faults) = (Arc::clone(&self.maps), Arc::clone(&self.holds), Arc::clone(&self.faults));
        let user_id = self.viewers[dice.below(VIEWERS as u64 - 1) as usize]; // the last never has a seat
        self.writer.submit(Box::new(move |tx: Result<&Tx, CommitError>| {
            let tx = tx.unwrap();
            for _ in 0..=dice.below(2) {
                let _ = tx.savepoint(|tx| {
                    work(tx, user_id, &mut dice, &holds)?;
                    faults.lock().unwrap().extend(fault_in_free_seats(tx, &maps));
                    if dice.below(4) == 0 { Err(Refusal::Internal.into()) } else { Ok(()) }
                });
                faults.lock().unwrap().extend(fault_in_free_seats(tx, &maps)); // also after it was taken back
            }
            Box::new(move |committed: Result<(), CommitError>| {
                committed.unwrap();
                done.send(()).unwrap();
            })
        }));
        ended
    }

    /// Memory and file, for everyone.
    pub fn compare(&self) {
        assert_eq!(*self.faults.lock().unwrap(), Vec::<String>::new());
        let now = self.clock.now();
        let reader = self.readers.get().unwrap();
        let schedule = schedule::must_find(&reader, 1).unwrap();
        let maps: Vec<Vec<MapSeat<Seat>>> =
            self.viewers.iter().map(|viewer| seat::list_map(&reader, 1, None, Some(*viewer), now).unwrap()).collect();
        let free = seat::count_available(&reader, 1, now).unwrap();
        drop(reader); // the maps read with the same one
        for (viewer, seats) in self.viewers.iter().zip(maps) {
            let reply = self.maps.show(&self.readers, &plain_request(), 1, *viewer, MapPart::default(), now).unwrap();
            let tag = reply.headers.iter().find(|(name, _)| name == "ETag").unwrap().1.clone();
            assert_eq!(self.tags.lock().unwrap().entry(tag).or_insert_with(|| reply.body.to_vec()), &*reply.body);
            let shown: Value = serde_json::from_slice(&reply.body).unwrap();
            let of_the_file = json!({
                "scheduleId": 1, "date": schedule.date, "version": schedule.version, "seatsAvailable": free, "seats": seats,
            });
            assert_eq!(shown.to_string(), of_the_file.to_string());
            self.follow(*viewer, now, &shown);
        }
        assert_eq!(self.maps.free(&self.readers, 1, now).unwrap().seats, free);
    }

    /// Who has the map of before and puts what changed since into it has the map of now.
    fn follow(&self, viewer: Uuid, now: Millis, whole: &Value) {
        let mut followed = self.followed.lock().unwrap();
        let has = followed.entry(viewer).or_insert_with(|| whole.clone());
        let since = has["version"].as_i64();
        let reply = self
            .maps
            .show(&self.readers, &plain_request(), 1, viewer, MapPart { since, attribute: None }, now)
            .unwrap();
        let news: Value = serde_json::from_slice(&reply.body).unwrap();
        let changed = news["seats"].as_array().unwrap();
        if news["since"].is_null() {
            assert_eq!(&news, whole, "the date itself was changed, so the map came whole");
            self.whole.fetch_add(1, Relaxed);
        } else {
            self.parts.fetch_add(1, Relaxed);
            assert_eq!(news["since"].as_i64(), since);
            for seat in changed {
                let place = has["seats"].as_array_mut().unwrap().iter_mut().find(|it| it["seat"] == seat["seat"]);
                *place.unwrap() = seat.clone();
            }
            assert_eq!(has["seats"], whole["seats"]);
        }
        *has = whole.clone();
    }

    pub fn close(self) {
        let (whole, parts) = (self.whole.into_inner(), self.parts.into_inner());
        assert!(whole > 0 && parts > whole, "{whole} maps came whole, {parts} by what changed");
        self.writer.stop();
        assert!(self.holds.lock().unwrap().len() > 20, "hardly a seat was held");
    }
}

/// A file with one date and the viewers.
fn hall_in(folder: &tempfile::TempDir) -> (PathBuf, Vec<Uuid>) {
    let path = folder.path().join("venue.db");
    let mut app = TestApp::on(&path, &[]);
    app.staff("POST", "/concerts", json!({ "title": "Nacht" })).must(201);
    let rows = json!([{ "row": "A", "count": SEATS / 2 }, { "row": "B\"", "count": SEATS / 2 }]);
    let layout = json!({ "sections": [{ "name": "R", "price": 5, "rows": rows }] });
    app.staff("POST", "/concerts/1/schedules", json!({ "startsAt": "2100-01-01T10:00:00Z", "layout": layout }))
        .must(201);
    let viewers = (0..VIEWERS).map(|_| app.user().id.parse().unwrap()).collect();
    app.close();
    (path, viewers)
}

fn plain_request() -> Request {
    Request {
        id: String::new(),
        method: Method::Get,
        path: String::new(),
        query: String::new(),
        headers: Vec::new(),
        body: Vec::new(),
        peer: [127, 0, 0, 1].into(),
        resumed: None,
    }
}

fn wanted(labels: &[String]) -> Vec<SeatWish> {
    labels.iter().map(|label| SeatWish { label: label.clone(), tariff: None }).collect()
}

fn work(tx: &Tx, user_id: Uuid, dice: &mut Dice, holds: &Holds) -> Outcome<()> {
    let label = |dice: &mut Dice| {
        let number = 1 + dice.below(SEATS / 2);
        if dice.below(2) == 0 { format!("A-{number}") } else { format!("B\"-{number}") }
    };
    match dice.below(8) {
        0..=2 => {
            let labels = vec![label(dice)];
            let until = tx.now().plus_ms(1 + dice.below(4_000) as i64);
            let claim = Hold { schedule_id: 1, reservation_id: reservation(tx, user_id)?, user_id, until };
            seat::hold(tx, &claim, &seat::must_find(tx, 1, &wanted(&labels))?.0)?;
            holds.lock().unwrap().push((claim, labels));
        }
        3 | 4 => {
            let holds = holds.lock().unwrap();
            let Some((claim, labels)) = holds.get(dice.below(holds.len().max(1) as u64) as usize) else {
                return Ok(());
            };
            if !is_there(tx, claim)? {
                return Ok(());
            }
            let (seats, _) = seat::must_find(tx, 1, &wanted(labels))?;
            if dice.below(2) == 0 {
                seat::release(tx, claim, &seats)?;
            } else if !seat::sell(tx, claim, &seats)? {
                return Err(Refusal::HoldExpired.into());
            }
        }
        5 | 6 => seat::block(tx, 1, &label(dice), dice.below(2) == 0, Some("a reason"))?,
        _ => {
            let starts_at = Millis::from_unix_ms(4_102_444_800_000 + dice.below(30) as i64 * 86_400_000);
            let date = starts_at.date_in(&jiff::tz::TimeZone::UTC);
            let times = Times {
                starts_at,
                date,
                sale_opens_at: Millis::from_unix_ms(0),
                sale_closes_at: starts_at,
                refund_until_hours: None,
            };
            schedule::change_times(tx, 1, &times)?;
        }
    }
    Ok(())
}

/// Whether a hold's claim is still in the file; what was rolled back or given back is not.
fn is_there(tx: &Tx, claim: &Hold) -> Outcome<bool> {
    let there = "SELECT EXISTS (SELECT 1 FROM claim WHERE reservation_id = ?1)";
    Ok(tx.query_row(there, [claim.reservation_id], |row| row.get(0))?)
}

/// A row for the claim to point at; the reservation itself is over, since a user has one pending at most.
fn reservation(tx: &Tx, user_id: Uuid) -> Outcome<Uuid> {
    let id = boxoffice::ids::new_id(tx.now());
    tx.execute(
        "INSERT INTO reservation (reservation_id, user_id, schedule_id, status, amount, created_at, hold_expires_at, ended_at,
         payment_id) VALUES (?1, ?2, 1, 'CANCELLED', 0, 0, 1, 0, ?1)",
        (id, user_id),
    )?;
    Ok(id)
}

/// What a transaction is told is free, and what its own file says.
fn fault_in_free_seats(tx: &Tx, maps: &MapCache) -> Option<String> {
    let told = maps.free_seats(tx, 1).unwrap();
    let mut statement = tx
        .prepare("SELECT label, claim.seat_no IS NULL FROM seat LEFT JOIN claim USING (schedule_id, seat_no) ORDER BY seat_no")
        .unwrap();
    let of_the_file: Vec<(String, bool)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    let told: Vec<(String, bool)> =
        told.plan.seats.iter().zip(told.free).map(|(seat, free)| (seat.label.to_string(), free)).collect();
    (told != of_the_file).then(|| format!("{told:?} and not {of_the_file:?}"))
}
