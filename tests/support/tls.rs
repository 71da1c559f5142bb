//! What tests of TLS share: an authority with certificates in files, and clients that trust it.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use boxoffice::certificates::Certificates;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};

use super::http::Client;

pub const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

/// A client that speaks TLS.
pub type TlsClient = Client<StreamOwned<ClientConnection, TcpStream>>;

/// An authority, and files with a certificate of it for `localhost` and 127.0.0.1.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    folder: tempfile::TempDir,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), root.pem()).unwrap();
        let authority = Authority { root: root.der().clone(), issuer: Issuer::new(params, key), folder };
        authority.renew();
        authority
    }

    /// Writes another certificate, with another key, into the files; gives it.
    pub fn renew(&self) -> CertificateDer<'static> {
        self.renew_with(|_| {})
    }

    pub fn renew_with(&self, change: impl FnOnce(&mut CertificateParams)) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.certificate(), certificate.pem()).unwrap();
        std::fs::write(self.key(), key.serialize_pem()).unwrap();
        certificate.der().clone()
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// The file of the authority's own certificate.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The settings that have the server speak https.
    pub fn flags(&self) -> [String; 4] {
        let path = |path: PathBuf| path.to_str().unwrap().to_owned();
        ["--tls-certificate".into(), path(self.certificate()), "--tls-key".into(), path(self.key())]
    }

    pub fn certificates(&self) -> Arc<Certificates> {
        Certificates::of_files(&self.certificate(), &self.key()).unwrap()
    }

    /// What a client is set up with that trusts the authority.
    pub fn config(&self, versions: &[&'static SupportedProtocolVersion], alpn: &[&str]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_protocol_versions(versions).unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|one| one.as_bytes().to_vec()).collect();
        config
    }

    pub fn client(&self, address: SocketAddr) -> TlsClient {
        client_with(address, &Arc::new(self.config(BOTH, &["h2", "http/1.1"])))
    }
}

pub fn client_with(address: SocketAddr, config: &Arc<ClientConfig>) -> TlsClient {
    Client::over(StreamOwned::new(session(config), Client::new(address).0))
}

/// A session that has sent nothing.
pub fn session(config: &Arc<ClientConfig>) -> ClientConnection {
    ClientConnection::new(Arc::clone(config), "localhost".try_into().unwrap()).unwrap()
}
