//! Proof that two databases have the same rows: both are read, and the rows
//! and the SHA-256 of each range of ids compared.

use std::sync::mpsc::{Receiver, SyncSender};

use byline_application::{AppError, Session};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::print::print;
use crate::transfer::{
    BlockingStore, Columns, Progress, number, read_pages, read_snapshot, write_json,
};

/// How many ids a range has.
const RANGE: i64 = 100_000;

/// Ranges that wait to be compared.
const WAITING: usize = 16;

/// The result of a comparison.
#[derive(Default)]
struct Comparison {
    rows: u64,
    ranges: u64,
    /// The digest of the digests of all ranges, in hexadecimal.
    digest: String,
    /// A line for each range in which the databases differ.
    differing: Vec<String>,
}

/// The rows of one database in a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Side {
    rows: u64,
    digest: [u8; 32],
}

/// Compares the rows of both, as each are at one moment, and prints the result. Returns whether
/// they are the same.
pub(super) fn compare<E: Columns>(
    from: &BlockingStore,
    to: &BlockingStore,
    quiet: bool,
) -> Result<bool, Failure> {
    let compared = read_snapshot(from, WAITING, read::<E>, |left| {
        read_snapshot(to, WAITING, read::<E>, |right| {
            Ok(merge::<E>(&left, &right, quiet))
        })
    })?;
    compared.differing.iter().try_for_each(print)?;
    if !compared.differing.is_empty() {
        return Ok(false);
    }
    print(format_args!(
        "{} {} on both sides, equal in {} ranges; sha256 {}",
        number(compared.rows),
        E::PLURAL,
        number(compared.ranges),
        compared.digest
    ))?;
    Ok(true)
}

/// Hands out the ranges in which there are rows.
fn read<E: Columns>(
    session: &mut dyn Session,
    ranges: &SyncSender<(i64, Side)>,
) -> Result<(), AppError> {
    let mut current: Option<(i64, u64, Sha256)> = None;
    let mut line = Vec::new();
    let mut written = Ok(());
    read_pages::<E>(session, 0, |page| {
        for row in &page {
            let range = row.id.get() / RANGE;
            if current.as_ref().is_some_and(|(at, ..)| *at != range)
                && !send(ranges, current.take())
            {
                return false;
            }
            let (_, rows, hash) = current.get_or_insert_with(|| (range, 0, Sha256::new()));
            line.clear();
            if let Err(error) = write_json(row, &mut line) {
                written = Err(AppError::internal(error));
                return false;
            }
            line.push(b'\n');
            hash.update(&line);
            *rows += 1;
        }
        true
    })?;
    written?;
    send(ranges, current);
    Ok(())
}

/// Hands out a range. Returns whether more is wanted.
fn send(ranges: &SyncSender<(i64, Side)>, range: Option<(i64, u64, Sha256)>) -> bool {
    let Some((range, rows, hash)) = range else {
        return true;
    };
    let digest = hash.finalize().into();
    ranges.send((range, Side { rows, digest })).is_ok()
}

/// Compares the ranges of both in their order.
fn merge<E: Columns>(
    left: &Receiver<(i64, Side)>,
    right: &Receiver<(i64, Side)>,
    quiet: bool,
) -> Comparison {
    let mut compared = Comparison::default();
    let mut all = Sha256::new();
    let mut progress = Progress::new(&format!("comparing {}", E::PLURAL), 0, None, quiet);
    let (mut one, mut other) = (left.recv().ok(), right.recv().ok());
    while let Some(range) = [&one, &other]
        .into_iter()
        .flatten()
        .map(|(range, _)| *range)
        .min()
    {
        let here = |next: &mut Option<(i64, Side)>, source: &Receiver<(i64, Side)>| match next
            .take_if(|(at, _)| *at == range)
        {
            Some((_, side)) => {
                *next = source.recv().ok();
                side
            }
            None => Side::default(),
        };
        let sides = [here(&mut one, left), here(&mut other, right)];
        let [from, to] = &sides;
        compared.rows += from.rows;
        compared.ranges += 1;
        all.update(from.digest);
        progress.advance(compared.rows, from.rows);
        if from != to {
            compared.differing.push(format!(
                "{} {} to {} differ: {} rows against {}",
                E::PLURAL,
                (range * RANGE).max(1),
                range * RANGE + RANGE - 1,
                number(from.rows),
                number(to.rows)
            ));
        }
    }
    let digest = all.finalize();
    compared.digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    compared
}
