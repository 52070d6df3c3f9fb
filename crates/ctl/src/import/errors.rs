//! The report of lines that cannot be stored, up to a limit.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::transfer::{Progress, number};

/// Reports lines that cannot be stored.
pub(super) struct ErrorReport {
    most: u64,
    reported: u64,
    first: Option<(PathBuf, u64)>,
}

impl ErrorReport {
    /// Reports at most `most` lines.
    pub(super) fn new(most: u64) -> Self {
        Self {
            most: most.max(1),
            reported: 0,
            first: None,
        }
    }

    /// Reports the error of a line, unless the limit is reached.
    pub(super) fn report(&mut self, path: &Path, line: u64, text: &str, progress: &Progress) {
        if self.are_too_many() {
            return;
        }
        progress.say(&format!("{}:{line}: {text}", path.display()));
        self.reported += 1;
        self.first.get_or_insert_with(|| (path.to_owned(), line));
    }

    /// Returns how many more lines may be reported.
    pub(super) fn left(&self) -> u64 {
        self.most.saturating_sub(self.reported)
    }

    pub(super) fn are_none(&self) -> bool {
        self.first.is_none()
    }

    /// Returns whether the limit is reached.
    pub(super) fn are_too_many(&self) -> bool {
        self.reported >= self.most
    }

    /// Returns whether another file may be imported.
    pub(super) fn may_go_on(&self, skip_invalid: bool) -> bool {
        self.are_none() || skip_invalid && !self.are_too_many()
    }

    /// Fails if a line could not be stored.
    pub(super) fn end(self, dry_run: bool, skip_invalid: bool) -> Result<(), Failure> {
        let Some((path, line)) = &self.first else {
            return Ok(());
        };
        let path = path.display();
        let are = if self.reported == 1 {
            "1 line cannot be stored".to_owned()
        } else {
            format!("{} lines cannot be stored", number(self.reported))
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
