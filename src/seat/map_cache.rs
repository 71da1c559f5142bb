//! What the venue keeps in memory of its dates and their seats: a copy of the file, loaded when it is asked for,
//! following each commit, and forgotten when it is long unasked and room is needed.
//!
//! A date is read from the file while commits go on. What they change meanwhile is put by, and
//! what the read has not seen of it (the date's version tells) is followed afterwards; so a copy
//! never misses a change and never counts one twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicUsize};

use parking_lot::{Mutex, RwLock};
use uuid::Uuid;

use super::date_cache::Dates;
use super::kinds::FreeOfKind;
use super::map::{Free, MapPart, MapRevision, MapView, Occupancy};
use super::map_stream::{self, MapId};
use super::{Plan, sql};
use crate::call::{Cached, Change, Claim, Piece, SeatState, StreamAt, Tx, write_event};
use crate::clock::Millis;
use crate::http::{Body, Reply, Request};
use crate::ids;
use crate::refusal::Refusal;
use crate::schedule::Concert;
use crate::store::{Outcome, Readers};
use crate::venue::VenueProfile;

/// How often a date is read anew because staff changed it meanwhile, before the caller is told to come again.
const READS_MAX: usize = 5;

/// The copies.
pub struct MapCache {
    /// What the venue says of itself.
    pub profile: Cached<VenueProfile>,
    /// The concerts in the order in which they were added.
    pub(super) concerts: Cached<Vec<Concert>>,
    /// The dates of each concert.
    pub(super) dates: Dates,
    slots: RwLock<HashMap<i64, Arc<CacheSlot>>>,
    /// Seats that may be kept; a date that is only counted weighs as much as one seat.
    seats_max: usize,
    /// Part of every tag: what an earlier start, perhaps on another file, or this one before the file was put back to a
    /// snapshot, has tagged is never taken for ours.
    start: AtomicU32,
}

/// The place of one date.
#[derive(Default)]
pub(super) struct CacheSlot {
    /// When it was last asked for, in milliseconds since 1970.
    asked_ms: AtomicI64,
    weight: AtomicUsize,
    /// Held by who reads it from the file; others wait for that instead of reading too.
    reading: Mutex<()>,
    state: RwLock<State>,
    /// The newest map as those without a seat see it, written out.
    reply: Mutex<Option<(MapRevision, Reply)>>,
    /// The same as the first event of a stream.
    event: Mutex<Option<(String, Body)>>,
}

#[derive(Default)]
struct State {
    occupancy: Option<Occupancy>,
    /// While it is read: what commits change. `None` when nobody reads, or staff changed the date itself meanwhile.
    buffered: Option<Vec<SeatsChange>>,
}

/// [`Change::SeatsChanged`] without the date.
struct SeatsChange {
    version: i64,
    seat_nos: Vec<i64>,
    before: Claim,
    after: Claim,
}

/// The seats of a date as an open transaction sees them.
#[derive(Debug)]
pub struct FreeSeats {
    pub plan: Arc<Plan>,
    /// Whether each of them is free, by its index in the plan.
    pub free: Vec<bool>,
}

impl MapCache {
    /// Nothing is known yet.
    pub fn new(seats_max: usize) -> MapCache {
        let start = AtomicU32::new(u32::from_be_bytes(ids::random_bytes()));
        let (profile, concerts, dates) = (Cached::default(), Cached::default(), Dates::default());
        MapCache { profile, concerts, dates, slots: RwLock::default(), seats_max, start }
    }

    /// How many seats of a date are free at `now`, and what the cheapest of them costs.
    ///
    /// # Errors
    /// `SCHEDULE_NOT_FOUND`.
    pub fn free(&self, readers: &Readers, schedule_id: i64, now: Millis) -> Outcome<Free> {
        self.inspect(readers, schedule_id, now, false, |_, occupancy| Some(occupancy.free(now)))
    }

