use byline_domain::Timestamp;

/// Tells the time. The one way to it, so that tests decide what time it is.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Clock: Send + Sync {
    /// The present moment. It may stand still or go back, as clocks of
    /// machines do.
    fn now(&self) -> Timestamp;
}
