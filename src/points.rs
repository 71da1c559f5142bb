//! Points (포인트): whole won, never fractions, changed only by checked operations.

use std::fmt;

/// An amount of points. One point pays one won. Negative amounts exist only as ledger entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Points(i64);

impl Points {
    pub const ZERO: Points = Points(0);
    /// The most that a balance may hold after a top-up.
    pub const BALANCE_MAX: Points = Points(1_000_000_000);
    /// The most that one top-up may add.
    pub const TOP_UP_MAX: Points = Points(10_000_000);
    /// The highest price of one seat.
    pub const PRICE_MAX: Points = Points(100_000_000);

    /// Points from a plain number of won.
    pub const fn new(won: i64) -> Points {
        Points(won)
    }

    /// The plain number of won.
    pub const fn won(self) -> i64 {
        self.0
    }

    /// The sum, or `None` past the range of 64 bits.
    pub fn plus(self, other: Points) -> Option<Points> {
        self.0.checked_add(other.0).map(Points)
    }

    /// The difference, or `None` past the range of 64 bits.
    pub fn minus(self, other: Points) -> Option<Points> {
        self.0.checked_sub(other.0).map(Points)
    }

    /// The same amount with the other sign, or `None` for the one number that has none.
    pub fn negated(self) -> Option<Points> {
        self.0.checked_neg().map(Points)
    }

    /// The sum of many, or `None` past the range of 64 bits.
    pub fn sum(many: impl IntoIterator<Item = Points>) -> Option<Points> {
        many.into_iter().try_fold(Points::ZERO, Points::plus)
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_past_the_range_are_refused() {
        assert_eq!(Points::new(i64::MAX).plus(Points::new(1)), None);
        assert_eq!(Points::new(i64::MIN).minus(Points::new(1)), None);
        assert_eq!(Points::new(i64::MIN).negated(), None);
        assert_eq!(Points::sum([Points::new(2), Points::new(3)]), Some(Points::new(5)));
    }
}
