//! Secrets and signatures by the Standard Webhooks scheme.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::ids;
use crate::signing::{SigningKey, SigningSecret};
use crate::store::column_words;

/// Bytes of a secret that staff give, by the scheme.
const BYTES_MIN: usize = 24;
const BYTES_MAX: usize = 64;

column_words! {
    /// How deliveries are signed, by the word that stands before a signature.
    SignatureKind {
        /// HMAC-SHA256 with a shared secret.
        V1 "v1",
        /// Ed25519.
        V1a "v1a",
    }
}

/// What signs the deliveries to one receiver: a shared secret, or the secret half of a key pair.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)") // it does not go into logs
    }
}

impl Secret {
    /// A fresh one.
    pub fn random() -> Secret {
        Secret(ids::random_bytes::<32>().to_vec())
    }

    /// A shared secret as it is written: `whsec_` and 24 to 64 bytes in base64.
    pub fn parse(text: &str) -> Option<Secret> {
        let bytes = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
        (BYTES_MIN..=BYTES_MAX).contains(&bytes.len()).then_some(Secret(bytes))
    }

    /// A shared secret in writing.
    pub fn text(&self) -> String {
        format!("whsec_{}", STANDARD.encode(&self.0))
    }

    /// The public half of a key pair in writing.
    pub fn public_key(&self) -> String {
        format!("whpk_{}", STANDARD.encode(self.key_pair().public().bytes()))
    }

    /// A signature for `webhook-signature`.
    pub fn sign(&self, kind: SignatureKind, id: &str, timestamp: i64, body: &str) -> String {
        let content = format!("{id}.{timestamp}.{body}");
        let signature = match kind {
            SignatureKind::V1 => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
                STANDARD.encode(hmac::sign(&key, content.as_bytes()))
            }
            SignatureKind::V1a => STANDARD.encode(self.key_pair().sign(content.as_bytes())),
        };
        format!("{},{signature}", kind.word())
    }

    fn key_pair(&self) -> SigningKey {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(&self.0).for_each(|(to, from)| *to = *from);
        SigningKey::of(&SigningSecret(bytes))
    }
}

impl ToSql for Secret {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
    }
}

impl FromSql for Secret {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_blob().map(|bytes| Secret(bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the reference libraries of the scheme.
    #[test]
    fn webhook_signature_of_the_reference_libraries_is_made() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed =
            secret.sign(SignatureKind::V1, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(secret.text(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn webhook_secret_that_is_too_short_too_long_or_no_base64_is_none() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        assert!([24, 32, 64].into_iter().all(|bytes| Secret::parse(&of(bytes)).is_some()));
        for wrong in [of(23), of(65), "whsec_".into(), "whsec_!".into(), of(24).replace("whsec_", "")] {
            assert_eq!(Secret::parse(&wrong), None, "{wrong}");
        }
    }
}
