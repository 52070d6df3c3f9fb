use crate::{Content, Id, Stored, Title, UserFields};

crate::entity! {
    /// The fields of a post, which a user writes.
    PostFields, PostChange, "post", "posts";
    parents {
        /// The author.
        user_id: UserFields as AUTHOR,
    }
    fields {
        /// One line that says what the post is about.
        title: Title,
        /// The text itself; may be empty.
        content: Content,
    }
}

/// A post that is stored.
pub type Post = Stored<PostFields>;

/// The id of a post.
pub type PostId = Id<PostFields>;
