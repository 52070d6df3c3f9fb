//! The variables of a server that decide whether an acknowledged commit
//! survives a power cut.

use std::collections::HashMap;

use crate::mysql::connection::error::ConnectError;
use crate::mysql::url::Durability;

/// A variable, and the values with which acknowledged commits survive.
///
/// A server that does not know a variable does not depend on it.
struct Requirement {
    name: &'static str,
    accepts: Accepts,
    /// Values that are safe on storage that writes pages whole and in order.
    on_trusted_storage: &'static [&'static str],
    /// What to set.
    advice: &'static str,
}

enum Accepts {
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
    /// A list of options that has none of these.
    Without(&'static [&'static str]),
}

use Accepts::{AllBut, Only, Without};

/// The status variable of [`REQUIREMENTS`], which `SHOW VARIABLES` lacks.
const STATUS: &str = "Innodb_redo_log_enabled";

/// Every variable that durability rests on, of every engine and version.
///
/// Not here: `innodb_flush_log_at_timeout` delays nothing while
/// `innodb_flush_log_at_trx_commit` is 1; `innodb_use_fdatasync` chooses
/// between two calls that both wait for the data; the variables of semi-
/// synchronous and group replication add copies and take none away.
const REQUIREMENTS: [Requirement; 8] = [
    // MySQL, MariaDB, Aurora. MariaDB's 3 flushes once more than 1. Galera's
    // guide recommends 0: safe while one node lives.
    Requirement {
        name: "innodb_flush_log_at_trx_commit",
        accepts: Only(&["1", "3"]),
        on_trusted_storage: &[],
        advice: "1",
    },
    // MySQL (default 1), MariaDB (default 0). Recovery rolls back whatever is
    // prepared and not in the binary log. Looked at only where there is one
    // with files of its own, see `uses_binary_log`.
    Requirement {
        name: "sync_binlog",
        accepts: Only(&["1"]),
        on_trusted_storage: &[],
        advice: "1",
    },
    // MySQL (DETECT_AND_RECOVER and DETECT_ONLY from 8.0.30), MariaDB (fast
    // from 11.0.6). Without it, a page of which a part was written is lost, and
    // with it what was committed long ago.
    Requirement {
        name: "innodb_doublewrite",
        accepts: Only(&["ON", "1", "DETECT_AND_RECOVER"]),
        on_trusted_storage: &["OFF", "0", "FAST", "DETECT_ONLY"],
        advice: "ON",
    },
    // MySQL and MariaDB. The first two never flush; the third leaves flushing
    // data files to the flush of the redo log, which is enough where both are
    // on one device. MySQL 8.0 sets it with innodb_dedicated_server.
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
    // MySQL, MariaDB before 10.6: a torn page is told by its checksum.
    Requirement {
        name: "innodb_checksum_algorithm",
        accepts: AllBut(&["none", "strict_none"]),
        on_trusted_storage: &["none", "strict_none"],
        advice: "crc32",
    },
    // MySQL, MariaDB before 10.6: so is the end of the redo log.
    Requirement {
        name: "innodb_log_checksums",
        accepts: Only(&["ON", "1"]),
        on_trusted_storage: &[],
        advice: "ON",
    },
    // Galera: without a majority both parts of a cluster acknowledge writes,
    // and one part is thrown away when they meet again.
    Requirement {
        name: "wsrep_provider_options",
        accepts: Without(&["pc.ignore_quorum = true", "pc.ignore_sb = true"]),
        on_trusted_storage: &[],
        advice: "pc.ignore_quorum=false; pc.ignore_sb=false",
    },
];

/// Where the binary log is kept; MariaDB's may be a part of `InnoDB` from 12.3 on,
/// with nothing of its own to flush.
const BINARY_LOG: [&str; 2] = ["log_bin", "binlog_storage_engine"];

/// The variables that [`check`] looks at.
pub(in crate::mysql) fn variables() -> impl Iterator<Item = &'static str> {
    let required = REQUIREMENTS.iter().map(|one| one.name);
    required.filter(|name| *name != STATUS).chain(BINARY_LOG)
}

/// The status variable that [`check`] looks at.
pub(in crate::mysql) const fn status_variable() -> &'static str {
    STATUS
}

/// # Errors
///
/// [`ConnectError::NotDurable`], for the first variable that has a value with
/// which less survives than the URL asks for.
pub(in crate::mysql) fn check(
    found: &HashMap<String, String>,
    durability: Durability,
) -> Result<(), ConnectError> {
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
                accepted_by: if requirement.may_be_trusted(value) {
                    "durability=TRUSTED_STORAGE"
                } else {
                    "durability=RELAXED"
                },
            });
        }
    }
    Ok(())
}

fn uses_binary_log(found: &HashMap<String, String>) -> bool {
    let is = |name: &str, value: &str| {
        let found = found.get(name);
        found.is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    (is("log_bin", "ON") || is("log_bin", "1")) && !is("binlog_storage_engine", "innodb")
}

fn has(values: &[&str], value: &str) -> bool {
    values.iter().any(|one| one.eq_ignore_ascii_case(value))
}

impl Requirement {
    fn is_met(&self, value: &str, durability: Durability) -> bool {
        let is_safe = match self.accepts {
            Only(values) => has(values, value),
            AllBut(values) => !has(values, value),
            Without(options) => bad_option(options, value).is_none(),
        };
        is_safe || durability == Durability::TrustedStorage && self.may_be_trusted(value)
    }

    fn may_be_trusted(&self, value: &str) -> bool {
        has(self.on_trusted_storage, value)
    }

    /// The value; of a list of options only the one that is at fault.
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

    fn found(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn refused(pairs: &[(&str, &str)], durability: Durability) -> Option<&'static str> {
        match check(&found(pairs), durability) {
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
    fn values_that_need_the_storage_are_refused_unless_it_is_trusted() {
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
    fn values_that_lose_nothing_are_taken() {
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
    fn the_binary_log_is_flushed_where_there_is_one() {
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
