//! The first bytes of a connection, which wait here until a whole request or handshake message has come. The
//! buffers of HTTP and TLS, some 16 KiB, are made only then: a client that sends one byte costs little.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes read at once. Most requests arrive in one piece.
const PIECE: usize = 2 * 1_024;
/// Most bytes that wait here; more go to the reader behind, which has bounds of its own, and words for them.
const MOST: usize = 16 * 1_024;
/// The first byte of a TLS record that carries a handshake message (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;
/// Type, version and length of a TLS record.
const RECORD_HEADER: usize = 5;
/// The first line of the preface of HTTP/2 (RFC 9113 section 3.4). No method of HTTP/1 begins like it.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";

/// The kind of message that a connection begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Opening {
    /// The headers of a request.
    Request,
    /// The first message of a TLS handshake.
    Handshake,
}

impl Opening {
    /// Reads the opening from `stream`; what comes back gives its bytes again. `None` if the client went
    /// before it was complete.
    pub(super) async fn read<S: AsyncRead + Unpin>(self, mut stream: S) -> Option<Reread<S>> {
        let mut begun = Vec::new();
        let read = poll_fn(|context| self.poll_read(&mut stream, &mut begun, context));
        read.await.ok()?;
        begun.shrink_to_fit();
        Some(Reread {
            begun,
            given: 0,
            stream,
        })
    }

    fn poll_read<S: AsyncRead + Unpin>(
        self,
        stream: &mut S,
        begun: &mut Vec<u8>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            // Not kept between two reads, so that it is no part of what waits.
            let mut piece = [0; PIECE];
            let mut piece = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut piece))?;
            let came = piece.filled();
            if came.is_empty() {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            let before = begun.len();
            begun.reserve_exact(came.len());
            begun.extend_from_slice(came);
            if self.is_complete(begun, before) {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// True if these bytes, of which the first `before` were not enough, need not wait any longer: they are
    /// complete, or can never be, which the reader behind tells the client.
    fn is_complete(self, begun: &[u8], before: usize) -> bool {
        begun.len() >= MOST
            || match self {
                Self::Request => is_request(begun, before),
                Self::Handshake => is_handshake(begun),
            }
    }
}

fn is_request(begun: &[u8], before: usize) -> bool {
    // Empty lines before a request are passed over (RFC 9112 section 2.2).
    let first = begun.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
    let Some((start, first)) = first.and_then(|start| Some((start, begun.get(start)?))) else {
        return false;
    };
    if !first.is_ascii_graphic() || begun.starts_with(PREFACE) {
        return true;
    }
    // An empty line after another one, whose end may have come before.
    let fresh = begun.get(before.saturating_sub(2).max(start)..);
    let fresh = fresh.unwrap_or_default();
    fresh.windows(2).any(|two| two == b"\n\n") || fresh.windows(3).any(|three| three == b"\n\r\n")
}

fn is_handshake(begun: &[u8]) -> bool {
    match begun.split_at_checked(RECORD_HEADER) {
        Some((&[HANDSHAKE, _, _, high, low], message)) => {
            message.len() >= usize::from(u16::from_be_bytes([high, low]))
        }
        Some(_) => true,
        None => begun.first() != Some(&HANDSHAKE),
    }
}

/// A stream whose first bytes have been read, and are read again.
pub(super) struct Reread<S> {
    begun: Vec<u8>,
    /// Bytes of `begun` that have been given.
    given: usize,
    stream: S,
}

impl<S> Reread<S> {
    /// The first byte, before anything is read.
    pub(super) fn first(&self) -> Option<u8> {
        self.begun.first().copied()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Reread<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.begun.get(self.given..).unwrap_or_default();
        if left.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = left.len().min(buffer.remaining());
        buffer.put_slice(left.get(..length).unwrap_or_default());
        self.given += length;
        if self.given == self.begun.len() {
            self.begun = Vec::new();
            self.given = 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Reread<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    /// Bytes that are needed until `opening` is complete, however they come.
    fn needed(opening: Opening, bytes: &[u8]) -> Option<usize> {
        let one_by_one = (1..=bytes.len()).find(|end| opening.is_complete(&bytes[..*end], end - 1));
        let at_once = (1..=bytes.len()).find(|end| opening.is_complete(&bytes[..*end], 0));
        assert_eq!(one_by_one, at_once, "{}", bytes.escape_ascii());
        one_by_one
    }

    #[test]
    fn a_request_waits_for_its_empty_line() {
        let request = |text: &str| needed(Opening::Request, text.as_bytes());
        for text in [
            "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "\r\n\n\r\nGET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\nhost: a\n\n",
            "a-method / HTTP/1.1\r\nhost: a\n\r\n",
            "PRI * HTTP/2.0\r\n",
        ] {
            assert_eq!(request(text), Some(text.len()), "{text:?}");
        }
        for text in [
            "G",
            "\r",
            "\n",
            "\r\n\r\n",
            "PRI",
            "GET / HTTP/1.1\r\nhost: a\r\n",
        ] {
            assert_eq!(request(text), None, "{text:?}");
        }
    }

    #[test]
    fn bytes_that_can_be_no_request_do_not_wait() {
        for bytes in [&b"\x16\x03\x01"[..], b"\0", b"\xff", b"\r\n "] {
            let needed = needed(Opening::Request, bytes);
            assert!(needed.is_some(), "{}", bytes.escape_ascii());
        }
        let long = vec![b'G'; 2 * MOST];
        assert!(Opening::Request.is_complete(&long, 0));
    }

    #[test]
    fn a_handshake_waits_for_its_first_record() {
        let record = [22, 3, 1, 0, 4, 1, 2, 3, 4];
        assert_eq!(needed(Opening::Handshake, &record), Some(record.len()));
        assert_eq!(needed(Opening::Handshake, b"GET /"), Some(1));
    }

    #[tokio::test]
    async fn nothing_is_lost_and_nothing_comes_twice() {
        let text = b"GET / HTTP/1.1\r\nhost: a\r\n\r\nthe body";
        for (first, capacity) in [(3, 7), (20, 4_096), (30, 4_096)] {
            let (mut client, server) = duplex(capacity);
            let sending = async {
                client.write_all(&text[..first]).await.unwrap();
                client.write_all(&text[first..]).await.unwrap();
                drop(client);
            };
            let reading = async {
                let mut stream = Opening::Request.read(server).await.unwrap();
                let mut all = Vec::new();
                stream.read_to_end(&mut all).await.unwrap();
                all
            };
            let ((), all) = tokio::join!(sending, reading);
            assert_eq!(all, text, "{first} {capacity}");
        }
    }

    #[tokio::test]
    async fn a_client_that_goes_leaves_nothing() {
        let (mut client, server) = duplex(64);
        client.write_all(b"G").await.unwrap();
        drop(client);
        assert!(Opening::Request.read(server).await.is_none());
    }
}
