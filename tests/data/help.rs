//! Help, completions and manual pages of every command.

use std::fs;
use std::process::Command;

use crate::support::{Ended, Sandbox};

const COMMANDS: [&str; 11] = [
    "migrate",
    "check",
    "backup",
    "export",
    "import",
    "copy",
    "openapi",
    "seed",
    "completions",
    "man",
    "migrate status",
];

#[test]
fn every_command_explains_itself() {
    let sandbox = Sandbox::new();
    let all = Ended::well(sandbox.bylinectl(&["--help"]));
    for command in COMMANDS {
        let mut help = sandbox.bylinectl(&[]);
        help.args(command.split(' ')).arg("--help");
        let help = Ended::well(help);
        let usage = format!("Usage: bylinectl {command}");
        assert!(help.contains(&usage), "{help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{help}"
        );
        if let Some((_, flags)) = help.split_once("\nOptions:\n") {
            // Each flag is followed by what it is.
            for flag in flags
                .lines()
                .filter(|line| line.trim_start().starts_with("--"))
            {
                assert!(!flag.ends_with(']'), "{flag} says nothing");
            }
        }
        if !command.contains(' ') {
            assert!(
                all.contains(&format!("\n  {command} ")),
                "no {command} in {all}"
            );
        }
    }
    for command in ["backup", "copy", "export", "import"] {
        let help = Ended::well(sandbox.bylinectl(&[command, "--help"]));
        assert!(
            help.contains(&format!("\n  bylinectl {command} ")),
            "{help}"
        );
    }
}

#[test]
fn shells_complete_the_commands() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Ended::well(sandbox.bylinectl(&["completions", shell]));
        for word in ["import", "on-conflict", "verify-only"] {
            assert!(script.contains(word), "no {word} for {shell}");
        }
        if shell == "bash" {
            fs::write(sandbox.path("completions.bash"), script).unwrap();
            let mut bash = Command::new("bash");
            bash.args(["-n", "completions.bash"]);
            bash.current_dir(sandbox.path(""));
            Ended::well(bash);
        }
    }
    let unknown = Ended::of(sandbox.bylinectl(&["completions", "tcsh"]));
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(unknown.stderr.contains("fish"), "{unknown:?}");
}

#[test]
fn every_command_has_a_manual_page() {
    let sandbox = Sandbox::new();
    Ended::well(sandbox.bylinectl(&["man", "pages/man1"]));
    let page =
        |name: &str| fs::read_to_string(sandbox.path(&format!("pages/man1/{name}.1"))).unwrap();
    assert!(page("bylinectl").contains("bylinectl\\-import(1)"));
    for command in COMMANDS {
        let page = page(&format!("bylinectl-{}", command.replace(' ', "-")));
        assert!(
            page.contains(".TH") && page.contains(".SH SYNOPSIS"),
            "{page}"
        );
    }
    assert!(page("bylinectl-import").contains("on\\-conflict"));
}
