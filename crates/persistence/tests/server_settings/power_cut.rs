//! Power cuts during writes: acknowledged writes survive on every server that is accepted
//! as durable.
//!
//! A library that is loaded into the server copies each file when the server flushes it.
//! After a SIGKILL, every file is replaced by its last copy: redo log, binary log and
//! tables alike.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, UNIX_EPOCH};

use byline_application::{AppError, Store};
use byline_persistence::{Database, migrations};

use super::DURABLE;
use crate::support::servers::{Engine, Server, dedicated, folder, on_each_server};
use crate::support::{at, block_on, eventually, new_user, options};

on_each_server! {
    a_power_cut_loses_no_acknowledged_write,
}

const WRITERS: usize = 8;

/// Returns the value of `BYLINE_POWER_CUTS`, or 2; 20 with `BYLINE_TEST_FULL`.
fn rounds() -> usize {
    let rounds = std::env::var("BYLINE_POWER_CUTS").ok();
    let rounds = rounds.map(|rounds| rounds.parse().unwrap());
    let is_full = std::env::var_os("BYLINE_TEST_FULL").is_some();
    rounds.unwrap_or(if is_full { 20 } else { 2 })
}

fn a_power_cut_loses_no_acknowledged_write(engine: Engine) {
    let Some(mut server) = dedicated(engine, &DURABLE) else {
        return;
    };
    server.add_option("--innodb-use-native-aio=OFF");
    let schema = server.schema();
    let url = |durability: &str| {
        let url = schema.url_text(&format!("?durability={durability}"));
        url.parse().unwrap()
    };
    migrations::migrate(&url("FULL")).unwrap();
    let power = Power::of(&mut server);
    let stored = || -> HashSet<String> {
        let stored = schema.admin().column("SELECT email FROM users");
        stored.into_iter().collect()
    };

    let database = Database::open(&url("FULL"), &options(WRITERS, 256)).unwrap();
    let mut acknowledged = HashSet::new();
    for round in 0..rounds() {
        acknowledged.extend(acknowledged_until(&database.store(), round, || {
            power.cut(&server);
        }));
        let stored = stored();
        let lost: Vec<_> = acknowledged.difference(&stored).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} are lost");
    }
    database.close();

    // With a refused setting, writes are lost: the test can fail.
    let database = Database::open(&url("RELAXED"), &options(WRITERS, 256)).unwrap();
    let loses = (0..10).any(|round| {
        let mut admin = server.admin();
        admin.run("SET GLOBAL sync_binlog = 0, GLOBAL innodb_flush_log_at_trx_commit = 0");
        let acknowledged =
            acknowledged_until(&database.store(), 1_000 + round, || power.cut(&server));
        !acknowledged.is_subset(&stored())
    });
    assert!(loses, "nothing is lost without a flush");
    database.close();
}

/// Creates users until the power is cut, and returns those that the store acknowledged.
/// Users of different rounds have different addresses.
fn acknowledged_until(store: &Arc<dyn Store>, round: usize, cut: impl FnOnce()) -> HashSet<String> {
    let acknowledged = Mutex::new(HashSet::new());
    let (count, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (acknowledged, count, over) = (&acknowledged, &count, &over);
            scope.spawn(move || {
                for number in 0.. {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let email = format!("r{round}w{writer}n{number}@example.org");
                    let new = new_user("Ada", &email);
                    let deadline = Instant::now() + Duration::from_secs(20);
                    let work = move |s: &mut dyn byline_application::Session| {
                        Ok(s.users().insert(&new, at(1))?)
                    };
                    let ending = match writer % 2 {
                        0 => block_on(store.create(deadline, work)),
                        _ => block_on(store.write(deadline, work)),
                    };
                    match ending {
                        Ok(_) => {
                            acknowledged.lock().unwrap().insert(email);
                            count.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(AppError::OutcomeUnknown(_) | AppError::Unavailable(_)) => {
                            std::thread::sleep(Duration::from_millis(5));
                        }
                        Err(other) => panic!("{email}: {other:?}"),
                    }
                }
            });
        }
        let enough = 30 + 7 * (round % 5);
        eventually("users are created", || {
            count.load(Ordering::SeqCst) >= enough
        });
        cut();
        let before = count.load(Ordering::SeqCst);
        eventually("users are created again", || {
            count.load(Ordering::SeqCst) > before
        });
        over.store(true, Ordering::SeqCst);
    });
    acknowledged.into_inner().unwrap()
}

/// The copies of the files that a server has flushed.
struct Power {
    copies: tempfile::TempDir,
}

impl Power {
    /// Restarts the server with the library. The files that it left when it was stopped
    /// count as flushed.
    fn of(server: &mut Server) -> Self {
        let copies = folder("power-");
        let library = copies.path().join("power_cut.so");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-pthread", "-o"])
            .arg(&library)
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/support/power_cut.c"
            ))
            .status();
        assert!(compiled.unwrap().success());
        let power = Self { copies };
        server.stop();
        for file in files(&server.data()) {
            fs::copy(&file, power.copy_of(&file)).unwrap();
        }
        server.set_environment("LD_PRELOAD", library);
        server.set_environment("POWER_CUT_COPIES", power.copies.path().to_owned());
        server.run();
        power
    }

    /// Kills the server, removes what it has not flushed, and starts it again.
    fn cut(&self, server: &Server) {
        server.kill();
        for file in files(&server.data()) {
            let flushed = fs::read(self.copy_of(&file)).unwrap_or_default();
            // Overwritten in place, because the copy is found by the file's inode.
            fs::write(&file, flushed).unwrap();
        }
        server.run();
    }

    fn copy_of(&self, file: &Path) -> PathBuf {
        let file = fs::metadata(file).unwrap();
        let born = file.created().unwrap().duration_since(UNIX_EPOCH).unwrap();
        let name = format!("{}-{}-{}", file.ino(), born.as_secs(), born.subsec_nanos());
        self.copies.path().join(name)
    }
}

/// Returns all regular files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .flat_map(|entry| {
            let kind = entry.file_type().unwrap();
            match (kind.is_dir(), kind.is_file()) {
                (true, _) => files(&entry.path()),
                (_, true) => vec![entry.path()],
                _ => Vec::new(),
            }
        })
        .collect()
}
