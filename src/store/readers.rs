//! Read-only connections, lent from a pool.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use r2d2::{ManageConnection, NopErrorHandler, Pool, PooledConnection};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};

use super::{Failure, Outcome};

/// How long a caller waits for a connection before it is refused as overloaded.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// Prepared statements kept by each connection, the writer's too: more than there are, so that none is prepared anew.
pub const STATEMENTS_MAX: usize = 512;

/// A lent connection. Everything that it reads is of one moment: of what was committed last when it read first. Until
/// it is given back the write-ahead log can't be begun anew, so that comes before long work with what was read.
pub struct Reader(PooledConnection<Connections>);

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Err(error) = step(&self.0, "COMMIT") {
            log::warn!("a read could not be ended, its connection was replaced, no action needed: {error}");
        }
    }
}

fn step(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}

/// Opens connections, and says which must not be lent again.
struct Connections {
    manager: SqliteConnectionManager,
    closed: Arc<AtomicBool>,
}

impl ManageConnection for Connections {
    type Connection = Connection;
    type Error = rusqlite::Error;

    fn connect(&self) -> rusqlite::Result<Connection> {
        if self.closed.load(Relaxed) {
            return Err(rusqlite::Error::InvalidQuery);
        }
        self.manager.connect()
    }

    fn is_valid(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        self.manager.is_valid(connection)
    }

    /// A connection returned with an open transaction would show an old snapshot and block WAL restarts.
    fn has_broken(&self, connection: &mut Connection) -> bool {
        self.closed.load(Relaxed) || !connection.is_autocommit()
    }
}

/// The pool.
#[derive(Clone)]
pub struct Readers {
    pool: Pool<Connections>,
    closed: Arc<AtomicBool>,
}

impl Readers {
    /// Opens `count` connections to a file that the writer has already opened.
    ///
    /// # Errors
    /// When SQLite can't open the file.
    pub fn open(path: &Path, count: u32) -> Result<Readers, r2d2::Error> {
        let connections = SqliteConnectionManager::file(path)
            .with_flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_init(|connection| {
                connection.busy_timeout(WAIT_MAX)?;
                connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
                super::statements::watch(connection);
                connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA query_only = ON;")
            });
        let closed = Arc::new(AtomicBool::new(false));
        let pool = Pool::builder()
            .max_size(count)
            .min_idle(Some(count))
            .max_lifetime(None)
            .idle_timeout(None)
            .connection_timeout(WAIT_MAX)
            .test_on_check_out(false) // a local file does not hang up; the check costs 0.6 µs a read
            .error_handler(Box::new(NopErrorHandler)) // who gets no connection is told
            .build(Connections { manager: connections, closed: Arc::clone(&closed) })?;
        Ok(Readers { pool, closed })
    }

    /// Closes the connections, those that are lent when they come back: the writer must be the last to close the file,
    /// or SQLite leaves an empty write-ahead log beside it.
    pub fn close(&self) {
        self.closed.store(true, Relaxed);
        while let Some(connection) = self.pool.try_get() {
            drop(connection);
        }
    }

    /// Lends a connection.
    ///
    /// # Errors
    /// [`Failure::Busy`] when none came free in time; SQLite's.
    pub fn get(&self) -> Outcome<Reader> {
        let reader = Reader(self.pool.get().map_err(|_| Failure::Busy)?);
        step(&reader, "BEGIN")?;
        Ok(reader)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::hooks::{AuthAction, AuthContext, Authorization, TransactionOperation};

    use super::*;

    #[test]
    fn reader_whose_commit_failed_is_thrown_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("venue.db");
        let writing = Connection::open(&path).unwrap();
        writing.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (x)").unwrap();
        let readers = Readers::open(&path, 1).unwrap();
        let count =
            |reader: &Reader| reader.query_row("SELECT count(*) FROM a", [], |row| row.get::<_, i64>(0)).unwrap();
        let reader = readers.get().unwrap();
        assert_eq!(count(&reader), 0);
        let no_commit = |context: AuthContext<'_>| match context.action {
            // The name of a COMMIT is one that rusqlite does not know.
            AuthAction::Transaction { operation: TransactionOperation::Unknown } => Authorization::Deny,
            _ => Authorization::Allow,
        };
        reader.authorizer(Some(no_commit)).unwrap();
        drop(reader);
        writing.execute("INSERT INTO a VALUES (1)", []).unwrap();
        assert_eq!(count(&readers.get().unwrap()), 1);
    }
}
