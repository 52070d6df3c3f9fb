//! Who may do what: every operation, for every kind of caller, in every way of
//! asking who it is.

use std::collections::BTreeSet;

use byline_domain::policy::Scope;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Ended, Sandbox, Server, mariadb};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "byline";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// What tokens were signed with before.
const ROTATED_OUT: &str = "fedcba9876543210fedcba9876543210";

/// Those who are users; all scopes but `admin`.
const ALL: &str = "users:read,users:write,posts:read,posts:write";

/// How the service asks who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    None,
    Keys,
    Jwt,
}

/// Who calls. The owner is user 1, who wrote post 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
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

const EVERYBODY: [Who; 8] = [
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
enum Rule {
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

struct Operation {
    method: &'static str,
    /// As in the document of the interface.
    pattern: &'static str,
    path: &'static str,
    body: Option<Value>,
    rule: Rule,
    success: u16,
}

/// Method, path, a path like it, body, rule, and the status of success.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    Option<Value>,
    Rule,
    u16,
);

fn operations() -> Vec<Operation> {
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
    fn scope(self) -> Option<Scope> {
        match self {
            Self::Scope(scope) | Self::Owner(scope) => Some(scope),
            Self::Admin => Some(Scope::UsersWrite),
            Self::Open | Self::Known => None,
        }
    }
}

/// The status that an operation answers, from the table alone.
fn expected(operation: &Operation, who: Who, mode: Mode) -> u16 {
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

/// A service whose database has users 1 and 2, a third who was deleted, and a post
/// of the first.
struct Service {
    sandbox: Sandbox,
    mode: Mode,
    url: Option<String>,
    server: Server,
    keys: Vec<(Who, Option<Scope>, String)>,
}

impl Service {
    fn start(mode: Mode, url: Option<String>) -> Self {
        let sandbox = Sandbox::new();
        let command = |arguments: &[&str]| {
            let mut bylinectl = sandbox.bylinectl(arguments);
            if let Some(url) = &url {
                bylinectl.env("DATABASE_URL", url);
            }
            Ended::well(bylinectl)
        };
        let byline = |mode| {
            let mut byline = sandbox.byline();
            byline.env("DATABASE_URL", url.as_deref().unwrap_or("sqlite:byline.db"));
            match mode {
                Mode::None => {}
                Mode::Keys => drop(byline.env("BYLINE_AUTH", "keys")),
                Mode::Jwt => {
                    byline.env("BYLINE_AUTH", "jwt");
                    byline.env("BYLINE_JWT_ISSUER", ISSUER);
                    byline.env("BYLINE_JWT_AUDIENCE", AUDIENCE);
                    byline.env("BYLINE_JWT_SECRET", SECRET);
                }
            }
            byline
        };
        command(&["migrate"]);
        let open = Server::start(byline(Mode::None));
        let client = open.client();
        for name in ["owner", "other", "gone"] {
            let user = json!({"name": name, "email": format!("{name}@example.org")});
            assert_eq!(client.post("/users", &user).status, 201);
        }
        let post = json!({"user_id": 1, "title": "Notes", "content": "x"});
        assert_eq!(client.post("/posts", &post).status, 201);

        let mut keys = Vec::new();
        let wrong = [
            Scope::UsersRead,
            Scope::UsersWrite,
            Scope::PostsRead,
            Scope::PostsWrite,
        ];
        let whos = EVERYBODY
            .into_iter()
            .filter(|who| !matches!(who, Who::Anonymous | Who::WrongScope));
        let all: Vec<_> = whos
            .map(|who| (who, None))
            .chain(wrong.map(|scope| (Who::WrongScope, Some(scope))))
            .collect();
        for (number, (who, without)) in (1..).zip(all) {
            let user = match who {
                Who::Other => Some(2),
                Who::DeletedUser => Some(3),
                Who::Admin => None,
                _ => Some(1),
            };
            let scopes = match (who, without) {
                (Who::Admin, _) => "admin".to_owned(),
                (_, Some(without)) => {
                    let rest = ALL.split(',').filter(|scope| *scope != without.name());
                    rest.collect::<Vec<_>>().join(",")
                }
                _ => ALL.to_owned(),
            };
            let credential = match mode {
                Mode::None => "nonsense".to_owned(),
                Mode::Keys => {
                    let id = user.map(|id| id.to_string());
                    let mut arguments =
                        vec!["keys", "create", "--name", "test", "--scopes", &scopes];
                    if let Some(id) = &id {
                        arguments.extend(["--user", id]);
                    }
                    let key = command(&arguments).trim().to_owned();
                    if who == Who::Revoked {
                        command(&["keys", "revoke", &number.to_string()]);
                    }
                    key
                }
                Mode::Jwt => {
                    let subject = format!("subject-{}", user.map_or(0, |id| id));
                    let when = if who == Who::Expired { -3600 } else { 0 };
                    let secret = if who == Who::Revoked {
                        ROTATED_OUT
                    } else {
                        SECRET
                    };
                    token(&subject, &scopes, secret, when)
                }
            };
            keys.push((who, without, credential));
        }
        if mode == Mode::Jwt {
            for user in ["1", "2", "3"] {
                let subject = format!("subject-{user}");
                let link = [
                    "identities",
                    "link",
                    "--issuer",
                    ISSUER,
                    "--subject",
                    &subject,
                    "--user",
                    user,
                ];
                command(&link);
            }
        }
        assert_eq!(client.send("DELETE", "/users/3", &[], None).status, 204);
        drop(open);
        let server = Server::start(byline(mode));
        Self {
            sandbox,
            mode,
            url,
            server,
            keys,
        }
    }

    /// What `who` shows to an operation that needs this scope.
    fn credential(&self, who: Who, needed: Option<Scope>) -> Option<&str> {
        let without = (who == Who::WrongScope).then(|| needed.unwrap_or(Scope::UsersRead));
        let found = self
            .keys
            .iter()
            .find(|(one, scope, _)| *one == who && *scope == without);
        found.map(|(_, _, credential)| credential.as_str())
    }

    /// Makes the key of `Who::Expired` end in the past.
    fn expire(&self) {
        if self.mode != Mode::Keys {
            return;
        }
        let expired = self
            .keys
            .iter()
            .position(|(who, _, _)| *who == Who::Expired)
            .unwrap()
            + 1;
        let sql = format!("UPDATE api_keys SET expires_at = 1 WHERE id = {expired}");
        match &self.url {
            None => assert_eq!(self.sandbox.sqlite().execute(&sql, ()).unwrap(), 1),
            Some(_) => unreachable!("the server's own administrator does it"),
        }
    }

    fn send(&self, client: &Client, operation: &Operation, who: Who) -> Answer {
        let credential = self.credential(who, operation.rule.scope());
        let bearer = credential.map(|text| format!("Bearer {text}"));
        // Everything is checked, and nothing changed for those who come later.
        let mut headers = vec![("prefer", "tx=rollback")];
        if let Some(bearer) = &bearer {
            headers.push(("authorization", bearer));
        }
        client.send(
            operation.method,
            operation.path,
            &headers,
            operation.body.as_ref(),
        )
    }

    fn assert_matrix(&self) {
        let client = self.server.client();
        let mut deviations = Vec::new();
        let mut cells = 0;
        for operation in operations() {
            for who in EVERYBODY {
                let answer = self.send(&client, &operation, who);
                let expected = expected(&operation, who, self.mode);
                cells += 1;
                if answer.status != expected {
                    let (method, path) = (operation.method, operation.path);
                    let (mode, status) = (self.mode, answer.status);
                    deviations.push(format!(
                        "{mode:?}: {method} {path} by {who:?}: {status}, not {expected}: {}",
                        answer.text
                    ));
                }
                if answer.status == 401 {
                    let challenge = answer.header("www-authenticate").unwrap();
                    assert!(
                        challenge.starts_with("Bearer realm=\"byline\""),
                        "{challenge}"
                    );
                    let is_bare = !challenge.contains("error=");
                    assert_eq!(is_bare, who == Who::Anonymous, "{challenge}");
                }
                if answer.status == 403 && who == Who::WrongScope {
                    let challenge = answer.header("www-authenticate").unwrap();
                    assert!(
                        challenge.contains("error=\"insufficient_scope\""),
                        "{challenge}"
                    );
                }
            }
        }
        assert!(deviations.is_empty(), "{}", deviations.join("\n"));
        assert_eq!(cells, operations().len() * EVERYBODY.len());
    }
}

/// A token that was issued so many seconds from now.
#[expect(clippy::disallowed_methods, reason = "the service has the same clock")]
fn token(subject: &str, scopes: &str, secret: &str, seconds: i64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = i64::try_from(now.as_micros()).unwrap() + seconds * 1_000_000;
    let scopes = scopes.split(',').map(|name| Scope::named(name).unwrap());
    byline_tokens::mint(
        &secret.to_owned().into(),
        &byline_tokens::Minting {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            subject: subject.to_owned(),
            scopes: scopes.collect(),
            now: byline_domain::Timestamp::from_micros(now).unwrap(),
            lifetime: std::time::Duration::from_secs(900),
        },
    )
    .unwrap()
}

#[test]
fn the_table_has_every_operation_of_the_interface() {
    let sandbox = Sandbox::new();
    let document: Value =
        serde_json::from_str(&Ended::well(sandbox.bylinectl(&["openapi"]))).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation.get("operationId").is_some() {
                described.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    let listed = operations();
    let listed = listed
        .iter()
        .map(|one| (one.method.to_owned(), one.pattern.to_owned()));
    assert_eq!(listed.collect::<BTreeSet<_>>(), described);
}

#[test]
fn nobody_is_asked_without_authentication() {
    Service::start(Mode::None, None).assert_matrix();
}

#[test]
fn keys_open_what_they_are_for_and_nothing_else() {
    let service = Service::start(Mode::Keys, None);
    service.expire();
    service.assert_matrix();
}

#[test]
fn tokens_open_what_they_are_for_and_nothing_else() {
    Service::start(Mode::Jwt, None).assert_matrix();
}

#[test]
fn keys_open_the_same_on_mariadb() {
    if !mariadb::is_installed() {
        return;
    }
    let database = mariadb::Server::start(&[]);
    let url = database.schema().url_text("");
    let mut service = Service::start(Mode::Keys, Some(url));
    // The key of somebody whose time is over is revoked there instead.
    let expired = service
        .keys
        .iter()
        .position(|(who, _, _)| *who == Who::Expired)
        .unwrap();
    let mut revoke = service
        .sandbox
        .bylinectl(&["keys", "revoke", &(expired + 1).to_string()]);
    revoke.env("DATABASE_URL", service.url.as_ref().unwrap());
    Ended::well(revoke);
    service.assert_matrix();
    service.keys.clear();
}

#[test]
fn who_may_not_read_cannot_tell_absent_from_foreign() {
    let service = Service::start(Mode::Keys, None);
    let scopes = "users:write,posts:write";
    let mut create = service.sandbox.bylinectl(&[
        "keys", "create", "--name", "blind", "--user", "2", "--scopes", scopes,
    ]);
    create.env("DATABASE_URL", "sqlite:byline.db");
    let bearer = format!("Bearer {}", Ended::well(create).trim());
    let headers = [("authorization", bearer.as_str())];
    let client = service.server.client();
    let told = |method: &str, path: &str, body: Option<Value>| {
        let answer = client.send(method, path, &headers, body.as_ref());
        let digits = |c: char| c.is_ascii_digit();
        let problem = answer.json();
        let detail = problem["detail"].as_str().unwrap().replace(digits, "");
        (answer.status, answer.problem(), detail)
    };
    let post = || Some(json!({"user_id": 2, "title": "T", "content": ""}));
    let user = || Some(json!({"name": "N", "email": "n@example.org"}));
    for (method, foreign, absent, body) in [
        ("GET", "/posts/1", "/posts/404", None),
        ("PUT", "/posts/1", "/posts/404", post()),
        (
            "PATCH",
            "/posts/1",
            "/posts/404",
            Some(json!({"title": "T"})),
        ),
        ("DELETE", "/posts/1", "/posts/404", None),
        ("GET", "/users/1", "/users/404", None),
        ("PUT", "/users/1", "/users/404", user()),
        (
            "PATCH",
            "/users/1",
            "/users/404",
            Some(json!({"name": "N"})),
        ),
        ("DELETE", "/users/1", "/users/404", None),
        ("GET", "/users/1/posts", "/users/404/posts", None),
        (
            "POST",
            "/users/1/posts",
            "/users/404/posts",
            Some(json!({"title": "T", "content": ""})),
        ),
    ] {
        let foreign = told(method, foreign, body.clone());
        assert_eq!(foreign, told(method, absent, body), "{method}");
        assert!(foreign.0 == 403 || foreign.0 == 404, "{foreign:?}");
    }
}

#[test]
fn a_revocation_and_a_deletion_count_from_the_next_request_on() {
    let service = Service::start(Mode::Keys, None);
    let client = service.server.client();
    let owner = service.credential(Who::Owner, None).unwrap();
    let bearer = format!("Bearer {owner}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", "once"),
    ];
    let body = json!({"title": "T", "content": ""});
    let first = client.send("POST", "/users/1/posts", &headers, Some(&body));
    assert_eq!(first.status, 201);
    let again = client.send("POST", "/users/1/posts", &headers, Some(&body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let number = service
        .keys
        .iter()
        .position(|(who, _, _)| *who == Who::Owner)
        .unwrap()
        + 1;
    let mut revoke = service
        .sandbox
        .bylinectl(&["keys", "revoke", &number.to_string()]);
    revoke.env("DATABASE_URL", "sqlite:byline.db");
    Ended::well(revoke);
    // Not even the answer of before is given again.
    for method in ["POST", "GET"] {
        let body = (method == "POST").then_some(&body);
        let refused = client.send(method, "/users/1/posts", &headers, body);
        assert_eq!(
            (refused.status, refused.problem().as_str()),
            (401, "invalid-credential")
        );
    }
    // The other deletes itself, and is nobody from then on.
    let other = format!("Bearer {}", service.credential(Who::Other, None).unwrap());
    let headers = [("authorization", other.as_str())];
    assert_eq!(
        client.send("GET", "/me", &headers, None).json()["user"]["id"],
        2
    );
    assert_eq!(
        client.send("DELETE", "/users/2", &headers, None).status,
        204
    );
    assert_eq!(client.send("GET", "/me", &headers, None).status, 401);
}

#[test]
fn the_first_user_of_a_token_is_the_caller_and_there_is_no_second() {
    let service = Service::start(Mode::Jwt, None);
    let client = service.server.client();
    let bearer = format!("Bearer {}", token("newcomer", ALL, SECRET, 0));
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", "join"),
    ];
    let me = || client.send("GET", "/me", &headers[..1], None);
    assert_eq!(me().json()["user"], Value::Null);
    let body = json!({"name": "Grace", "email": "grace@example.org"});
    let created = client.send("POST", "/users", &headers, Some(&body));
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(me().json()["user"], created.json());
    // The same request again is the same user; another one is none.
    let again = client.send("POST", "/users", &headers, Some(&body));
    assert_eq!((again.status, again.json()), (201, created.json()));
    let body = json!({"name": "Else", "email": "else@example.org"});
    let second = client.send("POST", "/users", &headers[..1], Some(&body));
    assert_eq!(second.status, 403);
    // And it changes itself, and nobody else.
    let change = json!({"name": "G."});
    let own = created.header("location").unwrap();
    assert_eq!(
        client
            .send("PATCH", own, &headers[..1], Some(&change))
            .status,
        200
    );
    assert_eq!(
        client
            .send("PATCH", "/users/1", &headers[..1], Some(&change))
            .status,
        403
    );
}

#[test]
fn public_reads_open_reading_and_nothing_else() {
    let service = Service::start(Mode::Keys, None);
    let mut byline = service.sandbox.byline();
    byline.env("DATABASE_URL", "sqlite:byline.db");
    byline.env("BYLINE_AUTH", "keys");
    byline.env("BYLINE_PUBLIC_READS", "true");
    let server = Server::start(byline);
    let client = server.client();
    for operation in operations() {
        let headers = [("prefer", "tx=rollback")];
        let answer = client.send(
            operation.method,
            operation.path,
            &headers,
            operation.body.as_ref(),
        );
        let is_open = matches!(operation.rule, Rule::Open | Rule::Scope(_));
        let expected = if is_open { operation.success } else { 401 };
        assert_eq!(
            answer.status, expected,
            "{} {}",
            operation.method, operation.path
        );
    }
    // A credential that is of no use is not taken for none.
    let headers = [("authorization", "Bearer nonsense")];
    assert_eq!(client.send("GET", "/users", &headers, None).status, 401);
}

#[test]
fn no_member_but_those_of_the_interface_is_taken() {
    /// Every column of every table, and what attackers try elsewhere.
    const SUSPECTS: [&str; 72] = [
        "email_key",
        "version",
        "origin",
        "secret_hash",
        "hint",
        "scopes",
        "expires_at",
        "revoked_at",
        "key_id",
        "last_used_at",
        "identity_hash",
        "key_hash",
        "fingerprint",
        "answer",
        "token",
        "schema_version",
        "role",
        "roles",
        "admin",
        "is_admin",
        "isAdmin",
        "Admin",
        "superuser",
        "is_superuser",
        "is_staff",
        "staff",
        "owner",
        "owner_id",
        "author",
        "author_id",
        "userId",
        "UserId",
        "user",
        "users",
        "posts",
        "account",
        "account_id",
        "tenant",
        "tenant_id",
        "org_id",
        "group",
        "groups",
        "permissions",
        "privileges",
        "scope",
        "acl",
        "password",
        "password_hash",
        "passwd",
        "pwd",
        "secret",
        "api_key",
        "apikey",
        "session",
        "verified",
        "email_verified",
        "is_verified",
        "active",
        "is_active",
        "enabled",
        "status",
        "state",
        "deleted",
        "deleted_at",
        "createdAt",
        "updatedAt",
        "created_by",
        "balance",
        "credits",
        "plan",
        "__proto__",
        "constructor",
    ];
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let client = server.client();
    let user = json!({"name": "Ada", "email": "ada@example.org"});
    let created = client.post("/users", &user).json();
    let post = json!({"user_id": 1, "title": "T", "content": ""});
    let written = client.post("/posts", &post).json();
    let mut refused = 0;
    let mut try_all = |method: &str, path: &str, body: &Value, read_only: &[&str]| {
        for member in SUSPECTS.iter().chain(read_only) {
            for value in [json!(1), json!("admin"), json!(true), json!({"a": []})] {
                let mut hostile = body.clone();
                hostile[*member] = value;
                let (sent, pointer) = if path == "/batch" {
                    let kind = if body.get("title").is_some() {
                        "post"
                    } else {
                        "user"
                    };
                    let operation = json!({"op": "create", "type": kind, "data": hostile});
                    (
                        json!({"operations": [operation]}),
                        format!("/operations/0/data/{member}"),
                    )
                } else {
                    (hostile, format!("/{member}"))
                };
                let answer = client.send(method, path, &[], Some(&sent));
                assert_eq!(answer.status, 422, "{method} {path} {member}: {answer:?}");
                let errors = answer.json()["errors"].clone();
                let named = errors
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|one| one["pointer"] == pointer.as_str());
                assert!(named, "{method} {path} {member}: {errors}");
                refused += 1;
            }
        }
    };
    let given = ["id", "created_at", "updated_at"];
    let foreign = ["title", "content", "user_id"];
    let users_only: Vec<_> = given.iter().chain(&foreign).copied().collect();
    let posts_only: Vec<_> = given.iter().copied().chain(["name", "email"]).collect();
    try_all("POST", "/users", &user, &users_only);
    try_all("PUT", "/users/1", &user, &foreign);
    try_all("PATCH", "/users/1", &json!({"name": "X"}), &foreign);
    try_all("POST", "/posts", &post, &posts_only);
    try_all(
        "POST",
        "/users/1/posts",
        &json!({"title": "T", "content": ""}),
        &posts_only,
    );
    try_all("PUT", "/posts/1", &post, &["name", "email"]);
    try_all(
        "PATCH",
        "/posts/1",
        &json!({"title": "X"}),
        &["name", "email"],
    );
    try_all("POST", "/batch", &user, &users_only);
    try_all("POST", "/batch", &post, &posts_only);
    assert!(refused > 9 * 4 * SUSPECTS.len());
    assert_eq!(client.get("/users").json(), json!([created]));
    assert_eq!(client.get("/posts").json(), json!([written]));
    // What reading gave may be sent back, and changes nothing.
    let hostile = json!({"name": "Ada", "id": 9, "created_at": "2000-01-01T00:00:00Z", "updated_at": "2000-01-01T00:00:00Z"});
    let patched = client.send("PATCH", "/users/1", &[], Some(&hostile)).json();
    assert_eq!(
        (&patched["id"], &patched["created_at"]),
        (&created["id"], &created["created_at"])
    );
    assert_ne!(patched["updated_at"], hostile["updated_at"]);
}

/// The commands of the README, on a port of the test's own.
#[test]
fn the_protected_service_of_the_readme_works() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let tour = readme
        .split("## A protected service in five lines")
        .nth(1)
        .unwrap();
    let block = tour
        .split("```")
        .nth(1)
        .unwrap()
        .strip_prefix("sh\n")
        .unwrap();
    assert_eq!(block.trim().lines().count(), 5);
    let has = |program: &str| {
        std::process::Command::new(program)
            .arg("--version")
            .output()
            .is_ok()
    };
    if !has("curl") || !has("openssl") {
        return;
    }
    let wait = "until grep -qs '^listening' out; do sleep 0.05; done; A=$(sed -n 's|^listening on http://||p' out)";
    let script = block
        .replace(
            "byline &\n",
            &format!("byline >out & trap \"kill $!\" EXIT; {wait}\n"),
        )
        .replace("curl 127.0.0.1:8080", "curl -sS $A");
    let sandbox = Sandbox::new();
    let folder = sandbox.byline().get_program().to_owned();
    let folder = std::path::Path::new(&folder).parent().unwrap().to_owned();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut bash = std::process::Command::new("bash");
    bash.args(["-euc", &script]).current_dir(sandbox.path("."));
    bash.env("PATH", path).env("BYLINE_LISTEN", "127.0.0.1:0");
    let shown = Ended::well(bash);
    assert!(
        shown.contains(r#"{"id":1,"name":"Ada Lovelace""#),
        "{shown}"
    );
    let me = r#""scopes":["users:read","users:write","posts:read","posts:write"]"#;
    assert!(shown.contains(me), "{shown}");
}
