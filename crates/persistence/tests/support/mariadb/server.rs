use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::Admin;
use crate::support::eventually;

/// A server that runs while the value lives.
pub(crate) struct Server {
    folder: TempDir,
    port: u16,
    options: Vec<String>,
    process: Mutex<Option<Process>>,
}

/// A database on a server, and the account that may use it and nothing else.
pub(crate) struct Schema {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) socket: PathBuf,
}

/// Whether there is a server to start. Without one the test says how to get it,
/// and fails under `CI=true`.
pub(crate) fn is_installed() -> bool {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    let installed = *INSTALLED.get_or_init(|| {
        let version = Command::new(program()).arg("--version").output();
        let installed = version.is_ok_and(|output| output.status.success());
        if !installed {
            // Past the capture of the test harness.
            drop(std::fs::write("/dev/stderr", format!("\n{MISSING}\n\n")));
        }
        installed
    });
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(installed || !required, "{MISSING}");
    installed
}

/// Debian has it where the PATH of an ordinary user does not lead.
fn program() -> &'static str {
    const DEBIAN: &str = "/usr/sbin/mariadbd";
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_on_path = std::env::split_paths(&path).any(|folder| folder.join("mariadbd").exists());
    if !is_on_path && Path::new(DEBIAN).exists() {
        DEBIAN
    } else {
        "mariadbd"
    }
}

/// How to get what is missing.
const MISSING: &str = "SKIPPED: no `mariadbd` on the PATH, so nothing of MariaDB was tested. \
    Install it (Debian: `apt-get install mariadb-server`) and run the tests again.";

impl Server {
    /// Starts a server with empty data.
    pub(crate) fn start(options: &[&str]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("byline-mariadb-")
            .tempdir()
            .unwrap();
        install(folder.path());
        let server = Self {
            folder,
            port: free_port(),
            options: options.iter().map(ToString::to_string).collect(),
            process: Mutex::new(None),
        };
        server.run();
        server
    }

    /// Lets the server run (again), and waits until it serves.
    pub(crate) fn run(&self) {
        self.launch();
        eventually("the server serves", || self.try_admin().is_ok());
    }

    /// Lets the server run, without waiting.
    pub(crate) fn launch(&self) {
        let mut process = self.process.lock().unwrap();
        assert!(process.is_none(), "the server runs already");
        *process = Some(Process::start(self));
    }

    /// As a power cut would.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
        self.process.lock().unwrap().take().unwrap().wait();
    }

    /// As an administrator would.
    pub(crate) fn stop(&self) {
        self.signal(Signal::TERM);
        self.process.lock().unwrap().take().unwrap().wait();
    }

    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
        let process = self.process.lock().unwrap();
        let server = process.as_ref().unwrap().server;
        eventually("every thread of the server stands still", || {
            let threads = format!("/proc/{}/task", server.as_raw_nonzero());
            std::fs::read_dir(threads).unwrap().all(|thread| {
                let stat = std::fs::read_to_string(thread.unwrap().path().join("stat"));
                stat.is_ok_and(|stat| stat.contains(") T "))
            })
        });
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.lock().unwrap();
        kill_process(process.as_ref().unwrap().server, signal).unwrap();
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    pub(crate) fn admin(&self) -> Admin {
        self.try_admin().unwrap()
    }

    fn try_admin(&self) -> mysql_async::Result<Admin> {
        Admin::connect(&self.socket(), None)
    }

    /// A new empty database with an account of the same name.
    pub(crate) fn schema(&self) -> Schema {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("byline{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut admin = self.admin();
        // Not the collation that the tables have: theirs must not depend on it.
        admin.run(&format!("CREATE DATABASE {name} CHARACTER SET latin1"));
        admin.run(&format!("CREATE USER {name} IDENTIFIED BY 'p:s/w@rd'"));
        admin.run(&format!("GRANT ALL ON {name}.* TO {name}"));
        Schema {
            name,
            port: self.port,
            socket: self.socket(),
        }
    }
}

