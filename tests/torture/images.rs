//! What a disk can hold after the power went out: everything that was synced, and of the rest each write whole, not at
//! all, or torn between sectors. Replayed from the trace of the shim.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::streams::Dice;

const SECTOR_BYTES: usize = 512;

/// What the program did to its files, record by record.
#[derive(Debug)]
enum Record {
    Created { file: u64, name: String },
    Written { file: u64, at: usize, bytes: Vec<u8> },
    Cut { file: u64, length: usize },
    Synced { file: u64 },
    Linked { from: String, to: String },
    Unlinked { name: String },
    NamesSynced,
    Nothing,
}

pub struct Trace(Vec<Record>);

impl Trace {
    pub fn read(path: &Path) -> io::Result<Trace> {
        let mut source = BufReader::new(File::open(path)?);
        let mut records = Vec::new();
        let mut head = [0; 32];
        while source.read_exact(&mut head).is_ok() {
            let [kind, file, offset, length] =
                [0, 8, 16, 24].map(|at| u64::from_le_bytes(head[at..at + 8].try_into().unwrap()));
            let (at, mut bytes) = (offset as usize, vec![0; length as usize]);
            if source.read_exact(&mut bytes).is_err() {
                break; // the program was killed while it wrote this
            }
            let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            records.push(match kind {
                1 => Record::Created { file, name: name(&bytes) },
                3 => Record::Written { file, at, bytes },
                4 => Record::Cut { file, length: at },
                5 => Record::Synced { file },
                6 => Record::Linked { from: name(&bytes[..at]), to: name(&bytes[at..]) },
                7 => Record::Unlinked { name: name(&bytes) },
                8 => Record::NamesSynced,
                _ => Record::Nothing,
            });
        }
        Ok(Trace(records))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Records where the order of writes matters most: the beginning of each piece of writing to the main file.
    pub fn checkpoints(&self) -> Vec<usize> {
        let is_large =
            |record: &Record| matches!(record, Record::Cut { .. } | Record::Unlinked { .. } | Record::NamesSynced);
        let at = self.0.iter().enumerate().filter(|(_, record)| is_large(record)).map(|(n, _)| n);
        at.collect()
    }
}

/// Changes of a file: what is synced, and what is not yet.
#[derive(Default, Clone)]
struct Content {
    synced: Vec<u8>,
    /// Records of the trace.
    pending: Vec<usize>,
}

/// A change of a name that is not synced yet.
#[derive(Clone)]
enum Naming {
    Set(String, usize),
    Gone(String),
}

/// The disk while the trace goes on.
pub struct Disk<'a> {
    trace: &'a Trace,
    done: usize,
    contents: Vec<Content>,
    /// The content that an inode has now: numbers of files come again.
    of_inode: HashMap<u64, usize>,
    names: HashMap<String, usize>,
    synced_names: HashMap<String, usize>,
    namings: Vec<Naming>,
    /// Whether a sync of a WAL is believed: a server with `synchronous=NORMAL` makes none at its commits.
    believes_wal: bool,
}

impl<'a> Disk<'a> {
    pub fn of(trace: &'a Trace, believes_wal: bool) -> Disk<'a> {
        let (contents, of_inode, namings) = Default::default();
        let (names, synced_names) = Default::default();
        Disk { trace, done: 0, contents, of_inode, names, synced_names, namings, believes_wal }
    }

    /// Goes on until so many records are done.
    pub fn go_on_to(&mut self, records: usize) {
        while self.done < records.min(self.trace.len()) {
            self.one_more();
            self.done += 1;
        }
    }

    fn one_more(&mut self) {
        let trace = self.trace;
        match &trace.0[self.done] {
            Record::Created { file, name } => {
                self.of_inode.insert(*file, self.contents.len());
                self.name(Naming::Set(name.clone(), self.contents.len()));
                self.contents.push(Content::default());
            }
            Record::Written { file, .. } | Record::Cut { file, .. } => {
                if let Some(&content) = self.of_inode.get(file) {
                    self.contents[content].pending.push(self.done);
                }
            }
            Record::Synced { file } => {
                let Some(&content) = self.of_inode.get(file) else { return };
                let of_wal = self.names.iter().any(|(name, of)| *of == content && name.ends_with("-wal"));
                let before_checkpoint =
                    matches!(trace.0.get(self.done + 1), Some(Record::Written { file: next, .. }) if next != file);
                if self.believes_wal || !of_wal || before_checkpoint {
                    self.sync(content);
                }
            }
            Record::Linked { from, to } => {
                if let Some(&content) = self.names.get(from) {
                    self.name(Naming::Set(to.clone(), content));
                }
            }
            Record::Unlinked { name } => self.name(Naming::Gone(name.clone())),
            Record::NamesSynced => {
                let namings = std::mem::take(&mut self.namings);
                namings.iter().for_each(|naming| apply(&mut self.synced_names, naming));
            }
            Record::Nothing => {}
        }
    }

    fn name(&mut self, naming: Naming) {
        apply(&mut self.names, &naming);
        self.namings.push(naming);
    }

    fn sync(&mut self, content: usize) {
        let content = &mut self.contents[content];
        for n in std::mem::take(&mut content.pending) {
            match &self.trace.0[n] {
                Record::Written { at, bytes, .. } => put(&mut content.synced, *at, bytes),
                Record::Cut { length, .. } => content.synced.resize(*length, 0),
                _ => {}
            }
        }
    }

    /// One of the states in which the disk can be when the power goes out now, as files in a folder.
    pub fn lose_power(&self, dice: &mut Dice, folder: &Path) -> io::Result<()> {
        let mut names = self.synced_names.clone();
        // Names change in order, as in a journal.
        for naming in &self.namings[..dice.below(self.namings.len() + 1)] {
            apply(&mut names, naming);
        }
        let keeps = dice.below(101); // of a hundred unsynced writes
        for (name, content) in names {
            let content = &self.contents[content];
            let mut bytes = content.synced.clone();
            for n in &content.pending {
                match &self.trace.0[*n] {
                    Record::Written { at, bytes: written, .. } => tear(&mut bytes, *at, written, keeps, dice),
                    Record::Cut { length, .. } if dice.one_in(2) => bytes.resize(*length, 0),
                    _ => {}
                }
            }
            let name = Path::new(&name).file_name().unwrap_or_default();
            std::fs::write(folder.join(name), bytes)?;
        }
        Ok(())
    }
}

fn apply(names: &mut HashMap<String, usize>, naming: &Naming) {
    match naming {
        Naming::Set(name, content) => names.insert(name.clone(), *content),
        Naming::Gone(name) => names.remove(name),
    };
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

/// A write that was not synced: kept, lost, or of its sectors only some.
fn tear(file: &mut Vec<u8>, at: usize, bytes: &[u8], keeps: usize, dice: &mut Dice) {
    let is_torn = dice.one_in(4);
    if !is_torn {
        if dice.below(100) < keeps {
            put(file, at, bytes);
        }
        return;
    }
    let mut from = 0;
    while from < bytes.len() {
        let to = (from + SECTOR_BYTES - (at + from) % SECTOR_BYTES).min(bytes.len());
        if dice.below(100) < keeps {
            put(file, at + from, &bytes[from..to]);
        }
        from = to;
    }
}
