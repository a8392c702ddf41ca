//! Asking the kernel about one socket (netlink `SOCK_DIAG`), without a dump of all of them.

use std::{cell::Cell, io, net::SocketAddr, os::fd::OwnedFd, time::Duration};

use rustix::net::{
    self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink,
    sockopt::{self, Timeout},
};

/// The kernel answers within the call; this only bounds what should never happen.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// How many answers to earlier questions are skipped.
const STALE: usize = 16;
/// The size of `inet_diag_req_v2`.
pub(super) const QUESTION: usize = 56;
pub(super) const HEADER: usize = 16;
pub(super) const SOCK_DIAG_BY_FAMILY: u16 = 20;
pub(super) const NLM_F_REQUEST: u16 = 1;

// TCP states of the kernel (`include/net/tcp_states.h`).
const ESTABLISHED: u8 = 1;
const SYN_RECV: u8 = 3;
const CLOSE_WAIT: u8 = 8;
pub(super) const LISTEN: u8 = 10;

/// The kernel did not answer a question about a socket.
#[derive(Debug, thiserror::Error)]
#[error("the kernel's socket diagnosis did not answer: {0}")]
pub struct SockDiagError(#[from] pub io::Error);

impl SockDiagError {
    /// The one name of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "host/sock-diag"
    }
}

/// Our own end of a connection, as our socket has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientEnd {
    /// TCP: a client of IPv4 asks in IPv4 even where the listener is `[::]`.
    Tcp {
        /// Our address.
        us: SocketAddr,
        /// The server's.
        them: SocketAddr,
    },
    /// A unix socket.
    Unix {
        /// The inode of our socket.
        inode: u64,
    },
}

/// The server's end of a connection, seen from the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerEnd {
    /// A process has accepted it, or does so right now; the socket's inode says which.
    Accepted(u64),
    /// It waits in the accept queue: nobody has accepted it.
    Queued,
    /// The listener is `deferred` and has seen no data of this connection.
    Deferred,
    /// There is no such socket here: closed, dropped from a full queue, or on another host or namespace.
    Gone,
}

/// A listening socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its inode; of a `reuseport` group one of them.
    pub inode: u64,
    /// How many connections wait to be accepted.
    pub waiting: u32,
    /// How many may wait.
    pub limit: u32,
}

/// A socket for questions to the kernel. Every question is asked and answered within one call.
#[derive(Debug)]
pub struct SockDiag {
    socket: OwnedFd,
    sequence: Cell<u32>,
}

/// What `inet_diag_msg` says, as far as it is needed.
struct Found {
    state: u8,
    receive_queue: u32,
    send_queue: u32,
    inode: u64,
}

impl SockDiag {
    /// Opens the socket.
    ///
    /// # Errors
    /// When the kernel has no socket diagnosis or forbids it.
    pub fn open() -> Result<Self, SockDiagError> {
        let socket = net::socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(netlink::SOCK_DIAG),
        )
        .map_err(io::Error::from)?;
        sockopt::set_socket_timeout(&socket, Timeout::Recv, Some(ANSWER_WITHIN)).map_err(io::Error::from)?;
        Ok(Self { socket, sequence: Cell::new(0) })
    }

    /// What the server's end of our connection is.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn server_end(&self, client: ClientEnd) -> Result<ServerEnd, SockDiagError> {
        match client {
            ClientEnd::Tcp { us, them } => self.tcp_server_end(us, them),
            ClientEnd::Unix { inode } => self.unix_server_end(inode),
        }
    }

    fn tcp_server_end(&self, us: SocketAddr, them: SocketAddr) -> Result<ServerEnd, SockDiagError> {
        // Without a socket of its own the kernel answers with the listener, which every worker holds.
        let Some(found) = self.ask(them, us)?.filter(|found| found.state != LISTEN) else {
            return Ok(ServerEnd::Gone);
        };
        Ok(match (found.state, found.inode) {
            (SYN_RECV, _) => ServerEnd::Deferred,
            (ESTABLISHED | CLOSE_WAIT, 0) => ServerEnd::Queued,
            (_, 0) => ServerEnd::Gone,
            (_, inode) => ServerEnd::Accepted(inode),
        })
    }

    /// The socket that listens at an address, itself or for all addresses.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn listener(&self, at: SocketAddr) -> Result<Option<Listener>, SockDiagError> {
        let nobody: SocketAddr =
            if at.is_ipv4() { ([0; 4], 0).into() } else { (std::net::Ipv6Addr::UNSPECIFIED, 0).into() };
        let found = self.ask(at, nobody)?.filter(|found| found.state == LISTEN);
        Ok(found.map(|it| Listener { inode: it.inode, waiting: it.receive_queue, limit: it.send_queue }))
    }

    pub(super) fn next_sequence(&self) -> u32 {
        self.sequence.set(self.sequence.get().wrapping_add(1));
        self.sequence.get()
    }

    pub(super) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// One exact lookup of the socket with this local and remote address.
    fn ask(&self, local: SocketAddr, remote: SocketAddr) -> Result<Option<Found>, SockDiagError> {
        let sequence = self.next_sequence();
        let question = question(sequence, local, remote).ok_or(io::ErrorKind::InvalidInput);
        let answer = self.exchange(sequence, &question.map_err(io::Error::from)?)?;
        let Some(answer) = answer else { return Ok(None) };
        Ok(Some(found(&answer).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?))
    }

    /// Sends one question and returns the message that answers it; `None` where there is no such socket.
    pub(super) fn exchange(&self, sequence: u32, question: &[u8]) -> Result<Option<Vec<u8>>, SockDiagError> {
        const ERROR: u16 = 2;
        net::send(&self.socket, question, SendFlags::empty()).map_err(io::Error::from)?;
        let mut answer = [0_u8; 1024];
        for _ in 0..STALE {
            let (length, _) =
                rustix::io::retry_on_intr(|| net::recv(&self.socket, &mut answer[..], RecvFlags::empty()))
                    .map_err(io::Error::from)?;
            let answer = answer.get(..length).unwrap_or_default();
            if u32_at(answer, 8) != Some(sequence) {
                continue;
            }
            return match u16_at(answer, 4) {
                Some(SOCK_DIAG_BY_FAMILY) => Ok(Some(answer.to_vec())),
                Some(ERROR) => none_or_error(answer),
                _ => break,
            };
        }
        Err(io::Error::from(io::ErrorKind::InvalidData).into())
    }
}

