use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::mysql::{MysqlTarget, MysqlUrlError};
use crate::sqlite;

/// Names a database. Neither `Display` nor `Debug` shows a server's host or a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseUrl(pub(crate) Target);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Sqlite(PathBuf),
    Mysql(MysqlTarget),
}

/// Why a URL names no database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseUrlError {
    /// Not a scheme that this program knows. The URL may hold a password, so it is not
    /// repeated.
    #[error(
        "must begin with `sqlite:` or `mysql:`, as in sqlite:byline.db or mysql://user:password@host:3306/byline"
    )]
    UnknownScheme,
    /// `sqlite:` without a path.
    #[error("must name a file, as in sqlite:byline.db")]
    NoFile,
    /// `sqlite::memory:` or the like.
    #[error("must name a file: in memory, each connection would have a database of its own")]
    InMemory,
    /// `sqlite://localhost/…`
    #[error(
        "names a host, which a file has not: write sqlite:/srv/byline.db for an absolute path, \
         sqlite:byline.db for a relative one"
    )]
    FileOnHost,
    /// `sqlite:x.db?mode=rwc`, `sqlite:file:x.db`
    #[error(
        "names a SQLite file by its path alone, as in sqlite:/srv/byline.db: without parameters \
         and without `file:`"
    )]
    NotAPath,
    /// An invalid URL of a server.
    #[error(transparent)]
    Mysql(#[from] MysqlUrlError),
}

impl DatabaseUrl {
    /// The SQLite file at `path`.
    #[must_use]
    pub fn sqlite(path: impl AsRef<Path>) -> Self {
        Self(Target::Sqlite(path.as_ref().to_owned()))
    }

    /// Returns the files of the database, whether they exist or not; the first is the one
    /// that the URL names. Returns none for a database on a server.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        match &self.0 {
            Target::Sqlite(path) => sqlite::files(path),
            Target::Mysql(_) => Vec::new(),
        }
    }

    /// Returns the default number of connections. Connections to a file keep cores busy.
    /// Connections to a server mostly wait for it, and the more of them commit at once,
    /// the more commits share a flush.
    #[must_use]
    pub fn usual_pool_size(&self) -> NonZeroUsize {
        NonZeroUsize::MIN.saturating_add(match &self.0 {
            Target::Sqlite(_) => 3,
            Target::Mysql(_) => 9,
        })
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        if text.starts_with("mysql:") {
            return Ok(Self(Target::Mysql(MysqlTarget::parse(text)?)));
        }
        let path = text
            .strip_prefix("sqlite:")
            .ok_or(DatabaseUrlError::UnknownScheme)?;
        let path = match path.strip_prefix("//") {
            Some(rest) if names_host(rest) => return Err(DatabaseUrlError::FileOnHost),
            Some(rest) => rest,
            None => path,
        };
        // Some programs write an absolute path as `sqlite:////srv/x.db`.
        let path = match path.strip_prefix("//") {
            Some(rest) => format!("/{}", rest.trim_start_matches('/')).into(),
            None => Cow::Borrowed(path),
        };
        if path.is_empty() || path.contains('\0') {
            Err(DatabaseUrlError::NoFile)
        } else if path.starts_with("file:") || has_parameters(&path) {
            Err(DatabaseUrlError::NotAPath)
        } else if path.starts_with(":memory:") {
            Err(DatabaseUrlError::InMemory)
        } else {
            Ok(Self::sqlite(&*path))
        }
    }
}

/// Returns whether the text after `sqlite://` begins with a name of this machine. Any
/// other name may be that of a folder.
fn names_host(rest: &str) -> bool {
    let host = rest.split_once('/').map_or("", |(host, _)| host);
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|local| host.eq_ignore_ascii_case(local))
}

