//! What must hold in every file of a box office, whatever happened to it. Each statement counts what must not be there.

use boxoffice::testing::Random;
use rusqlite::Connection;

/// What a test knows besides the rules of `check`: statements that count what must not be there.
const NEVER: &[(&str, &str)] = &[
    (
        // Who pays for what staff kept goes on with the visit while a hold of their own is unpaid.
        "a payment that did not end a visit, or a visit ended as paid without a payment",
        "SELECT ended NOT BETWEEN own AND own + kept FROM
           (SELECT count(*) AS ended FROM token WHERE end_reason = 'PAID'),
           (SELECT count(*) FILTER (WHERE at_counter = 0) AS own, count(*) FILTER (WHERE at_counter = 1) AS kept
            FROM reservation WHERE status IN ('CONFIRMED', 'REFUNDED') AND method IS NULL AND exchanged_from IS NULL)",
    ),
    (
        "an event of the line too many or too few",
        "SELECT sum(abs(difference)) FROM (
           SELECT (SELECT count(*) FROM event WHERE type = 'TOKEN_ISSUED') - (SELECT count(*) FROM token) AS difference
           UNION ALL SELECT (SELECT count(*) FROM event WHERE type = 'TOKEN_ADMITTED')
             - (SELECT count(*) FROM token WHERE activated_at IS NOT NULL)
           UNION ALL SELECT (SELECT count(*) FROM event WHERE type = 'TOKEN_EXPIRED')
             - (SELECT count(*) FROM token WHERE status = 'EXPIRED'))",
    ),
];

/// Fails with everything that is wrong in the file.
#[track_caller]
pub fn hold_in(file: &Connection) {
    assert_eq!(faults(file), [""; 0], "in the file");
}

/// Everything that is wrong in the file: what `check` says, and what a test knows besides.
pub fn faults(file: &Connection) -> Vec<String> {
    let mut faults = boxoffice::check::examine(file).faults;
    for (what, statement) in NEVER {
        match file.query_row(statement, [], |row| row.get::<_, i64>(0)) {
            Ok(0) => {}
            Ok(count) => faults.push(format!("{what}: {count}")),
            Err(error) => faults.push(format!("the file can't be read: {error}")),
        }
    }
    faults
}

/// The one number that a statement gives.
#[track_caller]
pub fn number(file: &Connection, statement: &str) -> i64 {
    file.query_row(statement, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{error}: {statement}"))
}

/// Random numbers that follow from a seed, so that a run can be repeated from its printed seed.
#[derive(Debug, Clone)]
pub struct Dice(Random);

impl Dice {
    /// From `TEST_SEED`, else from the time; printed, and shown when the test fails.
    pub fn thrown(name: &str) -> Dice {
        let seed = std::env::var("TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| u64::from_le_bytes(boxoffice::ids::random_bytes()) >> 1);
        println!("{name}: TEST_SEED={seed}");
        Dice(Random::new(seed))
    }

    pub fn of(seed: u64) -> Dice {
        Dice(Random::new(seed))
    }

    pub fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// So many different ones of a list.
    pub fn pick<T: Clone>(&mut self, from: &[T], count: usize) -> Vec<T> {
        let mut left = from.to_vec();
        (0..count.min(from.len())).map(|_| left.swap_remove(self.below(left.len() as u64) as usize)).collect()
    }
}
