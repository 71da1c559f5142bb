//! The list with which a laptop without network checks tickets: lines of JSON, the last one the
//! signature of the venue over every byte before it.
//!
//! ```text
//! {"doorList":1,"scheduleId":1,"concertTitle":"…","startsAt":"…","timeZone":"…","madeAt":"…","publicKey":"…",…}
//! {"number":"5FANY5CURE","seat":"A-12","section":"R","status":"VALID"}
//! {"number":"7Q2MZ4HHKE","seat":"A-13","section":"R","status":"CHECKED_IN","at":"…","door":"East gate"}
//! {"signature":"…"}
//! ```
//!
//! Nobody's name is in it.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::code::{Candidate, Presented};
use super::{Status, code};
use crate::clock::Millis;
use crate::ids;
use crate::seat::AgreedTariff;
use crate::signing::{PublicKey, SigningKey};

/// What the first line calls the format.
const FORMAT: u64 = 1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorListEntry {
    pub number: String,
    pub seat: String,
    pub section: Option<String>,
    /// What it was good for when the list was made.
    pub status: Status,
    /// When its owner went in, and at which door.
    pub entered: Option<(Millis, Option<String>)>,
    /// For a code that an older program made: its SHA-256, so that the list makes no tickets.
    pub legacy_code_hash: Option<String>,
    /// The kind of price of its seat, if it is not the full one.
    pub tariff: Option<AgreedTariff>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorListHeader {
    pub schedule_id: i64,
    pub concert_title: String,
    pub starts_at: Millis,
    /// The venue's time zone, by its IANA name.
    pub time_zone: String,
    pub made_at: Millis,
}

/// The list as a file.
pub fn write(key: &SigningKey, about: &DoorListHeader, tickets: &[DoorListEntry]) -> Vec<u8> {
    let head = json!({
        "doorList": FORMAT,
        "scheduleId": about.schedule_id,
        "concertTitle": about.concert_title,
        "startsAt": about.starts_at,
        "timeZone": about.time_zone,
        "madeAt": about.made_at,
        "publicKey": key.public().hex(),
        "tickets": tickets.len(),
    });
    let mut text = format!("{head}\n");
    for ticket in tickets {
        let mut line = json!({
            "number": ticket.number, "seat": ticket.seat, "section": ticket.section, "status": ticket.status,
        });
        if let Some((at, door)) = &ticket.entered {
            line["at"] = json!(at);
            line["door"] = json!(door);
        }
        let tariff = ticket.tariff.as_ref().map(|tariff| &tariff.name);
        let note = ticket.tariff.as_ref().and_then(|tariff| tariff.note.as_ref());
        for (name, text) in [("codeSha256", ticket.legacy_code_hash.as_ref()), ("tariff", tariff), ("tariffNote", note)]
        {
            if let Some(text) = text {
                line[name] = json!(text);
            }
        }
        text.push_str(&format!("{line}\n"));
    }
    let signature = ids::hex(&key.sign(text.as_bytes()));
    text.push_str(&format!("{}\n", json!({ "signature": signature })));
    text.into_bytes()
}

/// The SHA-256 by which a code of format 1 stands on a list.
pub fn legacy_code_hash(code: &str) -> String {
    ids::hex(&ids::sha256_of(code.as_bytes()))
}

/// A list that was read and whose signature holds.
#[derive(Debug)]
pub struct DoorList {
    /// The public half of the key that signed it.
    pub public: PublicKey,
    pub about: DoorListHeader,
    tickets: HashMap<String, DoorListEntry>,
    by_older_code: HashMap<String, String>,
}

/// What a list says of what was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'l> {
    /// On the list and good.
    Good(&'l DoorListEntry),
    /// On the list, and its owner is in.
    AlreadyIn(&'l DoorListEntry),
    /// Refunded, or its date was cancelled.
    Void(&'l DoorListEntry),
    /// A sound ticket of another date.
    OtherDate,
    /// A sound ticket of this date that the list does not know: sold after it was made.
    Newer,
    /// A number or an older code that is not on the list.
    Unknown,
    /// It looks like a code and the signature does not hold.
    BadSignature,
    /// Neither a code nor a number.
    NotATicket,
}

impl DoorList {
    /// Reads a list.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub fn read(bytes: &[u8]) -> Result<DoorList, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "is not a list for the door")?;
        let body = text.strip_suffix('\n').ok_or("is cut short")?;
        let last_at = body.rfind('\n').ok_or("is not a list for the door")? + 1;
        let (signed, last) = body.split_at(last_at);
        let head = Record::read(signed.lines().next().unwrap_or(""), 1)?;
        if head.whole("doorList") != Some(FORMAT) {
            return Err("is not a list for the door that this program knows".into());
        }
        let public = head.text("publicKey").and_then(|hex| PublicKey::parse(&hex)).ok_or("has no public key")?;
        let signature = Record::read(last, 0).ok().and_then(|line| ids::bytes_of_hex(&line.text("signature")?));
        let signature = signature.ok_or("has no signature at its end: it is cut short")?;
        if !public.verify(signed.as_bytes(), &signature) {
            return Err("was changed after it was made: its signature does not hold".into());
        }
        DoorList::of(public, &head, signed).ok_or_else(|| "is signed, but not as this program knows lists".into())
    }

    fn of(public: PublicKey, head: &Record, signed: &str) -> Option<DoorList> {
        let mut list = DoorList {
            public,
            about: DoorListHeader {
                schedule_id: i64::try_from(head.whole("scheduleId")?).ok()?,
                concert_title: head.text("concertTitle")?,
                starts_at: head.instant("startsAt")?,
                time_zone: head.text("timeZone")?,
                made_at: head.instant("madeAt")?,
            },
            tickets: HashMap::new(),
            by_older_code: HashMap::new(),
        };
        for (at, line) in signed.lines().enumerate().skip(1) {
            let ticket = Record::read(line, at + 1).ok()?.ticket()?;
            if let Some(hash) = &ticket.legacy_code_hash {
                list.by_older_code.insert(hash.clone(), ticket.number.clone());
            }
            list.tickets.insert(ticket.number.clone(), ticket);
        }
        (head.whole("tickets") == Some(list.tickets.len() as u64)).then_some(list)
    }

    /// How many tickets of it open the door.
    pub fn expected(&self) -> usize {
        self.tickets.values().filter(|ticket| ticket.status != Status::Void).count()
    }

    /// What it says of what a scanner or a hand typed.
    pub fn judge(&self, raw: &str) -> Verdict<'_> {
        match code::read_presented(&self.public, raw) {
            Ok(Presented::Signed(_, payload)) if payload.schedule_id != self.about.schedule_id => Verdict::OtherDate,
            Ok(Presented::Signed(_, payload)) => {
                self.tickets.get(&payload.number).map_or(Verdict::Newer, DoorListEntry::verdict)
            }
            Ok(Presented::Unsigned(candidates)) => {
                let found = candidates.iter().find_map(|candidate| self.find(candidate));
                found.map_or(Verdict::Unknown, DoorListEntry::verdict)
            }
            Err(code::Fault::BadSignature) => Verdict::BadSignature,
            Err(code::Fault::NotATicket) => Verdict::NotATicket,
        }
    }

    fn find(&self, candidate: &Candidate) -> Option<&DoorListEntry> {
        match candidate {
            Candidate::Number(number) => self.tickets.get(number),
            Candidate::OlderCode(code) => self.tickets.get(self.by_older_code.get(&legacy_code_hash(code))?),
        }
    }
}

impl DoorListEntry {
    fn verdict(&self) -> Verdict<'_> {
        match self.status {
            Status::Valid => Verdict::Good(self),
            Status::CheckedIn => Verdict::AlreadyIn(self),
            Status::Void => Verdict::Void(self),
        }
    }
}

