//! The map of one date in memory: who has which seat, and how it looks to one viewer at one moment.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rusqlite::Connection;
use uuid::Uuid;

use super::drawing::Drawing;
use super::kinds::{FreeByKind, FreeOfKind, SeatKind};
use super::plan::{MapSeats, Plan};
use super::{Attribute, sql};
use crate::call::{Claim, SeatState};
use crate::clock::Millis;
use crate::points::Points;
use crate::schedule::Tariffs;
use crate::store::Outcome;

/// The claims on the seats of a date as the last commit left them.
#[derive(Debug)]
pub(super) struct Occupancy {
    /// The date's version, which counts the changes.
    pub version: i64,
    pub concert_id: i64,
    /// Seats without a claim, due or not, by their kind.
    free: FreeByKind,
    /// The seats held until each moment. Those that are due count as free, although no commit has said so yet.
    holds: BTreeMap<Millis, Vec<i64>>,
    pub map: Option<Map>,
}

/// Every seat of a date.
#[derive(Debug)]
pub(super) struct Map {
    date: String,
    tariffs: Arc<Tariffs>,
    pub plan: Arc<Plan>,
    /// By their index in the plan. Shared with those who are just writing it out, so that no commit waits for them.
    pub states: Arc<Vec<SeatState>>,
    /// The seats of each user who has some, by index.
    own: HashMap<Uuid, Vec<usize>>,
    /// The version of the date at which this was read, and the one by which each seat changed last, by index.
    read_at: i64,
    changed_at: Vec<i64>,
}

impl Occupancy {
    /// Reads a date from the file, with its map or only what is counted. All that is read must be of one moment.
    ///
    /// # Errors
    /// `SCHEDULE_NOT_FOUND`.
    pub fn read(connection: &Connection, schedule_id: i64, with_map: bool) -> Outcome<Occupancy> {
        let schedule = crate::schedule::must_find(connection, schedule_id)?;
        let mut occupancy = Occupancy::new(schedule.version, sql::list_kinds(connection, schedule_id)?);
        occupancy.concert_id = schedule.concert_id;
        if with_map {
            let plan = Arc::new(Plan::read(connection, schedule_id)?);
            let states = Arc::new(vec![SeatState::Available; plan.seats.len()]);
            let (read_at, changed_at) = (schedule.version, vec![schedule.version; plan.seats.len()]);
            let own = HashMap::new();
            let tariffs = Arc::new(schedule.tariffs);
            occupancy.map = Some(Map { date: schedule.date, tariffs, plan, states, own, read_at, changed_at });
        }
        for (seat_no, claim) in sql::list_claims(connection, schedule_id)? {
            occupancy.change(&[seat_no], Claim::AVAILABLE, claim);
        }
        Ok(occupancy)
    }

    /// A date without claims and without its map; `kinds` are those of its seats in layout order.
    pub fn new(version: i64, kinds: Vec<SeatKind>) -> Occupancy {
        Occupancy { version, concert_id: 0, free: FreeByKind::of(kinds), holds: BTreeMap::new(), map: None }
    }

    /// Follows a commit that made this version of the date.
    pub fn follow(&mut self, version: i64, seat_nos: &[i64], before: Claim, after: Claim) {
        self.change(seat_nos, before, after);
        self.version = version;
        if let Some(map) = &mut self.map {
            seat_nos
                .iter()
                .filter_map(|&seat_no| map.plan.index_of(seat_no))
                .for_each(|at| map.changed_at[at] = version);
        }
    }

    /// Seats went from one state to another.
    pub fn change(&mut self, seat_nos: &[i64], before: Claim, after: Claim) {
        let is_free = |claim: Claim| i64::from(claim.state == SeatState::Available);
        self.free.add(seat_nos, is_free(after) - is_free(before));
        if let Some(until) = before.held_until
            && let Some(held) = self.holds.get_mut(&until)
        {
            held.retain(|seat_no| !seat_nos.contains(seat_no));
            if held.is_empty() {
                self.holds.remove(&until);
            }
        }
        if let Some(until) = after.held_until {
            self.holds.entry(until).or_default().extend(seat_nos);
        }
        if let Some(map) = &mut self.map {
            map.change(seat_nos, before, after);
        }
    }

