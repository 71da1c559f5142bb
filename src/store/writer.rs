//! The one writer: a thread that owns the only connection that writes.
//!
//! Group commit: all queued jobs run in one `BEGIN IMMEDIATE` transaction, in savepoints where they need one; responses
//! are sent after COMMIT. So every acknowledged write is on disk, and concurrent writes share one fsync. It never waits
//! for further jobs. Between batches it sleeps until the next deadline.
//!
//! ```text
//! jobs ──► [ BEGIN · before_batch · job · job · … · after_batch · COMMIT ] ──► on_commit ──► completions (own thread)
//! ```

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use super::tx::note_seen;
use super::wal::{Wal, is_unknown};
use super::writer_figures::WriterFigures;
use super::{Failure, Outcome, Tx};
use crate::clock::{Clock, LOOK_EVERY, Millis};
use crate::refusal::Refusal;
use crate::threads::{OnFatal, spawn_vital};

/// Back-off after a failed transaction, so that a full disk does not keep a core busy.
const RETRY_AFTER_FAILURE: Duration = Duration::from_millis(250);

/// So many transactions after a failed one run all jobs in savepoints: a job that fails again fails alone.
const CAUTIOUS_TRANSACTIONS: u32 = 1_000;

/// A write job. It runs inside the transaction, or with an error when there is none, and returns its completion.
pub type Job<C> = Box<dyn FnOnce(Result<&Tx<C>, CommitError>) -> Completion + Send>;

/// Runs after COMMIT or ROLLBACK: sends the response.
pub type Completion = Box<dyn FnOnce(Result<(), CommitError>) + Send>;

/// A failed transaction: nothing of the job is in the file.
#[derive(Debug, Clone)]
pub struct CommitError {
    pub refusal: Refusal,
    /// The state on disk is unknown.
    fatal: bool,
}

/// A hook inside every transaction.
pub type BatchHook<C> = Box<dyn FnMut(&Tx<C>) -> rusqlite::Result<()> + Send>;
/// The hook after a commit, with its moment and its changes; no transaction is open.
pub type CommitHook<C> = Box<dyn FnMut(&mut Connection, Millis, Vec<C>) -> Outcome<()> + Send>;
/// The next deadline at which a transaction is needed although no job waits.
pub type NextDeadline = Box<dyn FnMut(&Connection) -> Option<Millis> + Send>;

/// Hooks of every transaction, whatever its jobs.
pub struct WriterHooks<C> {
    /// Before the jobs: records what has become due.
    pub before_batch: BatchHook<C>,
    pub after_batch: BatchHook<C>,
    /// After COMMIT: applies the changes to memory.
    pub on_commit: CommitHook<C>,
    pub next_deadline: NextDeadline,
    /// Fatal: the state on disk is unknown (a failed write or sync), or memory differs from the file
    /// (a panic, a failed read). The program must end.
    pub on_fatal: OnFatal,
}

/// The bounds of the writer's queue.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub jobs_max: usize,
    /// Jobs of one commit at most: bounds the latency of the first of them.
    pub batch_max: usize,
}

struct JobQueue<C> {
    jobs: VecDeque<Job<C>>,
    open: bool,
}

struct Shared<C> {
    queue: Mutex<JobQueue<C>>,
    /// Notified for each job, which costs a call of the system only while the writer waits.
    arrived: Condvar,
    bounds: Bounds,
    figures: WriterFigures,
}

impl<C> Shared<C> {
    /// Closes the queue after a fatal error: waiting and later jobs are rejected with `STOPPING`.
    fn close_fatally(&self) {
        log::error!("fatal: the writer stops and accepts no further write; restart the server");
        let mut queue = self.queue.lock();
        queue.open = false;
        let waiting = std::mem::take(&mut queue.jobs);
        drop(queue);
        waiting.into_iter().for_each(|job| reject(job, Refusal::Stopping));
    }
}