/// A line of the list.
struct Record(Map<String, Value>);

impl Record {
    fn read(text: &str, number: usize) -> Result<Record, String> {
        let line = serde_json::from_str(text).ok();
        line.map(Record).ok_or_else(|| format!("is not a list for the door (line {number})"))
    }

    fn text(&self, name: &str) -> Option<String> {
        self.0.get(name)?.as_str().map(str::to_owned)
    }

    fn whole(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_u64()
    }

    fn instant(&self, name: &str) -> Option<Millis> {
        Millis::parse_rfc3339(self.0.get(name)?.as_str()?)
    }

    fn ticket(&self) -> Option<DoorListEntry> {
        let word = self.text("status")?;
        Some(DoorListEntry {
            number: self.text("number")?,
            seat: self.text("seat")?,
            section: self.text("section"),
            status: Status::of(&word)?,
            entered: self.instant("at").map(|at| (at, self.text("door"))),
            legacy_code_hash: self.text("codeSha256"),
            tariff: self.text("tariff").map(|name| AgreedTariff { name, note: self.text("tariffNote") }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::SigningSecret;
    use code::CodePayload;

    const AT: Millis = Millis::from_unix_ms(1_763_804_000_000);
    const OLDER: &str = "J5D9MDHW6WC9QN7C4QGTQXM2UL";

    fn key() -> SigningKey {
        SigningKey::of(&SigningSecret([7; 32]))
    }

    fn ticket(number: &str, status: Status) -> DoorListEntry {
        let seat = format!("A-{number}");
        DoorListEntry {
            number: number.into(),
            seat,
            section: Some("R석".into()),
            status,
            entered: None,
            legacy_code_hash: None,
            tariff: Some(AgreedTariff { name: "학생".into(), note: Some("학생증".into()) }),
        }
    }

    fn list(key: &SigningKey) -> Vec<u8> {
        let concert_title = "밤 \"Nacht\"".into();
        let about = DoorListHeader {
            schedule_id: 3,
            concert_title,
            starts_at: AT,
            time_zone: "Asia/Seoul".into(),
            made_at: AT,
        };
        let tickets = [
            ticket("2222222222", Status::Valid),
            DoorListEntry { entered: Some((AT, None)), ..ticket("3333333333", Status::CheckedIn) },
            ticket("4444444444", Status::Void),
            DoorListEntry { legacy_code_hash: Some(legacy_code_hash(OLDER)), ..ticket("5555555555", Status::Valid) },
        ];
        write(key, &about, &tickets)
    }

    fn code_of(key: &SigningKey, number: &str, schedule_id: i64) -> String {
        code::make(key, &CodePayload { number: number.into(), schedule_id, seat_no: 0 }).unwrap()
    }

    #[test]
    fn list_reads_back_and_judges_what_is_shown() {
        let bytes = list(&key());
        let list = DoorList::read(&bytes).unwrap();
        assert_eq!((list.about.schedule_id, list.expected(), &*list.about.concert_title), (3, 3, "밤 \"Nacht\""));
        let by_number = |number: &str| list.judge(number);
        assert!(
            matches!(by_number("2222 222-222"), Verdict::Good(found) if *found == ticket("2222222222", Status::Valid))
        );
        assert!(matches!(by_number("3333333333"), Verdict::AlreadyIn(ticket) if ticket.entered == Some((AT, None))));
        assert!(matches!(by_number("4444444444"), Verdict::Void(_)));
        assert_eq!(
            (by_number("6666666666"), by_number("좌석"), by_number("")),
            (Verdict::Unknown, Verdict::NotATicket, Verdict::NotATicket)
        );
        assert!(matches!(list.judge(&code_of(&key(), "2222222222", 3)), Verdict::Good(_)));
        assert!(matches!(list.judge(&code_of(&key(), "4444444444", 3)), Verdict::Void(_)));
        assert_eq!(list.judge(&code_of(&key(), "2222222222", 4)), Verdict::OtherDate);
        assert_eq!(list.judge(&code_of(&key(), "7777777777", 3)), Verdict::Newer);
        let forged = SigningKey::of(&SigningSecret([8; 32]));
        assert_eq!(list.judge(&code_of(&forged, "2222222222", 3)), Verdict::BadSignature);
        assert!(matches!(list.judge(OLDER), Verdict::Good(ticket) if ticket.number == "5555555555"));
        assert_eq!(list.judge(&OLDER.replace('J', "K")), Verdict::Unknown);
        assert!(!String::from_utf8(bytes).unwrap().contains(OLDER), "the list makes no tickets");
    }

    #[test]
    fn list_that_was_changed_anywhere_or_cut_is_refused() {
        let bytes = list(&key());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(DoorList::read(&changed).is_err(), "byte {at}");
            assert!(DoorList::read(&bytes[..at]).is_err(), "cut at {at}");
        }
        let mut more = bytes.clone();
        more.extend_from_slice(b"{}\n");
        assert!(DoorList::read(&more).is_err());
        // A list of another key is a sound one: whose it is, its fingerprint says.
        let other = DoorList::read(&list(&SigningKey::of(&SigningSecret([8; 32])))).unwrap();
        assert_ne!(other.public, key().public());
    }
}
