//! The tables, once for all engines: only types that every engine has.

diesel::table! {
    releases (version) {
        version -> Text,
        schema_version -> Text,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        name -> Text,
        email -> Text,
        email_key -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
        /// Where a commit can get lost on the way: which attempt inserted
        /// the row. SQLite has no such column.
        origin -> Nullable<Binary>,
    }
}

diesel::table! {
    posts (id) {
        id -> BigInt,
        user_id -> BigInt,
        title -> Text,
        content -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
        /// Where a commit can get lost on the way: which attempt inserted
        /// the row. SQLite has no such column.
        origin -> Nullable<Binary>,
    }
}

diesel::joinable!(posts -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(users, posts);
