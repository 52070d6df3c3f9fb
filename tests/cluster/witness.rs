//! What the cluster does by itself: somebody who writes to a node that nothing
//! happens to, without the service. How long nobody can write is the nodes'
//! affair, and that of a machine with much to do; what the service adds is not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::load::{SetWhenDropped, longest_pause};
use crate::support::galera::Cluster;

/// The longest time without a write while `act` runs, beside what `act` gives.
pub(super) fn beside<T>(cluster: &Cluster, node: usize, act: impl FnOnce() -> T) -> (T, Duration) {
    let database = cluster.database();
    let mut admin = cluster.admin(node, Some(&database));
    admin.run("CREATE TABLE written (id BIGINT AUTO_INCREMENT PRIMARY KEY)");
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = Vec::new();
            while !over.load(Ordering::SeqCst) {
                if admin.try_run("INSERT INTO written VALUES ()").is_ok() {
                    written.push(Instant::now());
                }
                thread::sleep(Duration::from_millis(10));
            }
            written
        });
        let end = SetWhenDropped(&over);
        let given = act();
        drop(end);
        (given, longest_pause(&mut writer.join().unwrap()))
    })
}
