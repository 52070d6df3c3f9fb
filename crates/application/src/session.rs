use byline_domain::{PostFields, UserFields};

use crate::import::ImportRepository;
use crate::{IdempotencyRepository, IdentityRepository, KeyRepository, Repository};

/// A session of the store: one connection and one transaction.
///
/// It sees its own writes. Only the [`Store`](crate::Store) that opened it ends it, by commit
/// or rollback.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Session {
    /// Returns the users, as this session sees them.
    fn users(&mut self) -> &mut dyn Repository<UserFields>;

    /// Returns the posts, as this session sees them.
    fn posts(&mut self) -> &mut dyn Repository<PostFields>;

    /// Returns the idempotency keys of requests.
    fn idempotency(&mut self) -> &mut dyn IdempotencyRepository;

    /// Returns the checkpoints of imports.
    fn imports(&mut self) -> &mut dyn ImportRepository;

    /// Returns the API keys.
    fn keys(&mut self) -> &mut dyn KeyRepository;

    /// Returns the links from identities to users.
    fn identities(&mut self) -> &mut dyn IdentityRepository;
}
