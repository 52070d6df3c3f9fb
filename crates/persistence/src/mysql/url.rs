pub(super) mod tls;

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::Url;

use tls::{Security, Tls};

/// Which database on which server or cluster, and how to get there.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MysqlTarget {
    /// The servers, the one to prefer first; one at least.
    pub(super) hosts: Vec<Host>,
    pub(super) reads: Reads,
    pub(super) user: String,
    pub(super) password: Option<String>,
    pub(super) database: String,
    pub(super) security: Security,
    /// What has to survive a power cut.
    pub(super) durability: Durability,
}

/// One server.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) port: u16,
}

/// Which of the servers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// The one that writes.
    WithWrites,
    /// Any of them, each thread another one.
    Anywhere,
}

/// What a URL accepts, in the order of what may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mysql) enum Durability {
    /// Every acknowledged commit survives a power cut.
    Full,
    /// The same, on storage that writes pages whole and keeps the order of
    /// writes, so that the server's own protection against torn pages may be
    /// off.
    TrustedStorage,
    /// Acknowledged commits may be lost.
    Relaxed,
}

/// Why a text names no database on a server. No variant repeats what may be
/// secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MysqlUrlError {
    /// Against the syntax of URLs.
    #[error("must be a URL such as mysql://user:password@host:3306/byline")]
    NotAUrl,
    /// A part without which nothing works.
    #[error("must name the {0}, as in mysql://user:password@host:3306/byline")]
    Missing(&'static str),
    /// A parameter that this program does not know.
    #[error(
        "has the unknown parameter `{0}`; known are ssl-mode, ssl-ca, allow-public-key-retrieval, durability and read-hosts"
    )]
    UnknownParameter(String),
    /// A parameter given twice.
    #[error("gives the parameter `{0}` twice")]
    RepeatedParameter(&'static str),
    /// A parameter with a value that it cannot have.
    #[error("the parameter `{name}` must be {expected}")]
    InvalidParameter {
        /// The parameter.
        name: &'static str,
        /// What it may be.
        expected: &'static str,
    },
    /// A host that is named twice.
    #[error("names the same host and port twice")]
    RepeatedHost,
    /// An authority's certificate that nothing would look at.
    #[error("`ssl-ca` is looked at with ssl-mode=VERIFY_CA or VERIFY_IDENTITY only")]
    CaWithoutVerification,
    /// Every site has a certificate of a public authority.
    #[error("`ssl-mode=VERIFY_CA` needs `ssl-ca`, the authority that signs the certificate")]
    VerificationWithoutCa,
    /// With TLS, no server is asked for a public key.
    #[error(
        "`allow-public-key-retrieval=true` goes with ssl-mode=DISABLED or PREFERRED only: it is about connections without TLS"
    )]
    KeyRetrievalWithTls,
    /// MySQL's own clients know the parameter; the driver does not.
    #[error(
        "`server-public-key` is not supported; use ssl-mode=VERIFY_CA with `ssl-ca`, the server's ca.pem"
    )]
    PublicKeyFile,
    /// A server on another machine, without TLS.
    #[error(
        "without TLS the password could be read by whatever answers in the server's place: use ssl-mode=VERIFY_CA or VERIFY_IDENTITY, or accept that with `allow-public-key-retrieval=true`"
    )]
    PasswordWithoutTls,
}

impl MysqlTarget {
    /// Reads a URL whose scheme is `mysql`, with one host or several.
    pub(crate) fn parse(text: &str) -> Result<Self, MysqlUrlError> {
        let urls = one_host_each(text)
            .map(|text| Url::parse(&text).map_err(|_| MysqlUrlError::NotAUrl))
            .collect::<Result<Vec<_>, _>>()?;
        let url = urls.first().ok_or(MysqlUrlError::NotAUrl)?;
        let hosts = urls.iter().map(Host::of).collect::<Result<Vec<_>, _>>()?;
        let user = decode(url.username())?;
        if user.is_empty() {
            return Err(MysqlUrlError::Missing("user"));
        }
        let database = decode(url.path().strip_prefix('/').unwrap_or_default())?;
        if database.is_empty() || database.contains('/') || url.fragment().is_some() {
            return Err(MysqlUrlError::Missing("database"));
        }
        let later = |index| hosts.iter().skip(index + 1);
        if hosts
            .iter()
            .enumerate()
            .any(|(index, host)| later(index).any(|other| other == host))
        {
            return Err(MysqlUrlError::RepeatedHost);
        }
        let parameters = Parameters::parse(url)?;
        let target = Self {
            hosts,
            reads: parameters.reads()?,
            user,
            password: url.password().map(decode).transpose()?,
            database,
            security: parameters.security()?,
            durability: parameters.durability()?,
        };
        for host in &target.hosts {
            target.tls(host)?;
        }
        Ok(target)
    }

