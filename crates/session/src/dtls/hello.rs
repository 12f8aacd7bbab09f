//! A look into the first ClientHello: which engine should answer it. The engine reads it again in full;
//! nothing here is trusted further than that.

use crate::srtp::SrtpProfile;

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const RECORD_HEADER: usize = 13;
const USE_SRTP: u16 = 14;
const SUPPORTED_VERSIONS: u16 = 43;
const DTLS_13: u16 = 0xfefc;

/// What the first datagram of a client says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum ClientHello {
    /// The beginning of a message in several fragments.
    Fragment,
    /// All of it.
    Whole {
        /// Whether DTLS 1.3 may be spoken.
        offers_13: bool,
        /// The protection profiles that we know, the client's preferred first.
        profiles: Vec<SrtpProfile>,
    },
}

/// Takes fields off the front of a message.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        let taken = self.take(bytes)?;
        Some(
            taken
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
        )
    }

    /// A vector with a length of so many bytes before it.
    fn vector(&mut self, length_bytes: usize) -> Option<Reader<'a>> {
        let len = self.number(length_bytes)?;
        self.take(len).map(Reader)
    }
}

impl ClientHello {
    /// `None` if the datagram does not begin with a ClientHello, or with one that contradicts itself.
    pub(super) fn peek(datagram: &[u8]) -> Option<Self> {
        let mut reader = Reader(datagram);
        if reader.number(1)? != usize::from(HANDSHAKE) {
            return None;
        }
        reader.take(RECORD_HEADER - 3)?;
        let mut message = reader.vector(2)?;
        if message.number(1)? != usize::from(CLIENT_HELLO) {
            return None;
        }
        let length = message.number(3)?;
        let _message_sequence = message.number(2)?;
        let offset = message.number(3)?;
        let mut body = message.vector(3)?;
        if offset != 0 || body.0.len() != length {
            return (offset + body.0.len() <= length).then_some(Self::Fragment);
        }
        let _version_and_random = body.take(2 + 32)?;
        let _session = body.vector(1)?;
        let _cookie = body.vector(1)?;
        let _cipher_suites = body.vector(2)?;
        let _compression = body.vector(1)?;
        let mut offers_13 = false;
        let mut profiles = Vec::new();
        let mut extensions = body.vector(2)?;
        while !extensions.0.is_empty() {
            let kind = extensions.number(2)?;
            let mut data = extensions.vector(2)?;
            if kind == usize::from(SUPPORTED_VERSIONS) {
                let list = data.vector(1)?;
                offers_13 = list
                    .0
                    .chunks_exact(2)
                    .any(|version| version == DTLS_13.to_be_bytes());
            } else if kind == usize::from(USE_SRTP) {
                let list = data.vector(2)?;
                profiles = list.0.chunks_exact(2).filter_map(profile_of).collect();
            }
        }
        Some(Self::Whole {
            offers_13,
            profiles,
        })
    }
}

fn profile_of(id: &[u8]) -> Option<SrtpProfile> {
    id.first_chunk()
        .and_then(|id| SrtpProfile::from_dtls_id(u16::from_be_bytes(*id)))
}
