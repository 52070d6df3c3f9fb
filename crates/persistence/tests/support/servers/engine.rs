use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::run;

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// The machine's `mariadbd`.
    MariaDb,
    /// The `mysqld` that `scripts/mysql` fetches.
    MySql,
}

/// How to install the server.
const NO_MARIADB: &str = "SKIPPED: no `mariadbd` on the PATH, so nothing of MariaDB was tested. \
    Install it (Debian: `apt-get install mariadb-server`) and run the tests again.";
const NO_MYSQL: &str = "SKIPPED: no `mysqld` where `scripts/mysql --path` says, so nothing of \
    MySQL was tested. Fetch it with `scripts/mysql` and run the tests again.";

/// Options for little memory, and those that the service requires. Without fsync, which
/// the URLs of tests accept: the kernel keeps the writes of a killed process. Tests of
/// power cuts and of refused servers override that.
const COMMON: [&str; 9] = [
    "--innodb-flush-method=nosync",
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--innodb-buffer-pool-size=32M",
    "--innodb-flush-log-at-trx-commit=1",
    "--performance-schema=OFF",
    "--max-connections=400",
    "--character-set-server=latin1",
];
const OF_MARIADB: [&str; 1] = ["--innodb-log-file-size=16M"];
const OF_MYSQL: [&str; 3] = [
    "--innodb-redo-log-capacity=16M",
    "--mysqlx=OFF",
    // The default is a system folder.
    "--secure-file-priv=NULL",
];

impl Engine {
    /// Returns whether the server is installed. Otherwise the test says how to install it,
    /// and fails under `CI=true`.
    pub(crate) fn is_installed(self) -> bool {
        static MARIADB: OnceLock<bool> = OnceLock::new();
        static MYSQL: OnceLock<bool> = OnceLock::new();
        let (known, missing) = match self {
            Self::MariaDb => (&MARIADB, NO_MARIADB),
            Self::MySql => (&MYSQL, NO_MYSQL),
        };
        let installed = *known.get_or_init(|| {
            let version = self
                .program()
                .map(|mut server| server.arg("--version").output());
            let installed =
                version.is_some_and(|said| said.is_ok_and(|said| said.status.success()));
            if !installed {
                // Not captured by the test harness.
                drop(fs::write("/dev/stderr", format!("\n{missing}\n\n")));
            }
            installed
        });
        let required = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(installed || !required, "{missing}");
        installed
    }

    /// Returns the command that starts the server on this data, with the options of all
    /// tests.
    pub(super) fn command(self, data: &Path) -> Command {
        let mut server = self.program().unwrap();
        server.arg(format!("--datadir={}", data.display()));
        server.args(as_root()).args(COMMON);
        server.env("TMPDIR", data.parent().unwrap());
        match self {
            Self::MariaDb => server.args(OF_MARIADB),
            Self::MySql => server.args(OF_MYSQL),
        };
        server
    }

    fn program(self) -> Option<Command> {
        let mut server = match self {
            Self::MariaDb => {
                let mut server = Command::new(mariadbd());
                server.arg("--no-defaults");
                server
            }
            Self::MySql => mysqld()?,
        };
        server.current_dir("/");
        Some(server)
    }

    /// Installs the system tables of a new server: a copy of those that were made once.
    pub(super) fn install(self, data: &Path) {
        static MARIADB: OnceLock<PathBuf> = OnceLock::new();
        static MYSQL: OnceLock<PathBuf> = OnceLock::new();
        let template = match self {
            Self::MariaDb => MARIADB.get_or_init(|| template(make_mariadb)),
            Self::MySql => MYSQL.get_or_init(|| template(make_mysql)),
        };
        let mut copy = Command::new("cp");
        let copied = copy.arg("-r").arg(template).arg(data).status();
        assert!(copied.unwrap().success());
    }
}

fn template(make: impl Fn(&Path)) -> PathBuf {
    // Removed with the folder of the test process.
    let data = run::folder("template-").keep().join("data");
    make(&data);
    data
}

fn make_mariadb(data: &Path) {
    run_well(
        Command::new("mariadb-install-db")
            .arg("--no-defaults")
            .arg("--auth-root-authentication-method=normal")
            .arg("--skip-test-db")
            .arg(format!("--datadir={}", data.display()))
            .args(as_root())
            .args(OF_MARIADB)
            // When it starts, MariaDB removes the temporary tables of other servers that
            // share its folder for them.
            .env("TMPDIR", data.parent().unwrap())
            .current_dir(data.parent().unwrap()),
    );
}

fn make_mysql(data: &Path) {
    run_well(
        Engine::MySql
            .command(data)
            .arg("--initialize-insecure")
            .current_dir(data.parent().unwrap()),
    );
    // Every server generates its own UUID.
    fs::remove_file(data.join("auto.cnf")).unwrap();
}

fn run_well(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Debian installs it in a folder that is not in the PATH of ordinary users.
fn mariadbd() -> &'static str {
    const DEBIAN: &str = "/usr/sbin/mariadbd";
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_on_path = std::env::split_paths(&path).any(|folder| folder.join("mariadbd").exists());
    if !is_on_path && Path::new(DEBIAN).exists() {
        DEBIAN
    } else {
        "mariadbd"
    }
}

/// Returns the command for the server in the folder of `scripts/mysql`. It runs with the
/// loader and the libraries in that folder, because it is built for another system.
fn mysqld() -> Option<Command> {
    let usr = mysql_folder()?.join("usr");
    let mut server = Command::new(loader(&usr)?);
    server
        .arg("--library-path")
        .arg(libraries(&usr)?)
        .arg(usr.join("sbin/mysqld"))
        .arg("--no-defaults");
    for (option, folder) in [
        ("basedir", ""),
        ("plugin-dir", "lib/mysql/plugin"),
        ("lc-messages-dir", "share/mysql"),
        ("character-sets-dir", "share/mysql/charsets"),
    ] {
        server.arg(format!("--{option}={}", usr.join(folder).display()));
    }
    Some(server)
}

/// Returns the output of `scripts/mysql --path`.
fn mysql_folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = set("BYLINE_TEST_MYSQL") {
        return Some(folder.into());
    }
    let cache = match set("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(set("HOME")?).join(".cache"),
    };
    Some(cache.join("byline/mysql"))
}

/// `ld-linux-x86-64.so.2` in `lib64`, `ld-linux-aarch64.so.1` in `lib`, …
fn loader(usr: &Path) -> Option<PathBuf> {
    ["lib64", "lib"]
        .iter()
        .flat_map(|folder| entries(&usr.join(folder)))
        .find(|path| name(path).starts_with("ld-linux"))
}

/// `lib/x86_64-linux-gnu`, `lib/aarch64-linux-gnu`, …
fn libraries(usr: &Path) -> Option<PathBuf> {
    let mut folders = entries(&usr.join("lib")).into_iter();
    folders.find(|path| name(path).ends_with("-linux-gnu") && path.is_dir())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Returns the option that the programs require if root starts them.
fn as_root() -> Option<&'static str> {
    rustix::process::geteuid()
        .is_root()
        .then_some("--user=root")
}
