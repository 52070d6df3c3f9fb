use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use byline_application::AppError;
use byline_domain::Version;
use serde::{Deserialize, Serialize};

use crate::api::base_url::BaseUrl;
use crate::request::preconditions::etag;
use crate::response::representation::{JSON, Representation, json};

/// The response to a successful write, before preferences of the client apply. It is
/// stored under the `Idempotency-Key` of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredResponse {
    head: Head,
    body: Vec<u8>,
}

/// Everything but the body. Stored as JSON for a day, so members may be added with a
/// default, but not renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
}

impl StoredResponse {
    /// Returns the response for a row that was created at `location`.
    pub(crate) fn created(row: &impl Representation, location: String) -> Result<Self, AppError> {
        let mut response = Self::changed(row)?;
        response.head.status = StatusCode::CREATED.as_u16();
        response.head.location = Some(location);
        Ok(response)
    }

    /// Returns the response for a row that was changed.
    pub(crate) fn changed(row: &impl Representation) -> Result<Self, AppError> {
        let mut response = Self::new(StatusCode::OK, json(row, row.size_hint())?);
        response.head.version = Some(row.version().get());
        Ok(response)
    }

    /// Returns the response for a row that was deleted.
    pub(crate) fn deleted() -> Self {
        Self::new(StatusCode::NO_CONTENT, Vec::new())
    }

    /// Returns a document that is not a row.
    pub(crate) fn document(document: &impl Serialize) -> Result<Self, AppError> {
        Ok(Self::new(StatusCode::OK, json(document, 512)?))
    }

    fn new(status: StatusCode, body: Vec<u8>) -> Self {
        let head = Head {
            status: status.as_u16(),
            location: None,
            version: None,
        };
        Self { head, body }
    }

    /// Returns the stored form: a line with the head, then the body.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, AppError> {
        let mut bytes = json(&self.head, 96 + self.body.len())?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        Ok(bytes)
    }

    /// Parses the stored form, [encoded](Self::encode) by this or another release.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, AppError> {
        let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
        let (Some(head), Some(body)) = (parts.next(), parts.next()) else {
            return Err(AppError::internal("a stored response has no head"));
        };
        Ok(Self {
            head: serde_json::from_slice(head).map_err(AppError::internal)?,
            body: body.to_vec(),
        })
    }

    /// Returns the response, with links below `base`, and without a body if `minimal`
    /// (RFC 7240 section 4.2).
    pub(crate) fn answer(self, minimal: bool, base: &BaseUrl) -> HttpResponse {
        let Self { head, body } = self;
        let status = StatusCode::from_u16(head.status).unwrap_or(StatusCode::OK);
        let mut response = match status {
            StatusCode::OK if minimal => HttpResponse::NoContent(),
            other => HttpResponse::build(other),
        };
        if let Some(version) = head.version.and_then(Version::new) {
            response.insert_header((header::ETAG, etag(version)));
        }
        if let Some(location) = head.location {
            response.insert_header((header::LOCATION, base.link(&location)));
        }
        if minimal || body.is_empty() {
            return response.finish();
        }
        response
            .insert_header((header::CONTENT_TYPE, JSON))
            .body(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_responses_are_decoded() {
        let created = StoredResponse {
            head: Head {
                status: 201,
                location: Some("/users/5".into()),
                version: Some(1),
            },
            body: b"{\"name\":\"a\\nb\"}\n\0\xff".to_vec(),
        };
        for response in [created, StoredResponse::deleted()] {
            let bytes = response.encode().unwrap();
            assert_eq!(StoredResponse::decode(&bytes).unwrap(), response);
        }
        let stored = b"{\"status\":201,\"location\":\"/users/5\",\"version\":1}\n{}";
        assert_eq!(
            StoredResponse::decode(stored).unwrap().encode().unwrap(),
            stored
        );
    }

    #[test]
    fn other_bytes_are_an_error() {
        for bytes in [&b""[..], b"{}", b"{}\n", b"\n", b"{\"status\":\"x\"}\n"] {
            assert!(StoredResponse::decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
