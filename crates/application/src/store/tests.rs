use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::{Health, Intent, Job, Readiness, Store};
use crate::fixtures::{ada, cause, session_of, that_find, user_id, users};
use crate::testing::ImmediateStore;
use crate::{AppError, MockSession, MockStore, RepositoryError, Session, Unavailable};

/// A store that passes each job to a function of the test.
struct Scripted<F>(F);

impl<F: Fn(Box<dyn Job>) + Send + Sync> Store for Scripted<F> {
    fn submit(&self, _: Intent, _: Instant, job: Box<dyn Job>) {
        (self.0)(job);
    }

    fn health(&self) -> Health {
        Health {
            readiness: Readiness::Ready,
            release: None,
            servers: Vec::new(),
        }
    }
}

fn scripted(script: impl Fn(Box<dyn Job>) + Send + Sync + 'static) -> Box<dyn Store> {
    Box::new(Scripted(script))
}

/// Returns a deadline that no test reaches.
fn later() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

/// Returns work whose value is how often it was run.
fn counting() -> impl Fn(&mut dyn Session) -> Result<i64, AppError> + Send + 'static {
    let runs = AtomicI64::new(0);
    move |_| Ok(runs.fetch_add(1, Ordering::Relaxed) + 1)
}

#[tokio::test]
async fn each_method_submits_its_intent_and_returns_the_value() {
    let store = Arc::new(ImmediateStore::new(MockSession::new()));
    let typed: &dyn Store = store.as_ref();
    assert_eq!(typed.read(later(), |_| Ok(1)).await.unwrap(), 1);
    assert_eq!(typed.snapshot(later(), |_| Ok(2)).await.unwrap(), 2);
    assert_eq!(typed.write(later(), |_| Ok(3)).await.unwrap(), 3);
    assert_eq!(typed.dry_run(later(), |_| Ok(4)).await.unwrap(), 4);
    assert_eq!(
        store.intents(),
        [
            Intent::Read,
            Intent::Snapshot,
            Intent::Write,
            Intent::DryRun
        ]
    );
}

#[tokio::test]
async fn the_deadline_reaches_the_store() {
    let deadline = later();
    let mut store = MockStore::new();
    store
        .expect_submit()
        .withf(move |_, given, _| *given == deadline)
        .times(1)
        .returning(|_, _, job| job.finish(Err(Unavailable::QueueFull.into())));
    let store: &dyn Store = &store;
    let told = store.read(deadline, |_| Ok(())).await;
    assert!(matches!(
        told,
        Err(AppError::Unavailable(Unavailable::QueueFull))
    ));
}

#[tokio::test]
async fn the_work_runs_in_the_session_of_the_store() {
    let store = ImmediateStore::new(session_of(that_find(Ok(Some(ada())))));
    let store: &dyn Store = &store;
    let found = store
        .read(later(), |session| Ok(session.users().find(user_id(1))?))
        .await;
    assert_eq!(found.unwrap(), Some(ada()));
}

#[tokio::test]
async fn the_work_is_run_again_after_a_lost_conflict() {
    let mut rows = users();
    rows.expect_find()
        .times(1)
        .return_once(|_| Err(RepositoryError::Contention(cause())));
    rows.expect_find().times(1).return_const(Ok(Some(ada())));
    let store = ImmediateStore::new(session_of(rows));
    let store: &dyn Store = &store;
    let found = store
        .write(later(), |session| Ok(session.users().find(user_id(1))?))
        .await;
    assert_eq!(found.unwrap(), Some(ada()));
    let health = store.health();
    assert!(matches!(health.readiness, Readiness::Ready));
}

#[tokio::test]
async fn the_last_of_several_runs_gives_the_value() {
    let store = scripted(|mut job| {
        let mut session = MockSession::new();
        job.run(&mut session).unwrap();
        job.run(&mut session).unwrap();
        job.finish(Ok(()));
    });
    assert_eq!(store.write(later(), counting()).await.unwrap(), 2);
}

#[tokio::test]
async fn a_failed_run_discards_the_value_of_an_earlier_one() {
    let store = scripted(|mut job| {
        let mut session = MockSession::new();
        job.run(&mut session).unwrap();
        job.run(&mut session).unwrap_err();
        job.finish(Ok(()));
    });
    let work = counting();
    let told = store
        .write(later(), move |session| match work(session)? {
            1 => Ok(1),
            _ => Err(AppError::Contention(None)),
        })
        .await;
    assert!(matches!(told, Err(AppError::Internal(_))));
}

#[tokio::test]
async fn an_error_of_the_work_is_returned() {
    let store = ImmediateStore::new(MockSession::new());
    let store: &dyn Store = &store;
    let told: Result<(), _> = store
        .write(later(), |_| Err(AppError::OutcomeUnknown(None)))
        .await;
    assert!(matches!(told, Err(AppError::OutcomeUnknown(None))));
}

#[tokio::test]
async fn a_session_that_fails_to_end_has_no_value() {
    let store = scripted(|mut job| {
        job.run(&mut MockSession::new()).unwrap();
        job.finish(Err(AppError::OutcomeUnknown(None)));
    });
    let told = store.write(later(), |_| Ok(1)).await;
    assert!(matches!(told, Err(AppError::OutcomeUnknown(None))));
}

#[tokio::test]
async fn a_dropped_job_is_a_bug_and_ends_the_wait() {
    let store = scripted(drop);
    let told = store.write(later(), |_| Ok(1)).await;
    assert!(matches!(told, Err(AppError::Internal(_))));
}

#[tokio::test]
async fn a_job_that_was_never_run_has_no_value() {
    let store = scripted(|job| job.finish(Ok(())));
    let told = store.write(later(), |_| Ok(1)).await;
    assert!(matches!(told, Err(AppError::Internal(_))));
}

#[tokio::test]
async fn the_result_may_come_from_another_thread() {
    let store = scripted(|mut job| {
        thread::spawn(move || {
            let ending = job.run(&mut MockSession::new());
            job.finish(ending);
        });
    });
    // A runtime with several threads may move the waiting task.
    let waiting = tokio::spawn(async move { store.write(later(), counting()).await });
    assert_eq!(waiting.await.unwrap().unwrap(), 1);
}

#[test]
fn a_job_runs_although_its_caller_stopped_waiting() {
    let queue: Arc<Mutex<Vec<Box<dyn Job>>>> = Arc::default();
    let submitted = Arc::clone(&queue);
    let store = scripted(move |job| submitted.lock().unwrap().push(job));
    let runs = Arc::new(AtomicI64::new(0));
    let counter = Arc::clone(&runs);
    {
        let waiting = pin!(store.write(later(), move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.poll(&mut context).is_pending());
    }
    let mut job = queue.lock().unwrap().pop().unwrap();
    job.run(&mut MockSession::new()).unwrap();
    job.finish(Ok(()));
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}
