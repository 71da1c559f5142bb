//! What every call is handed first: the request with its moment, the transaction, the feed of
//! events, and what memory must learn after a commit.
//!
//! `answer_or_wait.rs`: what a call comes to, and what a waiting one waits for · `stream.rs`: streams of events ·
//! `cached.rs`: what is read once · `change.rs`: what memory must learn · `snapshot.rs`: all of it at one moment ·
//! `events.rs`: the feed.

mod answer_or_wait;
mod cached;
mod change;
mod events;
mod snapshot;
mod stream;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::RangeInclusive;
use std::sync::{Arc, mpsc};

use uuid::Uuid;

pub use answer_or_wait::{Answer, Memo, Prefer, Until, Wait, Work, Written, cut_page, page};
pub use cached::Cached;
pub use change::{Change, Claim, SeatState, topics};
pub use events::{By, Event, EventType, last_sequence, list_events, list_events_of, record};
pub use snapshot::Snapshot;
pub use stream::{HEARTBEAT_SECONDS, NextPiece, Piece, StreamAt, StreamCaller, StreamMemo, write_event};

use crate::clock::{Clock, Millis, Mode};
use crate::http::{self, Fields, Notifier, Request, Resumed};
use crate::ids;
use crate::refusal::{Language, Refusal};
use crate::settings::Settings;
use crate::signing::SigningKey;
use crate::store::{self, Outcome, Reader, Readers, Writer};

/// What all calls share.
pub struct AppState {
    /// What the server was told at start.
    pub settings: Settings,
    pub clock: Arc<Clock>,
    pub readers: Readers,
    /// The way to the one writer.
    pub writer: Writer<Change>,
    /// Wakes those who wait for an answer.
    pub notifier: Notifier,
    /// Signs tickets and lists for the door.
    pub signing: Arc<SigningKey>,
    /// Part of the ids of events: what an earlier start has told is told again.
    pub start: u32,
}

impl AppState {
    /// Runs a piece of writing work from a thread that may wait, and gives what it came to once it is committed.
    ///
    /// # Errors
    /// Those of the work, and of the commit.
    pub fn write<T: Send + 'static>(&self, work: impl FnOnce(&Tx) -> Outcome<T> + Send + 'static) -> Outcome<T> {
        let (sender, receiver) = mpsc::channel();
        self.writer.submit(Box::new(move |tx: Result<&Tx, store::CommitError>| {
            let outcome = match tx {
                Ok(tx) => tx.savepoint(work),
                Err(lost) => Err(lost.refusal.into()),
            };
            let after: store::Completion = Box::new(move |committed: Result<(), store::CommitError>| {
                let _ = sender.send(committed.map_err(|lost| lost.refusal.into()).and(outcome)); // the receiver waits
            });
            after
        }));
        receiver.recv().unwrap_or_else(|_| Err(Refusal::Internal.into())) // it panicked
    }
}

/// A writing transaction of the venue.
pub type Tx<'c> = store::Tx<'c, Change>;

/// A request on its way to its answer: what each handler is handed.
pub struct Context<'r> {
    /// What all calls share.
    pub state: &'r Arc<AppState>,
    pub request: &'r Request,
    /// Its moment, read once. What it writes happens at the moment of its transaction instead, which is never earlier.
    pub now: Millis,
    /// The path of its route, with parameters in braces.
    pattern: &'static str,
    query: Vec<(String, String)>,
    stream: Option<StreamAt<'r>>,
}

