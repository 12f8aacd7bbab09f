//! `recvmmsg` into an arena that lives as long as its owner.
#![allow(unsafe_code)]

use std::io;
use std::mem::size_of;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::time::Duration;

use crate::sys::{self, CONTROL_WORDS, Control, Name};

/// Buffers begin this much further than a multiple of their size, so that the first lines of all of them
/// do not fall into the same set of the cache.
const STAGGER: usize = 1_600;

/// Buffers and headers for a number of messages, used again for every call.
pub(crate) struct RecvArena {
    bytes: Box<[u8]>,
    stride: usize,
    size: usize,
    names: Box<[Name]>,
    controls: Box<[Control]>,
    parts: Box<[libc::iovec]>,
    heads: Box<[libc::mmsghdr]>,
    filled: usize,
}

// SAFETY: the raw pointers in `parts` and `heads` point into the other fields, which this value owns, and
// are written anew before every call.
unsafe impl Send for RecvArena {}

/// Metadata of one received message: one datagram, or several that the kernel coalesced.
#[derive(Clone, Copy)]
pub(crate) struct ReceivedMessage {
    pub(crate) from: SocketAddr,
    pub(crate) local: Option<IpAddr>,
    pub(crate) arrived: Option<Duration>,
    pub(crate) start: usize,
    pub(crate) len: usize,
    pub(crate) segment: usize,
    pub(crate) truncated: bool,
}

impl RecvArena {
    /// Room for `messages` messages of up to `size` bytes.
    pub(crate) fn new(messages: usize, size: usize) -> Self {
        let stride = size + STAGGER;
        let part = libc::iovec {
            iov_base: ptr::null_mut(),
            iov_len: 0,
        };
        Self {
            bytes: vec![0; messages * stride].into(),
            stride,
            size,
            names: vec![Name::empty(); messages].into(),
            controls: vec![Control([0; CONTROL_WORDS]); messages].into(),
            parts: vec![part; messages].into(),
            heads: vec![sys::empty_head(); messages].into(),
            filled: 0,
        }
    }

    /// How many messages fit.
    pub(crate) fn capacity(&self) -> usize {
        self.heads.len()
    }

    /// Number of messages of the last call.
    pub(crate) fn filled(&self) -> usize {
        self.filled
    }

    /// Forgets the messages of the last call.
    pub(crate) fn clear(&mut self) {
        self.filled = 0;
    }

    /// Some of the bytes received.
    pub(crate) fn bytes_mut(&mut self, range: Range<usize>) -> &mut [u8] {
        self.bytes.get_mut(range).unwrap_or_default()
    }

    /// Receives as many messages as wait, at most as many as fit.
    pub(crate) fn recv(&mut self, fd: BorrowedFd<'_>) -> io::Result<usize> {
        self.filled = 0;
        let buffers = self.bytes.chunks_exact_mut(self.stride);
        let names = self.names.iter_mut().zip(self.controls.iter_mut());
        let parts = self.parts.iter_mut().zip(self.heads.iter_mut());
        for ((buffer, (name, control)), (part, head)) in buffers.zip(names).zip(parts) {
            part.iov_base = buffer.as_mut_ptr().cast();
            part.iov_len = self.size;
            let head = &mut head.msg_hdr;
            head.msg_name = ptr::from_mut(name).cast();
            head.msg_namelen = size_of::<Name>() as libc::socklen_t;
            head.msg_iov = part;
            head.msg_iovlen = 1;
            head.msg_control = ptr::from_mut(control).cast();
            head.msg_controllen = size_of::<Control>() as _;
            head.msg_flags = 0;
        }
        // SAFETY: every header points to buffers of the lengths that it says, which this value owns and
        // which nothing else refers to during the call.
        let count = unsafe {
            libc::recvmmsg(
                fd.as_raw_fd(),
                self.heads.as_mut_ptr(),
                self.heads.len() as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        match usize::try_from(count) {
            Ok(count) => {
                self.filled = count;
                Ok(count)
            }
            Err(_) => Err(io::Error::last_os_error()),
        }
    }

    /// Metadata of message number `index` of the last call.
    pub(crate) fn message(&self, index: usize) -> Option<ReceivedMessage> {
        if index >= self.filled {
            return None;
        }
        let head = self.heads.get(index)?;
        let len = (head.msg_len as usize).min(self.size);
        // SAFETY: the kernel filled this header in the last `recv`, and the control buffer it points to
        // is owned by this value and was not touched since.
        let told = unsafe { sys::read_control(&head.msg_hdr) };
        Some(ReceivedMessage {
            from: self.names.get(index)?.read()?,
            local: told.local,
            arrived: told.arrived,
            start: index * self.stride,
            len,
            segment: told.segment.unwrap_or(len).clamp(1, len.max(1)),
            truncated: head.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
        })
    }
}
