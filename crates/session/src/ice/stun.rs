//! STUN messages (RFC 8489), as far as ICE needs them: one pass over borrowed bytes in, one buffer out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use aws_lc_rs::{constant_time, hmac};

use super::crc;

/// No message that is written here is longer.
pub const MAX_MESSAGE: usize = 320;

const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const FINGERPRINT_XOR: u32 = 0x5354_554e;
const INTEGRITY_LEN: usize = 20;

/// The class of a message. ICE only has the Binding method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub(super) enum Kind {
    /// A connectivity check.
    Request = 0x0001,
    /// A message that gets no answer.
    Indication = 0x0011,
    /// A check that worked.
    Success = 0x0101,
    /// A check that was refused.
    Error = 0x0111,
}

/// Attribute types (RFC 8489 section 18.3).
mod attribute {
    pub(super) const USERNAME: u16 = 0x0006;
    pub(super) const MESSAGE_INTEGRITY: u16 = 0x0008;
    pub(super) const ERROR_CODE: u16 = 0x0009;
    pub(super) const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
    pub(super) const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    pub(super) const PRIORITY: u16 = 0x0024;
    pub(super) const USE_CANDIDATE: u16 = 0x0025;
    pub(super) const FINGERPRINT: u16 = 0x8028;
    pub(super) const ICE_CONTROLLED: u16 = 0x8029;
    pub(super) const ICE_CONTROLLING: u16 = 0x802a;
    /// Known, but of no use to us: REALM, NONCE and MESSAGE-INTEGRITY-SHA256.
    pub(super) const PASSED_OVER: [u16; 3] = [0x0014, 0x0015, 0x001c];
}

/// Names one exchange of request and response.
pub(super) type Transaction = [u8; 12];

/// A message with valid lengths. It is not authentic before [`Message::is_authentic`] says so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    bytes: &'a [u8],
    pub(super) kind: Kind,
    /// The transaction that the message belongs to.
    pub(super) transaction: Transaction,
    /// USERNAME: both fragments, the receiver's first.
    pub(super) username: Option<&'a str>,
    pub(super) priority: Option<u32>,
    pub(super) use_candidate: bool,
    /// ICE-CONTROLLED: the sender takes itself for the controlled side.
    pub(super) controlled: bool,
    /// ERROR-CODE.
    pub(super) error: Option<u16>,
    /// The first attribute that must be understood and is not.
    pub(super) not_understood: Option<u16>,
    /// Where MESSAGE-INTEGRITY begins.
    integrity: Option<usize>,
    has_fingerprint: bool,
}

