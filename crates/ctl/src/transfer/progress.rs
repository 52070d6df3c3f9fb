//! The progress of a command: a bar on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::print::tell;

/// Shows the progress of a command, on standard error.
pub(crate) struct Progress {
    what: String,
    total: Option<u64>,
    /// Where the command began, and when.
    start: u64,
    since: Instant,
    rows: u64,
    shows: Shows,
}

enum Shows {
    Bar(ProgressBar),
    Lines { next: Instant },
    Nothing,
}

/// The time between two lines.
const INTERVAL: Duration = Duration::from_secs(10);

impl Progress {
    /// Shows the progress of `what`, which begins at `start` of `total`: bytes, ids, or
    /// another measure.
    pub(crate) fn new(what: &str, start: u64, total: Option<u64>, quiet: bool) -> Self {
        let since = Instant::now();
        Self {
            what: what.to_owned(),
            total,
            start,
            since,
            rows: 0,
            shows: if quiet {
                Shows::Nothing
            } else if io::stderr().is_terminal() {
                Shows::Bar(bar(what, start, total))
            } else {
                Shows::Lines {
                    next: since + INTERVAL,
                }
            },
        }
    }

    /// Notes that the command is at `position`, and has done so many more rows.
    pub(crate) fn advance(&mut self, position: u64, rows: u64) {
        self.rows += rows;
        let now = Instant::now();
        let spent = now.duration_since(self.since);
        match &mut self.shows {
            Shows::Nothing => {}
            Shows::Bar(bar) => {
                bar.set_message(rate(self.rows, spent));
                bar.set_position(position);
            }
            Shows::Lines { next } => {
                if now < *next {
                    return;
                }
                *next = now + INTERVAL;
                let left = self.total.and_then(|total| {
                    let done = position.saturating_sub(self.start);
                    let rest = total.saturating_sub(position);
                    Some(spent.mul_f64(ratio(rest, done)?))
                });
                let left = left.map_or(String::new(), |left| {
                    format!(", about {} left", HumanDuration(left))
                });
                tell(format_args!(
                    "{}: {}{left}",
                    self.what,
                    rate(self.rows, spent)
                ));
            }
        }
    }

    /// Writes a line to standard error, above the bar if there is one.
    pub(crate) fn say(&self, line: &str) {
        match &self.shows {
            Shows::Bar(bar) => bar.suspend(|| tell(line)),
            Shows::Lines { .. } | Shows::Nothing => tell(line),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shows::Bar(bar) = &self.shows {
            bar.finish_and_clear();
        }
    }
}

fn bar(what: &str, start: u64, total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "{prefix} [{wide_bar}] {percent:>3}%  {msg}, {eta} left",
        None => "{prefix} {spinner} {msg}, {elapsed}",
    };
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(4));
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(what.to_owned());
    bar.set_position(start);
    bar.reset_eta();
    bar
}

/// `12,345 rows, 2,345 rows/s`
fn rate(rows: u64, spent: Duration) -> String {
    let millis = u64::try_from(spent.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = rows.saturating_mul(1000) / millis;
    format!("{} rows, {} rows/s", number(rows), number(rate))
}

fn ratio(rest: u64, done: u64) -> Option<f64> {
    // Precise enough to tell the time that is left.
    let thousandths = rest.saturating_mul(1000).checked_div(done)?;
    Some(f64::from(u32::try_from(thousandths).ok()?) / 1000.0)
}

/// Returns the number with commas between its thousands.
pub(crate) fn number(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        assert_eq!(number(0), "0");
        assert_eq!(number(1_234_567), "1,234,567");
    }

    #[test]
    fn rates_are_rows_by_time() {
        let spent = Duration::from_millis(2_000);
        assert_eq!(rate(3_000, spent), "3,000 rows, 1,500 rows/s");
        assert_eq!(rate(0, Duration::ZERO), "0 rows, 0 rows/s");
    }

    #[test]
    fn what_is_left_is_by_what_is_done() {
        assert_eq!(ratio(300, 100), Some(3.0));
        assert_eq!(ratio(0, 100), Some(0.0));
        assert_eq!(ratio(100, 0), None);
    }
}
