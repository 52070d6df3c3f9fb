//! A client that shows every answer as it is.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use ureq::http::{HeaderMap, Method, Request};

use super::PATIENCE;

/// A client that keeps its connections. Clones share them.
#[derive(Clone)]
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
}

/// Whatever a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .build();
        Self {
            agent: agent.into(),
            base: format!("http://{address}"),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], Some(body))
    }

    /// Sends a request whose answer must come.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        self.try_send(method, path, headers, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Sends a request that may find nobody to answer it.
    pub(crate) fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, ureq::Error> {
        let url = match path.strip_prefix("http://") {
            Some(_) => path.to_owned(),
            None => format!("{}{path}", self.base),
        };
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = match body {
            Some(body) => {
                if !headers.iter().any(|(name, _)| *name == "content-type") {
                    request = request.header("content-type", "application/json");
                }
                self.agent.run(request.body(body.to_string()).unwrap())?
            }
            None => self.agent.run(request.body(()).unwrap())?,
        };
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.body_mut().read_to_string()?,
        })
    }

    /// Every item of a list, page by page along `Link: …; rel="next"`.
    pub(crate) fn walk(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(page) = next {
            let answer = self.get(&page);
            assert_eq!(answer.status, 200, "{page}: {answer:?}");
            items.extend(answer.json().as_array().unwrap().iter().cloned());
            next = answer.link("next");
        }
        items
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.text))
    }

    /// A header, if it is there once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().unwrap();
        values.next().is_none().then_some(value)
    }

    /// The target of a `Link` (RFC 8288) with this relation.
    pub(crate) fn link(&self, relation: &str) -> Option<String> {
        let links = self.headers.get_all("link").iter();
        let links = links.flat_map(|value| value.to_str().unwrap().split(", "));
        let wanted = format!(">; rel=\"{relation}\"");
        links
            .filter_map(|link| link.strip_prefix('<')?.strip_suffix(&wanted))
            .map(str::to_owned)
            .next()
    }

    /// The `code` of a problem (RFC 9457), which this answer must be.
    pub(crate) fn problem(&self) -> String {
        let media_type = self.header("content-type");
        assert_eq!(media_type, Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{self:?}");
        problem["code"].as_str().unwrap().to_owned()
    }
}

/// Sends bytes as they are and gives all that comes back until the server
/// closes the connection.
pub(crate) fn raw(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // The server may refuse before it has read everything.
    drop(stream.write_all(request));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}
