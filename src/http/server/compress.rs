//! Which answers are compressed, and the thread that does it: neither the event loop, nor
//! the writer, nor a worker that reads wait for it.
//!
//! # Compression and secrets
//!
//! The length of compressed content tells something of what repeats in it (BREACH): who can put guesses of their
//! own beside a secret in one content, and see many lengths, can learn it. Here that takes what is not there: a
//! caller shows who they are by `Authorization`, which no other site can make a browser send, and no answer
//! repeats text of its request beside a secret that was there before. The answers that do have both (a user with a
//! new key, a token, a staff key) are always shorter than [`GZIP_MIN_BYTES`], and shorter ones are never
//! compressed, whatever the client says; a test holds that. Whoever adds a secret to an answer that may be long,
//! and has text of the request in it, must keep it from here.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};

use crate::http::Reply;
use crate::http::body::{Body, Content, GZIP_MIN_BYTES, SharedBody};
use crate::threads::{OnFatal, spawn_vital};

/// Content up to here goes first: it takes less than a millisecond.
const SMALL_BYTES: usize = 64 << 10;
/// What may wait for its turn; beyond it answers go as they are.
const WAITING_MAX_BYTES: usize = 16 << 20;

/// Whether content of this kind becomes smaller.
fn is_compressible(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or("").trim();
    let is_application = ["json", "xml", "javascript"].iter().any(|end| kind.ends_with(end));
    kind.starts_with("text/") || (kind.starts_with("application/") && is_application) || kind == "image/svg+xml"
}

/// Whether an answer is sent compressed to those who take it.
pub fn is_compressed(reply: &Reply) -> bool {
    reply.body.len() >= GZIP_MIN_BYTES
        && is_compressible(&reply.content_type)
        && !reply.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-encoding"))
}

/// Makes a reply say that it depends on what the client takes: one that is compressed for some,
/// and one without content in place of such a reply.
pub fn mark_vary(reply: &mut Reply) {
    if !is_compressed(reply) && reply.status != 304 {
        return;
    }
    match reply.headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("vary")) {
        Some((_, value)) => value.push_str(", Accept-Encoding"),
        None => reply.headers.push(("Vary".into(), "Accept-Encoding".to_owned())),
    }
}

/// The content of a reply that is sent compressed, as it leaves; the reply says so then.
fn compressed(reply: &mut Reply) -> Content {
    reply.headers.push(("Content-Encoding".into(), "gzip".to_owned()));
    let shared = match std::mem::replace(&mut reply.body, Body::Own(Vec::new())) {
        Body::Own(bytes) => SharedBody::new(bytes),
        Body::Shared(shared) => shared,
    };
    shared.gzip(); // on this thread
    Content::Gzip(shared)
}

/// The content of a reply that is sent as it is.
pub fn plain(reply: &mut Reply) -> Content {
    Content::Plain(std::mem::replace(&mut reply.body, Body::Own(Vec::new())))
}

type Send = Box<dyn FnOnce(Reply, Content) + std::marker::Send>;

struct Job {
    reply: Reply,
    send: Send,
}

#[derive(Default)]
struct Queue {
    small: VecDeque<Job>,
    large: VecDeque<Job>,
    bytes: usize,
    is_closed: bool,
}

