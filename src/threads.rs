//! Threads without which the server is not whole: one that panics ends the program in good order.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

/// Closes the server in good order: something happened after which nothing more can be promised. Cheap, from
/// any thread, and harmless when it is called twice.
#[derive(Clone)]
pub struct OnFatal(Arc<dyn Fn() + Send + Sync>);

impl OnFatal {
    /// What is called.
    pub fn new(close: impl Fn() + Send + Sync + 'static) -> OnFatal {
        OnFatal(Arc::new(close))
    }

    /// Says it.
    pub fn call(&self) {
        (self.0)();
    }
}

/// Starts a thread whose panic is fatal: it is logged with the thread's name, and `on_fatal` is called.
///
/// # Errors
/// When the system gives no thread.
pub fn spawn_vital(name: &str, on_fatal: OnFatal, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let thread = name.to_owned();
    Builder::new().name(name.to_owned()).spawn(move || {
        // What the work owned is gone after a panic; what it shared is given up with the whole program.
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            log::error!("fatal: a thread panicked, shutting down; please report this: {thread}");
            on_fatal.call();
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn panic_of_a_vital_thread_is_fatal_and_its_plain_end_is_not() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let on_fatal = OnFatal::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        spawn_vital("quiet", on_fatal.clone(), || {}).unwrap().join().unwrap();
        assert_eq!(calls.load(Ordering::SeqCst), 0);
        spawn_vital("loud", on_fatal, || panic!("on purpose")).unwrap().join().unwrap();
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }
}
