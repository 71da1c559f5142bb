//! The thread that begins runs: one at a time for each webhook, each on a thread of its own, so that a receiver that is
//! slow or gone delays no other.

use std::collections::HashSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use ureq::tls::TlsConfig;

use super::delivery::{Figures, connections};
use super::run::{PASSED_BY_MAX, Progress, Run};
use super::{WEBHOOKS_MAX, Webhook, find_waiting, list, save};
use crate::call::{AppState, last_sequence};
use crate::client;
use crate::clock::Millis;
use crate::refusal::Refusal;
use crate::store::{Failure, OpenError, Outcome};
use crate::threads::{OnFatal, spawn_vital};

/// Between two looks at what is to be sent: what a rush of commits adds meanwhile is read at once.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What failed on this machine, such as a full disk, is tried again after this.
const RETRY_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How long a stop waits for deliveries that are under way; what they come to is lost, and they are sent again.
const STOP_MAX: Duration = Duration::from_secs(1);

/// What the threads share with those who wake them.
#[derive(Default)]
pub struct Dispatch {
    state: Mutex<DispatchState>,
    changed: Condvar,
    /// Whether there is no webhook: then the commits of a rush need not wake the thread.
    is_idle: AtomicBool,
    /// How often it was tried to deliver.
    pub figures: Figures,
}

#[derive(Default)]
struct DispatchState {
    is_woken: bool,
    is_stopping: bool,
    /// The webhooks that have a run.
    running: HashSet<i64>,
}

impl Dispatch {
    /// Looks at what is to be sent, if there is a webhook. Call it after the commit that added something, or turned the
    /// clock.
    pub fn wake_if_any(&self) {
        if !self.is_idle.load(Acquire) {
            self.wake();
        }
    }

    /// Looks at what is to be sent. Call it after the commit that may have added a webhook.
    pub fn wake(&self) {
        self.state.lock().is_woken = true;
        self.changed.notify_all();
    }

    fn is_stopping(&self) -> bool {
        self.state.lock().is_stopping
    }

    /// Waits so long, or until the stop.
    fn pause(&self, time: Duration) {
        self.changed.wait_while_for(&mut self.state.lock(), |state| !state.is_stopping, time);
    }

    /// Waits until it is woken, stops, or `most` has passed; gives whether it goes on.
    fn rest(&self, most: Option<Duration>) -> bool {
        let mut state = self.state.lock();
        let is_quiet = |state: &mut DispatchState| !state.is_woken && !state.is_stopping;
        match most {
            Some(most) => drop(self.changed.wait_while_for(&mut state, is_quiet, most)),
            None => self.changed.wait_while(&mut state, is_quiet),
        }
        state.is_woken = false;
        !state.is_stopping
    }
}

/// The thread; it stops when this is dropped.
pub struct Dispatcher {
    dispatch: Arc<Dispatch>,
    thread: Option<JoinHandle<()>>,
}

impl Dispatcher {
    /// Starts it. What was not delivered before is sent now.
    ///
    /// # Errors
    /// A sentence: the file of `--webhook-ca` is none, or the system gives no thread.
    pub fn start(state: Arc<AppState>, dispatch: Arc<Dispatch>, on_fatal: OnFatal) -> Result<Dispatcher, OpenError> {
        let tls = OnceLock::new();
        if let Some(ca) = &state.settings.webhooks.webhook_ca {
            let _ = tls.set(trusted(Some(ca))?); // nobody else has it yet
        }
        let sender = Arc::new(Sender { state, dispatch: Arc::clone(&dispatch), tls });
        let thread = spawn_vital("webhooks", on_fatal, move || serve(&sender));
        let thread = thread.map_err(|error| OpenError(format!("webhooks can't be sent: {error}.")))?;
        Ok(Dispatcher { dispatch, thread: Some(thread) })
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        self.dispatch.state.lock().is_stopping = true;
        self.dispatch.changed.notify_all();
        let _ = self.thread.take().map(JoinHandle::join); // its panic was told when it happened
    }
}

/// What runs are begun with.
struct Sender {
    state: Arc<AppState>,
    dispatch: Arc<Dispatch>,
    /// Whom TLS trusts; read when it is first needed.
    tls: OnceLock<TlsConfig>,
}

fn trusted(ca: Option<&Path>) -> Result<TlsConfig, OpenError> {
    client::trusted("--webhook-ca", ca)
}

impl Sender {
    fn tls_for(&self, webhook: &Webhook) -> Result<TlsConfig, OpenError> {
        if !webhook.url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:")) {
            return Ok(TlsConfig::default());
        }
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let tls = trusted(None)?;
        let _ = self.tls.set(tls.clone()); // another run may have been first
        Ok(tls)
    }
}

