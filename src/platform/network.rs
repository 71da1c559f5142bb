//! Sockets of clients.

use std::io;
use std::time::Duration;

use socket2::{SockRef, Socket};

/// Whether a read that gave less than it was asked for has emptied the socket. On Windows it has to be read until it
/// says that there is nothing: only then mio watches it again.
pub const SHORT_READ_IS_ALL: bool = cfg!(unix);

/// Lets a restarted server have its address before the last connections are forgotten.
pub fn reuse_address(socket: &Socket) -> io::Result<()> {
    if cfg!(unix) { socket.set_reuse_address(true) } else { Ok(()) }
}

/// Has the system end a connection whose other side has confirmed nothing of what was sent for so long: a phone that is
/// out of reach says no farewell. Elsewhere than on Linux the system's own patience holds.
pub fn end_when_unconfirmed(socket: &SockRef<'_>, after: Duration) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    let set = socket.set_tcp_user_timeout(Some(after));
    #[cfg(not(target_os = "linux"))]
    let set = {
        let _ = (socket, after);
        Ok(())
    };
    set
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

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_keeps_the_time_after_which_it_ends_unconfirmed() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, time) = (SockRef::from(&stream), Duration::from_secs(30));
        end_when_unconfirmed(&socket, time).unwrap();
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(time));
    }
}
