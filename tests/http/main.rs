//! The HTTP server from outside: raw sockets in front of it, a small handler behind it.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

mod bounds;
mod chunked;
mod content;
mod long_polls;
mod redirect;
mod requests;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod tls;
