use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use byline_domain::{PostFields, UserFields};

fn now() -> Timestamp {
    Timestamp::from_micros(7).unwrap()
}

fn file(name: &str, text: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn open<E: Columns>(path: &Path, format: Format, from: (u64, u64)) -> Result<Source<E>, Failure> {
    let opened = Opened::File(Arc::new(File::open(path).unwrap()));
    Source::open(path, opened, format, from, now())
}

/// Whether each row is one, and where it begins and ends; the names or the
/// faults.
fn read_users(path: &Path, format: Format, from: (u64, u64)) -> Vec<(String, u64, u64, u64)> {
    let mut source = open::<UserFields>(path, format, from).unwrap();
    let mut found = Vec::new();
    while let Some(read) = source.next().unwrap() {
        let text = match read.item {
            Ok(row) => row.fields.name.as_str().to_owned(),
            Err(text) => format!("! {text}"),
        };
        found.push((text, read.line, read.bytes, read.lines));
    }
    found
}

#[test]
fn ndjson_is_read_line_by_line() {
    let text = "\u{FEFF}{\"name\":\"Ada\",\"email\":\"a@b.c\"}\r\n\n{\"name\":\"\",\"email\":7}\n{\"name\":\"Bob\",\"email\":\"b@b.c\"}";
    let (_folder, path) = file("users", text);
    let found = read_users(&path, Format::Ndjson, (0, 0));
    let texts: Vec<_> = found
        .iter()
        .map(|(text, line, ..)| (text.as_str(), *line))
        .collect();
    assert_eq!(
        texts,
        [
            ("Ada", 1),
            (
                "! invalid type: integer `7`, expected a string (column 20)",
                3
            ),
            ("Bob", 4),
        ]
    );
    let end = u64::try_from(text.len()).unwrap();
    assert_eq!(found[2].2, end);
    // From behind any row on, the rest is the same.
    for index in 0..found.len() {
        let (_, _, bytes, lines) = found[index];
        let rest = read_users(&path, Format::Ndjson, (bytes, lines));
        assert_eq!(rest, found[index + 1..]);
    }
}

#[test]
fn csv_is_read_record_by_record() {
    for eol in ["\n", "\r\n"] {
        let text = [
            "email,name",
            "a@b.c,\"A\"\"da\nB\"",
            "b@b.c",
            "c@b.c,Bob",
            "d@b.c,Cy",
        ]
        .join(eol);
        let (_folder, path) = file("users", &text);
        let found = read_users(&path, Format::Csv, (0, 0));
        let texts: Vec<_> = found
            .iter()
            .map(|(text, line, ..)| (text.as_str(), *line))
            .collect();
        assert_eq!(
            texts,
            [
                (
                    "! name: must not contain control characters, has U+000A at character 5",
                    2
                ),
                ("! has 1 fields, and the first line has 2", 4),
                ("Bob", 5),
                ("Cy", 6),
            ]
        );
        for index in 0..found.len() {
            let (_, _, bytes, lines) = found[index];
            let rest = read_users(&path, Format::Csv, (bytes, lines));
            assert_eq!(rest, found[index + 1..], "{eol:?} {index}");
        }
    }
}

#[test]
fn a_row_says_everything_that_is_wrong_with_it() {
    let lines = [
        (
            r#"{"id":0,"name":" ","email":"x","version":0}"#,
            "id: an id is a whole number from 1 to 9007199254740991; name: must not be blank; email: must be an e-mail address such as ada@example.org; version: must be from 1 to 9007199254740991",
        ),
        (
            r#"{"name":"A","email":"a@b.c","created_at":"2026-01-02T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}"#,
            "updated_at: must not be before created_at",
        ),
        (
            r#"{"name":"A","email":"a@b.c","created_at":"yesterday"}"#,
            "created_at: must be an RFC 3339 time up to 9999-12-30T00:00:00Z, such as 2026-11-22T10:00:00Z",
        ),
        (
            r#"{"name":"A","email":"a@b.c","nick":"a"}"#,
            "unknown field `nick`, expected one of `id`, `name`, `email`, `created_at`, `updated_at`, `version` (column 34)",
        ),
        (
            r#"{"name":"A\u0000","email":"a@b.c"}"#,
            "name: must not contain control characters, has U+0000 at character 2",
        ),
        (r#"{"name":"A"}"#, "missing field `email` (column 12)"),
        (
            r#"{"name":"A","name":"B","email":"a@b.c"}"#,
            "duplicate field `name` (column 18)",
        ),
        (
            r#"{"id":"7","name":"A","email":"a@b.c"}"#,
            "invalid type: string \"7\", expected a whole number (column 9)",
        ),
        (
            r#"{"name":"A","email":"a@b.c"}}"#,
            "trailing characters (column 29)",
        ),
        ("name: A", "expected ident (column 2)"),
    ];
    for (line, expected) in lines {
        let (_folder, path) = file("users", line);
        let found = read_users(&path, Format::Ndjson, (0, 0));
        assert_eq!(found[0].0, format!("! {expected}"), "{line}");
    }
}

#[test]
fn what_is_no_text_is_refused() {
    let (_folder, path) = file("users", b"{\"name\":\"\xFF\",\"email\":\"a@b.c\"}\n");
    assert!(
        read_users(&path, Format::Ndjson, (0, 0))[0]
            .0
            .starts_with("! ")
    );
    let (_folder, path) = file("users", b"name,email\n\xFF,a@b.c\nB,b@b.c\n");
    let found = read_users(&path, Format::Csv, (0, 0));
    assert_eq!((found[0].0.as_str(), found[0].1), ("! is not UTF-8", 2));
    assert_eq!((found[1].0.as_str(), found[1].1), ("B", 3));
}

#[test]
fn a_header_names_known_columns_once_and_all_that_are_needed() {
    for (header, says) in [
        ("name,email,nick", "`nick` is none of them"),
        ("name,email,name", "`name` stands there twice"),
        ("name", "`email` is missing"),
        ("", "`name` is missing"),
    ] {
        let (_folder, path) = file("users", format!("{header}\n"));
        let error = open::<UserFields>(&path, Format::Csv, (0, 0))
            .err()
            .unwrap();
        assert!(
            error.sentence().contains(says),
            "{header}: {}",
            error.sentence()
        );
    }
}

#[test]
fn a_row_without_end_is_an_error_and_does_not_fill_the_memory() {
    let long = "x".repeat(9 << 20);
    for (format, text) in [
        (Format::Ndjson, format!("{{\"title\":\"{long}")),
        (Format::Csv, format!("user_id,title,content\n1,a,\"{long}")),
    ] {
        let (_folder, path) = file("posts", text);
        let mut source = open::<PostFields>(&path, format, (0, 0)).unwrap();
        let error = source.next().unwrap_err().to_string();
        assert!(error.contains("longer than 4 MiB"), "{error}");
    }
}

#[test]
fn csv_that_is_none_is_an_error_with_its_line() {
    for (text, says) in [
        (
            "name,email\n\"Ada\" Lovelace,a@b.c\n",
            "line 2: there is text behind",
        ),
        (
            "name,email\nA,a@b.c\n\"B,b@b.c\nC,c@b.c\n",
            "line 3: the quote that begins here",
        ),
        (
            "name,email\nA \"B\",a@b.c\n",
            "line 2: there is a quote in a field",
        ),
        (
            "name,email\nA,a@b.c\rB,b@b.c\r",
            "line 2: there is a CR without an LF",
        ),
    ] {
        let (_folder, path) = file("users", text);
        let mut source = open::<UserFields>(&path, Format::Csv, (0, 0)).unwrap();
        let error = loop {
            match source.next() {
                Ok(Some(read)) => assert!(read.item.is_ok(), "{text:?}"),
                Ok(None) => panic!("{text:?} is taken for CSV"),
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.starts_with(says), "{text:?}: {error}");
    }
    let (_folder, path) = file("users", "name,\"email\nA,a@b.c\n");
    let error = open::<UserFields>(&path, Format::Csv, (0, 0))
        .err()
        .unwrap();
    assert!(
        error
            .sentence()
            .contains("line 1: the quote that begins here"),
        "{}",
        error.sentence()
    );
}

#[test]
fn whole_numbers_may_be_written_with_a_fraction() {
    for number in ["7", "7.0", "7e0", "0.7e1", "700E-2"] {
        let line =
            format!("{{\"id\":{number},\"name\":\"A\",\"email\":\"a@b.c\",\"version\":{number}}}");
        let cells = format!("id,name,email,version\n{number},A,a@b.c,{number}\n");
        for (format, text) in [(Format::Ndjson, line), (Format::Csv, cells)] {
            let (_folder, path) = file("users", text);
            let mut source = open::<UserFields>(&path, format, (0, 0)).unwrap();
            let Ok(row) = source.next().unwrap().unwrap().item else {
                panic!("{number} is refused in {format:?}");
            };
            assert_eq!((row.id.unwrap().get(), row.version.get()), (7, 7));
        }
    }
    for number in ["7.5", "1e400", "0x7", "7.", "\"7\"", "inf"] {
        let line = format!("{{\"user_id\":{number},\"title\":\"A\",\"content\":\"\"}}");
        let (_folder, path) = file("posts", line);
        let mut source = open::<PostFields>(&path, Format::Ndjson, (0, 0)).unwrap();
        let item = source.next().unwrap().unwrap().item;
        assert!(item.is_err(), "{number}");
    }
    for number in ["7.5", "1e400", "0x7", "7.", "inf", "NaN", "seven"] {
        let (_folder, path) = file("posts", format!("user_id,title,content\n{number},A,\n"));
        let mut source = open::<PostFields>(&path, Format::Csv, (0, 0)).unwrap();
        let Err(text) = source.next().unwrap().unwrap().item else {
            panic!("{number} is taken");
        };
        assert_eq!(text, "user_id: must be a whole number", "{number}");
    }
}

#[test]
fn a_line_is_an_object() {
    for line in [
        "[1,\"Ada\",\"a@b.c\",null,null,null]",
        " \t[{\"name\":\"A\",\"email\":\"a@b.c\"}]",
        "[",
    ] {
        let (_folder, path) = file("users", line);
        let found = read_users(&path, Format::Ndjson, (0, 0));
        assert!(found[0].0.contains("jq -c '.[]'"), "{line}: {}", found[0].0);
    }
}