    /// The same, and how many are free of each kind.
    ///
    /// # Errors
    /// `SCHEDULE_NOT_FOUND`.
    pub fn free_by_kind(&self, readers: &Readers, schedule_id: i64, now: Millis) -> Outcome<(Free, Vec<FreeOfKind>)> {
        self.inspect(readers, schedule_id, now, false, |_, occupancy| {
            Some((occupancy.free(now), occupancy.free_by_kind(now)))
        })
    }

    /// The concert of a date.
    ///
    /// # Errors
    /// `SCHEDULE_NOT_FOUND`.
    pub fn concert_of(&self, readers: &Readers, schedule_id: i64, now: Millis) -> Outcome<i64> {
        self.inspect(readers, schedule_id, now, true, |_, occupancy| Some(occupancy.concert_id))
    }

    /// The map of a date as `viewer` sees it at `now`, or 304 when they have it already; or the part of
    /// it that is wanted.
    ///
    /// # Errors
    /// `SCHEDULE_NOT_FOUND`.
    pub fn show(
        &self,
        readers: &Readers,
        request: &Request,
        schedule_id: i64,
        viewer: Uuid,
        part: MapPart,
        now: Millis,
    ) -> Outcome<Reply> {
        let start = self.start.load(Acquire); // before the look: a map of before never gets a tag of after
        let look = |slot: &Arc<CacheSlot>, occupancy: &Occupancy| {
            occupancy.seen(schedule_id, viewer, now, part).map(|seen| (Arc::clone(slot), seen))
        };
        let (slot, seen) = self.inspect(readers, schedule_id, now, true, look)?;
        let is_shared = seen.seats.mine.is_empty();
        let what = part.attribute.map_or_else(String::new, |attribute| format!("-{}", attribute.word()));
        let tag = format!("\"{}{what}\"", MapId::of(start, &seen));
        let is_whole = seen.since.is_none() && part.attribute.is_none();
        let make = || if is_shared && is_whole { slot.shared(&seen) } else { Reply::json(200, &seen) };
        Ok(Reply::unless_known(request, tag, make).negotiated())
    }

    /// The next piece of a date's stream, as `viewer` sees it at `now`: all of the map where `at` tells nothing that
    /// memory knows, else what has changed since.
    ///
    /// # Errors
    /// `SCHEDULE_NOT_FOUND`.
    pub fn piece(
        &self,
        readers: &Readers,
        schedule_id: i64,
        viewer: Uuid,
        part: MapPart,
        at: StreamAt,
        now: Millis,
    ) -> Outcome<Piece> {
        let start = self.start.load(Acquire);
        let told = MapId::parse(at.told, start);
        let since = if at.told.is_empty() { part.since } else { told.as_ref().map(MapId::version) };
        let part = MapPart { since, ..part };
        let look = |slot: &Arc<CacheSlot>, occupancy: &Occupancy| {
            occupancy.seen(schedule_id, viewer, now, part).map(|seen| (Arc::clone(slot), seen))
        };
        let (slot, seen) = self.inspect(readers, schedule_id, now, true, look)?;
        let own = if at.is_new { told.as_ref().map_or("", MapId::own) } else { at.kept };
        let is_same_for_all = seen.seats.mine.is_empty() && part.attribute.is_none();
        let whole = |id: &str| if is_same_for_all { slot.shared_event(&seen, id) } else { map_event(&seen, id) };
        Ok(map_stream::piece(&seen, start, told.as_ref(), own, at.is_shared, whole))
    }

    /// Makes sure that a date's map is in memory with its rows, so that a transaction finds them there.
    ///
    /// # Errors
    /// `SCHEDULE_NOT_FOUND`.
    pub fn preload(&self, readers: &Readers, schedule_id: i64, now: Millis) -> Outcome<()> {
        let plan = |_: &Arc<CacheSlot>, occupancy: &Occupancy| occupancy.map.as_ref().map(|map| Arc::clone(&map.plan));
        self.inspect(readers, schedule_id, now, true, plan)?.rows();
        Ok(())
    }