/// The handle of the writer.
pub struct Writer<C> {
    shared: Arc<Shared<C>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl<C: Send + 'static> Writer<C> {
    /// Starts the writer thread and the thread that runs completions.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        connection: Connection,
        clock: Arc<Clock>,
        bounds: Bounds,
        hooks: WriterHooks<C>,
    ) -> std::io::Result<Writer<C>> {
        let shared = Arc::new(Shared {
            queue: Mutex::new(JobQueue { jobs: VecDeque::new(), open: true }),
            arrived: Condvar::new(),
            bounds,
            figures: WriterFigures::default(),
        });
        let (answers, to_answer) = mpsc::channel::<Answers>();
        let answering = spawn_vital("answers", hooks.on_fatal.clone(), move || {
            for (completions, result) in to_answer {
                completions.into_iter().for_each(|completion| answer(completion, result.clone()));
            }
        })?;
        let wal = Wal::of(&connection).map_err(std::io::Error::other)?;
        let mut thread = WriterThread {
            connection,
            wal,
            clock,
            hooks,
            shared: Arc::clone(&shared),
            answers,
            is_fatal: false,
            cautious: 0,
        };
        let writing = std::thread::Builder::new().name("writer".into()).spawn(move || {
            if catch_unwind(AssertUnwindSafe(|| thread.serve())).is_err() {
                thread.fail_fatally(); // the panic itself was printed; memory may have missed a commit
            }
            thread.close();
        })?;
        Ok(Writer { shared, threads: Mutex::new(vec![writing, answering]) })
    }

    /// Queues a job. It is rejected at once with `OVERLOADED` when the queue is full, with `STOPPING` after the end.
    pub fn submit(&self, job: Job<C>) {
        let mut queue = self.shared.queue.lock();
        if queue.open && queue.jobs.len() < self.shared.bounds.jobs_max {
            queue.jobs.push_back(job);
            drop(queue);
            self.shared.arrived.notify_one();
            return;
        }
        let refusal = if queue.open { Refusal::Overloaded { retry_after_seconds: 1 } } else { Refusal::Stopping };
        drop(queue);
        self.shared.figures.rejected.add_shared(1);
        reject(job, refusal);
    }

    pub fn figures(&self) -> &WriterFigures {
        &self.shared.figures
    }

    /// Has it come round, also without a job.
    pub fn wake(&self) {
        self.shared.arrived.notify_one();
    }

    /// How many jobs wait.
    pub fn queue_length(&self) -> usize {
        self.shared.queue.lock().jobs.len()
    }

    /// Runs the queued jobs, checkpoints the WAL and ends.
    pub fn stop(&self) {
        self.shared.queue.lock().open = false;
        self.shared.arrived.notify_one();
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            let _ = thread.join(); // its panic was printed when it happened
        }
    }
}

/// The completions of one transaction, and its result.
type Answers = (Vec<Completion>, Result<(), CommitError>);

/// Runs a job's completion with an error.
fn reject<C>(job: Job<C>, refusal: Refusal) {
    let commit_error = CommitError { refusal, fatal: false };
    answer(job(Err(commit_error.clone())), Err(commit_error));
}

fn answer(completion: Completion, result: Result<(), CommitError>) {
    let _ = catch_unwind(AssertUnwindSafe(|| completion(result))); // its panic was printed when it happened
}

struct WriterThread<C> {
    connection: Connection,
    wal: Wal,
    clock: Arc<Clock>,
    hooks: WriterHooks<C>,
    shared: Arc<Shared<C>>,
    answers: mpsc::Sender<Answers>,
    /// After a fatal error: see [`WriterHooks::on_fatal`].
    is_fatal: bool,
    /// Transactions that are still to run all jobs in savepoints.
    cautious: u32,
}