/// The start of a request: `nlmsghdr`, for a question of this many bytes.
pub(super) fn request(question: usize, flags: u16, sequence: u32) -> Vec<u8> {
    let length = HEADER + question;
    let mut message = Vec::with_capacity(length);
    message.extend(u32::try_from(length).unwrap_or_default().to_ne_bytes());
    message.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend(sequence.to_ne_bytes());
    message.extend([0; 4]);
    message
}

/// `nlmsghdr` and `inet_diag_req_v2` with an exact `inet_diag_sockid` (`linux/inet_diag.h`).
fn question(sequence: u32, local: SocketAddr, remote: SocketAddr) -> Option<Vec<u8>> {
    const IPPROTO_TCP: u8 = 6;
    let mut message = request(QUESTION, NLM_F_REQUEST, sequence);
    let (family, from, to, scope) = match (local, remote) {
        (SocketAddr::V4(from), SocketAddr::V4(to)) => {
            (2, wide(from.ip().octets()), wide(to.ip().octets()), 0)
        }
        (SocketAddr::V6(from), SocketAddr::V6(to)) => {
            (10, from.ip().octets(), to.ip().octets(), from.scope_id())
        }
        _ => return None,
    };
    message.extend([family, IPPROTO_TCP, 0, 0]);
    message.extend([0xff; 4]); // every state
    message.extend(local.port().to_be_bytes());
    message.extend(remote.port().to_be_bytes());
    message.extend(from);
    message.extend(to);
    message.extend(scope.to_ne_bytes());
    message.extend([0xff; 8]); // no cookie
    Some(message)
}

fn wide(v4: [u8; 4]) -> [u8; 16] {
    let mut address = [0; 16];
    address[..4].copy_from_slice(&v4);
    address
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// `ENOENT` says that there is no such socket.
fn none_or_error(answer: &[u8]) -> Result<Option<Vec<u8>>, SockDiagError> {
    let error = u32_at(answer, HEADER).map_or(0, |it| it.cast_signed().saturating_neg());
    let error = io::Error::from_raw_os_error(error);
    if error.kind() == io::ErrorKind::NotFound { Ok(None) } else { Err(error.into()) }
}

/// Reads `inet_diag_msg`.
fn found(answer: &[u8]) -> Option<Found> {
    Some(Found {
        state: *answer.get(HEADER + 1)?,
        receive_queue: u32_at(answer, HEADER + 56)?,
        send_queue: u32_at(answer, HEADER + 60)?,
        inode: u32_at(answer, HEADER + 68)?.into(),
    })
}

#[cfg(test)]
mod tests {
    use std::{
        net::{TcpListener, TcpStream},
        os::{fd::AsRawFd, unix::fs::MetadataExt},
    };

    use super::*;

    fn inode(socket: &impl AsRawFd) -> u64 {
        std::fs::metadata(format!("/proc/self/fd/{}", socket.as_raw_fd())).unwrap().ino()
    }

    fn end(client: &TcpStream) -> ClientEnd {
        ClientEnd::Tcp { us: client.local_addr().unwrap(), them: client.peer_addr().unwrap() }
    }

    #[test]
    fn a_connection_is_queued_then_accepted_then_gone_on_both_families() {
        let diag = SockDiag::open().unwrap();
        for (listen, connect) in [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1"), ("[::]:0", "127.0.0.1")] {
            let listener = TcpListener::bind(listen).unwrap();
            let port = listener.local_addr().unwrap().port();
            let client = TcpStream::connect((connect, port)).unwrap();
            let end = end(&client);
            assert_eq!(diag.server_end(end).unwrap(), ServerEnd::Queued, "{listen}");
            let (server, _) = listener.accept().unwrap();
            assert_eq!(diag.server_end(end).unwrap(), ServerEnd::Accepted(inode(&server)), "{listen}");
            drop(server);
            // The client has not closed, so the kernel keeps FIN_WAIT without an owner.
            assert_eq!(diag.server_end(end).unwrap(), ServerEnd::Gone, "{listen}");
        }
    }

    #[test]
    fn the_listener_is_never_taken_for_the_server_end() {
        let diag = SockDiag::open().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let nobody: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let end = ClientEnd::Tcp { us: nobody, them: at };
        assert_eq!(diag.server_end(end).unwrap(), ServerEnd::Gone);
        drop(listener);
        assert_eq!(diag.server_end(end).unwrap(), ServerEnd::Gone);
        assert_eq!(diag.listener(at).unwrap(), None);
    }

    #[test]
    fn the_accept_queue_is_counted() {
        let diag = SockDiag::open().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let clients: Vec<_> = (0..3).map(|_| TcpStream::connect(at).unwrap()).collect();
        let found = diag.listener(at).unwrap().unwrap();
        assert_eq!((found.inode, found.waiting), (inode(&listener), 3));
        assert!(found.limit > 0);
        drop(clients);
    }
}
