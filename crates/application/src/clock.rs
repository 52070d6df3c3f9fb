use byline_domain::Timestamp;

/// A clock: the only source of the present time, so that tests can set it.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Clock: Send + Sync {
    /// Returns the present time. It may stand still or go back, as the clocks of machines do.
    fn now(&self) -> Timestamp;
}
