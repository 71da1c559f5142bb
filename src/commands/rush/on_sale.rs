//! `rush --on-sale`: everybody joins before the sale opens, the places are drawn, and the best seats go until none is
//! left.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde::Serialize;

/// How far an on-sale is.
#[derive(Debug, Default)]
pub(super) struct OnSale {
    joined: AtomicU64,
    opened: OnceLock<Instant>,
    drawn: OnceLock<Instant>,
    sold_out: OnceLock<Instant>,
}

/// What each part of an on-sale took, in seconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Phases {
    /// From the first call until everybody has a place.
    pub join_seconds: f64,
    /// From the opening until the draw was held.
    pub draw_seconds: f64,
    /// From then until the last seat is sold, or until everybody is through.
    pub sale_seconds: f64,
}

impl OnSale {
    /// Somebody has a place in the line, or went home without one.
    pub(super) fn joined(&self) {
        self.joined.fetch_add(1, Relaxed);
    }

    pub(super) fn sold_out(&self) {
        self.sold_out.get_or_init(Instant::now);
    }

    /// Whether all so many have joined and nobody has opened the sale.
    pub(super) fn must_open(&self, customers: u64) -> bool {
        self.joined.load(Relaxed) >= customers && self.opened.get().is_none()
    }

    /// The sale opens after so long.
    pub(super) fn opens_after(&self, wait: Duration) {
        self.opened.get_or_init(|| Instant::now() + wait);
    }

    /// Whether the draw may be held by now, and nobody has seen it yet.
    pub(super) fn awaits_draw(&self) -> bool {
        self.opened.get().is_some_and(|opened| Instant::now() >= *opened) && self.drawn.get().is_none()
    }

    pub(super) fn is_drawn(&self) -> bool {
        self.drawn.get().is_some()
    }

    pub(super) fn draw(&self) {
        self.drawn.get_or_init(Instant::now);
    }

    /// `None` before it was opened.
    pub(super) fn phases(&self, began: Instant) -> Option<Phases> {
        let (opened, now) = (*self.opened.get()?, Instant::now());
        let drawn = self.drawn.get().copied().unwrap_or(now);
        Some(Phases {
            join_seconds: (opened - began).as_secs_f64(),
            draw_seconds: drawn.saturating_duration_since(opened).as_secs_f64(),
            sale_seconds: self.sold_out.get().copied().unwrap_or(now).saturating_duration_since(drawn).as_secs_f64(),
        })
    }
}
