//! Services, one on each engine, that get the same requests.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::sample::Index;
use proptest::test_runner::TestCaseError;
use serde_json::{Map, Value, json};

use super::requests::{Guard, List, Step, Thing};
use crate::support::servers::{self, Engine};
use crate::support::{Answer, Client, Ended, Sandbox, Server};

/// One service.
struct Twin {
    engine: &'static str,
    client: Client,
    _server: Server,
    _sandbox: Sandbox,
}

/// What one service created, in order.
#[derive(Clone, Default)]
struct Created {
    users: Vec<u64>,
    posts: Vec<u64>,
}

/// The one on SQLite first.
pub(super) struct Twins {
    all: Vec<Twin>,
}

/// An id that no row has.
const ABSENT: u64 = 9_007_199_254_740_991;

/// A request that is to be sent to one twin.
struct Request {
    method: &'static str,
    path: String,
    body: Option<Value>,
    guard: Option<(&'static str, String)>,
}

impl Twins {
    pub(super) fn start(servers: &[servers::Server]) -> Self {
        let mut all = vec![Twin::start("SQLite", None)];
        all.extend(servers.iter().map(|server| {
            let schema = server.schema();
            let engine = match schema.engine {
                Engine::MariaDb => "MariaDB",
                Engine::MySql => "MySQL",
            };
            Twin::start(engine, Some(&schema.url_text("")))
        }));
        Self { all }
    }

    /// Sends every step to all, and clears up at the end.
    pub(super) fn replay(
        &self,
        steps: &[Step],
        compared: &AtomicUsize,
    ) -> Result<(), TestCaseError> {
        let mut created = vec![Created::default(); self.all.len()];
        let outcome = steps
            .iter()
            .try_for_each(|step| self.compare(step, &mut created, compared));
        for (twin, created) in self.all.iter().zip(&created) {
            for user in &created.users {
                let path = format!("/users/{user}?posts=delete");
                twin.client.send("DELETE", &path, &[], None);
            }
        }
        outcome
    }

    fn compare(
        &self,
        step: &Step,
        created: &mut [Created],
        compared: &AtomicUsize,
    ) -> Result<(), TestCaseError> {
        let mut requests: Vec<_> = created.iter().map(|one| step.request(one)).collect();
        let (pages, relation) = step.pages();
        for _ in 0..pages {
            let answers: Vec<Answer> = std::thread::scope(|scope| {
                let sent: Vec<_> = self
                    .all
                    .iter()
                    .zip(&requests)
                    .map(|(twin, request)| scope.spawn(move || twin.send(request)))
                    .collect();
                sent.into_iter().map(|one| one.join().unwrap()).collect()
            });
            compared.fetch_add(1, Ordering::Relaxed);
            for (answer, created) in answers.iter().zip(created.iter_mut()) {
                created.note(step, answer);
            }
            let views = created.iter().zip(&answers);
            let seen: Vec<_> = views.map(|(one, answer)| one.view(answer)).collect();
            if seen.iter().any(|one| *one != seen[0]) {
                let mut text = format!("{step:?}");
                for (twin, seen) in self.all.iter().zip(&seen) {
                    text += &format!("\n{}: {seen:.2000}", twin.engine);
                }
                return Err(TestCaseError::fail(text));
            }
            for (request, answer) in requests.iter_mut().zip(&answers) {
                // All have the link, or none.
                let Some(next) = answer.link(relation) else {
                    return Ok(());
                };
                request.path = next;
            }
        }
        Ok(())
    }
}

impl Twin {
    fn start(engine: &'static str, url: Option<&str>) -> Self {
        let sandbox = Sandbox::new();
        let mut byline = sandbox.byline();
        if let Some(url) = url {
            let mut migrate = sandbox.bylinectl(&["migrate"]);
            migrate.env("DATABASE_URL", url);
            Ended::well(migrate);
            byline.env("DATABASE_URL", url);
        }
        let server = Server::start(byline);
        Self {
            engine,
            client: server.client(),
            _server: server,
            _sandbox: sandbox,
        }
    }

    fn send(&self, request: &Request) -> Answer {
        let mut headers = vec![("x-request-id", "parity")];
        if let Some((name, value)) = &request.guard {
            headers.push((name, value));
        }
        let body = request.body.as_ref();
        self.client
            .send(request.method, &request.path, &headers, body)
    }
}

impl Created {
    fn user(&self, index: Index) -> u64 {
        pick(&self.users, index)
    }

    fn post(&self, index: Index) -> u64 {
        pick(&self.posts, index)
    }

    fn note(&mut self, step: &Step, answer: &Answer) {
        if answer.status != 201 {
            return;
        }
        let id = answer.json()["id"].as_u64().unwrap();
        match step {
            Step::CreateUser { .. } => self.users.push(id),
            _ => self.posts.push(id),
        }
    }

    /// The answer as it would be with the places of rows for ids, and without
    /// times.
    fn view(&self, answer: &Answer) -> String {
        let headers: Vec<_> = ["etag", "location", "content-type", "allow", "retry-after"]
            .iter()
            .map(|name| answer.header(name).map(|value| self.words(value)))
            // A weak tag is made of ids and times, which each has its own.
            .map(|value| {
                value.map(|text| {
                    if text.starts_with("W/") {
                        "W/".into()
                    } else {
                        text
                    }
                })
            })
            .collect();
        let links: Vec<_> = ["first", "prev", "next"]
            .iter()
            .map(|relation| answer.link(relation).is_some())
            .collect();
        let body = match serde_json::from_str(&answer.text) {
            Ok(body) => self.body(body, "").to_string(),
            Err(_) => answer.text.clone(),
        };
        format!("{} {headers:?} {links:?} {body}", answer.status)
    }

