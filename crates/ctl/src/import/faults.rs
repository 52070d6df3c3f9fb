//! Lines that cannot be stored: told up to a limit.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::transfer::{Progress, number};

/// The lines that could not be stored so far.
pub(super) struct ErrorReport {
    most: u64,
    told: u64,
    first: Option<(PathBuf, u64)>,
}

impl ErrorReport {
    /// None as yet; `most` may be told.
    pub(super) fn new(most: u64) -> Self {
        Self {
            most: most.max(1),
            told: 0,
            first: None,
        }
    }

    /// Tells what is wrong with a line, unless enough has been told.
    pub(super) fn tell(&mut self, path: &Path, line: u64, text: &str, progress: &Progress) {
        if self.are_too_many() {
            return;
        }
        progress.say(&format!("{}:{line}: {text}", path.display()));
        self.told += 1;
        self.first.get_or_insert_with(|| (path.to_owned(), line));
    }

    /// How many more may be told.
    pub(super) fn left(&self) -> u64 {
        self.most.saturating_sub(self.told)
    }

    pub(super) fn are_none(&self) -> bool {
        self.first.is_none()
    }

    /// Whether as many were told as may be.
    pub(super) fn are_too_many(&self) -> bool {
        self.told >= self.most
    }

    /// Whether another file may be begun.
    pub(super) fn may_go_on(&self, skip_invalid: bool) -> bool {
        self.are_none() || skip_invalid && !self.are_too_many()
    }

    /// Nothing, or the failure that they are.
    ///
    /// # Errors
    ///
    /// [`Failure::BadLines`]
    pub(super) fn end(self, dry_run: bool, skip_invalid: bool) -> Result<(), Failure> {
        let Some((path, line)) = &self.first else {
            return Ok(());
        };
        let path = path.display();
        let are = if self.told == 1 {
            "1 line cannot be stored".to_owned()
        } else {
            format!("{} lines cannot be stored", number(self.told))
        };
        let enough = if self.are_too_many() {
            "; gave up there, `--max-errors` tells more"
        } else {
            ""
        };
        let then = match (dry_run, skip_invalid) {
            (true, _) => "nothing was changed".to_owned(),
            (false, true) if self.are_too_many() => {
                "what is ahead of them is stored; run the same command again to go on".to_owned()
            }
            (false, true) => "the others are stored".to_owned(),
            (false, false) => format!(
                "{path} is stored up to line {}; correct line {line} and those behind it, and run \
                 the same command again, or leave them out with `--skip-invalid`",
                line.saturating_sub(1)
            ),
        };
        Err(Failure::BadLines(format!("{are}{enough}: {then}")))
    }
}
