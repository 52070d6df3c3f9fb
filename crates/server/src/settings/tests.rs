use super::*;

fn parse(arguments: &[&str]) -> Result<Settings, clap::Error> {
    Settings::parse_from_args(["byline"].iter().chain(arguments))
}

fn refusal(arguments: &[&str]) -> String {
    let error = parse(arguments).expect_err("these settings are wrong");
    assert_eq!(error.exit_code(), 2);
    error.to_string()
}

#[test]
fn the_definition_is_consistent() {
    Settings::command().debug_assert();
}

#[test]
fn only_a_database_that_nobody_named_is_created() {
    assert!(parse(&[]).unwrap().database.create);
    let named = parse(&["--database-url", "sqlite:byline.db"]).unwrap();
    assert!(!named.database.create);
}

#[test]
fn a_wrong_value_is_named_with_what_would_be_right() {
    for (argument, names) in [
        (
            "--pool-size=0",
            ["--pool-size", "from 1 to 256", "BYLINE_POOL_SIZE"],
        ),
        (
            "--queue-length=many",
            ["--queue-length", "from 1 to 1000000", "BYLINE_QUEUE_LENGTH"],
        ),
        (
            "--workers=-1",
            ["--workers", "from 1 to 256", "BYLINE_WORKERS"],
        ),
        (
            "--listen=8080",
            ["--listen", "127.0.0.1:8080", "BYLINE_LISTEN"],
        ),
        (
            "--request-deadline=5",
            [
                "--request-deadline",
                "such as 5s",
                "BYLINE_REQUEST_DEADLINE",
            ],
        ),
        (
            "--request-deadline=-5s",
            ["--request-deadline", "from 10ms", "BYLINE_REQUEST_DEADLINE"],
        ),
        (
            "--shutdown-timeout=1h",
            ["--shutdown-timeout", "to 10m", "BYLINE_SHUTDOWN_TIMEOUT"],
        ),
        (
            "--require-if-match=yes",
            [
                "--require-if-match",
                "true, false",
                "BYLINE_REQUIRE_IF_MATCH",
            ],
        ),
        ("--log=verbose", ["--log", "debug, trace", "BYLINE_LOG"]),
        (
            "--log-format=xml",
            ["--log-format", "text, json", "BYLINE_LOG_FORMAT"],
        ),
        (
            "--log-requests=1",
            ["--log-requests", "true, false", "BYLINE_LOG_REQUESTS"],
        ),
        (
            "--allow-anonymous=1",
            ["--allow-anonymous", "true, false", "BYLINE_ALLOW_ANONYMOUS"],
        ),
        (
            "--database-url=postgres:x",
            ["--database-url", "sqlite:", "DATABASE_URL"],
        ),
    ] {
        let message = refusal(&[argument]);
        for name in names {
            assert!(message.contains(name), "{argument}: no {name} in {message}");
        }
    }
}

#[test]
fn a_refused_database_url_is_not_repeated() {
    for url in [
        "postgres://byline:hunter2@db/byline",
        "mysql://byline:hunter2@db/byline?colour=red",
        "mysql://byline:hunter2@db",
    ] {
        let message = refusal(&["--database-url", url]);
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn durations_are_read_as_people_write_them() {
    for (text, millis) in [
        ("5s", 5_000),
        ("500ms", 500),
        ("1m 30s", 90_000),
        ("10m", 600_000),
    ] {
        let settings = parse(&["--request-deadline", text]).unwrap();
        assert_eq!(
            settings.http.request_deadline,
            Duration::from_millis(millis),
            "{text}"
        );
    }
}

#[test]
fn switches_work_without_a_value() {
    let settings = parse(&["--require-if-match", "--log-requests"]).unwrap();
    assert!(settings.http.require_if_match);
    assert_eq!(settings.log.requests, Some(true));
}

#[test]
fn strangers_are_served_on_purpose_only() {
    for listen in [
        "0.0.0.0:80",
        "[::]:80",
        "192.0.2.1:80",
        "[::ffff:192.0.2.1]:80",
    ] {
        let message = refusal(&["--listen", listen]);
        assert!(message.contains("BYLINE_ALLOW_ANONYMOUS=true"), "{message}");
        assert!(parse(&["--listen", listen, "--allow-anonymous=true"]).is_ok());
    }
    for listen in [
        "127.0.0.1:80",
        "127.8.8.8:80",
        "[::1]:80",
        "[::ffff:127.0.0.1]:80",
    ] {
        assert!(parse(&["--listen", listen]).is_ok(), "{listen}");
    }
}