    fn body(&self, body: Value, member: &str) -> Value {
        match body {
            Value::Object(members) => {
                let is_post = members.contains_key("title") && members.contains_key("user_id");
                let members = members.into_iter().map(|(name, value)| {
                    let rows = match name.as_str() {
                        "id" if is_post => Some(&self.posts),
                        "id" | "user_id" => Some(&self.users),
                        _ => None,
                    };
                    let value = match (rows, value.as_u64()) {
                        (Some(rows), Some(id)) => json!(place(rows, id)),
                        _ => self.body(value, &name),
                    };
                    (name, value)
                });
                Value::Object(members.collect::<Map<_, _>>())
            }
            Value::Array(items) => {
                let items = items.into_iter().map(|item| self.body(item, member));
                Value::Array(items.collect())
            }
            Value::String(_) if member == "created_at" || member == "updated_at" => json!("time"),
            Value::String(text) if member == "detail" => json!(self.words(&text)),
            other => other,
        }
    }

    /// `user 12` and `/posts/7` with the places of the rows.
    fn words(&self, text: &str) -> String {
        let mut rows = None;
        let words = text.split_inclusive([' ', '/']).map(|word| {
            let known = rows.take();
            rows = match word.trim_end_matches([' ', '/']) {
                "user" | "users" => Some(&self.users),
                "post" | "posts" => Some(&self.posts),
                _ => None,
            };
            let end = word
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(word.len());
            match (known, word[..end].parse()) {
                (Some(rows), Ok(id)) => format!("{}{}", place(rows, id), &word[end..]),
                _ => word.to_owned(),
            }
        });
        words.collect()
    }
}

/// The place of a row, or the id if it is not one of them.
fn place(rows: &[u64], id: u64) -> String {
    match rows.iter().position(|row| *row == id) {
        Some(place) => format!("#{place}"),
        None => id.to_string(),
    }
}

/// Sometimes a row that never was.
fn pick(rows: &[u64], index: Index) -> u64 {
    let place = index.index(rows.len() + 1);
    rows.get(place).copied().unwrap_or(ABSENT)
}

impl Step {
    /// How many answers to compare, and by which link to go on.
    fn pages(&self) -> (u8, &'static str) {
        match self {
            Self::Walk { pages, back, .. } => (*pages, if *back { "prev" } else { "next" }),
            _ => (1, "next"),
        }
    }

    fn request(&self, created: &Created) -> Request {
        let (method, path, body, guard) = match self {
            Self::CreateUser { name, email } => {
                let body = json!({"name": name, "email": email});
                ("POST", "/users".to_owned(), Some(body), Guard::None)
            }
            Self::ChangeUser {
                user,
                method,
                name,
                email,
                guard,
            } => {
                let body = members([("name", name), ("email", email)]);
                let path = format!("/users/{}", created.user(*user));
                (*method, path, Some(body), *guard)
            }
            Self::DeleteUser {
                user,
                with_posts,
                guard,
            } => {
                let query = if *with_posts { "?posts=delete" } else { "" };
                let path = format!("/users/{}{query}", created.user(*user));
                ("DELETE", path, None, *guard)
            }
            Self::CreatePost {
                author,
                nested,
                title,
                content,
            } => {
                let author = created.user(*author);
                let mut body = json!({"title": title, "content": content});
                if *nested {
                    let path = format!("/users/{author}/posts");
                    ("POST", path, Some(body), Guard::None)
                } else {
                    body["user_id"] = json!(author);
                    ("POST", "/posts".to_owned(), Some(body), Guard::None)
                }
            }
            Self::ChangePost {
                post,
                method,
                author,
                title,
                content,
                guard,
            } => {
                let mut body = members([("title", title), ("content", content)]);
                if let Some(author) = author {
                    body["user_id"] = json!(created.user(*author));
                }
                let path = format!("/posts/{}", created.post(*post));
                (*method, path, Some(body), *guard)
            }
            Self::DeletePost { post, guard } => {
                let path = format!("/posts/{}", created.post(*post));
                ("DELETE", path, None, *guard)
            }
            Self::Read { what, row, guard } => {
                let path = match what {
                    Thing::User => format!("/users/{}", created.user(*row)),
                    Thing::Post => format!("/posts/{}", created.post(*row)),
                };
                ("GET", path, None, *guard)
            }
            Self::Walk {
                list,
                order: [users, posts],
                author,
                limit,
                ..
            } => {
                let author = created.user(*author);
                let path = match list {
                    List::Users => format!("/users?limit={limit}{users}"),
                    List::Posts => format!("/posts?limit={limit}{posts}"),
                    List::PostsBy => format!("/posts?user_id={author}&limit={limit}{posts}"),
                    List::PostsOf => format!("/users/{author}/posts?limit={limit}{posts}"),
                };
                ("GET", path, None, Guard::None)
            }
        };
        let header = match method {
            "GET" => "if-none-match",
            _ => "if-match",
        };
        let guard = match guard {
            Guard::None => None,
            Guard::Any => Some((header, "*".to_owned())),
            Guard::Version(version) => Some((header, format!("\"{version}\""))),
        };
        Request {
            method,
            path,
            body,
            guard,
        }
    }
}

fn members<const N: usize>(given: [(&str, &Option<String>); N]) -> Value {
    let given = given
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))));
    Value::Object(given.collect())
}
