use crate::support::{Answer, ada, api, notes, request, send, untouched};

async fn asked(path: &str, accept: &str) -> Answer {
    let request = request("GET", path).insert_header(("accept", accept));
    send(&untouched(), request).await
}

#[actix_web::test]
async fn the_service_document_is_json_or_html() {
    for accept in [
        "*/*",
        "application/json",
        "application/problem+json",
        "text/html;q=0.5, */*",
    ] {
        let answer = asked("/", accept).await;
        assert_eq!(
            answer.header("content-type"),
            "application/json",
            "{accept}"
        );
        assert_eq!(answer.header("vary"), "Accept");
        assert_eq!(answer.json()["links"]["docs"], "/docs");
    }
    for accept in ["text/html", "text/html,application/xhtml+xml,*/*;q=0.8"] {
        let answer = asked("/", accept).await;
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("vary"), "Accept");
        let page = String::from_utf8(answer.body).unwrap();
        assert!(page.contains("href=\"docs\""), "{page}");
    }
}

#[actix_web::test]
async fn problem_pages_are_negotiated() {
    let json = asked("/problems/not-found", "application/json").await;
    assert_eq!(
        (&json.json()["code"], &json.json()["status"]),
        (&"not-found".into(), &404.into())
    );
    let html = asked("/problems/user-has-posts", "text/html").await;
    assert_eq!(html.header("content-type"), "text/html; charset=utf-8");
    let page = String::from_utf8(html.body).unwrap();
    assert!(page.contains("<h1>User still has posts</h1>"), "{page}");
    let text = asked("/problems/not-found", "*/*").await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
}

#[actix_web::test]
async fn unavailable_types_are_not_acceptable() {
    for (path, accept) in [
        ("/users", "text/html"),
        ("/users/1", "application/xml"),
        ("/users/1", "application/json;q=0"),
        ("/posts", "text/*, image/png"),
        ("/livez", "*/*;q=0"),
        ("/docs", "application/json"),
        ("/", "text/plain"),
        ("/users", "text/html;q=.2"),
    ] {
        let answer = asked(path, accept).await;
        assert_eq!(
            answer.problem(),
            (406, "not-acceptable".into()),
            "{path} {accept}"
        );
    }
    let write = request("DELETE", "/users/1").insert_header(("accept", "text/html"));
    assert_eq!(send(&untouched(), write).await.status, 406);
}

#[actix_web::test]
async fn accept_headers_of_real_clients_get_json() {
    for accept in [
        "application/problem+json",
        "text/html, */*;q=0.1",
        "nonsense",
        "",
        "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
        "application/json;q=.2",
        "application/json; charset=utf8; q=\"1.0\"",
    ] {
        let request = request("GET", "/users/1").insert_header(("accept", accept));
        let answer = send(&api(ada(1), notes(1)), request).await;
        assert_eq!(answer.status, 200, "{accept}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
}
