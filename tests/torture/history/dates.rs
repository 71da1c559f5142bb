//! Dates in the feed: when they begin, whether they take place, and what that allows; and users who are removed.

use serde_json::Value;

use super::best::first_of_best;
use super::feed::{Event, Reserved, Seats, Story, Timeline};
use super::sales::unless;

/// Whether what is sold for a date may go back before it was moved: for every other date.
pub fn gives_back(schedule: i64) -> bool {
    schedule % 2 == 0
}

impl Reserved {
    pub fn schedule(&self) -> i64 {
        self.seats.last().first().map_or(0, |(schedule, _)| *schedule)
    }

    fn is_to_come(&self) -> bool {
        matches!(*self.status.last(), "PENDING_PAYMENT" | "CONFIRMED")
    }
}

impl Story {
    pub(super) fn date_changed(&mut self, n: usize, event: &Event) -> Result<(), String> {
        let schedule = event.number("scheduleId");
        let starts = self.starts.entry(schedule).or_insert_with(|| Timeline::from(String::new()));
        starts.becomes(n, n, event.text("startsAt").to_owned());
        self.must_take_place(schedule)
    }

    pub(super) fn date_cancelled(&mut self, n: usize, event: &Event) -> Result<(), String> {
        let before = self.cancelled.insert(event.number("scheduleId"), n);
        unless(before.is_none(), || "cancelled twice".into())
    }

    /// Nothing is done for a date that was cancelled, but to settle it.
    pub(super) fn must_take_place(&self, schedule: i64) -> Result<(), String> {
        unless(!self.cancelled.contains_key(&schedule), || "of a date that was cancelled".into())
    }

    /// Whether a date was cancelled by an event.
    pub fn was_cancelled_by(&self, schedule: i64, event: usize) -> bool {
        self.cancelled.get(&schedule).is_some_and(|cancelled| *cancelled <= event)
    }

    /// Whose account is removed has no points and no seats, neither paid nor held.
    pub(super) fn removed(&mut self, n: usize, user: &str) -> Result<(), String> {
        let points = self.balances.get(user).map_or(0, |points| *points.last());
        let seats = self.reserved.values().find(|one| one.user == user && one.is_to_come());
        let is_in_line = self.stay_of(user).is_some();
        let before = self.removed.insert(user.to_owned(), n);
        unless(before.is_none() && points == 0 && seats.is_none() && !is_in_line, || {
            format!("removed with {points} points, {seats:?}, in a line: {is_in_line}, before: {before:?}")
        })
    }

    pub fn was_removed_by(&self, user: &str, event: usize) -> bool {
        self.removed.get(user).is_some_and(|removed| *removed <= event)
    }

    /// When the date of a reservation began as it was sold.
    pub fn sold_starts_at(&self, reserved: &Reserved) -> Option<&str> {
        let starts = self.starts.get(&reserved.schedule())?;
        reserved.paid.and_then(|paid| starts.at(paid)).map(String::as_str)
    }

    /// Whether at a moment a date began when, by what was told of a reservation, it begins, and the reservation knew of
    /// it whether it was moved since it was paid.
    pub fn began_so(&self, reserved: &Reserved, window: (usize, usize), body: &Value) -> bool {
        let Some(starts) = self.starts.get(&reserved.schedule()) else { return false };
        let sold = self.sold_starts_at(reserved);
        let (now, moved_from) = (body["startsAt"].as_str(), body["movedFrom"].as_str());
        let is_paid = body["payment"]["paidAt"].is_string();
        let as_sold = if is_paid { sold.filter(|sold| Some(*sold) != now) } else { None };
        moved_from == as_sold && starts.was(window, |starts| Some(starts.as_str()) == now)
    }

    /// Whether the terms of a sale let its user give seats back, at some moment or at all of them.
    pub fn may_go_back(&self, reserved: &Reserved, (from, to): (usize, usize)) -> (bool, bool) {
        let (sold, starts) = (self.sold_starts_at(reserved), self.starts.get(&reserved.schedule()));
        let Some(starts) = starts else { return (false, false) };
        let ever = |moved: bool| starts.was((from, to), |starts| (Some(starts.as_str()) != sold) == moved);
        let always = gives_back(reserved.schedule());
        (always || ever(true), always || !ever(false))
    }

    fn size(&self, schedule: i64) -> usize {
        self.sizes.get(&schedule).copied().unwrap_or(0)
    }

    /// Whether these were the best of a date before an event. Where none stand side by side, any are.
    pub fn were_best(&self, schedule: i64, seats: &Seats, event: usize) -> bool {
        let is_free = |number: usize| {
            let timeline = self.seats.get(&(schedule, number.to_string()));
            timeline.is_none_or(|timeline| timeline.at(event - 1).is_none_or(Option::is_none))
        };
        let Some(first) = first_of_best(seats.len(), self.size(schedule), is_free) else { return true };
        *seats == (first..first + seats.len()).map(|number| (schedule, number.to_string())).collect()
    }

    /// Whether at some moment fewer seats of a date were free than this, those in boxes aside.
    pub fn were_fewer(&self, schedule: i64, count: usize, (from, to): (usize, usize)) -> bool {
        let ordinary = |label: &str| !super::is_for_a_child(label);
        let taken: Vec<_> = self
            .seats
            .iter()
            .filter(|((date, label), _)| *date == schedule && ordinary(label))
            .map(|(_, it)| it)
            .collect();
        let all = (1..=self.size(schedule)).filter(|number| ordinary(&number.to_string())).count();
        let changes = taken.iter().flat_map(|timeline| timeline.changes());
        let moments = changes.filter(|event| from < *event && *event <= to).chain([from, to]);
        moments.into_iter().any(|moment| {
            let taken = taken.iter().filter(|timeline| timeline.was((moment, moment), Option::is_some)).count();
            all < count + taken
        })
    }
}
