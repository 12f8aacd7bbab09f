//! Impairments of a link as text: `rate=500k,delay=30ms,loss=5%`. The error for an unknown word lists the
//! known ones.

use std::time::Duration;

use crate::link::Impairment;

/// The words, with an example each.
pub const KEYS: &str = "rate=3m (bits a second, 0 is unlimited), queue=300ms, delay=30ms, jitter=20ms, \
     loss=0.05 (or 5%), burst=0.01 (chance that one begins), burst-length=5, reorder=0.1, \
     duplicate=0.01, stall=200ms, stall-every=1s, down=yes|no; clean sets all of them back";

/// Changes `impairment` by `text`; settings that it does not name stay.
pub fn apply(impairment: &mut Impairment, text: &str) -> Result<(), String> {
    let mut changed = *impairment;
    for setting in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        if setting == "clean" {
            changed = Impairment::default();
            continue;
        }
        let Some((key, value)) = setting.split_once('=') else {
            return Err(format!("\"{setting}\" is no setting. There are: {KEYS}"));
        };
        apply_one(&mut changed, key.trim(), value.trim())?;
    }
    *impairment = changed;
    Ok(())
}

fn apply_one(to: &mut Impairment, key: &str, value: &str) -> Result<(), String> {
    let wrong = |wanted: &str| format!("{key}={value}: expected {wanted}");
    let time = || duration(value).ok_or_else(|| wrong("a time, such as 30ms, 1.5s or 0"));
    let share = || share(value).ok_or_else(|| wrong("a share, such as 0.05 or 5%"));
    match key {
        "rate" => to.rate_bps = rate(value).ok_or_else(|| wrong("bits a second, such as 500k"))?,
        "queue" => to.queue = time()?,
        "delay" => to.delay = time()?,
        "jitter" => to.jitter = time()?,
        "stall" => to.stall = time()?,
        "stall-every" => to.stall_every = time()?,
        "loss" => to.loss = share()?,
        "burst" => to.burst_start = share()?,
        "reorder" => to.reorder = share()?,
        "duplicate" => to.duplicate = share()?,
        "burst-length" => {
            let length = value.parse().ok();
            let length = length.filter(|length: &f64| (1.0..=1_000.0).contains(length));
            to.burst_length = length.ok_or_else(|| wrong("a number of packets from 1 to 1000"))?;
        }
        "down" => {
            to.down = match value {
                "yes" => true,
                "no" => false,
                _ => return Err(wrong("yes or no")),
            };
        }
        _ => return Err(format!("\"{key}\" cannot be set. There are: {KEYS}")),
    }
    Ok(())
}

/// Bits a second: `500k`, `3m`, `1g` or a plain number.
pub fn rate(text: &str) -> Option<u64> {
    let (number, factor) = match text.char_indices().last()? {
        (at, 'k') => (text.get(..at)?, 1e3),
        (at, 'm') => (text.get(..at)?, 1e6),
        (at, 'g') => (text.get(..at)?, 1e9),
        _ => (text, 1.0),
    };
    let bps = number.parse::<f64>().ok()? * factor;
    (0.0..=1e12).contains(&bps).then_some(bps as u64)
}

/// A time: `200us`, `30ms`, `1.5s`, or 0.
pub fn duration(text: &str) -> Option<Duration> {
    let end = text.find(|it: char| it.is_ascii_alphabetic());
    let (number, unit) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let scale = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "" if number == "0" => 1.0,
        _ => return None,
    };
    let seconds = number.parse::<f64>().ok()? * scale;
    let bounded = (0.0..=86_400.0).contains(&seconds);
    bounded.then(|| Duration::from_secs_f64(seconds))
}

fn share(text: &str) -> Option<f64> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    (0.0..=1.0).contains(&share).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_changes_and_the_rest_stays() {
        let mut held = Impairment::default();
        apply(
            &mut held,
            "rate=500k, delay=30ms,loss=5%,stall=0.2s,down=yes",
        )
        .unwrap();
        let wanted = Impairment {
            rate_bps: 500_000,
            delay: Duration::from_millis(30),
            loss: 0.05,
            stall: Duration::from_millis(200),
            down: true,
            ..Impairment::default()
        };
        assert_eq!(held, wanted);
        apply(&mut held, "down=no,rate=3m").unwrap();
        assert_eq!((held.rate_bps, held.down), (3_000_000, false));
        assert_eq!(held.delay, Duration::from_millis(30));
        apply(&mut held, "clean").unwrap();
        assert_eq!(held, Impairment::default());
    }

    #[test]
    fn what_is_not_understood_changes_nothing_and_is_explained() {
        for (text, explained) in [
            ("rate", "There are: rate=3m"),
            ("speed=3m", "\"speed\" cannot be set"),
            ("delay=30ms,rate=fast", "rate=fast: expected bits"),
            ("rate=-1", "expected bits"),
            ("loss=120%", "expected a share"),
            ("delay=30", "expected a time"),
            ("delay=30é", "expected a time"),
            ("burst-length=0", "from 1 to 1000"),
            ("down=maybe", "yes or no"),
            ("loss=NaN", "expected a share"),
        ] {
            let mut held = Impairment::default();
            let error = apply(&mut held, text).unwrap_err();
            assert!(error.contains(explained), "{text}: {error}");
            assert_eq!(held, Impairment::default(), "{text}");
        }
    }
}
