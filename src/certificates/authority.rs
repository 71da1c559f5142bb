//! A certificate authority of the venue's own, for a hall without a domain. It is made once and kept beside the
//! database; phones are told once to trust it.
//!
//! What it can vouch for is limited by its own certificate (RFC 5280, 4.2.1.10) to addresses of private networks, to
//! names that no public name server has, and to what this machine was when it was made. So whoever steals its key
//! can't pass for a bank to a phone that honours the limit.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData, SanType,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::sign::CertifiedKey;
use time::OffsetDateTime;

use super::names::Name;
use super::validity::Validity;
use crate::clock::Millis;
use crate::{ids, platform};

const DAY_MS: i64 = 24 * 3_600_000;
/// The authority itself: phones are told to trust it once.
const AUTHORITY_DAYS: i64 = 3_650;
/// A certificate of it. Apple takes at most 825 days of an authority of one's own (support.apple.com/103769), and 398
/// of the public ones (support.apple.com/102028).
const CERTIFICATE_DAYS: i64 = 90;
/// Clocks of phones that are behind by less find it valid.
const BACKDATED_DAYS: i64 = 2;
/// After so many days there is another one, so that at least 30 are always left.
pub const RENEWED_DAYS: i64 = 60;
/// An authority that ends sooner is told at each start.
const ENDS_SOON_DAYS: i64 = 60;

/// Names that no public name server has (RFC 6761, 6762, 8375, and ICANN's `internal`); `lan` is what routers give.
const PRIVATE_NAMES: [&str; 5] = ["localhost", "local", "home.arpa", "internal", "lan"];
/// Addresses that no public network has.
const PRIVATE_NETWORKS: [&str; 9] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

/// The authority of a venue.
pub struct Authority {
    /// The file of its certificate (PEM), which commands take as `--ca`.
    pub file: PathBuf,
    /// Its certificate, as phones take it.
    pub certificate: CertificateDer<'static>,
    /// What phones call it.
    pub name: String,
    issuer: Issuer<'static, KeyPair>,
    validity: Validity,
}

