//! Looking at every page of a file, 300 MB a second on an idle machine: before the doors open where the file is small enough
//! that nobody waits for it, and beside the work where it is large. Else the damage would show when somebody pays for a seat
//! on it.

use std::io;
use std::path::Path;
use std::thread::JoinHandle;

use rusqlite::{Connection, InterruptHandle, OpenFlags};

/// Files up to here are looked through before the doors open: 8 MiB.
const AT_START_MAX_BYTES: u64 = 8 << 20;

/// Whether a file is looked through beside the work.
pub(super) fn is_large(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() > AT_START_MAX_BYTES)
}

/// What is damaged in a file, if something is.
pub(super) fn find_damage(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((found != "ok").then(|| found.lines().last().unwrap_or_default().to_owned()))
}

/// A file that is being looked through; dropped, it stops.
pub struct LookingThrough {
    interrupt: InterruptHandle,
    thread: Option<JoinHandle<()>>,
}

impl LookingThrough {
    /// Begins to look through a large file. `damaged` is called with what was found, if something was.
    ///
    /// # Errors
    /// When the file can't be read or the system gives no thread.
    pub fn begin(path: &Path, damaged: impl FnOnce(String) + Send + 'static) -> io::Result<Option<LookingThrough>> {
        if !is_large(path) {
            return Ok(None);
        }
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let connection = connection.map_err(io::Error::other)?;
        let interrupt = connection.get_interrupt_handle();
        let path = path.to_owned();
        let look = move || match find_damage(&connection) {
            Ok(None) => log::info!("{}: every page is sound", path.display()),
            Ok(Some(found)) => damaged(found),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => {}
            Err(error) => damaged(error.to_string()),
        };
        let thread = std::thread::Builder::new().name("looking through".into()).spawn(look)?;
        Ok(Some(LookingThrough { interrupt, thread: Some(thread) }))
    }
}

impl Drop for LookingThrough {
    fn drop(&mut self) {
        self.interrupt.interrupt();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // its panic was printed when it happened
        }
    }
}
