//! Checks a list of users, one `name,email` per line, from standard input:
//! the rules of Byline in a program that knows neither its database nor HTTP.
//!
//! Exits with 1 when a line breaks a rule.

#![expect(clippy::print_stdout, reason = "a command-line program")]

use std::io::{self, BufRead};
use std::process::ExitCode;

use byline_domain::{EmailAddress, UserName, Violations};

fn main() -> io::Result<ExitCode> {
    let (mut lines, mut broken) = (0, 0);
    for line in io::stdin().lock().lines() {
        lines += 1;
        let line = line?;
        let (name, email) = line.rsplit_once(',').unwrap_or((&line, ""));
        let errors = [
            ("name", UserName::parse(name).err()),
            ("email", EmailAddress::parse(email).err()),
        ];
        broken += i32::from(errors.iter().any(|(_, error)| error.is_some()));
        for (field, error) in &errors {
            report(lines, field, error.as_ref());
        }
    }
    println!("{lines} lines, {broken} with errors");
    Ok(ExitCode::from(u8::from(broken > 0)))
}

fn report(line: usize, field: &str, error: Option<&Violations>) {
    for violation in error.into_iter().flatten() {
        println!("line {line}: {field}: {violation} ({})", violation.code());
    }
}
