//! The limit of file descriptors: each connection needs one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// For the database, the logs and the runtime.
const OTHERS: u64 = 600;

/// Raises the limit to what so many connections need; logs a warning if the system
/// does not allow it.
pub(crate) fn reserve(connections: usize) {
    let needed = u64::try_from(connections).map_or(u64::MAX, |number| number + OTHERS);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return;
    }
    let granted = maximum.map_or(needed, |maximum| maximum.min(needed));
    let limit = Rlimit {
        current: Some(granted),
        maximum,
    };
    if setrlimit(Resource::Nofile, limit).is_err() || granted < needed {
        warn!(
            needed,
            granted = getrlimit(Resource::Nofile).current,
            "the system grants fewer file descriptors than BYLINE_MAX_CONNECTIONS may need; raise \
             `ulimit -n` (LimitNOFILE= of systemd), or lower the setting"
        );
    }
}
