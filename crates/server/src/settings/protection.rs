//! Settings about whoever means no good, or too much of it.

use std::num::NonZeroUsize;

use byline_http::{CrossOrigin, ForwardingHeader, Protection, RateLimit, TrustedProxies};
use clap::error::ErrorKind;
use clap::{ArgAction, Parser};

use super::values::{self, count};

/// What it does about too many requests, and which pages may send any.
#[derive(Debug, Parser)]
#[command(next_help_heading = "Protection")]
pub(crate) struct ProtectionSettings {
    /// Connections that may be open at a time; further ones wait to be
    /// accepted.
    #[arg(
        long,
        env = "BYLINE_MAX_CONNECTIONS",
        value_name = "N",
        default_value = "10000"
    )]
    #[arg(value_parser = count::<1_000_000>)]
    pub(crate) max_connections: NonZeroUsize,

    /// Requests that each caller may send in a time, such as 600/1m; further
    /// ones are answered 429 [default: any number].
    ///
    /// A caller is whoever shows a credential, else an address: an IPv4 address
    /// or an IPv6 /56. As many wrong credentials from one address have further
    /// ones refused unseen.
    #[arg(long, env = "BYLINE_RATE_LIMIT", value_name = "N/DURATION")]
    #[arg(value_parser = values::rate_limit)]
    rate_limit: Option<RateLimit>,

    /// Networks of the proxies in front, such as 127.0.0.1/32,10.0.0.0/8
    /// [default: none].
    ///
    /// From these, and from nobody else, the service takes whom a request comes
    /// from.
    #[arg(long, env = "BYLINE_TRUSTED_PROXIES", value_name = "NETWORK")]
    #[arg(value_delimiter = ',', value_parser = values::network)]
    trusted_proxies: Vec<ipnet::IpNet>,

    /// The header in which the trusted proxies write whom they have a request
    /// from; the other one is ignored.
    #[arg(
        long,
        env = "BYLINE_FORWARDING_HEADER",
        value_name = "HEADER",
        default_value = "x-forwarded-for"
    )]
    forwarding_header: Header,

    /// Origins whose pages may use the service from a browser, such as
    /// `https://app.example.org`, or * for all there are [default: none].
    #[arg(long = CORS_ORIGINS, env = "BYLINE_CORS_ORIGINS", value_name = "ORIGIN")]
    #[arg(value_delimiter = ',', value_parser = values::origin)]
    cors_origins: Vec<String>,

    /// Let these pages have the browser send what it knows of the user, such as
    /// a client certificate. Bearer tokens do not need it.
    #[arg(
        long = CORS_CREDENTIALS,
        env = "BYLINE_CORS_CREDENTIALS",
        value_name = "BOOL",
        default_value = "false"
    )]
    #[arg(action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    cors_credentials: bool,
}

/// The headers by which proxies say whom they have a request from.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Header {
    /// Addresses, the nearest last.
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

const CORS_ORIGINS: &str = "cors-origins";
const CORS_CREDENTIALS: &str = "cors-credentials";

impl ProtectionSettings {
    /// As the interface takes it. `tls` says whether clients reach it by TLS.
    pub(crate) fn protection(&self, tls: bool) -> Protection {
        Protection {
            rate_limit: self.rate_limit,
            proxies: TrustedProxies {
                networks: self.trusted_proxies.clone(),
                header: match self.forwarding_header {
                    Header::XForwardedFor => ForwardingHeader::XForwardedFor,
                    Header::Forwarded => ForwardingHeader::Forwarded,
                },
            },
            tls,
        }
    }

    /// The pages of other origins that may use the service.
    pub(crate) fn cross_origin(&self) -> CrossOrigin {
        CrossOrigin {
            origins: self.cors_origins.clone(),
            credentials: self.cors_credentials,
        }
    }

    /// Every page there is, with the rights of whoever looks at it: that is to
    /// have no protection at all.
    pub(super) fn refuse_open_doors(&self, command: &mut clap::Command) -> Result<(), clap::Error> {
        let any = self.cors_origins.iter().any(|origin| origin == "*");
        let refusal = if any && self.cors_credentials {
            format!(
                "BYLINE_CORS_ORIGINS (--{CORS_ORIGINS}) is *, and BYLINE_CORS_CREDENTIALS \
                 (--{CORS_CREDENTIALS}) is true: every page that a user opens could then act as \
                 that user. Name the origins, or leave out BYLINE_CORS_CREDENTIALS"
            )
        } else if any && self.cors_origins.len() > 1 {
            format!("BYLINE_CORS_ORIGINS (--{CORS_ORIGINS}) must be * alone, or name origins")
        } else if self.cors_credentials && self.cors_origins.is_empty() {
            format!(
                "BYLINE_CORS_CREDENTIALS (--{CORS_CREDENTIALS}) means nothing without \
                 BYLINE_CORS_ORIGINS (--{CORS_ORIGINS})"
            )
        } else {
            return Ok(());
        };
        Err(command.error(ErrorKind::ValueValidation, refusal))
    }
}
