//! Every operation, and whom it lets in.

use byline_domain::policy::Scope;
use serde_json::{Value, json};

/// How the service asks who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    None,
    Keys,
    Jwt,
}

/// Who calls. The owner is user 1, who wrote post 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Anonymous,
    Other,
    Owner,
    Admin,
    /// The owner, too late.
    Expired,
    /// The owner, by a key that was revoked or a token of a key that was rotated
    /// out.
    Revoked,
    /// The owner, with every scope but the one that the operation needs.
    WrongScope,
    DeletedUser,
}

pub(super) const EVERYBODY: [Who; 8] = [
    Who::Anonymous,
    Who::Other,
    Who::Owner,
    Who::Admin,
    Who::Expired,
    Who::Revoked,
    Who::WrongScope,
    Who::DeletedUser,
];

/// Whom an operation lets in, written down once more and by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Nobody is asked.
    Open,
    /// Whoever has a credential.
    Known,
    /// Whoever has the scope.
    Scope(Scope),
    /// The owner with the scope, and `admin`.
    Owner(Scope),
    /// `admin` alone.
    Admin,
}

pub(super) struct Operation {
    pub(super) method: &'static str,
    /// As in the document of the interface.
    pub(super) pattern: &'static str,
    pub(super) path: &'static str,
    pub(super) body: Option<Value>,
    pub(super) rule: Rule,
    pub(super) success: u16,
}

/// Method, path, a path like it, body, rule, and the status of success.
pub(super) type Row = (
    &'static str,
    &'static str,
    &'static str,
    Option<Value>,
    Rule,
    u16,
);

pub(super) fn operations() -> Vec<Operation> {
    use Rule::{Admin, Known, Open, Owner, Scope as Needs};
    use Scope::{PostsRead, PostsWrite, UsersRead, UsersWrite};
    let user = || Some(json!({"name": "New", "email": "new@example.org"}));
    let post = || Some(json!({"user_id": 1, "title": "T", "content": ""}));
    let rows: Vec<Row> = vec![
        ("GET", "/users", "/users", None, Needs(UsersRead), 200),
        ("POST", "/users", "/users", user(), Admin, 201),
        (
            "GET",
            "/users/{user_id}",
            "/users/1",
            None,
            Needs(UsersRead),
            200,
        ),
        (
            "PUT",
            "/users/{user_id}",
            "/users/1",
            user(),
            Owner(UsersWrite),
            200,
        ),
        (
            "PATCH",
            "/users/{user_id}",
            "/users/1",
            Some(json!({"name": "N"})),
            Owner(UsersWrite),
            200,
        ),
        (
            "DELETE",
            "/users/{user_id}",
            "/users/1?posts=delete",
            None,
            Owner(UsersWrite),
            204,
        ),
        (
            "GET",
            "/users/{user_id}/posts",
            "/users/1/posts",
            None,
            Needs(PostsRead),
            200,
        ),
        (
            "POST",
            "/users/{user_id}/posts",
            "/users/1/posts",
            Some(json!({"title": "T", "content": ""})),
            Owner(PostsWrite),
            201,
        ),
        ("GET", "/posts", "/posts", None, Needs(PostsRead), 200),
        ("POST", "/posts", "/posts", post(), Owner(PostsWrite), 201),
        (
            "GET",
            "/posts/{post_id}",
            "/posts/1",
            None,
            Needs(PostsRead),
            200,
        ),
        (
            "PUT",
            "/posts/{post_id}",
            "/posts/1",
            post(),
            Owner(PostsWrite),
            200,
        ),
        (
            "PATCH",
            "/posts/{post_id}",
            "/posts/1",
            Some(json!({"title": "T"})),
            Owner(PostsWrite),
            200,
        ),
        (
            "DELETE",
            "/posts/{post_id}",
            "/posts/1",
            None,
            Owner(PostsWrite),
            204,
        ),
        (
            "POST",
            "/batch",
            "/batch",
            Some(json!({"operations": [{"op": "delete", "type": "post", "id": 1}]})),
            Owner(PostsWrite),
            200,
        ),
        ("GET", "/me", "/me", None, Known, 200),
        ("GET", "/", "/", None, Open, 200),
        ("GET", "/openapi.json", "/openapi.json", None, Open, 200),
        ("GET", "/docs", "/docs", None, Open, 200),
        (
            "GET",
            "/problems/{code}",
            "/problems/not-found",
            None,
            Open,
            200,
        ),
        ("GET", "/livez", "/livez", None, Open, 200),
        ("GET", "/readyz", "/readyz", None, Open, 200),
    ];
    let operation = |(method, pattern, path, body, rule, success)| Operation {
        method,
        pattern,
        path,
        body,
        rule,
        success,
    };
    rows.into_iter().map(operation).collect()
}

impl Rule {
    /// The scope that `Who::WrongScope` goes without.
    pub(super) fn scope(self) -> Option<Scope> {
        match self {
            Self::Scope(scope) | Self::Owner(scope) => Some(scope),
            Self::Admin => Some(Scope::UsersWrite),
            Self::Open | Self::Known => None,
        }
    }
}

/// The status that an operation answers, from the table alone.
pub(super) fn expected(operation: &Operation, who: Who, mode: Mode) -> u16 {
    let success = operation.success;
    if mode == Mode::None || operation.rule == Rule::Open {
        return success;
    }
    match who {
        Who::Anonymous | Who::Expired | Who::Revoked | Who::DeletedUser => 401,
        Who::Admin => success,
        Who::WrongScope if operation.rule.scope().is_some() => 403,
        Who::Owner | Who::WrongScope => match operation.rule {
            Rule::Admin => 403,
            _ => success,
        },
        Who::Other => match operation.rule {
            Rule::Admin | Rule::Owner(_) => 403,
            _ => success,
        },
    }
}
