//! The one writer: whole pieces, shared commits, a full queue and a full disk.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, mpsc};

use boxoffice::clock::{Clock, Mode};
use boxoffice::ids::KeyHash;
use boxoffice::refusal::{Code, Refusal};
use boxoffice::store::{self, Bounds, CommitError, Failure, Outcome, Tx, Undo, Writer, WriterHooks};
use boxoffice::threads::OnFatal;

type Change = &'static str;

struct Running {
    writer: Writer<Change>,
    learnt: mpsc::Receiver<Vec<Change>>,
    folder: tempfile::TempDir,
    _lock: store::DatabaseLock,
}

/// A writer on a file of its own, with a table of marks.
fn running(bounds: Bounds) -> Running {
    writer_with(bounds, |_| {}, |_| Ok(()), || panic!("nothing here breaks the file"))
}

/// The same, with work of its own after the jobs and after the commit, and what is called when it can't go on.
fn writer_with(
    bounds: Bounds,
    close: impl Fn(&Tx<Change>) + Send + 'static,
    learn: impl Fn(&[Change]) -> Outcome<()> + Send + 'static,
    broken: impl Fn() + Send + Sync + 'static,
) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("venue.db");
    store::create(&path, Clock::wall_now(), &KeyHash::of("k")).unwrap();
    let opened = store::open(&path).unwrap();
    opened.connection.execute_batch("CREATE TABLE mark (word TEXT)").unwrap();
    let clock = Arc::new(Clock::start(Mode::Wall, 0, None, Clock::wall_now()).unwrap());
    let (told, learnt) = mpsc::channel();
    let rounds = WriterHooks {
        before_batch: Box::new(|_| Ok(())),
        after_batch: Box::new(move |tx| {
            close(tx);
            Ok(())
        }),
        on_commit: Box::new(move |_, _, changes| {
            let learnt = learn(&changes);
            drop(told.send(changes));
            learnt
        }),
        next_deadline: Box::new(|_| None),
        on_fatal: OnFatal::new(broken),
    };
    let writer = Writer::start(opened.connection, clock, bounds, rounds).unwrap();
    Running { writer, learnt, folder, _lock: opened.lock }
}

const ROOMY: Bounds = Bounds { jobs_max: 100, batch_max: 100 };

impl Running {
    /// Submits a piece of work; its outcome comes after the commit.
    fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<Change>) -> Outcome<T> + Send + 'static,
    ) -> mpsc::Receiver<Result<T, Code>> {
        self.submit_with(Undo::Savepoint, work)
    }

    fn submit_with<T: Send + 'static>(
        &self,
        undo: Undo,
        work: impl FnOnce(&Tx<Change>) -> Outcome<T> + Send + 'static,
    ) -> mpsc::Receiver<Result<T, Code>> {
        let (sender, receiver) = mpsc::channel();
        self.writer.submit(Box::new(move |tx: Result<&Tx<Change>, CommitError>| {
            let outcome = match tx {
                Ok(tx) => tx
                    .whole_or(undo, work, |_, refusal| Err(refusal.into()))
                    .map_err(|failure| failure.to_refusal().code()),
                Err(lost) => Err(lost.refusal.code()),
            };
            Box::new(move |committed: Result<(), CommitError>| {
                drop(sender.send(committed.map_err(|lost| lost.refusal.code()).and(outcome)));
            })
        }));
        receiver
    }

    fn marks(&self) -> Vec<String> {
        let file = rusqlite::Connection::open(self.folder.path().join("venue.db")).unwrap();
        let mut marks = file.prepare("SELECT word FROM mark ORDER BY rowid").unwrap();
        marks.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}

fn mark(tx: &Tx<Change>, word: &'static str) -> Outcome<()> {
    tx.execute("INSERT INTO mark VALUES (?1)", [word])?;
    tx.push_change(word);
    Ok(())
}

/// Keeps the writer busy until the sender is dropped or used.
fn busy(running: &Running) -> mpsc::Sender<()> {
    let (go, wait) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel::<()>();
    running.submit(move |_| {
        drop(began);
        let _ = wait.recv();
        Ok(())
    });
    let _ = begun.recv(); // the job has begun: what is submitted now waits for the next transaction
    go
}

