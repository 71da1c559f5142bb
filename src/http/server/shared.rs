//! The memory of content that clients share: counted once, however many of them still have to take it.

use std::collections::HashMap;

/// Shared content that is on its way to slow clients, by its address: how many take it, and its bytes. Content is
/// given as [`Content::shared`](crate::http::body::Content::shared) says.
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
    pub fn more_bytes(&self, content: Option<(usize, usize)>) -> usize {
        content.filter(|(address, _)| !self.held.contains_key(address)).map_or(0, |(_, bytes)| bytes)
    }

    /// A client begins to take content slowly.
    pub fn hold(&mut self, content: Option<(usize, usize)>) {
        self.bytes += self.more_bytes(content);
        if let Some((address, bytes)) = content {
            self.held.entry(address).or_insert((0, bytes)).0 += 1;
        }
    }

    /// A client has taken it, or is gone.
    pub fn release(&mut self, content: Option<(usize, usize)>) {
        let Some((address, bytes)) = content else { return };
        let Some((holders, _)) = self.held.get_mut(&address) else { return };
        *holders -= 1;
        if *holders == 0 {
            self.held.remove(&address);
            self.bytes -= bytes;
        }
    }

    /// The part of one holder, in bytes.
    pub fn share(&self, content: Option<(usize, usize)>) -> usize {
        content.and_then(|(address, _)| self.held.get(&address)).map_or(0, |(holders, bytes)| bytes / holders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::{Content, SharedBody};

    #[test]
    fn shared_content_is_counted_once_until_its_last_holder_lets_it_go() {
        let body = SharedBody::new(vec![1; 1_000]);
        let content = || Content::Plain(body.clone().into()).shared();
        let (one, two) = (content(), content());
        let mut contents = SharedContents::default();
        assert_eq!(contents.more_bytes(one), 1_000);
        contents.hold(one);
        assert_eq!((contents.more_bytes(two), contents.bytes()), (0, 1_000));
        contents.hold(two);
        assert_eq!((contents.bytes(), contents.share(one)), (1_000, 500));
        contents.release(one);
        assert_eq!((contents.bytes(), contents.share(two)), (1_000, 1_000));
        contents.release(two);
        assert!(contents.bytes() == 0 && contents.held.is_empty());
        let own = Content::Plain(vec![1; 10].into()).shared();
        contents.hold(own);
        assert_eq!((contents.bytes(), contents.share(own)), (0, 0));
    }
}