fn serve(sender: &Arc<Sender>) {
    let dispatch = &sender.dispatch;
    loop {
        let next = begin_due(sender).unwrap_or_else(|failure| {
            log::warn!("webhooks could not be looked at, and are again in a second: {failure}");
            Some(RETRY_AFTER_FAILURE)
        });
        dispatch.pause(LOOK_EVERY);
        if !dispatch.rest(next) {
            break;
        }
    }
    dispatch.changed.wait_while_for(&mut dispatch.state.lock(), |state| !state.running.is_empty(), STOP_MAX);
}

/// Begins the runs that are due; gives the time until the next one is, as far as that is known.
fn begin_due(sender: &Arc<Sender>) -> Outcome<Option<Duration>> {
    let clock = &sender.state.clock;
    let now = clock.now();
    let reader = sender.state.readers.get()?;
    let last = last_sequence(&reader)?;
    let mut next: Option<Duration> = None;
    let mut due = Vec::new();
    let webhooks = list(&reader, 0, WEBHOOKS_MAX)?;
    sender.dispatch.is_idle.store(webhooks.is_empty(), Release);
    for webhook in webhooks {
        if sender.dispatch.state.lock().running.contains(&webhook.webhook_id) {
            continue; // its end wakes this thread
        }
        let has_events = || -> rusqlite::Result<bool> {
            let behind = last - webhook.delivered_sequence;
            Ok(behind > 0 && (behind >= PASSED_BY_MAX || find_waiting(&reader, &webhook)?.events > 0))
        };
        if webhook.awaits_test() || (webhook.is_due(now) && has_events()?) {
            due.push(webhook);
        } else if let Some(left) = webhook.next_attempt_at.and_then(|at| clock.until(at)) {
            next = Some(next.map_or(left, |next| next.min(left)));
        }
    }
    drop(reader);
    for webhook in due {
        if let Err(error) = begin(sender, webhook, now) {
            log::warn!("a webhook could not be sent to, the system gives no thread; it is tried again: {error}");
            sender.dispatch.pause(RETRY_AFTER_FAILURE);
        }
    }
    Ok(next)
}

/// Ends a run for those who look, also when it panics.
struct Running(Arc<Dispatch>, i64);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.state.lock().running.remove(&self.1);
        self.0.wake();
    }
}

fn begin(sender: &Arc<Sender>, webhook: Webhook, now: Millis) -> io::Result<()> {
    sender.dispatch.state.lock().running.insert(webhook.webhook_id);
    let running = Running(Arc::clone(&sender.dispatch), webhook.webhook_id);
    let sender = Arc::clone(sender);
    Builder::new().name("webhook".into()).spawn(move || {
        let _running = running;
        if catch_unwind(AssertUnwindSafe(|| run(&sender, &webhook, now))).is_err() {
            log::error!(
                "a webhook could not be sent to, its thread panicked; please report this: {}",
                webhook.webhook_id
            );
            sender.dispatch.pause(RETRY_AFTER_FAILURE);
        }
    })?;
    Ok(())
}

fn run(sender: &Sender, webhook: &Webhook, now: Millis) {
    let Sender { state, dispatch, .. } = sender;
    let is_over = || dispatch.is_stopping();
    let run = Run { state, webhook, figures: &dispatch.figures, is_over: &is_over };
    let progress = match sender.tls_for(webhook) {
        Ok(tls) => run.go(&connections(tls, &state.settings.webhooks.webhook_networks), now),
        Err(why) => {
            log::warn!("a webhook by https could not be sent to, it is tried again: {}", why.0);
            return dispatch.pause(RETRY_AFTER_FAILURE);
        }
    };
    match progress {
        Ok(progress) if progress.is_news(webhook) => write_down(sender, webhook, &progress),
        Ok(_) => {}
        Err(failure) => {
            log::warn!("the events for a webhook could not be read, they are again in a second: {failure}");
            dispatch.pause(RETRY_AFTER_FAILURE);
        }
    }
}

/// Writes down how far a run came, however often it takes: until then nothing more is sent.
fn write_down(sender: &Sender, webhook: &Webhook, progress: &Progress) {
    loop {
        let (before, now_known) = (webhook.clone(), progress.clone());
        match sender.state.write(move |tx| save(tx, &before, &now_known)) {
            Ok(()) | Err(Failure::Refused(Refusal::Stopping)) => return,
            Err(failure) if sender.dispatch.is_stopping() => {
                return log::warn!(
                    "the progress of a webhook was not written, its last events are sent again: {failure}"
                );
            }
            Err(failure) => {
                log::warn!("the progress of a webhook could not be written, that is tried again: {failure}");
                sender.dispatch.pause(RETRY_AFTER_FAILURE);
            }
        }
    }
}
