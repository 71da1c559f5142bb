//! The certificate by which the server speaks https. It is read from files of the operator (`files`), and again when
//! they change; or it is one of an authority of the venue's own (`authority`) for the names and addresses of this
//! machine (`names`), and another one when these change or it grows old. `reload_watch` looks; `validity` says from
//! when until when a certificate is valid.
//!
//! Connections that are there keep the certificate that they began with; new ones get the one that is current.

mod authority;
mod files;
mod names;
mod reload_watch;
mod validity;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use rustls::crypto::ring;
use rustls::server::ServerConfig;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};

pub use authority::Authority;
use files::{Content, Files};
pub use names::Name;
pub use reload_watch::Keeper;

use crate::clock::{Clock, Millis};
use crate::ids;

/// The certificate that new connections get.
pub struct Certificates {
    origin: Origin,
    current: RwLock<Arc<ServerConfig>>,
    observed: Mutex<Observed>,
}

/// Where certificates come from.
#[expect(clippy::large_enum_variant, reason = "there is one in a program")]
enum Origin {
    Files(Files),
    Local { authority: Authority, given: BTreeSet<Name> },
}

/// What a certificate is made of.
enum Material {
    Files(Content),
    Local(BTreeSet<Name>),
}

/// SHA-256 of a [`Material`].
type Digest = [u8; 32];

/// What the last looks found.
struct Observed {
    /// What the current certificate was made of.
    served: Digest,
    /// What was there at the last look, and not yet at the one before.
    unsettled: Option<Digest>,
    /// What was refused: it is told once.
    refused: Option<Digest>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}

impl Certificates {
    /// Reads a chain of certificates and its key, both PEM.
    ///
    /// # Errors
    /// A sentence that names the setting and the remedy.
    pub fn of_files(certificate: &Path, key: &Path) -> Result<Arc<Certificates>, String> {
        let files = Files { certificate: certificate.to_owned(), key: key.to_owned() };
        let key = files.key.clone();
        let certificates = Certificates::of(Origin::Files(files))?;
        files::warn_of_rights(&key);
        Ok(certificates)
    }

    /// Those of the authority of a database, which is made where there is none: for this machine, and for the names
    /// and addresses that were given beside.
    ///
    /// # Errors
    /// A sentence that names the setting and the remedy.
    pub fn local(database: &Path, given: &[Name]) -> Result<Arc<Certificates>, String> {
        let given: BTreeSet<Name> = given.iter().cloned().collect();
        let (now, of_machine) = (Clock::wall_now(), names::of_this_machine());
        let authority = Authority::open(database, &given.union(&of_machine).cloned().collect(), now)?;
        let covered = authority.covered(&given, now);
        if let Some(foreign) = given.difference(&covered).next() {
            return Err(format!(
                "--tls-name {}: the venue's authority was made before it had that name and can't vouch for it; remove {} and the \
                 .key beside it: a new authority is made, which every phone has to trust anew.",
                foreign.in_url(),
                authority.file.display()
            ));
        }
        Certificates::of(Origin::Local { authority, given })
    }

    fn of(origin: Origin) -> Result<Arc<Certificates>, String> {
        let now = Clock::wall_now();
        let material = origin.look()?;
        let served = material.digest(now);
        let config = origin.certify(material, now).and_then(config_of)?;
        let observed = Mutex::new(Observed { served, unsettled: None, refused: None });
        Ok(Arc::new(Certificates { origin, current: RwLock::new(config), observed }))
    }

    /// The authority of the venue's own, where it is that.
    pub fn authority(&self) -> Option<&Authority> {
        match &self.origin {
            Origin::Files(_) => None,
            Origin::Local { authority, .. } => Some(authority),
        }
    }

    /// What a new connection begins with.
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read())
    }

    /// Takes a new certificate where there is one. A bad one changes nothing and is told in the log, once for each
    /// content of the files. What may still be being written is left for the next look, unless `at_once`.
    pub fn refresh(&self, at_once: bool) {
        self.refresh_at(at_once, Clock::wall_now());
    }

    fn refresh_at(&self, at_once: bool, now: Millis) {
        let mut observed = self.observed.lock();
        let found = self.origin.look();
        let digest = found.as_ref().map_or([0; 32], |material| material.digest(now));
        if digest == observed.served {
            (observed.unsettled, observed.refused) = (None, None);
            return;
        }
        let is_settled = observed.unsettled.replace(digest) == Some(digest);
        if !at_once && (!is_settled || observed.refused == Some(digest)) {
            return;
        }
        match found.and_then(|material| self.origin.certify(material, now)).and_then(config_of) {
            Ok(config) => {
                *self.current.write() = config;
                *observed = Observed { served: digest, unsettled: None, refused: None };
                log::info!("new connections get a new certificate from now on");
            }
            Err(why) => {
                observed.refused = Some(digest);
                log::error!("the new certificate is not taken, the one before stays; correct its files: {why}");
            }
        }
    }
}

impl Origin {
    /// What a certificate is to be made of now.
    fn look(&self) -> Result<Material, String> {
        Ok(match self {
            Origin::Files(files) => Material::Files(files.read()?),
            Origin::Local { given, .. } => Material::Local(given.union(&names::of_this_machine()).cloned().collect()),
        })
    }

    fn certify(&self, material: Material, now: Millis) -> Result<CertifiedKey, String> {
        match (self, material) {
            (Origin::Files(files), Material::Files(content)) => files.parse(&content),
            (Origin::Local { authority, .. }, Material::Local(names)) => {
                let covered = authority.covered(&names, now);
                for name in names.difference(&covered) {
                    // A public address that this machine did not have when the authority was made.
                    log::warn!(
                        "the venue's certificate is not for an address that its authority can't vouch for; if phones are to reach it \
                         there, make a new authority: {}",
                        name.in_url()
                    );
                }
                authority.issue(&covered, now)
            }
            _ => Err("the certificate can't be made of this.".into()),
        }
    }
}

impl Material {
    /// That of files follows from them; that of names too, and every [`authority::RENEWED_DAYS`] it is another one.
    fn digest(&self, now: Millis) -> Digest {
        match self {
            Material::Files(content) => content.digest(),
            Material::Local(names) => {
                let period = now.unix_ms().div_euclid(authority::RENEWED_DAYS * 24 * 3_600_000);
                ids::sha256_of(format!("{period} {names:?}").as_bytes())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificate_of_the_venue_is_another_one_when_it_is_old_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let given = [Name::parse("hall.local").unwrap()];
        let certificates = Certificates::local(&folder.path().join("venue.db"), &given).unwrap();
        let first = certificates.current();
        certificates.refresh(true);
        assert!(Arc::ptr_eq(&first, &certificates.current()));
        let later = Clock::wall_now().plus_ms(authority::RENEWED_DAYS * 24 * 3_600_000);
        certificates.refresh_at(true, later);
        let second = certificates.current();
        assert!(!Arc::ptr_eq(&first, &second));
        certificates.refresh_at(true, later);
        assert!(Arc::ptr_eq(&second, &certificates.current()));
    }

    #[test]
    fn name_that_the_authority_of_the_venue_does_not_cover_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("venue.db");
        let local = |name: &str| Certificates::local(&database, &[Name::parse(name).unwrap()]).map(drop);
        local("tickets.example.org").unwrap();
        local("a.tickets.example.org").unwrap();
        let why = local("example.org").unwrap_err();
        assert!(why.contains("--tls-name example.org") && why.contains("venue.db-authority.pem"), "{why}");
    }
}
