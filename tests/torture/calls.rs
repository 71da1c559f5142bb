//! Calls of the API over a raw connection, as they can be repeated byte for byte.

use std::io;
use std::net::SocketAddr;

use base64::Engine;
use serde_json::Value;

use super::wire::{Answer, Wire};

#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub authorization: String,
    /// The `Idempotency-Key`; empty for none.
    pub key: String,
    /// Null for none.
    pub body: Value,
}

impl Call {
    pub fn get(path: &str) -> Call {
        Call {
            method: "GET",
            path: path.to_owned(),
            authorization: String::new(),
            key: String::new(),
            body: Value::Null,
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let body = if self.body.is_null() { String::new() } else { self.body.to_string() };
        let mut text = format!("{} {} HTTP/1.1\r\nHost: hall\r\n", self.method, self.path);
        for (name, value) in [("Authorization", &self.authorization), ("Idempotency-Key", &self.key)] {
            if !value.is_empty() {
                text.extend([name, ": ", value, "\r\n"]);
            }
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        [text.as_bytes(), b"\r\n", body.as_bytes()].concat()
    }

    /// Sends it on the connection that is there, else on a new one, and gives the answer. After an error there is none.
    pub fn ask(&self, kept: &mut Option<Wire>, address: SocketAddr) -> io::Result<Answer> {
        let mut wire = match kept.take() {
            Some(wire) => wire,
            None => Wire::open(address)?,
        };
        wire.send(self.bytes())?;
        let answer = wire.answer_to(self.method)?;
        if answer.field("connection") != Some("close") {
            *kept = Some(wire);
        }
        Ok(answer)
    }
}

pub fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

pub fn basic(id: &str, key: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{key}")))
}
