//! The commands in `docs/api.md` do what the text says.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::Sandbox;

/// What the commands answer, in their order.
const STATUSES: [u16; 6] = [201, 201, 201, 409, 204, 200];

/// Every block of shell commands, as one script.
fn script(text: &str) -> String {
    let blocks = text.split("```sh\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

#[test]
fn every_command_of_the_api_document_runs() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("curl is missing: the commands of docs/api.md are not run");
        return;
    }
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api.md");
    let document = fs::read_to_string(document).unwrap();
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let script = script(&document).replace("127.0.0.1:8080", server.address());
    let ran = Command::new("sh").args(["-euc", &script]).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let output = String::from_utf8(ran.stdout).unwrap();
    let statuses: Vec<u16> = output
        .lines()
        .filter_map(|line| line.split_once("HTTP/1.1 ")?.1.get(..3)?.parse().ok())
        .collect();
    assert_eq!(statuses, STATUSES, "{output}");
    assert_eq!(output.matches("idempotency-replayed: true").count(), 1);
    assert_eq!(output.matches("preference-applied:").count(), 3);
}
