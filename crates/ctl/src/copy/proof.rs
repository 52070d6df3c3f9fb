//! Proof that two databases have the same rows: both are read, and the rows
//! and the SHA-256 of each range of ids compared.

use std::fmt;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use byline_application::AppError;
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::transfer::{BlockingStore, Entity, Progress, number};

/// The ids of a range.
const RANGE: i64 = 100_000;

/// As in an export.
const PAGE: u32 = 64;

/// What a comparison came to.
pub(super) struct Compared {
    pub(super) what: &'static str,
    pub(super) rows: u64,
    pub(super) ranges: u64,
    /// That of all digests of ranges, in hexadecimal digits.
    pub(super) digest: String,
    pub(super) differing: Vec<Difference>,
}

/// A range in which the databases differ.
pub(super) struct Difference {
    what: &'static str,
    range: i64,
    sides: [Side; 2],
}

/// What one database has in a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Side {
    rows: u64,
    digest: [u8; 32],
}

/// Compares the rows of both, as each are at one moment.
///
/// # Errors
///
/// [`Failure::Refused`]
pub(super) fn compare<E: Entity>(
    from: &BlockingStore,
    to: &BlockingStore,
    quiet: bool,
) -> Result<Compared, Failure> {
    thread::scope(|scope| {
        let (left, left_ranges) = mpsc::sync_channel(16);
        let (right, right_ranges) = mpsc::sync_channel(16);
        let left = scope.spawn(|| walk::<E>(from, left));
        let right = scope.spawn(|| walk::<E>(to, right));
        let compared = merge::<E>(&left_ranges, &right_ranges, quiet);
        for walk in [left, right] {
            let panicked = |_| Err(AppError::internal("the thread that reads has panicked"));
            walk.join().unwrap_or_else(panicked)?;
        }
        Ok(compared)
    })
}

fn walk<E: Entity>(door: &BlockingStore, ranges: SyncSender<(i64, Side)>) -> Result<(), AppError> {
    let ranges = Mutex::new(Some(ranges));
    door.walk(move |session| {
        let taken = ranges.lock().ok().and_then(|mut ranges| ranges.take());
        let ranges = taken.ok_or_else(|| AppError::internal(super::CopyInterrupted))?;
        let mut after = 0;
        let mut current: Option<(i64, u64, Sha256)> = None;
        let mut line = Vec::new();
        loop {
            let page = E::page(session, after, PAGE)?;
            for row in &page {
                let range = E::id(row) / RANGE;
                if current.as_ref().is_some_and(|(at, ..)| *at != range)
                    && !send(&ranges, current.take())
                {
                    return Ok(());
                }
                let (_, rows, hash) = current.get_or_insert_with(|| (range, 0, Sha256::new()));
                line.clear();
                E::write_json(row, &mut line).map_err(AppError::internal)?;
                line.push(b'\n');
                hash.update(&line);
                *rows += 1;
            }
            let Some(last) = page.last() else {
                send(&ranges, current.take());
                return Ok(());
            };
            after = E::id(last);
        }
    })
}

/// Hands out a range; tells whether anybody wants more.
fn send(ranges: &SyncSender<(i64, Side)>, range: Option<(i64, u64, Sha256)>) -> bool {
    let Some((range, rows, hash)) = range else {
        return true;
    };
    let digest = hash.finalize().into();
    ranges.send((range, Side { rows, digest })).is_ok()
}

/// Goes through the ranges of both in their order.
fn merge<E: Entity>(
    left: &Receiver<(i64, Side)>,
    right: &Receiver<(i64, Side)>,
    quiet: bool,
) -> Compared {
    let mut compared = Compared {
        what: E::NAME,
        rows: 0,
        ranges: 0,
        digest: String::new(),
        differing: Vec::new(),
    };
    let mut all = Sha256::new();
    let mut progress = Progress::new(&format!("comparing {}", E::NAME), 0, None, quiet);
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
            compared.differing.push(Difference {
                what: E::NAME,
                range,
                sides,
            });
        }
    }
    compared.digest = hexadecimal(&all.finalize());
    compared
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [from, to] = &self.sides;
        let first = (self.range * RANGE).max(1);
        let last = self.range * RANGE + RANGE - 1;
        write!(
            f,
            "{} {first} to {last} differ: {} rows against {}",
            self.what,
            number(from.rows),
            number(to.rows)
        )
    }
}
