use crate::support::{get, untouched};

/// All problem codes. They are stable.
const CODES: [(&str, u16); 31] = [
    ("bad-request", 400),
    ("malformed-json", 400),
    ("invalid-parameter", 400),
    ("invalid-cursor", 400),
    ("invalid-header", 400),
    ("forbidden", 403),
    ("not-found", 404),
    ("unknown-path", 404),
    ("method-not-allowed", 405),
    ("not-acceptable", 406),
    ("request-timeout", 408),
    ("email-taken", 409),
    ("author-missing", 409),
    ("user-has-posts", 409),
    ("key-in-use", 409),
    ("precondition-failed", 412),
    ("body-too-large", 413),
    ("uri-too-long", 414),
    ("unsupported-media-type", 415),
    ("unsupported-content-encoding", 415),
    ("invalid-fields", 422),
    ("key-reused", 422),
    ("precondition-required", 428),
    ("internal-error", 500),
    ("queue-full", 503),
    ("deadline-exceeded", 503),
    ("database-unavailable", 503),
    ("contention", 503),
    ("shutting-down", 503),
    ("outcome-unknown", 503),
    ("not-ready", 503),
];

#[actix_web::test]
async fn every_code_has_a_page() {
    for (code, status) in CODES {
        let answer = get(&untouched(), &format!("/problems/{code}")).await;
        assert_eq!(answer.status, 200, "{code}");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        let text = String::from_utf8(answer.body).unwrap();
        let (first, rest) = text.split_once('\n').unwrap();
        assert!(first.ends_with(&format!(" ({status}, {code})")), "{first}");
        assert!(rest.contains("\nWhat it means\n") && rest.contains("\nWhat to do\n"));
    }
}

#[actix_web::test]
async fn an_unknown_code_has_no_page() {
    for path in ["/problems/nonsense", "/problems/%00", "/problems/NOT-FOUND"] {
        assert_eq!(
            get(&untouched(), path).await.problem(),
            (404, "not-found".into())
        );
    }
}
