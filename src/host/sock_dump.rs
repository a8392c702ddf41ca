//! All listening TCP sockets from the kernel's socket diagnosis. `/proc/net/tcp` would do too, but the kernel walks its
//! whole table of connections for it: 10 ms and more even where there are none.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use rustix::net::{self, RecvFlags, SendFlags};

use super::sock_diag::{
    HEADER, LISTEN, NLM_F_REQUEST, QUESTION, SockDiag, SockDiagError, request, u16_at, u32_at,
};

const IPV4: u8 = 2;
const IPV6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
// Of `linux/netlink.h`.
const NLM_F_DUMP: u16 = 0x300;
const NLM_F_DUMP_INTR: u16 = 0x10;
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// No more datagrams are read of one answer.
const MOST_DATAGRAMS: usize = 10_000;
/// How often a dump is tried during which the table changed.
const TRIES: usize = 3;

impl SockDiag {
    /// Every listening TCP socket of this network namespace: inode and address.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn listeners(&self) -> Result<Vec<(u64, SocketAddr)>, SockDiagError> {
        let mut all = Vec::new();
        for family in [IPV4, IPV6] {
            for _ in 0..TRIES {
                let (found, whole) = self.dump(family)?;
                all.extend(found);
                if whole {
                    break;
                }
            }
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// One dump, and whether the table stayed the same meanwhile.
    fn dump(&self, family: u8) -> Result<(Vec<(u64, SocketAddr)>, bool), SockDiagError> {
        let sequence = self.next_sequence();
        let mut question = request(QUESTION, NLM_F_REQUEST | NLM_F_DUMP, sequence);
        question.extend([family, IPPROTO_TCP, 0, 0]);
        question.extend((1_u32 << LISTEN).to_ne_bytes());
        question.extend([0; 48]);
        net::send(self.socket(), &question, SendFlags::empty()).map_err(io::Error::from)?;
        let (mut found, mut whole) = (Vec::new(), true);
        let mut datagram = vec![0_u8; 64 * 1024];
        for _ in 0..MOST_DATAGRAMS {
            let received =
                rustix::io::retry_on_intr(|| net::recv(self.socket(), &mut datagram[..], RecvFlags::empty()));
            let (length, _) = received.map_err(io::Error::from)?;
            let mut rest = datagram.get(..length).unwrap_or_default();
            while let Some((message, after)) = split(rest) {
                rest = after;
                if u32_at(message, 8) != Some(sequence) {
                    continue;
                }
                whole &= u16_at(message, 6).is_some_and(|flags| flags & NLM_F_DUMP_INTR == 0);
                match u16_at(message, 4) {
                    Some(DONE) => return Ok((found, whole)),
                    Some(ERROR) => {
                        let error = u32_at(message, HEADER).map_or(0, |it| it.cast_signed().saturating_neg());
                        return Err(io::Error::from_raw_os_error(error).into());
                    }
                    _ => found.extend(socket(message)),
                }
            }
        }
        Err(io::Error::from(io::ErrorKind::InvalidData).into())
    }
}

/// The first message of a datagram and what follows it, aligned to 4 bytes.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::try_from(u32_at(bytes, 0)?).ok().filter(|length| *length >= HEADER)?;
    let message = bytes.get(..length)?;
    Some((message, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

/// `inet_diag_msg`: family, then port and address in network order, later the inode.
fn socket(message: &[u8]) -> Option<(u64, SocketAddr)> {
    let port = u16::from_be(u16_at(message, HEADER + 4)?);
    let address: [u8; 16] = message.get(HEADER + 8..HEADER + 24)?.try_into().ok()?;
    let ip = match *message.get(HEADER)? {
        IPV4 => IpAddr::V4(Ipv4Addr::from(u32::from_be_bytes(address.get(..4)?.try_into().ok()?))),
        IPV6 => IpAddr::V6(Ipv6Addr::from(address)),
        _ => return None,
    };
    Some((u32_at(message, HEADER + 68)?.into(), SocketAddr::new(ip, port)))
}

#[cfg(test)]
mod tests {
    use std::{
        net::{TcpListener, TcpStream},
        os::fd::AsFd,
    };

    use super::{SockDiag, SocketAddr, socket, split};

    fn entry(listener: impl AsFd, at: SocketAddr) -> (u64, SocketAddr) {
        (rustix::fs::fstat(listener).unwrap().st_ino, at)
    }

    #[test]
    fn listeners_of_both_families_are_found_with_their_address_and_connections_are_not() {
        let diag = SockDiag::open().unwrap();
        for address in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let at = listener.local_addr().unwrap();
            assert!(diag.listeners().unwrap().contains(&entry(&listener, at)), "{address}");
            let client = TcpStream::connect(at).unwrap();
            let us = client.local_addr().unwrap();
            assert!(!diag.listeners().unwrap().contains(&entry(&client, us)));
        }
    }

    #[test]
    fn cut_messages_are_no_sockets_and_end_the_datagram() {
        assert_eq!(split(&[]), None);
        assert_eq!(split(&[200, 0, 0, 0, 1, 2, 3, 4]), None);
        assert_eq!(split(&[0; 64]), None, "a length of nothing would never end");
        assert_eq!(socket(&[2; 40]), None);
    }
}
