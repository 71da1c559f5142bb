//! `boxoffice seed`: what a server has, as a file with which another begins.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::export::{must_not_be_there, write_out};
use super::output;
use super::target::ApiClient;
use crate::seed::SCHEMA;
use crate::settings::parse_staff_key;
use crate::store::OpenError;

/// Users of one answer.
const PAGE: usize = 200;
/// What no server tells, or a new venue makes anew.
const NOT_IN_IT: &str = "not in it: user and staff keys, of which a server has only hashes (put in what you want, or new ones \
                         are made); tokens and places in the line; reservations that failed or expired; the signatures of \
                         tickets, which are another venue's; check-ins, the ledger's entries, events, and when things happened";

/// What `seed` takes.
#[derive(Debug, Args)]
pub(super) struct SeedFrom {
    /// The server, such as http://localhost:8080.
    #[arg(long, value_name = "URL", requires = "staff_key", required_unless_present = "schema")]
    from: Option<String>,
    /// Trust the certificate authorities of this file (PEM) too, for a URL that begins with https.
    #[arg(long, value_name = "FILE", requires = "from")]
    ca: Option<PathBuf>,
    /// An admin's staff key.
    #[arg(long, env = "BOXOFFICE_STAFF_KEY", value_name = "KEY", hide_env_values = true, value_parser = parse_staff_key)]
    staff_key: Option<String>,
    /// The file to write, which must not be there yet [default: standard output].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the form of such a file in place of one, as a JSON Schema.
    #[arg(long, conflicts_with = "from")]
    schema: bool,
}

impl SeedFrom {
    pub(super) fn run(self) -> Result<(), OpenError> {
        let output = self.output.as_deref();
        must_not_be_there(output)?;
        let Some(url) = self.from.as_deref().filter(|_| !self.schema) else {
            return write_out(output, SCHEMA.as_bytes());
        };
        let staff_key = self.staff_key.as_deref().unwrap_or_default(); // clap asks for it
        let mut server = ApiClient::to(url, self.ca.as_deref(), staff_key)
            .map_err(|error| OpenError(error.0.replacen("--url", "--from", 1)))?;
        let seed = json!({
            "settings": settings(&mut server)?,
            "queue": rules(&mut server)?,
            "concerts": concerts(&mut server)?,
            "users": [],
            "reservations": [],
        });
        let seed = with_users(&mut server, seed)?;
        let mut text = serde_json::to_vec_pretty(&seed).map_err(|error| OpenError(error.to_string()))?;
        text.push(b'\n');
        write_out(output, &text)?;
        output::warn(format_args!("boxoffice: {NOT_IN_IT}."));
        Ok(())
    }
}

/// The members of an object with these names that are not null.
fn picked(from: &Value, names: &[&str]) -> Map<String, Value> {
    let present = |name: &&&str| !from[**name].is_null();
    names.iter().filter(present).map(|name| ((*name).to_owned(), from[*name].clone())).collect()
}

fn settings(server: &mut ApiClient) -> Result<Value, OpenError> {
    let venue = server.get("/venue")?;
    Ok(picked(&venue, &["timeZone", "holdSeconds", "seatsPerUser", "paymentAttempts", "topUpPolicy"]).into())
}

const RULES: [&str; 9] = [
    "maxActive",
    "admitPerMinute",
    "visitSeconds",
    "abandonSeconds",
    "claimSeconds",
    "graceSeconds",
    "paused",
    "opensAt",
    "message",
];

fn rules(server: &mut ApiClient) -> Result<Value, OpenError> {
    Ok(picked(&server.get("/staff/queue")?, &RULES).into())
}

