//! What a door without network has let in, line by line on disk before anybody is let in.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::Millis;
use crate::ids;
use crate::platform::{open_private, sync_folder_of};
use crate::store::{self, OpenError};
use crate::ticket::door_list::DoorList;

/// Scans of one evening: a hundred thousand of them have fifteen megabytes.
const JOURNAL_MAX_BYTES: u64 = 64 << 20;

/// Somebody was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    pub scan_id: Uuid,
    pub number: String,
    pub at: Millis,
    pub door: String,
}

/// The scans of one date.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    scans: Vec<Scan>,
    by_number: HashMap<String, usize>,
}

impl Journal {
    /// Opens the journal that goes with a list, or begins it. What a crash left half written at
    /// its end is cut off: nobody was let in with it.
    ///
    /// # Errors
    /// A sentence with its remedy: it is in use, of another date or venue, or damaged.
    pub fn open(path: &Path, list: &DoorList) -> Result<Journal, OpenError> {
        let failed = |why: String| OpenError(format!("{}: {why}", path.display()));
        let broken = |error: std::io::Error| failed(format!("the journal can't be used: {error}"));
        let path = &store::resolve(path)?;
        if !path.exists() {
            store::must_be_free(path)?;
        }
        let opened = open_private().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = opened.map_err(broken)?;
        file.try_lock()
            .map_err(|_| failed("another door command uses this journal; give each its own --journal.".into()))?;
        let mut text = Vec::new();
        (&mut file).take(JOURNAL_MAX_BYTES + 1).read_to_end(&mut text).map_err(broken)?;
        if text.len() as u64 > JOURNAL_MAX_BYTES {
            return Err(failed("this journal is full; send its scans, then take another --journal.".into()));
        }
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let head = json!({
            "doorScans": 1, "scheduleId": list.about.schedule_id, "publicKey": list.public.hex(),
        });
        let mut lines = text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let first = lines.next();
        let is_half_a_head = format!("{head}\n").as_bytes().starts_with(&text);
        if whole < text.len() && first.is_none() && !is_half_a_head {
            return Err(failed("this is not a journal of scans; give another --journal.".into()));
        }
        let mut journal = Journal { path: path.to_owned(), file, scans: Vec::new(), by_number: HashMap::new() };
        match first {
            None => {
                journal.cut(0).map_err(broken)?;
                journal.begin(&head)?;
                return Ok(journal);
            }
            Some(line) if serde_json::from_slice::<Value>(line).is_ok_and(|first| first == head) => {}
            Some(_) => {
                return Err(failed("these are scans of another date or venue; give another --journal.".into()));
            }
        }
        for (at, line) in lines.enumerate() {
            let scan = read(line)
                .ok_or_else(|| failed(format!("line {} is damaged; keep a copy, and take that line out.", at + 2)))?;
            journal.keep(scan);
        }
        // Nothing of a file is cut off before it is known to be a journal.
        journal.cut(whole as u64).map_err(broken)?;
        Ok(journal)
    }

    /// All scans, in the order in which they were made.
    pub fn scans(&self) -> &[Scan] {
        &self.scans
    }

    /// The scan that let a ticket in.
    pub fn find(&self, number: &str) -> Option<&Scan> {
        self.by_number.get(number).and_then(|at| self.scans.get(*at))
    }

    /// Writes down that a ticket is let in. When this returns, it is on disk.
    ///
    /// # Errors
    /// When it can't be written: then nobody may be let in.
    pub fn add(&mut self, number: &str, door: &str, at: Millis) -> Result<(), OpenError> {
        let scan = Scan { scan_id: ids::new_id(at), number: number.to_owned(), at, door: door.to_owned() };
        let Scan { scan_id, number, at, door } = &scan;
        self.write(&json!({ "scanId": scan_id, "number": number, "at": at, "door": door }))?;
        self.keep(scan);
        Ok(())
    }

    /// The first line; the folder is synced as well, so that a power cut does not take the new file away.
    fn begin(&mut self, head: &Value) -> Result<(), OpenError> {
        self.write(head)?;
        sync_folder_of(&self.path)
            .map_err(|error| OpenError(format!("{}: the journal can't be kept: {error}", self.path.display())))
    }

    /// Cuts off what stands after so many bytes; what is written next stands there.
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.seek(SeekFrom::Start(length)).map(drop)
    }

    fn write(&mut self, line: &Value) -> Result<(), OpenError> {
        let written = self.file.write_all(format!("{line}\n").as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| {
            OpenError(format!(
                "{}: the journal can't be written ({error}), so nobody may be let in by it; make room, then start again.",
                self.path.display()
            ))
        })
    }

    fn keep(&mut self, scan: Scan) {
        self.by_number.insert(scan.number.clone(), self.scans.len());
        self.scans.push(scan);
    }
}

fn read(line: &[u8]) -> Option<Scan> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let text = |name: &str| value[name].as_str();
    Some(Scan {
        scan_id: ids::parse_id(text("scanId")?)?,
        number: text("number")?.to_owned(),
        at: Millis::parse_rfc3339(text("at")?)?,
        door: text("door")?.to_owned(),
    })
}
