//! Idempotency keys: the first answer again, byte for byte, kept in the same transaction as its effect.

use std::borrow::Cow;

use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::reply::PROBLEM;
use super::{Reply, Request, status_of};
use crate::clock::Millis;
use crate::ids;
use crate::refusal::{Code, Localized, Refusal};
use crate::store::{self, Outcome, Statements};

/// The `Idempotency-Key` of a request.
///
/// # Errors
/// `INVALID_HEADER` when it is not 1 to 128 visible ASCII characters.
pub fn idempotency_key(request: &Request) -> Result<Option<&str>, Refusal> {
    let Some(key) = request.header("idempotency-key") else { return Ok(None) };
    let sound = (1..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if sound {
        return Ok(Some(key));
    }
    let reason = Localized::new(
        "Idempotency-Key must be 1 to 128 visible ASCII characters",
        "Idempotency-Key는 보이는 ASCII 문자 1~128자여야 합니다",
    );
    Err(Refusal::InvalidHeader { reason })
}

/// A request that its caller may repeat: who, under which key, and exactly what.
#[derive(Debug, Clone)]
pub struct Once {
    caller_id: Uuid,
    key: String,
    fingerprint: [u8; 32],
}

impl Once {
    /// The caller as which a staff key stands among those of kept answers: no user has so small an id.
    pub const fn of_staff(key_id: i64) -> Uuid {
        Uuid::from_u128(key_id.unsigned_abs() as u128)
    }

    /// Whether a refusal is kept under a key: the others changed nothing and may be tried again.
    pub const fn keeps(refusal: &Refusal) -> bool {
        keeps_status(status_of(refusal.code()))
    }

    /// The caller's key with what it is bound to; `None` when the request carries no key.
    ///
    /// # Errors
    /// `INVALID_HEADER`.
    pub fn of(request: &Request, caller_id: Uuid) -> Result<Option<Once>, Refusal> {
        let key = idempotency_key(request)?;
        Ok(key.map(|key| Once {
            caller_id,
            key: key.to_owned(),
            fingerprint: ids::sha256_of_parts(&[
                request.method.word().as_bytes(),
                request.path.as_bytes(),
                request.query.as_bytes(),
                &request.body,
            ]),
        }))
    }

    /// The answer kept under this key.
    ///
    /// # Errors
    /// `IDEMPOTENCY_KEY_REUSED` when the key was used for another request.
    pub fn find(&self, connection: &Connection) -> Outcome<Option<Reply>> {
        let select = "SELECT fingerprint, status, content_type, headers, body FROM idempotency_answer
             WHERE caller_id = ?1 AND key = ?2";
        let kept = connection.find(select, (self.caller_id, &self.key), |row| {
            let reply = Reply {
                status: row.get(1)?,
                content_type: row.get::<_, String>(2)?.into(),
                headers: headers_of(row, 3)?,
                body: row.get::<_, Vec<u8>>(4)?.into(),
                refused: None,
            };
            Ok((row.get::<_, [u8; 32]>(0)?, reply))
        })?;
        match kept {
            None => Ok(None),
            Some((fingerprint, _)) if fingerprint != self.fingerprint => Err(Refusal::IdempotencyKeyReused.into()),
            Some((_, mut reply)) => {
                reply.refused = code_of(&reply);
                Ok(Some(reply.with("Idempotency-Replayed", "true")))
            }
        }
    }

    /// Keeps an answer, if it is one of the kept kind.
    pub fn keep(&self, connection: &Connection, reply: &Reply, now: Millis) -> rusqlite::Result<()> {
        if !keeps_status(reply.status) {
            return Ok(());
        }
        let headers: Vec<(&str, &str)> =
            reply.headers.iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect();
        let headers = store::to_json(&headers)?;
        let insert =
            "INSERT INTO idempotency_answer (caller_id, key, fingerprint, status, content_type, headers, body, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        connection.run(
            insert,
            (
                self.caller_id,
                &self.key,
                self.fingerprint,
                reply.status,
                reply.content_type.as_ref(),
                headers,
                &*reply.body,
                now,
            ),
        )
    }
}

/// Which answers are kept: other ones changed nothing and may be tried again.
const fn keeps_status(status: u16) -> bool {
    matches!(status, 200..=299 | 402 | 404 | 409 | 422)
}

/// The code of a kept refusal.
fn code_of(reply: &Reply) -> Option<Code> {
    let document: serde_json::Value =
        (reply.content_type == PROBLEM).then(|| serde_json::from_slice(&reply.body).ok()).flatten()?;
    let word = document.get("code")?.as_str()?;
    Code::ALL.iter().copied().find(|code| code.word() == word)
}

fn headers_of(row: &Row, column: usize) -> rusqlite::Result<Vec<(Cow<'static, str>, String)>> {
    let pairs: Vec<(String, String)> = store::from_json(row, column)?;
    Ok(pairs.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// Forgets the oldest answers from before a moment, at most `limit`; says how many.
pub fn forget(connection: &Connection, before: Millis, limit: u32) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM idempotency_answer WHERE (caller_id, key) IN
             (SELECT caller_id, key FROM idempotency_answer WHERE at < ?1 ORDER BY at LIMIT ?2)",
        )?
        .execute((before, limit))
}