/// The thread that compresses.
pub struct Compressor {
    queue: Arc<(Mutex<Queue>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Compressor {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn start(on_fatal: OnFatal) -> io::Result<Compressor> {
        let queue = Arc::<(Mutex<Queue>, Condvar)>::default();
        let shared = Arc::clone(&queue);
        let work = move || {
            while let Some(mut job) = next(&shared) {
                let content = compressed(&mut job.reply);
                (job.send)(job.reply, content);
            }
        };
        let thread = spawn_vital("compress", on_fatal, work)?;
        Ok(Compressor { queue, thread: Some(thread) })
    }

    /// Sends a reply to a client that takes gzip: at once when its content is there in that form already, else after
    /// the thread has made it, and as it is when too much waits for that.
    pub fn send(&self, mut reply: Reply, send: impl FnOnce(Reply, Content) + std::marker::Send + 'static) {
        let is_known = matches!(&reply.body, Body::Shared(shared) if shared.known_gzip().is_some());
        if is_known {
            let content = compressed(&mut reply);
            return send(reply, content);
        }
        let bytes = reply.body.len();
        let (queue, arrived) = &*self.queue;
        let mut waiting = queue.lock();
        if waiting.is_closed || waiting.bytes + bytes > WAITING_MAX_BYTES {
            drop(waiting);
            let content = plain(&mut reply);
            return send(reply, content);
        }
        waiting.bytes += bytes;
        let job = Job { reply, send: Box::new(send) };
        if bytes <= SMALL_BYTES {
            waiting.small.push_back(job)
        } else {
            waiting.large.push_back(job)
        }
        arrived.notify_one();
    }
}

fn next(shared: &(Mutex<Queue>, Condvar)) -> Option<Job> {
    let (queue, arrived) = shared;
    let mut waiting = queue.lock();
    loop {
        let next = waiting.small.pop_front();
        if let Some(job) = next.or_else(|| waiting.large.pop_front()) {
            waiting.bytes -= job.reply.body.len();
            return Some(job);
        }
        if waiting.is_closed {
            return None;
        }
        arrived.wait(&mut waiting);
    }
}

impl Drop for Compressor {
    /// What waits is still sent.
    fn drop(&mut self) {
        self.queue.0.lock().is_closed = true;
        self.queue.1.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join(); // a panic of it was logged when it happened
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn reply(content_type: &'static str, length: usize) -> Reply {
        Reply { content_type: content_type.into(), body: vec![b'x'; length].into(), ..Reply::empty(200) }
    }

    #[test]
    fn gzip_is_for_text_of_a_kilobyte_and_more() {
        for kind in
            ["application/json", "application/problem+json", "text/html; charset=utf-8", "text/csv", "image/svg+xml"]
        {
            assert!(is_compressed(&reply(kind, 1_024)) && !is_compressed(&reply(kind, 1_023)), "{kind}");
        }
        for kind in ["image/png", "font/woff2", "application/octet-stream", ""] {
            assert!(!is_compressed(&reply(kind, 10_000)), "{kind}");
        }
        assert!(!is_compressed(&reply("text/csv", 10_000).with("Content-Encoding", "br")));
    }

    #[test]
    fn vary_is_said_of_what_could_be_compressed_beside_what_else_it_varies_by() {
        let vary = |mut reply: Reply| {
            mark_vary(&mut reply);
            reply.headers.iter().find(|(name, _)| name == "Vary").map(|(_, value)| value.clone())
        };
        assert_eq!(vary(reply("text/html", 2_000)).as_deref(), Some("Accept-Encoding"));
        let page = reply("text/html", 2_000).with("Vary", "Accept-Language");
        assert_eq!(vary(page).as_deref(), Some("Accept-Language, Accept-Encoding"));
        assert_eq!(vary(Reply::empty(304)).as_deref(), Some("Accept-Encoding"));
        assert_eq!(vary(reply("image/png", 2_000)), None);
    }

    #[test]
    fn answers_beyond_what_may_wait_go_as_they_are_and_none_is_lost() {
        let compressor = Compressor::start(OnFatal::new(|| {})).unwrap();
        let (sender, receiver) = mpsc::channel();
        for _ in 0..40 {
            let sender = sender.clone();
            compressor.send(reply("text/csv", 1 << 20), move |reply, content| {
                sender.send((reply.headers.len(), matches!(content, Content::Gzip(_)))).unwrap();
            });
        }
        drop((compressor, sender));
        let sent: Vec<(usize, bool)> = receiver.iter().collect();
        assert_eq!(sent.len(), 40);
        assert!(sent.iter().all(|(headers, is_gzip)| *headers == usize::from(*is_gzip)));
        assert!(sent.iter().any(|(_, is_gzip)| *is_gzip));
    }
}
