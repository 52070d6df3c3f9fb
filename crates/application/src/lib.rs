#![doc = include_str!("../README.md")]

mod authentication;
pub mod batch;
mod bulk;
mod clock;
mod error;
#[cfg(test)]
mod fixtures;
pub mod idempotency;
pub mod identities;
pub mod import;
pub mod keys;
mod list;
pub mod me;
pub mod metrics;
pub mod posts;
mod precondition;
mod repository;
mod session;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod users;

pub use authentication::{
    Authentication, Credential, CredentialError, RowLock, Token, TokenRefusal, TokenVerifier,
};
pub use bulk::{BulkRepository, LastIds, PostRecord, UserRecord};
pub use clock::Clock;
pub use error::{AppError, Cause, Conflict, EntityRef, Unavailable};
pub use idempotency::{Digest, IdempotencyRepository};
pub use identities::IdentityRepository;
pub use keys::KeyRepository;
pub use list::{
    Direction, InvalidLimit, KeyRange, KeysetPosition, KeysetWindow, Limit, Page, PostOrder,
    PostQuery, Seek, UserOrder, UserQuery,
};
pub use precondition::Precondition;
pub use repository::{PostRepository, Reference, RepositoryError, UniqueKey, UserRepository};
pub use session::Session;
pub use store::{
    Health, Intent, Job, JobOptions, JobTimes, JobTiming, Readiness, Release, ServerHealth, Store,
};

#[cfg(any(test, feature = "testing"))]
pub use {
    authentication::MockTokenVerifier,
    bulk::MockBulkRepository,
    clock::MockClock,
    idempotency::MockIdempotencyRepository,
    identities::MockIdentityRepository,
    import::MockImportRepository,
    keys::MockKeyRepository,
    repository::{MockPostRepository, MockUserRepository},
    session::MockSession,
    store::MockStore,
};
