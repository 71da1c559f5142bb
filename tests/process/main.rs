//! The program as a process: killed, started again, short of everything, and the torture in short.

#![cfg(target_os = "linux")] // signals, `/proc`, limits of a process
#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

mod cancellation;
mod checkpoint;
mod clock;
mod copies;
mod history;
mod log;
mod monitoring;
mod overload;
mod planted;
mod restart;
mod sqlite_build;
mod supervisor;
#[path = "../support/mod.rs"]
mod support;
#[path = "../torture/mod.rs"]
mod torture;
mod torture_differential;
mod torture_http;
mod torture_server;
mod webhooks;
