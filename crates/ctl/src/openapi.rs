//! `bylinectl openapi`

use std::io::{self, Write};

use crate::failure::Failure;

/// Prints the OpenAPI document.
pub(crate) fn run() -> Result<(), Failure> {
    let document = byline_http::openapi();
    let written = io::stdout().write_all(document.as_bytes());
    written.map_err(Failure::Output)
}
