//! `docs/data.md` is true: its commands run as they stand there, one after the
//! other, and print what it shows.

use std::fs;
use std::process::Command;

use crate::api_document::{lines, matches};
use crate::support::{Ended, Sandbox, binaries};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/data.md");

#[test]
fn every_command_in_the_document_does_what_it_shows() {
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let lines = lines(&document);
    let commands = lines.iter().map(|line| line.command.as_str());
    assert!(
        commands
            .filter(|line| line.starts_with("bylinectl "))
            .count()
            >= 15
    );

    let sandbox = Sandbox::new();
    let mut script = String::new();
    for (index, line) in lines.iter().enumerate() {
        script.push_str(&format!(
            "{{ {}\n}} >{index}.out 2>{index}.err\n",
            line.command
        ));
    }
    fs::write(sandbox.path("commands"), script).unwrap();
    let folder = binaries().bylinectl.parent().unwrap().to_owned();
    let path = std::env::var("PATH").unwrap();
    let mut shell = Command::new("sh");
    shell
        .arg("commands")
        .current_dir(sandbox.path(""))
        .env("PATH", format!("{}:{path}", folder.display()))
        .env_remove("DATABASE_URL");
    Ended::well(shell);

    for (index, line) in lines.iter().enumerate() {
        let read = |end: &str| fs::read_to_string(sandbox.path(&format!("{index}.{end}"))).unwrap();
        let (printed, told) = (read("out"), read("err"));
        let place = format!(
            "docs/data.md:{}: {}\n{printed}{told}",
            line.number, line.command
        );
        assert!(
            matches(&line.shown, &printed),
            "{place}\nis not\n{}",
            line.shown
        );
        assert!(!told.contains("bylinectl: "), "{place}");
    }
}
