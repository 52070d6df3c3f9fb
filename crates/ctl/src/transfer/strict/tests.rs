use super::*;

/// Gives bytes out in pieces of a size.
struct Pieces(Vec<u8>, usize);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.1.min(self.0.len()).min(buffer.len());
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0.drain(..length);
        Ok(length)
    }
}

const LONGEST: u64 = 1 << 20;

/// Fields, and where they are.
type Record = (Vec<String>, Extent);

/// What the reader of the `csv` crate makes of the bytes that are let through, where
/// each record is, and how it ends.
fn read(text: &str, piece: usize) -> (Vec<Record>, Result<(), String>) {
    let pieces = Box::new(Pieces(text.as_bytes().to_vec(), piece));
    let strict = Strict::new(pieces, (0, 0), LONGEST).unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .from_reader(strict);
    let mut records = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {
                let extent = reader.get_mut().next_record().unwrap();
                records.push((record.iter().map(str::to_owned).collect(), extent));
            }
            Ok(false) => return (records, Ok(())),
            Err(error) => return (records, Err(error.to_string())),
        }
    }
}

#[test]
fn what_is_csv_is_let_through_and_placed() {
    for eol in ["\n", "\r\n"] {
        let text = [
            "\u{FEFF}\"a\",b",
            "",
            "1,",
            "\"x\"\"y\"\"\",\"line\r\n2\n\r3,\"",
            ",\"\"",
            "last,é",
        ]
        .join(eol);
        for piece in [1, 2, 3, 7, 1000] {
            let (records, ended) = read(&text, piece);
            assert_eq!(ended, Ok(()), "{piece}");
            let lines: Vec<_> = records
                .iter()
                .map(|(_, extent)| (extent.line, extent.end.1))
                .collect();
            assert_eq!(lines, [(1, 1), (3, 3), (4, 6), (7, 7), (8, 8)]);
            let fields: Vec<_> = records.iter().map(|(fields, _)| fields.join("|")).collect();
            assert_eq!(fields[0], "a|b");
            assert_eq!(fields[2], "x\"y\"|line\r\n2\n\r3,");
            // Behind each record begins the next.
            for (index, (_, extent)) in records.iter().enumerate() {
                let place = usize::try_from(extent.end.0).unwrap();
                let (rest, _) = read(&text[place..], piece);
                let rest: Vec<_> = rest.into_iter().map(|(fields, _)| fields).collect();
                let expected = records[index + 1..]
                    .iter()
                    .map(|(fields, _)| fields.clone());
                assert_eq!(rest, expected.collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn what_is_none_is_refused_with_its_line_behind_the_records_that_are() {
    for (text, expected) in [
        ("a,b\n1,\"Ada\n2,Bob\n3,Cy\n", NotCsv::Open(2)),
        ("a,b\n1,x\n2,\"", NotCsv::Open(3)),
        ("a,b\n1,\"x\"\"", NotCsv::Open(2)),
        ("a,b\n1,\"Ada\" Lovelace\n", NotCsv::BehindQuotes(2)),
        ("a,b\n1,\"Ada\n2,\"Bob\"\n", NotCsv::BehindQuotes(2)),
        ("a,b\n1,\"x\" \n", NotCsv::BehindQuotes(2)),
        ("a,b\n1, \"x\"\n", NotCsv::Quote(2)),
        ("a,b\n1,Ada \"the\" L\n", NotCsv::Quote(2)),
        ("a,b\n1,5\"\n", NotCsv::Quote(2)),
        ("a,b\r1,x\r2,y\r", NotCsv::Return(1)),
        ("a,b\n1,x\ry\n", NotCsv::Return(2)),
        ("a,b\n1,x\r\r\n", NotCsv::Return(2)),
        ("a,b\n1,x\r", NotCsv::Return(2)),
        ("a,b\n1,x\n\rz,y\n", NotCsv::Return(3)),
    ] {
        for piece in [1, 2, 3, 1000] {
            let (records, ended) = read(text, piece);
            assert_eq!(ended, Err(expected.to_string()), "{text:?} {piece}");
            let at = expected.to_string();
            let line = at.split([' ', ':']).nth(1).unwrap();
            let line: u64 = line.parse().unwrap();
            assert!(records.iter().all(|(_, extent)| extent.line < line));
            assert_eq!(u64::try_from(records.len()).unwrap(), line - 1, "{text:?}");
        }
    }
}

#[test]
fn a_record_has_an_end() {
    let long = "x".repeat(3 << 20);
    for (text, expected) in [
        (format!("a,b\n1,\"{long}"), NotCsv::OpenTooLong(2)),
        (format!("a,b\n1,{long}"), NotCsv::TooLong(2)),
    ] {
        let (records, ended) = read(&text, 1000);
        assert_eq!((records.len(), ended), (1, Err(expected.to_string())));
    }
}
