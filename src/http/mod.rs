//! HTTP as the trade sees it: a request, a reply, and keys that make repeating safe. The door stands in front.

mod body;
mod door;
mod fields;
mod idempotency;
mod json;
mod rate_limit;
mod reply;
mod request;

pub use body::{Body, GZIP_MIN_BYTES, SharedBody};
pub use door::{Bell, Door, Limits, Metrics, OpenFailure, Park, Responder, Topic, Trade};
pub use fields::{Credential, Fields, decoded, idempotency_key, number, parameter, query};
pub use idempotency::{Once, forget};
pub use json::parse as parse_json;
pub use rate_limit::RateLimit;
pub use reply::{Reply, status_of};
pub use request::{Method, Request, Resumed};
