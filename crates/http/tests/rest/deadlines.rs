use std::sync::{Arc, Mutex};
use std::time::Duration;

use byline_application::{AppError, Job, MockStore, Unavailable};
use byline_http::{Api, Settings};

use crate::support::{MockPosts, ada, api_with, get, request, send, session, settings};

type Jobs = Arc<Mutex<Vec<Box<dyn Job>>>>;

/// Returns an interface to a store that never finishes a job, and its jobs. `begin` says
/// whether it starts them.
fn stuck(begin: bool) -> (Api, Jobs) {
    let jobs = Jobs::default();
    let kept = Arc::clone(&jobs);
    let mut store = MockStore::new();
    store.expect_submit().returning(move |_, _, mut job| {
        if begin {
            job.run(&mut session(ada(1), MockPosts::new())).unwrap();
        }
        kept.lock().unwrap().push(job);
    });
    let settings = Settings {
        request_deadline: Duration::from_millis(20),
        ..settings()
    };
    (api_with(Arc::new(store), settings), jobs)
}

#[actix_web::test]
async fn a_read_is_answered_by_its_deadline() {
    for begin in [false, true] {
        let (api, _jobs) = stuck(begin);
        let answer = get(&api, "/users/1").await;
        assert_eq!(answer.problem(), (503, "deadline-exceeded".into()));
    }
}

#[actix_web::test]
async fn a_write_past_its_deadline_is_not_started() {
    let (api, jobs) = stuck(false);
    let answer = send(&api, request("DELETE", "/users/1")).await;
    assert_eq!(answer.problem(), (503, "deadline-exceeded".into()));

    let mut job = jobs.lock().unwrap().pop().unwrap();
    let mut untouched = session(ada(1), MockPosts::new());
    let late = job.run(&mut untouched).unwrap_err();
    assert!(
        matches!(late, AppError::Unavailable(Unavailable::DeadlinePassed)),
        "{late:?}"
    );
}

#[actix_web::test]
async fn a_started_write_past_its_deadline_has_an_unknown_outcome() {
    let (api, _jobs) = stuck(true);
    let answer = send(&api, request("DELETE", "/users/1")).await;
    assert_eq!(answer.problem(), (503, "outcome-unknown".into()));
}

/// A session may lose a conflict after it has started. The store runs it again.
#[actix_web::test]
async fn a_write_may_run_again_after_a_conflict() {
    let mut store = MockStore::new();
    store.expect_submit().returning(|_, _, mut job| {
        for _ in 0..3 {
            job.run(&mut session(ada(1), MockPosts::new())).unwrap();
        }
        job.finish(Ok(()));
    });
    let api = api_with(Arc::new(store), settings());
    assert_eq!(send(&api, request("DELETE", "/users/1")).await.status, 204);
}
