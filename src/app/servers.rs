//! The HTTP servers of a venue: which there are, what each exposes, what must be there before they start, and where a
//! running one is reached.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};

use super::App;
use crate::call::{AppState, topics};
use crate::certificates::{Certificates, Keeper};
use crate::http::{AllowedMethods, Handler, Limits, OpenFailure, Repeats, Server};
use crate::routes::{
    Exposure, Handlers, allowed_methods, answer_at_once, path_number, paths, stays_plain, takes_large_body,
};
use crate::settings::{Settings, url_of};
use crate::store::OpenError;
use crate::threads::OnFatal;

/// Threads of the writer and of the pool of readers; of an HTTP server beside its workers.
const THREADS_OF_STORE: usize = 2 + 3;
const THREADS_OF_WEBHOOKS: usize = 1;
const THREADS_OF_FRONT: usize = 1 + 5;

/// A new file's staff key is shown once, at this start: what would stop the start later is tried before.
pub(super) fn must_have_addresses(settings: &Settings, listen: SocketAddr) -> Result<(), OpenError> {
    let served = plan_servers(settings, listen).into_iter().map(|(flag, address, ..)| (flag, address));
    let redirect = settings.tls.http_redirect.map(|address| ("--http-redirect", address));
    served.chain(redirect).try_for_each(|(flag, address)| {
        TcpListener::bind(address).map(drop).map_err(|error| cannot_listen(flag, address, &error))
    })
}

/// Starts as many threads at once as an open server needs, before anything is made: some of
/// what it starts later panics where there is none.
pub(super) fn must_have_threads(settings: &Settings, listen: SocketAddr) -> Result<(), OpenError> {
    let front = |limits: &Limits| limits.workers + THREADS_OF_FRONT;
    let needed = THREADS_OF_STORE
        + THREADS_OF_WEBHOOKS
        + plan_servers(settings, listen).iter().map(|(.., limits)| front(limits)).sum::<usize>();
    let (sender, receiver) = mpsc::channel::<()>();
    let receiver = Mutex::new(receiver);
    std::thread::scope(|scope| {
        let wait = || drop(receiver.lock().map(|receiver| receiver.recv()));
        let started = (0..needed).try_for_each(|had| {
            std::thread::Builder::new().spawn_scoped(scope, wait).map(drop).map_err(|error| (had, error))
        });
        drop(sender); // all of them end
        started.map_err(|(had, error)| {
            OpenError(format!(
                "the system gives {had} of the {needed} threads that a server needs ({error}); raise the limit of processes of \
                 this user (ulimit -u) or of its unit (TasksMax)."
            ))
        })
    })
}

fn cannot_listen(flag: &str, address: SocketAddr, error: &io::Error) -> OpenError {
    OpenError(format!("{flag} {address}: {error}; choose another address, or port 0 for a free one."))
}

/// Why nobody is served at an address: it can't be had, or what stands behind it can't be started.
fn cannot_start(flag: &str, address: SocketAddr, redirect: Option<SocketAddr>, failure: &OpenFailure) -> OpenError {
    match failure {
        OpenFailure::Address(error) => cannot_listen(flag, address, error),
        OpenFailure::Redirect(error) => cannot_listen("--http-redirect", redirect.unwrap_or(address), error),
        OpenFailure::Inside(error) => OpenError(format!("the HTTP server can't be started: {error}.")),
    }
}

/// The HTTP servers to start, each with the flag that names its address: the public one, and where staff have an
/// address of their own, a second, small one, so that load on the public address does not delay staff.
fn plan_servers(settings: &Settings, listen: SocketAddr) -> Vec<(&'static str, SocketAddr, Exposure, Limits)> {
    let limits = Limits {
        large_body: takes_large_body,
        answer_at_once,
        paths: paths().collect(),
        path_number,
        pace_ms: topics::pace_ms,
        redirect_listen: settings.tls.http_redirect,
        stays_plain: if settings.tls.tls_local { stays_plain } else { |_, _| false },
        // Never for an authority that may be made anew: a browser would refuse to go on without it, or to /trust.
        https_for_good: settings.tls.http_redirect.is_some() && !settings.tls.tls_local,
        logs_access: settings.log.access_log,
        ..Limits::from(&settings.http)
    };
    let Some(staff) = settings.staff_listen else { return vec![("--listen", listen, Exposure::Whole, limits)] };
    vec![
        ("--listen", listen, Exposure::Public, limits.clone().beside_staff()),
        ("--staff-listen", staff, Exposure::Whole, limits.for_staff()),
    ]
}

