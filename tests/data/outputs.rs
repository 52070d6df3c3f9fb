//! What is written replaces nothing that it must not, and leaves nothing behind.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::process::Command;

use super::migrated;
use crate::support::{Ended, Sandbox};

fn names(sandbox: &Sandbox) -> BTreeSet<String> {
    let names = fs::read_dir(sandbox.path("")).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

/// Commands that write a file, which is named behind them.
const WRITERS: [&[&str]; 3] = [
    &["backup", "--force"],
    &["export", "--force", "--format", "csv", "--users"],
    &["export", "--force", "--format", "ndjson", "--posts"],
];

#[test]
fn only_regular_files_are_replaced() {
    let sandbox = migrated();
    fs::write(sandbox.path("mine"), "mine").unwrap();
    symlink("mine", sandbox.path("link")).unwrap();
    symlink("nowhere", sandbox.path("dangling")).unwrap();
    fs::create_dir(sandbox.path("folder")).unwrap();
    let mut mkfifo = Command::new("mkfifo");
    mkfifo.arg("pipe").current_dir(sandbox.path(""));
    Ended::well(mkfifo);
    let before = names(&sandbox);
    for writer in WRITERS {
        for path in [
            "link",
            "dangling",
            "folder",
            "folder/",
            "new/",
            "pipe",
            "/dev/null",
            "/dev/stdout",
            "/proc/self/fd/1",
        ] {
            let mut command = sandbox.bylinectl(writer);
            command.arg(path);
            let ended = Ended::of(command);
            assert_eq!(ended.code, Some(1), "{writer:?} {path}: {ended:?}");
            assert_eq!(ended.stdout, "", "{writer:?} {path}");
            assert!(ended.stderr.contains(path), "{writer:?} {path}: {ended:?}");
        }
    }
    assert_eq!(names(&sandbox), before);
    assert_eq!(fs::read_to_string(sandbox.path("mine")).unwrap(), "mine");
    let kind = |name| {
        fs::symlink_metadata(sandbox.path(name))
            .unwrap()
            .file_type()
    };
    assert!(kind("link").is_symlink() && kind("pipe").is_fifo());
    assert!(
        fs::metadata("/dev/null")
            .unwrap()
            .file_type()
            .is_char_device()
    );
    for writer in WRITERS {
        let mut command = sandbox.bylinectl(writer);
        command.arg("mine");
        Ended::well(command);
        fs::write(sandbox.path("mine"), "mine").unwrap();
    }
}

#[test]
fn two_outputs_that_are_one_are_refused_before_anything_is_written() {
    let sandbox = migrated();
    fs::write(sandbox.path("one.csv"), "mine").unwrap();
    fs::hard_link(sandbox.path("one.csv"), sandbox.path("two.csv")).unwrap();
    fs::create_dir(sandbox.path("x")).unwrap();
    symlink(".", sandbox.path("here")).unwrap();
    let before = names(&sandbox);
    for (users, posts) in [
        ("-", "-"),
        ("one.csv", "two.csv"),
        ("one.csv", "./x/../one.csv"),
        ("new.csv", "new.csv"),
        ("new.csv", "x/../here/new.csv"),
    ] {
        let arguments = ["export", "--force", "--users", users, "--posts", posts];
        let ended = Ended::of(sandbox.bylinectl(&arguments));
        assert_eq!(ended.code, Some(1), "{users} {posts}: {ended:?}");
        assert_eq!(ended.stdout, "", "{users} {posts}");
        assert!(ended.stderr.contains("same file"), "{ended:?}");
    }
    let mut export =
        sandbox.bylinectl(&["export", "--force", "--users", "-", "--posts", "one.csv"]);
    export.stdout(
        fs::OpenOptions::new()
            .append(true)
            .open(sandbox.path("two.csv"))
            .unwrap(),
    );
    assert_eq!(export.status().unwrap().code(), Some(1));
    assert_eq!(names(&sandbox), before);
    assert_eq!(fs::read_to_string(sandbox.path("one.csv")).unwrap(), "mine");
}

#[test]
fn what_is_written_is_as_private_as_the_database() {
    let sandbox = migrated();
    let mode = |name| {
        fs::metadata(sandbox.path(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    for expected in [0o600, 0o640, 0o644] {
        let database = Permissions::from_mode(expected);
        fs::set_permissions(sandbox.path("byline.db"), database).unwrap();
        for (name, writer) in ["backup.db", "users.csv", "posts.ndjson"]
            .iter()
            .zip(WRITERS)
        {
            let mut command = sandbox.bylinectl(writer);
            command.arg(name);
            Ended::well(command);
            assert_eq!(mode(name), expected, "{name}");
        }
    }
}

#[test]
fn nothing_is_left_behind_by_a_failure() {
    let sandbox = migrated();
    Ended::well(sandbox.bylinectl(&["seed", "--users", "3", "--posts", "3"]));
    // A row that cannot be read, behind others that are written already.
    let damage = "PRAGMA ignore_check_constraints = 1; \
        UPDATE posts SET title = '' WHERE id = 3";
    sandbox.execute(damage);
    let before = names(&sandbox);
    let export = ["export", "--users", "users.csv", "--posts", "posts.csv"];
    let ended = Ended::of(sandbox.bylinectl(&export));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(names(&sandbox), before);
    let sparse = fs::File::create(sandbox.path("no.db")).unwrap();
    sparse.set_len(0).unwrap();
    for arguments in [
        &["backup", "b.db", "--database-url", "sqlite:no.db/x"][..],
        &["backup", "no/folder/b.db"],
        &["export", "--users", "no/folder/u.csv"],
        &["backup", "b.db", "--database-url", "sqlite:absent.db"],
        &[
            "export",
            "--users",
            "u.csv",
            "--database-url",
            "sqlite:no.db",
        ],
    ] {
        let ended = Ended::of(sandbox.bylinectl(arguments));
        assert_eq!(ended.code, Some(1), "{arguments:?}: {ended:?}");
    }
    fs::remove_file(sandbox.path("no.db")).unwrap();
    assert_eq!(names(&sandbox), before);
}

#[test]
fn names_need_not_be_text() {
    let sandbox = migrated();
    let raw = OsStr::from_bytes(b"caf\xe9 %20?#.out");
    for writer in WRITERS {
        let mut command = sandbox.bylinectl(writer);
        command.arg(raw);
        assert!(command.output().unwrap().status.success(), "{writer:?}");
        let written: Vec<_> = fs::read_dir(sandbox.path(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| !name.to_string_lossy().starts_with("byline.db"))
            .collect();
        assert_eq!(written, [raw], "{writer:?}");
        fs::remove_file(sandbox.path("").join(raw)).unwrap();
    }
}

#[test]
fn manual_pages_replace_only_what_they_may() {
    let sandbox = migrated();
    fs::create_dir(sandbox.path("pages")).unwrap();
    symlink("../byline.db", sandbox.path("pages/bylinectl.1")).unwrap();
    let before = fs::read(sandbox.path("byline.db")).unwrap();
    let ended = Ended::of(sandbox.bylinectl(&["man", "pages"]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("is the database itself"), "{ended:?}");
    assert_eq!(names(&sandbox).len(), 2);
    assert_eq!(fs::read_dir(sandbox.path("pages")).unwrap().count(), 1);
    assert!(fs::read(sandbox.path("byline.db")).unwrap() == before);
    fs::remove_file(sandbox.path("pages/bylinectl.1")).unwrap();
    Ended::well(sandbox.bylinectl(&["man", "pages"]));
    Ended::well(sandbox.bylinectl(&["man", "pages"]));
}
