//! The thread that looks whether there is a new certificate.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Certificates;
use crate::threads::{OnFatal, spawn_vital};

/// Between two looks. What changed is taken at the second look that finds it the same.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The thread; it ends when this is dropped.
pub struct Keeper {
    /// Asks for a look at once.
    sender: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Begins to look.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(certificates: Arc<Certificates>, on_fatal: OnFatal) -> io::Result<Keeper> {
        let (sender, receiver) = channel();
        let work = move || {
            loop {
                match receiver.recv_timeout(LOOK_EVERY) {
                    Ok(()) => certificates.refresh(true),
                    Err(RecvTimeoutError::Timeout) => certificates.refresh(false),
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        let thread = spawn_vital("certificates", on_fatal, work)?;
        Ok(Keeper { sender: Some(sender), thread: Some(thread) })
    }

    /// Looks now, and takes what is there.
    pub fn look_now(&self) {
        if let Some(sender) = &self.sender {
            let _ = sender.send(()); // the thread lives as long as this
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic of it was logged when it happened
        }
    }
}