    /// The seats of a date and which of them are free as an open transaction sees it: what was
    /// committed, and on top of that what this transaction has changed so far. Without a copy in memory
    /// (see [`MapCache::preload`]) it reads the file.
    ///
    /// # Errors
    /// SQLite's; a date that is not there has no seats.
    pub fn free_seats(&self, tx: &Tx, schedule_id: i64) -> Outcome<FreeSeats> {
        if let Some(known) = self.known_free_seats(tx, schedule_id) {
            return Ok(known);
        }
        let plan = Plan::read(tx, schedule_id)?;
        let mut free = vec![true; plan.seats.len()];
        for (seat_no, _) in sql::list_claims(tx, schedule_id)? {
            plan.index_of(seat_no).into_iter().for_each(|index| free[index] = false);
        }
        Ok(FreeSeats { plan: Arc::new(plan), free })
    }

    fn known_free_seats(&self, tx: &Tx, schedule_id: i64) -> Option<FreeSeats> {
        let slot = self.slots.read().get(&schedule_id).cloned()?;
        let (plan, states) = {
            let state = slot.state.read();
            let map = state.occupancy.as_ref()?.map.as_ref()?;
            (Arc::clone(&map.plan), Arc::clone(&map.states))
        };
        let mut free: Vec<bool> = states.iter().map(|&state| state == SeatState::Available).collect();
        let mut is_same_plan = true;
        tx.each_change(|change| match change {
            Change::SeatsChanged { schedule_id: of, seat_nos, after, .. } if *of == schedule_id => {
                for index in seat_nos.iter().filter_map(|&seat_no| plan.index_of(seat_no)) {
                    free[index] = *after == Claim::AVAILABLE;
                }
            }
            Change::ScheduleChanged { schedule_id: of } if *of == schedule_id => is_same_plan = false,
            _ => {}
        });
        slot.asked_ms.fetch_max(tx.now().unix_ms(), Relaxed);
        is_same_plan.then_some(FreeSeats { plan, free })
    }

    /// Forgets everything, once the file was put back to a snapshot: versions of dates come again with other seats.
    pub fn forget(&self) {
        self.forget_dates();
        self.profile.forget();
        for (_, slot) in self.slots.write().drain() {
            *slot.state.write() = State::default(); // who reads it from the file at this moment must read it again
        }
        self.start.fetch_add(1, Release);
    }

    /// A concert tells how many dates it has, and a date what its concert is called.
    fn forget_dates(&self) {
        self.dates.forget();
        self.concerts.forget();
    }

