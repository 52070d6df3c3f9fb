//! Values of settings from their text. Errors complete "invalid value '…' for
//! '--…': ".

use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use byline_http::RateLimit;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use ipnet::IpNet;
use tracing::level_filters::LevelFilter;
use url::Url;

/// The shortest and the longest duration that can be set.
const DURATIONS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(600);

/// A whole number from 1 to `MAX`.
pub(super) fn count<const MAX: usize>(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse() {
        Ok(number) if NonZeroUsize::get(number) <= MAX => Ok(number),
        _ => Err(format!("must be a whole number from 1 to {MAX}")),
    }
}

/// A duration from 10 milliseconds to 10 minutes.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| DURATIONS.contains(duration))
        .ok_or_else(|| "must be a duration from 10ms to 10m, such as 5s or 1m 30s".to_owned())
}

/// A duration of up to 10 minutes, or none.
pub(super) fn pause(text: &str) -> Result<Duration, String> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| duration <= DURATIONS.end())
        .ok_or_else(|| "must be a duration from 0s to 10m, such as 5s or 1m 30s".to_owned())
}

/// An IP address and a port.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "must be an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned()
    })
}

/// A number of requests and the time for them.
pub(super) fn rate_limit(text: &str) -> Result<RateLimit, String> {
    rate(text).ok_or_else(|| {
        "must be from 1 to 1000000 requests in from 1s to 24h, such as 600/1m or 20/1s".to_owned()
    })
}

/// A rate from its text.
fn rate(text: &str) -> Option<RateLimit> {
    let (requests, period) = text.split_once('/')?;
    let requests: NonZeroU32 = requests.trim().parse().ok()?;
    let period: jiff::SignedDuration = period.trim().parse().ok()?;
    let seconds = u64::try_from(period.as_secs()).ok()?;
    let whole = period.subsec_nanos() == 0;
    let fits = (1..=86_400).contains(&seconds) && requests.get() <= 1_000_000;
    (whole && fits).then_some(RateLimit {
        requests,
        period: Duration::from_secs(seconds),
    })
}

/// A network in CIDR notation; an address alone is a network of one.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    text.trim()
        .parse()
        .or_else(|_| text.trim().parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "must be networks, such as 10.0.0.0/8 or 2001:db8::/32".to_owned())
}

/// An origin as browsers write it, or `*`.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_origin = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    });
    (is_origin || text == "*").then(|| text.to_owned()).ok_or_else(|| {
        "must be origins, such as https://app.example.org: scheme and host in lower case, a port \
         that is not the usual one, nothing behind it"
            .to_owned()
    })
}

/// The name of a level.
pub(super) fn levels() -> impl TypedValueParser<Value = LevelFilter> {
    PossibleValuesParser::new(["off", "error", "warn", "info", "debug", "trace"])
        .try_map(|name| name.parse::<LevelFilter>())
}
