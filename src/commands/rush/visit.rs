//! A visit of a simulated customer: what is next, and what came of it so far.

use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

/// The next thing to do inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Next {
    #[default]
    Look,
    ReadMap,
    Hold,
    Watch,
    Cancel,
    TopUp,
    Pay,
    PayAgain,
}

/// A visit as it goes.
#[derive(Debug, Default)]
pub(super) struct Purchase {
    pub next: Next,
    pub tries_left: u32,
    pub looks_left: u32,
    /// How often an on-sale had too few free seats for them, one time after the other.
    pub found_none: u32,
    /// Free seats as they were when the map was read.
    pub free: Vec<String>,
    pub chosen: Vec<String>,
    pub reservation: Option<(String, i64)>,
    /// Whether the change of mind of this behaviour is done.
    pub changed_mind: bool,
    /// Counts this customer's keys for repeated requests.
    pub keys: u32,
    pub key: String,
    pub points: i64,
    pub receipt: Vec<u8>,
    /// What was acknowledged: points topped up, points paid, seats with a ticket.
    pub topped_up: i64,
    pub paid: i64,
    pub seats: Vec<String>,
}

/// The visit of a customer. It takes memory from the admission on: most customers of an on-sale have none.
#[derive(Debug, Default)]
pub(super) struct Visit(Option<Box<Purchase>>);

/// What is seen of a visit that has not begun.
static NONE: LazyLock<Purchase> = LazyLock::new(Purchase::default);

impl Deref for Visit {
    type Target = Purchase;
    fn deref(&self) -> &Purchase {
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Visit {
    fn deref_mut(&mut self) -> &mut Purchase {
        self.0.get_or_insert_default()
    }
}

impl Visit {
    /// About how much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let Some(purchase) = &self.0 else { return 0 };
        size_of::<Purchase>() + purchase.key.capacity() + purchase.receipt.capacity()
    }
}
