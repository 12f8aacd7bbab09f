//! The line grammar of SDP (RFC 8866): lines with their numbers, cut into sections, and nothing more. Bounded
//! and tolerant of irrelevant lines, and every refusal names its line.

use thiserror::Error;

/// The longest offer that is read.
pub const MAX_OFFER_BYTES: usize = 256 * 1024;
/// The most media sections that an offer may have.
pub const MAX_MEDIA_SECTIONS: usize = 512;
/// The longest line; real ones stay under 300 bytes.
const MAX_LINE_BYTES: usize = 4 * 1024;

/// Why an offer was refused. Nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("line {line}: {sentence}")]
pub struct OfferError {
    /// The line of the offer that the sentence is about, counted from 1.
    pub line: usize,
    /// The problem and its remedy, in a sentence for a person.
    pub sentence: String,
}

impl OfferError {
    pub(crate) fn new(line: usize, sentence: impl Into<String>) -> Self {
        Self {
            line,
            sentence: sentence.into(),
        }
    }
}

/// One line, `kind=value`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    pub number: usize,
    pub kind: u8,
    pub value: &'a str,
}

/// The session part, or one media section with its `m=` line first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Section<'a> {
    pub lines: Vec<Line<'a>>,
}

/// A whole text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sections<'a> {
    pub session: Section<'a>,
    pub media: Vec<Section<'a>>,
    pub last_line: usize,
}

impl<'a> Section<'a> {
    /// The number of its first line.
    pub(crate) fn number(&self) -> usize {
        self.lines.first().map_or(1, |line| line.number)
    }

    /// All attributes `a=name` and `a=name:value`: line number and value.
    pub(crate) fn attributes(&self, name: &str) -> impl Iterator<Item = (usize, &'a str)> {
        self.lines
            .iter()
            .filter_map(move |line| match attribute(line)? {
                (found, value) if found == name => Some((line.number, value)),
                _ => None,
            })
    }

    /// The first attribute of that name.
    pub(crate) fn attribute(&self, name: &str) -> Option<(usize, &'a str)> {
        self.attributes(name).next()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }
}

/// Name and value of an `a=` line; the value is empty where there is none.
pub(crate) fn attribute<'a>(line: &Line<'a>) -> Option<(&'a str, &'a str)> {
    if line.kind != b'a' {
        return None;
    }
    let (name, value) = line.value.split_once(':').unwrap_or((line.value, ""));
    Some((name.trim(), value.trim()))
}

impl<'a> Sections<'a> {
    /// Cuts a text into sections.
    pub(crate) fn of(text: &'a str) -> Result<Self, OfferError> {
        if text.len() > MAX_OFFER_BYTES {
            let line = line_at(text, MAX_OFFER_BYTES);
            let sentence = format!(
                "the offer has {} bytes, the limit of {MAX_OFFER_BYTES} is passed here",
                text.len()
            );
            return Err(OfferError::new(line, sentence));
        }
        let mut sections = Self::default();
        for (index, raw) in text.split_inclusive('\n').enumerate() {
            sections.last_line = index + 1;
            if let Some(line) = line(index + 1, raw)? {
                sections.push(line)?;
            }
        }
        sections.check_begin()?;
        Ok(sections)
    }

    fn push(&mut self, line: Line<'a>) -> Result<(), OfferError> {
        if line.kind == b'm' {
            if self.media.len() == MAX_MEDIA_SECTIONS {
                let sentence = format!(
                    "an offer may have {MAX_MEDIA_SECTIONS} media sections, this is one more"
                );
                return Err(OfferError::new(line.number, sentence));
            }
            self.media.push(Section::default());
        }
        let section = self.media.last_mut().unwrap_or(&mut self.session);
        section.lines.push(line);
        Ok(())
    }

    fn check_begin(&self) -> Result<(), OfferError> {
        match self.session.lines.first() {
            Some(line) if line.kind == b'v' && line.value.trim() == "0" => Ok(()),
            Some(line) => Err(OfferError::new(line.number, "an SDP text begins with v=0")),
            None => Err(OfferError::new(
                1,
                "an SDP text begins with v=0, this one does not",
            )),
        }
    }
}

/// Checks one line. Empty lines are passed over: some signaling adds them at the end.
fn line(number: usize, raw: &str) -> Result<Option<Line<'_>>, OfferError> {
    let Some(text) = raw.strip_suffix('\n') else {
        let sentence = "the offer ends in the middle of this line; was it cut off?";
        return Err(OfferError::new(number, sentence));
    };
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.trim().is_empty() {
        return Ok(None);
    }
    if text.len() > MAX_LINE_BYTES {
        let sentence = format!(
            "the line has {} bytes, {MAX_LINE_BYTES} at most are read",
            text.len()
        );
        return Err(OfferError::new(number, sentence));
    }
    match (text.as_bytes(), text.get(2..)) {
        ([kind, b'=', ..], Some(value)) if kind.is_ascii_lowercase() => Ok(Some(Line {
            number,
            kind: *kind,
            value,
        })),
        _ => Err(OfferError::new(
            number,
            "a line has the form letter=value, this one has not",
        )),
    }
}

fn line_at(text: &str, byte: usize) -> usize {
    let before = text.as_bytes().iter().take(byte);
    before.filter(|byte| **byte == b'\n').count() + 1
}
