use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use byline_application::AppError;
use byline_domain::Version;
use serde::{Deserialize, Serialize};

use crate::request::base_url::BaseUrl;
use crate::request::preconditions::etag;
use crate::response::representation::{JSON, Representation, write};

/// What a write that succeeded answers, before its sender's preferences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredResponse {
    head: Head,
    body: Vec<u8>,
}

/// All but the body. Kept for a day as JSON: a member may be added, with a
/// default, and none renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
}

impl StoredResponse {
    /// A row that was created, and where it is.
    pub(crate) fn created(row: &impl Representation, location: String) -> Result<Self, AppError> {
        Self::row(StatusCode::CREATED, row, Some(location))
    }

    /// A row that was changed.
    pub(crate) fn changed(row: &impl Representation) -> Result<Self, AppError> {
        Self::row(StatusCode::OK, row, None)
    }

    /// A row that was deleted.
    pub(crate) fn deleted() -> Self {
        let status = StatusCode::NO_CONTENT.as_u16();
        Self {
            head: Head {
                status,
                location: None,
                version: None,
            },
            body: Vec::new(),
        }
    }

    /// A document that is no row.
    pub(crate) fn document(document: &impl Serialize) -> Result<Self, AppError> {
        let mut body = Vec::with_capacity(512);
        write(&mut body, document)?;
        let head = Head {
            status: StatusCode::OK.as_u16(),
            location: None,
            version: None,
        };
        Ok(Self { head, body })
    }

    fn row(
        status: StatusCode,
        row: &impl Representation,
        location: Option<String>,
    ) -> Result<Self, AppError> {
        let mut body = Vec::with_capacity(row.size_hint());
        write(&mut body, row)?;
        let head = Head {
            status: status.as_u16(),
            location,
            version: Some(row.version().get()),
        };
        Ok(Self { head, body })
    }

    /// The outcome as the store keeps it: the head on the first line, the body
    /// behind it.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, AppError> {
        let mut bytes = Vec::with_capacity(96 + self.body.len());
        write(&mut bytes, &self.head)?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        Ok(bytes)
    }

    /// The outcome that was [`encode`](Self::encode)d, by whatever release.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, AppError> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (head, body) = end
            .and_then(|end| Some((bytes.get(..end)?, bytes.get(end + 1..)?)))
            .ok_or_else(|| AppError::internal("a stored answer has no head"))?;
        Ok(Self {
            head: serde_json::from_slice(head).map_err(AppError::internal)?,
            body: body.to_vec(),
        })
    }

    /// The answer, whose links begin with `base`; without a body if `minimal` (RFC 7240
    /// section 4.2).
    pub(crate) fn answer(self, minimal: bool, base: &BaseUrl) -> HttpResponse {
        let Self { head, body } = self;
        let status = StatusCode::from_u16(head.status).unwrap_or(StatusCode::OK);
        let mut answer = match status {
            StatusCode::OK if minimal => HttpResponse::NoContent(),
            other => HttpResponse::build(other),
        };
        if let Some(version) = head.version.and_then(Version::new) {
            answer.insert_header((header::ETAG, etag(version)));
        }
        if let Some(location) = head.location {
            answer.insert_header((header::LOCATION, base.link(&location)));
        }
        if minimal || body.is_empty() {
            return answer.finish();
        }
        answer
            .insert_header((header::CONTENT_TYPE, JSON))
            .body(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_decoded() {
        let created = StoredResponse {
            head: Head {
                status: 201,
                location: Some("/users/5".into()),
                version: Some(1),
            },
            body: b"{\"name\":\"a\\nb\"}\n\0\xff".to_vec(),
        };
        for outcome in [created, StoredResponse::deleted()] {
            let bytes = outcome.encode().unwrap();
            assert_eq!(StoredResponse::decode(&bytes).unwrap(), outcome);
        }
        let stored = b"{\"status\":201,\"location\":\"/users/5\",\"version\":1}\n{}";
        assert_eq!(
            StoredResponse::decode(stored).unwrap().encode().unwrap(),
            stored
        );
    }

    #[test]
    fn what_is_no_outcome_is_an_error() {
        for bytes in [&b""[..], b"{}", b"{}\n", b"\n", b"{\"status\":\"x\"}\n"] {
            assert!(StoredResponse::decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
