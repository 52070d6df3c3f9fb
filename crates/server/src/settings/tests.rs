use super::*;

mod exposure;
mod printed;
mod secrets;
mod tokens;

fn parse(arguments: &[&str]) -> Result<Settings, clap::Error> {
    service(Settings::parse(["byline"].iter().chain(arguments), |_| {
        None
    }))
}

fn service(parsed: Result<Invocation, clap::Error>) -> Result<Settings, clap::Error> {
    match parsed? {
        Invocation::Service(settings) => Ok(*settings),
        Invocation::Text(text) => panic!("text instead of settings: {text}"),
    }
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
fn only_the_default_database_is_created() {
    assert!(parse(&[]).unwrap().database.create);
    let named = parse(&["--database-url", "sqlite:byline.db"]).unwrap();
    assert!(!named.database.create);
}

#[test]
fn admin_listen_takes_an_address_or_off() {
    let default = parse(&[]).unwrap().admin;
    assert!(default.is_default);
    let address = "127.0.0.1:9464".parse().unwrap();
    assert_eq!(default.admin_listen, AdminListen::At(address));
    let named = parse(&["--admin-listen=127.0.0.1:9464"]).unwrap().admin;
    assert!(!named.is_default);
    let off = parse(&["--admin-listen=off"]).unwrap().admin;
    assert_eq!(off.admin_listen, AdminListen::Off);
}

#[test]
fn wrong_values_are_refused_with_what_would_be_right() {
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
            "--drain-delay=11m",
            ["--drain-delay", "from 0s to 10m", "BYLINE_DRAIN_DELAY"],
        ),
        (
            "--require-if-match=yes",
            [
                "--require-if-match",
                "true, false",
                "BYLINE_REQUIRE_IF_MATCH",
            ],
        ),
        (
            "--admin-listen=9464",
            ["--admin-listen", "or off", "BYLINE_ADMIN_LISTEN"],
        ),
        (
            "--max-connections=0",
            [
                "--max-connections",
                "from 1 to 1000000",
                "BYLINE_MAX_CONNECTIONS",
            ],
        ),
        (
            "--rate-limit=100",
            ["--rate-limit", "such as 600/1m", "BYLINE_RATE_LIMIT"],
        ),
        (
            "--rate-limit=1/500ms",
            ["--rate-limit", "from 1s", "BYLINE_RATE_LIMIT"],
        ),
        (
            "--trusted-proxies=10.0.0.0/33",
            ["--trusted-proxies", "10.0.0.0/8", "BYLINE_TRUSTED_PROXIES"],
        ),
        (
            "--cors-origins=https://app.example.org/",
            ["--cors-origins", "no path", "BYLINE_CORS_ORIGINS"],
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
fn durations_have_units() {
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
fn switches_need_no_value() {
    let settings = parse(&["--require-if-match", "--log-requests"]).unwrap();
    assert!(settings.http.require_if_match);
    assert_eq!(settings.log.requests, Some(true));
}