    /// Returns how connections to this host are encrypted.
    ///
    /// # Errors
    ///
    /// The password would not be safe. No target that was parsed has such a host.
    pub(super) fn tls(&self, host: &Host) -> Result<Tls, MysqlUrlError> {
        let password = self.password.as_deref().unwrap_or_default();
        self.security.to(host, !password.is_empty())
    }
}

/// The same URL for each of its hosts. URLs have one host only (RFC 3986,
/// section 3.2); a list of them, with commas, is what drivers of MySQL take.
fn one_host_each(text: &str) -> impl Iterator<Item = String> {
    let begin = text.find("//").map_or(text.len(), |slashes| slashes + 2);
    let (scheme, rest) = text.split_at(begin);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let at = authority.rfind('@').map_or(0, |at| at + 1);
    let (account, hosts) = authority.split_at(at);
    hosts
        .split(',')
        .map(move |host| format!("{scheme}{account}{host}{rest}"))
}

impl Host {
    fn of(url: &Url) -> Result<Self, MysqlUrlError> {
        let name = match url.host() {
            Some(url::Host::Domain(host)) if !host.is_empty() => decode(host)?,
            Some(url::Host::Ipv4(address)) => address.to_string(),
            Some(url::Host::Ipv6(address)) => address.to_string(),
            Some(url::Host::Domain(_)) | None => return Err(MysqlUrlError::Missing("host")),
        };
        let port = url.port().unwrap_or(3306);
        Ok(Self { name, port })
    }
}

/// Percent-decoded (RFC 3986, section 2.1).
fn decode(text: &str) -> Result<String, MysqlUrlError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| MysqlUrlError::NotAUrl)
}

#[derive(Default)]
struct Parameters {
    ssl_mode: Option<String>,
    ssl_ca: Option<String>,
    key_retrieval: Option<String>,
    durability: Option<String>,
    read_hosts: Option<String>,
}

impl Parameters {
    fn parse(url: &Url) -> Result<Self, MysqlUrlError> {
        let mut found = Self::default();
        for (name, value) in url.query_pairs() {
            let (name, place) = match name.as_ref() {
                "ssl-mode" => ("ssl-mode", &mut found.ssl_mode),
                "ssl-ca" => ("ssl-ca", &mut found.ssl_ca),
                "allow-public-key-retrieval" => {
                    ("allow-public-key-retrieval", &mut found.key_retrieval)
                }
                "durability" => ("durability", &mut found.durability),
                "read-hosts" => ("read-hosts", &mut found.read_hosts),
                "server-public-key" | "server-public-key-path" => {
                    return Err(MysqlUrlError::PublicKeyFile);
                }
                unknown => return Err(MysqlUrlError::UnknownParameter(unknown.to_owned())),
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(MysqlUrlError::RepeatedParameter(name));
            }
        }
        Ok(found)
    }

    fn security(&self) -> Result<Security, MysqlUrlError> {
        Security::parse(
            self.ssl_mode.as_deref(),
            self.ssl_ca.as_ref().map(PathBuf::from),
            self.key_retrieval.as_deref(),
        )
    }

    fn reads(&self) -> Result<Reads, MysqlUrlError> {
        match self.read_hosts.as_deref() {
            None | Some("first") => Ok(Reads::WithWrites),
            Some("any") => Ok(Reads::Anywhere),
            Some(_) => Err(MysqlUrlError::InvalidParameter {
                name: "read-hosts",
                expected: "first or any",
            }),
        }
    }

    fn durability(&self) -> Result<Durability, MysqlUrlError> {
        match self.durability.as_deref() {
            None | Some("FULL") => Ok(Durability::Full),
            Some("TRUSTED_STORAGE") => Ok(Durability::TrustedStorage),
            Some("RELAXED") => Ok(Durability::Relaxed),
            Some(_) => Err(MysqlUrlError::InvalidParameter {
                name: "durability",
                expected: "FULL, TRUSTED_STORAGE or RELAXED",
            }),
        }
    }
}

impl fmt::Display for MysqlTarget {
    /// The database's name and nothing that helps to get at it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mysql://…/{}", self.database)
    }
}

impl fmt::Debug for MysqlTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