impl Authority {
    /// That of a database; made, for what this machine is now, where there is none.
    ///
    /// # Errors
    /// A sentence that names the setting and the remedy.
    pub fn open(database: &Path, names: &BTreeSet<Name>, now: Millis) -> Result<Authority, String> {
        let [file, key_file] = ["-authority.pem", "-authority.key"].map(|ending| beside(database, ending));
        let failed = |path: &Path, why: String| format!("--tls-local: {}: {why}", path.display());
        let unusable = |path: &Path, why: &str| {
            let (file, key) = (file.display(), key_file.display());
            failed(
                path,
                format!(
                    "{why}; put a copy back, or remove {file} and {key}: a new authority is made, which every phone has to trust anew."
                ),
            )
        };
        let read = |path: &Path| match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(path, format!("{error}; let the user who runs this read it."))),
        };
        let key = match (read(&key_file)?, read(&file)?) {
            (Some(key), _) => KeyPair::from_pem(&key).map_err(|_| unusable(&key_file, "is no key"))?,
            (None, Some(_)) => return Err(unusable(&key_file, "is not there, although the certificate is")),
            (None, None) => {
                let key = KeyPair::generate().map_err(|error| failed(&key_file, format!("{error}.")))?;
                write(&key_file, &key.serialize_pem()).map_err(|error| failed(&key_file, format!("{error}.")))?;
                key
            }
        };
        let params = params_of(&key, names, now);
        let pem = match read(&file)? {
            Some(pem) => pem,
            None => {
                let made = params.self_signed(&key).map_err(|error| failed(&file, format!("{error}.")))?;
                write(&file, &made.pem()).map_err(|error| failed(&file, format!("{error}.")))?;
                made.pem()
            }
        };
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes());
        let certificate = certificate.map_err(|_| unusable(&file, "is no certificate"))?;
        let public_key = key.subject_public_key_info();
        let is_of_key = certificate.windows(public_key.len()).any(|part| part == public_key);
        let validity = Validity::of(&certificate).filter(|_| is_of_key);
        let validity = validity.ok_or_else(|| unusable(&file, "is not the certificate of the key beside it"))?;
        if now >= validity.until {
            return Err(unusable(&file, &format!("the authority ended {}", validity.until)));
        }
        if validity.until.ms_since(now) < ENDS_SOON_DAYS * DAY_MS {
            log::warn!("the venue's authority ends soon, make a new one before {}: {}", validity.until, file.display());
        }
        Ok(Authority { file, certificate, name: name_of(&key), issuer: Issuer::new(params, key), validity })
    }

    /// A certificate for these names, of which it may vouch for all.
    ///
    /// # Errors
    /// Why there is none.
    pub fn issue(&self, names: &BTreeSet<Name>, now: Millis) -> Result<CertifiedKey, String> {
        let failed = |error: &dyn std::fmt::Display| format!("the certificate of the venue can't be made: {error}.");
        let key = KeyPair::generate().map_err(|error| failed(&error))?;
        let certificate = self.sign(&key, names, now).map_err(|error| failed(&error))?;
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let key = ring::default_provider().key_provider.load_private_key(der).map_err(|error| failed(&error))?;
        Ok(CertifiedKey::new(vec![certificate], key))
    }

    fn sign(
        &self,
        key: &KeyPair,
        names: &BTreeSet<Name>,
        now: Millis,
    ) -> Result<CertificateDer<'static>, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name = called("boxoffice");
        params.subject_alt_names = names.iter().filter_map(subject).collect();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.not_before = moment(now.plus_ms(-BACKDATED_DAYS * DAY_MS).max(self.validity.from));
        params.not_after = moment(now.plus_ms(CERTIFICATE_DAYS * DAY_MS).min(self.validity.until));
        Ok(params.signed_by(key, &self.issuer)?.der().clone())
    }

    /// Those of some names for which it may vouch: what a client would take.
    pub fn covered(&self, names: &BTreeSet<Name>, now: Millis) -> BTreeSet<Name> {
        let mut roots = RootCertStore::empty();
        let verifier = roots.add(self.certificate.clone()).ok().and_then(|()| {
            let provider = Arc::new(ring::default_provider());
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()
        });
        let (Some(verifier), Ok(key)) = (verifier, KeyPair::generate()) else { return BTreeSet::new() };
        let at = UnixTime::since_unix_epoch(Duration::from_millis(now.unix_ms().unsigned_abs()));
        let is_covered = |name: &&Name| {
            let certificate = self.sign(&key, &BTreeSet::from([(*name).clone()]), now).ok();
            let (Some(certificate), Some(server)) = (certificate, name.server_name()) else { return false };
            verifier.verify_server_cert(&certificate, &[], &server, &[], at).is_ok()
        };
        names.iter().filter(is_covered).cloned().collect()
    }
}

/// What the authority of a key is made of. Its name follows from the key.
fn params_of(key: &KeyPair, names: &BTreeSet<Name>, now: Millis) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = called(&name_of(key));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = moment(now.plus_ms(-BACKDATED_DAYS * DAY_MS));
    params.not_after = moment(now.plus_ms(AUTHORITY_DAYS * DAY_MS));
    let private_names = PRIVATE_NAMES.iter().map(|name| GeneralSubtree::DnsName((*name).to_owned()));
    let networks: Vec<IpNet> = PRIVATE_NETWORKS.iter().filter_map(|text| text.parse().ok()).collect();
    let of_machine = names.iter().filter_map(|name| match name {
        Name::Address(address) if networks.iter().any(|network| network.contains(address)) => None,
        Name::Address(address) => Some(subnet(IpNet::from(*address))),
        Name::Host(name) if is_private(name) => None,
        Name::Host(name) => Some(GeneralSubtree::DnsName(name.clone())),
    });
    let permitted_subtrees = private_names.chain(of_machine).chain(networks.iter().copied().map(subnet)).collect();
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    params
}

/// Whether a name is below one of [`PRIVATE_NAMES`], or is it.
fn is_private(name: &str) -> bool {
    let is_below =
        |private: &&str| name.strip_suffix(private).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    PRIVATE_NAMES.iter().any(is_below)
}

fn subnet(network: IpNet) -> GeneralSubtree {
    GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(network.addr(), network.prefix_len()))
}

fn subject(name: &Name) -> Option<SanType> {
    match name {
        Name::Address(address) => Some(SanType::IpAddress(*address)),
        Name::Host(name) => name.clone().try_into().ok().map(SanType::DnsName),
    }
}

