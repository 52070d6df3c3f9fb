//! The choice of a server, without servers.

use std::sync::Arc;

use super::*;
use crate::mysql::connection::kill::Killer;
use crate::mysql::connection::pool;
use crate::mysql::url::MysqlTarget;
use tokio::sync::watch;

fn ready(takes_writes: bool) -> ProbeResult {
    ProbeResult::Ready {
        release: None,
        takes_writes,
        is_read_only: false,
    }
}

fn read_only() -> ProbeResult {
    ProbeResult::Ready {
        release: None,
        takes_writes: false,
        is_read_only: true,
    }
}

fn away() -> ProbeResult {
    ProbeResult::Away(Arc::new(ConnectError::TimedOut))
}

/// Returns a cluster with these results of the first probes.
fn cluster(reads: Reads, results: [ProbeResult; 3]) -> Cluster {
    let target = MysqlTarget::parse("mysql://u@a,b,c/d").unwrap();
    let nodes = target.hosts.iter().zip(results).zip(1..);
    let nodes = nodes.map(|((host, result), number)| {
        let (cancel, cancelled) = watch::channel(());
        let killer = Arc::new(Killer::default());
        let pool = pool::pool(&target, host, Some(cancelled), Arc::clone(&killer), 1);
        Node::new(number, false, pool, cancel, killer, result)
    });
    Cluster::new(nodes.collect(), reads, 4)
}

fn chosen(cluster: &Cluster, route: Route, first: usize, current: Option<usize>) -> Option<usize> {
    cluster.choose(route, first, current).ok()
}

#[test]
fn writes_go_to_the_first_server_that_takes_them() {
    for (results, expected) in [
        ([ready(true), ready(true), ready(true)], Some(0)),
        ([away(), ready(true), ready(true)], Some(1)),
        ([ready(false), ready(true), ready(true)], Some(1)),
        ([ready(false), away(), ready(true)], Some(2)),
        // The server says itself what is wrong.
        ([away(), ready(false), away()], Some(1)),
        ([away(), away(), away()], None),
    ] {
        let cluster = cluster(Reads::Anywhere, results);
        for first in 0..5 {
            assert_eq!(chosen(&cluster, Route::Write, first, None), expected);
        }
    }
}

#[test]
fn reads_go_to_the_hosts_that_the_url_names() {
    let results = || [ready(true), away(), ready(false)];
    let with_writes = cluster(Reads::WithWrites, results());
    let anywhere = cluster(Reads::Anywhere, results());
    for (first, expected) in [(0, 0), (1, 2), (2, 2), (3, 0), (4, 2)] {
        assert_eq!(chosen(&with_writes, Route::Read, first, None), Some(0));
        assert_eq!(chosen(&anywhere, Route::Read, first, None), Some(expected));
    }
}

#[test]
fn a_server_that_comes_back_is_on_probation() {
    let cluster = cluster(Reads::WithWrites, [away(), ready(true), away()]);
    cluster.note_probe(0, ready(true));
    // Threads that use the server stay; all others wait.
    assert_eq!(chosen(&cluster, Route::Write, 0, None), Some(1));
    assert_eq!(chosen(&cluster, Route::Write, 0, Some(1)), Some(1));
    assert_eq!(chosen(&cluster, Route::Write, 0, Some(0)), Some(0));
    cluster.note_probe(1, away());
    assert_eq!(chosen(&cluster, Route::Write, 0, Some(1)), Some(0));
    assert!(matches!(cluster.health().readiness, Readiness::Ready));
    let servers = cluster.health().servers;
    assert_eq!(
        servers,
        [ServerHealth::Ready, ServerHealth::Away, ServerHealth::Away]
    );
}

#[test]
fn a_server_counts_as_away_only_if_another_is_ready() {
    let alone = cluster(Reads::WithWrites, [ready(true), away(), away()]);
    let cause: Cause = Arc::new(ConnectError::NotReady);
    assert!(!alone.report_away(0, cause.clone()));
    assert_eq!(chosen(&alone, Route::Write, 0, None), Some(0));
    let more = cluster(Reads::WithWrites, [ready(true), ready(true), away()]);
    assert!(more.report_away(0, cause));
    assert_eq!(chosen(&more, Route::Write, 0, None), Some(1));
}

#[test]
fn retries_are_a_share_of_the_jobs() {
    let cluster = cluster(Reads::WithWrites, [ready(true), away(), away()]);
    let granted = || (0..10_000).filter(|_| cluster.grants_retry()).count();
    // One per second for four threads, for ten seconds.
    assert_eq!(granted(), 10);
    for _ in 0..1_000 {
        cluster.count_job();
    }
    assert_eq!(granted(), 50);
}

#[test]
fn a_database_is_read_only_while_every_server_that_answers_is() {
    for (results, is_read_only) in [
        ([read_only(), read_only(), read_only()], true),
        ([away(), read_only(), away()], true),
        ([read_only(), ready(true), away()], false),
        // A donor: writes should go elsewhere, but it accepts them.
        ([read_only(), ready(false), away()], false),
    ] {
        let readiness = cluster(Reads::WithWrites, results).health().readiness;
        let found = matches!(readiness, Readiness::ReadOnly);
        assert_eq!(found, is_read_only, "{readiness:?}");
        assert!(found || matches!(readiness, Readiness::Ready));
    }
}
