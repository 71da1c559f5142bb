//! A receiver of webhooks that answers as a test says, and checks signatures by code of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::wait;

/// What a receiver does with a request that it has read.
#[derive(Clone, PartialEq, Eq)]
pub enum Mood {
    /// It answers with this status and these header lines.
    Says(u16, &'static str),
    /// It says nothing, and keeps the connection.
    Silent,
    /// It answers with something that is no HTTP.
    Babbles,
    /// It closes.
    HangsUp,
}

pub const TAKES: Mood = Mood::Says(204, "");

/// A request as it came.
#[derive(Clone)]
pub struct Delivery {
    pub head: Vec<(String, String)>,
    pub text: String,
    pub body: Value,
    /// Whether it was answered with 2xx.
    pub was_taken: bool,
}

impl Delivery {
    pub fn field(&self, name: &str) -> &str {
        self.head.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
    }

    pub fn sequence(&self) -> i64 {
        self.body["sequence"].as_i64().unwrap()
    }

    /// Asserts that it is signed just now with these secrets (`whsec_`) or the secret halves of these public keys
    /// (`whpk_`), in their order, and no others.
    #[track_caller]
    pub fn is_signed_by_all(&self, keys: &[&str]) {
        let signatures: Vec<&str> = self.field("webhook-signature").split(' ').collect();
        assert_eq!(signatures.len(), keys.len(), "{signatures:?}");
        keys.iter().zip(signatures).for_each(|(key, signature)| self.must_be_signed(key, signature));
    }

    #[track_caller]
    pub fn is_signed_by(&self, key: &str) {
        self.is_signed_by_all(&[key]);
    }

    #[track_caller]
    fn must_be_signed(&self, key: &str, signature: &str) {
        let (id, timestamp) = (self.field("webhook-id"), self.field("webhook-timestamp"));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert!(now.abs_diff(timestamp.parse().unwrap()) < 300, "a library of the scheme would refuse {timestamp}");
        assert!(!id.is_empty() && !id.contains('.'), "{id}");
        let content = format!("{id}.{timestamp}.{}", self.text);
        let (kind, signature) = signature.split_once(',').unwrap();
        let signature = STANDARD.decode(signature).unwrap();
        if let Some(public) = key.strip_prefix("whpk_") {
            let public: [u8; 32] = STANDARD.decode(public).unwrap().try_into().unwrap();
            let public = ed25519_dalek::VerifyingKey::from_bytes(&public).unwrap();
            let signature = ed25519_dalek::Signature::from_slice(&signature).unwrap();
            assert!(kind == "v1a" && public.verify_strict(content.as_bytes(), &signature).is_ok(), "{content}");
        } else {
            let secret = STANDARD.decode(key.strip_prefix("whsec_").unwrap()).unwrap();
            assert!(kind == "v1" && signature == hmac_sha256(&secret, content.as_bytes()), "{content}");
        }
    }
}

/// RFC 2104.
fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let hash = |pad: u8, rest: &[u8]| {
        let padded: Vec<u8> = block.iter().map(|byte| byte ^ pad).chain(rest.iter().copied()).collect();
        Sha256::digest(padded).to_vec()
    };
    hash(0x5c, &hash(0x36, text))
}

struct Shared {
    mood: Mutex<Mood>,
    got: Mutex<Vec<Delivery>>,
    is_over: AtomicBool,
}

/// A receiver at a port of its own.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Receiver {
    pub fn new(mood: Mood) -> Receiver {
        Receiver::listen("127.0.0.1:0".parse().unwrap(), mood)
    }

    /// One at an address where another was.
    pub fn listen(address: SocketAddr, mood: Mood) -> Receiver {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let shared =
            Arc::new(Shared { mood: Mutex::new(mood), got: Mutex::default(), is_over: AtomicBool::new(false) });
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if of_thread.is_over.load(SeqCst) {
                    return; // and the port is free
                }
                let shared = Arc::clone(&of_thread);
                std::thread::spawn(move || drop(serve(&stream.unwrap(), &shared)));
            }
        });
        Receiver { address, shared }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}/hooks?for=tests", self.address)
    }

    pub fn set(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    /// Every request so far.
    pub fn got(&self) -> Vec<Delivery> {
        self.shared.got.lock().unwrap().clone()
    }

    /// The numbers of the events that it took, in order.
    pub fn taken(&self) -> Vec<i64> {
        self.got().iter().filter(|one| one.was_taken).map(Delivery::sequence).collect()
    }

    #[track_caller]
    pub fn until_got(&self, count: usize) -> Vec<Delivery> {
        wait::until(&format!("{count} deliveries"), || self.got().len() >= count);
        self.got()
    }

    #[track_caller]
    pub fn until_taken(&self, sequence: i64) {
        wait::until(&format!("event {sequence} at the receiver"), || self.taken().contains(&sequence));
    }

    /// It is gone: who connects is refused.
    pub fn die(self) -> SocketAddr {
        self.shared.is_over.store(true, SeqCst);
        let _ = TcpStream::connect(self.address); // wakes it
        let is_free = || TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_err();
        wait::until("the receiver is gone", is_free);
        self.address
    }
}

/// Answers the requests of a connection until that ends.
fn serve(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        assert!(lines[0].starts_with("POST /hooks"), "{lines:?}");
        let pair =
            |line: &String| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        let head: Vec<(String, String)> = lines[1..].iter().filter_map(pair).collect();
        let length =
            head.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let text = String::from_utf8(body).unwrap();
        let mood = shared.mood.lock().unwrap().clone();
        let was_taken = matches!(mood, Mood::Says(200..=299, _));
        let body = serde_json::from_str(&text).unwrap();
        shared.got.lock().unwrap().push(Delivery { head, text, body, was_taken });
        let mut writer = stream;
        match mood {
            Mood::Says(status, lines) => {
                write!(writer, "HTTP/1.1 {status} Said\r\n{lines}Content-Length: 0\r\n\r\n")?;
            }
            Mood::Silent => {
                wait::until("the receiver speaks again", || *shared.mood.lock().unwrap() != Mood::Silent);
                write!(writer, "HTTP/1.1 500 Late\r\nContent-Length: 0\r\n\r\n")?;
            }
            Mood::Babbles => return writer.write_all(b"220 mail.example ESMTP\r\n"),
            Mood::HangsUp => return Ok(()),
        }
    }
}
