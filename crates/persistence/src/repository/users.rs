use byline_application::{UserFilter, UserSortKey};
use byline_domain::UserFields;

use super::table::prelude::*;

entity_table! {
    users of UserFields by UserSortKey and UserFilter;
    parents {}
    texts { name, email, }
    computed { email_key = |fields| fields.email.key(), }
    unique { email_key }
    lists {
        Id: id id,
        Name: text name,
        Email: unique email_key,
        CreatedAt: time created_at,
    }
    filters { Email(email) unique email_key = email.key(), }
}