impl<'r> Context<'r> {
    /// The context of a request that was found under a path.
    pub fn new(state: &'r Arc<AppState>, request: &'r Request, now: Millis, pattern: &'static str) -> Context<'r> {
        Context { state, request, now, pattern, query: Vec::new(), stream: None }
    }

    /// Reads the query.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for a parameter that is none of `known`, or is there twice.
    pub fn read_query(&mut self, known: &[&str]) -> Result<(), Refusal> {
        self.query = http::query(self.request, known)?;
        Ok(())
    }

    /// Reads whether the caller wants a stream of events, and where it stands.
    pub fn read_stream(&mut self) {
        let request = self.request;
        self.stream = match &request.resumed {
            Some(Resumed { told: Some(told), memo, .. }) => {
                let kept = memo.rsplit(' ').next().unwrap_or_default();
                Some(StreamAt { told, kept, is_new: false, is_shared: memo.is_empty() })
            }
            _ => request.prefers_stream().then(|| {
                let told = request.header("last-event-id").unwrap_or_default();
                StreamAt { told, kept: "", is_new: true, is_shared: false }
            }),
        };
    }

    /// Where the caller stands, of a call that is answered by a stream.
    pub fn stream(&self) -> Option<StreamAt<'r>> {
        self.stream
    }

    /// The id of an event that tells a state: the same state has another after a restart.
    pub fn event_id(&self, state: &impl Hash) -> String {
        let mut hasher = DefaultHasher::new();
        state.hash(&mut hasher);
        format!("{:08x}-{:016x}", self.state.start, hasher.finish())
    }

    /// A reading connection.
    ///
    /// # Errors
    /// [`store::Failure::Busy`].
    pub fn reader(&self) -> Outcome<Reader> {
        self.state.readers.get()
    }

    /// The language of the answer.
    pub fn language(&self) -> Language {
        self.request.language()
    }

    /// The wait that the caller prefers.
    pub fn prefer(&self) -> Prefer {
        Prefer::of(self.request, (self.state.clock.mode() != Mode::Wall).then_some(self.now))
    }

    /// The members of the body, which must be there.
    ///
    /// # Errors
    /// `UNSUPPORTED_MEDIA_TYPE`, `INVALID_JSON`, `INVALID_REQUEST`.
    pub fn fields(&self) -> Result<Fields, Refusal> {
        Fields::of(self.request)
    }

    /// The members of a body that may be left out.
    ///
    /// # Errors
    /// Those of [`Context::fields`].
    pub fn fields_if_any(&self) -> Result<Option<Fields>, Refusal> {
        if self.request.has_no_body() { Ok(None) } else { self.fields().map(Some) }
    }

    /// A parameter of the path as it is written there, still percent-encoded.
    pub fn segment(&self, name: &str) -> &'r str {
        http::path_parameter(self.pattern, &self.request.path, name).unwrap_or_default()
    }

    /// A parameter of the path that is a number.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub fn number(&self, name: &str) -> Result<i64, Refusal> {
        let segment = self.segment(name);
        let plain = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| segment.parse().ok()).flatten().ok_or(Refusal::NotFound)
    }

    /// A parameter of the path that is an id.
    ///
    /// # Errors
    /// `unknown`.
    pub fn id(&self, name: &str, unknown: Refusal) -> Result<Uuid, Refusal> {
        ids::parse_id(self.segment(name)).ok_or(unknown)
    }

    /// A parameter of the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        http::parameter(&self.query, name)
    }

    /// How many rows a page of a list has: its `limit`, 1 to `most`, or else the usual.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn limit(&self, usual: u32, most: u32) -> Result<u32, Refusal> {
        Ok(self.query_number("limit", 1..=i64::from(most))?.map_or(usual, |limit| limit as u32)) // in the range
    }

    /// The `nextCursor` of the page before, where cursors are numbers.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn cursor(&self) -> Result<Option<i64>, Refusal> {
        self.query_number("cursor", 1..=i64::MAX)
    }

    /// A parameter of the query that is an id.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn query_id(&self, name: &str) -> Result<Option<Uuid>, Refusal> {
        let Some(text) = self.query(name) else { return Ok(None) };
        let wrong = || Refusal::invalid(format!("?{name}"), "must be a UUID", "UUID여야 합니다");
        ids::parse_id(text).map(Some).ok_or_else(wrong)
    }

    /// A parameter of the query that is a whole number.
    ///
    /// # Errors
    /// `INVALID_REQUEST`.
    pub fn query_number(&self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, Refusal> {
        http::number(&self.query, name, range)
    }
}
