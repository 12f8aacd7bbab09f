//! Texts of errors that came from another node. Errors hold texts of the program; those of a node with another version
//! may differ, and are kept once each.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Deserializer};

/// A text of the program.
pub(super) type Text = &'static str;

/// Different texts that are kept; the program has fewer.
const MOST_TEXTS: usize = 512;
/// Bytes of one text.
const MOST_BYTES: usize = 512;
/// Stands for a text that there is no room for.
const OTHER: Text = "another node of the cluster refused it; see its log";

static TEXTS: Mutex<BTreeSet<Text>> = Mutex::new(BTreeSet::new());

/// Reads a text, and keeps it for the life of the process.
pub(super) fn read_text<'de, D: Deserializer<'de>>(from: D) -> Result<Text, D::Error> {
    String::deserialize(from).map(|text| kept(&text))
}

fn kept(text: &str) -> Text {
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = texts.get(text) {
        return known;
    }
    if texts.len() >= MOST_TEXTS || text.len() > MOST_BYTES {
        return OTHER;
    }
    let text: Text = Box::leak(text.to_owned().into_boxed_str());
    texts.insert(text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_kept_once_and_bounded() {
        let first = kept("the same");
        assert!(std::ptr::eq(first, kept("the same")));
        assert_eq!(kept(&"x".repeat(MOST_BYTES + 1)), OTHER);
        for number in 0..2 * MOST_TEXTS {
            kept(&format!("text {number}"));
        }
        assert_eq!(kept("one more"), OTHER);
    }
}
