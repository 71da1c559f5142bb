//! An answer on its way to a client: its head, and content that it may share with other answers.

use std::collections::HashMap;
use std::io::{self, IoSlice, Write};

use crate::http::body::Content;

/// What is still to be sent.
#[derive(Debug, Default)]
pub struct Output {
    /// The head, and content that was written into it.
    head: Vec<u8>,
    /// Content that stands apart.
    content: Option<Content>,
    /// What follows it: the end of a chunk.
    tail: &'static [u8],
    sent: usize,
    /// The socket has taken it and still keeps some of it (TLS), beside what the kernel does.
    is_in_socket: bool,
    /// When it must be gone altogether, however steadily it goes.
    pub last_ms: u64,
}

impl Output {
    /// A whole answer.
    pub fn new(head: Vec<u8>, content: Option<Content>) -> Output {
        Output { head, content, tail: b"", sent: 0, is_in_socket: false, last_ms: u64::MAX }
    }

    /// The same with what follows the content.
    pub fn followed_by(self, tail: &'static [u8]) -> Output {
        Output { tail, ..self }
    }

    /// Its head, of which nothing is sent yet.
    pub fn into_head(self) -> Vec<u8> {
        self.head
    }

    /// How many bytes are still to be sent.
    pub fn rest(&self) -> usize {
        self.head.len() + self.content_len() + self.tail.len() - self.sent
    }

    fn content_len(&self) -> usize {
        self.content.as_ref().map_or(0, |content| content.len())
    }

    /// Whether nothing of it is left here or in the socket.
    pub fn is_gone(&self) -> bool {
        self.rest() == 0 && !self.is_in_socket
    }

    /// Content that it shares with other answers: its address and bytes.
    pub fn shared(&self) -> Option<(usize, usize)> {
        self.content.as_ref().and_then(Content::shared)
    }

    /// The memory that it alone takes, in bytes.
    pub fn own_bytes(&self) -> usize {
        let is_own = self.content.as_ref().is_some_and(|content| content.shared().is_none());
        self.head.capacity() + if is_own { self.content_len() } else { 0 }
    }

    /// Writes what a socket takes; gives how much that was.
    ///
    /// # Errors
    /// When the socket is broken.
    pub fn write_to(&mut self, socket: &mut impl Write) -> io::Result<usize> {
        let before = self.sent;
        while self.rest() > 0 {
            let head = self.head.get(self.sent..).unwrap_or_default();
            let content = self.content.as_deref().unwrap_or_default();
            let of_content = self.sent.saturating_sub(self.head.len());
            let tail = &self.tail[of_content.saturating_sub(content.len())..];
            let content = content.get(of_content..).unwrap_or_default();
            match socket.write_vectored(&[IoSlice::new(head), IoSlice::new(content), IoSlice::new(tail)]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => self.sent += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.is_in_socket = match socket.flush() {
            Ok(()) => false,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => true,
            Err(error) => return Err(error),
        };
        Ok(self.sent - before)
    }

    /// Forgets what is sent of the head, so that a slow client keeps no more than it must.
    pub fn shrink(&mut self) {
        let gone = self.sent.min(self.head.len());
        self.head.drain(..gone);
        self.head.shrink_to_fit();
        self.sent -= gone;
    }
}

/// Shared content that is on its way to slow clients, by its address: how many take it, and its bytes. Its memory is
/// counted once, however many of them still have to take it. Content is
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
    use crate::http::body::{Body, SharedBody};

    /// Takes so many bytes, then none for once.
    struct Narrow(Vec<u8>, usize, bool);

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.2 = !self.2;
            if !self.2 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let length = bytes.len().min(self.1);
            self.0.extend_from_slice(&bytes[..length]);
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn output_is_sent_whole_however_little_a_socket_takes() {
        let shared = SharedBody::new(b"content that is shared".to_vec());
        for width in 1..40 {
            let own = Content::Plain(Body::Own(b"own".to_vec()));
            for content in [None, Some(own), Some(Content::Plain(shared.clone().into()))] {
                let wanted = [b"head ".as_slice(), content.as_deref().unwrap_or_default(), b"\r\n"].concat();
                let mut output = Output::new(b"head ".to_vec(), content).followed_by(b"\r\n");
                let mut socket = Narrow(Vec::new(), width, false);
                while output.rest() > 0 {
                    output.write_to(&mut socket).unwrap();
                    output.shrink();
                }
                assert_eq!(socket.0, wanted);
            }
        }
    }

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
