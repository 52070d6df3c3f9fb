//! The tables of other things than entities, once for all engines: only types that every
//! engine has. Those of entities are declared in `repository`, each beside its lists.

use byline_application::UniqueKey;

/// The unique keys that can reject a row: the table, and the column or the index of that name.
pub(crate) const UNIQUE_KEYS: [(&str, &str, UniqueKey); 4] = [
    ("users", "email_key", UniqueKey::UserEmail),
    ("idempotency_keys", "key_hash", UniqueKey::IdempotencyKey),
    ("identities", "identity_hash", UniqueKey::Identity),
    ("identities", "user_id", UniqueKey::Identity),
];

diesel::table! {
    releases (version) {
        version -> Text,
        schema_version -> Text,
    }
}

diesel::table! {
    idempotency_keys (key_hash) {
        key_hash -> Binary,
        fingerprint -> Binary,
        answer -> Nullable<Binary>,
        created_at -> BigInt,
    }
}

diesel::table! {
    imports (id) {
        id -> BigInt,
        what -> Text,
        numbering -> Text,
        authors -> Nullable<BigInt>,
        bytes -> BigInt,
        line_count -> BigInt,
        digest -> Binary,
        updated_at -> BigInt,
    }
}

diesel::table! {
    api_keys (id) {
        id -> BigInt,
        secret_hash -> Binary,
        hint -> Text,
        name -> Text,
        user_id -> Nullable<BigInt>,
        scopes -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    import_ids (import_id, given_id) {
        import_id -> BigInt,
        given_id -> BigInt,
        stored_id -> BigInt,
    }
}

diesel::table! {
    api_key_uses (key_id) {
        key_id -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    identities (identity_hash) {
        identity_hash -> Binary,
        user_id -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::joinable!(api_key_uses -> api_keys (key_id));
diesel::allow_tables_to_appear_in_same_query!(api_key_uses, api_keys);
