//! The layout of stored bytes is frozen under its number: the bytes committed beside this file must decode to the
//! same values, and encode to the same bytes.
//!
//! If this fails, a stored type has changed: give the format a new number (`Record::VERSION`, and the byte of the
//! rows in the server), freeze the old types for reading, and write the bytes of the new layout with
//! `TEST_WRITE_LAYOUT=1 cargo test --release --workspace --test properties stored_bytes`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sideroom_control::*;

use crate::random::Step;
use crate::run;

/// Steps of the story that the bytes are taken from.
const STEPS: usize = 6_000;
/// The snapshot is taken after this many of them.
const BEFORE_SNAPSHOT: usize = 60;

fn file(layout: u16, kind: &str) -> PathBuf {
    let name = format!("layout-{layout}.{kind}");
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    tests.join(name)
}

/// A digest of the names and values inside.
fn digest(value: &impl std::fmt::Debug) -> String {
    format!("{:?}", Digest::of(&format!("{value:?}")))
}

/// The values of a layout's file.
fn values(bytes: &[u8]) -> Vec<&[u8]> {
    let mut rest = bytes;
    let mut values = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (value, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        values.push(value);
        rest = after;
    }
    values
}

/// Parts that later layouts have added read as their defaults, and are not written.
#[test]
fn stored_bytes_of_earlier_layouts_are_written_again_as_they_were() {
    for layout in Record::EARLIEST..Record::VERSION {
        let bytes = std::fs::read(file(layout, "bin")).unwrap();
        let values = values(&bytes);
        let whole = Snapshot::decode(values[0]).unwrap();
        assert!(whole.encode() == values[0], "a snapshot of layout {layout}");
        let room = Room::restore(whole).unwrap();
        let again = Snapshot::decode(&room.snapshot().encode()).unwrap();
        let again = Room::restore(again).unwrap();
        assert_eq!(again.state_hash(), room.state_hash(), "in today's layout");
        for value in &values[1..] {
            let record = Record::decode(value).unwrap();
            assert!(record.encode() == *value, "written otherwise: {record:?}");
            assert_eq!(record.hash, record.computed_hash(), "{record:?}");
        }
    }
}

#[test]
fn stored_bytes_of_this_layout_are_read_as_they_were_written() {
    let layout = Record::VERSION;
    if std::env::var_os("TEST_WRITE_LAYOUT").is_some() {
        write_the_layout();
    }
    let bytes = std::fs::read(file(layout, "bin")).expect("each version has its bytes: see above");
    let lines = std::fs::read_to_string(file(layout, "txt")).unwrap();
    let values = values(&bytes);
    assert_eq!(values.len(), lines.lines().count());
    let mut lines = lines.lines();
    let whole = Snapshot::decode(values[0]).expect("the layout of a snapshot has changed");
    assert!(
        whole.encode() == values[0],
        "a snapshot is written otherwise"
    );
    let text = digest(&whole);
    assert_eq!(
        Some(text.as_str()),
        lines.next(),
        "parts of a snapshot mean something else"
    );
    Room::restore(whole).unwrap();
    for value in &values[1..] {
        let record = Record::decode(value).expect("the layout of a record has changed");
        assert!(record.encode() == *value, "written otherwise: {record:?}");
        assert_eq!(
            record.hash,
            record.computed_hash(),
            "hashed otherwise: {record:?}"
        );
        let text = digest(&record);
        assert_eq!(
            Some(text.as_str()),
            lines.next(),
            "means something else: {record:?}"
        );
    }
}

/// Names of variants and types that a value shows.
fn names(record: &Record) -> BTreeSet<String> {
    let text = format!("{record:?}");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let capital = |word: &&str| word.starts_with(|c: char| c.is_ascii_uppercase());
    words.filter(capital).map(str::to_owned).collect()
}

/// Writes the bytes of a new layout.
fn write_the_layout() {
    let mut chance = Chance::new(1);
    let mut draw = || chance.bits() as u16;
    let steps = (0..STEPS).map(|_| Step {
        what: draw() as u8,
        actor: draw() as u8,
        a: draw() as u8,
        b: draw() as u8,
        c: draw(),
    });
    let steps: Vec<Step> = steps.collect();
    let early = run(&steps[..BEFORE_SNAPSHOT], false, None);
    let whole = early.room.snapshot();
    let mut values = vec![(whole.encode(), digest(&whole))];
    let mut shown = BTreeSet::new();
    for record in run(&steps, false, None).records {
        let names = names(&record);
        if !names.is_subset(&shown) {
            shown.extend(names);
            values.push((record.encode(), digest(&record)));
        }
    }
    let (mut bytes, mut lines) = (Vec::new(), String::new());
    for (value, line) in values {
        bytes.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        bytes.extend(value);
        lines += &(line + "\n");
    }
    let layout = Record::VERSION;
    std::fs::create_dir_all(file(layout, "bin").parent().unwrap()).unwrap();
    std::fs::write(file(layout, "bin"), bytes).unwrap();
    std::fs::write(file(layout, "txt"), lines).unwrap();
}
