//! What sets posts apart from the rows of other entities.

use byline_domain::policy::{Denial, Principal, Scope};
use byline_domain::{PostChange, UserFields};
use mockall::predicate::eq;

use super::*;
use crate::fixtures::{
    ada, all_but, assert_conflict, assert_denied, assert_failures_pass, assert_not_found, at,
    caller, new_post, notes, post_id, posts, session_of, session_over, that_delete, that_find,
    that_lock, that_update, user_id, users, version,
};
use crate::{AppError, Conflict, MockRepository, MockSession, Precondition, RepositoryError, crud};

mod authors;
mod creations;
mod hidden_posts;
mod lists_of_an_author;
mod rights;
