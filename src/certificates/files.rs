//! A certificate and its key in files: PEM, the key as PKCS#8, SEC1 or PKCS#1.

use std::path::{Path, PathBuf};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::validity::Validity;
use crate::clock::{Clock, Millis};
use crate::ids;
use crate::platform;

/// A file of this size is no certificate and no key.
const FILE_MAX_BYTES: u64 = 1 << 20;
/// A certificate that ends sooner is told at each start.
const ENDS_SOON_DAYS: i64 = 14;
const DAY_MS: i64 = 24 * 3_600_000;

/// The two files.
#[derive(Debug)]
pub struct Files {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The key of the first certificate.
    pub key: PathBuf,
}

/// What stands in them.
pub struct Content {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Content {
    /// SHA-256 of both.
    pub fn digest(&self) -> [u8; 32] {
        ids::sha256_of_parts(&[&self.certificate, &self.key])
    }
}

impl Files {
    /// Reads both.
    ///
    /// # Errors
    /// A sentence that names the setting and the remedy.
    pub fn read(&self) -> Result<Content, String> {
        let read = |flag: &str, path: &Path| {
            let failed = |why: String| format!("{flag} {}: {why}", path.display());
            let metadata = std::fs::metadata(path).map_err(|error| {
                failed(format!("{error}; check the path and the rights of the user who runs this."))
            })?;
            if !metadata.is_file() || metadata.len() > FILE_MAX_BYTES {
                return Err(failed("is no PEM file; give one that begins with -----BEGIN.".into()));
            }
            std::fs::read(path).map_err(|error| failed(format!("{error}; let the user who runs this read the file.")))
        };
        Ok(Content { certificate: read("--tls-certificate", &self.certificate)?, key: read("--tls-key", &self.key)? })
    }

    /// The certificate and its key. One that has ended, or ends soon, is taken and told in the log.
    ///
    /// # Errors
    /// A sentence that names the setting and the remedy.
    pub fn parse(&self, content: &Content) -> Result<CertifiedKey, String> {
        let of_chain = |why: String| format!("--tls-certificate {}: {why}", self.certificate.display());
        let of_key = |why: String| format!("--tls-key {}: {why}", self.key.display());
        let chain: Result<Vec<CertificateDer<'static>>, _> =
            CertificateDer::pem_slice_iter(&content.certificate).collect();
        let chain = chain.map_err(|error| of_chain(format!("is not PEM: {error}; give the chain as PEM.")))?;
        let Some(first) = chain.first() else {
            let why = "has no certificate in it; give the chain as PEM (-----BEGIN CERTIFICATE-----).";
            return Err(of_chain(why.into()));
        };
        let validity = Validity::of(first).ok_or_else(|| of_chain("its first certificate can't be read.".into()))?;
        let key = PrivateKeyDer::from_pem_slice(&content.key).map_err(|_| {
            let is_encrypted = content.key.windows(9).any(|part| part == b"ENCRYPTED");
            of_key(match is_encrypted {
                true => "the key has a password; write it without one: openssl pkey -in FILE -out NEW.".into(),
                false => "has no private key in it; give one as PEM (-----BEGIN PRIVATE KEY-----).".into(),
            })
        })?;
        let key = ring::default_provider().key_provider.load_private_key(key);
        let key = key.map_err(|error| {
            of_key(format!(
                "the key can't be used: {error}; give an ECDSA (P-256, P-384), Ed25519 or RSA (2,048 bits) key."
            ))
        })?;
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(Error::InconsistentKeys(_)) => {
                return Err(of_key(format!(
                    "is not the key of the first certificate in {}; give the key that belongs to it, or put the server's own \
                     certificate first.",
                    self.certificate.display()
                )));
            }
            Err(error) => return Err(of_chain(format!("its first certificate can't be read: {error}."))),
        }
        self.warn_of_times(validity, Clock::wall_now());
        Ok(certified)
    }

    fn warn_of_times(&self, validity: Validity, now: Millis) {
        let file = self.certificate.display();
        let Validity { from, until } = validity;
        if now < from {
            log::warn!("--tls-certificate is not valid yet, browsers refuse it until {from}: {file}");
        } else if now >= until {
            log::warn!("--tls-certificate has expired and browsers refuse it, get a new one; it ended {until}: {file}");
        } else if until.ms_since(now) < ENDS_SOON_DAYS * DAY_MS {
            log::warn!("--tls-certificate ends soon, get a new one before {until}: {file}");
        }
    }
}

/// Says so where everybody on this machine may read the key.
pub fn warn_of_rights(key: &Path) {
    if std::fs::metadata(key).is_ok_and(|metadata| platform::is_readable_by_all(&metadata)) {
        let file = key.display();
        log::warn!("--tls-key can be read by everybody on this machine, take that right away (chmod o-r): {file}");
    }
}
