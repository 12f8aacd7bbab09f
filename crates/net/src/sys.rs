//! Socket addresses, control messages and options in the kernel's own layout. Together with the other
//! `sys*.rs` files the only place with `unsafe`.
#![allow(unsafe_code)]

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

/// Room for the control messages of one datagram: segment size and packet info, either direction, and the
/// time of arrival.
pub(crate) const CONTROL_WORDS: usize = 12;

/// A buffer for control messages, aligned as `cmsghdr` wants it.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct Control(pub(crate) [u64; CONTROL_WORDS]);

/// A socket address that is IPv4 or IPv6 and no longer than needed.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) union Name {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

impl Name {
    /// All zero: no family.
    pub(crate) fn empty() -> Self {
        // SAFETY: both variants are plain old data, for which all zeroes is a value.
        unsafe { zeroed() }
    }

    /// Writes `addr`.
    pub(crate) fn write(&mut self, addr: &SocketAddr) {
        match addr {
            SocketAddr::V4(addr) => {
                self.v4 = libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: addr.port().to_be(),
                    sin_addr: libc::in_addr {
                        s_addr: u32::from_ne_bytes(addr.ip().octets()),
                    },
                    sin_zero: [0; 8],
                };
            }
            SocketAddr::V6(addr) => {
                self.v6 = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: addr.port().to_be(),
                    sin6_flowinfo: addr.flowinfo(),
                    sin6_addr: libc::in6_addr {
                        s6_addr: addr.ip().octets(),
                    },
                    sin6_scope_id: addr.scope_id(),
                };
            }
        }
    }

    /// Reads the address that the kernel wrote, if it is an internet address.
    pub(crate) fn read(&self) -> Option<SocketAddr> {
        // SAFETY: both variants begin with the family and are plain old data of which every bit pattern
        // is a value; the union was zeroed when it was made, so that no byte is uninitialised.
        unsafe {
            match i32::from(self.v4.sin_family) {
                libc::AF_INET => {
                    let ip = self.v4.sin_addr.s_addr.to_ne_bytes().into();
                    let port = u16::from_be(self.v4.sin_port);
                    Some(SocketAddr::V4(SocketAddrV4::new(ip, port)))
                }
                libc::AF_INET6 => {
                    let v6 = &self.v6;
                    let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
                    let port = u16::from_be(v6.sin6_port);
                    let addr = SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id);
                    Some(SocketAddr::V6(addr))
                }
                _ => None,
            }
        }
    }

    /// Length in bytes of a socket address of `addr`'s family.
    pub(crate) fn len_of(addr: &SocketAddr) -> libc::socklen_t {
        let len = match addr {
            SocketAddr::V4(_) => size_of::<libc::sockaddr_in>(),
            SocketAddr::V6(_) => size_of::<libc::sockaddr_in6>(),
        };
        len as libc::socklen_t
    }
}

/// An empty message header.
pub(crate) fn empty_head() -> libc::mmsghdr {
    // SAFETY: a plain old data struct of integers and pointers, for which all zeroes (no buffers) is a value.
    unsafe { zeroed() }
}

/// Appends one control message with `value` as its data; false if there is no room left.
///
/// # Safety
/// `head.msg_control` points to a live [`Control`] that nothing else refers to, of which
/// `head.msg_controllen` bytes are in use, all of them whole control messages.
pub(crate) unsafe fn push_control<T: Copy>(
    head: &mut libc::msghdr,
    level: i32,
    kind: i32,
    value: T,
) -> bool {
    // SAFETY: these two only compute sizes.
    let (space, len) = unsafe {
        let size = size_of::<T>() as u32;
        (libc::CMSG_SPACE(size) as usize, libc::CMSG_LEN(size))
    };
    let used = head.msg_controllen;
    if used + space > size_of::<Control>() {
        return false;
    }
    // SAFETY: `used + space` bytes lie inside the buffer, `used` is a sum of CMSG_SPACE values and so
    // aligned for `cmsghdr`; the data is written unaligned.
    unsafe {
        let at = head
            .msg_control
            .cast::<u8>()
            .add(used)
            .cast::<libc::cmsghdr>();
        (*at).cmsg_level = level;
        (*at).cmsg_type = kind;
        (*at).cmsg_len = len as _;
        libc::CMSG_DATA(at).cast::<T>().write_unaligned(value);
    }
    head.msg_controllen = (used + space) as _;
    true
}

