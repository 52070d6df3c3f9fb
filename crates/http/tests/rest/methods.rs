use crate::support::{request, send, untouched};

const ROUTES: [(&str, &str); 13] = [
    ("/openapi.json", "GET, HEAD, OPTIONS"),
    ("/docs", "GET, HEAD, OPTIONS"),
    ("/docs/start.js", "GET, HEAD, OPTIONS"),
    ("/", "GET, HEAD, OPTIONS"),
    ("/batch", "POST, OPTIONS"),
    ("/livez", "GET, HEAD, OPTIONS"),
    ("/readyz", "GET, HEAD, OPTIONS"),
    ("/problems/not-found", "GET, HEAD, OPTIONS"),
    ("/users", "GET, HEAD, POST, OPTIONS"),
    ("/users/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
    ("/users/1/posts", "GET, HEAD, POST, OPTIONS"),
    ("/posts", "GET, HEAD, POST, OPTIONS"),
    ("/posts/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
];

fn with_and_without_slash(path: &str) -> Vec<String> {
    match path {
        "/" => vec![path.to_owned()],
        _ => vec![path.to_owned(), format!("{path}/")],
    }
}

#[actix_web::test]
async fn options_lists_the_methods() {
    for (route, allow) in ROUTES {
        for path in with_and_without_slash(route) {
            let answer = send(&untouched(), request("OPTIONS", &path)).await;
            assert_eq!(answer.status, 204, "{path}");
            assert_eq!(answer.header("allow"), allow);
            assert!(answer.body.is_empty());
        }
    }
}

#[actix_web::test]
async fn other_methods_are_refused_with_allow() {
    const METHODS: [&str; 8] = [
        "GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW", "get",
    ];
    for (route, allow) in ROUTES {
        for path in with_and_without_slash(route) {
            let refused = METHODS
                .iter()
                .filter(|m| !allow.split(", ").any(|a| a == **m));
            for method in refused {
                let answer = send(&untouched(), request(method, &path)).await;
                assert_eq!(
                    answer.problem(),
                    (405, "method-not-allowed".into()),
                    "{method} {path}"
                );
                assert_eq!(answer.header("allow"), allow);
            }
        }
    }
}

#[actix_web::test]
async fn unknown_paths_are_not_found_by_any_method() {
    for path in [
        "/nonsense",
        "/users/1/post",
        "/users//",
        "//users",
        "/users/1/posts/2",
        "/Users",
        "/%FF",
        "/a%2Fb",
        "/users/1%2Fposts/x",
    ] {
        for method in ["GET", "POST", "OPTIONS", "DELETE"] {
            let answer = send(&untouched(), request(method, path)).await;
            assert_eq!(
                answer.problem(),
                (404, "unknown-path".into()),
                "{method} {path}"
            );
        }
    }
}

/// Where there is no operation, parameters and encodings cannot be wrong.
#[actix_web::test]
async fn path_and_method_are_checked_first() {
    for (method, path, status) in [
        ("GET", "/nonsense?x=1", 404),
        ("POST", "/nonsense?x=1", 404),
        ("BREW", "/users?x=1", 405),
        ("OPTIONS", "/users?limit=1", 204),
        ("OPTIONS", "*", 204),
        ("GET", "*", 404),
    ] {
        let encoded = request(method, path).insert_header(("content-encoding", "gzip"));
        let answer = send(&untouched(), encoded).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
    }
}

#[actix_web::test]
async fn ids_that_cannot_exist_are_not_found() {
    for id in [
        "abc",
        "0",
        "-1",
        "+1",
        "01",
        "1.0",
        "1e3",
        "9007199254740992",
        "9223372036854775808",
        "99999999999999999999999",
        "%00",
        "%FF",
        "%D9%A1",
        "1%2F2",
        "%201",
        "null",
        "1;x",
        "%F0%9F%A6%80",
    ] {
        for (method, path) in [
            ("GET", format!("/users/{id}")),
            ("HEAD", format!("/users/{id}")),
            ("PUT", format!("/users/{id}/")),
            ("PATCH", format!("/posts/{id}")),
            ("DELETE", format!("/posts/{id}")),
            ("GET", format!("/users/{id}/posts")),
            ("POST", format!("/users/{id}/posts")),
        ] {
            let answer = send(&untouched(), request(method, &path)).await;
            assert_eq!(
                answer.problem(),
                (404, "not-found".into()),
                "{method} {path}"
            );
        }
    }
}

#[actix_web::test]
async fn every_route_refuses_unknown_parameters() {
    for (route, allow) in ROUTES {
        for method in allow.split(", ").filter(|method| *method != "OPTIONS") {
            for path in with_and_without_slash(route) {
                let answer =
                    send(&untouched(), request(method, &format!("{path}?nonsense=1"))).await;
                assert_eq!(
                    answer.problem(),
                    (400, "invalid-parameter".into()),
                    "{method} {path}"
                );
                assert_eq!(answer.faults(), ["nonsense unknown-parameter"]);
            }
        }
    }
}