#[test]
fn writer_refused_and_a_panicking_piece_leave_nothing_and_their_neighbours_stay() {
    let running = running(ROOMY);
    let go = busy(&running);
    let first = running.submit(|tx| mark(tx, "first"));
    let refused = running.submit(|tx| mark(tx, "refused").and_then(|()| Err::<(), _>(Refusal::NotYours.into())));
    let panicking = running.submit(|tx| -> Outcome<()> {
        mark(tx, "panicking")?;
        panic!("a planted panic")
    });
    let broken = running.submit(|tx| mark(tx, "broken").and_then(|()| Ok(tx.execute("not SQL", []).map(drop)?)));
    let last = running.submit(|tx| mark(tx, "last"));
    drop(go);
    assert_eq!(first.recv().unwrap(), Ok(()));
    assert_eq!(refused.recv().unwrap(), Err(Code::NotYours));
    assert_eq!(panicking.recv().unwrap(), Err(Code::Internal));
    assert_eq!(broken.recv().unwrap(), Err(Code::Internal));
    assert_eq!(last.recv().unwrap(), Ok(()));
    assert_eq!(running.marks(), ["first", "last"]);
    assert_eq!(running.learnt.iter().nth(1).unwrap(), ["first", "last"], "memory learns what the file has");
    assert_eq!(running.writer.figures().commits.get(), 2, "five jobs shared one commit");
}

#[test]
fn writer_job_that_decides_first_is_refused_alone_and_what_it_keeps_stays() {
    let running = running(ROOMY);
    let go = busy(&running);
    let first = running.submit_with(Undo::Unneeded, |tx| mark(tx, "first"));
    let refused = running.submit_with(Undo::Unneeded, |_| Err::<(), _>(Refusal::NotYours.into()));
    let keeps = running.submit_with(Undo::Unneeded, |tx| {
        mark(tx, "true whatever comes")?;
        tx.keep_so_far();
        Err::<(), _>(Refusal::NotYours.into())
    });
    let broken = running.submit_with(Undo::Unneeded, |tx| Ok(tx.execute("not SQL", []).map(drop)?));
    drop(go);
    assert_eq!(first.recv().unwrap(), Ok(()));
    assert_eq!(refused.recv().unwrap(), Err(Code::NotYours));
    assert_eq!(keeps.recv().unwrap(), Err(Code::NotYours));
    assert_eq!(broken.recv().unwrap(), Err(Code::Internal));
    assert_eq!(running.marks(), ["first", "true whatever comes"]);
    assert_eq!(running.learnt.iter().nth(1).unwrap(), ["first", "true whatever comes"]);
}

/// Half of a job is never committed: where it has no savepoint, all of its transaction is rolled back, once.
#[test]
fn writer_job_without_a_savepoint_that_fails_after_a_write_leaves_nothing_and_the_next_time_fails_alone() {
    let running = running(ROOMY);
    let fails = |tx: &Tx<Change>| mark(tx, "half").and_then(|()| Err::<(), _>(Refusal::NotYours.into()));
    let panics = |tx: &Tx<Change>| -> Outcome<()> {
        mark(tx, "half")?;
        panic!("a planted panic")
    };
    let go = busy(&running);
    let before = running.submit_with(Undo::Unneeded, |tx| mark(tx, "before"));
    let failing = running.submit_with(Undo::Unneeded, fails);
    let after = running.submit_with(Undo::Unneeded, |tx| mark(tx, "after"));
    drop(go);
    for told in [before, failing, after] {
        assert_eq!(told.recv().unwrap(), Err(Code::Internal), "the refusal of one is not told to its neighbours");
    }
    assert_eq!(running.marks(), Vec::<String>::new());
    let go = busy(&running);
    let before = running.submit_with(Undo::Unneeded, |tx| mark(tx, "before"));
    let failing = running.submit_with(Undo::Unneeded, fails);
    let panicking = running.submit_with(Undo::Unneeded, panics);
    let after = running.submit_with(Undo::Unneeded, |tx| mark(tx, "after"));
    drop(go);
    assert_eq!(before.recv().unwrap(), Ok(()));
    assert_eq!(failing.recv().unwrap(), Err(Code::NotYours));
    assert_eq!(panicking.recv().unwrap(), Err(Code::Internal));
    assert_eq!(after.recv().unwrap(), Ok(()));
    assert_eq!(running.marks(), ["before", "after"]);
}

/// A program that catches the panic and does nothing more refuses every write for ever, and nobody starts it again.
#[test]
fn fatal_panic_outside_the_jobs_ends_the_server_and_leaves_nothing_of_its_transaction() {
    let is_last = |tx: &Tx<Change>| {
        let last: bool = tx.query_row("SELECT count(*) FROM mark WHERE word = 'last'", [], |row| row.get(0)).unwrap();
        assert!(!last, "a planted panic");
    };
    let (told, ends) = mpsc::channel();
    let running = writer_with(ROOMY, is_last, |_| Ok(()), move || told.send(()).unwrap());
    assert_eq!(running.submit(|tx| mark(tx, "first")).recv().unwrap(), Ok(()));
    assert!(running.submit(|tx| mark(tx, "last")).recv().is_err(), "no answer is let out");
    assert_eq!(ends.recv(), Ok(()), "whoever runs the venue is told that it must be closed");
    assert_eq!(running.submit(|tx| mark(tx, "late")).recv().unwrap(), Err(Code::Stopping));
    running.writer.stop();
    assert_eq!(running.marks(), ["first"]);
}

