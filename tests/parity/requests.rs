//! Requests as anybody may send them, with texts that engines like to treat
//! differently.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// One request. Rows are named by their place among those created so far.
#[derive(Clone, Debug)]
pub(super) enum Step {
    CreateUser {
        name: String,
        email: String,
    },
    ChangeUser {
        user: Index,
        method: &'static str,
        name: Option<String>,
        email: Option<String>,
        guard: Guard,
    },
    DeleteUser {
        user: Index,
        with_posts: bool,
        guard: Guard,
    },
    CreatePost {
        author: Index,
        nested: bool,
        title: String,
        content: String,
    },
    ChangePost {
        post: Index,
        method: &'static str,
        author: Option<Index>,
        title: Option<String>,
        content: Option<String>,
        guard: Guard,
    },
    DeletePost {
        post: Index,
        guard: Guard,
    },
    Read {
        what: Thing,
        row: Index,
        guard: Guard,
    },
    Walk {
        list: List,
        author: Index,
        limit: u8,
        pages: u8,
        back: bool,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Thing {
    User,
    Post,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum List {
    Users,
    Posts,
    PostsBy,
    PostsOf,
}

/// `If-Match` or, on reads, `If-None-Match`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Guard {
    None,
    Any,
    Version(u8),
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        5 => (name(), email()).prop_map(|(name, email)| Step::CreateUser { name, email }),
        3 => (index(), select(vec!["PUT", "PATCH"]), prop::option::of(name()), prop::option::of(email()), guard())
            .prop_map(|(user, method, name, email, guard)| Step::ChangeUser { user, method, name, email, guard }),
        1 => (index(), any::<bool>(), guard())
            .prop_map(|(user, with_posts, guard)| Step::DeleteUser { user, with_posts, guard }),
        5 => (index(), any::<bool>(), name(), content())
            .prop_map(|(author, nested, title, content)| Step::CreatePost { author, nested, title, content }),
        3 => (index(), select(vec!["PUT", "PATCH"]), prop::option::of(index()), prop::option::of(name()), prop::option::of(content()), guard())
            .prop_map(|(post, method, author, title, content, guard)| Step::ChangePost { post, method, author, title, content, guard }),
        1 => (index(), guard()).prop_map(|(post, guard)| Step::DeletePost { post, guard }),
        4 => (select(vec![Thing::User, Thing::Post]), index(), guard())
            .prop_map(|(what, row, guard)| Step::Read { what, row, guard }),
        4 => (select(vec![List::Users, List::Posts, List::PostsBy, List::PostsOf]), index(), 1..6_u8, 1..4_u8, any::<bool>())
            .prop_map(|(list, author, limit, pages, back)| Step::Walk { list, author, limit, pages, back }),
    ]
}

fn guard() -> impl Strategy<Value = Guard> {
    prop_oneof![
        4 => Just(Guard::None),
        1 => Just(Guard::Any),
        2 => (1..4_u8).prop_map(Guard::Version),
    ]
}

/// Addresses that meet each other, in this spelling or that.
fn email() -> impl Strategy<Value = String> {
    let close = select(vec![
        "ada@example.org",
        "ADA@example.org",
        "ada@EXAMPLE.ORG",
        "Ada@Example.org",
        "a.da@example.org",
        "ada+1@example.org",
        "ada@example.org ",
        " ada@example.org",
        "\u{e1}da@example.org",
        "ada@ex\u{e4}mple.org",
        "ada'--@example.org",
        "a%@example.org",
        "a_@example.org",
        "a\\@example.org",
        "bob@example.org",
        "BOB@example.org",
        "eve@example.org",
        "ada@localhost",
        "ss@example.org",
        "\u{df}@example.org",
        "i@example.org",
        "I@example.org",
        "\u{131}@example.org",
    ]);
    prop_oneof![
        6 => close.prop_map(str::to_owned),
        3 => "[a-zA-Z.!#$%&'*+/=?^_`{|}~-]{1,8}@[a-z]{1,3}\\.[A-Za-z]{2}",
        1 => "[a-z]{1,20}@[a-z]{200,250}\\.org",
    ]
}

/// Names and titles.
fn name() -> impl Strategy<Value = String> {
    let known = select(vec![
        "Ada",
        "ada",
        "ADA",
        "Ada ",
        " Ada",
        "Ada\u{a0}",
        "\u{c9}va",
        "E\u{301}va",
        "\u{1f980}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "\u{202e}adA\u{202c}",
        "\u{5d0}\u{5d3}\u{5d4}",
        "\u{feff}Ada",
        "Stra\u{df}e",
        "\u{ff21}\u{ff44}\u{ff41}",
        "Robert'); DROP TABLE users;--",
        "\\",
        "\\0",
        "%_\"`",
        "\u{10ffff}",
        "",
        " ",
        "\u{3000}",
        "two\nlines",
        "\u{0}",
        "\u{85}",
    ]);
    let length = select(vec![254_usize, 255, 256]);
    let unit = select(vec!["x", "\u{1f980}", "e\u{301}"]);
    prop_oneof![
        6 => known.prop_map(str::to_owned),
        2 => any::<String>(),
        1 => (unit, length).prop_map(|(unit, length)| {
            unit.chars().cycle().take(length).collect::<String>()
        }),
    ]
}

fn content() -> impl Strategy<Value = String> {
    let length = select(vec![99_999_usize, 100_000, 100_001]);
    let unit = select(vec!["x", "\u{1f980}"]);
    prop_oneof![
        20 => name(),
        10 => any::<String>().prop_map(|text| format!("{text}\r\n\t{text}")),
        1 => (unit, length).prop_map(|(unit, length)| unit.repeat(length)),
    ]
}
