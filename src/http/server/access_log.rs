//! A line of the log for each answer, where it is wanted.

use std::net::IpAddr;

use super::response_head::RequestId;
use crate::logging::ACCESS;

/// What the line of a request tells beside what is counted of it.
#[derive(Debug, Clone)]
pub struct AccessLine {
    /// As it was sent, without the query, which may name people.
    path: Box<str>,
    client: IpAddr,
    id: String,
}

impl AccessLine {
    /// That of a request.
    pub fn of(path: &str, client: IpAddr, id: &RequestId) -> AccessLine {
        AccessLine { path: path.into(), client, id: id.to_text() }
    }

    /// Writes it, with an answer of so many bytes after so many microseconds.
    pub fn write(&self, method: &str, status: u16, bytes: usize, us: u64) {
        let (path, client, request) = (&*self.path, self.client, self.id.as_str());
        let (ms, seconds, bytes) = (us as f64 / 1e3, us as f64 / 1e6, bytes as u64);
        log::info!(
            target: ACCESS,
            method, path, status, bytes, seconds, client:% = client, request;
            "a request was answered: {method} {path} {status}, {bytes} bytes, {ms} ms, to {client}, request {request}"
        );
    }
}
