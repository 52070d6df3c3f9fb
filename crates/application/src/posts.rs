//! What sets posts apart in the use cases of [`crud`](crate::crud).

use byline_domain::policy::{Action, Scope};
use byline_domain::{Post, PostFields, PostId, UserId};

use crate::crud::Resource;
use crate::{Listed, Repository, Session};

crate::sort_keys! {
    /// The keys by which posts can be sorted.
    PostSortKey of PostFields;
    Id "id" Id |_| ();
    Title "title" Text |post| post.fields.title.as_str();
    CreatedAt "created_at" Time |post| post.created_at;
    UpdatedAt "updated_at" Time |post| post.updated_at;
}

/// The filters of lists of posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostFilter {
    /// Only the posts of this user.
    Author(UserId),
}

impl Listed for PostFields {
    type SortKey = PostSortKey;
    type Filter = PostFilter;
}

impl Resource for PostFields {
    const READ: Action = Action::Read(Scope::PostsRead);

    fn repository(session: &mut dyn Session) -> &mut dyn Repository<Self> {
        session.posts()
    }

    fn create_action(&self) -> Action {
        Action::Write(Scope::PostsWrite, self.user_id)
    }

    fn write_action(_: PostId) -> Action {
        Action::WriteSome(Scope::PostsWrite)
    }

    fn write_row_action(post: &Post) -> Action {
        Action::Write(Scope::PostsWrite, post.fields.user_id)
    }
}

#[cfg(test)]
mod tests;
