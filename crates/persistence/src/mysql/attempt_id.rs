use std::time::Duration;

use uuid::{Builder, Uuid};

/// Identifies a job in the database across its attempts. Ids ascend with time, so
/// that the index that holds them grows at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mysql) struct AttemptId(Uuid);

impl AttemptId {
    /// Returns a unique id.
    pub(in crate::mysql) fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// Returns a bound that is greater than every id older than `age`.
    pub(in crate::mysql) fn older_than(age: Duration) -> Self {
        let now = Uuid::now_v7()
            .get_timestamp()
            .map_or((0, 0), |at| at.to_unix());
        let now = Duration::new(now.0, now.1);
        let then = u64::try_from(now.saturating_sub(age).as_millis()).unwrap_or(0);
        Self(Builder::from_unix_timestamp_millis(then, &[0; 10]).into_uuid())
    }

    /// Returns the id that is inserted together with this one by a resolution of its
    /// outcome. No job has it: one random bit differs.
    pub(in crate::mysql) fn tombstone(self) -> Self {
        Self(Uuid::from_u128(self.0.as_u128() ^ 1))
    }

    pub(in crate::mysql) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Returns the id as an SQL literal.
    pub(in crate::mysql) fn literal(&self) -> String {
        format!("x'{}'", self.0.simple())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ids_are_greater() {
        let (first, second) = (AttemptId::new(), AttemptId::new());
        assert!(first.as_bytes() < second.as_bytes());
        assert!(AttemptId::older_than(Duration::from_secs(1)).as_bytes() < first.as_bytes());
        assert_eq!(first.literal().len(), 35);
    }
}
