//! The HTTP server from outside: raw sockets in front of it, a small handler behind it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

mod bounds;
mod content;
mod long_polls;
mod requests;
mod support;
