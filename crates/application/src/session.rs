use byline_domain::{PostFields, UserFields};

use crate::import::ImportRepository;
use crate::{IdempotencyRepository, IdentityRepository, KeyRepository, Repository};

/// One conversation with the store: one connection, one transaction.
///
/// It sees what it wrote itself. It is ended, by commit or rollback, by the
/// [`Store`](crate::Store) that opened it and by nobody else.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Session {
    /// Returns the users, as this session sees them.
    fn users(&mut self) -> &mut dyn Repository<UserFields>;

    /// Returns the posts, as this session sees them.
    fn posts(&mut self) -> &mut dyn Repository<PostFields>;

    /// The keys of requests that may come more than once.
    fn idempotency(&mut self) -> &mut dyn IdempotencyRepository;

    /// How far imports have come.
    fn imports(&mut self) -> &mut dyn ImportRepository;

    /// The keys of the API.
    fn keys(&mut self) -> &mut dyn KeyRepository;

    /// Which users the issuers of tokens mean.
    fn identities(&mut self) -> &mut dyn IdentityRepository;
}
