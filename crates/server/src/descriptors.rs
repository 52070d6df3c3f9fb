//! File descriptors: each connection takes one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// What the database, the logs and the runtime take besides.
const OTHERS: u64 = 600;

/// Asks the system for as many as that many connections need, and tells the
/// operator if that is more than it grants.
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
