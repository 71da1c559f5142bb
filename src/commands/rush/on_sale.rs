//! `rush --on-sale`: everybody joins before the sale opens, the places are drawn, the best seats go until none is left,
//! and those who are still in line are told so.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What those in line read once all seats are sold.
pub(super) const SOLD_OUT: &str = "Sold out. Thank you for coming.";
/// The same in Korean.
pub(super) const SOLD_OUT_KO: &str = "매진되었습니다. 찾아 주셔서 고맙습니다.";

/// How far an on-sale is.
#[derive(Debug, Default)]
pub(super) struct OnSale {
    joined: AtomicU64,
    opens_at: OnceLock<Instant>,
    is_drawn: AtomicBool,
    is_told: AtomicBool,
}

impl OnSale {
    /// Somebody has a place in the line, or went home without one.
    pub(super) fn joined(&self) {
        self.joined.fetch_add(1, Relaxed);
    }

    /// Whether all so many have joined and nobody has opened the sale.
    pub(super) fn must_open(&self, customers: u64) -> bool {
        self.joined.load(Relaxed) >= customers && self.opens_at.get().is_none()
    }

    /// The sale opens after so long.
    pub(super) fn opens_after(&self, wait: Duration) {
        self.opens_at.get_or_init(|| Instant::now() + wait);
    }

    /// Whether the draw may be held by now, and nobody has seen it yet.
    pub(super) fn awaits_draw(&self) -> bool {
        self.opens_at.get().is_some_and(|opens_at| Instant::now() >= *opens_at) && !self.is_drawn()
    }

    pub(super) fn is_drawn(&self) -> bool {
        self.is_drawn.load(Relaxed)
    }

    pub(super) fn draw(&self) {
        self.is_drawn.store(true, Relaxed);
    }

    /// Whether the line says that all seats are sold.
    pub(super) fn is_told(&self) -> bool {
        self.is_told.load(Relaxed)
    }

    pub(super) fn tell(&self) {
        self.is_told.store(true, Relaxed);
    }
}
