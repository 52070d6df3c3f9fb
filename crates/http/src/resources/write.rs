//! The one way of every write: claimed by its key, tried or carried out,
//! answered in time and as its sender prefers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use actix_web::HttpResponse;
use actix_web::http::header::HeaderValue;
use byline_application::idempotency::{self, Answer, IdempotentRequest};
use byline_application::{AppError, Conflict, Intent, RowLock, Session, Unavailable};
use byline_domain::policy::Principal;
use tokio::time::timeout_at;

use crate::problem::Problem;
use crate::request::context::RequestContext;
use crate::request::idempotency_key::IDEMPOTENCY_REPLAYED;
use crate::request::prefer::{self, Preferences, RETURN_MINIMAL, TX_ROLLBACK};
use crate::response::stored_response::StoredResponse;

/// A write that ended well.
enum WriteResult<T> {
    /// It was carried out, without a key.
    Fresh(T),
    /// Its encoded outcome is kept under its key.
    Kept(Answer),
}

impl RequestContext {
    /// Runs `work` in a session, at most once for each claim, and answers with
    /// what `show` makes of its value. The answer comes by the deadline, and is
    /// true: work that was not begun by then never will be.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        claim: Option<IdempotentRequest>,
        work: impl Fn(&mut dyn Session, &Principal) -> Result<T, AppError> + Send + 'static,
        show: fn(&T) -> Result<StoredResponse, AppError>,
    ) -> Result<HttpResponse, Problem> {
        self.carry_out(Intent::Write, claim, work, show).await
    }

    /// The same for work that inserts one row and changes nothing else.
    pub(crate) async fn create<T: Send + 'static>(
        &self,
        claim: Option<IdempotentRequest>,
        work: impl Fn(&mut dyn Session, &Principal) -> Result<T, AppError> + Send + 'static,
        show: fn(&T) -> Result<StoredResponse, AppError>,
    ) -> Result<HttpResponse, Problem> {
        self.carry_out(Intent::Create, claim, work, show).await
    }

    async fn carry_out<T: Send + 'static>(
        &self,
        intent: Intent,
        claim: Option<IdempotentRequest>,
        work: impl Fn(&mut dyn Session, &Principal) -> Result<T, AppError> + Send + 'static,
        show: fn(&T) -> Result<StoredResponse, AppError>,
    ) -> Result<HttpResponse, Problem> {
        let Preferences {
            tx_rollback,
            return_minimal,
            ..
        } = *self.wishes().preferences();
        let ended = self.end(intent, claim, work, show).await;
        let answered = ended.map_err(Problem::from).and_then(|ended| {
            let (outcome, replayed) = match ended {
                WriteResult::Fresh(value) => (show(&value)?, false),
                WriteResult::Kept(Answer::First(bytes)) => (StoredResponse::decode(&bytes)?, false),
                WriteResult::Kept(Answer::Replayed(bytes)) => {
                    (StoredResponse::decode(&bytes)?, true)
                }
            };
            Ok((outcome.answer(return_minimal, self.base()), replayed))
        });
        let rehearsed = tx_rollback.then_some(TX_ROLLBACK);
        match answered {
            Ok((mut answer, replayed)) => {
                let minimal = return_minimal.then_some(RETURN_MINIMAL);
                let applied: Vec<_> = rehearsed.into_iter().chain(minimal).collect();
                if let Some((name, value)) = prefer::applied(&applied) {
                    answer.headers_mut().insert(name, value);
                }
                if replayed {
                    self.api().counters().replays.increment();
                    let yes = HeaderValue::from_static("true");
                    answer.headers_mut().insert(IDEMPOTENCY_REPLAYED, yes);
                }
                Ok(answer)
            }
            Err(problem) => Err(match prefer::applied(rehearsed.as_slice()) {
                Some((name, value)) => problem.with_header(name, value),
                None => problem,
            }),
        }
    }

    async fn end<T: Send + 'static>(
        &self,
        intent: Intent,
        claim: Option<IdempotentRequest>,
        work: impl Fn(&mut dyn Session, &Principal) -> Result<T, AppError> + Send + 'static,
        show: fn(&T) -> Result<StoredResponse, AppError>,
    ) -> Result<WriteResult<T>, AppError> {
        let (now, deadline, order) = (self.now(), self.deadline(), self.order());
        let progress = Arc::new(Progress::new());
        let theirs = Arc::clone(&progress);
        let is_claimed = claim.is_some();
        let sender = self.sender().clone();
        // What tells who is calling is a statement of its own, and must not change
        // before the write is committed.
        let is_settled = sender.credential().is_settled();
        let job = move |session: &mut dyn Session| {
            // Before the claim: an answer is given again to nobody but its owner.
            let principal = sender.principal(session, RowLock::UntilTheEnd)?;
            match &claim {
                None => {
                    theirs.reach(WORKING)?;
                    work(session, &principal).map(WriteResult::Fresh)
                }
                Some(claim) => {
                    theirs.reach(CLAIMING)?;
                    let answer = idempotency::once(session, claim, now, |session| {
                        theirs.reach(WORKING)?;
                        show(&work(session, &principal)?)?.encode()
                    });
                    answer.map(WriteResult::Kept)
                }
            }
        };
        let store = self.api().store();
        let rehearsed = self.wishes().preferences().tx_rollback;
        let in_time = match intent {
            _ if rehearsed => timeout_at(deadline.into(), store.dry_run(order, job)).await,
            // A claim is a row of its own.
            Intent::Create if !is_claimed && is_settled => {
                timeout_at(deadline.into(), store.create(order, job)).await
            }
            _ => timeout_at(deadline.into(), store.write(order, job)).await,
        };
        in_time.unwrap_or_else(|_| {
            Err(match progress.abandon() {
                CLAIMING => Conflict::KeyInUse.into(),
                WORKING if !rehearsed => AppError::OutcomeUnknown(None),
                _ => Unavailable::DeadlinePassed.into(),
            })
        })
    }
}

/// How far a write has got, unless it was given up before it changed anything.
struct Progress(AtomicU8);

/// Nothing has happened.
const WAITING: u8 = 0;
/// The session waits for whoever has the same key.
const CLAIMING: u8 = 1;
/// Something may have changed.
const WORKING: u8 = 2;
/// Nothing has changed, and nothing will.
const ABANDONED: u8 = 3;

impl Progress {
    const fn new() -> Self {
        Self(AtomicU8::new(WAITING))
    }

    /// Goes on to `stage`, or stays where it is, beyond: work that lost a
    /// conflict begins again.
    fn reach(&self, stage: u8) -> Result<(), AppError> {
        match self.0.fetch_max(stage, Ordering::AcqRel) {
            ABANDONED => Err(Unavailable::DeadlinePassed.into()),
            _ => Ok(()),
        }
    }

    /// Gives up, unless it is too late for that; tells how far it had got.
    fn abandon(&self) -> u8 {
        let too_late = |stage| (stage < WORKING).then_some(ABANDONED);
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, too_late)
            .unwrap_or_else(|stage| stage)
    }
}
