//! Each entity is described once: the files of one are no copies of those of another.

use std::fs;
use std::path::{Path, PathBuf};

/// The names of files and folders that belong to an entity.
const ENTITIES: [[&str; 2]; 2] = [["user", "users"], ["post", "posts"]];

/// The most equal lines in a row that two entities may have: more are a copy.
const MOST_EQUAL_LINES: usize = 8;

#[test]
fn the_files_of_two_entities_share_no_long_run_of_lines() {
    let [users, posts] = ENTITIES.map(|names| files_of(&names));
    assert!(users.len() >= 4 && posts.len() >= 4, "{users:?} {posts:?}");
    let mut copies = Vec::new();
    for (user_file, user_lines) in &users {
        for (post_file, post_lines) in &posts {
            let run = longest_run(user_lines, post_lines);
            if run.len() > MOST_EQUAL_LINES {
                copies.push(format!("{user_file:?}, {post_file:?}: {}", run.join("\n")));
            }
        }
    }
    assert!(copies.is_empty(), "{copies:#?}");
}

#[test]
fn runs_of_equal_lines_are_found() {
    let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let run = longest_run(&lines("x a b c y"), &lines("a b z a b c"));
    assert_eq!(run, ["a", "b", "c"]);
    assert!(longest_run(&lines("a b"), &lines("c")).is_empty());
}

/// Returns the files below `crates/*/src` in whose path one of these names stands, with their
/// lines without indentation.
fn files_of(names: &[&str]) -> Vec<(PathBuf, Vec<String>)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let crates = fs::read_dir(crates).unwrap();
    let mut folders: Vec<_> = crates
        .map(|entry| entry.unwrap().path().join("src"))
        .collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mut parts = path.components().filter_map(|part| {
                let part = part.as_os_str().to_str()?;
                part.split('.').next()
            });
            if path.is_dir() {
                folders.push(path);
            } else if parts.any(|part| names.contains(&part)) {
                let text = fs::read_to_string(&path).unwrap();
                let lines = text.lines().map(|line| line.trim().to_owned());
                found.push((path, lines.collect()));
            }
        }
    }
    found
}

fn longest_run(one: &[String], other: &[String]) -> Vec<String> {
    let mut longest = (0, 0);
    let mut above = vec![0; other.len() + 1];
    for (end, line) in one.iter().enumerate() {
        let mut row = vec![0; other.len() + 1];
        for (index, theirs) in other.iter().enumerate() {
            if line == theirs {
                row[index + 1] = above[index] + 1;
                longest = longest.max((row[index + 1], end + 1));
            }
        }
        above = row;
    }
    let (length, end) = longest;
    one[end - length..end].to_vec()
}
