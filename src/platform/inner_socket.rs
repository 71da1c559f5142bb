//! The socket between the event loop and tiny_http.

#[cfg(all(target_os = "linux", not(inner_socket = "loopback")))]
pub use unnamed::*;

#[cfg(not(all(target_os = "linux", not(inner_socket = "loopback"))))]
pub use loopback::*;

/// A Unix socket whose name is gone as soon as it is made: nobody else finds it, and none is left behind.
#[cfg(all(target_os = "linux", not(inner_socket = "loopback")))]
mod unnamed {
    use std::io;
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::os::unix::net::{UnixListener, UnixStream};

    use rustix::fs::{Mode, OFlags, open};

    use super::super::files::{make_private_folder, temporary_folder};

    /// What tiny_http accepts on.
    pub type InnerListener = UnixListener;
    /// One connection to it, as the event loop watches it.
    pub type InnerStream = mio::net::UnixStream;

    /// What connections are made through: the inode of the socket.
    pub struct InnerSocket(OwnedFd);

    impl InnerSocket {
        /// Listens on a new socket. `name` is that of a folder which is gone when this returns, and must not be there.
        ///
        /// # Errors
        /// A sentence with its remedy, where no socket can be made in the folder for temporary files.
        pub fn listen(name: &str) -> io::Result<(InnerSocket, InnerListener)> {
            let parent = temporary_folder();
            let failed = |error: io::Error| {
                let why = format!(
                    "no socket can be made in {} ({error}); set TMPDIR to a folder that is there, is yours to write, and has a \
                     short path",
                    parent.display()
                );
                io::Error::new(error.kind(), why)
            };
            let directory = parent.join(name);
            make_private_folder(&directory).map_err(failed)?;
            let path = directory.join("s");
            let made = UnixListener::bind(&path).and_then(|listener| {
                // By rustix: the standard library strips O_PATH from custom flags on musl.
                let inode = open(&path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
                Ok((InnerSocket(inode), listener))
            });
            let _ = std::fs::remove_file(&path);
            let _ = std::fs::remove_dir(&directory);
            made.map_err(failed)
        }

        /// Makes a connection.
        ///
        /// # Errors
        /// When the server is gone or descriptors have run out.
        pub fn connect(&self) -> io::Result<InnerStream> {
            InnerStream::connect(self.path())
        }

        /// Nothing to do ahead: connections are made when they are wanted.
        ///
        /// # Errors
        /// None.
        pub fn fill(&self, _probe: &[u8]) -> io::Result<()> {
            Ok(())
        }

        /// Whether another program could make a connection.
        #[cfg(test)]
        pub fn is_open_to_others(&self) -> bool {
            false
        }

        /// Makes `accept` return once: tiny_http's thread looks up only when somebody comes.
        pub fn wake(&self) {
            let _ = UnixStream::connect(self.path());
        }

        fn path(&self) -> String {
            format!("/proc/self/fd/{}", self.0.as_raw_fd())
        }
    }

    /// The other end of a connection.
    #[cfg(test)]
    pub type InnerPeer = UnixStream;
}

/// TCP on the loopback address, through a port that is open only while the server starts: all connections that it will
/// ever have are made then, and afterwards nobody else can make one.
#[cfg(not(all(target_os = "linux", not(inner_socket = "loopback"))))]
mod loopback {
    use std::io::{self, Read, Write};
    use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
    use std::time::Duration;

    use parking_lot::Mutex;
    use socket2::SockRef;

    /// What tiny_http accepts on.
    pub type InnerListener = TcpListener;
    /// One connection to it, as the event loop watches it.
    pub type InnerStream = mio::net::TcpStream;

    /// How long a new connection may take to be made, and to be answered.
    const CONNECT_MAX: Duration = Duration::from_secs(2);
    /// The connection that is used, and others in its place: tiny_http has a thread for so many from its start.
    const CONNECTIONS: usize = 4;

    /// What connections are made through.
    pub struct InnerSocket {
        address: SocketAddr,
        /// Another handle of what tiny_http accepts on, until no more are accepted.
        listener: Mutex<Option<TcpListener>>,
        /// Connections that wait to be used.
        ready: Mutex<Vec<TcpStream>>,
    }

    impl InnerSocket {
        /// Listens on a port of the system's choice. The name is of no use here.
        ///
        /// # Errors
        /// When there is no port or no descriptor.
        pub fn listen(_name: &str) -> io::Result<(InnerSocket, InnerListener)> {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let _ = SockRef::from(&listener).set_tcp_nodelay(true); // inherited by what is accepted
            let another = Mutex::new(Some(listener.try_clone()?));
            let socket = InnerSocket { address: listener.local_addr()?, listener: another, ready: Mutex::default() };
            Ok((socket, listener))
        }

        /// Makes all connections, each with this probe that must be answered before the next is made, and closes the
        /// port.
        ///
        /// # Errors
        /// When the server does not answer, or descriptors or threads have run out.
        pub fn fill(&self, probe: &[u8]) -> io::Result<()> {
            for _ in 0..CONNECTIONS {
                let mut made = TcpStream::connect_timeout(&self.address, CONNECT_MAX)?;
                let _ = made.set_nodelay(true); // only slower without
                made.set_read_timeout(Some(CONNECT_MAX))?;
                made.write_all(probe)?;
                let (mut answer, mut byte) = (Vec::new(), [0]);
                while !answer.ends_with(b"\r\n\r\n") {
                    made.read_exact(&mut byte)?;
                    answer.push(byte[0]);
                }
                made.set_read_timeout(None)?;
                self.ready.lock().push(made);
            }
            // The accepting thread takes one more, then finds nothing, takes that for an error and lets the port go.
            if let Some(listener) = self.listener.lock().take() {
                listener.set_nonblocking(true)?;
                drop(TcpStream::connect_timeout(&self.address, CONNECT_MAX)?);
            }
            Ok(())
        }

        /// Gives a connection.
        ///
        /// # Errors
        /// When all have been given: it takes another server then.
        pub fn connect(&self) -> io::Result<InnerStream> {
            let used_up = || io::Error::new(io::ErrorKind::ConnectionRefused, "it has no connection left");
            let made = self.ready.lock().pop().ok_or_else(used_up)?;
            made.set_nonblocking(true)?;
            Ok(InnerStream::from_std(made))
        }

        /// Makes `accept` return once: it has returned for good.
        pub fn wake(&self) {}

        /// Whether another program could make a connection.
        #[cfg(test)]
        pub fn is_open_to_others(&self) -> bool {
            // The accepting thread may have yet to find that nobody else has come.
            (0..1_000).all(|_| TcpStream::connect_timeout(&self.address, CONNECT_MAX).is_ok())
        }
    }

    /// The other end of a connection.
    #[cfg(test)]
    pub type InnerPeer = TcpStream;
}