impl Schema {
    /// With parameters, such as `?ssl-mode=DISABLED`.
    pub(crate) fn url_text(&self, parameters: &str) -> String {
        self.url_text_at(self.port, parameters)
    }

    /// Over another port than the server's own.
    pub(crate) fn url_text_at(&self, port: u16, parameters: &str) -> String {
        let name = &self.name;
        format!("mysql://{name}:p%3As%2Fw%40rd@127.0.0.1:{port}/{name}{parameters}")
    }

    pub(crate) fn admin(&self) -> Admin {
        Admin::connect(&self.socket, Some(&self.name)).unwrap()
    }
}

/// The server's process, and a shell that ends it when this one ends: the
/// shell's input closes then.
struct Process {
    guard: Child,
    server: Pid,
}

impl Process {
    fn start(server: &Server) -> Self {
        let folder = server.folder.path();
        let mut guard = Command::new("sh")
            .arg("-c")
            .arg(r#""$@" 2>>"$0/log" </dev/null >/dev/null & p=$!; echo $p; read _; kill -9 $p; wait; rm -rf "$0""#)
            .arg(folder)
            .arg(program())
            .arg("--no-defaults")
            .arg(format!("--datadir={}", folder.join("data").display()))
            .arg(format!("--socket={}", server.socket().display()))
            .arg(format!("--pid-file={}", folder.join("pid").display()))
            .args(as_root())
            .args(COMMON)
            .arg(format!("--port={}", server.port))
            .args(&server.options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = guard.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let server = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
        Self { guard, server }
    }

    /// Waits until the server is gone, then lets its guard go.
    fn wait(mut self) {
        eventually("the server ends", || {
            rustix::process::test_kill_process(self.server).is_err() || is_zombie(self.server)
        });
        // Killed, so that it does not clean up.
        self.guard.kill().unwrap();
        self.guard.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The guard sees its input end, kills the server and removes the data.
        drop(self.guard.stdin.take());
        drop(self.guard.wait());
    }
}

/// A process that has ended, but whose parent has not asked how.
fn is_zombie(process: Pid) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    status.map_or(true, |status| status.contains(") Z "))
}

/// Small, and with what the service insists on. Without fsync: no test cuts the
/// power, and a killed process leaves its writes to the kernel.
const COMMON: [&str; 10] = [
    "--innodb-flush-method=nosync",
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=16M",
    "--innodb-flush-log-at-trx-commit=1",
    "--performance-schema=OFF",
    "--max-connections=400",
    "--character-set-server=latin1",
];

/// What the program demands of whoever starts it as root.
fn as_root() -> Option<&'static str> {
    rustix::process::geteuid()
        .is_root()
        .then_some("--user=root")
}

/// System tables, made once and copied for each server.
fn install(folder: &Path) {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let template = tempfile::tempdir().unwrap().keep();
        gone_with_this_process(&template);
        let output = Command::new("mariadb-install-db")
            .arg("--no-defaults")
            .arg("--auth-root-authentication-method=normal")
            .arg("--skip-test-db")
            .arg(format!("--datadir={}", template.join("data").display()))
            .args(as_root())
            .arg("--innodb-log-file-size=16M")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        template
    });
    let copied = Command::new("cp")
        .arg("-r")
        .arg(template.join("data"))
        .arg(folder.join("data"))
        .status();
    assert!(copied.unwrap().success());
}

/// Has a shell remove the folder when its input ends.
fn gone_with_this_process(folder: &Path) {
    static GUARD: Mutex<Option<Child>> = Mutex::new(None);
    let guard = Command::new("sh")
        .args(["-c", r#"read _; rm -rf "$0""#])
        .arg(folder)
        .stdin(Stdio::piped())
        .spawn();
    *GUARD.lock().unwrap() = Some(guard.unwrap());
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