fn concerts(server: &mut ApiClient) -> Result<Vec<Value>, OpenError> {
    let lines = server.get("/staff/lines")?;
    let lines: Vec<&Value> = lines["lines"].as_array().into_iter().flatten().collect();
    let mut concerts = Vec::new();
    for concert in server.list("/staff/concerts", "concerts")? {
        let mut told = picked(&concert, &["concertId", "title", "venue", "description"]);
        let dates = server.list(&format!("/staff/concerts/{}/schedules", concert["concertId"]), "schedules")?;
        let dates = dates.iter().map(|date| self::date(server, date)).collect::<Result<Vec<Value>, OpenError>>()?;
        told.insert("dates".into(), dates.into());
        let is_own = |line: &&&Value| line["concertId"] == concert["concertId"] && line["closed"] == false;
        if let Some(line) = lines.iter().find(is_own) {
            told.insert("line".into(), picked(line, &RULES).into());
        }
        concerts.push(told.into());
    }
    Ok(concerts)
}

fn date(server: &mut ApiClient, date: &Value) -> Result<Value, OpenError> {
    const TIMES: [&str; 5] = ["scheduleId", "startsAt", "saleOpensAt", "saleClosesAt", "refundUntilHours"];
    let mut told = picked(date, &TIMES);
    let map = server.get(&format!("/staff/schedules/{}/seats", date["scheduleId"]))?;
    let seats: Vec<&Value> = map["seats"].as_array().into_iter().flatten().collect();
    let layout = |seat: &&Value| picked(seat, &["seat", "section", "row", "number", "category", "price", "x", "y"]);
    told.insert("layout".into(), json!({ "seats": seats.iter().map(layout).collect::<Vec<_>>() }));
    let blocked = seats.iter().filter(|seat| seat["status"] == "BLOCKED");
    let blocked: Vec<_> = blocked.map(|seat| picked(seat, &["seat", "reason"])).collect();
    if !blocked.is_empty() {
        told.insert("blocked".into(), json!(blocked));
    }
    if !date["cancelledAt"].is_null() {
        told.insert("cancelled".into(), true.into());
    }
    Ok(told.into())
}

/// Adds the users, the first who came first, each with their reservations in the order in which they were made.
fn with_users(server: &mut ApiClient, mut seed: Value) -> Result<Value, OpenError> {
    let listed = server.list(&format!("/staff/users?limit={PAGE}"), "users")?;
    let (mut users, mut reservations) = (Vec::new(), Vec::new());
    for id in listed.iter().rev().filter_map(|user| user["userId"].as_str()) {
        let user = server.get(&format!("/staff/users/{id}"))?;
        let mut told = picked(&user, &["userId", "name", "contact"]);
        for (member, at) in [("banned", "bannedAt"), ("removed", "removedAt")] {
            if !user[at].is_null() {
                told.insert(member.into(), true.into());
            }
        }
        told.insert("points".into(), user["balance"].clone());
        users.push(Value::from(told));
        let of_user = server.list(&format!("/staff/users/{id}/reservations"), "reservations")?;
        reservations.extend(of_user.iter().rev().filter_map(reservation));
    }
    (seed["users"], seed["reservations"]) = (users.into(), reservations.into());
    Ok(seed)
}

/// A reservation, unless it ended in a way that a seed has no word for.
fn reservation(listed: &Value) -> Option<Value> {
    let status = listed["status"].as_str()?;
    if !matches!(status, "PENDING_PAYMENT" | "CONFIRMED" | "CANCELLED" | "REFUNDED") {
        return None;
    }
    let mut told = picked(listed, &["reservationId", "userId", "scheduleId", "status", "note"]);
    told.insert("paymentId".into(), listed["payment"]["paymentId"].clone());
    if listed["atCounter"] == true {
        told.insert("atCounter".into(), true.into());
    }
    if listed["payment"]["method"] != "POINTS" {
        told.extend(picked(&listed["payment"], &["method"]));
    }
    let seats = listed["seats"].as_array()?.iter().map(|seat| seat["seat"].clone());
    told.insert("seats".into(), seats.collect());
    if status == "PENDING_PAYMENT" {
        told.insert("holdExpiresAt".into(), listed["holdExpiresAt"].clone());
    }
    let tickets = listed["tickets"].as_array().into_iter().flatten();
    let tickets: Vec<_> = tickets.map(|ticket| picked(ticket, &["seat", "ticketId", "number"])).collect();
    if !tickets.is_empty() {
        told.insert("tickets".into(), json!(tickets));
    }
    Some(told.into())
}
