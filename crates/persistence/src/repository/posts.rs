use byline_application::{PostFilter, PostSortKey};
use byline_domain::PostFields;

use super::table::prelude::*;

entity_table! {
    posts of PostFields by PostSortKey and PostFilter;
    parents { user_id, }
    texts { title, content, }
    computed {}
    unique {}
    lists {
        Id: id id,
        Title: text title,
        CreatedAt: time created_at,
        UpdatedAt: time updated_at,
    }
    filters { Author(author) under user_id "user" = author.get(), }
}