/// The control messages of a received datagram.
#[derive(Clone, Copy, Default)]
pub(crate) struct ControlMessages {
    /// The datagrams that were coalesced have this size each, but the last, which may be shorter.
    pub(crate) segment: Option<usize>,
    /// The local address that the datagram was sent to.
    pub(crate) local: Option<IpAddr>,
    /// When the kernel had it, since the Unix epoch.
    pub(crate) arrived: Option<Duration>,
}

/// Reads the control messages that the kernel wrote for one datagram.
///
/// # Safety
/// `head.msg_control` points to `head.msg_controllen` bytes that the kernel wrote in the call that
/// filled `head`, and they are still alive.
pub(crate) unsafe fn read_control(head: &libc::msghdr) -> ControlMessages {
    let mut told = ControlMessages::default();
    // SAFETY: by contract the kernel wrote this buffer, so the macros stay inside it; the data of each
    // message has the size that its type says, and is read unaligned.
    unsafe {
        let mut at = libc::CMSG_FIRSTHDR(head);
        while !at.is_null() {
            let data = libc::CMSG_DATA(at);
            match ((*at).cmsg_level, (*at).cmsg_type) {
                (libc::SOL_UDP, libc::UDP_GRO) => {
                    let size = data.cast::<libc::c_int>().read_unaligned();
                    told.segment = usize::try_from(size).ok().filter(|size| *size > 0);
                }
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                    let time = data.cast::<libc::timespec>().read_unaligned();
                    told.arrived = since_epoch(time);
                }
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                    told.local = Some(IpAddr::V4(info.ipi_addr.s_addr.to_ne_bytes().into()));
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info = data.cast::<libc::in6_pktinfo>().read_unaligned();
                    let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                    told.local = Some(IpAddr::V6(ip).to_canonical());
                }
                _ => {}
            }
            at = libc::CMSG_NXTHDR(head, at);
        }
    }
    told
}

fn since_epoch(time: libc::timespec) -> Option<Duration> {
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanos = u32::try_from(time.tv_nsec).ok()?;
    Some(Duration::new(seconds, nanos))
}

/// Sets an option whose value is an integer.
pub(crate) fn set_option(fd: BorrowedFd<'_>, level: i32, name: i32, value: i32) -> io::Result<()> {
    // SAFETY: the pointer and the length are those of a live integer.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            size_of::<i32>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// How many datagrams the kernel dropped because this socket's receive buffer was full.
pub(crate) fn kernel_drops(fd: BorrowedFd<'_>) -> io::Result<u32> {
    /// `SK_MEMINFO_DROPS` of linux/sock_diag.h, the last of nine numbers.
    const DROPS: usize = 8;
    let mut info = [0u32; DROPS + 1];
    let mut len = size_of_val(&info) as libc::socklen_t;
    // SAFETY: the pointers are those of live values, and `len` is the size of the array.
    let result = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            info.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    if result == 0 {
        let [.., drops] = info;
        Ok(drops)
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_kernel_form() {
        for text in [
            "192.0.2.7:4000",
            "[2001:db8::5]:65535",
            "[::ffff:1.2.3.4]:1",
        ] {
            let addr: SocketAddr = text.parse().expect("an address");
            let mut name = Name::empty();
            name.write(&addr);
            assert_eq!(name.read(), Some(addr));
        }
        assert_eq!(Name::empty().read(), None);
    }
}
