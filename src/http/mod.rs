//! HTTP as handlers see it: a request, a reply, and keys that make repeating safe. The server (`server/`) stands in
//! front.

mod body;
mod faulty_delivery;
mod fields;
mod idempotency;
mod json;
mod rate_limit;
mod reply;
mod request;
mod server;

pub use body::{Body, GZIP_MIN_BYTES, SharedBody};
pub use faulty_delivery::{Delivery, Ending};
pub use fields::{Fields, decoded, decoded_segment, json_body, must_be_date, number, parameter, plain_line, query};
pub use idempotency::{Once, forget, idempotency_key};
pub use json::parse as parse_json;
pub use rate_limit::RateLimit;
pub use reply::{Reply, status_of};
#[cfg(test)]
pub use request::PATH_PATTERN_CASES;
pub use request::{Credential, Method, Request, Resumed, fits, path_parameter};
pub use server::{
    AllowedMethods, Handle, Handler, Limits, Metrics, Notifier, OpenFailure, Repeats, Responder, Server, StreamCursor,
    Topic, Wait, is_relayable,
};
