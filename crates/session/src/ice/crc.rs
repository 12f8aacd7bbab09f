//! CRC-32 of ITU V.42, for the FINGERPRINT attribute.

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            };
            bit += 1;
        }
        #[allow(
            clippy::indexing_slicing,
            reason = "a loop over the table's own length"
        )]
        {
            table[byte] = crc;
        }
        byte += 1;
    }
    table
}

/// Goes on with a CRC; begin with [`BEGIN`], and [`finish`] it.
pub(super) fn update(crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, byte| {
        let at = usize::from(crc as u8 ^ byte);
        crc >> 8 ^ TABLE.get(at).copied().unwrap_or_default()
    })
}

pub(super) const BEGIN: u32 = u32::MAX;

pub(super) const fn finish(crc: u32) -> u32 {
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_is_that_of_the_standard() {
        assert_eq!(finish(update(BEGIN, b"123456789")), 0xcbf4_3926);
        let split = update(update(BEGIN, b"1234"), b"56789");
        assert_eq!(finish(split), 0xcbf4_3926);
    }
}