fn name_of(key: &KeyPair) -> String {
    format!("boxoffice {}", ids::hex(&ids::sha256_of(&key.subject_public_key_info())[..4]))
}

fn called(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn moment(at: Millis) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.unix_ms().div_euclid(1_000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Writes a new file for its owner alone, on the disk for good.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file: File = platform::open_private().write(true).create_new(true).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.and_then(|()| platform::sync_folder_of(path)).inspect_err(|_| {
        let _ = std::fs::remove_file(path); // half a file
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(texts: &[&str]) -> BTreeSet<Name> {
        texts.iter().map(|text| Name::parse(text).unwrap()).collect()
    }

    const NOW: Millis = Millis::from_unix_ms(1_800_000_000_000);

    #[test]
    fn authority_is_made_once_kept_for_its_owner_and_vouches_for_private_names_alone() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("venue.db");
        let own = names(&["hall-7", "203.0.113.5", "tickets.example.org"]);
        let first = Authority::open(&database, &own, NOW).unwrap();
        let again = Authority::open(&database, &names(&["other.example"]), NOW.plus_ms(400 * DAY_MS)).unwrap();
        assert_eq!((&first.certificate, &first.name), (&again.certificate, &again.name));
        assert!(platform::is_private(&beside(&database, "-authority.key")));
        let covered = [
            "hall-7",
            "203.0.113.5",
            "tickets.example.org",
            "localhost",
            "a.local",
            "192.168.0.2",
            "10.9.8.7",
            "fd00::1",
            "127.0.0.1",
            "::1",
            "hall.home.arpa",
        ];
        let foreign =
            ["example.org", "203.0.113.6", "2001:db8::1", "other.example", "locale", "bank.example", "172.32.0.1"];
        for authority in [&first, &again] {
            let all = names(&[&covered[..], &foreign[..]].concat());
            assert_eq!(authority.covered(&all, NOW.plus_ms(400 * DAY_MS)), names(&covered));
        }
    }

    #[test]
    fn certificate_of_the_authority_is_short_lived_and_ends_no_later_than_it() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(&folder.path().join("a.db"), &BTreeSet::new(), NOW).unwrap();
        let validity = |now: Millis| {
            let certified = authority.issue(&names(&["localhost", "192.168.0.2"]), now).unwrap();
            assert!(certified.keys_match().is_ok() && certified.cert.len() == 1);
            Validity::of(&certified.cert[0]).unwrap()
        };
        let Validity { from, until } = validity(NOW);
        assert_eq!(from, NOW.plus_ms(-BACKDATED_DAYS * DAY_MS));
        assert_eq!(until, NOW.plus_ms(CERTIFICATE_DAYS * DAY_MS));
        assert!(until.ms_since(from) < 397 * DAY_MS && CERTIFICATE_DAYS - RENEWED_DAYS >= 30);
        let late = NOW.plus_ms((AUTHORITY_DAYS - 10) * DAY_MS);
        assert_eq!(validity(late).until, NOW.plus_ms(AUTHORITY_DAYS * DAY_MS));
    }

    #[test]
    fn authority_that_is_half_there_torn_foreign_or_over_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("venue.db");
        let [file, key] = ["-authority.pem", "-authority.key"].map(|ending| beside(&database, ending));
        let open = |now| Authority::open(&database, &BTreeSet::new(), now).map(|authority| authority.name);
        let name = open(NOW).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(open(NOW).as_ref(), Ok(&name), "the certificate follows from the key");
        let (pem, kept) = (std::fs::read(&file).unwrap(), std::fs::read(&key).unwrap());
        assert!(open(NOW.plus_ms(AUTHORITY_DAYS * DAY_MS)).unwrap_err().contains("the authority ended"));
        std::fs::remove_file(&key).unwrap();
        assert!(open(NOW).unwrap_err().contains("is not there, although"));
        std::fs::write(&key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
        assert!(open(NOW).unwrap_err().contains("is not the certificate of the key"));
        std::fs::write(&key, "torn").unwrap();
        assert!(open(NOW).unwrap_err().contains("is no key"));
        std::fs::write(&key, kept).unwrap();
        std::fs::write(&file, &pem[..pem.len() / 2]).unwrap();
        let why = open(NOW).unwrap_err();
        assert!(
            why.contains("is no certificate") && why.contains("--tls-local") && why.contains("every phone"),
            "{why}"
        );
    }
}
