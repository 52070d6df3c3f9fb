//! A new version takes over while clients go on: one instance in place, and
//! two behind HAProxy, one after the other. No request fails.
//!
//! `BYLINE_TEST_FULL=1` makes 50,000 requests instead of a few thousand.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rustix::process::Signal;
use serde_json::json;

use crate::support::servers::Port;
use crate::support::{Client, Sandbox, Server, eventually, is_full, say};

const CLIENTS: usize = 8;

/// How many requests each test makes at least.
fn enough() -> usize {
    if is_full() { 50_000 } else { 2_000 }
}

/// Requests that are under way until the test is done with its restarts.
struct Load {
    done: AtomicBool,
    answered: AtomicUsize,
}

impl Load {
    /// Keeps `CLIENTS` clients busy, a write for every four reads, while
    /// `restart` is run again and again until there were enough requests. Every
    /// request must be answered well.
    fn during(address: &str, mut restart: impl FnMut()) -> usize {
        let load = Self {
            done: AtomicBool::new(false),
            answered: AtomicUsize::new(0),
        };
        let load = &load;
        let mut restarts = 0;
        thread::scope(|scope| {
            for number in 0..CLIENTS {
                let client = Client::new(address);
                scope.spawn(move || load.client(&client, number));
            }
            while load.answered.load(Ordering::Relaxed) < enough() || restarts < 3 {
                restart();
                restarts += 1;
                let answered = load.answered.load(Ordering::Relaxed);
                eventually("requests after a restart", || {
                    load.answered.load(Ordering::Relaxed) >= answered + 20 * CLIENTS
                        || load.done.load(Ordering::Relaxed)
                });
                if load.done.load(Ordering::Relaxed) {
                    break;
                }
            }
            load.done.store(true, Ordering::Relaxed);
        });
        restarts
    }

    fn client(&self, client: &Client, number: usize) {
        // A client that fails ends the others.
        let stop = Stop(self);
        for count in 0.. {
            if self.done.load(Ordering::Relaxed) {
                break;
            }
            if count % 5 == 0 {
                let email = format!("ada{number}.{count}@example.org");
                let answer = client.post("/users", &json!({"name": "Ada", "email": email}));
                assert_eq!(answer.status, 201, "{answer:?}");
            } else {
                let answer = client.get("/users?limit=1");
                assert_eq!(answer.status, 200, "{answer:?}");
            }
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
        drop(stop);
    }
}

struct Stop<'a>(&'a Load);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.done.store(true, Ordering::Relaxed);
    }
}

/// `byline` on a socket that it does not open itself, as systemd starts it.
fn on_socket(sandbox: &Sandbox, socket: &TcpListener) -> Command {
    let byline = sandbox.byline();
    let mut shell = Command::new("sh");
    let script = "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\"";
    shell.args(["-c", script]).arg(byline.get_program());
    shell.current_dir(byline.get_current_dir().unwrap());
    for (name, value) in byline.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.stdin(Stdio::from(std::os::fd::OwnedFd::from(
        socket.try_clone().unwrap(),
    )));
    shell
}

#[test]
fn in_place_on_a_socket_that_stays() {
    let sandbox = Sandbox::new();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let mut server = Server::start(on_socket(&sandbox, &socket));
    assert_eq!(server.address(), address);
    Load::during(&address, || {
        server.signal(Signal::TERM);
        assert_eq!(server.wait().code(), Some(0));
        server = Server::start(on_socket(&sandbox, &socket));
    });
}

#[test]
fn a_socket_for_everybody_is_served_on_purpose_only() {
    let sandbox = Sandbox::new();
    let socket = TcpListener::bind("0.0.0.0:0").unwrap();
    let output = on_socket(&sandbox, &socket).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("BYLINE_ALLOW_ANONYMOUS=true"), "{told}");
}

/// A running HAProxy; killed when dropped.
struct Haproxy(Child);

impl Drop for Haproxy {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Haproxy {
    /// With the configuration that the project ships; nothing if there is no
    /// HAProxy.
    fn start(sandbox: &Sandbox, address: &str, instances: [&str; 2]) -> Option<Self> {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/haproxy/haproxy.cfg");
        let programs = ["haproxy", "/usr/sbin/haproxy"].into_iter();
        let child = programs.map(|program| {
            Command::new(program)
                .args(["-db", "-f", file])
                .env("BYLINE_HAPROXY_LISTEN", address)
                .env("BYLINE_ONE", instances[0])
                .env("BYLINE_TWO", instances[1])
                .current_dir(sandbox.path(""))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
        });
        child.filter_map(Result::ok).next().map(Self)
    }
}

const MISSING: &str = "restarts behind HAProxy are not tested: there is no `haproxy`; scripts/test \
                       installs it";

/// An instance that leaves HAProxy the time to see that it ends.
fn instance(sandbox: &Sandbox, address: &str) -> Server {
    let mut byline = sandbox.byline();
    byline
        .env("BYLINE_LISTEN", address)
        .env("BYLINE_DRAIN_DELAY", "2s");
    Server::start(byline)
}

/// Whether HAProxy sends requests of clients to this instance.
fn is_used(server: &Server) -> bool {
    let text = Client::new(server.admin()).get("/metrics").text;
    text.contains("duration_seconds_count{route=\"/users\"")
}

#[test]
fn two_behind_haproxy_one_after_the_other() {
    let sandbox = Sandbox::new();
    let ports = [Port::reserve(), Port::reserve(), Port::reserve()];
    let [front, one, two] = ports
        .each_ref()
        .map(|port| format!("127.0.0.1:{}", port.number()));
    let Some(_haproxy) = Haproxy::start(&sandbox, &front, [&one, &two]) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{MISSING}");
        say(&format!("\n{MISSING}\n"));
        return;
    };
    let mut servers = [instance(&sandbox, &one), instance(&sandbox, &two)];
    let client = Client::new(&front);
    eventually("HAProxy to see an instance", || {
        let answer = client.try_send("GET", "/users", &[], None);
        answer.is_ok_and(|answer| answer.status == 200)
    });
    let mut next = 0;
    Load::during(&front, || {
        let server = &mut servers[next];
        server.signal(Signal::TERM);
        assert_eq!(server.wait().code(), Some(0));
        *server = instance(&sandbox, [&one, &two][next]);
        eventually("HAProxy to use the new instance", || is_used(server));
        next = 1 - next;
    });
}
