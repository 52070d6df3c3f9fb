//! Values of settings from their text. Errors complete "invalid value '…' for
//! '--…': ".

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use tracing::level_filters::LevelFilter;

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

/// The name of a level.
pub(super) fn levels() -> impl TypedValueParser<Value = LevelFilter> {
    PossibleValuesParser::new(["off", "error", "warn", "info", "debug", "trace"])
        .try_map(|name| name.parse::<LevelFilter>())
}
