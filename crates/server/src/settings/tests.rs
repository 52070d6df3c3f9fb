use super::*;

fn parse(arguments: &[&str]) -> Result<Settings, clap::Error> {
    service(Settings::parse(["byline"].iter().chain(arguments), |_| {
        None
    }))
}

fn service(wanted: Result<Invocation, clap::Error>) -> Result<Settings, clap::Error> {
    match wanted? {
        Invocation::Service(settings) => Ok(*settings),
        Invocation::Text(text) => panic!("no service was wanted, but {text}"),
    }
}

/// The lines of `--print-config`, a row of cells each.
fn configuration(arguments: &[&str]) -> Vec<Vec<String>> {
    let arguments = ["byline", "--print-config"].iter().chain(arguments);
    let Ok(Invocation::Text(text)) = Settings::parse(arguments, |_| None) else {
        panic!("no configuration");
    };
    let cells = |line: &str| {
        let cells = line.split("  ").filter(|cell| !cell.is_empty());
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    text.lines().map(cells).collect()
}

#[test]
fn every_setting_is_shown_with_its_source_and_default() {
    let shown = configuration(&["--pool-size=7", "--log-requests"]);
    let named: Vec<_> = shown.iter().map(|row| row[0].as_str()).collect();
    for setting in Settings::command().get_arguments() {
        if let Some(variable) = setting.get_env() {
            assert!(named.contains(&variable.to_str().unwrap()), "{variable:?}");
        }
    }
    for row in [
        ["SETTING", "VALUE", "SOURCE", "DEFAULT"],
        [
            "BYLINE_POOL_SIZE",
            "7",
            "--pool-size",
            "4 on SQLite, 10 on a server",
        ],
        [
            "BYLINE_LOG_REQUESTS",
            "true",
            "--log-requests",
            "true on a terminal, else false",
        ],
        ["BYLINE_QUEUE_LENGTH", "1024", "default", "1024"],
        ["BYLINE_WORKERS", "one per core", "default", "one per core"],
        [
            "DATABASE_URL",
            "sqlite:byline.db",
            "default",
            "sqlite:byline.db",
        ],
    ] {
        assert!(
            shown.iter().any(|shown| shown == &row),
            "{row:?} in {shown:#?}"
        );
    }
    // Who adds a setting says what holds without it.
    let unsaid: Vec<_> = shown.iter().filter(|row| row.len() < 4).collect();
    assert!(unsaid.is_empty(), "{unsaid:?}");
}

#[test]
fn a_list_is_shown_whole() {
    let networks = "--trusted-proxies=10.0.0.0/8,192.0.2.1,2001:db8::/32";
    let shown = configuration(&[
        "--auth=keys,jwt",
        networks,
        "--jwt-algorithms=ES256,EdDSA",
        "--cors-origins=https://a.example",
        "--cors-origins=https://b.example,https://c.example",
    ]);
    for (variable, value) in [
        ("BYLINE_AUTH", "keys,jwt"),
        (
            "BYLINE_TRUSTED_PROXIES",
            "10.0.0.0/8,192.0.2.1,2001:db8::/32",
        ),
        ("BYLINE_JWT_ALGORITHMS", "ES256,EdDSA"),
        (
            "BYLINE_CORS_ORIGINS",
            "https://a.example,https://b.example,https://c.example",
        ),
    ] {
        let row = shown.iter().find(|row| row[0] == variable).unwrap();
        assert_eq!(row[1], value);
    }
    // What holds without being set is shown whole, too.
    for row in configuration(&[]).iter().filter(|row| row[2] == "default") {
        assert_eq!(row[1], row[3], "{row:?}");
    }
}

#[test]
fn a_password_is_not_shown() {
    let url = "mysql://byline:hunter2@db/byline";
    let shown = configuration(&["--database-url", url]);
    assert!(!format!("{shown:?}").contains("hunter2"), "{shown:?}");
}

#[test]
fn a_variable_that_is_no_setting_is_named_with_the_one_that_was_meant() {
    let names = ["BYLINE_POOLSIZE", "BYLINE_FRIEND", "BYLINE_LISTEN", "PATH"];
    let unknown = effective::unknown(&Settings::command(), names.map(str::to_owned));
    let found = |name: &str, nearest: Option<&str>| UnknownVariable {
        name: name.to_owned(),
        nearest: nearest.map(str::to_owned),
    };
    assert_eq!(
        unknown,
        [
            found("BYLINE_POOLSIZE", Some("BYLINE_POOL_SIZE")),
            found("BYLINE_FRIEND", None),
        ]
    );
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
fn operators_are_served_where_it_is_said() {
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
            ["--cors-origins", "nothing behind it", "BYLINE_CORS_ORIGINS"],
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

fn with_file(name: &str, content: &str, arguments: &[&str]) -> Result<Settings, clap::Error> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    service(Settings::parse(
        ["byline"].iter().chain(arguments),
        |variable| (variable == name).then(|| file.path().into()),
    ))
}

#[test]
fn a_secret_can_come_from_a_file() {
    let file = "DATABASE_URL_FILE";
    let settings = with_file(file, " sqlite:/srv/a.db\r\n", &[]).unwrap();
    assert_eq!(settings.database.url, "sqlite:/srv/a.db".parse().unwrap());
    assert!(!settings.database.create);
    // A file that holds the default is somebody's choice too.
    assert!(
        !with_file(file, "sqlite:byline.db", &[])
            .unwrap()
            .database
            .create
    );
    // A flag wins over the environment, of which the file is a part.
    let flag = ["--database-url", "sqlite:b.db"];
    let settings = with_file(file, "sqlite:a.db", &flag).unwrap();
    assert_eq!(settings.database.url, "sqlite:b.db".parse().unwrap());
}

#[test]
fn a_secret_file_that_is_of_no_use_is_named_and_not_shown() {
    for (content, reason) in [(" \n", "empty"), (&*"x".repeat(70_000), "64 KiB")] {
        let message = with_file("DATABASE_URL_FILE", content, &[])
            .unwrap_err()
            .to_string();
        assert!(message.contains("DATABASE_URL_FILE"), "{message}");
        assert!(message.contains(reason), "{message}");
    }
    let wrong = with_file("DATABASE_URL_FILE", "postgres://a:hunter2@b/c", &[]);
    let message = wrong.unwrap_err().to_string();
    assert!(!message.contains("hunter2"), "{message}");
    let shown = Settings::parse(["byline", "--print-config"], |variable| {
        let file = std::env::temp_dir().join(format!("byline-secret-{}", std::process::id()));
        std::fs::write(&file, "mysql://a:hunter2@b/c").unwrap();
        (variable == "DATABASE_URL_FILE").then(|| file.into())
    });
    let Ok(Invocation::Text(shown)) = shown else {
        panic!("no configuration");
    };
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("DATABASE_URL_FILE"), "{shown}");
    let absent = service(Settings::parse(["byline"], |variable| {
        (variable == "DATABASE_URL_FILE").then(|| "/nonexistent/secret".into())
    }));
    let message = absent.unwrap_err().to_string();
    assert!(message.contains("/nonexistent/secret"), "{message}");
    let twice = service(Settings::parse(["byline"], |variable| {
        variable
            .to_str()
            .unwrap()
            .starts_with("DATABASE_URL")
            .then(|| "sqlite:a.db".into())
    }));
    let message = twice.unwrap_err().to_string();
    assert!(message.contains("only one of them"), "{message}");
}

#[test]
fn doors_are_not_left_open() {
    for (arguments, names) in [
        (
            &["--cors-origins=*", "--cors-credentials"][..],
            ["BYLINE_CORS_ORIGINS", "BYLINE_CORS_CREDENTIALS"],
        ),
        (
            &["--cors-credentials"],
            ["BYLINE_CORS_ORIGINS", "BYLINE_CORS_CREDENTIALS"],
        ),
        (
            &["--cors-origins=*,https://app.example.org"],
            ["BYLINE_CORS_ORIGINS", "alone"],
        ),
        (&["--tls-cert=cert.pem"], ["--tls-key", "required"]),
    ] {
        let message = refusal(arguments);
        for name in names {
            assert!(message.contains(name), "{arguments:?}: {message}");
        }
    }
    let some = [
        "--cors-origins=https://a.example,http://b:81",
        "--cors-credentials",
    ];
    let allowed = parse(&some).unwrap().protection.cross_origin();
    assert_eq!(allowed.origins, ["https://a.example", "http://b:81"]);
    assert!(allowed.credentials);
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

#[test]
fn whoever_is_asked_may_come_from_anywhere() {
    assert!(parse(&["--listen", "0.0.0.0:80", "--auth", "keys"]).is_ok());
    let settings = parse(&["--auth", "keys"]).unwrap();
    assert!(settings.authentication.takes(Method::Keys));
    assert!(!parse(&[]).unwrap().authentication.asks());
    let message = refusal(&["--auth", "none,keys"]);
    assert!(message.contains("BYLINE_AUTH"), "{message}");
    let message = refusal(&["--auth", "basic"]);
    assert!(message.contains("keys"), "{message}");
}

#[test]
fn tokens_need_an_issuer_an_audience_and_keys() {
    let all = [
        "--auth=keys,jwt",
        "--jwt-issuer=https://issuer.example",
        "--jwt-audience=byline",
        "--jwt-jwks=https://issuer.example/jwks",
    ];
    let settings = parse(&all).unwrap();
    assert!(
        settings.authentication.takes(Method::Jwt) && settings.authentication.takes(Method::Keys)
    );
    for (missing, name) in [
        (1, "BYLINE_JWT_ISSUER"),
        (2, "BYLINE_JWT_AUDIENCE"),
        (3, "BYLINE_JWT_JWKS"),
    ] {
        let mut rest = all.to_vec();
        rest.remove(missing);
        let message = refusal(&rest);
        assert!(message.contains(name), "{message}");
    }
    for (argument, says) in [
        ("--jwt-jwks=http://issuer.example/jwks", "https"),
        ("--jwt-jwks=ftp://issuer.example/jwks", "no address"),
        ("--jwt-algorithms=HS256", "RS256"),
        ("--jwt-algorithms=none", "RS256"),
        ("--jwt-algorithms=RS256,HS512", "RS256"),
        ("--jwt-issuer=", "--jwt-issuer"),
    ] {
        let mut rest = all.to_vec();
        rest.retain(|one| !argument.starts_with(one.split('=').next().unwrap()));
        rest.push(argument);
        let message = refusal(&rest);
        assert!(message.contains(says), "{argument}: {message}");
    }
    let both = [&all[..], &["--jwt-secret=0123456789abcdef0123456789abcdef"]].concat();
    let message = refusal(&both);
    assert!(message.contains("BYLINE_JWT_SECRET"), "{message}");
    assert!(!message.contains("0123456789abcdef"), "{message}");
}

#[test]
fn a_secret_is_not_printed() {
    let settings = parse(&["--jwt-secret=0123456789abcdef0123456789abcdef"]).unwrap();
    assert!(!format!("{settings:?}").contains("0123456789abcdef"));
}
