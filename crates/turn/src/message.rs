//! STUN messages (RFC 8489) as TURN uses them (RFC 8656): one pass over borrowed bytes in, one buffer out.
//!
//! FINGERPRINT is neither checked nor written: nothing but TURN comes this way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;

use aws_lc_rs::{constant_time, hmac};

/// The length of a STUN header.
pub(crate) const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const INTEGRITY_LEN: usize = 20;
/// Attributes that a message may have that must be understood and are not.
const MAX_UNKNOWN: usize = 4;

/// Names one exchange of request and response.
pub type Transaction = [u8; 12];

/// The methods of STUN and TURN that the server knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub(crate) enum Method {
    Binding = 1,
    Allocate = 3,
    Refresh = 4,
    Send = 6,
    Data = 7,
    CreatePermission = 8,
    ChannelBind = 9,
}

/// The class of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub(crate) enum Class {
    Request = 0x000,
    Indication = 0x010,
    Success = 0x100,
    Error = 0x110,
}

/// Attribute types (RFC 8489 section 18.3, RFC 8656 section 18).
pub(crate) mod attribute {
    pub(crate) const USERNAME: u16 = 0x0006;
    pub(crate) const MESSAGE_INTEGRITY: u16 = 0x0008;
    pub(crate) const ERROR_CODE: u16 = 0x0009;
    pub(crate) const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
    pub(crate) const CHANNEL_NUMBER: u16 = 0x000c;
    pub(crate) const LIFETIME: u16 = 0x000d;
    pub(crate) const XOR_PEER_ADDRESS: u16 = 0x0012;
    pub(crate) const DATA: u16 = 0x0013;
    pub(crate) const REALM: u16 = 0x0014;
    pub(crate) const NONCE: u16 = 0x0015;
    pub(crate) const XOR_RELAYED_ADDRESS: u16 = 0x0016;
    pub(crate) const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
    pub(crate) const REQUESTED_TRANSPORT: u16 = 0x0019;
    /// Allowed, and nothing to do about: no packet leaves the process.
    pub(crate) const DONT_FRAGMENT: u16 = 0x001a;
    pub(crate) const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    pub(crate) const SOFTWARE: u16 = 0x8022;
    /// ICE attributes of a Binding request, of no use here: PRIORITY, USE-CANDIDATE.
    pub(crate) const PASSED_OVER: [u16; 2] = [0x0024, 0x0025];
}

/// A message with valid lengths. It is not authentic before [`Message::is_authentic`] says so.
#[derive(Clone, Debug)]
pub(crate) struct Message<'a> {
    bytes: &'a [u8],
    pub(crate) method: Method,
    pub(crate) class: Class,
    pub(crate) transaction: Transaction,
    pub(crate) username: Option<&'a [u8]>,
    pub(crate) realm: Option<&'a [u8]>,
    pub(crate) nonce: Option<&'a [u8]>,
    pub(crate) lifetime: Option<u32>,
    pub(crate) transport: Option<u8>,
    /// REQUESTED-ADDRESS-FAMILY: 1 for IPv4, 2 for IPv6.
    pub(crate) family: Option<u8>,
    pub(crate) channel: Option<u16>,
    /// DATA, as a range of the message.
    pub(crate) data: Option<Range<usize>>,
    unknown: [u16; MAX_UNKNOWN],
    unknown_len: usize,
    /// Where MESSAGE-INTEGRITY begins.
    integrity: Option<usize>,
}

/// True if a datagram or message begins as STUN does: the first two bits are 0. Channel data begins with 01.
pub const fn is_stun(first: u8) -> bool {
    first < 0x40
}

/// One attribute: its type, where its value is, and where the next one begins.
struct Attribute<'a> {
    kind: u16,
    value: &'a [u8],
    at: usize,
    next: usize,
}

