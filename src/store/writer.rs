//! The one writer: a thread that owns the only connection that writes.
//!
//! It takes whatever jobs are waiting, opens one `BEGIN IMMEDIATE`, runs each job in a savepoint of its own, commits once,
//! without waiting for company, and only then lets the answers out. So every acknowledged write is on disk and a crowd
//! shares one fsync. Between jobs it sleeps until something becomes due.
//!
//! ```text
//! jobs ──► [ begin · rounds.open · job · job · … · rounds.close · COMMIT ] ──► rounds.committed ──► answers (own thread)
//! ```

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::tx::note_seen;
use super::wal::Wal;
use super::{Failure, Outcome, Tx};
use crate::clock::{Clock, LOOK_EVERY, Millis};
use crate::refusal::Refusal;
use crate::threads::{OnFatal, spawn_vital};

/// How long a due thing rests after a lost transaction, so that a full disk does not burn a core.
const NAP_AFTER_LOSS: Duration = Duration::from_millis(250);

/// A piece of writing work. It runs inside the transaction, or learns that there is none, and gives back what is to be
/// done after the commit.
pub type Job<C> = Box<dyn FnOnce(Result<&Tx<C>, Lost>) -> After + Send>;

/// What is to be done once the commit is over: sending the answer.
pub type After = Box<dyn FnOnce(Result<(), Lost>) + Send>;

/// The commit failed and nothing of the job is in the file.
#[derive(Debug, Clone)]
pub struct Lost {
    /// What the client is told.
    pub told: Refusal,
    /// The state on disk is unknown.
    fatal: bool,
}

/// Work that goes with a transaction.
pub type Round<C> = Box<dyn FnMut(&Tx<C>) -> rusqlite::Result<()> + Send>;
/// What learns of a commit, its moment and its changes.
pub type Learn<C> = Box<dyn FnMut(&Connection, Millis, Vec<C>) -> Outcome<()> + Send>;
/// What knows when something becomes due.
pub type NextDue = Box<dyn FnMut(&Connection) -> Option<Millis> + Send>;

/// What goes with every transaction, whatever its jobs.
pub struct Rounds<C> {
    /// Before the jobs: writes down what has become due.
    pub open: Round<C>,
    /// After the jobs.
    pub close: Round<C>,
    /// After the commit: memory learns what changed.
    pub committed: Learn<C>,
    /// When there is something to write down although nobody asks.
    pub next_due: NextDue,
    /// The state on disk is unknown (a failed write or sync), or memory is not as the file is (a panic, a failed read):
    /// nothing more may be promised.
    pub broken: OnFatal,
}

/// What the writer counts, for metrics.
#[derive(Debug, Default)]
pub struct WriterFigures {
    /// Transactions committed.
    pub commits: AtomicU64,
    /// Jobs in them.
    pub jobs: AtomicU64,
    /// Jobs turned away because the queue was full.
    pub turned_away: AtomicU64,
    /// Transactions that failed.
    pub failed: AtomicU64,
    /// Time spent in COMMIT, in microseconds.
    pub commit_us: AtomicU64,
}

/// The bounds of the writer's queue.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Jobs that may wait.
    pub jobs_max: usize,
    /// Jobs that share a commit at most, so that the first of them does not wait for ever.
    pub batch_max: usize,
}

struct Line<C> {
    jobs: VecDeque<Job<C>>,
    open: bool,
}

struct Shared<C> {
    line: Mutex<Line<C>>,
    arrived: Condvar,
    bounds: Bounds,
    figures: WriterFigures,
}

impl<C> Shared<C> {
    /// Nothing can be promised any more: those who wait are told so, and so is everyone who comes.
    fn close_broken(&self) {
        log::error!("the writer can't go on");
        let mut line = self.line();
        line.open = false;
        let waiting = std::mem::take(&mut line.jobs);
        drop(line);
        waiting.into_iter().for_each(|job| turn_away(job, Refusal::Stopping));
    }

