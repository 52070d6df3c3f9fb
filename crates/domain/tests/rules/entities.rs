//! Stored rows, their changes and their parents.

use byline_domain::{
    Content, EmailAddress, Entity, LastVersion, Post, PostChange, PostFields, PostId, Relation,
    Timestamp, Title, User, UserChange, UserFields, UserId, UserName, Version,
};
use proptest::prelude::*;

fn user_id(number: i64) -> UserId {
    UserId::try_from(number).unwrap()
}

fn version(number: i64) -> Version {
    Version::new(number).unwrap()
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn title(text: &str) -> Title {
    Title::parse(text).unwrap()
}

fn content(text: &str) -> Content {
    Content::parse(text).unwrap()
}

/// Ada, created at 100.
fn ada() -> User {
    let new = UserFields {
        name: name("Ada"),
        email: email("ada@example.org"),
    };
    new.created(user_id(7), at(100))
}

/// A post of user 7, created at 100.
fn notes() -> Post {
    let new = PostFields {
        user_id: user_id(7),
        title: title("Notes"),
        content: content("…"),
    };
    new.created(PostId::try_from(3).unwrap(), at(100))
}

#[test]
fn a_created_user_has_what_was_given_and_is_in_its_first_version() {
    let expected = User {
        id: user_id(7),
        fields: UserFields {
            name: name("Ada"),
            email: email("ada@example.org"),
        },
        created_at: at(100),
        updated_at: at(100),
        version: Version::FIRST,
    };
    assert_eq!(ada(), expected);
}

#[test]
fn a_created_post_has_what_was_given_and_is_in_its_first_version() {
    let expected = Post {
        id: PostId::try_from(3).unwrap(),
        fields: PostFields {
            user_id: user_id(7),
            title: title("Notes"),
            content: content("…"),
        },
        created_at: at(100),
        updated_at: at(100),
        version: Version::FIRST,
    };
    assert_eq!(notes(), expected);
}

#[test]
fn a_change_of_a_user_changes_the_named_fields_only() {
    let rename = UserChange {
        name: Some(name("Countess")),
        email: None,
    };
    let moved = UserChange {
        name: None,
        email: Some(email("ada@example.com")),
    };
    let expected = User {
        updated_at: at(200),
        version: version(2),
        ..ada()
    };
    assert_eq!(
        ada().changed(rename, at(200)).unwrap(),
        User {
            fields: UserFields {
                name: name("Countess"),
                ..ada().fields
            },
            ..expected.clone()
        }
    );
    assert_eq!(
        ada().changed(moved, at(200)).unwrap(),
        User {
            fields: UserFields {
                email: email("ada@example.com"),
                ..ada().fields
            },
            ..expected
        }
    );
}

#[test]
fn a_change_of_a_post_changes_the_named_fields_only() {
    let expected = Post {
        updated_at: at(200),
        version: version(2),
        ..notes()
    };
    for (change, fields) in [
        (
            PostChange {
                user_id: Some(user_id(8)),
                ..PostChange::default()
            },
            PostFields {
                user_id: user_id(8),
                ..notes().fields
            },
        ),
        (
            PostChange {
                title: Some(title("Sketch")),
                ..PostChange::default()
            },
            PostFields {
                title: title("Sketch"),
                ..notes().fields
            },
        ),
        (
            PostChange {
                content: Some(content("")),
                ..PostChange::default()
            },
            PostFields {
                content: content(""),
                ..notes().fields
            },
        ),
    ] {
        let expected = Post {
            fields,
            ..expected.clone()
        };
        assert_eq!(notes().changed(change, at(200)).unwrap(), expected);
    }
}

#[test]
fn a_change_that_changes_nothing_gives_a_new_version() {
    let user = ada().changed(UserChange::default(), at(200)).unwrap();
    let post = notes().changed(PostChange::default(), at(200)).unwrap();
    assert_eq!((user.version, user.updated_at), (version(2), at(200)));
    assert_eq!((post.version, post.updated_at), (version(2), at(200)));
    assert_eq!(
        User {
            version: Version::FIRST,
            updated_at: at(100),
            ..user
        },
        ada()
    );
    assert_eq!(
        Post {
            version: Version::FIRST,
            updated_at: at(100),
            ..post
        },
        notes()
    );
}

#[test]
fn a_row_in_its_last_version_cannot_be_changed() {
    let user = User {
        version: Version::MAX,
        ..ada()
    };
    let post = Post {
        version: Version::MAX,
        ..notes()
    };
    assert_eq!(
        user.changed(UserChange::default(), at(200)),
        Err(LastVersion)
    );
    assert_eq!(
        post.changed(PostChange::default(), at(200)),
        Err(LastVersion)
    );
}

#[test]
fn a_replacement_changes_every_field() {
    let user = UserFields {
        name: name("Grace"),
        email: email("grace@example.org"),
    };
    let post = PostFields {
        user_id: user_id(8),
        title: title("Compilers"),
        content: content("A-0"),
    };
    let replaced_user = ada()
        .changed(UserChange::from(user.clone()), at(200))
        .unwrap();
    let replaced_post = notes()
        .changed(PostChange::from(post.clone()), at(200))
        .unwrap();
    let expected_user = User {
        created_at: at(100),
        version: version(2),
        ..user.created(user_id(7), at(200))
    };
    let expected_post = Post {
        created_at: at(100),
        version: version(2),
        ..post.created(PostId::try_from(3).unwrap(), at(200))
    };
    assert_eq!(replaced_user, expected_user);
    assert_eq!(replaced_post, expected_post);
}

#[test]
fn a_change_of_every_field_is_complete() {
    let (user, post) = (ada().fields, notes().fields);
    let change = PostChange::from(post.clone());
    assert_eq!(PostFields::complete(change.clone()), Some(post));
    assert_eq!(
        UserFields::complete(UserChange::from(user.clone())),
        Some(user)
    );
    for incomplete in [
        PostChange {
            user_id: None,
            ..change.clone()
        },
        PostChange {
            title: None,
            ..change.clone()
        },
        PostChange {
            content: None,
            ..change
        },
        PostChange::default(),
    ] {
        assert_eq!(PostFields::complete(incomplete), None);
    }
}

#[test]
fn a_post_has_its_author_as_its_only_parent() {
    assert_eq!(PostFields::PARENTS, [PostFields::AUTHOR]);
    assert_eq!(UserFields::PARENTS, []);
    let mut fields = notes().fields;
    assert_eq!(fields.parent(PostFields::AUTHOR), Some(7));
    fields.set_parent(PostFields::AUTHOR, 8);
    assert_eq!(fields.user_id, user_id(8));
    let mut change = PostChange::default();
    PostFields::change_parent(&mut change, PostFields::AUTHOR, 9);
    assert_eq!(change.user_id, Some(user_id(9)));
    let other = Relation {
        child: "post",
        children: "posts",
        field: "editor_id",
        parent: "user",
    };
    fields.set_parent(other, 9);
    fields.set_parent(PostFields::AUTHOR, 0);
    assert_eq!(fields.parent(PostFields::AUTHOR), Some(8));
    assert_eq!(fields.parent(other), None);
    assert_eq!(ada().fields.parent(PostFields::AUTHOR), None);
}

byline_domain::entity! {
    /// The fields of a comment, for the tests of entities with several parents.
    CommentFields, CommentChange, "comment", "comments";
    parents {
        /// The post.
        post_id: PostFields as POST,
        /// The author.
        user_id: UserFields as AUTHOR,
    }
    fields {
        /// The text.
        body: Content,
    }
}

#[test]
fn each_of_several_parents_is_read_and_set_by_its_own_relation() {
    let (post, author) = (CommentFields::POST, CommentFields::AUTHOR);
    assert_eq!(CommentFields::PARENTS, [post, author]);
    assert_eq!((post.field, post.parent), ("post_id", "post"));
    assert_eq!((author.field, author.parent), ("user_id", "user"));
    let mut fields = CommentFields {
        post_id: PostId::try_from(3).unwrap(),
        user_id: user_id(7),
        body: content("Indeed."),
    };
    fields.set_parent(post, 4);
    assert_eq!(
        (fields.parent(post), fields.parent(author)),
        (Some(4), Some(7))
    );
    fields.set_parent(author, 8);
    assert_eq!(
        (fields.parent(post), fields.parent(author)),
        (Some(4), Some(8))
    );
    // The author of a post is another relation than that of a comment.
    assert_eq!(fields.parent(PostFields::AUTHOR), None);
    let mut change = CommentChange::default();
    CommentFields::change_parent(&mut change, author, 9);
    assert_eq!((change.post_id, change.user_id), (None, Some(user_id(9))));
}

proptest! {
    #[test]
    fn a_clock_that_goes_back_never_takes_updated_at_back(
        clock in prop::collection::vec(-1_000..1_000_i64, 1..20),
    ) {
        let (mut user, mut post) = (ada(), notes());
        for &now in &clock {
            let (before, now) = (user.updated_at, at(now));
            user = user.changed(UserChange::default(), now).unwrap();
            post = post.changed(PostChange::default(), now).unwrap();
            prop_assert_eq!(user.updated_at, before.max(now));
            prop_assert_eq!(post.updated_at, before.max(now));
        }
        let versions = 1 + i64::try_from(clock.len())?;
        prop_assert_eq!((user.version.get(), user.created_at), (versions, at(100)));
        prop_assert_eq!((post.version.get(), post.created_at), (versions, at(100)));
    }
}
