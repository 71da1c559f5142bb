//! The settings of https.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::parse_listen;
use crate::certificates::Name;

/// Whether and how https is spoken.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "HTTPS")]
pub struct TlsSettings {
    /// Speak https at --listen and --staff-listen with the certificate of this file: PEM, the server's own first, then
    /// the chain. It is read again when it changes, and at SIGHUP.
    #[arg(long, env = "BOXOFFICE_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,
    /// The key of that certificate: PEM (PKCS#8, SEC1 or PKCS#1), without a password.
    #[arg(long, env = "BOXOFFICE_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Speak https in a hall without a domain: with an authority of the venue's own, which is made once and kept
    /// beside the database, and a certificate of it for this machine. Phones are told at /trust how to trust it.
    #[arg(long, env = "BOXOFFICE_TLS_LOCAL", conflicts_with_all = ["tls_certificate", "tls_key"])]
    pub tls_local: bool,
    /// Names or addresses by which others reach this machine, beside those that it knows of itself; the first stands
    /// in what phones are shown. Separated by commas or given several times.
    #[arg(long, env = "BOXOFFICE_TLS_NAME", value_delimiter = ',', value_parser = Name::parse, value_name = "NAME")]
    pub tls_name: Vec<Name>,
    /// A second address, at which plain HTTP is spoken and every request is sent to https (308).
    #[arg(long, env = "BOXOFFICE_HTTP_REDIRECT", value_name = "ADDRESS:PORT", value_parser = parse_listen)]
    pub http_redirect: Option<SocketAddr>,
}

impl TlsSettings {
    /// Whether https is spoken.
    pub fn is_on(&self) -> bool {
        self.tls_local || self.files().is_some()
    }

    /// The files of the certificate and of its key.
    pub fn files(&self) -> Option<(&Path, &Path)> {
        Some((self.tls_certificate.as_deref()?, self.tls_key.as_deref()?))
    }

    /// What the URLs of the server begin with.
    pub fn scheme(&self) -> &'static str {
        if self.is_on() { "https" } else { "http" }
    }

    /// Checks what no single setting shows.
    ///
    /// # Errors
    /// A sentence that names the setting and the remedy.
    pub fn check(&self, listen: SocketAddr, staff_listen: Option<SocketAddr>) -> Result<(), String> {
        let missing = match (&self.tls_certificate, &self.tls_key) {
            (Some(_), None) => Some(("--tls-certificate", "--tls-key, the key of that certificate")),
            (None, Some(_)) => Some(("--tls-key", "--tls-certificate, the certificate of that key")),
            _ => None,
        };
        if let Some((given, wanted)) = missing {
            return Err(format!("{given} is not enough; give {wanted}, as well."));
        }
        if let Some(name) = self.tls_name.first().filter(|_| !self.tls_local) {
            return Err(format!(
                "--tls-name {} is for the certificate of --tls-local; give that as well, or leave the name out.",
                name.in_url()
            ));
        }
        let Some(redirect) = self.http_redirect else { return Ok(()) };
        if !self.is_on() {
            return Err(format!(
                "--http-redirect {redirect} sends everybody to https, which is not spoken; give --tls-certificate and --tls-key, or \
                 --tls-local, as well."
            ));
        }
        let others = [("--listen", Some(listen)), ("--staff-listen", staff_listen)];
        match others.into_iter().find(|(_, address)| *address == Some(redirect) && redirect.port() != 0) {
            Some((flag, _)) => {
                Err(format!("--http-redirect {redirect} is the same as {flag}; give it a port of its own."))
            }
            None => Ok(()),
        }
    }
}
