//! `bylinectl` import, export, copy and backup.

mod backups;
mod conflicts;
mod copies;
mod faults;
mod help;
mod inputs;
mod kills;
mod outputs;
mod round_trips;
mod secrets;
mod served;

use std::fs;

use rusqlite::Connection;

use crate::support::{Ended, Sandbox};

/// A sandbox whose database is migrated and empty.
fn migrated() -> Sandbox {
    let sandbox = Sandbox::new();
    Ended::well(sandbox.bylinectl(&["migrate"]));
    sandbox
}

/// Everything in the database that the environment names, or in the default
/// one, as NDJSON: users, and posts.
fn exported(sandbox: &Sandbox, url: &str) -> (String, String) {
    let mut export = sandbox.bylinectl(&["export", "--force", "--quiet"]);
    export
        .args(["--users", "all-users.ndjson", "--posts", "all-posts.ndjson"])
        .env("DATABASE_URL", url);
    Ended::well(export);
    let read = |name| fs::read_to_string(sandbox.path(name)).unwrap();
    (read("all-users.ndjson"), read("all-posts.ndjson"))
}

const DEFAULT: &str = "sqlite:byline.db";

fn number(connection: &Connection, query: &str) -> i64 {
    connection.query_row(query, (), |row| row.get(0)).unwrap()
}

/// Users whose every line is valid, and posts of them.
fn files(sandbox: &Sandbox, users: i64, posts: i64) -> (String, String) {
    let time = |n: i64| {
        let (minute, second) = (n / 60 % 60, n % 60);
        let hour = n / 3600 % 24;
        format!("2025-01-01T{hour:02}:{minute:02}:{second:02}.{n:06}Z")
    };
    let mut text = String::new();
    for n in 1..=users {
        let at = time(n);
        text.push_str(&format!(
            "{{\"id\":{n},\"name\":\"User {n} 🦀\",\"email\":\"u{n}@example.org\",\
             \"created_at\":\"{at}\",\"updated_at\":\"{at}\",\"version\":{}}}\n",
            n % 7 + 1
        ));
    }
    let all_users = text;
    let mut text = String::new();
    for n in 1..=posts {
        let (at, author) = (time(n), n * 7919 % users + 1);
        text.push_str(&format!(
            "{{\"id\":{n},\"user_id\":{author},\"title\":\"Title {}\",\"content\":\"c{n}\\n\\\"…\\\"\",\
             \"created_at\":\"{at}\",\"updated_at\":\"{at}\",\"version\":{}}}\n",
            n * 31 % 1000,
            n % 3 + 1
        ));
    }
    fs::write(sandbox.path("users.ndjson"), &all_users).unwrap();
    fs::write(sandbox.path("posts.ndjson"), &text).unwrap();
    (all_users, text)
}

/// Text that has broken many a program on its way: four-byte, right-to-left,
/// combining and invisible characters, quotes, line ends, and what spreadsheets
/// or SQL take for their own.
const HOSTILE: [&str; 12] = [
    "🦀𝒜\u{10FFFD}",
    "שלום \u{202E}evil\u{202C} مرحبا",
    "Z\u{335}\u{321}a\u{308}\u{301}l\u{301}\u{327}g\u{334}o\u{489}",
    "\u{FEFF}bom\u{200B}\u{200D}\u{2060}\u{FFFD}",
    "\"quoted\", 'single' and `back`",
    "a,b;c|d",
    "'; DROP TABLE users; --",
    "=cmd|' /C calc'!A0",
    "\\N \\0 \\ %s {} ${jndi:x} <script>",
    "ﷺ ǅ ß İ ı ſ K",
    " leading and trailing ",
    "NULL",
];
