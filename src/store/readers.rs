//! Read-only connections, lent from a pool.

use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use r2d2::{Pool, PooledConnection};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};

use super::{Failure, Outcome};

/// How long a caller waits for a connection before it is told that the house is busy.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// Prepared statements kept per connection.
const STATEMENTS_MAX: usize = 64;

/// A lent connection. Everything that it reads is of one moment: of what was committed last when it read first. Until it is
/// given back the write-ahead log can't be begun anew, so that comes before long work with what was read.
pub struct Reader(PooledConnection<SqliteConnectionManager>);

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = step(&self.0, "COMMIT"); // what fails here fails at the next `BEGIN`, and is told then
    }
}

fn step(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}

/// The pool.
#[derive(Clone)]
pub struct Readers(Pool<SqliteConnectionManager>);

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
        let pool = Pool::builder()
            .max_size(count)
            .min_idle(Some(count))
            .max_lifetime(None)
            .idle_timeout(None)
            .connection_timeout(WAIT_MAX)
            .test_on_check_out(false) // a local file does not hang up; the check costs 0.6 µs a read
            .build(connections)?;
        Ok(Readers(pool))
    }

    /// Lends a connection.
    ///
    /// # Errors
    /// [`Failure::Busy`] when none came free in time; SQLite's.
    pub fn get(&self) -> Outcome<Reader> {
        let reader = Reader(self.0.get().map_err(|_| Failure::Busy)?);
        step(&reader, "BEGIN")?;
        Ok(reader)
    }
}
