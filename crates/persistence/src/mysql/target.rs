use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::Url;

/// Which database on which server or cluster, and how to get there.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MysqlTarget {
    /// The servers, the one to prefer first; one at least.
    pub(super) hosts: Vec<Host>,
    pub(super) reads: Reads,
    pub(super) user: String,
    pub(super) password: Option<String>,
    pub(super) database: String,
    pub(super) tls: Tls,
    /// Whether a server that may lose the last second of commits will do.
    pub(super) relaxed_durability: bool,
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

/// How the connection is encrypted, in the words of MySQL's `ssl-mode`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tls {
    /// Not at all.
    Disabled,
    /// If the server offers it, without looking at its certificate.
    Preferred,
    /// Without looking at the server's certificate.
    Required,
    /// The server's certificate is signed by one of `ca`, and made out to the
    /// host of the URL.
    VerifyIdentity {
        /// File of PEM certificates; without one, the authorities that Mozilla
        /// trusts.
        ca: Option<PathBuf>,
    },
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
        "has the unknown parameter `{0}`; known are ssl-mode, ssl-ca, durability and read-hosts"
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
    #[error("`ssl-ca` is looked at with ssl-mode=VERIFY_IDENTITY only")]
    CaWithoutVerification,
    /// The driver compares the name on a certificate whenever it looks at one.
    #[error(
        "`ssl-mode=VERIFY_CA` is not supported; use VERIFY_IDENTITY, which also compares the host"
    )]
    VerifyCa,
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
        Ok(Self {
            hosts,
            reads: parameters.reads()?,
            user,
            password: url.password().map(decode).transpose()?,
            database,
            tls: parameters.tls()?,
            relaxed_durability: parameters.relaxed_durability()?,
        })
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
                "durability" => ("durability", &mut found.durability),
                "read-hosts" => ("read-hosts", &mut found.read_hosts),
                unknown => return Err(MysqlUrlError::UnknownParameter(unknown.to_owned())),
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(MysqlUrlError::RepeatedParameter(name));
            }
        }
        Ok(found)
    }

    fn tls(&self) -> Result<Tls, MysqlUrlError> {
        let ca = self.ssl_ca.as_ref().map(PathBuf::from);
        let mode = self.ssl_mode.as_deref().unwrap_or(match ca {
            Some(_) => "VERIFY_IDENTITY",
            None => "PREFERRED",
        });
        match (mode.to_ascii_uppercase().as_str(), ca) {
            ("VERIFY_CA", _) => Err(MysqlUrlError::VerifyCa),
            ("VERIFY_IDENTITY", ca) => Ok(Tls::VerifyIdentity { ca }),
            ("DISABLED", None) => Ok(Tls::Disabled),
            ("PREFERRED", None) => Ok(Tls::Preferred),
            ("REQUIRED", None) => Ok(Tls::Required),
            ("DISABLED" | "PREFERRED" | "REQUIRED", Some(_)) => {
                Err(MysqlUrlError::CaWithoutVerification)
            }
            _ => Err(MysqlUrlError::InvalidParameter {
                name: "ssl-mode",
                expected: "DISABLED, PREFERRED, REQUIRED or VERIFY_IDENTITY",
            }),
        }
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

    fn relaxed_durability(&self) -> Result<bool, MysqlUrlError> {
        match self.durability.as_deref() {
            None | Some("FULL") => Ok(false),
            Some("RELAXED") => Ok(true),
            Some(_) => Err(MysqlUrlError::InvalidParameter {
                name: "durability",
                expected: "FULL or RELAXED",
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
