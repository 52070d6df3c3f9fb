use super::*;

fn with_file(name: &str, content: &str, arguments: &[&str]) -> Result<Settings, clap::Error> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    service(Settings::parse(
        ["byline"].iter().chain(arguments),
        |variable| (variable == name).then(|| file.path().into()),
    ))
}

#[test]
fn refusals_do_not_repeat_the_database_url() {
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
fn secrets_come_from_files() {
    let file = "DATABASE_URL_FILE";
    let settings = with_file(file, " sqlite:/srv/a.db\r\n", &[]).unwrap();
    assert_eq!(settings.database.url, "sqlite:/srv/a.db".parse().unwrap());
    assert!(!settings.database.create);
    // The default from a file is still not the default database.
    assert!(
        !with_file(file, "sqlite:byline.db", &[])
            .unwrap()
            .database
            .create
    );
    // Flags take precedence over the environment, including files.
    let flag = ["--database-url", "sqlite:b.db"];
    let settings = with_file(file, "sqlite:a.db", &flag).unwrap();
    assert_eq!(settings.database.url, "sqlite:b.db".parse().unwrap());
}

#[test]
fn unusable_secret_files_are_named_and_their_content_is_hidden() {
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
fn debug_output_hides_secrets() {
    let settings = parse(&["--jwt-secret=0123456789abcdef0123456789abcdef"]).unwrap();
    assert!(!format!("{settings:?}").contains("0123456789abcdef"));
}
