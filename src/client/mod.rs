//! The HTTP client: requests to one server, plain or over TLS, with a limit on every wait.
//!
//! `address.rs`: where a server is, from a URL, and whom TLS trusts.

mod address;

use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport};
use ureq::{Agent, Proxy};

pub(crate) use address::{ServerAddress, trusted};

/// How long a connection may take to open, shared among the addresses of a name.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long a read or a write may stand still: `Prefer: wait` is at most 30 seconds.
const STILL_MAX: Duration = Duration::from_secs(60);
/// Bytes of an answer at most.
const ANSWER_MAX_BYTES: u64 = 64 << 20;
/// Addresses of a name that are tried; the client takes no more.
const ADDRESSES_MAX: usize = 16;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub method: &'static str,
    /// Where the path begins: the API, or the server itself.
    pub base: &'static str,
    /// Below the base.
    pub path: String,
    pub authorization: &'a str,
    pub body: Option<Value>,
    pub prefer_wait_seconds: Option<u32>,
    pub idempotency_key: Option<&'a str>,
}

impl<'a> Call<'a> {
    pub(crate) fn get(path: impl Into<String>, authorization: &'a str) -> Call<'a> {
        Call {
            method: "GET",
            base: "/api/v1",
            path: path.into(),
            authorization,
            body: None,
            prefer_wait_seconds: None,
            idempotency_key: None,
        }
    }

    /// A GET of the server itself, beside its API, by anybody.
    pub(crate) fn probe(path: impl Into<String>) -> Call<'a> {
        Call { base: "", ..Call::get(path, "") }
    }

    pub(crate) fn post(path: impl Into<String>, authorization: &'a str, body: Value) -> Call<'a> {
        Call { method: "POST", body: Some(body), ..Call::get(path, authorization) }
    }

    pub(crate) fn delete(path: impl Into<String>, authorization: &'a str) -> Call<'a> {
        Call { method: "DELETE", ..Call::get(path, authorization) }
    }

    /// Whether sending it a second time does no harm.
    pub(crate) fn may_be_repeated(&self) -> bool {
        self.method != "POST" || self.idempotency_key.is_some()
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub status: u16,
    pub retry_after_seconds: Option<u64>,
    /// Where a redirection points.
    pub location: Option<String>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; `null` when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The code of a refusal.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or("?").to_owned()
    }

    /// What kept the answer from being what was asked for, as the end of a sentence.
    pub(crate) fn told(&self) -> String {
        let body = self.json();
        let member = |name: &str| body[name].as_str().unwrap_or("").to_owned();
        if let (300..=399, Some(location)) = (self.status, &self.location) {
            return format!("it sends to {location}, where no staff key is taken; give that address if it is yours.");
        }
        let place = member("pointer");
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        let words = [self.status.to_string(), member("code")].join(" ");
        let most =
            body["maxBytes"].as_u64().map(|most| format!(" At most {most} bytes are taken.")).unwrap_or_default();
        let told = format!("{}: {place}{}{most}", words.trim_end(), member("detail"));
        told.trim_end_matches([' ', ':']).to_owned()
    }
}

/// Connections to one server, opened when they are needed and kept. Redirections are not followed: they would carry the
/// staff key elsewhere.
pub(crate) struct Client {
    origin: String,
    agent: Agent,
    /// Whether a kept connection may be used, which the server may have closed meanwhile.
    used: bool,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn to(address: &ServerAddress) -> Client {
        Client::with(address, None)
    }

    /// A client whose calls end after so long, whatever the server does.
    pub(crate) fn within(address: &ServerAddress, call_max: Duration) -> Client {
        Client::with(address, Some(call_max))
    }

    fn with(address: &ServerAddress, call_max: Option<Duration>) -> Client {
        let resolver = Addresses { origin: address.origin.clone(), known: OnceLock::new() };
        let agent = agent(address.tls.clone(), address.proxy.clone(), call_max, resolver);
        Client { origin: address.origin.clone(), agent, used: false }
    }

    /// Sends a request and reads its answer. A connection that was closed meanwhile is opened again
    /// once, if sending the request twice does no harm.
    pub(crate) fn call(&mut self, call: &Call) -> io::Result<Answer> {
        let outcome = match self.exchange(call) {
            Err(_) if self.used && call.may_be_repeated() => self.exchange(call),
            outcome => outcome,
        };
        self.used = outcome.is_ok();
        outcome.map_err(sentence)
    }

    fn exchange(&self, call: &Call) -> Result<Answer, ureq::Error> {
        let mut request = ureq::http::Request::builder()
            .method(call.method)
            .uri(format!("{}{}{}", self.origin, call.base, call.path));
        if !call.authorization.is_empty() {
            request = request.header("Authorization", call.authorization);
        }
        if let Some(seconds) = call.prefer_wait_seconds {
            request = request.header("Prefer", format!("wait={seconds}"));
        }
        if let Some(key) = call.idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        let mut response = match &call.body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json").body(body.to_string())?;
                self.agent.run(request)?
            }
            None => self.agent.run(request.body(())?)?,
        };
        let field = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Answer {
            status: response.status().as_u16(),
            retry_after_seconds: field("retry-after").and_then(|seconds| seconds.parse().ok()),
            location: field("location"),
            body: response.body_mut().with_config().limit(ANSWER_MAX_BYTES).read_to_vec()?,
        })
    }
}