    /// The seats whose holds are over at `now`, although that is not yet written down.
    fn due(&self, now: Millis) -> impl Iterator<Item = i64> + '_ {
        self.holds.range(..=now).flat_map(|(_, seat_nos)| seat_nos).copied()
    }

    /// How many seats are free at `now`.
    pub fn count_free(&self, now: Millis) -> i64 {
        self.free.count() + self.due(now).count() as i64
    }

    /// How many seats are free at `now`, and what the cheapest of them costs.
    pub fn free(&self, now: Millis) -> Free {
        let due = self.due(now).map(|seat_no| self.free.price_of(seat_no)).min();
        Free { seats: self.count_free(now), price_from: due.into_iter().chain(self.free.lowest()).min() }
    }

    /// The same by kind, the cheapest first, at most 50 of them.
    pub fn free_by_kind(&self, now: Millis) -> Vec<FreeOfKind> {
        self.free.by_kind(self.due(now))
    }

    /// The version of the date, and by their index the seats that may look otherwise at `now` than at the version
    /// `since`; `None` in their place where memory does not go back so far. `None` without the map.
    pub fn changed_since(&self, since: i64, now: Millis) -> Option<(i64, Option<BTreeSet<usize>>)> {
        let map = self.map.as_ref()?;
        Some((self.version, self.changed(map, since, &self.due_in(map, now))))
    }

    fn due_in(&self, map: &Map, now: Millis) -> Vec<usize> {
        self.due(now).filter_map(|seat_no| map.plan.index_of(seat_no)).collect()
    }

    fn changed(&self, map: &Map, since: i64, due: &[usize]) -> Option<BTreeSet<usize>> {
        let later = map.changed_at.iter().enumerate().filter(|(_, at)| **at > since).map(|(index, _)| index);
        (map.read_at..=self.version).contains(&since).then(|| later.chain(due.iter().copied()).collect())
    }

    /// The map as `viewer` sees it at `now`, or the part of it that is wanted.
    pub fn seen(&self, schedule_id: i64, viewer: Uuid, now: Millis, part: MapPart) -> Option<MapView> {
        let map = self.map.as_ref()?;
        let due = self.due_in(map, now);
        let mut states = Arc::clone(&map.states);
        let mut mine = map.own.get(&viewer).cloned().unwrap_or_default();
        if !due.is_empty() {
            let states = Arc::make_mut(&mut states);
            due.iter().for_each(|&index| states[index] = SeatState::Available);
            mine.retain(|&index| states[index] != SeatState::Available);
        }
        mine.sort_unstable();
        let only = part.since.and_then(|since| self.changed(map, since, &due));
        let since = part.since.filter(|_| only.is_some());
        Some(MapView {
            at: (self.version, due.len()),
            schedule_id,
            date: map.date.clone(),
            version: self.version,
            since,
            seats_available: self.count_free(now),
            drawing: since.is_none().then(|| Arc::clone(&map.plan.drawing)),
            tariffs: (since.is_none() && !map.tariffs.is_empty()).then(|| Arc::clone(&map.tariffs)),
            seats: MapSeats { plan: Arc::clone(&map.plan), states, mine, attribute: part.attribute, only },
        })
    }
}

/// How many seats are free, and the price of the cheapest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Free {
    #[serde(rename = "seatsAvailable")]
    pub seats: i64,
    /// What the cheapest of them costs; `None` when there is none.
    #[serde(rename = "priceFrom")]
    pub price_from: Option<Points>,
}

impl Map {
    fn change(&mut self, seat_nos: &[i64], before: Claim, after: Claim) {
        let states = Arc::make_mut(&mut self.states);
        for index in seat_nos.iter().filter_map(|&seat_no| self.plan.index_of(seat_no)) {
            states[index] = after.state;
            if before.user_id == after.user_id {
                continue;
            }
            if let Some(user_id) = before.user_id
                && let Some(own) = self.own.get_mut(&user_id)
            {
                own.retain(|&one| one != index);
                if own.is_empty() {
                    self.own.remove(&user_id);
                }
            }
            if let Some(user_id) = after.user_id {
                self.own.entry(user_id).or_default().push(index);
            }
        }
    }
}

/// What is wanted of a map; all of it by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct MapPart {
    /// Only seats that changed after this version of the date, where memory goes back so far.
    pub since: Option<i64>,
    /// Only seats that have it.
    pub attribute: Option<Attribute>,
}

/// The date's version, and how many of its holds are over though not written down. Together they say all that a map
/// shows to those who have no seat: within a version holds can only end, in the order of their ends.
pub(super) type MapRevision = (i64, usize);

/// A map as one viewer sees it at one moment; taken under a lock in next to no time, written out without one.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MapView {
    #[serde(skip)]
    pub at: MapRevision,
    schedule_id: i64,
    date: String,
    pub version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    pub seats_available: i64,
    #[serde(flatten)]
    drawing: Option<Arc<Drawing>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tariffs: Option<Arc<Tariffs>>,
    pub seats: MapSeats,
}
