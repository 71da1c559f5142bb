//! HTTP: the door in front, tiny_http behind it, and what passes between them and the trade.

mod reply;
mod request;

pub use reply::{Reply, status_of};
pub use request::{Method, Request, Resumed};