fn attribute_at(bytes: &[u8], at: usize) -> Option<Attribute<'_>> {
    let rest = bytes.get(at..)?;
    let &[t0, t1, l0, l1] = rest.first_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let value = rest.get(4..4 + length)?;
    let next = at + 4 + length.next_multiple_of(4);
    (next <= bytes.len()).then_some(Attribute {
        kind: u16::from_be_bytes([t0, t1]),
        value,
        at: at + 4,
        next,
    })
}

impl<'a> Message<'a> {
    /// Reads a message. `None` if it is none, contradicts its own lengths, or has a method that is unknown.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let header: &[u8; HEADER] = bytes.first_chunk()?;
        let [t0, t1, l0, l1, c0, c1, c2, c3, transaction @ ..] = *header;
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        if [c0, c1, c2, c3] != COOKIE || length % 4 != 0 || HEADER + length != bytes.len() {
            return None;
        }
        let (method, class) = kind_of(u16::from_be_bytes([t0, t1]))?;
        let mut message = Self {
            bytes,
            method,
            class,
            transaction,
            username: None,
            realm: None,
            nonce: None,
            lifetime: None,
            transport: None,
            family: None,
            channel: None,
            data: None,
            unknown: [0; MAX_UNKNOWN],
            unknown_len: 0,
            integrity: None,
        };
        let mut at = HEADER;
        while at < bytes.len() {
            let attribute = attribute_at(bytes, at)?;
            // Attributes after MESSAGE-INTEGRITY are not protected and are ignored (RFC 8489 section 14.5).
            if message.integrity.is_none() {
                message.take(&attribute, at)?;
            }
            at = attribute.next;
        }
        Some(message)
    }

    fn take(&mut self, attribute: &Attribute<'a>, begins: usize) -> Option<()> {
        let value = attribute.value;
        let word = || value.first_chunk().map(|word| u32::from_be_bytes(*word));
        match attribute.kind {
            attribute::USERNAME => self.username = Some(value),
            attribute::REALM => self.realm = Some(value),
            attribute::NONCE => self.nonce = Some(value),
            attribute::MESSAGE_INTEGRITY if value.len() == INTEGRITY_LEN => {
                self.integrity = Some(begins);
            }
            attribute::LIFETIME => self.lifetime = Some(word()?),
            attribute::REQUESTED_TRANSPORT => self.transport = Some(*value.first()?),
            attribute::REQUESTED_ADDRESS_FAMILY => self.family = Some(*value.first()?),
            attribute::CHANNEL_NUMBER => {
                self.channel = Some(u16::from_be_bytes(*value.first_chunk()?));
            }
            attribute::DATA => self.data = Some(attribute.at..attribute.at + value.len()),
            attribute::XOR_PEER_ADDRESS => {
                self.address(value)?;
            }
            attribute::DONT_FRAGMENT | attribute::ERROR_CODE | attribute::UNKNOWN_ATTRIBUTES => {}
            attribute::XOR_MAPPED_ADDRESS | attribute::XOR_RELAYED_ADDRESS => {}
            kind if kind < 0x8000 && !attribute::PASSED_OVER.contains(&kind) => {
                if let Some(place) = self.unknown.get_mut(self.unknown_len) {
                    *place = kind;
                    self.unknown_len += 1;
                }
            }
            _ => {}
        }
        Some(())
    }

    /// Attributes that must be understood and are not.
    pub(crate) fn unknown(&self) -> &[u16] {
        self.unknown.get(..self.unknown_len).unwrap_or_default()
    }

    /// Every XOR-PEER-ADDRESS.
    pub(crate) fn peers(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        let end = self.integrity.unwrap_or(self.bytes.len());
        let mut at = HEADER;
        std::iter::from_fn(move || {
            while at < end {
                let attribute = attribute_at(self.bytes, at)?;
                at = attribute.next;
                if attribute.kind == attribute::XOR_PEER_ADDRESS {
                    return self.address(attribute.value);
                }
            }
            None
        })
    }

    /// An address, masked (RFC 8489 section 14.2).
    fn address(&self, value: &[u8]) -> Option<SocketAddr> {
        let (&[_, family, p0, p1], rest) = value.split_first_chunk::<4>()?;
        let [c0, c1, ..] = COOKIE;
        let port = u16::from_be_bytes([p0 ^ c0, p1 ^ c1]);
        let ip = match family {
            1 => {
                let ip = u32::from_be_bytes(*rest.first_chunk()?) ^ u32::from_be_bytes(COOKIE);
                IpAddr::V4(Ipv4Addr::from(ip))
            }
            2 => {
                let ip = u128::from_be_bytes(*rest.first_chunk()?) ^ mask_v6(&self.transaction);
                IpAddr::V6(Ipv6Addr::from(ip))
            }
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    }

    /// True if it has a MESSAGE-INTEGRITY, right or wrong.
    pub(crate) const fn is_signed(&self) -> bool {
        self.integrity.is_some()
    }

    /// True if MESSAGE-INTEGRITY is there and was made with this key.
    pub(crate) fn is_authentic(&self, key: &hmac::Key) -> bool {
        let signed = self
            .integrity
            .and_then(|at| self.bytes.split_at_checked(at));
        let Some((signed, rest)) = signed else {
            return false;
        };
        let (Some(tag), Some((head, tail))) =
            (rest.get(4..4 + INTEGRITY_LEN), signed.split_at_checked(4))
        else {
            return false;
        };
        let expected = integrity(key, head, tail);
        constant_time::verify_slices_are_equal(expected.as_ref(), tag).is_ok()
    }
}

