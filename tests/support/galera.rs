//! A Galera cluster of three nodes, which `scripts/cluster` starts and hurts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

pub(crate) use super::is_full;
use super::servers::{Admin, Port, folder};
use super::{eventually, say};

pub(crate) const NODES: [usize; 3] = [1, 2, 3];

/// Three nodes in the folder of the test process, with which they end.
pub(crate) struct Cluster {
    folder: PathBuf,
    base: u16,
    _ports: Vec<Port>,
}

/// How to get what is missing.
const MISSING: &str = "SKIPPED: no Galera, so nothing of a cluster was tested. Install it \
    (Debian: `apt-get install mariadb-server galera-4 rsync`) and run the tests again.";

/// The cluster that all tests share, one after the other, whole. `None` without
/// the programs.
pub(crate) fn cluster() -> Option<MutexGuard<'static, Cluster>> {
    static CLUSTER: OnceLock<Option<Mutex<Cluster>>> = OnceLock::new();
    let start = || is_installed().then(|| Mutex::new(Cluster::start()));
    let cluster = CLUSTER.get_or_init(start).as_ref()?;
    // A test that failed may have left it in pieces.
    let cluster = cluster.lock().unwrap_or_else(PoisonError::into_inner);
    cluster.make_whole();
    Some(cluster)
}

fn is_installed() -> bool {
    let programs = ["mariadbd", "rsync"].iter().all(|program| {
        let version = Command::new(program).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    });
    let installed = programs && Path::new("/usr/lib/galera/libgalera_smm.so").exists();
    if !installed {
        say(&format!("\n{MISSING}\n"));
    }
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(installed || !required, "{MISSING}");
    installed
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/cluster")
}

impl Cluster {
    fn start() -> Self {
        let (base, ports) = free_ports();
        let cluster = Self {
            folder: folder("cluster-").keep(),
            base,
            _ports: ports,
        };
        cluster.run(&["up"]);
        cluster
    }

    /// Everybody back, whatever was done to them.
    fn make_whole(&self) {
        for node in NODES {
            // Those that are gone cannot be thawed, nor can the frozen mend.
            drop(self.try_run(&["thaw", &node.to_string()]));
            drop(self.try_run(&["mend", &node.to_string()]));
        }
        self.run(&["up"]);
    }

    pub(crate) fn kill(&self, node: usize) {
        self.run(&["kill", &node.to_string()]);
    }

    pub(crate) fn rejoin(&self, node: usize) {
        self.run(&["rejoin", &node.to_string()]);
    }

    pub(crate) fn freeze(&self, node: usize) {
        self.run(&["freeze", &node.to_string()]);
    }

    pub(crate) fn thaw(&self, node: usize) {
        self.run(&["thaw", &node.to_string()]);
    }

    pub(crate) fn cut(&self, node: usize) {
        self.run(&["cut", &node.to_string()]);
    }

    pub(crate) fn mend(&self, node: usize) {
        self.run(&["mend", &node.to_string()]);
    }

    /// Starts whoever is missing; recovers the cluster when nobody is left.
    pub(crate) fn up(&self) {
        self.run(&["up"]);
    }

    /// A new empty database with an account of the same name.
    pub(crate) fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("byline{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut admin = self.admin(1, None);
        admin.run(&format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"));
        admin.run(&format!("CREATE USER {name} IDENTIFIED BY 'secret'"));
        admin.run(&format!("GRANT ALL ON {name}.* TO {name}"));
        for node in NODES {
            // The others have it too.
            let mut admin = self.admin(node, None);
            admin.run("SET wsrep_sync_wait = 15");
            admin.run("SELECT COUNT(*) FROM mysql.global_priv");
        }
        name
    }

    /// The port where a node serves SQL.
    pub(crate) fn port(&self, node: usize) -> u16 {
        self.base + u16::try_from(node).unwrap()
    }

    /// The URL of a database on these ports.
    pub(crate) fn url(database: &str, ports: [u16; 3], parameters: &str) -> String {
        let hosts = ports.map(|port| format!("127.0.0.1:{port}")).join(",");
        format!("mysql://{database}:secret@{hosts}/{database}{parameters}")
    }

    pub(crate) fn ports(&self) -> [u16; 3] {
        NODES.map(|node| self.port(node))
    }

    pub(crate) fn admin(&self, node: usize, database: Option<&str>) -> Admin {
        let socket = self.folder.join(node.to_string()).join("sock");
        Admin::connect(&socket, database).unwrap()
    }

    /// That every node has the same rows, once each has got them all.
    pub(crate) fn assert_equal(&self, database: &str) {
        let checksums = |node| {
            let mut admin = self.admin(node, Some(database));
            // Waits for what the others have committed.
            admin.run("SET wsrep_sync_wait = 15");
            let tables = admin.column("SHOW TABLES").join(", ");
            admin.rows::<(String, String)>(&format!("CHECKSUM TABLE {tables}"))
        };
        eventually("three nodes", || {
            NODES.iter().all(|node| {
                let mut admin = self.admin(*node, None);
                let size = admin.number("SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'wsrep_cluster_size'");
                size == 3
            })
        });
        let first = checksums(1);
        assert!(first.len() >= 5, "{first:?}");
        for node in [2, 3] {
            assert_eq!(checksums(node), first, "node {node}");
        }
    }

    fn run(&self, arguments: &[&str]) {
        if let Err(said) = self.try_run(arguments) {
            panic!("scripts/cluster {arguments:?}: {said}");
        }
    }

    fn try_run(&self, arguments: &[&str]) -> Result<(), String> {
        let output = Command::new(script())
            .arg("--folder")
            .arg(&self.folder)
            .args(["--port", &self.base.to_string()])
            .args(arguments)
            .current_dir(&self.folder)
            .output()
            .unwrap();
        if output.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A base of which all ports that `scripts/cluster` uses are free, and these.
fn free_ports() -> (u16, Vec<Port>) {
    // Below the ports that the kernel gives to clients.
    let start = u16::try_from(std::process::id() % 400).unwrap();
    (0..400)
        .map(|step| 12_000 + (start + step) % 400 * 40)
        .find_map(|base| {
            let of_clients = NODES.map(|node| base + u16::try_from(node).unwrap());
            let of_nodes = [10, 20, 30].map(|group| base + group);
            let of_nodes = of_nodes.iter().flat_map(|group| *group..group + 3);
            let numbers = of_clients.into_iter().chain(of_nodes);
            let ports = numbers.map(Port::reserve_number);
            Some((base, ports.collect::<Option<_>>()?))
        })
        .unwrap()
}