/// A program that only logs that the staff keys could not be read back lets a revoked one in until it is started again.
#[test]
fn fatal_commit_that_memory_cannot_follow_is_answered_and_ends_the_server() {
    let fails = |_: &[Change]| Err(rusqlite::Error::QueryReturnedNoRows.into());
    let (told, ends) = mpsc::channel();
    let running = writer_with(ROOMY, |_| {}, fails, move || told.send(()).unwrap());
    assert_eq!(running.submit(|tx| mark(tx, "first")).recv().unwrap(), Ok(()), "it is in the file");
    assert_eq!(ends.recv(), Ok(()), "whoever runs the venue is told that it must be closed");
    assert_eq!(running.submit(|tx| mark(tx, "late")).recv().unwrap(), Err(Code::Stopping));
    running.writer.stop();
    assert_eq!(running.marks(), ["first"]);
}

#[test]
fn writer_when_the_queue_is_full_a_job_is_told_at_once() {
    let running = running(Bounds { jobs_max: 1, batch_max: 100 });
    let go = busy(&running);
    let waiting = running.submit(|tx| mark(tx, "waiting"));
    let too_many = running.submit(|tx| mark(tx, "too many"));
    assert_eq!(too_many.recv().unwrap(), Err(Code::Overloaded));
    drop(go);
    assert_eq!(waiting.recv().unwrap(), Ok(()));
    running.writer.stop();
    assert_eq!(running.submit(|tx| mark(tx, "late")).recv().unwrap(), Err(Code::Stopping));
    assert_eq!(running.marks(), ["waiting"]);
}

#[test]
fn writer_full_disk_refuses_what_does_not_fit_and_heals_when_there_is_room() {
    let running = running(ROOMY);
    let pages =
        |count: u32| running.submit(move |tx| Ok(tx.pragma_update(None, "max_page_count", count)?)).recv().unwrap();
    pages(1).unwrap(); // no more than there are now
    let large = || {
        running.submit(|tx| {
            tx.execute("INSERT INTO mark VALUES (hex(randomblob(100000)))", []).map_err(Failure::from)?;
            Ok(())
        })
    };
    assert_eq!(large().recv().unwrap(), Err(Code::StorageFull));
    assert_eq!(running.marks(), Vec::<String>::new());
    pages(1_000_000).unwrap();
    assert_eq!(large().recv().unwrap(), Ok(()));
    assert_eq!(running.marks().len(), 1);
}

/// A log that is begun anew only when nobody happens to read grows for ever
/// under reads that follow each other without a gap.
#[test]
fn write_ahead_log_stays_short_while_readers_follow_each_other_without_a_gap() {
    const LOG_MAX_BYTES: u64 = 48 << 20;
    let running = running(ROOMY);
    let path = running.folder.path().join("venue.db");
    let over = std::sync::atomic::AtomicBool::new(false);
    let longest = std::thread::scope(|scope| {
        scope.spawn(|| {
            let [one, other] = [(), ()].map(|()| rusqlite::Connection::open(&path).unwrap());
            let begin = |reader: &rusqlite::Connection| {
                reader.execute_batch("BEGIN; SELECT count(*) FROM mark;").unwrap();
            };
            begin(&one);
            while !over.load(Relaxed) {
                for (begins, ends) in [(&other, &one), (&one, &other)] {
                    begin(begins);
                    ends.execute_batch("COMMIT").unwrap();
                }
            }
        });
        let log = path.with_extension("db-wal");
        let mut longest = 0;
        for _ in 0..1_000 {
            let large = |tx: &Tx<Change>| {
                tx.execute("INSERT OR REPLACE INTO mark (rowid, word) VALUES (1, hex(randomblob(50000)))", [])?;
                Ok(())
            };
            running.submit(large).recv().unwrap().unwrap();
            longest = std::fs::metadata(&log).unwrap().len().max(longest);
        }
        over.store(true, Relaxed);
        longest
    });
    assert!(longest < LOG_MAX_BYTES, "it grew to {} MiB", longest >> 20);
    assert!(longest > 8 << 20, "too little was written to tell");
}
