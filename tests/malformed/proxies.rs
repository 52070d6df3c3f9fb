//! The proxies that most services stand behind, with few connections to the
//! service, which all clients share: what one of them broke, the next would
//! meet.

use std::fs;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::support::servers::Port;
use crate::support::{Sandbox, eventually};

/// A proxy that listens; killed when dropped.
struct Proxy {
    child: Child,
    address: String,
    _port: Port,
}

pub(crate) struct Nginx(Proxy);
pub(super) struct Haproxy(Proxy);

impl Nginx {
    /// Starts nginx in front of `service`; `None` if it is not installed.
    pub(super) fn start(sandbox: &Sandbox, service: &str) -> Option<Self> {
        let locations = "proxy_ignore_client_abort on;
             location / {
                 proxy_pass http://byline;
                 proxy_http_version 1.1;
                 proxy_set_header Connection \"\";
                 proxy_request_buffering off;
                 proxy_read_timeout 5s;
             }";
        Self::with(sandbox, service, locations)
    }

    /// Starts nginx with these locations, in which `service` is called `byline`.
    pub(crate) fn with(sandbox: &Sandbox, service: &str, locations: &str) -> Option<Self> {
        let port = Port::reserve();
        let address = address(&port);
        let folder = sandbox.path("");
        let folder = folder.display();
        let configuration = format!(
            "daemon off; master_process off; pid {folder}nginx.pid; error_log {folder}nginx.log;
             events {{ worker_connections 256; }}
             http {{
                 access_log off;
                 client_body_temp_path {folder}body; proxy_temp_path {folder}proxy;
                 fastcgi_temp_path {folder}fastcgi; uwsgi_temp_path {folder}uwsgi;
                 scgi_temp_path {folder}scgi;
                 large_client_header_buffers 4 32k; lingering_timeout 1s; lingering_time 1s;
                 upstream byline {{ server {service}; keepalive 1; }}
                 server {{
                     listen {address};
                     {locations}
                 }}
             }}"
        );
        let file = sandbox.path("nginx.conf");
        fs::write(&file, configuration).unwrap();
        let mut nginx = command("nginx");
        nginx.arg("-c").arg(file).arg("-p").arg(sandbox.path(""));
        nginx.current_dir(sandbox.path(""));
        Proxy::start(nginx, port).map(Self)
    }

    pub(crate) fn address(&self) -> &str {
        &self.0.address
    }
}

impl Haproxy {
    /// Starts HAProxy in front of `service`; `None` if it is not installed.
    pub(super) fn start(sandbox: &Sandbox, service: &str) -> Option<Self> {
        let port = Port::reserve();
        let address = address(&port);
        let configuration = format!(
            "global
                 maxconn 256
             defaults
                 mode http
                 timeout connect 2s
                 timeout client 5s
                 timeout server 5s
                 timeout http-request 5s
                 http-reuse always
             frontend front
                 bind {address}
                 default_backend byline
             backend byline
                 server one {service} maxconn 4\n"
        );
        let file = sandbox.path("haproxy.cfg");
        fs::write(&file, configuration).unwrap();
        let mut haproxy = command("haproxy");
        haproxy.arg("-db").arg("-f").arg(file);
        haproxy.current_dir(sandbox.path(""));
        Proxy::start(haproxy, port).map(Self)
    }

    pub(super) fn address(&self) -> &str {
        &self.0.address
    }
}

/// Debian has both where only root's PATH leads.
fn command(name: &str) -> Command {
    let of_root = format!("/usr/sbin/{name}");
    Command::new(if fs::exists(&of_root).unwrap_or(false) {
        of_root
    } else {
        name.to_owned()
    })
}

/// The proxies cannot be told to choose a port.
fn address(port: &Port) -> String {
    format!("127.0.0.1:{}", port.number())
}

impl Proxy {
    /// Starts what ends if it cannot listen on `port`.
    fn start(mut command: Command, port: Port) -> Option<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let name = command.get_program().display().to_string();
                drop(std::io::Write::write_fmt(
                    &mut std::io::stderr(),
                    format_args!("left out: {name} is not installed; scripts/test installs it\n"),
                ));
                return None;
            }
            Err(error) => panic!("{command:?}: {error}"),
        };
        let mut proxy = Self {
            child,
            address: address(&port),
            _port: port,
        };
        eventually("the proxy", || {
            assert!(
                proxy.child.try_wait().unwrap().is_none(),
                "{command:?} has ended"
            );
            TcpStream::connect(&proxy.address).is_ok()
        });
        Some(proxy)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
