use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{Admin, Engine, Port, run};
use crate::support::eventually;

/// A server that runs while the value lives.
pub(crate) struct Server {
    // Dropped before the folder.
    process: Mutex<Option<Process>>,
    engine: Engine,
    port: Port,
    options: Vec<String>,
    environment: Vec<(String, PathBuf)>,
    folder: TempDir,
}

/// A database on a server, and an account that may use only this database.
pub(crate) struct Schema {
    pub(crate) engine: Engine,
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) socket: PathBuf,
}

impl Server {
    /// Starts a server with empty data.
    pub(crate) fn start(engine: Engine, options: &[&str]) -> Self {
        let folder = run::folder("server-");
        engine.install(&folder.path().join("data"));
        let server = Self {
            process: Mutex::new(None),
            engine,
            port: Port::reserve(),
            options: options.iter().map(ToString::to_string).collect(),
            environment: Vec::new(),
            folder,
        };
        server.run();
        server
    }

    /// Adds an option, from the next start on.
    pub(crate) fn add_option(&mut self, option: &str) {
        self.options.push(option.to_owned());
    }

    /// Removes the last option.
    pub(crate) fn remove_option(&mut self) {
        self.options.pop();
    }

    /// Sets an environment variable, from the next start on.
    pub(crate) fn set_environment(&mut self, name: &str, value: PathBuf) {
        self.environment.push((name.to_owned(), value));
    }

    /// Starts the server (again), and waits until it serves. A server that cannot listen on
    /// its port ends.
    pub(crate) fn run(&self) {
        self.launch();
        eventually("the server serves", || {
            self.try_admin().is_ok() || {
                self.assert_runs();
                false
            }
        });
    }

    /// Starts the server, without waiting.
    pub(crate) fn launch(&self) {
        let mut process = self.process.lock().unwrap();
        assert!(process.is_none(), "the server runs already");
        // A killed MySQL leaves this file, with which the next one would not start.
        drop(fs::remove_file(self.folder.path().join("s.lock")));
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log());
        let mut command = self.engine.command(&self.data());
        command
            .arg(format!("--socket={}", self.socket().display()))
            .arg(format!(
                "--pid-file={}",
                self.folder.path().join("pid").display()
            ))
            .arg(format!("--port={}", self.port()))
            .args(&self.options)
            .envs(self.environment.iter().cloned())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.unwrap());
        *process = Some(Process(command.spawn().unwrap()));
    }

    /// Ends the server with SIGKILL.
    pub(crate) fn kill(&self) {
        self.end(Signal::KILL);
    }

    /// Shuts the server down.
    pub(crate) fn stop(&self) {
        self.end(Signal::TERM);
    }

    fn end(&self, signal: Signal) {
        self.signal(signal);
        let mut process = self.process.lock().unwrap().take().unwrap();
        eventually("the server ends", || {
            process.0.try_wait().unwrap().is_some()
        });
    }

    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
        let process = self.process.lock().unwrap();
        let server = process.as_ref().unwrap().pid();
        eventually("every thread of the server stands still", || {
            let threads = format!("/proc/{}/task", server.as_raw_nonzero());
            fs::read_dir(threads).unwrap().all(|thread| {
                let stat = fs::read_to_string(thread.unwrap().path().join("stat"));
                stat.is_ok_and(|stat| stat.contains(") T "))
            })
        });
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.lock().unwrap();
        kill_process(process.as_ref().unwrap().pid(), signal).unwrap();
    }

    fn assert_runs(&self) {
        let mut process = self.process.lock().unwrap();
        if let Some(ended) = process.as_mut().unwrap().0.try_wait().unwrap() {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            panic!("{:?} has ended, {ended}: {log}", self.engine);
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    /// Returns the folder of the data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(crate) fn admin(&self) -> Admin {
        self.try_admin().unwrap()
    }

    fn try_admin(&self) -> mysql_async::Result<Admin> {
        Admin::connect(&self.socket(), None)
    }

    /// Creates an empty database, and an account with the same name.
    pub(crate) fn schema(&self) -> Schema {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("byline{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut admin = self.admin();
        // Differs from the collation of the tables, which must not depend on it.
        admin.run(&format!("CREATE DATABASE {name} CHARACTER SET latin1"));
        admin.run(&format!("CREATE USER {name} IDENTIFIED BY 'p:s/w@rd'"));
        admin.run(&format!("GRANT ALL ON {name}.* TO {name}"));
        Schema {
            engine: self.engine,
            name,
            port: self.port(),
            socket: self.socket(),
        }
    }
}

impl Schema {
    /// Returns a URL with parameters, such as `?ssl-mode=DISABLED`.
    pub(crate) fn url_text(&self, parameters: &str) -> String {
        self.url_text_at(self.port, parameters)
    }

    /// Returns a URL with another port. It accepts that test servers flush nothing, unless
    /// `parameters` says something else.
    pub(crate) fn url_text_at(&self, port: u16, parameters: &str) -> String {
        let name = &self.name;
        let durability = match parameters {
            "" => "?durability=RELAXED",
            _ if parameters.contains("durability=") => "",
            _ => "&durability=RELAXED",
        };
        format!("mysql://{name}:p%3As%2Fw%40rd@127.0.0.1:{port}/{name}{parameters}{durability}")
    }

    pub(crate) fn admin(&self) -> Admin {
        Admin::connect(&self.socket, Some(&self.name)).unwrap()
    }
}

/// Killed when dropped.
struct Process(Child);

impl Process {
    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The server may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