    fn line(&self) -> MutexGuard<'_, Line<C>> {
        self.line.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The way to the writer.
pub struct Writer<C> {
    shared: Arc<Shared<C>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl<C: Send + 'static> Writer<C> {
    /// Starts the writing thread and the one that sends the answers.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        connection: Connection,
        clock: Arc<Clock>,
        bounds: Bounds,
        rounds: Rounds<C>,
    ) -> std::io::Result<Writer<C>> {
        let shared = Arc::new(Shared {
            line: Mutex::new(Line { jobs: VecDeque::new(), open: true }),
            arrived: Condvar::new(),
            bounds,
            figures: WriterFigures::default(),
        });
        let (answers, to_answer) = mpsc::channel::<Answers>();
        let answering = spawn_vital("answers", rounds.broken.clone(), move || {
            for (afters, result) in to_answer {
                afters.into_iter().for_each(|after| answer(after, result.clone()));
            }
        })?;
        let wal = Wal::of(&connection);
        let mut desk = Desk { connection, wal, clock, rounds, shared: Arc::clone(&shared), answers, is_broken: false };
        let writing = std::thread::Builder::new().name("writer".into()).spawn(move || {
            if catch_unwind(AssertUnwindSafe(|| desk.serve())).is_err() {
                desk.give_up(); // the panic itself was printed; memory may have missed a commit
            }
            desk.close();
        })?;
        Ok(Writer { shared, threads: Mutex::new(vec![writing, answering]) })
    }

    /// Puts a job in the queue. When the queue is full or the writer has stopped, the job learns that at once.
    pub fn submit(&self, job: Job<C>) {
        let mut line = self.shared.line();
        if line.open && line.jobs.len() < self.shared.bounds.jobs_max {
            line.jobs.push_back(job);
            drop(line);
            return self.shared.arrived.notify_one();
        }
        let told = if line.open { Refusal::Overloaded { retry_after_seconds: 1 } } else { Refusal::Stopping };
        drop(line);
        self.shared.figures.turned_away.fetch_add(1, Relaxed);
        turn_away(job, told);
    }

    /// What it has counted.
    pub fn figures(&self) -> &WriterFigures {
        &self.shared.figures
    }

    /// Finishes the jobs that are waiting, writes the WAL back into the file and ends.
    pub fn stop(&self) {
        self.shared.line().open = false;
        self.shared.arrived.notify_one();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
        for thread in threads {
            let _ = thread.join(); // its panic was printed when it happened
        }
    }
}

/// The answers of one commit, and how the commit went.
type Answers = (Vec<After>, Result<(), Lost>);

/// Tells a job that it will not be written.
fn turn_away<C>(job: Job<C>, told: Refusal) {
    let lost = Lost { told, fatal: false };
    answer(job(Err(lost.clone())), Err(lost));
}

fn answer(after: After, result: Result<(), Lost>) {
    let _ = catch_unwind(AssertUnwindSafe(|| after(result))); // its panic was printed when it happened
}

/// What the writing thread has on its desk.
struct Desk<C> {
    connection: Connection,
    wal: Wal,
    clock: Arc<Clock>,
    rounds: Rounds<C>,
    shared: Arc<Shared<C>>,
    answers: mpsc::Sender<Answers>,
    /// The state on disk is unknown, or memory is not as the file is.
    is_broken: bool,
}

