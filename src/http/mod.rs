//! HTTP: the door in front, tiny_http behind it, and what passes between them and the trade.

mod answer;
mod behind;
mod bell;
mod door;
mod framing;
mod limits;
mod metrics;
mod passage;
mod proxy;
mod reply;
mod request;
mod target;

pub use behind::{Park, Responder, Trade};
pub use bell::Bell;
pub use door::Door;
pub use limits::Limits;
pub use metrics::Metrics;
pub use passage::Topic;
pub use proxy::Network;
pub use reply::{Reply, status_of};
pub use request::{Method, Request, Resumed};
