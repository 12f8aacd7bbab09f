//! `sendmmsg` of messages whose parts lie anywhere in one arena, with `UDP_SEGMENT` for messages of more than
//! one packet.
#![allow(unsafe_code)]

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use crate::addr::mapped;
use crate::sys::{self, CONTROL_WORDS, Control, Name};

/// Most messages in one call. More would only cost more memory for the headers.
pub(crate) const MESSAGES: usize = 64;
/// Most packets in one call.
pub(crate) const PARTS: usize = 1_024;

/// The headers of one call, used again for every one.
pub(crate) struct SendHeads {
    names: Box<[Name]>,
    controls: Box<[Control]>,
    parts: Vec<libc::iovec>,
    heads: Vec<libc::mmsghdr>,
}

// SAFETY: the raw pointers are written and used inside one call of `send` and are dangling otherwise.
unsafe impl Send for SendHeads {}

/// One message to the kernel: its packets follow each other in the iterator that comes with it.
#[derive(Clone, Copy)]
pub(crate) struct Outgoing<P> {
    pub(crate) to: SocketAddr,
    pub(crate) from: Option<IpAddr>,
    /// Size of every packet but the last; only used if there are `count` > 1 packets.
    pub(crate) segment: u16,
    pub(crate) count: usize,
    pub(crate) packets: P,
}

impl SendHeads {
    pub(crate) fn new() -> Self {
        Self {
            names: vec![Name::empty(); MESSAGES].into(),
            controls: vec![Control([0; CONTROL_WORDS]); MESSAGES].into(),
            parts: Vec::with_capacity(PARTS),
            heads: Vec::with_capacity(MESSAGES),
        }
    }

    /// Hands as many of `messages` to the kernel as fit into one call, and says how many it took. An
    /// error is about the first message.
    pub(crate) fn send<'a, P>(
        &mut self,
        fd: BorrowedFd<'_>,
        v6: bool,
        messages: impl Iterator<Item = Outgoing<P>>,
    ) -> io::Result<usize>
    where
        P: Iterator<Item = &'a [u8]>,
    {
        self.parts.clear();
        self.heads.clear();
        let names = self.names.iter_mut().zip(self.controls.iter_mut());
        for (message, (name, control)) in messages.zip(names) {
            // The vector never grows past its capacity: the pointers into it stay valid.
            if self.parts.len() + message.count > self.parts.capacity() {
                break;
            }
            let first = self.parts.len();
            self.parts.extend(
                message
                    .packets
                    .take(message.count)
                    .map(|packet| libc::iovec {
                        iov_base: packet.as_ptr().cast_mut().cast(),
                        iov_len: packet.len(),
                    }),
            );
            let to = if v6 { mapped(message.to) } else { message.to };
            name.write(&to);
            let mut head = sys::empty_head();
            head.msg_hdr.msg_name = ptr::from_mut(name).cast();
            head.msg_hdr.msg_namelen = Name::len_of(&to);
            // SAFETY: `first` is at most the length of the vector.
            head.msg_hdr.msg_iov = unsafe { self.parts.as_mut_ptr().add(first) };
            head.msg_hdr.msg_iovlen = (self.parts.len() - first) as _;
            head.msg_hdr.msg_control = ptr::from_mut(control).cast();
            // SAFETY: the control buffer is owned by this value and nothing of it is in use.
            unsafe {
                if message.count > 1 {
                    let size: u16 = message.segment;
                    sys::push_control(&mut head.msg_hdr, libc::SOL_UDP, libc::UDP_SEGMENT, size);
                }
                if let Some(from) = message.from {
                    push_source(&mut head.msg_hdr, from, v6);
                }
            }
            if head.msg_hdr.msg_controllen == 0 {
                head.msg_hdr.msg_control = ptr::null_mut();
            }
            self.heads.push(head);
        }
        self.call(fd)
    }

    fn call(&mut self, fd: BorrowedFd<'_>) -> io::Result<usize> {
        if self.heads.is_empty() {
            return Ok(0);
        }
        // SAFETY: every header points to names, controls and parts that this value owns and that were
        // written above, with their lengths; the parts point into slices that the caller of `send` still
        // borrows, and the kernel only reads them.
        let count = unsafe {
            libc::sendmmsg(
                fd.as_raw_fd(),
                self.heads.as_mut_ptr(),
                self.heads.len() as libc::c_uint,
                libc::MSG_DONTWAIT as _,
            )
        };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    }
}

/// Says which local address the datagram shall come from.
///
/// # Safety
/// As for [`sys::push_control`].
unsafe fn push_source(head: &mut libc::msghdr, from: IpAddr, v6: bool) {
    match from {
        IpAddr::V4(ip) if !v6 => {
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr {
                    s_addr: u32::from_ne_bytes(ip.octets()),
                },
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            // SAFETY: by contract of this function.
            unsafe { sys::push_control(head, libc::IPPROTO_IP, libc::IP_PKTINFO, info) };
        }
        IpAddr::V4(ip) => {
            // SAFETY: by contract of this function.
            unsafe { push_source_v6(head, ip.to_ipv6_mapped()) };
        }
        IpAddr::V6(ip) if v6 => {
            // SAFETY: by contract of this function.
            unsafe { push_source_v6(head, ip) };
        }
        IpAddr::V6(_) => {}
    }
}

/// # Safety
/// As for [`sys::push_control`].
unsafe fn push_source_v6(head: &mut libc::msghdr, ip: std::net::Ipv6Addr) {
    let info = libc::in6_pktinfo {
        ipi6_addr: libc::in6_addr {
            s6_addr: ip.octets(),
        },
        ipi6_ifindex: 0,
    };
    // SAFETY: by contract of this function.
    unsafe { sys::push_control(head, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info) };
}
