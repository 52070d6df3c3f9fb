//! Checks the variables that decide whether acknowledged commits survive a power cut.

use super::error::ConnectError;
use super::variables::{Variables, has_value};
use crate::mysql::url::Durability;

/// A variable, and the values with which acknowledged commits survive. A server that
/// does not know the variable does not depend on it.
struct Requirement {
    name: &'static str,
    accepts: Accepts,
    /// Other values that are safe on storage that writes whole pages, in order.
    on_trusted_storage: &'static [&'static str],
    /// The value to recommend.
    advice: &'static str,
}

enum Accepts {
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
    /// A list of options with none of these.
    Without(&'static [&'static str]),
}

use Accepts::{AllBut, Only, Without};

/// The one requirement that is a status variable.
pub(super) const STATUS: &str = "Innodb_redo_log_enabled";

/// All variables that affect durability, of all engines and versions.
///
/// Not among them: `innodb_flush_log_at_timeout` delays nothing while
/// `innodb_flush_log_at_trx_commit` is 1; `innodb_use_fdatasync` chooses between two
/// calls that both wait for the data; the variables of semi-synchronous and group
/// replication only add copies.
const REQUIREMENTS: [Requirement; 8] = [
    // MySQL, MariaDB, Aurora. MariaDB's 3 flushes more often than 1. Galera's guide
    // recommends 0, which is safe only while one node survives.
    Requirement {
        name: "innodb_flush_log_at_trx_commit",
        accepts: Only(&["1", "3"]),
        on_trusted_storage: &[],
        advice: "1",
    },
    // MySQL (default 1), MariaDB (default 0). Recovery rolls back transactions that
    // are prepared, but not in the binary log. Checked only for a log with files of
    // its own, see `uses_binary_log`.
    Requirement {
        name: "sync_binlog",
        accepts: Only(&["1"]),
        on_trusted_storage: &[],
        advice: "1",
    },
    // MySQL (DETECT_AND_RECOVER and DETECT_ONLY from 8.0.30), MariaDB (fast from
    // 11.0.6). Without it, a partly written page is lost, with data that was committed
    // long ago.
    Requirement {
        name: "innodb_doublewrite",
        accepts: Only(&["ON", "1", "DETECT_AND_RECOVER"]),
        on_trusted_storage: &["OFF", "0", "FAST", "DETECT_ONLY"],
        advice: "ON",
    },
    // MySQL and MariaDB. The first two never flush. The third flushes data files only
    // with the redo log, which suffices if both are on one device; MySQL 8.0 sets it
    // with innodb_dedicated_server.
    Requirement {
        name: "innodb_flush_method",
        accepts: AllBut(&["nosync", "littlesync", "O_DIRECT_NO_FSYNC"]),
        on_trusted_storage: &["O_DIRECT_NO_FSYNC"],
        advice: "O_DIRECT",
    },
    // MySQL from 8.0.21, after ALTER INSTANCE DISABLE INNODB REDO_LOG.
    Requirement {
        name: STATUS,
        accepts: Only(&["ON"]),
        on_trusted_storage: &[],
        advice: "ON",
    },
    // MySQL, MariaDB before 10.6: checksums detect torn pages.
    Requirement {
        name: "innodb_checksum_algorithm",
        accepts: AllBut(&["none", "strict_none"]),
        on_trusted_storage: &["none", "strict_none"],
        advice: "crc32",
    },
    // MySQL, MariaDB before 10.6: checksums detect the end of the redo log.
    Requirement {
        name: "innodb_log_checksums",
        accepts: Only(&["ON", "1"]),
        on_trusted_storage: &[],
        advice: "ON",
    },
    // Galera: both parts of a split cluster acknowledge writes, and those of one part
    // are discarded when they join again.
    Requirement {
        name: "wsrep_provider_options",
        accepts: Without(&["pc.ignore_quorum = true", "pc.ignore_sb = true"]),
        on_trusted_storage: &[],
        advice: "pc.ignore_quorum=false; pc.ignore_sb=false",
    },
];

/// Where the binary log is kept. From 12.3 on, MariaDB's may be part of `InnoDB`, and
/// needs no flush of its own.
const BINARY_LOG: [&str; 2] = ["log_bin", "binlog_storage_engine"];

/// Returns the names of the variables that [`check`] needs.
pub(super) fn variables() -> impl Iterator<Item = &'static str> {
    let required = REQUIREMENTS.iter().map(|one| one.name);
    required.filter(|name| *name != STATUS).chain(BINARY_LOG)
}