/// Connections that are opened to the addresses that `resolver` gives, and kept. Redirections are not followed.
pub(crate) fn agent(
    tls: TlsConfig,
    proxy: Option<Proxy>,
    call_max: Option<Duration>,
    resolver: impl Resolver,
) -> Agent {
    let config: Config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(proxy)
        .tls_config(tls)
        .user_agent(concat!("boxoffice/", env!("CARGO_PKG_VERSION")))
        .timeout_global(call_max)
        .timeout_connect(Some(CONNECT_MAX))
        .timeout_per_read(Some(STILL_MAX))
        .timeout_per_write(Some(STILL_MAX))
        .build();
    Agent::with_parts(config, ().chain(DefaultConnector::default()).chain(EarlyAnswers), resolver)
}

/// What went wrong, in words of people.
fn sentence(error: ureq::Error) -> io::Error {
    let said = |words: String| io::Error::other(words);
    match error {
        ureq::Error::HostNotFound => said("there is no such host".into()),
        ureq::Error::ConnectionFailed => said("no address of it takes the connection".into()),
        ureq::Error::Timeout(_) => said("it took too long".into()),
        ureq::Error::Rustls(why) => said(format!("TLS: {why}; --ca FILE trusts a certificate authority of your own")),
        ureq::Error::BodyExceedsLimit(_) => said("the answer is beyond all measure".into()),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            said(format!("TLS: {error}; --ca FILE trusts a certificate authority of your own"))
        }
        other => other.into_io(),
    }
}

/// The addresses of the server's name, IPv6 before IPv4, looked up once; all of them are tried in turn.
#[derive(Debug)]
struct Addresses {
    origin: String,
    known: OnceLock<Vec<SocketAddr>>,
}

impl Resolver for Addresses {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let is_own = uri.authority().is_some_and(|authority| self.origin.ends_with(&format!("//{authority}")));
        if let Some(known) = self.known.get().filter(|_| is_own) {
            let mut addresses = self.empty();
            known.iter().for_each(|address| addresses.push(*address));
            return Ok(addresses);
        }
        let mut found = DefaultResolver::default().resolve(uri, config, timeout)?.to_vec();
        found.sort_by_key(SocketAddr::is_ipv4); // stable: the order of the system among those of one kind
        found.truncate(ADDRESSES_MAX);
        let mut addresses = self.empty();
        found.iter().for_each(|address| addresses.push(*address));
        if is_own {
            let _ = self.known.set(found); // another thread may have been first
        }
        Ok(addresses)
    }
}

/// Reads the answer of a server that refuses a body before all of it is sent, and closes.
#[derive(Debug)]
struct EarlyAnswers;

impl<In: Transport> Connector<In> for EarlyAnswers {
    type Out = EarlyAnswer<In>;

    fn connect(&self, _: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        Ok(chained.map(|inner| EarlyAnswer { inner, is_closed: false }))
    }
}

/// A connection on which a failed write is no end: what the other side has said before is still to be read.
#[derive(Debug)]
struct EarlyAnswer<T> {
    inner: T,
    is_closed: bool,
}

impl<T: Transport> Transport for EarlyAnswer<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
        if self.is_closed {
            return Ok(());
        }
        match self.inner.transmit_output(amount, timeout) {
            Err(ureq::Error::Io(error)) if matches!(error.kind(), BrokenPipe | ConnectionReset | ConnectionAborted) => {
                self.is_closed = true;
                Ok(())
            }
            outcome => outcome,
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        !self.is_closed && self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
