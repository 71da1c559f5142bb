//! HTTP: the door in front, tiny_http behind it, and what passes between them and the trade.

mod answer;
mod asking;
mod behind;
mod bell;
mod client;
mod crowd;
mod door;
mod fields;
mod framing;
mod idempotency;
mod inner_answer;
mod letters;
mod limits;
mod line;
mod metrics;
mod parking;
mod passage;
mod porter;
mod proxy;
mod relay;
mod reply;
mod request;
mod target;
mod visit;

pub use behind::{Park, Responder, Trade};
pub use bell::Bell;
pub use door::Door;
pub use fields::{Credential, Fields, decoded, number, parameter, query};
pub use idempotency::{Once, forget};
pub use limits::Limits;
pub use metrics::Metrics;
pub use passage::Topic;
pub use proxy::Network;
pub use reply::{Reply, status_of};
pub use request::{Method, Request, Resumed};