/// Refuses the first variable whose value guarantees less than the URL asks for.
pub(super) fn check(found: &Variables, durability: Durability) -> Result<(), ConnectError> {
    if durability == Durability::Relaxed {
        return Ok(());
    }
    for requirement in &REQUIREMENTS {
        if requirement.name == "sync_binlog" && !uses_binary_log(found) {
            continue;
        }
        if let Some(value) = found.get(requirement.name)
            && !requirement.is_met(value, durability)
        {
            return Err(ConnectError::NotDurable {
                name: requirement.name,
                found: requirement.shown(value),
                advice: requirement.advice,
                accepted_by: if has_value(requirement.on_trusted_storage, value) {
                    "durability=TRUSTED_STORAGE"
                } else {
                    "durability=RELAXED"
                },
            });
        }
    }
    Ok(())
}

fn uses_binary_log(found: &Variables) -> bool {
    found.is_on("log_bin") && !found.is_any("binlog_storage_engine", &["innodb"])
}

impl Requirement {
    fn is_met(&self, value: &str, durability: Durability) -> bool {
        let is_safe = match self.accepts {
            Only(values) => has_value(values, value),
            AllBut(values) => !has_value(values, value),
            Without(options) => bad_option(options, value).is_none(),
        };
        let is_trusted = durability == Durability::TrustedStorage;
        is_safe || is_trusted && has_value(self.on_trusted_storage, value)
    }

    /// Returns the value to report: of a list of options, only the bad one.
    fn shown(&self, value: &str) -> String {
        match self.accepts {
            Without(options) => bad_option(options, value).unwrap_or(value).to_owned(),
            Only(_) | AllBut(_) => value.to_owned(),
        }
    }
}

fn bad_option(options: &[&'static str], value: &str) -> Option<&'static str> {
    let value = value.to_ascii_lowercase();
    let mut options = options.iter();
    options
        .find(|option| value.split(';').any(|one| one.trim() == **option))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pairs: &[(&str, &str)], durability: Durability) -> Option<&'static str> {
        match check(&pairs.into(), durability) {
            Ok(()) => None,
            Err(ConnectError::NotDurable { name, .. }) => Some(name),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn values_that_lose_commits_are_refused() {
        for (name, value) in [
            ("innodb_flush_log_at_trx_commit", "0"),
            ("innodb_flush_log_at_trx_commit", "2"),
            ("innodb_flush_method", "nosync"),
            ("innodb_flush_method", "littlesync"),
            (STATUS, "OFF"),
            ("innodb_log_checksums", "OFF"),
            (
                "wsrep_provider_options",
                "gcache.size = 1M; pc.ignore_quorum = true; pc.weight = 1",
            ),
            ("wsrep_provider_options", "pc.ignore_sb = TRUE"),
        ] {
            for durability in [Durability::Full, Durability::TrustedStorage] {
                assert_eq!(refused(&[(name, value)], durability), Some(name), "{value}");
            }
            assert_eq!(refused(&[(name, value)], Durability::Relaxed), None);
        }
    }

    #[test]
    fn values_that_rely_on_the_storage_are_refused_unless_it_is_trusted() {
        for (name, value) in [
            ("innodb_doublewrite", "OFF"),
            ("innodb_doublewrite", "fast"),
            ("innodb_doublewrite", "DETECT_ONLY"),
            ("innodb_flush_method", "O_DIRECT_NO_FSYNC"),
            ("innodb_checksum_algorithm", "none"),
        ] {
            assert_eq!(
                refused(&[(name, value)], Durability::Full),
                Some(name),
                "{value}"
            );
            assert_eq!(
                refused(&[(name, value)], Durability::TrustedStorage),
                None,
                "{value}"
            );
        }
    }

    #[test]
    fn values_that_lose_nothing_are_accepted() {
        for (name, value) in [
            ("innodb_flush_log_at_trx_commit", "1"),
            ("innodb_flush_log_at_trx_commit", "3"),
            ("innodb_doublewrite", "ON"),
            ("innodb_doublewrite", "DETECT_AND_RECOVER"),
            ("innodb_flush_method", "fsync"),
            ("innodb_flush_method", "O_DIRECT"),
            ("innodb_flush_method", "O_DSYNC"),
            ("innodb_checksum_algorithm", "full_crc32"),
            (
                "wsrep_provider_options",
                "pc.ignore_quorum = false; pc.ignore_sb = false",
            ),
            ("wsrep_provider_options", ""),
        ] {
            assert_eq!(
                refused(&[(name, value)], Durability::Full),
                None,
                "{name} {value}"
            );
        }
    }

    #[test]
    fn a_binary_log_must_be_flushed() {
        for (log, engine, sync, is_refused) in [
            ("ON", None, "0", true),
            ("ON", None, "1000", true),
            ("ON", Some(""), "0", true),
            ("ON", Some("innodb"), "0", false),
            ("ON", None, "1", false),
            ("OFF", None, "0", false),
        ] {
            let mut pairs = vec![("log_bin", log), ("sync_binlog", sync)];
            pairs.extend(engine.map(|engine| ("binlog_storage_engine", engine)));
            assert_eq!(
                refused(&pairs, Durability::Full).is_some(),
                is_refused,
                "{pairs:?}"
            );
        }
    }
}
