//! The range of estimates.

/// The least that is ever estimated: enough for audio.
pub const MIN_BPS: u64 = 50_000;
/// The highest estimate.
pub const MAX_BPS: u64 = 50_000_000;
/// The estimate for a path before any feedback.
pub const START_BPS: u64 = 1_000_000;
