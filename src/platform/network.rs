//! Sockets of clients.

use std::io;

use socket2::Socket;

/// Whether a read that gave less than it was asked for has emptied the socket. On Windows it has to be read until it
/// says that there is nothing: only then mio watches it again.
pub const SHORT_READ_IS_ALL: bool = cfg!(unix);

/// Lets a restarted server have its address before the last connections are forgotten.
///
/// # Errors
/// The system's.
pub fn reuse_address(socket: &Socket) -> io::Result<()> {
    if cfg!(unix) { socket.set_reuse_address(true) } else { Ok(()) }
}

/// Whether an error of `accept` says that the listener itself is gone, which waiting does not cure: it listens no
/// more, or it is no socket.
pub fn is_listener_lost(error: &io::Error) -> bool {
    #[cfg(unix)]
    let lost = {
        use rustix::io::Errno;
        [Errno::INVAL, Errno::BADF, Errno::NOTSOCK, Errno::OPNOTSUPP].map(Errno::raw_os_error)
    };
    #[cfg(not(unix))]
    let lost = [10_022, 10_009, 10_038, 10_045]; // WSAEINVAL, WSAEBADF, WSAENOTSOCK, WSAEOPNOTSUPP
    error.raw_os_error().is_some_and(|number| lost.contains(&number))
}
