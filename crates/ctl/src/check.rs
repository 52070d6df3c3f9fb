//! `bylinectl check`

use byline_persistence::DatabaseUrl;

use crate::failure::Failure;
use crate::print::print;

/// Reads the whole database, and prints what is damaged.
pub(crate) fn run(url: &DatabaseUrl) -> Result<(), Failure> {
    let problems = byline_persistence::check(url)?;
    if problems.is_empty() {
        return print(format_args!("{url} is sound"));
    }
    problems.iter().try_for_each(print)?;
    Err(Failure::Damaged)
}
