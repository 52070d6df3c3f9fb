use crate::{Content, Id, Stored, Title, UserFields};

crate::entity! {
    /// The fields of a post, which a user has written.
    PostFields, PostChange, "post", "posts";
    parents {
        /// The author.
        user_id: UserFields as AUTHOR,
    }
    fields {
        /// The title: one line.
        title: Title,
        /// The text; may be empty.
        content: Content,
    }
}

/// A stored post.
pub type Post = Stored<PostFields>;

/// The id of a post.
pub type PostId = Id<PostFields>;
