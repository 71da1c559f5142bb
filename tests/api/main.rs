//! The API and the pages from outside: a server in this process on a port of its own, with a turned clock.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without ends it here")]

mod asked;
mod best;
mod check;
mod checkins;
mod conventions;
mod cors;
mod counter;
mod course;
mod dates;
mod deletion;
mod draw;
mod evening;
mod exchanges;
mod faults;
mod feed;
mod flows;
mod handbook;
mod handover;
mod idempotency;
mod layouts;
mod line;
mod lists;
mod maps;
mod metrics;
mod model;
mod names;
mod one_moment;
mod openapi;
mod openapi_form;
mod own_lines;
mod pages;
mod policy;
mod races;
mod rate_limits;
mod refunds;
mod refusals;
mod reports;
mod requests;
mod returns;
mod rounds;
mod staff_keys;
mod states;
mod strangers;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod test_servers;
mod tickets;
mod users;
mod visits;
mod waiting;
mod webhook_calls;
mod webhooks;
mod writer;
