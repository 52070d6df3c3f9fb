#![doc = include_str!("../README.md")]

mod authentication;
pub mod batch;
mod bulk;
mod clock;
pub mod crud;
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
mod posts;
mod precondition;
mod repository;
mod session;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod users;

pub use authentication::{
    Authentication, Credential, CredentialError, RowLock, Token, TokenRefusal, TokenVerifier,
};
pub use bulk::ImportedRow;
pub use clock::Clock;
pub use crud::{Children, Resource};
pub use error::{AppError, Cause, Conflict, EntityRef, Unavailable};
pub use idempotency::{Digest, IdempotencyRepository};
pub use identities::IdentityRepository;
pub use keys::KeyRepository;
pub use list::{
    Direction, InvalidLimit, KeyRange, KeysetPosition, KeysetWindow, Limit, ListQuery, Listed,
    Page, Seek, SortKey, SortKind, SortValue,
};
pub use posts::{PostFilter, PostSortKey};
pub use precondition::Precondition;
pub use repository::{Repository, RepositoryError, UniqueKey};
pub use session::Session;
pub use store::{
    Health, Intent, Job, JobOptions, JobTimes, JobTiming, Readiness, Release, ServerHealth, Store,
};

pub use users::{UserFilter, UserSortKey};

#[cfg(any(test, feature = "testing"))]
pub use {
    authentication::MockTokenVerifier, clock::MockClock, idempotency::MockIdempotencyRepository,
    identities::MockIdentityRepository, import::MockImportRepository, keys::MockKeyRepository,
    repository::MockRepository, session::MockSession, store::MockStore,
};
