//! Writes: at most once for each `Idempotency-Key`, committed or rolled back, with a response by
//! the deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use actix_web::http::header::HeaderValue;
use byline_application::idempotency::{self, Answer, IdempotentRequest};
use byline_application::{AppError, Conflict, Intent, RowLock, Session, Unavailable};
use byline_domain::policy::Principal;
use tokio::time::timeout_at;

use crate::problem::{HandlerResult, Problem};
use crate::request::context::RequestContext;
use crate::request::idempotency_key::IDEMPOTENCY_REPLAYED;
use crate::request::prefer::{self, Preferences, RETURN_MINIMAL, TX_ROLLBACK};
use crate::response::stored_response::StoredResponse;

/// The result of a successful write.
enum WriteResult<T> {
    /// Of a request without a key.
    Unkeyed(T),
    /// The encoded response that is stored under the key of the request.
    Stored(Answer),
}

impl RequestContext {
    /// Runs `work` in a session, at most once for each claim. Returns the response that
    /// `respond` makes of its value. Returns by the deadline, and tells the truth: work that has
    /// not begun by then never will.
    ///
    /// The intent of work that inserts one row and changes nothing else is [`Intent::Create`].
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        intent: Intent,
        claim: Option<IdempotentRequest>,
        work: impl Fn(&mut dyn Session, &Principal) -> Result<T, AppError> + Send + 'static,
        respond: fn(&T) -> Result<StoredResponse, AppError>,
    ) -> HandlerResult {
        let Preferences {
            tx_rollback,
            return_minimal,
            ..
        } = self.write_options.preferences;
        let result = self.run(intent, claim, work, respond).await;
        let response = result.map_err(Problem::from).and_then(|result| {
            let (response, replayed) = match result {
                WriteResult::Unkeyed(value) => (respond(&value)?, false),
                WriteResult::Stored(Answer::First(bytes)) => {
                    (StoredResponse::decode(&bytes)?, false)
                }
                WriteResult::Stored(Answer::Replayed(bytes)) => {
                    (StoredResponse::decode(&bytes)?, true)
                }
            };
            Ok((response.answer(return_minimal, self.base()), replayed))
        });
        let rollback = tx_rollback.then_some(TX_ROLLBACK);
        match response {
            Ok((mut response, replayed)) => {
                let minimal = return_minimal.then_some(RETURN_MINIMAL);
                let applied: Vec<_> = rollback.into_iter().chain(minimal).collect();
                if let Some((name, value)) = prefer::applied(&applied) {
                    response.headers_mut().insert(name, value);
                }
                if replayed {
                    self.api.counters().replays.increment();
                    let yes = HeaderValue::from_static("true");
                    response.headers_mut().insert(IDEMPOTENCY_REPLAYED, yes);
                }
                Ok(response)
            }
            Err(problem) => Err(match prefer::applied(rollback.as_slice()) {
                Some((name, value)) => problem.with_header(name, value),
                None => problem,
            }),
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        intent: Intent,
        claim: Option<IdempotentRequest>,
        work: impl Fn(&mut dyn Session, &Principal) -> Result<T, AppError> + Send + 'static,
        respond: fn(&T) -> Result<StoredResponse, AppError>,
    ) -> Result<WriteResult<T>, AppError> {
        let (now, options) = (self.now(), self.meta.job_options());
        let deadline = options.deadline.into();
        let progress = Arc::new(Progress::new());
        let job_progress = Arc::clone(&progress);
        let is_claimed = claim.is_some();
        let requester = self.requester.clone();
        // Otherwise a statement of its own looks up the requester, and its result must not
        // change before the write is committed.
        let is_settled = requester.credential().is_settled();
        let job = move |session: &mut dyn Session| {
            // Before the claim: only the owner of a stored response may see it.
            let principal = requester.principal(session, RowLock::UntilTheEnd)?;
            match &claim {
                None => {
                    job_progress.reach(WORKING)?;
                    work(session, &principal).map(WriteResult::Unkeyed)
                }
                Some(claim) => {
                    job_progress.reach(CLAIMING)?;
                    let answer = idempotency::once(session, claim, now, |session| {
                        job_progress.reach(WORKING)?;
                        respond(&work(session, &principal)?)?.encode()
                    });
                    answer.map(WriteResult::Stored)
                }
            }
        };
        let store = self.api.store();
        let is_dry_run = self.write_options.preferences.tx_rollback;
        let in_time = match intent {
            _ if is_dry_run => timeout_at(deadline, store.dry_run(options, job)).await,
            // A claim is a row of its own.
            Intent::Create if !is_claimed && is_settled => {
                timeout_at(deadline, store.create(options, job)).await
            }
            _ => timeout_at(deadline, store.write(options, job)).await,
        };
        in_time.unwrap_or_else(|_| {
            Err(match progress.abandon() {
                CLAIMING => Conflict::KeyInUse.into(),
                WORKING if !is_dry_run => AppError::OutcomeUnknown(None),
                _ => Unavailable::DeadlinePassed.into(),
            })
        })
    }
}

/// The progress of a write, which can be abandoned as long as it has changed nothing.
struct Progress(AtomicU8);

const WAITING: u8 = 0;
/// The session waits for the request that holds the same key.
const CLAIMING: u8 = 1;
/// Rows may have changed.
const WORKING: u8 = 2;
/// No row has changed, and none will.
const ABANDONED: u8 = 3;

impl Progress {
    const fn new() -> Self {
        Self(AtomicU8::new(WAITING))
    }

    /// Advances to `stage`. Does not go back: work that lost a conflict is run again.
    fn reach(&self, stage: u8) -> Result<(), AppError> {
        match self.0.fetch_max(stage, Ordering::AcqRel) {
            ABANDONED => Err(Unavailable::DeadlinePassed.into()),
            _ => Ok(()),
        }
    }

    /// Abandons the write unless it is too late. Returns the stage that it had reached.
    fn abandon(&self) -> u8 {
        let next = |stage| (stage < WORKING).then_some(ABANDONED);
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, next)
            .unwrap_or_else(|stage| stage)
    }
}
