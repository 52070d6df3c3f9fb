//! Parsers of values. Their errors complete "invalid value '…' for '--…': ".

use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use byline_http::RateLimit;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use ipnet::IpNet;
use jiff::SignedDuration;
use tracing::level_filters::LevelFilter;
use url::Url;

/// Parses a whole number from 1 to `MAX`.
pub(super) fn count<const MAX: usize>(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse() {
        Ok(number) if NonZeroUsize::get(number) <= MAX => Ok(number),
        _ => Err(format!("must be a whole number from 1 to {MAX}")),
    }
}

/// Parses a duration from 10 milliseconds to 10 minutes.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    duration_from(Duration::from_millis(10), text)
        .ok_or_else(|| "must be a duration from 10ms to 10m, such as 5s or 1m 30s".to_owned())
}

/// Parses a duration from 0 to 10 minutes.
pub(super) fn pause(text: &str) -> Result<Duration, String> {
    duration_from(Duration::ZERO, text)
        .ok_or_else(|| "must be a duration from 0s to 10m, such as 5s or 1m 30s".to_owned())
}

fn duration_from(shortest: Duration, text: &str) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_mins(10);
    let duration = Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()?;
    (shortest..=LONGEST).contains(&duration).then_some(duration)
}

/// Parses an IP address and a port.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "must be an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned()
    })
}

/// Parses a number of requests and their period.
pub(super) fn rate_limit(text: &str) -> Result<RateLimit, String> {
    let parse = || {
        let (requests, period) = text.split_once('/')?;
        let requests: NonZeroU32 = requests.trim().parse().ok()?;
        let period = Duration::try_from(period.trim().parse::<SignedDuration>().ok()?).ok()?;
        let is_whole = period.subsec_nanos() == 0;
        let fits = (1..=86_400).contains(&period.as_secs()) && requests.get() <= 1_000_000;
        (is_whole && fits).then_some(RateLimit { requests, period })
    };
    parse().ok_or_else(|| {
        "must be from 1 to 1000000 requests in from 1s to 24h, such as 600/1m or 20/1s".to_owned()
    })
}

/// Parses a network in CIDR notation, or an address as a network of its own.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "must be networks, such as 10.0.0.0/8 or 2001:db8::/32".to_owned())
}

/// Parses an origin as browsers write it, or `*`.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_origin = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    });
    (is_origin || text == "*")
        .then(|| text.to_owned())
        .ok_or_else(|| {
            "must be origins, such as https://app.example.org: scheme and host in lower case, no \
         default port, no path"
                .to_owned()
        })
}

/// Parses the name of a log level.
pub(super) fn levels() -> impl TypedValueParser<Value = LevelFilter> {
    PossibleValuesParser::new(["off", "error", "warn", "info", "debug", "trace"])
        .try_map(|name| name.parse::<LevelFilter>())
}
