//! The torture of the HTTP server: one row for each line about connections, heads, framing, floods,
//! descriptors, threads and parked waits. `scripts/torture` runs the rows in full,
//! `tests/process/torture_*.rs` a short, counted form.
//!
//! The test server (the HTTP server with a small handler that echoes what it was asked, [`inside`])
//! is a process of its own, so that what it holds in threads, descriptors and memory can be counted
//! from outside, and so that an abort is seen as one.

#![allow(clippy::unwrap_used, reason = "what a row cannot go on without ends it")]
#![allow(missing_docs, dead_code, reason = "a program of tests, of which each target uses its part")]

pub mod attackers;
pub mod bystander;
pub mod calls;
pub mod choices;
pub mod customers;
pub mod differential;
pub mod history;
pub mod images;
pub mod inside;
pub mod outside;
pub mod proxy;
pub mod report;
pub mod rows;
pub mod served;
pub mod shim;
pub mod streams;
pub mod wire;