    /// Copies what a commit changed.
    pub fn apply(&self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::VenueProfileChanged => self.profile.forget(),
                Change::ConcertsChanged => self.forget_dates(),
                Change::ScheduleChanged { schedule_id } | Change::ScheduleDeleted { schedule_id } => {
                    self.forget_dates();
                    if let Some(slot) = self.slots.read().get(schedule_id) {
                        *slot.state.write() = State::default();
                    }
                }
                Change::SeatsChanged { schedule_id, version, seat_nos, before, after } => {
                    if let Some(slot) = self.slots.read().get(schedule_id) {
                        slot.state.write().follow(*version, seat_nos, *before, *after);
                    }
                }
                _ => {}
            }
        }
    }

    /// Looks at a date, which is read from the file if it is not in memory. `look` gives
    /// `None` when it needs the map and there is none.
    pub(super) fn inspect<T>(
        &self,
        readers: &Readers,
        schedule_id: i64,
        now: Millis,
        with_map: bool,
        look: impl Fn(&Arc<CacheSlot>, &Occupancy) -> Option<T>,
    ) -> Outcome<T> {
        let slot = self.slot(schedule_id);
        slot.asked_ms.store(now.unix_ms(), Relaxed);
        let seen = || slot.state.read().occupancy.as_ref().and_then(|occupancy| look(&slot, occupancy));
        if let Some(seen) = seen() {
            return Ok(seen);
        }
        let _reading = slot.reading.lock();
        for _ in 0..READS_MAX {
            if let Some(seen) = seen() {
                return Ok(seen); // another has read it meanwhile
            }
            slot.state.write().buffered = Some(Vec::new());
            let read = readers.get().and_then(|reader| Occupancy::read(&reader, schedule_id, with_map));
            let occupancy = read.inspect_err(|_| self.drop_slot(schedule_id, &slot))?;
            slot.install(occupancy);
            self.make_room(schedule_id);
        }
        seen().ok_or_else(|| Refusal::Overloaded { retry_after_seconds: 1 }.into())
    }

    fn slot(&self, schedule_id: i64) -> Arc<CacheSlot> {
        if let Some(slot) = self.slots.read().get(&schedule_id) {
            return Arc::clone(slot);
        }
        Arc::clone(self.slots.write().entry(schedule_id).or_default())
    }

    /// A date that is not there, or could not be read, keeps no place.
    fn drop_slot(&self, schedule_id: i64, slot: &Arc<CacheSlot>) {
        slot.state.write().buffered = None;
        let mut slots = self.slots.write();
        if slots.get(&schedule_id).is_some_and(|there| Arc::ptr_eq(there, slot)) {
            slots.remove(&schedule_id);
        }
    }

    /// Forgets what is longest unasked until the rest fits; never the date that was just read.
    fn make_room(&self, just_read: i64) {
        let mut slots = self.slots.write();
        let mut kept: usize = slots.values().map(|slot| slot.weight.load(Relaxed)).sum();
        while kept > self.seats_max {
            let others = slots.iter().filter(|(schedule_id, _)| **schedule_id != just_read);
            let oldest =
                others.min_by_key(|(_, slot)| slot.asked_ms.load(Relaxed)).map(|(schedule_id, _)| *schedule_id);
            let Some(slot) = oldest.and_then(|schedule_id| slots.remove(&schedule_id)) else { return };
            kept -= slot.weight.load(Relaxed);
        }
    }
}

impl CacheSlot {
    /// Takes in what was read, and follows what was committed meanwhile; nothing when staff changed the date itself.
    fn install(&self, occupancy: Occupancy) {
        let mut state = self.state.write();
        let Some(buffered) = state.buffered.take() else { return };
        self.weight.store(1 + occupancy.map.as_ref().map_or(0, |map| map.plan.seats.len()), Relaxed);
        state.occupancy = Some(occupancy);
        for change in buffered {
            state.follow(change.version, &change.seat_nos, change.before, change.after);
        }
    }

    /// The map of those who have no seat; written once for each state of the map.
    fn shared(&self, seen: &MapView) -> Reply {
        let mut kept = self.reply.lock();
        if let Some((at, reply)) = &*kept
            && *at == seen.at
        {
            return reply.clone();
        }
        let reply = Reply::json(200, seen).shared();
        *kept = Some((seen.at, reply.clone()));
        reply
    }

    /// The same as an event, whose id tells the revision too.
    fn shared_event(&self, seen: &MapView, id: &str) -> Body {
        let mut kept = self.event.lock();
        if let Some((of, event)) = &*kept
            && of == id
        {
            return event.clone();
        }
        let event: Body = map_event(seen, id).into_shared();
        *kept = Some((id.to_owned(), event.clone()));
        event
    }
}

/// A whole map as an event of a stream.
fn map_event(seen: &MapView, id: &str) -> Body {
    let mut text = Vec::new();
    write_event(&mut text, "map", id, &Reply::json(200, seen).body);
    text.into()
}

impl State {
    fn follow(&mut self, version: i64, seat_nos: &[i64], before: Claim, after: Claim) {
        if let Some(buffered) = &mut self.buffered {
            buffered.push(SeatsChange { version, seat_nos: seat_nos.to_vec(), before, after });
        }
        let Some(occupancy) = &mut self.occupancy else { return };
        if version == occupancy.version + 1 {
            occupancy.follow(version, seat_nos, before, after);
        } else if version > occupancy.version {
            log::error!(
                "a seat map missed a change and is read from the file again, no action needed: version {version} came \
                 after {}",
                occupancy.version
            );
            self.occupancy = None;
        }
    }
}

#[cfg(test)]
#[path = "map_cache_tests.rs"]
mod tests;
