use byline_domain::Timestamp;
use serde::{Serialize, Serializer};

/// A timestamp in JSON: RFC 3339 in UTC, with microseconds.
pub(crate) struct Time(pub(crate) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
