//! The commands as they are typed: the program as a child process, its files, its texts and its exit codes.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

#[cfg(unix)] // modes, signals, limits of a shell
mod backup;
mod clients;
mod commands;
mod container;
#[cfg(unix)] // what is pasted into bash
mod documents;
#[cfg(unix)] // links, signals, modes
mod files;
mod halls;
mod health;
mod https;
#[cfg(unix)] // owners, limits of a shell
mod leftovers;
mod offline_door;
mod offline_scans;
mod operator;
#[cfg(unix)] // what is pasted into bash
mod readme;
mod remote;
#[cfg(target_os = "linux")] // `/proc`, signals
mod rush;
mod seeds;
mod shell;
#[cfg(unix)] // signals, limits of a shell
mod starts;
#[path = "../support/mod.rs"]
mod support;
mod test_servers;
mod trust;
