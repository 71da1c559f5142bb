//! What was asked of a server for tests: the last requests, so that a test can say what its client sent.

use std::collections::VecDeque;
use std::time::Instant;

use parking_lot::Mutex;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::Millis;
use crate::http::{Credential, Method, Reply, Request, decoded};

/// So many requests are remembered; the oldest are forgotten first.
pub const REQUESTS_MAX: usize = 1_000;
/// The longest path, query or key that is kept, in characters.
const TEXT_MAX_CHARS: usize = 1_000;
/// What stands in place of a key or token.
const MASK: &str = "***";
/// Keys and tokens have at least so many hexadecimal digits in a row, and ids fewer.
const SECRET_DIGITS: usize = 32;
/// The parameters whose values are secrets whatever they look like.
const SECRET_NAMES: [&str; 6] = ["token", "key", "secret", "password", "authorization", "code"];

/// The last requests, oldest first.
#[derive(Debug, Default)]
pub struct RequestLog(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    /// The sequence of the last request.
    last: u64,
    entries: VecDeque<Entry>,
}

/// A request, and what came of it.
#[derive(Debug)]
struct Entry {
    sequence: u64,
    at: Millis,
    began: Instant,
    method: Method,
    path: String,
    query: String,
    idempotency_key: Option<String>,
    user_id: Option<Uuid>,
    /// The fault that it met.
    fault: Option<&'static str>,
    answer: Option<Answered>,
}

#[derive(Debug)]
struct Answered {
    status: u16,
    replayed: bool,
    milliseconds: f64,
}

/// Which requests are listed; what is `None` holds none back.
#[derive(Debug, Default)]
pub struct Filter<'f> {
    /// How their paths begin.
    pub path: Option<&'f str>,
    /// Their method.
    pub method: Option<&'f str>,
    /// The status of their answer.
    pub status: Option<i64>,
}

impl RequestLog {
    /// Remembers a request of a user, as far as that is known; gives its sequence. Text for which `is_key` holds opens
    /// something.
    pub fn begin(
        &self,
        request: &Request,
        at: Millis,
        user_id: Option<Uuid>,
        fault: Option<&'static str>,
        is_key: impl Fn(&str) -> bool,
    ) -> u64 {
        let own = match Credential::of(request) {
            Credential::Nothing => None,
            Credential::Bearer(key) | Credential::Basic(_, key) => Some(key).filter(|key| !key.is_empty()),
        };
        let is_secret = |text: &str| own.as_ref().is_some_and(|own| text.contains(own)) || is_key(text);
        let cut = |text: String| text.chars().take(TEXT_MAX_CHARS).collect::<String>();
        let mut log = self.0.lock();
        log.last += 1;
        let entry = Entry {
            sequence: log.last,
            at,
            began: Instant::now(),
            method: request.method,
            path: cut(mask_parts(&request.path, '/', &is_secret)),
            query: cut(mask_query(&request.query, &is_secret)),
            idempotency_key: request.header("idempotency-key").map(|key| cut(mask(key, &is_secret))),
            user_id,
            fault,
            answer: None,
        };
        if log.entries.len() == REQUESTS_MAX {
            log.entries.pop_front();
        }
        log.entries.push_back(entry);
        log.last
    }

    /// Notes the answer to a request, if that is still remembered.
    pub fn end(&self, sequence: u64, reply: &Reply) {
        let mut log = self.0.lock();
        // Sequences have no gaps, so the place of one follows from that of the first.
        let first = log.entries.front().map_or(0, |entry| entry.sequence);
        let place = sequence.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        if let Some(entry) = place.and_then(|place| log.entries.get_mut(place)) {
            let replayed = reply.headers.iter().any(|(name, _)| name == "Idempotency-Replayed");
            let milliseconds = entry.began.elapsed().as_micros() as f64 / 1_000.0;
            entry.answer = Some(Answered { status: reply.status, replayed, milliseconds });
        }
    }