/// The certificate of https, where that is spoken; read before anything is made.
pub(super) fn certificates_of(settings: &Settings, database: &Path) -> Result<Option<Arc<Certificates>>, OpenError> {
    if settings.tls.tls_local {
        return Certificates::local(database, &settings.tls.tls_name).map(Some).map_err(OpenError);
    }
    let files = settings.tls.files();
    files.map(|(certificate, key)| Certificates::of_files(certificate, key)).transpose().map_err(OpenError)
}

/// Looks for a new certificate from now on.
pub(super) fn keep(certificates: Option<Arc<Certificates>>, on_fatal: &OnFatal) -> Result<Option<Keeper>, OpenError> {
    let keeper = certificates.map(|certificates| Keeper::start(certificates, on_fatal.clone())).transpose();
    keeper.map_err(|error| OpenError(format!("the certificate can't be watched: {error}.")))
}

pub(super) fn open_servers(
    handlers: &Handlers,
    listen: SocketAddr,
    certificates: Option<&Arc<Certificates>>,
    on_fatal: &OnFatal,
) -> Result<Vec<Server>, OpenError> {
    let mut servers = Vec::new();
    let AppState { settings, clock, notifier, .. } = &*handlers.state;
    let repeats = settings.test_random.map(|seed| Repeats::of(seed, clock));
    for (flag, address, exposure, limits) in plan_servers(settings, listen) {
        let handlers = Arc::new(Handlers { exposure, ..handlers.clone() });
        let of_path = Arc::clone(&handlers);
        let limits = Limits {
            repeats: repeats.clone(),
            allowed_methods: AllowedMethods::new(move |path| allowed_methods(path, &of_path)),
            relayed_also: handlers.course.as_ref().map_or_else(Vec::new, |course| course.fields().to_vec()),
            tls: certificates.cloned(),
            ..limits
        };
        let redirect = limits.redirect_listen;
        let handler: Handler = Arc::new(handlers);
        let server = Server::open(address, limits, notifier.clone(), handler, on_fatal.clone())
            .map_err(|failure| cannot_start(flag, address, redirect, &failure))?;
        servers.push(server);
    }
    if let (Some(trust), Some(public), Some(staff)) = (&handlers.trust, servers.first(), servers.last()) {
        // Where no phone reaches the address that leads to https, plain HTTP at that of https leads there too.
        let redirect = public.redirect_address().filter(|address| !address.ip().is_loopback());
        trust.set_addresses(redirect.unwrap_or(public.address()), staff.address());
    }
    let _ = handlers.monitoring.http.set(servers.iter().map(Server::metrics).collect()); // once
    Ok(servers)
}

/// How often each of these threads has come round: the writer's, and the event loops'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse(Vec<u64>);

impl Pulse {
    /// Whether all of them have come round since another look.
    pub fn is_after(&self, before: &Pulse) -> bool {
        self.0.iter().zip(&before.0).all(|(now, before)| now > before)
    }
}

impl App {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as people and programs on this machine open it.
    pub fn url(&self) -> String {
        url_of(self.scheme(), self.address)
    }

    /// The address at which staff find their pages; the same as [`App::url`] unless they have one of their own.
    pub fn staff_url(&self) -> String {
        url_of(self.scheme(), self.staff_address)
    }

    /// Where staff find their pages; the same as [`App::address`] unless they have an address of their own.
    pub fn staff_address(&self) -> SocketAddr {
        self.staff_address
    }

    /// Where a phone is shown how it trusts the venue's own authority; `None` where there is none, or no phone comes.
    pub fn trust_url(&self) -> Option<String> {
        self.handlers.trust.as_ref()?.urls().map(|[url, _]| url)
    }

    /// Where whoever comes is sent to https.
    pub fn redirect_address(&self) -> Option<SocketAddr> {
        self.servers.first()?.redirect_address()
    }

    /// `https` where that is spoken, else `http`.
    pub fn scheme(&self) -> &'static str {
        self.handlers.state.settings.tls.scheme()
    }

    /// Looks at the threads, and has those that rest come round once more, which takes them a moment. A thread that
    /// hangs, such as the writer on a disk that does not answer, has not come round at the next look.
    pub fn pulse(&self) -> Pulse {
        let writer = &self.handlers.state.writer;
        let servers = self.servers.iter().map(|server| server.metrics().turns_total.get());
        let pulse = Pulse(servers.chain([writer.figures().turns.get()]).collect());
        writer.wake();
        self.servers.iter().for_each(Server::wake);
        pulse
    }
}
