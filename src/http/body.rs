//! The content of answers: one answer's own, or one that many answers share, with its compressed form beside it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::Write;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use flate2::Compression;
use flate2::write::GzEncoder;
use parking_lot::Mutex;

/// From here on answers are compressed.
pub const GZIP_MIN_BYTES: usize = 1_024;
/// From here on speed counts more than the last tenth of the size: a seat map changes with every hold.
const LARGE_BYTES: usize = 64 << 10;

/// The content of an answer.
#[derive(Debug, Clone)]
pub enum Body {
    /// Of this answer alone.
    Own(Vec<u8>),
    /// Shared among answers: no answer has a copy.
    Shared(Arc<SharedBody>),
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Body::Own(bytes) => bytes,
            Body::Shared(shared) => &shared.plain,
        }
    }
}

impl Body {
    /// The same content, of which clones are no copies.
    pub fn into_shared(self) -> Body {
        match self {
            Body::Own(bytes) => Body::Shared(SharedBody::new(bytes)),
            shared => shared,
        }
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Body) -> bool {
        **self == **other
    }
}

impl Eq for Body {}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Body::Own(bytes)
    }
}

impl From<String> for Body {
    fn from(text: String) -> Body {
        Body::Own(text.into_bytes())
    }
}

impl From<Arc<SharedBody>> for Body {
    fn from(shared: Arc<SharedBody>) -> Body {
        Body::Shared(shared)
    }
}

/// Content that many answers share.
#[derive(Debug)]
pub struct SharedBody {
    plain: Cow<'static, [u8]>,
    gzip: OnceLock<Vec<u8>>,
}

impl SharedBody {
    /// Content that will be sent more than once.
    pub fn new(plain: impl Into<Cow<'static, [u8]>>) -> Arc<SharedBody> {
        Arc::new(SharedBody { plain: plain.into(), gzip: OnceLock::new() })
    }

    /// The compressed form, where it was made already.
    pub(super) fn known_gzip(&self) -> Option<&[u8]> {
        self.gzip.get().map(Vec::as_slice)
    }

    /// The compressed form; made by whoever asks first, while others wait for that.
    pub(super) fn gzip(&self) -> &[u8] {
        self.gzip.get_or_init(|| gzip(&self.plain))
    }
}

/// Compresses. Content that does not become smaller is sent larger by a few bytes; that is rare and harmless.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let level = if bytes.len() < LARGE_BYTES { Compression::default() } else { Compression::fast() };
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), level);
    // Writing to a Vec does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Bytes on their way to a client: a body as it is, or compressed.
#[derive(Debug)]
pub(super) enum Content {
    Plain(Body),
    Gzip(Arc<SharedBody>),
}

impl Content {
    /// What it shares with other answers, by its address, and how many bytes that is; nothing for an answer's own.
    pub fn shared(&self) -> Option<(usize, usize)> {
        match self {
            Content::Plain(Body::Own(_)) => None,
            Content::Plain(Body::Shared(_)) | Content::Gzip(_) => Some((self.as_ptr() as usize, self.len())),
        }
    }
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Content::Plain(body) => body,
            Content::Gzip(shared) => shared.gzip(),
        }
    }
}

/// Pages and documents that are made anew for each answer and are yet the same: kept by the hash of their content, the
/// latest used last, so that all who ask share one, and its compressed form is made once.
static RECENT: Mutex<VecDeque<(String, Arc<SharedBody>)>> = Mutex::new(VecDeque::new());
const RECENT_MAX: usize = 64;
const RECENT_MAX_BYTES: usize = 8 << 20;

/// The one copy of content with this hash.
pub(super) fn shared_by_hash(hash: &str, body: Body) -> Body {
    let Body::Own(bytes) = body else { return body };
    if bytes.len() < GZIP_MIN_BYTES || bytes.len() > RECENT_MAX_BYTES {
        return Body::Own(bytes);
    }
    let mut recent = RECENT.lock();
    let known = recent.iter().position(|(one, _)| one == hash).and_then(|at| recent.remove(at));
    let (hash, shared) = known.unwrap_or_else(|| (hash.to_owned(), SharedBody::new(bytes)));
    recent.push_back((hash, Arc::clone(&shared)));
    while recent.len() > RECENT_MAX || recent.iter().map(|(_, one)| one.plain.len()).sum::<usize>() > RECENT_MAX_BYTES {
        recent.pop_front();
    }
    Body::Shared(shared)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn plain_of(compressed: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(compressed).read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn gzip_is_made_once_and_reads_back() {
        for length in [0, 1, 1_024, 200_000] {
            let shared = SharedBody::new("seat map ".repeat(length).into_bytes());
            assert!(shared.known_gzip().is_none());
            let first = shared.gzip().as_ptr();
            assert_eq!((shared.gzip().as_ptr(), plain_of(shared.gzip())), (first, shared.plain.to_vec()));
        }
    }

    #[test]
    fn content_of_the_same_hash_is_shared_and_old_content_is_forgotten() {
        let body = |hash: &str| shared_by_hash(hash, vec![7; 2_000].into());
        let (one, two) = (body("body-one"), body("body-one"));
        assert_eq!(one.as_ptr(), two.as_ptr());
        (0..RECENT_MAX).for_each(|other| drop(body(&format!("body-{other}"))));
        assert_ne!(body("body-one").as_ptr(), one.as_ptr());
        assert!(matches!(shared_by_hash("body-small", vec![7; 1_023].into()), Body::Own(_)));
    }
}
