//! The same requests on SQLite, MariaDB and MySQL, side by side: the answers differ
//! in nothing but times, and in ids, whose gaps are the engine's own affair.

mod requests;
mod twin;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use proptest::collection::vec;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::support::servers::{Engine, dedicated};
use requests::step;
use twin::Twins;

/// Requests that are compared, each sent to all.
const REQUESTS: usize = 20_000;

/// Groups of services, one on each engine, that work at the same time.
const GROUPS: usize = 4;

#[test]
fn all_engines_give_the_same_answers() {
    let engines = [Engine::MariaDb, Engine::MySql];
    let servers: Vec<_> = engines
        .into_iter()
        .filter_map(|engine| dedicated(engine, &[]))
        .collect();
    if servers.is_empty() {
        return;
    }
    let compared = AtomicUsize::new(0);
    thread::scope(|scope| {
        for group in 0..GROUPS {
            let (servers, compared) = (&servers, &compared);
            scope.spawn(move || {
                let twins = Twins::start(servers);
                while compared.load(Ordering::Relaxed) < REQUESTS {
                    sequence(&twins, group, compared);
                }
            });
        }
    });
    assert!(compared.into_inner() >= REQUESTS);
}

/// Replays generated sequences, each on empty databases. One that shows a
/// difference is shrunk.
fn sequence(twins: &Twins, group: usize, compared: &AtomicUsize) {
    let config = Config {
        cases: 10,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    // Another seed for each round of each group, the same in every run.
    let seed = u8::try_from(group).unwrap();
    let mut bytes = [seed; 32];
    let round = compared.load(Ordering::Relaxed).to_le_bytes();
    bytes[..round.len()].copy_from_slice(&round);
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, random);
    let outcome = runner.run(&vec(step(), 40..80), |steps| twins.replay(&steps, compared));
    outcome.unwrap_or_else(|difference| panic!("{difference}"));
}
