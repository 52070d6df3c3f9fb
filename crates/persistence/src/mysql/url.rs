pub(super) mod tls;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::Url;

use tls::{Security, Tls};

/// A database on a server or a cluster, and how to connect to it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MysqlTarget {
    /// The servers, the preferred one first. Never empty.
    pub(super) hosts: Vec<Host>,
    pub(super) reads: Reads,
    pub(super) user: String,
    pub(super) password: Option<String>,
    pub(super) database: String,
    pub(super) security: Security,
    pub(super) durability: Durability,
}

/// One server.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) port: u16,
}

/// Which servers serve reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// The one that serves writes.
    WithWrites,
    /// Any of them; threads prefer different ones.
    Anywhere,
}

/// What has to survive a power cut, the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mysql) enum Durability {
    /// Every acknowledged commit survives a power cut.
    Full,
    /// The same, on storage that writes whole pages, in order. The server's own
    /// protection against torn pages may be off.
    TrustedStorage,
    /// Acknowledged commits may be lost.
    Relaxed,
}

/// Why a URL names no database on a server. No variant repeats what may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MysqlUrlError {
    /// The syntax is not that of a URL.
    #[error("must be a URL such as mysql://user:password@host:3306/byline")]
    NotAUrl,
    /// A required part is missing.
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
    /// A parameter with an invalid value.
    #[error("the parameter `{name}` must be {expected}")]
    InvalidParameter {
        /// The parameter.
        name: &'static str,
        /// The valid values.
        expected: &'static str,
    },
    /// A host that is named twice.
    #[error("names the same host and port twice")]
    RepeatedHost,
    /// A certificate of an authority that nothing would verify.
    #[error("`ssl-ca` is looked at with ssl-mode=VERIFY_CA or VERIFY_IDENTITY only")]
    CaWithoutVerification,
    /// Verification by authority only, without an authority: every site has a
    /// certificate of a public one.
    #[error("`ssl-mode=VERIFY_CA` needs `ssl-ca`, the authority that signs the certificate")]
    VerificationWithoutCa,
    /// Key retrieval with TLS, where no server is asked for a public key.
    #[error(
        "`allow-public-key-retrieval=true` goes with ssl-mode=DISABLED or PREFERRED only: it is about connections without TLS"
    )]
    KeyRetrievalWithTls,
    /// A file with the server's public key. MySQL's own clients support it; the driver
    /// does not.
    #[error(
        "`server-public-key` is not supported; use ssl-mode=VERIFY_CA with `ssl-ca`, the server's ca.pem"
    )]
    PublicKeyFile,
    /// A password for a server on another machine, without TLS.
    #[error(
        "without TLS the password could be read by whatever answers in the server's place: use ssl-mode=VERIFY_CA or VERIFY_IDENTITY, or accept that with `allow-public-key-retrieval=true`"
    )]
    PasswordWithoutTls,
}

impl MysqlTarget {
    /// Parses a URL whose scheme is `mysql`, with one host or several.
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
        let distinct: HashSet<&Host> = hosts.iter().collect();
        if distinct.len() < hosts.len() {
            return Err(MysqlUrlError::RepeatedHost);
        }
        let parameters = Parameters::parse(url)?;
        let reads = [("first", Reads::WithWrites), ("any", Reads::Anywhere)];
        let durabilities = [
            ("FULL", Durability::Full),
            ("TRUSTED_STORAGE", Durability::TrustedStorage),
            ("RELAXED", Durability::Relaxed),
        ];
        let target = Self {
            reads: parameters.choose(READ_HOSTS, "first or any", &reads)?,
            user,
            password: url.password().map(decode).transpose()?,
            database,
            security: Security::new(
                parameters.get(SSL_MODE),
                parameters.get(SSL_CA).map(PathBuf::from),
                parameters.choose(
                    KEY_RETRIEVAL,
                    "true or false",
                    &[("false", false), ("true", true)],
                )?,
            )?,
            durability: parameters.choose(
                DURABILITY,
                "FULL, TRUSTED_STORAGE or RELAXED",
                &durabilities,
            )?,
            hosts,
        };
        for host in &target.hosts {
            target.tls(host)?;
        }
        Ok(target)
    }

    /// Returns how connections to this host are encrypted. [`parse`](Self::parse) has checked
    /// that the password is safe.
    pub(super) fn tls(&self, host: &Host) -> Result<Tls, MysqlUrlError> {
        let password = self.password.as_deref().unwrap_or_default();
        self.security.tls(host, !password.is_empty())
    }
}

/// Returns a URL for each of the hosts. URLs have one host (RFC 3986, section 3.2);
/// drivers of MySQL accept a list, separated by commas.
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

/// Percent-decodes the text (RFC 3986, section 2.1).
fn decode(text: &str) -> Result<String, MysqlUrlError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(Cow::into_owned)
        .map_err(|_| MysqlUrlError::NotAUrl)
}

const SSL_MODE: &str = "ssl-mode";
const SSL_CA: &str = "ssl-ca";
const KEY_RETRIEVAL: &str = "allow-public-key-retrieval";
const DURABILITY: &str = "durability";
const READ_HOSTS: &str = "read-hosts";

/// The parameters of a URL, by name.
struct Parameters(HashMap<&'static str, String>);

impl Parameters {
    fn parse(url: &Url) -> Result<Self, MysqlUrlError> {
        let mut found = HashMap::new();
        for (name, value) in url.query_pairs() {
            if name == "server-public-key" || name == "server-public-key-path" {
                return Err(MysqlUrlError::PublicKeyFile);
            }
            let name = [SSL_MODE, SSL_CA, KEY_RETRIEVAL, DURABILITY, READ_HOSTS]
                .into_iter()
                .find(|known| *known == name)
                .ok_or_else(|| MysqlUrlError::UnknownParameter(name.into_owned()))?;
            if found.insert(name, value.into_owned()).is_some() {
                return Err(MysqlUrlError::RepeatedParameter(name));
            }
        }
        Ok(Self(found))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns the choice that the parameter names, or the first one without the
    /// parameter.
    fn choose<T: Copy>(
        &self,
        name: &'static str,
        expected: &'static str,
        choices: &[(&str, T)],
    ) -> Result<T, MysqlUrlError> {
        let chosen = match self.get(name) {
            None => choices.first(),
            Some(value) => choices.iter().find(|(text, _)| *text == value),
        };
        chosen
            .map(|(_, choice)| *choice)
            .ok_or(MysqlUrlError::InvalidParameter { name, expected })
    }
}

impl fmt::Display for MysqlTarget {
    /// Shows the database's name, but neither hosts nor credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mysql://…/{}", self.database)
    }
}

impl fmt::Debug for MysqlTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
