//! Where a running server is reached.

use std::net::SocketAddr;

use super::App;
use crate::settings::url_of;

impl App {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as people and programs on this machine open it.
    pub fn url(&self) -> String {
        url_of(self.scheme(), self.address)
    }

    /// The address at which staff find their pages; the same as [`App::url`] unless they have one of their own.
    pub fn staff_url(&self) -> String {
        url_of(self.scheme(), self.staff_address)
    }

    /// Where staff find their pages; the same as [`App::address`] unless they have an address of their own.
    pub fn staff_address(&self) -> SocketAddr {
        self.staff_address
    }

    /// Where a phone is shown how it trusts the venue's own authority; `None` where there is none, or no phone comes.
    pub fn trust_url(&self) -> Option<String> {
        self.handlers.trust.as_ref()?.urls().map(|[url, _]| url)
    }

    /// Where whoever comes is sent to https.
    pub fn redirect_address(&self) -> Option<SocketAddr> {
        self.servers.first()?.redirect_address()
    }

    /// `https` where that is spoken, else `http`.
    pub fn scheme(&self) -> &'static str {
        self.handlers.state.settings.tls.scheme()
    }
}
