//! The draw: those who came before the opening get their order by chance, and anyone can recompute it.
//!
//! Everybody is told a join number when they come. At the opening a seed is drawn from the operating system's
//! randomness and the order is ascending by the lower-case hexadecimal SHA-256 of `"<seed>:<joinNumber>"`. The seed did
//! not exist before, so nobody could choose a lucky number; it is public afterwards, so nobody can bend the order.

mod sql;

use rusqlite::Connection;
use serde_json::json;

use super::placement::Placement;
use super::sql as token_sql;
use super::{Lines, grace};
use crate::call::{Change, EventType, Tx, record};
use crate::clock::Millis;
use crate::ids::{self, LineId, TokenKey};
use crate::refusal::Refusal;
use crate::store::Outcome;
pub(super) use sql::count_guest_after_draw;

/// How the order follows from the seed.
pub const METHOD: &str = "sha256-rank";

/// A draw as everybody may know it.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Draw {
    /// Counts the draws of its line from 1, without gaps.
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

/// Holds the draws whose moment has come.
pub fn draw_if_due(tx: &Tx, lines: &Lines) -> Outcome<()> {
    // Memory has the rules of the last commit, and a transaction begins with this.
    let due = lines.list_openings().into_iter().filter(|(_, opens_at)| *opens_at <= tx.now());
    due.into_iter().try_for_each(|(line_id, _)| draw(tx, line_id))
}

/// Holds the draw of a line: a seed, the order, and the line's places in one transaction.
fn draw(tx: &Tx, line_id: LineId) -> Outcome<()> {
    let Some(joined) = sql::find_joined_if_due(tx, line_id)? else { return Ok(()) };
    grace::end_all(tx, line_id)?;
    let waiting = sql::list_awaiting_draw(tx, line_id)?; // by join number
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
        sql::update_drawn(tx, awaiting_draw.token_id, free[rank], draw_number)?;
        places.push((awaiting_draw.key, free[rank], draw_number));
    }
    let present =
        |number: &u32| waiting.binary_search_by_key(number, |awaiting_draw| awaiting_draw.join_number).is_ok();
    let (guests, guest_numbers) = (sql::count_guests(tx, line_id)?, end_guest_numbers(tx, line_id)?);
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
    draw.number = sql::insert_draw(tx, line_id, &draw)?;
    sql::clear_opens_at(tx, line_id)?;
    let Draw { number, joined, drawn, seed, .. } = &draw;
    let details = json!({
        "concertId": line_id, "number": number, "joined": joined, "drawn": drawn, "seed": seed, "guests": guests
    });
    record(tx, EventType::QueueDrawn, &details)?;
    tx.push_change(Change::Drawn { line_id, places });
    tx.push_change(Change::QueueChanged { line_id });
    Ok(())
}

/// A draw is to come: those in the line wait for it too, with join numbers in their order.
pub(super) fn announce(tx: &Tx, line_id: LineId) -> Outcome<()> {
    grace::end_all(tx, line_id)?;
    for key in token_sql::list_in_line(tx, line_id)? {
        let join_number = token_sql::next_join_number(tx, line_id)?.ok_or(Refusal::Internal)?; // the opening is set
        token_sql::update_placement(tx, line_id, key, Placement::Draw(join_number))?;
        reposition(tx, key, None, Some(join_number));
    }
    Ok(())
}

/// Calls a draw off: those who wait for it stand in the order of their join numbers.
pub(super) fn call_off(tx: &Tx, line_id: LineId) -> Outcome<()> {
    grace::end_all(tx, line_id)?;
    let waiting = sql::list_awaiting_draw(tx, line_id)?;
    for (place, awaiting_draw) in places_for(tx, &waiting)?.into_iter().zip(&waiting) {
        token_sql::update_to_place(tx, awaiting_draw.token_id, place)?;
        reposition(tx, awaiting_draw.key, Some(place), None);
    }
    end_guest_numbers(tx, line_id)?;
    Ok(sql::clear_opens_at(tx, line_id)?)
}

fn reposition(tx: &Tx, key: TokenKey, place: Option<i64>, join_number: Option<u32>) {
    tx.push_change(Change::TokenMoved { key, place, join_number });
}

/// Places for those who have none yet, in order: the last ones that were given out. They are
/// behind everybody of the line who was let in (as many places are left behind those as there are people who
/// wait), and before everybody who is still to come.
fn places_for(tx: &Tx, waiting: &[sql::AwaitingDraw]) -> rusqlite::Result<Vec<i64>> {
    let last = token_sql::last_place(tx)?;
    Ok((last - waiting.len() as i64 + 1..=last).collect())
}

/// Guests keep the join number that they were told as long as its draw is to come; gives back those numbers, in order.
fn end_guest_numbers(tx: &Tx, line_id: LineId) -> rusqlite::Result<Vec<u32>> {
    let guests = sql::take_guest_numbers(tx, line_id)?;
    for guest in &guests {
        reposition(tx, guest.key, Some(guest.place), None);
    }
    let mut numbers: Vec<u32> = guests.iter().map(|guest| guest.join_number).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Join numbers on one page of draws at most, unless a single draw has more.
const NUMBERS_MAX: usize = 200_000;

/// The draws of a line before `before`, the latest first, at most `limit` and as
/// many as fit on a page; and whether there are more.
pub fn list_draws(
    connection: &Connection,
    line_id: LineId,
    before: Option<i64>,
    limit: usize,
) -> Outcome<(Vec<Draw>, bool)> {
    let (mut draws, mut numbers) = (Vec::<Draw>::new(), 0);
    let mut before = before.unwrap_or(i64::MAX);
    while let Some(draw) = sql::find_draw_before(connection, line_id, before)? {
        numbers += draw.absent.len() + draw.guest_numbers.len();
        if draws.len() == limit || (numbers > NUMBERS_MAX && !draws.is_empty()) {
            return Ok((draws, true));
        }
        before = draw.number;
        draws.push(draw);
    }
    Ok((draws, false))
}

/// The latest draw of a line.
///
/// # Errors
/// `NO_DRAW` before there was one.
pub fn must_find(connection: &Connection, line_id: LineId) -> Outcome<Draw> {
    sql::find_draw_before(connection, line_id, i64::MAX)?.ok_or_else(|| Refusal::NoDraw.into())
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
