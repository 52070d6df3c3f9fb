//! `docs/api.md` is true: its commands run as they stand there, one after the
//! other, and print what it shows.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Ended, Sandbox, on_each_engine, say};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.md");

/// A line that the document tells to type, and what it shows in answer; `…`
/// stands for what it leaves out.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) command: String,
    pub(crate) shown: String,
}

/// The lines of all blocks marked `console`.
pub(crate) fn lines(document: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut inside = false;
    for (index, text) in document.lines().enumerate() {
        if text.starts_with("```") {
            inside = text == "```console";
        } else if let (true, Some(command)) = (inside, text.strip_prefix("$ ")) {
            lines.push(Line {
                number: index + 1,
                command: command.to_owned(),
                shown: String::new(),
            });
        } else if let (true, Some(line)) = (inside, lines.last_mut()) {
            line.shown.push_str(text);
            line.shown.push('\n');
        }
    }
    lines
}

/// How the document starts the service; the test has one already.
fn starts_the_service(line: &Line) -> bool {
    line.command.starts_with("byline ") || line.command.starts_with("base=")
}

/// Whether `printed` is what is shown, but for what `…` stands for.
pub(crate) fn matches(shown: &str, printed: &str) -> bool {
    let printed = printed.replace('\r', "");
    let mut rest = printed.as_str();
    let pieces = shown
        .trim()
        .split('…')
        .map(|piece| piece.trim().trim_end_matches(','));
    pieces
        .enumerate()
        .all(|(index, piece)| match rest.find(piece) {
            Some(at) if index > 0 || at == 0 => {
                rest = rest.get(at + piece.len()..).unwrap();
                true
            }
            _ => false,
        })
}

fn curl_is_installed() -> bool {
    const MISSING: &str = "SKIPPED: no `curl` on the PATH, so the commands in docs/api.md were \
        not run. Install it (Debian: `apt-get install curl`) and run the tests again.";
    let installed = Command::new("curl").arg("--version").output().is_ok();
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(installed || !required, "{MISSING}");
    if !installed {
        say(&format!("\n{MISSING}\n"));
    }
    installed
}

on_each_engine! {
    every_command_in_the_document_does_what_it_shows,
}

fn every_command_in_the_document_does_what_it_shows(sandbox: &Sandbox) {
    if !curl_is_installed() {
        return;
    }
    let document = fs::read_to_string(Path::new(DOCUMENT)).unwrap();
    let lines: Vec<_> = lines(&document)
        .into_iter()
        .filter(|line| !starts_the_service(line))
        .collect();
    assert!(
        lines
            .iter()
            .filter(|line| line.command.starts_with("curl "))
            .count()
            >= 20
    );

    let server = sandbox.serve();
    // Each answer's status, apart from what the command prints.
    let settings = "write-out = \"%{stderr}\\nstatus %{http_code}\\n\"\n";
    fs::write(sandbox.path(".curlrc"), settings).unwrap();
    let mut script = format!("base=http://{}\n", server.address());
    for (index, line) in lines.iter().enumerate() {
        let command = &line.command;
        script.push_str(&format!(
            "{{ {command}\n}} >{index}.out 2>{index}.err || echo \"ended with $?\" >>{index}.err\n"
        ));
    }
    fs::write(sandbox.path("commands"), script).unwrap();
    let mut shell = Command::new("sh");
    shell.arg("commands").current_dir(sandbox.path(""));
    shell
        .env("CURL_HOME", sandbox.path(""))
        .env_remove("http_proxy");
    Ended::well(shell);

    for (index, line) in lines.iter().enumerate() {
        let read = |end: &str| {
            let bytes = fs::read(sandbox.path(&format!("{index}.{end}"))).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (printed, told) = (read("out"), read("err"));
        let place = format!(
            "docs/api.md:{}: {}\n{printed}{told}",
            line.number, line.command
        );
        assert!(!told.contains("ended with"), "{place}");
        assert!(!told.contains("status 5"), "{place}");
        assert!(
            matches(&line.shown, &printed),
            "{place}\nis not\n{}",
            line.shown
        );
        // A refusal is shown, or it is a mistake.
        let refused = told.contains("status 4");
        let shows_it = line.shown.contains("/problems/") || line.shown.contains("HTTP/1.1 4");
        assert_eq!(refused, shows_it, "{place}");
    }
}

#[test]
fn what_is_left_out_may_be_anything_and_nothing_else() {
    assert!(matches("", "anything"));
    assert!(matches("{\"id\":1, …}\n", "{\"id\":1,\"name\":\"Ada\"}"));
    assert!(matches(
        "…\nlink: <…>\n",
        "HTTP/1.1 200 OK\r\nlink: </users>\r\n"
    ));
    assert!(!matches("{\"id\":2, …}", "{\"id\":1,\"name\":\"Ada\"}"));
    assert!(!matches("b…", "ab"));
}
