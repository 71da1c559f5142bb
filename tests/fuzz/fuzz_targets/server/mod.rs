//! The HTTP server's own files, taken in as they are, so that the library need not show them to anybody.

#[path = "../../../../src/http/server/chunked.rs"]
pub mod chunked;
#[path = "../../../../src/http/server/cors.rs"]
pub mod cors;
#[path = "../../../../src/http/server/encoding.rs"]
pub mod encoding;
#[path = "../../../../src/http/server/framing.rs"]
pub mod framing;
#[path = "../../../../src/http/server/proxy.rs"]
pub mod proxy;
#[path = "../../../../src/http/server/response_head.rs"]
pub mod response_head;
#[path = "../../../../src/http/server/target.rs"]
pub mod target;
pub mod upstream;

/// The library shows this one.
pub mod limits {
    pub use boxoffice::http::Limits;
}
