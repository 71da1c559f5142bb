//! Ticket signatures: an Ed25519 key pair (RFC 8032). Anyone can verify them with the public key.

use std::fmt;

use ed25519_dalek::{Signature, Signer, VerifyingKey};

use crate::ids;

pub const SIGNATURE_BYTES: usize = 64;

/// The secret half as the file keeps it.
#[derive(Clone, Copy)]
pub struct SigningSecret(pub [u8; 32]);

impl SigningSecret {
    /// A fresh one, from the operating system's randomness.
    pub fn random() -> SigningSecret {
        SigningSecret(ids::random_bytes())
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)") // it makes tickets: it does not go into logs
    }
}

/// The venue's signing key.
#[derive(Debug)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key pair of a secret.
    pub fn of(secret: &SigningSecret) -> SigningKey {
        SigningKey(ed25519_dalek::SigningKey::from_bytes(&secret.0))
    }

    /// Signs bytes; the same bytes always get the same signature.
    pub fn sign(&self, bytes: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(bytes).to_bytes()
    }

    /// The half that everybody may know.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// A public half from its 64 hexadecimal digits; `None` when it is none, or one that would take any signature.
    pub fn parse(hex: &str) -> Option<PublicKey> {
        VerifyingKey::from_bytes(&ids::bytes_of_hex(hex)?).ok().filter(|key| !key.is_weak()).map(PublicKey)
    }

    /// Its 32 bytes.
    pub fn bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Its 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        ids::hex(self.0.as_bytes())
    }

    /// What people compare: the first 16 bytes of its SHA-256, in groups of four digits.
    pub fn fingerprint(&self) -> String {
        let digits = ids::hex(&ids::sha256_of(self.0.as_bytes())[..16]);
        let groups: Vec<&str> = (0..8).map(|group| &digits[4 * group..4 * group + 4]).collect();
        groups.join("-")
    }

    /// Verifies a signature of these bytes. Of the signatures that some programs would
    /// take for one, only the one that it gives is taken.
    pub fn verify(&self, bytes: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        self.0.verify_strict(bytes, &Signature::from_bytes(signature)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_first_test_vector_of_rfc_8032_is_signed_as_it_says() {
        let secret = ids::bytes_of_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let key = SigningKey::of(&SigningSecret(secret.unwrap()));
        assert_eq!(key.public().hex(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        let signature = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
        assert_eq!(ids::hex(&key.sign(b"")), signature);
    }

    #[test]
    fn signature_holds_for_its_own_bytes_and_its_own_key_only() {
        let (key, other) = (SigningKey::of(&SigningSecret::random()), SigningKey::of(&SigningSecret::random()));
        let signature = key.sign(b"A-12");
        assert!(key.public().verify(b"A-12", &signature));
        assert!(!key.public().verify(b"A-13", &signature) && !other.public().verify(b"A-12", &signature));
        assert_eq!(PublicKey::parse(&key.public().hex()), Some(key.public()));
        assert_ne!(key.public().fingerprint(), other.public().fingerprint());
        assert_eq!(key.public().fingerprint().len(), 39);
    }

    #[test]
    fn signature_what_is_no_public_half_is_refused() {
        let weak = "00".repeat(32);
        for wrong in ["", "ab", &"g".repeat(64), &"é".repeat(32), &weak] {
            assert_eq!(PublicKey::parse(wrong), None, "{wrong}");
        }
    }
}
