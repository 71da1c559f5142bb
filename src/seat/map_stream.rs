//! The stream of a date's seats: the map once, then only what has changed of it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

use super::map::{MapRevision, MapView};
use crate::call::{NextPiece, Piece, SeatState, write_event};
use crate::http::Body;

/// The seats that have changed, by what they are now.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SeatChanges<'v> {
    version: i64,
    seats_available: i64,
    seats: BTreeMap<&'static str, Vec<&'v str>>,
    /// The viewer's own, where these may be others than before.
    #[serde(skip_serializing_if = "Option::is_none")]
    mine: Option<Vec<&'v str>>,
}

/// What was told of a map: the start of the server, the revision, and the viewer's own seats, if there are any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MapId {
    start: u32,
    at: MapRevision,
    own: String,
}

impl MapId {
    pub fn of(start: u32, seen: &MapView) -> MapId {
        MapId { start, at: seen.at, own: own_mark(&seen.seats.mine) }
    }

    /// The revision that is told by a text, which is the `ETag` of a map or the id of an event, where it is of this
    /// start.
    pub fn parse(text: &str, start: u32) -> Option<MapId> {
        let mut parts = text.trim_start_matches("W/").trim_matches('"').split('-');
        let its_start = u32::from_str_radix(parts.next()?, 16).ok()?;
        let at = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let own = parts.find(|part| part.len() == 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit()));
        (its_start == start).then(|| MapId { start, at, own: own.unwrap_or_default().to_owned() })
    }

    pub fn version(&self) -> i64 {
        self.at.0
    }

    pub fn own(&self) -> &str {
        &self.own
    }
}

impl std::fmt::Display for MapId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let MapId { start, at: (version, due), own } = self;
        let dash = if own.is_empty() { "" } else { "-" };
        write!(f, "{start:08x}-{version}-{due}{dash}{own}")
    }
}

/// Differs when the viewer's own seats do; empty where there are none.
fn own_mark(mine: &[usize]) -> String {
    if mine.is_empty() {
        return String::new();
    }
    let mut hasher = DefaultHasher::new();
    mine.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The next piece for who was told `told`, and of their own seats `own`; where `is_shared`, for all who were told the
/// same.
pub(super) fn piece(
    seen: &MapView,
    start: u32,
    told: Option<&MapId>,
    own: &str,
    is_shared: bool,
    whole: impl FnOnce(&str) -> Body,
) -> Piece {
    let now = MapId::of(start, seen);
    let is_mine_known = is_shared || now.own == own;
    let id = now.to_string();
    let events = if seen.since.is_none() {
        whole(&id)
    } else if told.is_some_and(|told| told.at == now.at) && is_mine_known {
        Vec::new().into()
    } else {
        let mut text = Vec::new();
        if let Ok(changes) = serde_json::to_vec(&changes(seen, !is_mine_known)) {
            write_event(&mut text, "seats", &id, &changes); // texts and numbers always have a JSON
        }
        text.into()
    };
    Piece { events, next: Some(NextPiece { told: id, kept: now.own, is_shared: true, ..NextPiece::default() }) }
}

fn changes(seen: &MapView, with_mine: bool) -> SeatChanges<'_> {
    let (plan, states) = (&seen.seats.plan, &seen.seats.states);
    let label = |index: usize| &*plan.seats[index].label;
    let mut seats: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
    for index in seen.seats.told() {
        let state: SeatState = states[index];
        seats.entry(state.word()).or_default().push(label(index));
    }
    let mine = with_mine.then(|| seen.seats.mine.iter().map(|&index| label(index)).collect());
    SeatChanges { version: seen.version, seats_available: seen.seats_available, seats, mine }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn map_id_is_read_back_from_an_event_and_from_a_tag_and_none_of_another_start() {
        for own in ["", "0123456789abcdef"] {
            let id = MapId { start: 0xab, at: (17, 2), own: own.to_owned() };
            for text in [id.to_string(), format!("W/\"{id}\""), format!("\"{id}-WHEELCHAIR\"")] {
                assert_eq!(MapId::parse(&text, 0xab), Some(id.clone()), "{text}");
                assert_eq!(MapId::parse(&text, 0xac), None, "{text}");
            }
        }
        for wrong in ["", "17", "000000ab-x-0", "000000ab-1", "zz-1-2", "000000ab--1-0"] {
            assert_eq!(MapId::parse(wrong, 0xab), None, "{wrong}");
        }
    }
}
