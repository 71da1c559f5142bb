//! `boxoffice verify-draw`: recomputes a draw from its public answer.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::output;
use crate::client::{Call, Client, ServerAddress};
use crate::queue::{DRAW_METHOD, order};
use crate::store::OpenError;

/// What a draw that verifies shows, and what it cannot show.
const SHOWS: &str = "This shows that the order follows from the public seed and from the join numbers, which everybody was \
                     told before the seed existed.\nEvery draw that was held has a number and stays public. It does not show that the \
                     server drew only once for it: one that draws in secret until it likes the order would look the same.";

/// What `verify-draw` takes.
#[derive(Debug, Args)]
pub(super) struct VerifyDraw {
    /// The server, such as http://localhost:8080.
    #[arg(long)]
    url: String,
    /// Trust the certificate authorities of this file (PEM) too, for a URL that begins with https.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The concert whose own line is meant; without it the line of the token, or else the shared line.
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    concert: Option<i64>,
    /// Your queue token, to see whether its place is right; asking keeps it in the line.
    #[arg(long)]
    token: Option<String>,
}

impl VerifyDraw {
    pub(super) fn run(self) -> Result<(), OpenError> {
        let mut client = Client::to(&ServerAddress::parse(&self.url, self.ca.as_deref())?);
        let mut ask = |path: &str, authorization: &str| {
            let answer = client.call(&Call::get(path, authorization));
            let answer = answer.map_err(|error| OpenError(format!("{}: {error}", self.url)))?;
            match answer.status {
                200 => Ok(answer.json()),
                _ => Err(OpenError(format!("{}: GET {path} was refused with {}", self.url, answer.told()))),
            }
        };
        let token = self.token.as_ref().map(|token| ask("/queue/token", &format!("Bearer {token}"))).transpose()?;
        let of_token = token.as_ref().and_then(|token| token["concertId"].as_i64());
        let line = self.concert.or(of_token).map_or_else(String::new, |id| format!("&concertId={id}"));
        let draws = all_draws(|cursor| ask(&format!("/queue/draws?limit=100{line}{cursor}"), ""))?;
        output::print(format_args!("{}\n{SHOWS}", verify(&draws, token.as_ref()).map_err(OpenError)?))
    }
}