impl<'a> Message<'a> {
    /// Reads a Binding message. `None` if it is no such message, contradicts its own lengths, or has a
    /// FINGERPRINT that is wrong.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let header: &[u8; HEADER] = bytes.first_chunk()?;
        let [t0, t1, l0, l1, c0, c1, c2, c3, transaction @ ..] = *header;
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        if [c0, c1, c2, c3] != COOKIE || length % 4 != 0 || HEADER + length != bytes.len() {
            return None;
        }
        let kind = match u16::from_be_bytes([t0, t1]) {
            0x0001 => Kind::Request,
            0x0011 => Kind::Indication,
            0x0101 => Kind::Success,
            0x0111 => Kind::Error,
            _ => return None,
        };
        let mut message = Self {
            bytes,
            kind,
            transaction,
            username: None,
            priority: None,
            use_candidate: false,
            controlled: false,
            error: None,
            not_understood: None,
            integrity: None,
            has_fingerprint: false,
        };
        let mut at = HEADER;
        while at < bytes.len() {
            at = message.read_attribute(at)?;
        }
        Some(message)
    }

    /// Reads the attribute at `at`, and returns where the next one begins.
    fn read_attribute(&mut self, at: usize) -> Option<usize> {
        let rest = self.bytes.get(at..)?;
        let &[t0, t1, l0, l1] = rest.first_chunk::<4>()?;
        let kind = u16::from_be_bytes([t0, t1]);
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        let value = rest.get(4..4 + length)?;
        let next = at + 4 + length.next_multiple_of(4);
        if kind == attribute::FINGERPRINT {
            // Always the last one (RFC 8489 section 14.7).
            let is_last = next == self.bytes.len();
            self.has_fingerprint = is_last && value == self.fingerprint_before(at)?;
            return self.has_fingerprint.then_some(next);
        }
        if self.integrity.is_some() {
            // Attributes after MESSAGE-INTEGRITY are not protected and are ignored (RFC 8489 section 14.5).
            return Some(next);
        }
        match kind {
            attribute::USERNAME => self.username = Some(std::str::from_utf8(value).ok()?),
            attribute::MESSAGE_INTEGRITY if length == INTEGRITY_LEN => self.integrity = Some(at),
            attribute::ERROR_CODE => {
                let &[_, _, class, number] = value.first_chunk::<4>()?;
                self.error = Some(u16::from(class & 7) * 100 + u16::from(number));
            }
            attribute::PRIORITY => {
                self.priority = Some(u32::from_be_bytes(*value.first_chunk()?));
            }
            attribute::USE_CANDIDATE => self.use_candidate = true,
            attribute::ICE_CONTROLLED => self.controlled = true,
            attribute::XOR_MAPPED_ADDRESS | attribute::UNKNOWN_ATTRIBUTES => {}
            kind if kind < 0x8000 && !attribute::PASSED_OVER.contains(&kind) => {
                self.not_understood.get_or_insert(kind);
            }
            _ => {}
        }
        Some(next)
    }

    fn fingerprint_before(&self, at: usize) -> Option<[u8; 4]> {
        let crc = crc::finish(crc::update(crc::BEGIN, self.bytes.get(..at)?));
        Some((crc ^ FINGERPRINT_XOR).to_be_bytes())
    }

    /// The receiver's fragment of the user name.
    pub(super) fn receiver_ufrag(&self) -> Option<&'a str> {
        self.username?.split_once(':').map(|(ufrag, _)| ufrag)
    }

    /// True if the message has a FINGERPRINT (a wrong one is no message).
    pub(super) const fn has_fingerprint(&self) -> bool {
        self.has_fingerprint
    }

    /// True if MESSAGE-INTEGRITY is there and was made with this key.
    pub(super) fn is_authentic(&self, key: &hmac::Key) -> bool {
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

/// The HMAC over type, a length that ends with the attribute itself, and the bytes after the length.
fn integrity(key: &hmac::Key, head: &[u8], tail: &[u8]) -> hmac::Tag {
    let covered = head.len() + tail.len() + 4 + INTEGRITY_LEN - HEADER;
    let mut context = hmac::Context::with_key(key);
    context.update(head.get(..2).unwrap_or_default());
    context.update(&(covered as u16).to_be_bytes());
    context.update(tail);
    context.sign()
}

/// The key of a short-term credential.
pub(super) fn key_of(password: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes())
}

/// The user name fragment that a check is addressed to, read without authenticating anything: which
/// participant of a worker is to look at the datagram.
pub fn ufrag_of(datagram: &[u8]) -> Option<&str> {
    let message = Message::parse(datagram)?;
    match message.kind {
        Kind::Request => message.receiver_ufrag(),
        Kind::Indication | Kind::Success | Kind::Error => None,
    }
}

