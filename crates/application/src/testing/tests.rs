use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{ATTEMPTS, ImmediateStore};
use crate::{AppError, Intent, Job, MockSession, Readiness, Session, Store, Unavailable};

/// Returns a deadline that no test reaches.
fn later() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

/// Returns a store whose session has no repositories.
fn store() -> Box<dyn Store> {
    Box::new(ImmediateStore::new(MockSession::new()))
}

struct Panicking;

impl Job for Panicking {
    fn run(&mut self, _: &mut dyn Session) -> Result<(), AppError> {
        panic!("as a bug would")
    }

    fn finish(self: Box<Self>, _: Result<(), AppError>) {}
}

#[tokio::test]
async fn a_job_that_loses_conflicts_is_run_a_few_times() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let lost: Result<(), _> = store()
        .write(later(), move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Err(AppError::Contention(None))
        })
        .await;
    assert!(matches!(
        lost,
        Err(AppError::Unavailable(Unavailable::Contention))
    ));
    assert_eq!(runs.load(Ordering::Relaxed), ATTEMPTS);
}

#[tokio::test]
async fn a_job_past_its_deadline_is_not_run() {
    let over = store()
        .read(Instant::now(), |_| -> Result<(), AppError> {
            panic!("must not run")
        })
        .await;
    assert!(matches!(
        over,
        Err(AppError::Unavailable(Unavailable::DeadlinePassed))
    ));
}

#[tokio::test]
async fn every_job_after_a_panic_fails() {
    let store = store();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        store.submit(Intent::Write, later(), Box::new(Panicking));
    }));
    assert!(panicked.is_err());
    let told = store.read(later(), |_| Ok(())).await;
    assert!(matches!(told, Err(AppError::Internal(_))));
}

#[test]
fn the_store_is_always_ready_and_has_no_release() {
    let health = store().health();
    assert!(matches!(health.readiness, Readiness::Ready));
    assert!(health.release.is_none());
}
