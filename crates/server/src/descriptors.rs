//! The limit of file descriptors: each connection needs one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// For the database, the logs and the runtime.
const OTHERS: u64 = 600;

/// Raises the limit to what so many connections need; logs a warning if the system
/// does not allow it.
pub(crate) fn reserve(connections: usize) {
    let wanted = u64::try_from(connections).map_or(u64::MAX, |number| number + OTHERS);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let granted = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let limit = Rlimit {
        current: Some(granted),
        maximum,
    };
    if setrlimit(Resource::Nofile, limit).is_err() || granted < wanted {
        warn!(
            wanted,
            granted = getrlimit(Resource::Nofile).current,
            "the system grants fewer file descriptors than BYLINE_MAX_CONNECTIONS may need; raise \
             `ulimit -n` (LimitNOFILE= of systemd), or lower the setting"
        );
    }
}