fn kind_of(kind: u16) -> Option<(Method, Class)> {
    let class = match kind & 0x0110 {
        0x000 => Class::Request,
        0x010 => Class::Indication,
        0x100 => Class::Success,
        _ => Class::Error,
    };
    let method = match kind & !0x0110 {
        1 => Method::Binding,
        3 => Method::Allocate,
        4 => Method::Refresh,
        6 => Method::Send,
        7 => Method::Data,
        8 => Method::CreatePermission,
        9 => Method::ChannelBind,
        _ => return None,
    };
    Some((method, class))
}

fn mask_v6(transaction: &Transaction) -> u128 {
    let mut mask = [0; 16];
    let (front, back) = mask.split_at_mut(4);
    front.copy_from_slice(&COOKIE);
    back.copy_from_slice(transaction);
    u128::from_be_bytes(mask)
}

/// The HMAC over type, a length that ends with the attribute itself, and the bytes after the length.
fn integrity(key: &hmac::Key, head: &[u8], tail: &[u8]) -> hmac::Tag {
    let covered = head.len() + tail.len() + 4 + INTEGRITY_LEN - HEADER;
    let mut context = hmac::Context::with_key(key);
    context.update(head.get(..2).unwrap_or_default());
    context.update(&(covered as u16).to_be_bytes());
    context.update(tail);
    context.sign()
}

/// Appends one message to a buffer.
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    begins: usize,
    transaction: Transaction,
}

impl<'a> Writer<'a> {
    pub(crate) fn begin(
        out: &'a mut Vec<u8>,
        (method, class): (Method, Class),
        transaction: Transaction,
    ) -> Self {
        let begins = out.len();
        out.extend_from_slice(&(method as u16 | class as u16).to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&COOKIE);
        out.extend_from_slice(&transaction);
        Self {
            out,
            begins,
            transaction,
        }
    }

    pub(crate) fn attribute(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        self.out.extend_from_slice(&kind.to_be_bytes());
        self.out
            .extend_from_slice(&(value.len() as u16).to_be_bytes());
        self.out.extend_from_slice(value);
        let padding = value.len().next_multiple_of(4) - value.len();
        self.out.extend(std::iter::repeat_n(0, padding));
        self
    }

    pub(crate) fn word(&mut self, kind: u16, word: u32) -> &mut Self {
        self.attribute(kind, &word.to_be_bytes())
    }