/// Writes one message to the front of a buffer. Attributes that don't fit are left out, and
/// [`Writer::finish`] reports it.
pub(super) struct Writer<'a> {
    out: &'a mut [u8],
    len: usize,
    overflow: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn begin(out: &'a mut [u8], kind: Kind, transaction: &Transaction) -> Self {
        let mut writer = Self {
            out,
            len: 0,
            overflow: false,
        };
        writer.put(&(kind as u16).to_be_bytes());
        writer.put(&[0, 0]);
        writer.put(&COOKIE);
        writer.put(transaction);
        writer
    }

    fn put(&mut self, bytes: &[u8]) {
        match self.out.get_mut(self.len..self.len + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            None => self.overflow = true,
        }
    }

    fn attribute(&mut self, kind: u16, parts: &[&[u8]]) -> &mut Self {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        self.put(&kind.to_be_bytes());
        self.put(&(length as u16).to_be_bytes());
        for part in parts {
            self.put(part);
        }
        let padding = length.next_multiple_of(4) - length;
        self.put([0; 3].get(..padding).unwrap_or_default());
        self
    }

    pub(super) fn username(&mut self, receiver: &str, sender: &str) -> &mut Self {
        let parts = [receiver.as_bytes(), b":", sender.as_bytes()];
        self.attribute(attribute::USERNAME, &parts)
    }

    pub(super) fn priority(&mut self, priority: u32) -> &mut Self {
        self.attribute(attribute::PRIORITY, &[&priority.to_be_bytes()])
    }

    pub(super) fn controlling(&mut self, tie_breaker: u64) -> &mut Self {
        self.attribute(attribute::ICE_CONTROLLING, &[&tie_breaker.to_be_bytes()])
    }

    pub(super) fn use_candidate(&mut self) -> &mut Self {
        self.attribute(attribute::USE_CANDIDATE, &[])
    }

    pub(super) fn error(&mut self, code: u16, reason: &str) -> &mut Self {
        let number = [0, 0, (code / 100) as u8, (code % 100) as u8];
        self.attribute(attribute::ERROR_CODE, &[&number, reason.as_bytes()])
    }

    pub(super) fn unknown_attribute(&mut self, kind: u16) -> &mut Self {
        self.attribute(attribute::UNKNOWN_ATTRIBUTES, &[&kind.to_be_bytes()])
    }

    pub(super) fn xor_mapped_address(
        &mut self,
        addr: SocketAddr,
        transaction: &Transaction,
    ) -> &mut Self {
        let [c0, c1, c2, c3] = COOKIE;
        let port = addr.port() ^ u16::from_be_bytes([c0, c1]);
        match addr.ip().to_canonical() {
            IpAddr::V4(ip) => {
                let ip = u32::from(ip) ^ u32::from_be_bytes(COOKIE);
                let ip = Ipv4Addr::from(ip).octets();
                let family = [0, 1];
                let parts: [&[u8]; 3] = [&family, &port.to_be_bytes(), &ip];
                self.attribute(attribute::XOR_MAPPED_ADDRESS, &parts)
            }
            IpAddr::V6(ip) => {
                let [t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11] = *transaction;
                let mask = u128::from_be_bytes([
                    c0, c1, c2, c3, t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11,
                ]);
                let ip = Ipv6Addr::from(u128::from(ip) ^ mask).octets();
                let family = [0, 2];
                let parts: [&[u8]; 3] = [&family, &port.to_be_bytes(), &ip];
                self.attribute(attribute::XOR_MAPPED_ADDRESS, &parts)
            }
        }
    }

    /// Adds MESSAGE-INTEGRITY and FINGERPRINT. Returns the length of the message, or `None` if the
    /// buffer was too short.
    pub(super) fn finish(&mut self, key: &hmac::Key) -> Option<usize> {
        if self.overflow {
            return None;
        }
        let written = self.out.get(..self.len)?;
        let (head, tail) = written.split_at_checked(4)?;
        let tag = integrity(key, head, tail);
        self.attribute(attribute::MESSAGE_INTEGRITY, &[tag.as_ref()]);
        let total = self.len + 8;
        let length = ((total - HEADER) as u16).to_be_bytes();
        self.out.get_mut(2..4)?.copy_from_slice(&length);
        let crc = crc::finish(crc::update(crc::BEGIN, self.out.get(..self.len)?));
        let value = (crc ^ FINGERPRINT_XOR).to_be_bytes();
        self.attribute(attribute::FINGERPRINT, &[&value]);
        (!self.overflow).then_some(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5769 section 2.1: a request, with its padding of spaces.
    const REQUEST: &[u8] = b"\x00\x01\x00\x58\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\
        \x87\xdf\xae\x80\x22\x00\x10STUN test client\x00\x24\x00\x04\x6e\x00\x01\xff\
        \x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\x3b\x36\x00\x06\x00\x09evtj:h6vY   \
        \x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\
        \x71\xa2\x80\x28\x00\x04\xe5\x7a\x3b\xcf";
    const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

    #[test]
    fn the_request_of_rfc_5769_is_read_and_authentic() {
        let message = Message::parse(REQUEST).expect("a message");
        assert_eq!(message.kind, Kind::Request);
        assert_eq!(message.username, Some("evtj:h6vY"));
        assert_eq!(message.receiver_ufrag(), Some("evtj"));
        assert_eq!(message.priority, Some(0x6e00_01ff));
        assert!(message.controlled && !message.use_candidate && message.has_fingerprint());
        assert!(message.is_authentic(&key_of(PASSWORD)));
        assert!(!message.is_authentic(&key_of("another")));
        assert_eq!(ufrag_of(REQUEST), Some("evtj"));
    }

    #[test]
    fn a_changed_byte_is_noticed_wherever_it_is() {
        for at in 0..REQUEST.len() {
            let mut changed = REQUEST.to_vec();
            changed[at] ^= 1;
            let message = Message::parse(&changed);
            let is_whole = message.is_some_and(|message| message.has_fingerprint());
            assert!(!is_whole, "byte {at}");
        }
        for len in 0..REQUEST.len() {
            assert!(Message::parse(&REQUEST[..len]).is_none(), "length {len}");
        }
    }

    #[test]
    fn the_responses_of_rfc_5769_are_what_we_write() {
        // Sections 2.2 and 2.3, without the SOFTWARE attribute that they carry: the mapped addresses.
        let transaction = *Message::parse(REQUEST)
            .expect("a message")
            .transaction
            .first_chunk()
            .expect("twelve");
        let check = |addr: &str, expected: &[u8]| {
            let mut out = [0; MAX_MESSAGE];
            let mut writer = Writer::begin(&mut out, Kind::Success, &transaction);
            writer.xor_mapped_address(addr.parse().expect("an address"), &transaction);
            let len = writer.finish(&key_of(PASSWORD)).expect("it fits");
            assert_eq!(&out[20..20 + expected.len()], expected);
            let message = Message::parse(&out[..len]).expect("a message");
            assert!(message.is_authentic(&key_of(PASSWORD)) && message.has_fingerprint());
        };
        check(
            "192.0.2.1:32853",
            b"\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43",
        );
        check(
            "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
            b"\x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\
              \xd2\xb9\xd9",
        );
        // An IPv4 address that a dual-stack socket shows as IPv6 is reported as IPv4.
        check(
            "[::ffff:192.0.2.1]:32853",
            b"\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43",
        );
    }

    #[test]
    fn an_attribute_after_the_integrity_does_not_count() {
        let key = key_of(PASSWORD);
        let mut out = [0; MAX_MESSAGE];
        let mut writer = Writer::begin(&mut out, Kind::Request, &[7; 12]);
        writer.username("a", "b");
        let tag = {
            let written = &writer.out[..writer.len];
            integrity(&key, &written[..4], &written[4..])
        };
        writer.attribute(attribute::MESSAGE_INTEGRITY, &[tag.as_ref()]);
        writer.use_candidate();
        let len = writer.len;
        out[2..4].copy_from_slice(&((len - HEADER) as u16).to_be_bytes());
        let message = Message::parse(&out[..len]).expect("a message");
        assert!(message.is_authentic(&key));
        assert!(!message.use_candidate && !message.has_fingerprint());
    }

    #[test]
    fn a_message_that_does_not_fit_is_not_finished() {
        for len in 0..60 {
            let mut out = vec![0; len];
            let mut writer = Writer::begin(&mut out, Kind::Request, &[7; 12]);
            assert_eq!(
                writer.username("a", "b").finish(&key_of("x")),
                None,
                "{len}"
            );
        }
    }
}
