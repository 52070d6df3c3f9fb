//! The binaries under test.

use std::ffi::OsStr;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use cargo_metadata::{Message, TargetKind};

/// Where the two binaries are.
pub(crate) struct Binaries {
    pub(crate) byline: PathBuf,
    pub(crate) bylinectl: PathBuf,
}

/// Builds both, once per run of the tests. Cargo gives a test the paths of the
/// binaries of its own package only.
pub(crate) fn binaries() -> &'static Binaries {
    static BINARIES: OnceLock<Binaries> = OnceLock::new();
    BINARIES.get_or_init(build)
}

/// Cargo, without what it tells a test of its package: `ring` would be built
/// again for it, and with it all that uses TLS, each time the tests are run.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let told = ["CARGO_PKG_", "CARGO_MANIFEST_"];
        if let Some(name) = name.to_str()
            && told.iter().any(|start| name.starts_with(start))
        {
            cargo.env_remove(name);
        }
    }
    cargo
}

fn build() -> Binaries {
    // <target>/<profile>/deps/<test>
    let test = std::env::current_exe().unwrap();
    let profile_dir = test.parent().and_then(Path::parent).unwrap();
    let profile = match profile_dir.file_name().and_then(OsStr::to_str).unwrap() {
        "debug" => "dev",
        other => other,
    };
    let mut cargo = cargo()
        .args([
            "build",
            "-p",
            "byline",
            "-p",
            "bylinectl",
            "--profile",
            profile,
        ])
        .arg("--message-format=json-render-diagnostics")
        .arg("--target-dir")
        .arg(profile_dir.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let built: Vec<_> = Message::parse_stream(BufReader::new(cargo.stdout.take().unwrap()))
        .filter_map(|message| match message.unwrap() {
            Message::CompilerArtifact(artifact)
                if artifact.target.kind.contains(&TargetKind::Bin) =>
            {
                Some((artifact.target.name, artifact.executable?))
            }
            _ => None,
        })
        .collect();
    assert!(
        cargo.wait().unwrap().success(),
        "the binaries cannot be built"
    );
    let path = |name| {
        let found = built.iter().find(|(target, _)| target == name);
        found.expect("cargo names what it built").1.clone().into()
    };
    Binaries {
        byline: path("byline"),
        bylinectl: path("bylinectl"),
    }
}