impl<C: Send + 'static> Desk<C> {
    fn serve(&mut self) {
        let mut now = self.clock.now();
        let mut nap = None;
        while let Some(jobs) = self.next_jobs(nap.take()) {
            now = now.max(self.clock.now());
            let count = jobs.len();
            let mut afters = Vec::with_capacity(count);
            let result = self.transact(now, jobs, &mut afters);
            let lost = result.as_ref().err().cloned();
            self.let_out(afters, result);
            if let Some(lost) = lost {
                self.shared.figures.failed.fetch_add(1, Relaxed);
                log::error!("a transaction of {count} jobs is lost: {}", lost.told.code().word());
                nap = Some(NAP_AFTER_LOSS);
            } else {
                self.wal.look(&self.connection);
            }
        }
        if self.is_broken {
            return;
        }
        // What goes with a transaction but has not had one yet, such as the first calls of those let in, goes with this one.
        let last = self.transact(now.max(self.clock.now()), Vec::new(), &mut Vec::new());
        if let Err(lost) = last {
            log::error!("the last transaction is lost: {}", lost.told.code().word());
        }
    }

    /// Lets the answers of a commit out: by the other thread where more jobs wait, and else from here, which spares a wakening.
    fn let_out(&self, afters: Vec<After>, result: Result<(), Lost>) {
        if self.shared.line().jobs.is_empty() {
            return afters.into_iter().for_each(|after| answer(after, result.clone()));
        }
        let _ = self.answers.send((afters, result)); // the other side lives as long as this one
    }

    /// Nothing more is promised, and whoever runs the house learns that it must be closed.
    fn give_up(&mut self) {
        self.is_broken = true;
        self.shared.close_broken();
        self.rounds.broken.call();
    }

    /// Waits for jobs, for something due, or for a step of the wall; `None` once stopped and empty.
    fn next_jobs(&mut self, mut nap: Option<Duration>) -> Option<Vec<Job<C>>> {
        loop {
            let mut line = self.shared.line();
            if line.jobs.is_empty() && line.open {
                drop(line); // what becomes due is read from the file, and only where nobody waits
                let wait = nap.take().unwrap_or_else(|| self.idle_time());
                line = self.shared.line();
                if !wait.is_zero() && line.jobs.is_empty() && line.open {
                    let woken = self.shared.arrived.wait_timeout(line, wait);
                    line = woken.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
                    if line.jobs.is_empty() && line.open {
                        continue;
                    }
                }
            }
            if line.jobs.is_empty() && !line.open {
                return None;
            }
            let count = line.jobs.len().min(self.shared.bounds.batch_max);
            return Some(line.jobs.drain(..count).collect());
        }
    }

    /// How long there is nothing to write down; never so long that a step of the wall is missed.
    fn idle_time(&mut self) -> Duration {
        self.clock.now(); // it compares itself with the wall
        if self.clock.step_ahead_ms() > 0 {
            return Duration::ZERO;
        }
        let due = (self.rounds.next_due)(&self.connection).and_then(|due| self.clock.until(due));
        due.unwrap_or(LOOK_EVERY).min(LOOK_EVERY)
    }

    fn transact(&mut self, now: Millis, jobs: Vec<Job<C>>, afters: &mut Vec<After>) -> Result<(), Lost> {
        let tx = Tx::new(&self.connection, now);
        let changes_before = self.connection.total_changes();
        let mut state = tx.run("BEGIN IMMEDIATE").and_then(|()| (self.rounds.open)(&tx)).map_err(lost);
        let count = jobs.len() as u64;
        for job in jobs {
            let with = state.as_ref().map(|()| &tx).map_err(Lost::clone);
            match catch_unwind(AssertUnwindSafe(|| job(with))) {
                Ok(after) => afters.push(after),
                Err(_) => log::error!("a writing job panicked outside its piece of work"), // its answer is a 500
            }
            if let Some(told) = tx.torn.take() {
                state = Err(Lost { told, fatal: false });
            }
        }
        let started = std::time::Instant::now();
        let whole = |tx: &Tx<C>| tx.torn.take().map_or(Ok(()), |told| Err(Lost { told, fatal: false }));
        let state = state
            .and_then(|()| (self.rounds.close)(&tx).map_err(lost))
            .and_then(|()| whole(&tx))
            .and_then(|()| match self.connection.total_changes() == changes_before {
                true => Ok(()), // what is not changed needs no moment
                false => note_seen(&self.connection, now).map_err(lost),
            })
            .and_then(|()| tx.run("COMMIT").map_err(lost));
        let changes = tx.changes.into_inner();
        match &state {
            Ok(()) => {
                let figures = &self.shared.figures;
                figures.commits.fetch_add(1, Relaxed);
                figures.jobs.fetch_add(count, Relaxed);
                figures.commit_us.fetch_add(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX), Relaxed);
                if let Err(failure) = (self.rounds.committed)(&self.connection, now, changes) {
                    log::error!("memory could not follow a commit: {failure:?}");
                    self.give_up();
                }
            }
            Err(lost) => {
                if !self.connection.is_autocommit() {
                    let _ = self.connection.execute_batch("ROLLBACK"); // what can't be rolled back ends with the process
                }
                if lost.fatal {
                    self.give_up();
                }
            }
        }
        state
    }

    fn close(self) {
        if self.is_broken {
            return; // what a disk that failed has of the WAL is for the next start to find out
        }
        let last = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        if let Err(error) = last.and_then(|()| self.connection.close().map_err(|(_, error)| error)) {
            log::error!("the file was not closed in good order: {error}");
        }
    }
}

/// What a failed statement of the transaction itself means. After a failed write or sync the state on disk is unknown.
fn lost(error: rusqlite::Error) -> Lost {
    log::error!("SQLite: {error}");
    let fatal = matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::SystemIoFailure | rusqlite::ErrorCode::DatabaseCorrupt)
    );
    Lost { told: Failure::Broken(error).told(), fatal }
}
