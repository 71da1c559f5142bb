//! The memory of content that clients share: counted once, however many of them still have to take it.

use std::collections::HashMap;

use crate::http::body::Content;

/// Shared content that is on its way to slow clients, by its address: how many take it, and its bytes.
#[derive(Debug, Default)]
pub struct SharedContents {
    held: HashMap<usize, (usize, usize)>,
    bytes: usize,
}

impl SharedContents {
    /// The memory of all, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How much more memory it would take to hold this.
    pub fn more_bytes(&self, content: Option<&Content>) -> usize {
        let shared = content.and_then(Content::shared);
        shared.filter(|(address, _)| !self.held.contains_key(address)).map_or(0, |(_, bytes)| bytes)
    }

    /// A client begins to take content slowly.
    pub fn hold(&mut self, content: Option<&Content>) {
        self.bytes += self.more_bytes(content);
        if let Some((address, bytes)) = content.and_then(Content::shared) {
            self.held.entry(address).or_insert((0, bytes)).0 += 1;
        }
    }

    /// A client has taken it, or is gone.
    pub fn release(&mut self, content: Option<&Content>) {
        let Some((address, bytes)) = content.and_then(Content::shared) else { return };
        let Some((holders, _)) = self.held.get_mut(&address) else { return };
        *holders -= 1;
        if *holders == 0 {
            self.held.remove(&address);
            self.bytes -= bytes;
        }
    }

    /// The part of one holder, in bytes.
    pub fn share(&self, content: Option<&Content>) -> usize {
        let shared = content.and_then(Content::shared);
        shared.and_then(|(address, _)| self.held.get(&address)).map_or(0, |(holders, bytes)| bytes / holders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::SharedBody;

    #[test]
    fn shared_content_is_counted_once_until_its_last_holder_lets_it_go() {
        let body = SharedBody::new(vec![1; 1_000]);
        let content = || Some(Content::Plain(body.clone().into()));
        let (one, two) = (content(), content());
        let mut contents = SharedContents::default();
        assert_eq!(contents.more_bytes(one.as_ref()), 1_000);
        contents.hold(one.as_ref());
        assert_eq!((contents.more_bytes(two.as_ref()), contents.bytes()), (0, 1_000));
        contents.hold(two.as_ref());
        assert_eq!((contents.bytes(), contents.share(one.as_ref())), (1_000, 500));
        contents.release(one.as_ref());
        assert_eq!((contents.bytes(), contents.share(two.as_ref())), (1_000, 1_000));
        contents.release(two.as_ref());
        assert!(contents.bytes() == 0 && contents.held.is_empty());
        let own = Some(Content::Plain(vec![1; 10].into()));
        contents.hold(own.as_ref());
        assert_eq!((contents.bytes(), contents.share(own.as_ref())), (0, 0));
    }
}
