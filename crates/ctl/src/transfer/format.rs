//! The formats of files of rows.

use std::path::Path;

use crate::failure::Failure;

/// How rows are written in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A JSON object a line (<https://github.com/ndjson/ndjson-spec>).
    Ndjson,
    /// Comma-separated values under a line of names (RFC 4180).
    Csv,
}

impl Format {
    /// Returns `requested`, or the format that the name of the file tells. A stream whose name
    /// tells none is NDJSON.
    pub(crate) fn of(
        path: &Path,
        requested: Option<Self>,
        is_stream: bool,
    ) -> Result<Self, Failure> {
        if let Some(format) = requested {
            return Ok(format);
        }
        let extension = path.extension().and_then(|end| end.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("ndjson" | "jsonl") => Ok(Self::Ndjson),
            Some("csv") => Ok(Self::Csv),
            _ if is_stream => Ok(Self::Ndjson),
            _ => Err(Failure::UnknownFormat(path.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_the_name_says_unless_it_is_asked_for() {
        for (path, asked, expected) in [
            ("users.ndjson", None, Some(Format::Ndjson)),
            ("a.b/users.JSONL", None, Some(Format::Ndjson)),
            ("users.csv", None, Some(Format::Csv)),
            ("users.csv", Some(Format::Ndjson), Some(Format::Ndjson)),
            ("-", None, Some(Format::Ndjson)),
            ("-", Some(Format::Csv), Some(Format::Csv)),
            ("users.txt", None, None),
            ("users", None, None),
            ("csv", None, None),
        ] {
            let is_stream = path == "-";
            let format = Format::of(Path::new(path), asked, is_stream).ok();
            assert_eq!(format, expected, "{path}");
        }
        let pipe = |path| Format::of(Path::new(path), None, true).ok();
        assert_eq!(pipe("/dev/fd/63"), Some(Format::Ndjson));
        assert_eq!(pipe("pipe.csv"), Some(Format::Csv));
    }
}