/// Returns whether the path ends with parameters that other programs accept, such as
/// `?mode=rwc` or `?cache=shared&_fk=1`.
fn has_parameters(path: &str) -> bool {
    let Some((_, query)) = path.rsplit_once('?') else {
        return false;
    };
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    query
        .split('&')
        .all(|pair| pair.split_once('=').is_some_and(|(name, _)| is_name(name)))
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Target::Mysql(target) => target.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_url_names_a_file() {
        for (text, path) in [
            ("sqlite:byline.db", "byline.db"),
            ("sqlite:/var/lib/byline.db", "/var/lib/byline.db"),
            ("sqlite:///var/lib/byline.db", "/var/lib/byline.db"),
            ("sqlite://byline.db", "byline.db"),
            ("sqlite:a b?c#d%20.db", "a b?c#d%20.db"),
            ("sqlite:////srv/byline.db", "/srv/byline.db"),
            ("sqlite://///srv/byline.db", "/srv/byline.db"),
            ("sqlite:////localhost/byline.db", "/localhost/byline.db"),
            ("sqlite:localhost/byline.db", "localhost/byline.db"),
            ("sqlite://data/byline.db", "data/byline.db"),
            ("sqlite:what?.db", "what?.db"),
        ] {
            assert_eq!(text.parse(), Ok(DatabaseUrl::sqlite(path)), "{text}");
        }
    }

    #[test]
    fn urls_that_would_create_a_wrong_file_are_refused() {
        for (text, error) in [
            ("byline.db", DatabaseUrlError::UnknownScheme),
            ("postgres://u:secret@h/b", DatabaseUrlError::UnknownScheme),
            ("", DatabaseUrlError::UnknownScheme),
            ("sqlite:", DatabaseUrlError::NoFile),
            ("sqlite://", DatabaseUrlError::NoFile),
            ("sqlite::memory:", DatabaseUrlError::InMemory),
            ("sqlite://localhost/srv/x.db", DatabaseUrlError::FileOnHost),
            ("sqlite://LOCALHOST/x.db", DatabaseUrlError::FileOnHost),
            ("sqlite://127.0.0.1/x.db", DatabaseUrlError::FileOnHost),
            ("sqlite:x.db?mode=rwc", DatabaseUrlError::NotAPath),
            (
                "sqlite:///srv/x.db?cache=shared&_fk=1",
                DatabaseUrlError::NotAPath,
            ),
            ("sqlite:x.db?check_same_thread=", DatabaseUrlError::NotAPath),
            ("sqlite:file:x.db", DatabaseUrlError::NotAPath),
            ("sqlite:file:///x.db?mode=ro", DatabaseUrlError::NotAPath),
        ] {
            assert_eq!(text.parse::<DatabaseUrl>(), Err(error.clone()), "{text}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn a_mysql_url_names_a_database_on_a_server() {
        for text in [
            "mysql://byline@db/byline",
            "mysql://byline:secret@db.internal:3307/byline?ssl-mode=REQUIRED",
            "mysql://byline:secret@db/byline?ssl-mode=DISABLED&allow-public-key-retrieval=true",
            "mysql://byline@db/byline?ssl-mode=DISABLED",
            "mysql://byline:secret@127.0.0.2/byline?ssl-mode=DISABLED",
            "mysql://byline:secret@localhost/byline?ssl-mode=DISABLED",
            "mysql://byline:secret@db/byline?ssl-mode=verify_ca&ssl-ca=ca.pem",
            "mysql://byline:secret@[::1]/byline?ssl-mode=preferred",
            "mysql://byline:secret@192.0.2.7/byline?ssl-ca=/etc/ca%20s.pem&durability=RELAXED",
            "mysql://by%40line:se%2Fcret@db/byline?ssl-mode=VERIFY_IDENTITY",
            "mysql://byline:secret@db1:3306,db2,[::1]:3307/byline?read-hosts=any",
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), "mysql://…/byline");
            let debug = format!("{url:?}");
            assert!(!debug.contains("db") && !debug.contains("cret"), "{debug}");
        }
    }

    #[test]
    fn invalid_mysql_urls_are_refused() {
        for (text, expected) in [
            ("mysql:", "the host"),
            ("mysql://", "the host"),
            ("mysql:///byline", "the host"),
            ("mysql://db/byline", "the user"),
            ("mysql://:secret@db/byline", "the user"),
            ("mysql://u:secret@db", "the database"),
            ("mysql://u:secret@db/", "the database"),
            ("mysql://u:secret@db/a/b", "the database"),
            ("mysql://u:secret@db/a#b", "the database"),
            ("mysql://u:secret@db:x/byline", "must be a URL"),
            ("mysql://u:secret@db/byline?sslmode=x", "`sslmode`"),
            ("mysql://u:secret@db,/byline", "must be a URL"),
            ("mysql://u:secret@db:1,other:x/byline", "must be a URL"),
            ("mysql://u:secret@db,other,db:3306/byline", "twice"),
            (
                "mysql://u:secret@db,other/byline?read-hosts=other",
                "first or any",
            ),
            (
                "mysql://u:secret@db/byline?ssl-mode=maybe",
                "VERIFY_IDENTITY",
            ),
            (
                "mysql://u:secret@db/byline?ssl-mode=VERIFY_CA",
                "needs `ssl-ca`",
            ),
            (
                "mysql://u:secret@db/byline?ssl-mode=DISABLED",
                "`allow-public-key-retrieval=true`",
            ),
            (
                "mysql://u:secret@localhost,db/byline?ssl-mode=DISABLED",
                "`allow-public-key-retrieval=true`",
            ),
            (
                "mysql://u:secret@db/byline?allow-public-key-retrieval=true",
                "ssl-mode=DISABLED or PREFERRED only",
            ),
            (
                "mysql://u:secret@db/byline?ssl-mode=DISABLED&allow-public-key-retrieval=1",
                "true or false",
            ),
            (
                "mysql://u:secret@db/byline?server-public-key=key.pem",
                "VERIFY_CA",
            ),
            (
                "mysql://u:secret@db/byline?ssl-mode=REQUIRED&ssl-ca=/ca.pem",
                "`ssl-ca` is looked at",
            ),
            (
                "mysql://u:secret@db/byline?ssl-mode=DISABLED&ssl-mode=REQUIRED",
                "twice",
            ),
            (
                "mysql://u:secret@db/byline?durability=NONE",
                "FULL, TRUSTED_STORAGE or RELAXED",
            ),
        ] {
            let error = text.parse::<DatabaseUrl>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("secret"), "{text}: {error}");
        }
    }
}