impl<C: Send + 'static> WriterThread<C> {
    fn serve(&mut self) {
        let mut retry_after = None;
        while let Some(jobs) = self.next_jobs(retry_after.take()) {
            let now = self.clock.now();
            let count = jobs.len();
            let mut completions = Vec::with_capacity(count);
            let result = self.transact(now, jobs, &mut completions);
            let commit_error = result.as_ref().err().cloned();
            self.deliver(completions, result);
            if let Some(commit_error) = commit_error {
                self.shared.figures.failed.add(1);
                log::error!(
                    "a transaction failed and was rolled back, its clients may repeat; look at what was logged before: \
                     {count} jobs, {}",
                    commit_error.refusal.code().word()
                );
                retry_after = Some(RETRY_AFTER_FAILURE);
            } else if let Err(error) = self.wal.look(&self.connection) {
                log::error!("fatal: a checkpoint failed, shutting down; look at the disk, then restart: {error}");
                self.fail_fatally();
            }
        }
        if self.is_fatal {
            return;
        }
        // The hooks may have something left to write, such as first calls after admission: one last transaction.
        let last = self.transact(self.clock.now(), Vec::new(), &mut Vec::new());
        if let Err(commit_error) = last {
            log::error!(
                "the last transaction before the stop failed; run `boxoffice check`: {}",
                commit_error.refusal.code().word()
            );
        }
    }

    /// Runs the completions: on their own thread while more jobs wait, else here, which saves a wake-up.
    fn deliver(&self, completions: Vec<Completion>, result: Result<(), CommitError>) {
        if self.shared.queue.lock().jobs.is_empty() {
            return completions.into_iter().for_each(|completion| answer(completion, result.clone()));
        }
        let _ = self.answers.send((completions, result)); // the other side lives as long as this one
    }

    /// Closes the queue for good and calls `on_fatal`, which ends the program.
    fn fail_fatally(&mut self) {
        self.is_fatal = true;
        self.shared.close_fatally();
        self.hooks.on_fatal.call();
    }

    /// Waits for jobs, the next deadline, or a step of the wall clock; `None` once stopped and empty.
    fn next_jobs(&mut self, mut retry_after: Option<Duration>) -> Option<Vec<Job<C>>> {
        loop {
            self.shared.figures.turns.add(1);
            let mut queue = self.shared.queue.lock();
            if queue.jobs.is_empty() && queue.open {
                drop(queue); // what becomes due is read from the file, and only where nobody waits
                let wait = retry_after.take().unwrap_or_else(|| self.idle_time());
                queue = self.shared.queue.lock();
                if !wait.is_zero() && queue.jobs.is_empty() && queue.open {
                    self.shared.arrived.wait_for(&mut queue, wait);
                    if queue.jobs.is_empty() && queue.open {
                        continue;
                    }
                }
            }
            if queue.jobs.is_empty() && !queue.open {
                return None;
            }
            let count = queue.jobs.len().min(self.shared.bounds.batch_max);
            return Some(queue.jobs.drain(..count).collect());
        }
    }

    /// Time until the next deadline; short enough that a step of the wall clock is noticed.
    fn idle_time(&mut self) -> Duration {
        self.clock.now(); // it compares itself with the wall
        if self.clock.step_ahead_ms() > 0 {
            return Duration::ZERO;
        }
        let due = (self.hooks.next_deadline)(&self.connection).and_then(|due| self.clock.until(due));
        due.unwrap_or(LOOK_EVERY).min(LOOK_EVERY)
    }

    fn transact(
        &mut self,
        now: Millis,
        jobs: Vec<Job<C>>,
        completions: &mut Vec<Completion>,
    ) -> Result<(), CommitError> {
        let tx = Tx::new(&self.connection, now, self.cautious > 0);
        let changes_before = self.connection.total_changes();
        let mut state = tx.run("BEGIN IMMEDIATE").and_then(|()| (self.hooks.before_batch)(&tx)).map_err(commit_error);
        let count = jobs.len() as u64;
        for job in jobs {
            let with = state.as_ref().map(|()| &tx).map_err(CommitError::clone);
            match catch_unwind(AssertUnwindSafe(|| job(with))) {
                Ok(completion) => completions.push(completion),
                Err(_) => {
                    log::error!("a write job panicked outside its savepoint, its client got 500; please report this")
                }
            }
            if let Some(refusal) = tx.rolled_back.take() {
                state = Err(CommitError { refusal, fatal: false });
            }
        }
        let started = std::time::Instant::now();
        let intact =
            |tx: &Tx<C>| tx.rolled_back.take().map_or(Ok(()), |refusal| Err(CommitError { refusal, fatal: false }));
        let state = state
            .and_then(|()| (self.hooks.after_batch)(&tx).map_err(commit_error))
            .and_then(|()| intact(&tx))
            .and_then(|()| match self.connection.total_changes() == changes_before {
                true => Ok(()), // what is not changed needs no moment
                false => note_seen(&self.connection, now).map_err(commit_error),
            })
            .and_then(|()| tx.run("COMMIT").map_err(commit_error));
        let changes = tx.changes.into_inner();
        match &state {
            Ok(()) => {
                self.cautious = self.cautious.saturating_sub(1);
                let figures = &self.shared.figures;
                figures.commits.add(1);
                figures.jobs.add(count);
                figures.batch_jobs.observe(count);
                figures.commit_seconds.observe(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX));
                if let Err(failure) = (self.hooks.on_commit)(&mut self.connection, now, changes) {
                    log::error!(
                        "fatal: cannot apply committed changes to memory, shutting down; restart the server: {failure}"
                    );
                    self.fail_fatally();
                }
            }
            Err(commit_error) => {
                self.cautious = CAUTIOUS_TRANSACTIONS;
                if !self.connection.is_autocommit() {
                    let _ = self.connection.execute_batch("ROLLBACK"); // else it ends with the process
                }
                if commit_error.fatal {
                    self.fail_fatally();
                }
            }
        }
        state
    }

    fn close(self) {
        if self.is_fatal {
            return; // after a failed disk the next start recovers the WAL
        }
        if let Err(error) = self.wal.close(self.connection) {
            log::error!("the database was not closed cleanly, the next start recovers it, no action needed: {error}");
        }
    }
}

/// What a failed statement of the transaction itself means. After a failed write or sync the state on disk is unknown.
fn commit_error(error: rusqlite::Error) -> CommitError {
    log::error!("the writer's transaction was stopped by SQLite; look at the disk, its space and its rights: {error}");
    let fatal = is_unknown(&error);
    CommitError { refusal: Failure::Broken(error).to_refusal(), fatal }
}
