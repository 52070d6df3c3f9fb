use byline_application::{RepositoryError, UniqueKey};
use byline_domain::UserFields;
use serde_json::json;

use crate::support::{
    MockUsers, NOW, ada, api, get, request, send, send_json, user, user_id, users,
};

const ADA: &str = r#"{"name":"Ada Lovelace","email":"Ada@example.org"}"#;

#[actix_web::test]
async fn a_user_is_read() {
    let answer = get(&users(ada(3)), "/users/7").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("etag"), "\"3\"");
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(
        answer.json(),
        json!({
            "id": 7, "name": "Ada Lovelace", "email": "Ada@example.org",
            "created_at": NOW, "updated_at": NOW,
        })
    );
}

#[actix_web::test]
async fn members_have_the_documented_order() {
    let answer = get(&users(ada(1)), "/users/7").await;
    let text = String::from_utf8(answer.body).unwrap();
    let expected = format!(
        r#"{{"id":7,"name":"Ada Lovelace","email":"Ada@example.org","created_at":"{NOW}","updated_at":"{NOW}"}}"#
    );
    assert_eq!(text, expected);
}

#[actix_web::test]
async fn an_absent_user_is_not_found() {
    let mut none = MockUsers::new();
    none.expect_find().returning(|_| Ok(None));
    let answer = get(&users(none), "/users/9007199254740991").await;
    assert_eq!(answer.problem(), (404, "not-found".into()));
    assert_eq!(
        answer.json()["detail"],
        "There is no user 9007199254740991."
    );
}

#[actix_web::test]
async fn a_user_is_created() {
    for path in ["/users", "/users/"] {
        let mut repository = MockUsers::new();
        repository
            .expect_insert()
            .withf(|new: &UserFields, now| {
                new.name.as_str() == "Ada Lovelace"
                    && new.email.as_str() == "Ada@example.org"
                    && now.to_string() == NOW
            })
            .once()
            .returning(|new, now| Ok(new.clone().created(user_id(5), now)));
        let answer = send_json(&users(repository), "POST", path, ADA).await;
        assert_eq!(answer.status, 201);
        assert_eq!(answer.header("location"), "/users/5");
        assert_eq!(answer.header("etag"), "\"1\"");
        assert_eq!(answer.json()["id"], 5);
        assert_eq!(answer.json()["email"], "Ada@example.org");
    }
}

#[actix_web::test]
async fn a_taken_address_is_a_conflict_with_a_pointer() {
    let mut repository = MockUsers::new();
    repository
        .expect_insert()
        .returning(|_, _| Err(RepositoryError::Duplicate(UniqueKey::UserEmail)));
    let answer = send_json(&users(repository), "POST", "/users", ADA).await;
    assert_eq!(answer.problem(), (409, "email-taken".into()));
    assert_eq!(answer.faults(), ["/email email-taken"]);
}

#[actix_web::test]
async fn a_user_is_replaced() {
    let mut repository = ada(3);
    repository.checkpoint();
    repository
        .expect_find()
        .returning(|id| Ok(Some(user(id.get(), 3))));
    repository
        .expect_update()
        .withf(|changed, from| {
            changed.fields.name.as_str() == "Countess"
                && changed.fields.email.as_str() == "c@example.org"
                && from.get() == 3
        })
        .once()
        .returning(|_, _| Ok(true));
    let body = r#"{"name":"Countess","email":"c@example.org"}"#;
    let answer = send_json(&users(repository), "PUT", "/users/7", body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("etag"), "\"4\"");
    assert_eq!(answer.json()["name"], "Countess");
}

#[actix_web::test]
async fn a_user_that_was_read_is_a_valid_replacement() {
    let api = users(ada(1));
    let read = get(&api, "/users/7").await;
    for method in ["PUT", "PATCH"] {
        let answer = send_json(&api, method, "/users/7", read.body.clone()).await;
        assert_eq!(answer.status, 200, "{method}");
        assert_eq!(answer.json()["name"], "Ada Lovelace");
    }
    let answer = send_json(&api, "POST", "/users", read.body).await;
    assert_eq!(answer.problem(), (422, "invalid-fields".into()));
    assert_eq!(
        answer.faults(),
        [
            "/id read-only",
            "/created_at read-only",
            "/updated_at read-only"
        ]
    );
}

#[actix_web::test]
async fn a_patch_changes_only_the_given_members() {
    for (body, name, email) in [
        (r#"{"name":"Countess"}"#, "Countess", "Ada@example.org"),
        (
            r#"{"email":"c@example.org"}"#,
            "Ada Lovelace",
            "c@example.org",
        ),
        ("{}", "Ada Lovelace", "Ada@example.org"),
    ] {
        for media in [
            "application/merge-patch+json",
            "application/json; charset=utf-8",
        ] {
            let patch = request("PATCH", "/users/7/")
                .insert_header(("content-type", media))
                .set_payload(body);
            let answer = send(&users(ada(3)), patch).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("etag"), "\"4\"");
            assert_eq!(answer.json()["name"], name);
            assert_eq!(answer.json()["email"], email);
        }
    }
}

#[actix_web::test]
async fn a_user_is_deleted() {
    let answer = send(&users(ada(1)), request("DELETE", "/users/7")).await;
    assert_eq!(answer.status, 204);
    assert!(answer.body.is_empty());
}

#[actix_web::test]
async fn a_user_with_posts_is_deleted_with_them_or_not_at_all() {
    let mut with_posts = MockUsers::new();
    with_posts
        .expect_find_for_update()
        .returning(|id| Ok(Some(user(id.get(), 1))));
    with_posts.expect_delete().returning(|_, _| {
        Err(RepositoryError::StillReferenced(
            byline_domain::PostFields::AUTHOR,
        ))
    });
    let answer = send(&users(with_posts), request("DELETE", "/users/7")).await;
    assert_eq!(answer.problem(), (409, "user-has-posts".into()));

    let mut posts = crate::support::MockPosts::new();
    posts
        .expect_delete_all()
        .with(mockall::predicate::eq(
            byline_application::PostFilter::Author(user_id(7)),
        ))
        .once()
        .returning(|_| Ok(()));
    let answer = send(
        &api(ada(1), posts),
        request("DELETE", "/users/7?posts=delete"),
    )
    .await;
    assert_eq!(answer.status, 204);
}

#[actix_web::test]
async fn the_parameter_posts_must_be_delete() {
    for value in ["", "keep", "DELETE", "1"] {
        let uri = format!("/users/7?posts={value}");
        let answer = send(&users(ada(1)), request("DELETE", &uri)).await;
        assert_eq!(
            answer.problem(),
            (400, "invalid-parameter".into()),
            "{value}"
        );
        assert_eq!(answer.faults(), ["posts unknown-value"]);
    }
}
