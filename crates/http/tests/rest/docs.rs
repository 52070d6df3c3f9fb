use std::io::Read;

use flate2::read::GzDecoder;

use crate::support::{Answer, get, request, send, send_as_it_is, untouched};

async fn load(path: &str, encoding: &str) -> Answer {
    let request = request("GET", path).insert_header(("accept-encoding", encoding));
    send_as_it_is(&untouched(), request).await
}

#[actix_web::test]
async fn the_document_is_served_and_validated() {
    let answer = get(&untouched(), "/openapi.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(answer.json()["openapi"], "3.1.0");

    let tag = answer.header("etag").to_owned();
    for (tags, status) in [
        (tag.as_str(), 304),
        ("*", 304),
        ("W/\"0\"", 200),
        ("0", 400),
    ] {
        let again = request("GET", "/openapi.json").insert_header(("if-none-match", tags));
        assert_eq!(send(&untouched(), again).await.status, status, "{tags}");
    }
}

#[actix_web::test]
async fn the_page_loads_nothing_from_other_hosts() {
    let page = load("/docs", "identity").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let html = String::from_utf8(page.body.clone()).unwrap();
    assert!(
        !html.contains("http:") && !html.contains("https:") && !html.contains("//"),
        "{html}"
    );
    let policy = page.header("content-security-policy");
    for rule in [
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let loaded: Vec<_> = html
        .split(['"'])
        .filter(|part| part.starts_with("docs/"))
        .collect();
    assert_eq!(loaded.len(), 3, "{html}");
    for path in loaded {
        assert_eq!(
            load(&format!("/{path}"), "gzip").await.status,
            200,
            "{path}"
        );
    }
}

#[actix_web::test]
async fn assets_are_compressed_for_clients_that_accept_gzip() {
    for path in [
        "/docs",
        "/docs/start.js",
        "/docs/swagger-ui.css",
        "/docs/swagger-ui-bundle.js",
    ] {
        let plain = load(path, "identity").await;
        assert_eq!(plain.header("content-encoding"), "");
        for encoding in ["gzip", "br, gzip;q=0.5", "GZIP"] {
            let packed = load(path, encoding).await;
            assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
            assert_eq!(packed.header("vary"), "Accept-Encoding");
            let mut unfolded = Vec::new();
            GzDecoder::new(packed.body.as_slice())
                .read_to_end(&mut unfolded)
                .unwrap();
            assert!(unfolded == plain.body, "{path}");
        }
        for encoding in ["", "br", "gzip;q=0", "gzip;q=0.0"] {
            assert_eq!(
                load(path, encoding).await.header("content-encoding"),
                "",
                "{encoding}"
            );
        }
        let again = request("GET", path).insert_header(("if-none-match", plain.header("etag")));
        let again = send_as_it_is(&untouched(), again).await;
        assert_eq!(again.status, 304);
        // A browser replaces the cached policy by that of the 304.
        let policy = |answer: &Answer| answer.header("content-security-policy").to_owned();
        assert_eq!(policy(&again), policy(&plain), "{path}");
    }
}

#[actix_web::test]
async fn other_assets_are_not_found() {
    for path in ["/docs/nonsense.js", "/docs/index.html.gz", "/docs/.."] {
        let code = get(&untouched(), path).await.code();
        assert!(code == "not-found" || code == "unknown-path", "{path}");
    }
}
