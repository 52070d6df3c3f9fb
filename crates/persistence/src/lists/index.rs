//! The indexes of lists.

use diesel::query_builder::QueryId;

/// An index of a table.
pub(crate) trait Index: Copy + QueryId + 'static {
    type Table;

    const TABLE: Self::Table;
    const TABLE_NAME: &'static str;
    /// The name that the migrations give it.
    const NAME: &'static str;
}

/// The index on the column `Key`, after the column `Filter` unless that is `()`. The id is the
/// last column of every index.
#[derive(Clone, Copy, Debug, QueryId)]
pub(crate) struct By<Key, Filter>(pub(crate) Key, pub(crate) Filter);

/// Names the indexes of a table by convention: `posts_by_title`, and under the filter `user`
/// `posts_by_user_and_title` and `posts_by_user`; that of a unique key `users_email_key`.
macro_rules! indexes {
    ($table:ident, [unique $($filter:tt)*], $keys:tt) => {};
    ($table:ident, $under:tt, { $($variant:ident: $kind:ident $column:ident,)+ }) => {
        $(crate::lists::index::indexes!(@ $kind $table $column $under);)+
    };
    (@ id $table:ident $column:ident []) => {
        crate::lists::index::indexes!(@ name $table $column (); "PRIMARY");
    };
    (@ unique $table:ident $column:ident []) => {
        crate::lists::index::indexes!(@ name $table $column ();
            concat!(stringify!($table), "_", stringify!($column)));
    };
    (@ $kind:ident $table:ident $column:ident []) => {
        crate::lists::index::indexes!(@ name $table $column ();
            concat!(stringify!($table), "_by_", stringify!($column)));
    };
    (@ id $table:ident $column:ident [under $filter:ident $name:literal]) => {
        crate::lists::index::indexes!(@ name $table $column $table::$filter;
            concat!(stringify!($table), "_by_", $name));
    };
    (@ $kind:ident $table:ident $column:ident [under $filter:ident $name:literal]) => {
        crate::lists::index::indexes!(@ name $table $column $table::$filter;
            concat!(stringify!($table), "_by_", $name, "_and_", stringify!($column)));
    };
    (@ name $table:ident $column:ident $filter:ty; $name:expr) => {
        impl crate::lists::index::Index for crate::lists::index::By<$table::$column, $filter> {
            type Table = $table::table;

            const TABLE: Self::Table = $table::table;
            const TABLE_NAME: &'static str = stringify!($table);
            const NAME: &'static str = $name;
        }
    };
}
pub(crate) use indexes;
