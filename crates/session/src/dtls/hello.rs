//! A look into the first ClientHello: which engine should answer it. The engine reads it again in full;
//! nothing here is trusted further than that.

use crate::srtp::SrtpProfile;

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const RECORD_HEADER: usize = 13;
const USE_SRTP: u16 = 14;
const SUPPORTED_VERSIONS: u16 = 43;
const DTLS_13: u16 = 0xfefc;

/// The longest ClientHello that is put together, and the most datagrams that are held for it. Browsers
/// send one of about 1,700 bytes in two datagrams since they offer post-quantum keys.
const MAX_HELLO: usize = 8 * 1024;
const MAX_DATAGRAMS: usize = 16;

/// A client's first message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ClientHello {
    /// Whether DTLS 1.3 may be spoken.
    pub offers_13: bool,
    /// The protection profiles that we know, the client's preferred first.
    pub profiles: Vec<SrtpProfile>,
}

/// Datagrams until their fragments make up a whole ClientHello.
#[derive(Debug, Default)]
pub(super) struct Hellos {
    datagrams: Vec<Vec<u8>>,
    /// The message's body.
    body: Vec<u8>,
    /// True for each byte of the body that has arrived.
    came: Vec<bool>,
}

impl Hellos {
    /// Handles a datagram. `None` if it does not begin with a ClientHello, or with one that contradicts
    /// itself or an earlier fragment; `Some(None)` if more fragments have to come.
    pub(super) fn take(&mut self, datagram: &[u8]) -> Option<Option<ClientHello>> {
        let mut rest = Reader(datagram);
        let mut taken = false;
        while !rest.0.is_empty() {
            match rest.fragment() {
                Some(fragment) if self.place(&fragment) => taken = true,
                _ if taken => break,
                _ => return None,
            }
        }
        if self.datagrams.len() == MAX_DATAGRAMS {
            return None;
        }
        self.datagrams.push(datagram.to_vec());
        if self.came.contains(&false) {
            return Some(None);
        }
        ClientHello::read(&self.body).map(Some)
    }

    /// Everything that was taken in, to be read again by the engine.
    pub(super) fn into_datagrams(self) -> Vec<Vec<u8>> {
        self.datagrams
    }

    fn place(&mut self, fragment: &Fragment<'_>) -> bool {
        if self.datagrams.is_empty() && self.body.is_empty() && fragment.length <= MAX_HELLO {
            self.body = vec![0; fragment.length];
            self.came = vec![false; fragment.length];
        }
        let range = fragment.offset..fragment.offset + fragment.bytes.len();
        let places = (self.body.get_mut(range.clone()), self.came.get_mut(range));
        let (Some(body), Some(came)) = places else {
            return false;
        };
        body.copy_from_slice(fragment.bytes);
        came.fill(true);
        self.came.len() == fragment.length
    }
}

/// A piece of a ClientHello.
struct Fragment<'a> {
    length: usize,
    offset: usize,
    bytes: &'a [u8],
}

/// Reads fields from the front of a message.
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

    /// A vector preceded by a length of `length_bytes`.
    fn vector(&mut self, length_bytes: usize) -> Option<Reader<'a>> {
        let len = self.number(length_bytes)?;
        self.take(len).map(Reader)
    }

    /// A record with a ClientHello, or with a piece of one.
    fn fragment(&mut self) -> Option<Fragment<'a>> {
        if self.number(1)? != usize::from(HANDSHAKE) {
            return None;
        }
        self.take(RECORD_HEADER - 3)?;
        let mut message = self.vector(2)?;
        if message.number(1)? != usize::from(CLIENT_HELLO) {
            return None;
        }
        let length = message.number(3)?;
        let _message_sequence = message.number(2)?;
        let offset = message.number(3)?;
        let bytes = message.vector(3)?.0;
        Some(Fragment {
            length,
            offset,
            bytes,
        })
    }
}

impl ClientHello {
    /// `None` if the message contradicts itself.
    fn read(body: &[u8]) -> Option<Self> {
        let mut body = Reader(body);
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
        Some(Self {
            offers_13,
            profiles,
        })
    }
}

fn profile_of(id: &[u8]) -> Option<SrtpProfile> {
    id.first_chunk()
        .and_then(|id| SrtpProfile::from_dtls_id(u16::from_be_bytes(*id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ClientHello with 1.3, two profiles and a long extension, without its headers.
    fn body() -> Vec<u8> {
        let mut body = vec![0xfe, 0xfd];
        body.extend([7; 32]);
        body.extend([0, 0, 0, 2, 0x13, 0x01, 1, 0]);
        let mut extensions = vec![0, 43, 0, 5, 4, 0xfe, 0xfc, 0xfe, 0xfd];
        extensions.extend([0, 14, 0, 7, 0, 4, 0, 1, 0, 7, 0]);
        extensions.extend([0, 51, 4, 0]);
        extensions.extend([9; 1024]);
        body.extend((extensions.len() as u16).to_be_bytes());
        body.extend(extensions);
        body
    }

    fn record(body: &[u8], offset: usize, len: usize) -> Vec<u8> {
        let word = |value: usize| (value as u32).to_be_bytes();
        let mut message = vec![CLIENT_HELLO];
        message.extend(&word(body.len())[1..]);
        message.extend([0, 0]);
        message.extend(&word(offset)[1..]);
        message.extend(&word(len)[1..]);
        message.extend(&body[offset..offset + len]);
        let mut record = vec![HANDSHAKE, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
        record.extend((message.len() as u16).to_be_bytes());
        record.extend(message);
        record
    }

    fn expected() -> ClientHello {
        ClientHello {
            offers_13: true,
            profiles: vec![SrtpProfile::AesCm128HmacSha1_80, SrtpProfile::AeadAes128Gcm],
        }
    }

    #[test]
    fn a_hello_in_pieces_is_put_together_in_any_order() {
        let body = body();
        let whole = record(&body, 0, body.len());
        assert_eq!(Hellos::default().take(&whole), Some(Some(expected())));
        let pieces = [record(&body, 0, 600), record(&body, 500, body.len() - 500)];
        for (first, second) in [(0, 1), (1, 0)] {
            let mut hellos = Hellos::default();
            assert_eq!(hellos.take(&pieces[first]), Some(None));
            assert_eq!(hellos.take(&pieces[first]), Some(None), "said again");
            assert_eq!(hellos.take(&pieces[second]), Some(Some(expected())));
            assert_eq!(hellos.into_datagrams().len(), 3);
        }
        let both = pieces.concat();
        assert_eq!(Hellos::default().take(&both), Some(Some(expected())));
    }

    #[test]
    fn what_contradicts_itself_is_not_taken() {
        let body = body();
        let mut hellos = Hellos::default();
        assert_eq!(hellos.take(&[HANDSHAKE, 0xfe, 0xff]), None);
        assert_eq!(hellos.take(&record(&body, 0, 600)), Some(None));
        let mut other = body.clone();
        other.push(0);
        assert_eq!(
            hellos.take(&record(&other, 600, 400)),
            None,
            "another length"
        );
        let mut beyond = record(&body, 600, 100);
        beyond[19] = 0xff;
        assert_eq!(hellos.take(&beyond), None, "an offset behind the end");
        assert_eq!(
            Hellos::default().take(&record(&[0; 10_000], 0, 100)),
            None,
            "too long"
        );
        for _ in 0..100 {
            hellos.take(&record(&body, 0, 600));
        }
        assert_eq!(hellos.into_datagrams().len(), MAX_DATAGRAMS);
    }
}
