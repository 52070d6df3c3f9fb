use std::num::NonZeroUsize;

use byline_http::{CrossOrigin, ForwardingHeader, Protection, RateLimit, TrustedProxies};
use clap::error::ErrorKind;
use clap::{ArgAction, Parser};

use super::values::{self, count};

/// Limits for clients, and what proxies and pages of other origins may do.
#[derive(Debug, Parser)]
#[command(next_help_heading = "Protection")]
pub(crate) struct ProtectionSettings {
    /// Connections that may be open at a time; further ones wait to be
    /// accepted.
    #[arg(long, env = "BYLINE_MAX_CONNECTIONS", value_name = "N")]
    #[arg(default_value = "10000", value_parser = count::<1_000_000>)]
    pub(crate) max_connections: NonZeroUsize,

    /// Requests that each caller may send in a period, such as 600/1m; further
    /// ones are answered 429 [default: any number].
    ///
    /// A caller is the owner of a credential, or else an address: an IPv4 address
    /// or an IPv6 /56. After as many wrong credentials from one address, further
    /// ones from there are refused without a check.
    #[arg(long, env = "BYLINE_RATE_LIMIT", value_name = "N/DURATION")]
    #[arg(value_parser = values::rate_limit)]
    rate_limit: Option<RateLimit>,

    /// Networks of the proxies in front, such as 127.0.0.1/32,10.0.0.0/8
    /// [default: none].
    ///
    /// Only these may say which client a request comes from.
    #[arg(long, env = "BYLINE_TRUSTED_PROXIES", value_name = "NETWORK")]
    #[arg(value_delimiter = ',', value_parser = values::network)]
    trusted_proxies: Vec<ipnet::IpNet>,

    /// The header in which the trusted proxies name the client; the other one is
    /// ignored.
    #[arg(long, env = "BYLINE_FORWARDING_HEADER", value_name = "HEADER")]
    #[arg(default_value = "x-forwarded-for")]
    forwarding_header: Header,

    /// Origins whose pages may use the service from a browser, such as
    /// `https://app.example.org`, or * for all [default: none].
    #[arg(long = CORS_ORIGINS, env = "BYLINE_CORS_ORIGINS", value_name = "ORIGIN")]
    #[arg(value_delimiter = ',', value_parser = values::origin)]
    cors_origins: Vec<String>,

    /// Let the browser add credentials of its own to requests of these pages, such
    /// as a client certificate. Bearer tokens do not need it.
    #[arg(long = CORS_CREDENTIALS, env = "BYLINE_CORS_CREDENTIALS")]
    #[arg(value_name = "BOOL")]
    #[arg(default_value = "false", default_missing_value = "true")]
    #[arg(action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    cors_credentials: bool,
}

/// The headers in which proxies name the client.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Header {
    /// A list of addresses, the nearest last.
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

const CORS_ORIGINS: &str = "cors-origins";
const CORS_CREDENTIALS: &str = "cors-credentials";

impl ProtectionSettings {
    /// Returns the settings of `byline-http`. `tls`: whether this process speaks
    /// TLS.
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

    /// Returns which pages of other origins may use the service.
    pub(crate) fn cross_origin(&self) -> CrossOrigin {
        CrossOrigin {
            origins: self.cors_origins.clone(),
            credentials: self.cors_credentials,
        }
    }

    /// Refuses combinations that contradict each other, or that let every page act
    /// as its visitor.
    pub(super) fn check_cross_origin(
        &self,
        command: &mut clap::Command,
    ) -> Result<(), clap::Error> {
        let any = self.cors_origins.iter().any(|origin| origin == "*");
        let message = if any && self.cors_credentials {
            format!(
                "BYLINE_CORS_ORIGINS (--{CORS_ORIGINS}) is *, and BYLINE_CORS_CREDENTIALS \
                 (--{CORS_CREDENTIALS}) is true: every page that a user opens could then act as \
                 that user. Name the origins, or leave out BYLINE_CORS_CREDENTIALS"
            )
        } else if any && self.cors_origins.len() > 1 {
            format!("BYLINE_CORS_ORIGINS (--{CORS_ORIGINS}) must be * alone, or name origins")
        } else if self.cors_credentials && self.cors_origins.is_empty() {
            format!(
                "BYLINE_CORS_CREDENTIALS (--{CORS_CREDENTIALS}) has no effect without \
                 BYLINE_CORS_ORIGINS (--{CORS_ORIGINS})"
            )
        } else {
            return Ok(());
        };
        Err(command.error(ErrorKind::ValueValidation, message))
    }
}
