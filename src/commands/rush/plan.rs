//! What each customer of a rush is going to do, drawn from a seed: the same seed gives the same mix.

use crate::testing::Random;

/// How somebody behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Behaviour {
    /// Waits, chooses, tops up, pays.
    Buys,
    /// Leaves the line after some polls.
    GivesUp,
    /// Closes the browser: stops polling without a word.
    Vanishes,
    /// Asks for the token again in place of polling.
    Reloads,
    /// Holds seats and lets the hold lapse; may then buy others.
    Lapses,
    /// Holds seats, gives them back, and buys others.
    Cancels,
    /// Pays with too few points, tops up, and holds again.
    ShortOfPoints,
    /// Sends the payment twice under one key.
    PaysTwice,
    /// Wants the first seats of the hall, as everybody of this kind does.
    WantsTheFront,
}

/// Every behaviour with its share, in percent.
pub(super) const SHARES: [(Behaviour, u64); 9] = [
    (Behaviour::Buys, 45),
    (Behaviour::GivesUp, 10),
    (Behaviour::Vanishes, 4),
    (Behaviour::Reloads, 10),
    (Behaviour::Lapses, 8),
    (Behaviour::Cancels, 7),
    (Behaviour::ShortOfPoints, 6),
    (Behaviour::PaysTwice, 5),
    (Behaviour::WantsTheFront, 5),
];

/// What one customer is going to do. Kept small: a million of them wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub behaviour: Behaviour,
    /// When they come, after the beginning, in milliseconds.
    pub arrives_ms: u32,
    /// How many seats they want.
    pub party: u8,
    /// Failed attempts at holding seats until they leave.
    pub tries: u8,
    /// Looks at a sold out hall until they leave.
    pub looks: u8,
    /// Polls after which those leave who give up or vanish.
    pub polls: u8,
    /// How long they think about each step, in milliseconds of their own time.
    pub thinks_ms: u16,
    /// Whether someone whose hold lapsed tries again.
    pub tries_again: bool,
}

/// The plan of a customer, and the dice for what they choose on the way.
pub(super) fn plan(seed: u64, number: u64, arrival_ms: u64) -> (Plan, Random) {
    let mut dice = Random::new(seed ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03));
    dice.next_u64();
    let mut mark = dice.below(SHARES.iter().map(|(_, share)| share).sum());
    let mut behaviour = Behaviour::Buys;
    for (which, share) in SHARES {
        behaviour = which;
        if mark < share {
            break;
        }
        mark -= share;
    }
    let plan = Plan {
        behaviour,
        arrives_ms: dice.below(arrival_ms + 1) as u32, // a day at most
        party: 1 + dice.below(4) as u8,                // below 5
        tries: 3 + dice.below(4) as u8,                // below 7
        looks: 1 + dice.below(2) as u8,                // below 3
        polls: 1 + dice.below(5) as u8,                // below 6
        thinks_ms: 500 + dice.below(4_500) as u16,     // below 5,000
        tries_again: dice.below(2) == 0,
    };
    (plan, dice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mix(seed: u64) -> Vec<Plan> {
        (0..10_000).map(|number| plan(seed, number, 5_000).0).collect()
    }

    #[test]
    fn rush_same_seed_gives_the_same_plans_and_another_seed_others() {
        assert_eq!(mix(7), mix(7));
        assert_ne!(mix(7), mix(8));
    }

    #[test]
    fn rush_every_behaviour_comes_up_near_its_share() {
        let plans = mix(1);
        for (behaviour, share) in SHARES {
            let count = plans.iter().filter(|plan| plan.behaviour == behaviour).count() as u64;
            assert!(count.abs_diff(share * 100) <= 40 + share * 10, "{behaviour:?} {count}");
        }
    }
}
