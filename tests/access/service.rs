//! A service in one way of asking who is calling, and everybody's credentials.

use std::sync::LazyLock;

use byline_domain::policy::Scope;
use serde_json::json;

use super::operations::{EVERYBODY, Mode, Operation, Who, expected, operations};
use crate::support::{Answer, Client, Ended, Sandbox, Server};

pub(super) const ISSUER: &str = "https://issuer.example";
pub(super) const AUDIENCE: &str = "byline";
pub(super) const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// What tokens were signed with before.
pub(super) const ROTATED_OUT: &str = "fedcba9876543210fedcba9876543210";

/// Those who are users; all scopes but `admin`.
pub(super) static ALL: LazyLock<String> = LazyLock::new(|| {
    let scopes = Scope::ALL
        .into_iter()
        .filter(|scope| *scope != Scope::Admin);
    scopes.map(Scope::name).collect::<Vec<_>>().join(",")
});

/// A service whose database has users 1 and 2, a third who was deleted, and a post
/// of the first.
pub(super) struct Service {
    pub(super) sandbox: Sandbox,
    pub(super) mode: Mode,
    pub(super) url: Option<String>,
    pub(super) server: Server,
    pub(super) keys: Vec<(Who, Option<Scope>, String)>,
}

impl Service {
    pub(super) fn start(mode: Mode, url: Option<String>) -> Self {
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
        let wrong = Scope::ALL
            .into_iter()
            .filter(|scope| *scope != Scope::Admin);
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
    pub(super) fn credential(&self, who: Who, needed: Option<Scope>) -> Option<&str> {
        let without = (who == Who::WrongScope).then(|| needed.unwrap_or(Scope::UsersRead));
        let found = self
            .keys
            .iter()
            .find(|(one, scope, _)| *one == who && *scope == without);
        found.map(|(_, _, credential)| credential.as_str())
    }

    /// Makes the key of `Who::Expired` end in the past.
    pub(super) fn expire(&self) {
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

    pub(super) fn send(&self, client: &Client, operation: &Operation, who: Who) -> Answer {
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

    pub(super) fn assert_matrix(&self) {
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
pub(super) fn token(subject: &str, scopes: &str, secret: &str, seconds: i64) -> String {
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
