use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The folder for all files of this test process, and the guard that removes it.
struct Run {
    folder: PathBuf,
    /// Keeps the guard's input open until this process ends, even by `SIGKILL`.
    _guard: Child,
}

/// Creates a folder in that of this test process. Programs that a test starts must have
/// their working directory in it: by that they are found and ended after the test process
/// has ended.
pub(crate) fn folder(prefix: &str) -> TempDir {
    static RUN: OnceLock<Run> = OnceLock::new();
    let run = RUN.get_or_init(Run::begin);
    // Galera nodes do not run as root.
    let passable = Permissions::from_mode(0o711);
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).permissions(passable);
    builder.tempdir_in(&run.folder).unwrap()
}

impl Run {
    fn begin() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("byline-tests-")
            .permissions(Permissions::from_mode(0o711))
            .tempdir()
            .unwrap()
            .keep();
        // The path that the kernel reports as the working directory of processes.
        let folder = folder.canonicalize().unwrap();
        let guard = Command::new("sh")
            .args(["-c", include_str!("../../../../../scripts/guard"), "guard"])
            .arg(&folder)
            .current_dir("/")
            // Not ended by a signal to the process group of the test process.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            folder,
            _guard: guard,
        }
    }
}
