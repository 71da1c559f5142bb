//! `boxoffice health`: whether a server is ready, for the health check of a container and for scripts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, value_parser};

use super::output;
use crate::client::{Call, Client, ServerAddress};
use crate::settings::{DEFAULT_LISTEN, loopback_url_of, parse_listen};
use crate::store::OpenError;

/// What `health` takes.
#[derive(Debug, Args)]
pub(super) struct Health {
    /// The server, such as http://localhost:8080 [default: the one at --listen].
    #[arg(long)]
    url: Option<String>,
    /// The address that a server of this machine listens on.
    #[arg(long, env = "BOXOFFICE_LISTEN", default_value_t = DEFAULT_LISTEN, value_name = "ADDRESS:PORT", value_parser = parse_listen)]
    listen: SocketAddr,
    /// Ask the one at --listen by https, as a server with this certificate speaks it.
    #[arg(long, env = "BOXOFFICE_TLS_CERTIFICATE", value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// Ask the one at --listen by https, as a server with an authority of its own speaks it.
    #[arg(long, env = "BOXOFFICE_TLS_LOCAL")]
    tls_local: bool,
    /// Trust the certificate authorities of this file (PEM) too, for a URL that begins with https.
    #[arg(long, value_name = "FILE", requires = "url")]
    ca: Option<PathBuf>,
    /// No answer within so many seconds is no readiness (1 to 60); a server whose disk hangs says so after 5.
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = value_parser!(u32).range(1..=60))]
    timeout_seconds: u32,
}

impl Health {
    pub(super) fn run(self) -> Result<(), OpenError> {
        let is_own = self.url.is_none();
        let scheme = if self.tls_certificate.is_some() || self.tls_local { "https" } else { "http" };
        let url = self.url.unwrap_or_else(|| loopback_url_of(scheme, self.listen));
        let within = Duration::from_secs(u64::from(self.timeout_seconds));
        let address = ServerAddress::parse(&url, self.ca.as_deref())?;
        // The certificate is for the names of the venue, not for 127.0.0.1; nothing secret is sent there.
        let address = if is_own { address.without_proof() } else { address };
        let mut client = Client::within(&address, within);
        let not_ready = |why: String| OpenError(format!("{url} is not ready: {why}"));
        let answer =
            client.call(&Call::probe("/readyz")).map_err(|error| not_ready(format!("no answer ({error}).")))?;
        match answer.status {
            200 => {
                output::tell(format_args!("{url} is ready (준비되었습니다)"));
                Ok(())
            }
            404 => Err(not_ready(
                "it tells only this machine and the staff's address whether it is; ask at 127.0.0.1 or at --staff-listen.".into(),
            )),
            _ => Err(not_ready(answer.told())),
        }
    }
}
