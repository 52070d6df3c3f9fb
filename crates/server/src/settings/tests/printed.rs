use super::*;

/// Returns the cells of each line of `--print-config`.
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
fn each_setting_is_printed_with_its_source_and_default() {
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
    // Each setting has a default, or its help names one.
    let unsaid: Vec<_> = shown.iter().filter(|row| row.len() < 4).collect();
    assert!(unsaid.is_empty(), "{unsaid:?}");
}

#[test]
fn lists_are_printed_completely() {
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
    // Defaults are printed completely, too.
    for row in configuration(&[]).iter().filter(|row| row[2] == "default") {
        assert_eq!(row[1], row[3], "{row:?}");
    }
}

#[test]
fn passwords_are_hidden() {
    let url = "mysql://byline:hunter2@db/byline";
    let shown = configuration(&["--database-url", url]);
    assert!(!format!("{shown:?}").contains("hunter2"), "{shown:?}");
}

#[test]
fn unknown_variables_are_named_with_the_most_similar_setting() {
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
