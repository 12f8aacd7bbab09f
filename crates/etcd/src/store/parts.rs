//! A row or snapshot as values of etcd: one, or several if it is larger than a value should be.
//!
//! The first value begins with the number of parts, so that parts which an unfinished change left behind are told from
//! its own.

use sideroom_store::{Row, StoreError};

use crate::proto::KeyValue;

/// Bytes of one part.
const PART: usize = 384 << 10;
/// Digits of a row's number, and of a part's.
const SEQ_DIGITS: usize = 20;
const PART_DIGITS: usize = 5;

/// The keys and values of a row with this key.
pub(super) fn split(key: Vec<u8>, bytes: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut chunks = bytes.chunks(PART);
    let count = chunks.len().max(1);
    let mut first = u32::try_from(count)
        .unwrap_or(u32::MAX)
        .to_be_bytes()
        .to_vec();
    first.extend(chunks.next().unwrap_or_default());
    let rest = chunks.enumerate().map(|(at, chunk)| {
        let mut name = key.clone();
        name.extend(format!("/{:0PART_DIGITS$}", at + 1).bytes());
        (name, chunk.to_vec())
    });
    let rest: Vec<_> = rest.collect();
    [(key, first)].into_iter().chain(rest).collect()
}

/// Puts rows together from keys in order.
#[derive(Default)]
pub(super) struct Assembler {
    rows: Vec<Row>,
    /// The row that is not whole yet, and the parts that it lacks.
    open: Option<(Row, u32)>,
    next_part: u32,
}

impl Assembler {
    /// The rows that are whole.
    pub(super) const fn whole(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn add(&mut self, kv: &KeyValue) -> Result<(), StoreError> {
        let damaged = || {
            let key = String::from_utf8_lossy(&kv.key);
            StoreError::Unreadable(format!("{key} in etcd is damaged"))
        };
        let name = std::str::from_utf8(&kv.key).map_err(|_| damaged())?;
        let (before, last) = name.rsplit_once('/').ok_or_else(damaged)?;
        if last.len() == PART_DIGITS {
            return self.add_part(last.parse().map_err(|_| damaged())?, &kv.value, before);
        }
        if self.open.is_some() || last.len() != SEQ_DIGITS {
            return Err(damaged());
        }
        let seq = last.parse().map_err(|_| damaged())?;
        let (count, bytes) = kv.value.split_first_chunk().ok_or_else(damaged)?;
        let row = Row {
            seq,
            bytes: bytes.to_vec(),
        };
        self.next_part = 1;
        match u32::from_be_bytes(*count) {
            0 => return Err(damaged()),
            1 => self.rows.push(row),
            count => self.open = Some((row, count - 1)),
        }
        Ok(())
    }

    fn add_part(&mut self, part: u32, bytes: &[u8], of: &str) -> Result<(), StoreError> {
        // Without an open row it was left behind by a change that was never finished.
        let Some((row, missing)) = self.open.as_mut() else {
            return Ok(());
        };
        if part != self.next_part {
            return Err(StoreError::Unreadable(format!("{of} in etcd lacks a part")));
        }
        row.bytes.extend(bytes);
        self.next_part += 1;
        *missing -= 1;
        if *missing == 0
            && let Some((row, _)) = self.open.take()
        {
            self.rows.push(row);
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<Row>, StoreError> {
        match self.open {
            None => Ok(self.rows),
            Some((row, _)) => Err(StoreError::Unreadable(format!(
                "row {} in etcd lacks a part",
                row.seq
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seq: u64) -> Vec<u8> {
        format!("/rows/{seq:020}").into_bytes()
    }

    fn read(pairs: &[(Vec<u8>, Vec<u8>)]) -> Result<Vec<Row>, StoreError> {
        let mut assembler = Assembler::default();
        for (key, value) in pairs {
            assembler.add(&KeyValue {
                key: key.clone(),
                value: value.clone(),
                ..KeyValue::default()
            })?;
        }
        assembler.finish()
    }

    #[test]
    fn rows_of_any_size_come_back() {
        for len in [0, 1, PART - 1, PART, PART + 1, 3 * PART, 3 * PART + 7] {
            let bytes: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let mut pairs = split(key(7), &bytes);
            assert!(pairs.iter().all(|(_, value)| value.len() <= PART + 4));
            pairs.extend(split(key(8), b"next"));
            let rows = read(&pairs).unwrap();
            assert_eq!(rows.len(), 2);
            assert_eq!((rows[0].seq, &rows[0].bytes), (7, &bytes));
        }
    }

    #[test]
    fn left_over_parts_are_skipped_and_missing_ones_noticed() {
        let large = split(key(7), &vec![1; 2 * PART + 1]);
        assert_eq!(large.len(), 3);
        let mut over = split(key(7), b"small");
        over.extend_from_slice(&large[1..]);
        assert_eq!(read(&over).unwrap()[0].bytes, b"small");
        assert!(read(&large[..2]).is_err());
        assert!(read(&[large[0].clone(), large[2].clone()]).is_err());
        let mut cut = large[..2].to_vec();
        cut.extend(split(key(8), b"next"));
        assert!(read(&cut).is_err());
        assert!(read(&[(key(1), vec![0, 0])]).is_err());
        assert!(read(&[(key(1), vec![0; 4])]).is_err());
        assert!(read(&[(b"odd".to_vec(), vec![0; 4])]).is_err());
    }
}