/// Every draw that the server tells of, the latest first.
fn all_draws(mut page: impl FnMut(&str) -> Result<Value, OpenError>) -> Result<Vec<Value>, OpenError> {
    let (mut draws, mut cursor) = (Vec::new(), String::new());
    loop {
        let found = page(&cursor)?;
        draws.extend(found["draws"].as_array().cloned().unwrap_or_default());
        match found["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(draws),
        }
    }
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

fn wrong(what: &str) -> String {
    format!("the draw does not verify: {what}")
}

/// Recomputes all draws, and the place of a token in its own; says what was found, or what is wrong.
fn verify(draws: &[Value], token: Option<&Value>) -> Result<String, String> {
    if draws.is_empty() {
        return Err("there was no draw yet".into());
    }
    let mut found = Vec::new();
    for (expected, draw) in (1..=draws.len() as u64).rev().zip(draws) {
        if draw["number"].as_u64() != Some(expected) {
            return Err(wrong(&format!("the server does not tell of draw {expected}")));
        }
        found.push(summary(draw, &recomputed(draw)?));
    }
    found.extend(token.map(|token| verify_token(draws, token)).transpose()?);
    Ok(found.join("\n"))
}

/// The join numbers of a draw in the order that its seed gives them.
fn recomputed(draw: &Value) -> Result<Vec<u32>, String> {
    let (Some(seed), Some(joined), Some(drawn)) =
        (draw["seed"].as_str(), number(&draw["joined"]), number(&draw["drawn"]))
    else {
        return Err(wrong("seed, joined or drawn is missing"));
    };
    if draw["method"] != DRAW_METHOD {
        return Err(wrong("its method is not known here"));
    }
    let numbers = |name: &str| -> (BTreeSet<u32>, usize) {
        let told = draw[name].as_array().map(Vec::as_slice).unwrap_or_default();
        (told.iter().filter_map(number).filter(|one| (1..=joined).contains(one)).collect(), told.len())
    };
    let (absent, told) = numbers("absent");
    if absent.len() != told || absent.len() as u32 != joined.saturating_sub(drawn) || drawn > joined {
        return Err(wrong("the absent and the drawn are not together the joined"));
    }
    let (guests, told) = numbers("guestNumbers");
    if guests.len() != told || !guests.is_subset(&absent) {
        return Err(wrong("a guest's join number is among the drawn"));
    }
    Ok(order(seed, (1..=joined).filter(|number| !absent.contains(number))))
}

fn summary(draw: &Value, order: &[u32]) -> String {
    let first: Vec<String> = order.iter().take(10).map(u32::to_string).collect();
    let more = if order.len() > first.len() { ", …" } else { "" };
    let guests = match (number(&draw["guests"]), number(&draw["guestsLater"])) {
        (Some(0), Some(0)) => "Nobody was given a place before number 1.".to_owned(),
        (Some(guests), Some(later)) => {
            format!("Staff gave {guests} guests a place before number 1 by then, and {later} after it.")
        }
        _ => "How many guests were given a place before number 1 was not counted.".to_owned(),
    };
    format!(
        "The draw of {}: {} of {} join numbers, in the order {}{more}. {guests}",
        draw["drawnAt"].as_str().unwrap_or("?"),
        draw["drawn"],
        draw["joined"],
        first.join(", "),
    )
}

/// Whether a token has the number that its draw gives it, and does not stand further behind than that.
fn verify_token(draws: &[Value], token: &Value) -> Result<String, String> {
    let join_number = number(&token["joinNumber"]).ok_or("this token was not in a draw: it has no join number")?;
    let Some(said) = number(&token["drawNumber"]) else {
        return Err(format!("join number {join_number} was not drawn yet: its draw is still to come"));
    };
    // Instants of the wire sort as they follow each other. Whoever was let in was drawn before that; all others last.
    let activated_at = token["activatedAt"].as_str();
    let before =
        |draw: &&Value| draw["drawnAt"].as_str().is_some_and(|at| activated_at.is_none_or(|let_in| at <= let_in));
    let draw = draws.iter().find(before).ok_or_else(|| wrong("there was no draw before this token was let in"))?;
    let rank = recomputed(draw)?.iter().position(|&one| one == join_number).map(|rank| rank as u32 + 1);
    let Some(rank) = rank else {
        return Err(wrong(&format!("join number {join_number} is not among the drawn")));
    };
    if rank != said {
        let says = "by the seed, and the server says";
        return Err(wrong(&format!("join number {join_number} is number {rank} {says} {said}")));
    }
    let ahead = number(&draw["guests"]).zip(number(&draw["guestsLater"])).map(|(guests, later)| guests + later);
    if let (Some(position), Some(ahead)) = (number(&token["position"]), ahead)
        && position > ahead + rank
    {
        return Err(wrong(&format!("number {rank} stands on place {position}, behind {ahead} guests at most")));
    }
    Ok(format!("Join number {join_number} was drawn as number {rank}, as the server says."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draw() -> Value {
        json!({
            "number": 1, "joined": 4, "drawn": 3, "absent": [4], "seed": "abc", "method": DRAW_METHOD,
            "drawnAt": "2026-11-22T10:00:00.000Z", "guests": 1, "guestNumbers": [4], "guestsLater": 1
        })
    }

    fn token(join_number: u32, draw_number: u32) -> Value {
        json!({ "joinNumber": join_number, "drawNumber": draw_number, "position": 3, "activatedAt": null })
    }

    #[test]
    fn draw_and_a_place_in_it_verify() {
        let found = verify(&[draw()], None).unwrap();
        assert!(found.contains("3, 2, 1") && found.contains("1 guests"), "{found}");
        assert!(verify(&[draw()], Some(&token(3, 1))).is_ok());
    }

    #[test]
    fn draw_who_was_let_in_before_the_last_draw_is_verified_by_the_one_that_drew_them() {
        let mut second = draw();
        (second["number"], second["seed"]) = (json!(2), json!("abd"));
        second["drawnAt"] = json!("2026-11-22T11:00:00.000Z");
        let draws = [second, draw()];
        let mut let_in = token(3, 1);
        assert!(verify(&draws, Some(&let_in)).is_err());
        (let_in["position"], let_in["activatedAt"]) = (json!(0), json!("2026-11-22T10:59:59.999Z"));
        assert!(verify(&draws, Some(&let_in)).is_ok());
        assert!(verify(&draws[..1], None).is_err(), "draw 1 is not told of");
    }

    #[test]
    fn tampered_answer_does_not_verify() {
        for (member, value) in [
            ("seed", json!("abd")),
            ("joined", json!(5)),
            ("drawn", json!(4)),
            ("absent", json!([])),
            ("absent", json!([3])),
            ("absent", json!([9])),
            ("method", json!("coin")),
            ("seed", Value::Null),
            ("guestNumbers", json!([2])),
            ("guests", json!(0)),
            ("number", json!(2)),
        ] {
            let mut tampered = draw();
            tampered[member] = value;
            assert!(verify(&[tampered.clone()], Some(&token(3, 1))).is_err(), "{tampered}");
        }
        let not_verified = [token(3, 2), token(4, 4), json!({ "joinNumber": null }), json!({ "joinNumber": 3 })];
        for token in not_verified {
            assert!(verify(&[draw()], Some(&token)).is_err(), "{token}");
        }
    }
}
