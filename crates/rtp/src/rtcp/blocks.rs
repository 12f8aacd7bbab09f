//! The fixed parts of sender and receiver reports (RFC 3550 section 6.4), for reading and writing.

/// The sender's part of an SR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SenderInfo {
    /// The sender's SSRC.
    pub ssrc: u32,
    /// Wall clock, NTP format.
    pub ntp: u64,
    /// The time of `ntp` in the stream's time stamps.
    pub rtp: u32,
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ReportBlock {
    /// The SSRC of the stream reported on.
    pub ssrc: u32,
    /// Share of packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost since the beginning; duplicates make it negative.
    pub lost: i32,
    /// Highest sequence number, with its cycles.
    pub highest: u32,
    /// Jitter in time stamp units.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last SR.
    pub last_sr: u32,
    /// Time since then in 1/65536 s.
    pub delay: u32,
}
