//! `boxoffice verify-draw`: recomputes a draw from its public answer.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::Value;

use super::wire::{Call, Place, Wire};
use crate::queue::{DRAW_METHOD, order};
use crate::store::OpenError;

/// What a draw that verifies shows, and what it cannot show.
const SHOWS: &str = "This shows that the order follows from the public seed and from the join numbers, which everybody was \
                     told before the seed existed.\nIt does not show that the house drew only once: a house that draws in \
                     secret until it likes the order would look the same.";

/// What `verify-draw` takes.
#[derive(Debug, Args)]
pub(super) struct VerifyDraw {
    /// The server, such as http://127.0.0.1:8080.
    #[arg(long)]
    url: String,
    /// Your queue token, to see whether its place is right; asking keeps it in the line.
    #[arg(long)]
    token: Option<String>,
}

impl VerifyDraw {
    pub(super) fn run(self) -> Result<(), OpenError> {
        let place = Place::parse(&self.url).map_err(OpenError)?;
        let mut wire = Wire::to(&place);
        let mut ask = |path: &str, authorization: &str| {
            let answer = wire.call(&Call::get(path, authorization));
            let answer = answer.map_err(|error| OpenError(format!("{}: {error}", self.url)))?;
            match answer.status {
                200 => Ok(answer.json()),
                _ => Err(OpenError(format!(
                    "{path}: the server refuses it: {}",
                    answer.json()["detail"].as_str().unwrap_or("?")
                ))),
            }
        };
        let draw = ask("/queue/draw", "")?;
        let token = self.token.as_ref().map(|token| ask("/queue/token", &format!("Bearer {token}"))).transpose()?;
        println!("{}\n{SHOWS}", verify(&draw, token.as_ref()).map_err(OpenError)?);
        Ok(())
    }
}

/// Recomputes the draw; says what was found, or what is wrong.
fn verify(draw: &Value, token: Option<&Value>) -> Result<String, String> {
    let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    let wrong = |what: &str| format!("the draw does not verify: {what}");
    let (Some(seed), Some(joined), Some(drawn)) =
        (draw["seed"].as_str(), number(&draw["joined"]), number(&draw["drawn"]))
    else {
        return Err(wrong("seed, joined or drawn is missing"));
    };
    if draw["method"] != DRAW_METHOD {
        return Err(wrong("its method is not known here"));
    }
    let told = draw["absent"].as_array().map(Vec::as_slice).unwrap_or_default();
    let absent: BTreeSet<u32> = told.iter().filter_map(number).filter(|one| (1..=joined).contains(one)).collect();
    if absent.len() != told.len() || absent.len() as u32 != joined.saturating_sub(drawn) || drawn > joined {
        return Err(wrong("the absent and the drawn are not together the joined"));
    }
    let order = order(seed, (1..=joined).filter(|number| !absent.contains(number)));
    let first: Vec<String> = order.iter().take(10).map(u32::to_string).collect();
    let found = format!(
        "The draw of {}: {drawn} of {joined} join numbers, in the order {}{}.",
        draw["drawnAt"].as_str().unwrap_or("?"),
        first.join(", "),
        if order.len() > first.len() { ", …" } else { "" },
    );
    let Some(token) = token else { return Ok(found) };
    let join_number = number(&token["joinNumber"]).ok_or("this token was not in a draw: it has no join number")?;
    let rank = order.iter().position(|&one| one == join_number).map(|rank| rank as u32 + 1);
    match (rank, number(&token["drawNumber"])) {
        (Some(rank), Some(said)) if rank == said => {
            Ok(format!("{found}\nJoin number {join_number} was drawn as number {rank}, as the server says."))
        }
        (Some(rank), said) => Err(wrong(&format!(
            "join number {join_number} is number {rank} by the seed, and the server says {}",
            said.map_or("nothing".to_owned(), |said| said.to_string())
        ))),
        (None, _) => Err(wrong(&format!("join number {join_number} is not among the drawn"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draw() -> Value {
        json!({
            "joined": 4, "drawn": 3, "absent": [4], "seed": "abc", "method": DRAW_METHOD,
            "drawnAt": "2026-11-22T10:00:00.000Z"
        })
    }

    fn token(join_number: u32, draw_number: u32) -> Value {
        json!({ "joinNumber": join_number, "drawNumber": draw_number })
    }

    #[test]
    fn a_draw_and_a_place_in_it_verify() {
        assert!(verify(&draw(), None).unwrap().contains("3, 2, 1"));
        assert!(verify(&draw(), Some(&token(3, 1))).is_ok());
    }

    #[test]
    fn a_tampered_answer_does_not_verify() {
        for (member, value) in [
            ("seed", json!("abd")),
            ("joined", json!(5)),
            ("drawn", json!(4)),
            ("absent", json!([])),
            ("absent", json!([3])),
            ("absent", json!([9])),
            ("method", json!("coin")),
            ("seed", Value::Null),
        ] {
            let mut tampered = draw();
            tampered[member] = value;
            assert!(verify(&tampered, Some(&token(3, 1))).is_err(), "{tampered}");
        }
        assert!(verify(&draw(), Some(&token(3, 2))).is_err());
        assert!(verify(&draw(), Some(&token(4, 4))).is_err());
        assert!(verify(&draw(), Some(&json!({ "joinNumber": null }))).is_err());
    }
}
