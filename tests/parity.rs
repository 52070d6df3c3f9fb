//! The same requests on SQLite and on MariaDB, side by side: the answers differ
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

/// Requests that are compared, each sent to both.
const REQUESTS: usize = 20_000;

/// Pairs of services that work at the same time.
const PAIRS: usize = 4;

#[test]
fn both_engines_give_the_same_answers() {
    let Some(server) = dedicated(Engine::MariaDb, &[]) else {
        return;
    };
    let compared = AtomicUsize::new(0);
    thread::scope(|scope| {
        for pair in 0..PAIRS {
            let (server, compared) = (&server, &compared);
            scope.spawn(move || {
                let twins = Twins::start(server);
                while compared.load(Ordering::Relaxed) < REQUESTS {
                    sequence(&twins, pair, compared);
                }
            });
        }
    });
    assert!(compared.into_inner() >= REQUESTS);
}

/// Replays generated sequences, each on empty databases. One that shows a
/// difference is shrunk.
fn sequence(twins: &Twins, pair: usize, compared: &AtomicUsize) {
    let config = Config {
        cases: 10,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    // Another seed for each round of each pair, the same in every run.
    let seed = u8::try_from(pair).unwrap();
    let mut bytes = [seed; 32];
    let round = compared.load(Ordering::Relaxed).to_le_bytes();
    bytes[..round.len()].copy_from_slice(&round);
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, random);
    let outcome = runner.run(&vec(step(), 40..80), |steps| twins.replay(&steps, compared));
    outcome.unwrap_or_else(|difference| panic!("{difference}"));
}