    /// Those of the requests that a filter lets through, oldest first.
    pub fn list(&self, filter: &Filter) -> Vec<Value> {
        let is_listed = |entry: &&Entry| {
            filter.path.is_none_or(|path| entry.path.starts_with(path))
                && filter.method.is_none_or(|method| entry.method.word().eq_ignore_ascii_case(method))
                && filter
                    .status
                    .is_none_or(|status| entry.answer.as_ref().is_some_and(|one| i64::from(one.status) == status))
        };
        self.0.lock().entries.iter().filter(is_listed).map(Entry::json).collect()
    }

    /// Forgets all of them. Sequences go on.
    pub fn clear(&self) {
        self.0.lock().entries.clear();
    }
}

impl Entry {
    fn json(&self) -> Value {
        let answer = self.answer.as_ref();
        json!({
            "sequence": self.sequence,
            "at": self.at,
            "method": self.method.word(),
            "path": self.path,
            "query": self.query,
            "userId": self.user_id,
            "idempotencyKey": self.idempotency_key,
            "fault": self.fault,
            "status": answer.map(|answer| answer.status),
            "replayed": answer.is_some_and(|answer| answer.replayed),
            "durationMilliseconds": answer.map(|answer| answer.milliseconds),
        })
    }
}

/// A query with the names of its parameters and such of their values as are no secrets.
fn mask_query(query: &str, is_secret: &impl Fn(&str) -> bool) -> String {
    let pair = |pair: &str| {
        let Some((name, value)) = pair.split_once('=') else { return mask(pair, is_secret) };
        let plain = decoded(name).unwrap_or_default().to_lowercase();
        let is_named = !value.is_empty() && SECRET_NAMES.iter().any(|secret| plain.contains(secret));
        format!("{}={}", mask(name, is_secret), if is_named { MASK.to_owned() } else { mask(value, is_secret) })
    };
    query.split('&').map(pair).collect::<Vec<_>>().join("&")
}

fn mask_parts(text: &str, between: char, is_secret: &impl Fn(&str) -> bool) -> String {
    let parts: Vec<String> = text.split(between).map(|part| mask(part, is_secret)).collect();
    parts.join(&between.to_string())
}

/// The text, unless there is a key or a token in it, as it stands or percent-encoded.
fn mask(text: &str, is_secret: &impl Fn(&str) -> bool) -> String {
    let plain = decoded(text).unwrap_or_default();
    let mut run = 0;
    let has_digits = plain.chars().any(|c| {
        run = if c.is_ascii_hexdigit() { run + 1 } else { 0 };
        run == SECRET_DIGITS
    });
    let is_masked = has_digits || !text.is_empty() && (is_secret(text) || is_secret(&plain));
    if is_masked { MASK.to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_tokens_are_masked_wherever_they_stand_and_ids_are_not() {
        let is_key = |text: &str| text.contains("a staff key");
        let token = "0123456789abcdef0123456789ABCDEF";
        let id = "01a204e3-f7b7-7f98-8410-11c1ae504284";
        let path = |text: &str| mask_parts(text, '/', &is_key);
        assert_eq!(path(&format!("/users/{id}/balance")), format!("/users/{id}/balance"));
        assert_eq!(path(&format!("/queue/token/x{token}")), "/queue/token/***");
        assert_eq!(path("/queue/%30123456789abcdef0123456789abcdef"), "/queue/***");
        assert_eq!(path("/a%20staff%20key/b"), "/***/b");
        let query = |text: &str| mask_query(text, &is_key);
        assert_eq!(query(""), "");
        assert_eq!(query("date=2100-01-01&all"), "date=2100-01-01&all");
        assert_eq!(query(&format!("q={token}&{token}&{token}=1")), "q=***&***&***=1");
        assert_eq!(
            query("userKey=x&Queue-Token=7&%74oken=8&name=a+staff+key&token="),
            "userKey=***&Queue-Token=***&%74oken=***&name=***&token="
        );
    }
}
