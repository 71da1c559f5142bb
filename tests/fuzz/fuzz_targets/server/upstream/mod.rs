//! What passes between the event loop and tiny_http, as it is.

#[path = "../../../../../src/http/server/upstream/protocol.rs"]
pub mod protocol;
