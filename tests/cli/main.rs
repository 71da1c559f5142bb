//! The commands as they are typed: the program as a child process, its files, its texts and its exit codes.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

mod backup;
mod commands;
mod files;
mod halls;
mod health;
mod leftovers;
mod offline_door;
mod operator;
mod readme;
mod remote;
mod rush;
#[path = "../support/mod.rs"]
mod support;
