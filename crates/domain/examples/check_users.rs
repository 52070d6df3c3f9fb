//! Checks a list of users, one `name,email` per line, from standard input: the rules of Byline
//! in a program without database or HTTP.
//!
//! Exits with 1 if a line breaks a rule.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use byline_domain::{EmailAddress, UserName};

fn main() -> io::Result<ExitCode> {
    let broken = check(io::stdin().lock(), &mut io::stdout().lock())?;
    Ok(ExitCode::from(u8::from(broken > 0)))
}

/// Writes the broken rules of the users of `input`, and returns the number of lines with errors.
fn check(input: impl BufRead, output: &mut impl Write) -> io::Result<usize> {
    let (mut lines, mut broken) = (0, 0);
    for line in input.lines() {
        lines += 1;
        let line = line?;
        let (name, email) = line.rsplit_once(',').unwrap_or((&line, ""));
        let errors = [
            ("name", UserName::parse(name).err()),
            ("email", EmailAddress::parse(email).err()),
        ];
        broken += usize::from(errors.iter().any(|(_, error)| error.is_some()));
        for (field, error) in &errors {
            for rule in error.iter().flatten() {
                writeln!(output, "line {lines}: {field}: {rule} ({})", rule.code())?;
            }
        }
    }
    writeln!(output, "{lines} lines, {broken} with errors")?;
    Ok(broken)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn the_readme_shows_the_output() {
        let readme = include_str!("../README.md");
        let session = readme.split("```console\n").nth(1).unwrap();
        let (command, rest) = session.split_once('\n').unwrap();
        let shown = rest.split("```").next().unwrap();
        let input = command.split('\'').nth(1).unwrap().replace("\\n", "\n");

        let mut written = Vec::new();
        let broken = check(input.as_bytes(), &mut written).unwrap();

        assert_eq!(String::from_utf8(written).unwrap(), shown);
        assert_eq!(broken, 1);
    }

    #[test]
    fn the_output_for_valid_users_counts_the_lines() {
        let mut written = Vec::new();
        let broken = check(&b"Lovelace, Ada,ada@example.org\n"[..], &mut written).unwrap();
        assert_eq!(written, b"1 lines, 0 with errors\n");
        assert_eq!(broken, 0);
    }
}