    pub(crate) fn error(&mut self, code: u16) -> &mut Self {
        let number = [0, 0, (code / 100) as u8, (code % 100) as u8];
        self.attribute(attribute::ERROR_CODE, &number)
    }

    pub(crate) fn unknown(&mut self, kinds: &[u16]) -> &mut Self {
        let bytes: Vec<u8> = kinds.iter().flat_map(|kind| kind.to_be_bytes()).collect();
        self.attribute(attribute::UNKNOWN_ATTRIBUTES, &bytes)
    }

    pub(crate) fn address(&mut self, kind: u16, addr: SocketAddr) -> &mut Self {
        let [c0, c1, ..] = COOKIE;
        let [p0, p1] = addr.port().to_be_bytes();
        let mut value = [0; 20];
        let (head, rest) = value.split_at_mut(4);
        let length = match addr.ip().to_canonical() {
            IpAddr::V4(ip) => {
                let ip = u32::from(ip) ^ u32::from_be_bytes(COOKIE);
                head.copy_from_slice(&[0, 1, p0 ^ c0, p1 ^ c1]);
                rest.split_at_mut(4).0.copy_from_slice(&ip.to_be_bytes());
                8
            }
            IpAddr::V6(ip) => {
                let ip = u128::from(ip) ^ mask_v6(&self.transaction);
                head.copy_from_slice(&[0, 2, p0 ^ c0, p1 ^ c1]);
                rest.copy_from_slice(&ip.to_be_bytes());
                20
            }
        };
        self.attribute(kind, value.get(..length).unwrap_or_default())
    }

    /// Completes the message, signed if there is a key.
    pub(crate) fn finish(&mut self, key: Option<&hmac::Key>) {
        if let Some(key) = key {
            let written = self.out.get(self.begins..).unwrap_or_default();
            if let Some((head, tail)) = written.split_at_checked(4) {
                let tag = integrity(key, head, tail);
                self.attribute(attribute::MESSAGE_INTEGRITY, tag.as_ref());
            }
        }
        let length = (self.out.len() - self.begins - HEADER) as u16;
        if let Some(place) = self.out.get_mut(self.begins + 2..self.begins + 4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_their_mask() {
        for addr in [
            "192.0.2.1:32853",
            "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
        ] {
            let addr: SocketAddr = addr.parse().expect("an address");
            let mut out = Vec::new();
            Writer::begin(&mut out, (Method::Send, Class::Indication), [7; 12])
                .address(attribute::XOR_PEER_ADDRESS, addr)
                .attribute(attribute::DATA, b"hello")
                .finish(None);
            let message = Message::parse(&out).expect("a message");
            assert_eq!(message.peers().collect::<Vec<_>>(), [addr]);
            assert_eq!(&out[message.data.expect("data")], b"hello");
        }
    }

    /// RFC 5769 section 2.4: a request with long-term authentication.
    #[test]
    fn the_long_term_request_of_rfc_5769_is_authentic() {
        const REQUEST: &[u8] = b"\x00\x01\x00\x60\x21\x12\xa4\x42\x78\xad\x34\x33\xc6\xad\x72\xc0\x29\xda\
            \x41\x2e\x00\x06\x00\x12\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf\xe3\x82\
            \xb9\x00\x00\x00\x15\x00\x1cf//499k954d6OL34oL9FSTvy64sA\x00\x14\x00\x0bexample.org\x00\x00\
            \x08\x00\x14\xf6\x70\x24\x65\x6d\xd6\x4a\x3e\x02\xb8\xe0\x71\x2e\x85\xc9\xa2\x8c\xa8\x96\x66";
        let message = Message::parse(REQUEST).expect("a message");
        let user = "マトリックス";
        assert_eq!(message.username, Some(user.as_bytes()));
        let key = crate::credentials::long_term_key(user, "example.org", "TheMatrIX");
        assert!(message.is_authentic(&key));
        let other = crate::credentials::long_term_key(user, "example.org", "another");
        assert!(!message.is_authentic(&other));
    }
}
