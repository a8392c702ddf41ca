//! The server's end of a unix connection, from the kernel's socket diagnosis.

use super::sock_diag::{HEADER, NLM_F_REQUEST, ServerEnd, SockDiag, SockDiagError, request, u16_at, u32_at};

const AF_UNIX: u8 = 1;
// Of `linux/unix_diag.h`.
const UDIAG_SHOW_PEER: u32 = 4;
const UNIX_DIAG_PEER: u16 = 2;
const UNIX_DIAG_SHUTDOWN: u16 = 6;
/// Of `net/sock.h`.
const SHUT_BOTH: u8 = 3;
/// The size of `unix_diag_req`.
const QUESTION: usize = 24;
/// The size of `unix_diag_msg`; attributes follow it.
const MESSAGE: usize = 16;

impl SockDiag {
    /// What the other end of the socket with this inode is. The lookup is exact, by our own socket: so it also works
    /// where the server is in another network namespace.
    pub(super) fn unix_server_end(&self, inode: u64) -> Result<ServerEnd, SockDiagError> {
        let sequence = self.next_sequence();
        let answer = self.exchange(sequence, &question(sequence, inode))?;
        let attribute = |kind| answer.as_deref().and_then(|answer| attribute(answer, kind));
        // The peer has no inode while nobody has accepted it, and none any more once it is closed: then our own end
        // is shut down in both directions.
        let open = attribute(UNIX_DIAG_SHUTDOWN).is_none_or(|how| how.first() != Some(&SHUT_BOTH));
        Ok(match attribute(UNIX_DIAG_PEER).and_then(|peer| u32_at(peer, 0)) {
            Some(0) if open => ServerEnd::Queued,
            None | Some(0) => ServerEnd::Gone,
            Some(inode) => ServerEnd::Accepted(inode.into()),
        })
    }
}

/// `nlmsghdr` and `unix_diag_req`.
fn question(sequence: u32, inode: u64) -> Vec<u8> {
    let mut message = request(QUESTION, NLM_F_REQUEST, sequence);
    message.extend([AF_UNIX, 0, 0, 0]);
    message.extend([0xff; 4]); // every state
    // The kernel numbers sockets with 32 bits.
    message.extend(u32::try_from(inode).unwrap_or_default().to_ne_bytes());
    message.extend(UDIAG_SHOW_PEER.to_ne_bytes());
    message.extend([0xff; 8]); // no cookie
    message
}

/// What an attribute holds.
fn attribute(answer: &[u8], wanted: u16) -> Option<&[u8]> {
    const START: usize = 4;
    let mut rest = answer.get(HEADER + MESSAGE..)?;
    while let (Some(length), Some(kind)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        // A length below its own header would never end.
        let length = usize::from(length).max(START);
        if kind == wanted {
            return rest.get(START..length);
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;
    use crate::host::{scratch::Scratch, sock_diag::ClientEnd};

    #[test]
    fn a_unix_connection_is_queued_then_accepted_then_gone() {
        let diag = SockDiag::open().unwrap();
        let scratch = Scratch::new();
        let path = scratch.path().join("server.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let inode = |socket: &UnixStream| rustix::fs::fstat(socket).unwrap().st_ino;
        let client = UnixStream::connect(&path).unwrap();
        let end = ClientEnd::Unix { inode: inode(&client) };
        assert_eq!(diag.server_end(end).unwrap(), ServerEnd::Queued);
        let (server, _) = listener.accept().unwrap();
        assert_eq!(diag.server_end(end).unwrap(), ServerEnd::Accepted(inode(&server)));
        drop(server);
        assert_eq!(diag.server_end(end).unwrap(), ServerEnd::Gone);
        drop(client);
        assert_eq!(diag.server_end(end).unwrap(), ServerEnd::Gone);
    }

    #[test]
    fn attributes_that_lie_about_their_length_are_read_to_the_end_and_no_further() {
        let answer = |attributes: &[u8]| [&[0; HEADER + MESSAGE], attributes].concat();
        for attributes in [&[][..], &[0, 0, 9, 0], &[255, 255, 9, 0], &[8, 0, 2, 0, 1]] {
            assert_eq!(attribute(&answer(attributes), 2), None, "{attributes:?}");
        }
        assert_eq!(attribute(&answer(&[0, 0, 9, 0, 6, 0, 2, 0, 7, 8]), 2), Some(&[7, 8][..]));
    }
}
