//! The base of links. A proxy may remove a prefix of the path, so that clients use
//! another path than the one that the service sees.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use actix_web::http::Uri;

/// The base of links: nothing, a path, or an absolute URL, without a slash at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseUrl(Option<Arc<str>>);

/// The text is not a base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidBaseUrl;

/// The longest base URL, in bytes.
const MAX_BYTES: usize = 256;

impl BaseUrl {
    /// Returns the base that a proxy names as its prefix. A proxy may pass on what a
    /// client forged, so anything but a plain path is ignored.
    pub(crate) fn from_prefix(prefix: &str) -> Self {
        path(prefix).map(Self::new_unchecked).unwrap_or_default()
    }

    /// Not `From<&str>`: clap would prefer that to `FromStr`, and skip the check.
    fn new_unchecked(text: &str) -> Self {
        Self((!text.is_empty()).then(|| text.into()))
    }

    /// Returns the link to a path of the service, which begins with a slash.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// Returns whether links begin with their path.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidBaseUrl> {
        let is_address = text.starts_with("https://") || text.starts_with("http://");
        if !is_address {
            return path(text).map(Self::new_unchecked).ok_or(InvalidBaseUrl);
        }
        let uri: Uri = text.parse().map_err(|_| InvalidBaseUrl)?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let is_plain = !authority.is_empty() && !authority.contains('@') && text.is_ascii();
        // `rest` is a plain path only if the text has no query and no fragment.
        let rest = text.split_once(authority).map_or("", |(_, rest)| rest);
        if !is_plain || text.len() > MAX_BYTES || path(rest).is_none() {
            return Err(InvalidBaseUrl);
        }
        Ok(Self::new_unchecked(text.strip_suffix('/').unwrap_or(text)))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_deref().unwrap_or_default())
    }
}

impl std::error::Error for InvalidBaseUrl {}

impl fmt::Display for InvalidBaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "must be a path such as /api, or an address such as https://example.org/api, of at \
             most {MAX_BYTES} characters; in the path letters, digits, `-`, `.`, `_` and `~`, and \
             no empty segment, `.` or `..`"
        )
    }
}

/// Returns a plain path without its last slash. A path is not plain if it has a meaning
/// in headers, in HTML or when links are resolved (`//host`, `..`, even as `%2e%2e`).
fn path(text: &str) -> Option<&str> {
    let path = text.strip_suffix('/').unwrap_or(text);
    let is_plain = |segment: &str| {
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        !matches!(segment, "" | "." | "..") && segment.bytes().all(is_unreserved)
    };
    let segments = path.strip_prefix('/').map(|path| path.split('/'));
    let is_path = path.is_empty() || segments.is_some_and(|mut all| all.all(is_plain));
    (is_path && path.len() <= MAX_BYTES).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_a_plain_path_or_an_absolute_url() {
        for (text, base) in [
            ("", ""),
            ("/", ""),
            ("/api", "/api"),
            ("/api/", "/api"),
            ("/a/b.c/~d_e-f/0", "/a/b.c/~d_e-f/0"),
            ("/...", "/..."),
            ("https://example.org", "https://example.org"),
            ("https://example.org/", "https://example.org"),
            ("https://example.org/api/", "https://example.org/api"),
            ("http://[::1]:8080/api", "http://[::1]:8080/api"),
            (
                &format!("/{}", "a".repeat(255)),
                &format!("/{}", "a".repeat(255)),
            ),
        ] {
            assert_eq!(text.parse::<BaseUrl>().unwrap().to_string(), base, "{text}");
        }
        for text in [
            "api",
            "api/",
            "//evil.example",
            "//",
            "///",
            "/a//b",
            "/api//",
            "/..",
            "/a/../b",
            "/./a",
            "/%2e%2e/a",
            "/a%2Fb",
            "/a\r\nSet-Cookie: a=b",
            "/a b",
            "/a\tb",
            "/a\0",
            "/caf\u{e9}",
            "/a?b",
            "/a#b",
            "/a;b",
            "/a,/b",
            "/\\evil.example",
            "/a\"b",
            "/<script>",
            "/a>; rel=next",
            "javascript:alert(1)",
            "ftp://example.org/",
            "HTTPS://example.org",
            "https://",
            "https:///api",
            "https://user@example.org/",
            "https://user:password@example.org/",
            "https://example.org/?a",
            "https://example.org#a",
            "https://example.org/a/../b",
            "https://example.org//a",
            "https://ex\u{e4}mple.org/",
            "https://example.org/caf\u{e9}",
            "https://example .org/",
            &format!("/{}", "a".repeat(256)),
            &format!("https://{}.example/", "a".repeat(256)),
        ] {
            assert_eq!(text.parse::<BaseUrl>(), Err(InvalidBaseUrl), "{text}");
        }
    }
}
