//! A running service.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock, mpsc};
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal, kill_process};

use super::client::Client;
use super::{PATIENCE, wait_for};

/// A service that listens; killed when dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
    /// What it says after that, line by line.
    said: Mutex<mpsc::Receiver<String>>,
    admin: OnceLock<String>,
    log: Option<JoinHandle<String>>,
}

impl Server {
    /// Starts `byline` and waits until it says where it listens.
    pub(crate) fn start(mut byline: Command) -> Self {
        let mut child = byline
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = thread::spawn(move || {
            let mut text = Vec::new();
            drop(stderr.read_to_end(&mut text));
            String::from_utf8_lossy(&text).into_owned()
        });
        let (sender, said) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            let lines = stdout.lines().map_while(Result::ok);
            lines.for_each(|line| drop(sender.send(line)));
        });
        let line = said.recv_timeout(PATIENCE).unwrap_or_default();
        let mut server = Self {
            child,
            address: String::new(),
            said: Mutex::new(said),
            admin: OnceLock::new(),
            log: Some(log),
        };
        let address = line.strip_prefix("listening on http");
        match address.and_then(|rest| rest.strip_prefix('s').unwrap_or(rest).strip_prefix("://")) {
            Some(address) => address.clone_into(&mut server.address),
            None => panic!("not listening: {line:?}; log: {}", server.killed()),
        }
        server
    }

    /// `address:port`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// `address:port` for operators, where it serves them.
    pub(crate) fn admin(&self) -> &str {
        self.admin.get_or_init(|| {
            let said = self.said.lock().unwrap();
            let line = said.recv_timeout(PATIENCE).unwrap_or_default();
            let url = line.strip_prefix("metrics on http://");
            let address = url.and_then(|url| url.strip_suffix("/metrics"));
            address
                .unwrap_or_else(|| panic!("no metrics: {line:?}"))
                .to_owned()
        })
    }

    /// A client with connections of its own.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.address)
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// How the process ended, once it has.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait_for("the server's end", || self.child.try_wait().unwrap())
    }

    /// Whether the process has not ended.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Kills the process at once (SIGKILL) and gives its log.
    pub(crate) fn killed(&mut self) -> String {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
        let log = self.log.take().map(JoinHandle::join);
        log.and_then(Result::ok).unwrap_or_default()
    }

    /// A line of `/proc/<pid>/status` as a number, such as `Threads`.
    #[cfg(target_os = "linux")]
    pub(crate) fn status(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let value = line.unwrap().trim_start_matches(':').split_whitespace();
        value.into_iter().next().unwrap().parse().unwrap()
    }

    /// Begins to watch for a new `VmHWM`, the most memory there was.
    #[cfg(target_os = "linux")]
    pub(crate) fn forget_peak(&self) {
        let path = format!("/proc/{}/clear_refs", self.child.id());
        std::fs::write(path, "5").unwrap();
    }

    /// How many sockets it has open: those it listens on, and connections.
    #[cfg(target_os = "linux")]
    pub(crate) fn sockets(&self) -> usize {
        let path = format!("/proc/{}/fd", self.child.id());
        let open = std::fs::read_dir(path).unwrap();
        let targets = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        targets
            .filter(|target| target.to_string_lossy().starts_with("socket:"))
            .count()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let log = self.killed();
        if thread::panicking() && !log.is_empty() {
            let tail = log.lines().rev().take(30).collect::<Vec<_>>();
            let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
            drop(std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("the server's last words:\n{tail}\n"),
            ));
        }
    }
}
