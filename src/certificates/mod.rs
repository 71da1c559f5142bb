//! The certificate by which the server speaks https: read from files of the operator (`files`), and again when they
//! change (`keeper`). `validity` says from when until when one is valid.
//!
//! Connections that are there keep the certificate that they began with; new ones get the one that is current.

mod files;
mod keeper;
mod validity;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use rustls::crypto::ring;
use rustls::server::ServerConfig;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};

use files::{Digest, Files};
pub use keeper::Keeper;

/// The certificate that new connections get.
pub struct Certificates {
    files: Files,
    current: RwLock<Arc<ServerConfig>>,
    observed: Mutex<Observed>,
}

/// What the last looks at the files found.
struct Observed {
    /// What the current certificate was read from.
    served: Digest,
    /// What was there at the last look, and not yet at the one before.
    unsettled: Option<Digest>,
    /// What was refused: it is told once.
    refused: Option<Digest>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Certificates {
    /// Reads a chain of certificates and its key, both PEM.
    ///
    /// # Errors
    /// A sentence that names the setting and the remedy.
    pub fn of_files(certificate: &Path, key: &Path) -> Result<Arc<Certificates>, String> {
        let files = Files { certificate: certificate.to_owned(), key: key.to_owned() };
        let content = files.read()?;
        let config = config_of(files.parse(&content)?)?;
        files.warn_of_rights();
        let observed = Mutex::new(Observed { served: content.digest(), unsettled: None, refused: None });
        Ok(Arc::new(Certificates { files, current: RwLock::new(config), observed }))
    }

    /// What a new connection begins with.
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read())
    }

    /// Takes a new certificate where there is one. A bad one changes nothing and is told in the log, once for each
    /// content of the files. What may still be being written is left for the next look, unless `at_once`.
    pub fn refresh(&self, at_once: bool) {
        let mut observed = self.observed.lock();
        let found = self.files.read();
        let digest = found.as_ref().map_or([0; 32], |content| content.digest());
        if digest == observed.served {
            (observed.unsettled, observed.refused) = (None, None);
            return;
        }
        let is_settled = observed.unsettled.replace(digest) == Some(digest);
        if !at_once && (!is_settled || observed.refused == Some(digest)) {
            return;
        }
        match found.and_then(|content| self.files.parse(&content)).and_then(config_of) {
            Ok(config) => {
                *self.current.write() = config;
                *observed = Observed { served: digest, unsettled: None, refused: None };
                log::info!("new connections get the new certificate: {}", self.files.certificate.display());
            }
            Err(why) => {
                observed.refused = Some(digest);
                log::error!("the new certificate is not taken, the one before stays: {why}");
            }
        }
    }
}

/// What TLS is spoken with: 1.2 and 1.3, HTTP/1.1, no early data. rustls does not renegotiate. Sessions are resumed by
/// tickets, which take no memory here; their key is another one with each certificate.
fn config_of(certified: CertifiedKey) -> Result<Arc<ServerConfig>, String> {
    let failed = |error: rustls::Error| format!("TLS can't be set up: {error}.");
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(failed)?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ticketer = ring::Ticketer::new().map_err(failed)?;
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}
