//! A copy of a whole database in memory, and the way back into a file that is being served.

use parking_lot::Mutex;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

/// All pages of a database at one moment.
#[derive(Debug)]
pub struct MemoryCopy {
    connection: Mutex<Connection>,
    /// How large it is.
    pub bytes: u64,
}

impl MemoryCopy {
    /// Copies what a connection sees: of a reader, what was committed last when it read first.
    pub fn of(from: &Connection) -> rusqlite::Result<MemoryCopy> {
        let mut copy = Connection::open_in_memory()?;
        transfer(from, &mut copy)?;
        let bytes = bytes_of(&copy)?;
        Ok(MemoryCopy { connection: Mutex::new(copy), bytes })
    }

    /// Makes a file what was copied, in one transaction: who reads it sees it before or after. `into` must have no
    /// transaction open. Where it fails the file is as it was.
    ///
    /// # Errors
    /// SQLite's; the disk may be full.
    pub fn put_back(&self, into: &mut Connection) -> rusqlite::Result<()> {
        transfer(&self.connection.lock(), into)
    }

    /// Works on the copy itself.
    pub fn with<T>(&self, work: impl FnOnce(&Connection) -> T) -> T {
        work(&self.connection.lock())
    }
}

/// How large the database of a connection is, in bytes.
pub fn bytes_of(connection: &Connection) -> rusqlite::Result<u64> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(pragma("page_count")?.unsigned_abs() * pragma("page_size")?.unsigned_abs())
}

fn transfer(from: &Connection, into: &mut Connection) -> rusqlite::Result<()> {
    let backup = Backup::new(from, into)?;
    match backup.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshot_put_back_into_a_served_file_is_seen_whole_by_readers_and_its_pages_are_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("venue.db");
        let mut writing = Connection::open(&path).unwrap();
        writing.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (x); INSERT INTO a VALUES (1)").unwrap();
        let reading = Connection::open(&path).unwrap();
        let count = || reading.query_row("SELECT count(*) FROM a", [], |row| row.get::<_, i64>(0)).unwrap();
        let copy = MemoryCopy::of(&reading).unwrap();
        writing.execute_batch("CREATE TABLE b (x)").unwrap();
        for _ in 0..12 {
            writing.execute("INSERT INTO a SELECT x FROM a", []).unwrap();
        }
        let moment = reading.unchecked_transaction().unwrap();
        assert_eq!(count(), 4_096);
        copy.put_back(&mut writing).unwrap();
        assert_eq!(count(), 4_096, "a reader keeps its moment");
        drop(moment);
        assert_eq!(count(), 1);
        assert_eq!((bytes_of(&writing).unwrap(), copy.bytes), (copy.bytes, bytes_of(&reading).unwrap()));
        let mode: String = writing.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }
}
