use super::*;

fn sketch() -> PostChange {
    PostChange {
        title: Some(Title::parse("Sketch").unwrap()),
        ..PostChange::default()
    }
}

fn move_to(author: i64) -> PostChange {
    PostChange {
        user_id: Some(user_id(author)),
        ..PostChange::default()
    }
}

/// The notes after `change` at 200.
fn changed(change: PostChange) -> Post {
    notes().changed(change, at(200)).unwrap()
}

/// Patches the notes at 200.
fn patch_notes(
    posts: MockPostRepository,
    principal: &Principal,
    change: &PostChange,
    precondition: &Precondition,
) -> Result<Post, AppError> {
    let mut session = session_of(posts);
    patch(
        &mut session,
        principal,
        post_id(),
        change,
        precondition,
        at(200),
    )
}

/// Changes the title of the notes, with every right.
fn retitle(posts: MockPostRepository, precondition: &Precondition) -> Result<Post, AppError> {
    patch_notes(posts, &Principal::unrestricted(), &sketch(), precondition)
}

/// Posts among which the notes are found, and `update` answers so.
fn posts_that_update(answer: Result<bool, RepositoryError>) -> MockPostRepository {
    let mut posts = posts_with_notes();
    posts.expect_update().times(1).return_const(answer);
    posts
}

#[test]
fn write_the_changed_post_over_the_version_that_was_read() {
    let expected = Post {
        title: Title::parse("Sketch").unwrap(),
        updated_at: at(200),
        version: version(2),
        ..notes()
    };
    let mut posts = posts_with_notes();
    posts
        .expect_update()
        .with(eq(expected.clone()), eq(version(1)))
        .times(1)
        .return_const(Ok(true));
    let author = caller(1, [Scope::PostsWrite]);
    let patched = patch_notes(posts, &author, &sketch(), &Precondition::None);
    assert_eq!(patched.unwrap(), expected);
}

#[test]
fn of_every_field_are_a_replacement() {
    let new = NewPost {
        user_id: user_id(2),
        title: Title::parse("Compilers").unwrap(),
        content: Content::parse("").unwrap(),
    };
    let expected = changed(new.clone().into());
    let mut posts = posts_with_notes();
    posts
        .expect_update()
        .with(eq(expected.clone()), eq(version(1)))
        .times(1)
        .return_const(Ok(true));
    let (mut session, principal) = (session_of(posts), Principal::unrestricted());
    let any = Precondition::None;
    let replaced = replace(&mut session, &principal, post_id(), &new, &any, at(200));
    assert_eq!(replaced.unwrap(), expected);
}

#[test]
fn are_denied_before_anything_is_written() {
    // The precondition is not met either: that is not for strangers to know.
    let precondition = Precondition::OneOf(vec![version(2)]);
    let cases: [(_, fn() -> MockPostRepository, _); 2] = [
        // The scope is asked for before anything is looked up.
        (
            caller(1, all_but(Scope::PostsWrite)),
            MockPostRepository::new,
            Denial::MissingScope(Scope::PostsWrite),
        ),
        (
            caller(2, [Scope::PostsRead, Scope::PostsWrite]),
            posts_with_notes,
            Denial::NotYours,
        ),
    ];
    for (principal, posts, expected) in cases {
        let patched = patch_notes(posts(), &principal, &sketch(), &precondition);
        let mut session = session_of(posts());
        let (id, new) = (post_id(), new_post(1));
        let replaced = replace(&mut session, &principal, id, &new, &precondition, at(200));
        for denied in [patched, replaced] {
            assert!(matches!(denied, Err(AppError::Forbidden(denial)) if denial == expected));
        }
    }
}

#[test]
fn of_the_author_take_the_rights_of_both() {
    for (principal, destination) in [
        // May write the post, but none of the new author.
        (caller(1, [Scope::PostsWrite]), 2),
        // May write posts of the new author, but not this one.
        (caller(2, [Scope::PostsRead, Scope::PostsWrite]), 2),
    ] {
        let change = move_to(destination);
        let denied = patch_notes(posts_with_notes(), &principal, &change, &Precondition::None);
        assert!(matches!(denied, Err(AppError::Forbidden(Denial::NotYours))));
    }
}

#[test]
fn of_the_author_are_open_to_whoever_may_write_posts_of_both() {
    let mut posts = posts_with_notes();
    posts
        .expect_update()
        .with(eq(changed(move_to(2))), eq(version(1)))
        .times(1)
        .return_const(Ok(true));
    let admin = caller(3, [Scope::Admin]);
    let moved = patch_notes(posts, &admin, &move_to(2), &Precondition::None).unwrap();
    assert_eq!(moved.user_id, user_id(2));
}

#[test]
fn of_the_author_to_itself_take_no_further_right() {
    let author = caller(1, [Scope::PostsWrite]);
    let posts = posts_that_update(Ok(true));
    let stayed = patch_notes(posts, &author, &move_to(1), &Precondition::None).unwrap();
    assert_eq!(stayed.user_id, user_id(1));
}

#[test]
fn tell_that_the_new_author_is_missing() {
    let missing = RepositoryError::MissingReference(Reference::PostAuthor);
    let (posts, admin) = (posts_that_update(Err(missing)), Principal::unrestricted());
    let told = patch_notes(posts, &admin, &move_to(2), &Precondition::None);
    assert!(matches!(
        told,
        Err(AppError::Conflict(Conflict::AuthorMissing(id))) if id == user_id(2)
    ));
}

#[test]
fn name_the_post_that_does_not_exist() {
    let missing = retitle(posts_that_find(Ok(None)), &Precondition::None);
    assert!(matches!(missing, Err(AppError::NotFound(EntityRef::Post(id))) if id == post_id()));
}

#[test]
fn happen_in_a_version_that_was_named() {
    let precondition = Precondition::OneOf(vec![version(1)]);
    let patched = retitle(posts_that_update(Ok(true)), &precondition);
    assert_eq!(patched.unwrap(), changed(sketch()));
}

#[test]
fn do_not_happen_in_another_version() {
    let failed = retitle(posts_with_notes(), &Precondition::OneOf(vec![version(2)]));
    assert!(matches!(
        failed,
        Err(AppError::PreconditionFailed(EntityRef::Post(id))) if id == post_id()
    ));
}

#[test]
fn that_find_the_version_gone_are_run_again() {
    let lost = retitle(posts_that_update(Ok(false)), &Precondition::None);
    assert!(matches!(lost, Err(AppError::Contention(None))));
}

#[test]
fn pass_failures_on() {
    assert_failures_pass(|failure| retitle(posts_that_find(Err(failure)), &Precondition::None));
    assert_failures_pass(|failure| retitle(posts_that_update(Err(failure)), &Precondition::None));
}
