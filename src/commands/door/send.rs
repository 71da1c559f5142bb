//! Telling the server what a door without network has scanned. It may be told again and again.

use std::path::Path;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::journal::{Journal, Scan};
use crate::client::{Call, Client, ServerAddress};
use crate::clock::Millis;
use crate::commands::output;
use crate::store::OpenError;
use crate::ticket::door_list::DoorList;
use crate::ticket::{SCANS_MAX, ScanOutcome};

/// Sends all scans; says whether there is nothing for staff to look at.
pub fn send(
    url: &str,
    ca: Option<&Path>,
    staff_key: &str,
    list: &DoorList,
    journal: &Journal,
) -> Result<bool, OpenError> {
    let mut client = Client::to(&ServerAddress::parse(url, ca)?);
    let zone = TimeZone::get(&list.about.time_zone).unwrap_or(TimeZone::UTC);
    let authorization = format!("Bearer {staff_key}");
    let mut sums = Sums::default();
    for scans in journal.scans().chunk_by(|one, next| one.door == next.door).flat_map(|same| same.chunks(SCANS_MAX)) {
        let call = Call::post("/staff/checkins/scans", &authorization, body(scans));
        let answer = client.call(&call).map_err(|error| OpenError(format!("{url}: {error}; send again later.")))?;
        if answer.status != 200 {
            let why = answer.told();
            return Err(OpenError(format!("{url}: the scans were refused with {why} Send again when that is cured.")));
        }
        for told in answer.json()["scans"].as_array().into_iter().flatten() {
            sums.count(told, &zone);
        }
    }
    output::tell(format_args!(
        "Scans told: {}, {} of them before. Checked in {}, seen at two doors {}, void before {}, unknown {}.",
        journal.scans().len(),
        sums.known,
        sums.checked_in,
        sums.conflicts,
        sums.void,
        sums.unknown,
    ));
    Ok(sums.conflicts + sums.void + sums.unknown == 0)
}

fn body(scans: &[Scan]) -> Value {
    let door = scans.first().map(|scan| &scan.door);
    let scans: Vec<Value> =
        scans.iter().map(|scan| json!({ "scanId": scan.scan_id, "number": scan.number, "at": scan.at })).collect();
    json!({ "door": door, "scans": scans })
}

#[derive(Default)]
struct Sums {
    checked_in: usize,
    conflicts: usize,
    void: usize,
    unknown: usize,
    known: usize,
}

impl Sums {
    fn count(&mut self, told: &Value, zone: &TimeZone) {
        let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        let seen = |one: &Value| {
            let at = one["at"].as_str().and_then(Millis::parse_rfc3339);
            let at = at.map_or_else(|| "?".to_owned(), |at| at.local_in(zone));
            let clock = if one["offline"] == true { " (by the clock of a laptop)" } else { "" };
            format!("{} {at}{clock}", one["door"].as_str().unwrap_or("a door without a name"))
        };
        self.known += usize::from(told["known"] == true);
        match ScanOutcome::ALL.iter().find(|outcome| told["outcome"] == outcome.word()) {
            Some(ScanOutcome::CheckedIn) => self.checked_in += 1,
            Some(ScanOutcome::Conflict) => {
                self.conflicts += 1;
                let (seat, number) = (text(&told["seat"]), text(&told["number"]));
                output::tell(format_args!(
                    "두 곳에서 입장 · SEEN AT TWO DOORS {number} {seat}: {}, and {}",
                    seen(&told["other"]),
                    seen(&told["scan"])
                ));
            }
            Some(ScanOutcome::Void) => {
                self.void += 1;
                let (seat, number) = (text(&told["seat"]), text(&told["number"]));
                output::tell(format_args!(
                    "환불·취소된 티켓이 입장 · VOID, AND LET IN {number} {seat}: {}",
                    seen(&told["scan"])
                ));
            }
            _ => {
                self.unknown += 1;
                output::tell(format_args!("없는 티켓 · UNKNOWN TO THE VENUE: scan {}", text(&told["scanId"])));
            }
        }
    }
}
