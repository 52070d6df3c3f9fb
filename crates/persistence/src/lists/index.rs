//! The indexes that lists are read along.

use diesel::query_builder::QueryId;

use crate::schema::{posts, users};

/// An index of a table, by the name that the migrations give it.
pub(crate) trait Index: Copy + QueryId + 'static {
    type Table;

    const TABLE: Self::Table;
    const TABLE_NAME: &'static str;
    const NAME: &'static str;
}

macro_rules! indexes {
    ($($table:ident: $($index:ident $name:literal,)+;)+) => {$($(
        #[doc = concat!("`", $name, "` of `", stringify!($table), "`.")]
        #[derive(Clone, Copy, Debug, QueryId)]
        pub(crate) struct $index;

        impl Index for $index {
            type Table = $table::table;

            const TABLE: Self::Table = $table::table;
            const TABLE_NAME: &'static str = stringify!($table);
            const NAME: &'static str = $name;
        }
    )+)+};
}

indexes! {
    users:
        UsersById "PRIMARY",
        UsersByName "users_by_name",
        UsersByEmail "users_email_key",
        UsersByCreatedAt "users_by_created_at",
    ;
    posts:
        PostsById "PRIMARY",
        PostsByTitle "posts_by_title",
        PostsByCreatedAt "posts_by_created_at",
        PostsByUpdatedAt "posts_by_updated_at",
        PostsByUser "posts_by_user",
        PostsByUserAndTitle "posts_by_user_and_title",
        PostsByUserAndCreatedAt "posts_by_user_and_created_at",
        PostsByUserAndUpdatedAt "posts_by_user_and_updated_at",
    ;
}
