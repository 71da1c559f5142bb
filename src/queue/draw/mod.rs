//! The draw: those who came before the opening get their order by chance, and anyone can recompute it.
//!
//! Everybody is told a join number when they come. At the opening a seed is drawn from the operating system's
//! randomness and the order is ascending by the lower-case hexadecimal SHA-256 of `"<seed>:<joinNumber>"`. The seed did
//! not exist before, so nobody could choose a lucky number; it is public afterwards, so nobody can bend the order.

mod sql;

use rusqlite::Connection;
use serde_json::json;

use super::{Line, sql as token_sql};
use crate::clock::Millis;
use crate::ids;
use crate::refusal::Refusal;
use crate::store::Outcome;
use crate::venue::{Change, EventType, Tx, record};
pub(super) use sql::count_guest_after_draw;

/// How the order follows from the seed.
pub const METHOD: &str = "sha256-rank";

/// A draw as everybody may know it.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Draw {
    /// Counts the draws from 1, without gaps.
    pub number: i64,
    /// Join numbers that were given out: 1 to this.
    pub joined: u32,
    /// How many of them were still there.
    pub drawn: u32,
    /// The join numbers that were not drawn: of those who had left, and of guests.
    pub absent: Vec<u32>,
    /// 64 hexadecimal digits.
    pub seed: String,
    pub method: &'static str,
    pub drawn_at: Millis,
    /// How many guests stood in front of the first who was drawn; `None` where that was not counted.
    pub guests: Option<u32>,
    /// The join numbers of guests: staff gave their owners a place at the front before the draw.
    pub guest_numbers: Vec<u32>,
    /// How many were given a place at the front after the draw, while people of it were waiting.
    pub guests_later: u32,
}

/// Join numbers in the order that a seed gives them.
pub fn order(seed: &str, join_numbers: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut ranked: Vec<([u8; 32], u32)> = join_numbers
        .into_iter()
        .map(|number| (ids::sha256_of(format!("{seed}:{number}").as_bytes()), number))
        .collect();
    ranked.sort_unstable(); // bytes sort as their hexadecimal digits do
    ranked.into_iter().map(|(_, number)| number).collect()
}

/// Holds the draw if its moment has come: a seed, the order, and the line's places in one transaction.
pub fn draw_if_due(tx: &Tx, line: &Line) -> Outcome<()> {
    if line.opens_at().is_none_or(|opens_at| tx.now() < opens_at) {
        return Ok(()); // memory has the rules of the last commit, and a transaction begins with this
    }
    let Some(joined) = token_sql::find_joined_if_due(tx)? else { return Ok(()) };
    let waiting = token_sql::list_awaiting_draw(tx)?; // by join number
    let free = places_for(tx, &waiting)?;
    let seed = ids::hex(&ids::random_bytes::<32>());
    let mut ranks = vec![0; joined as usize + 1];
    for (rank, number) in
        order(&seed, waiting.iter().map(|awaiting_draw| awaiting_draw.join_number)).into_iter().enumerate()
    {
        ranks[number as usize] = rank;
    }
    let mut places = Vec::with_capacity(waiting.len());
    // Written in the order in which the tokens lie in the file, which takes less than half the time of the drawn order.
    for awaiting_draw in &waiting {
        let rank = ranks[awaiting_draw.join_number as usize];
        let draw_number = rank as u32 + 1;
        token_sql::update_drawn(tx, awaiting_draw.token_id, free[rank], draw_number)?;
        places.push((awaiting_draw.key, free[rank], draw_number));
    }
    let present =
        |number: &u32| waiting.binary_search_by_key(number, |awaiting_draw| awaiting_draw.join_number).is_ok();
    let (guests, guest_numbers) = (sql::count_guests(tx)?, end_guest_numbers(tx)?);
    let mut draw = Draw {
        number: 0, // the file counts them
        joined,
        drawn: places.len() as u32,
        absent: (1..=joined).filter(|number| !present(number)).collect(),
        seed,
        method: METHOD,
        drawn_at: tx.now(),
        guests: Some(guests),
        guest_numbers,
        guests_later: 0,
    };
    draw.number = sql::insert_draw(tx, &draw)?;
    token_sql::clear_opens_at(tx)?;
    let Draw { number, joined, drawn, seed, .. } = &draw;
    let details = json!({ "number": number, "joined": joined, "drawn": drawn, "seed": seed, "guests": guests });
    record(tx, EventType::QueueDrawn, &details)?;
    tx.push_change(Change::Drawn { places });
    tx.push_change(Change::QueueChanged);
    Ok(())
}

/// Places for those who have none yet, in order: the last ones that were given out. They are
/// behind everybody who was let in (as many places are left behind those as there are people who
/// wait), and before everybody who is still to come.
pub(super) fn places_for(tx: &Tx, waiting: &[token_sql::AwaitingDraw]) -> rusqlite::Result<Vec<i64>> {
    let last = token_sql::last_place(tx)?;
    Ok((last - waiting.len() as i64 + 1..=last).collect())
}

/// Guests keep the join number that they were told as long as its draw is to come; gives back those numbers, in order.
pub(super) fn end_guest_numbers(tx: &Tx) -> rusqlite::Result<Vec<u32>> {
    let guests = sql::take_guest_numbers(tx)?;
    for guest in &guests {
        tx.push_change(Change::TokenMoved { key: guest.key, place: Some(guest.place), join_number: None });
    }
    let mut numbers: Vec<u32> = guests.iter().map(|guest| guest.join_number).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Join numbers on one page of draws at most, unless a single draw has more.
const NUMBERS_MAX: usize = 200_000;

/// The draws before `before`, the latest first, at most `limit` and as
/// many as fit on a page; and whether there are more.
pub fn list_draws(connection: &Connection, before: Option<i64>, limit: usize) -> Outcome<(Vec<Draw>, bool)> {
    let (mut draws, mut numbers) = (Vec::<Draw>::new(), 0);
    let mut before = before.unwrap_or(i64::MAX);
    while let Some(draw) = sql::find_draw_before(connection, before)? {
        numbers += draw.absent.len() + draw.guest_numbers.len();
        if draws.len() == limit || (numbers > NUMBERS_MAX && !draws.is_empty()) {
            return Ok((draws, true));
        }
        before = draw.number;
        draws.push(draw);
    }
    Ok((draws, false))
}

/// The latest draw.
///
/// # Errors
/// `NO_DRAW` before there was one.
pub fn must_find(connection: &Connection) -> Outcome<Draw> {
    sql::find_draw_before(connection, i64::MAX)?.ok_or_else(|| Refusal::NoDraw.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_the_hexadecimal_hashes() {
        // As `printf '%s' abc:3 | sha256sum` gives them: 3 begins with 0f, 2 with 16, 1 with bf.
        assert_eq!(order("abc", [1, 2, 3]), [3, 2, 1]);
    }
}
