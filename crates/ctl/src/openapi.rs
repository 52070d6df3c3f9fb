//! `bylinectl openapi`

use std::io::{self, Write};

use crate::failure::Failure;

/// Prints the OpenAPI document.
///
/// # Errors
///
/// [`Failure::Output`].
pub(crate) fn run() -> Result<(), Failure> {
    let document = byline_http::openapi();
    let mut output = io::stdout().lock();
    output
        .write_all(document.as_bytes())
        .map_err(Failure::Output)
}
