//! A fake server: it greets like MySQL and sends what a test tells it to.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::eventually;

/// How the server handles each connection.
#[derive(Clone)]
pub(crate) enum Script {
    /// Sends the first bytes at once, and each of the others after a packet of the
    /// client. Then it shuts down its sending side, and reads what comes.
    Says(Vec<Vec<u8>>),
    /// The same, within TLS from the second bytes on, with a self-signed certificate.
    SaysInTls(Vec<Vec<u8>>),
    /// Forwards to the real server at this port of 127.0.0.1.
    Forwards(u16),
}

/// Listens on its own port while the value lives.
pub(crate) struct Fake {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    script: Mutex<Script>,
    /// The bytes that clients sent; those within TLS are decrypted.
    received: Mutex<Vec<u8>>,
    accepted: AtomicUsize,
    served: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
    is_over: AtomicBool,
    tls: Arc<ServerConfig>,
}

impl Fake {
    pub(crate) fn new(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            received: Mutex::default(),
            accepted: AtomicUsize::new(0),
            served: AtomicUsize::new(0),
            open: Mutex::default(),
            is_over: AtomicBool::new(false),
            tls: self_signed(),
        });
        let state = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if state.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let client = client.unwrap();
                state.accepted.fetch_add(1, Ordering::SeqCst);
                let state = Arc::clone(&state);
                thread::spawn(move || {
                    // A client may disconnect.
                    drop(serve(&client, &state));
                    drop(client.shutdown(Shutdown::Both));
                    state.served.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, shared }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Sets the script of new connections, and closes those that are open.
    pub(crate) fn play(&self, script: Script) {
        *self.shared.script.lock().unwrap() = script;
        for stream in self.shared.open.lock().unwrap().drain(..) {
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    /// Returns the number of connections that have ended.
    pub(crate) fn served(&self) -> usize {
        self.shared.served.load(Ordering::SeqCst)
    }

    /// Takes what clients have sent so far. They have closed their connections.
    pub(crate) fn received(&self) -> Vec<u8> {
        let accepted = || self.shared.accepted.load(Ordering::SeqCst);
        eventually("every connection has ended", || self.served() == accepted());
        std::mem::take(&mut *self.shared.received.lock().unwrap())
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn serve(mut client: &TcpStream, shared: &Shared) -> io::Result<()> {
    shared.open.lock().unwrap().push(client.try_clone()?);
    client.set_read_timeout(Some(Duration::from_secs(10)))?;
    let script = shared.script.lock().unwrap().clone();
    match script {
        Script::Says(said) => {
            perform(&mut client, &said, shared)?;
            client.shutdown(Shutdown::Write)?;
            drain(&mut client, shared)
        }
        Script::SaysInTls(said) => {
            let (greeting, rest) = said.split_first().unwrap();
            client.write_all(greeting)?;
            packet_of(&mut client, shared)?;
            let tls = ServerConnection::new(Arc::clone(&shared.tls)).unwrap();
            let mut stream = StreamOwned::new(tls, client);
            // Also waits for a packet before the first of the rest.
            let rest: Vec<_> = [Vec::new()].iter().chain(rest).cloned().collect();
            perform(&mut stream, &rest, shared)?;
            drain(&mut stream, shared)
        }
        Script::Forwards(port) => {
            let upstream = TcpStream::connect(("127.0.0.1", port))?;
            client.set_read_timeout(None)?;
            let (mut to, mut from) = (upstream.try_clone()?, client.try_clone()?);
            let there = thread::spawn(move || {
                drop(io::copy(&mut from, &mut to));
                drop(to.shutdown(Shutdown::Both));
            });
            drop(io::copy(&mut &upstream, &mut client));
            drop(client.shutdown(Shutdown::Both));
            drop(there.join());
            Ok(())
        }
    }
}

fn perform(stream: &mut (impl Read + Write), said: &[Vec<u8>], shared: &Shared) -> io::Result<()> {
    for (index, bytes) in said.iter().enumerate() {
        if index > 0 {
            packet_of(stream, shared)?;
        }
        stream.write_all(bytes)?;
        stream.flush()?;
    }
    Ok(())
}

/// Reads one packet from the client.
fn packet_of(stream: &mut impl Read, shared: &Shared) -> io::Result<()> {
    let mut header = [0; 4];
    stream.read_exact(&mut header)?;
    let length = usize::from(header[0]) | usize::from(header[1]) << 8;
    let mut packet = vec![0; length];
    stream.read_exact(&mut packet)?;
    let mut received = shared.received.lock().unwrap();
    received.extend(header);
    received.extend(packet);
    Ok(())
}

fn drain(stream: &mut impl Read, shared: &Shared) -> io::Result<()> {
    let mut bytes = [0; 4096];
    loop {
        let length = stream.read(&mut bytes)?;
        if length == 0 {
            return Ok(());
        }
        shared.received.lock().unwrap().extend(&bytes[..length]);
    }
}

fn self_signed() -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let names = vec!["0.0.0.0".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    Arc::new(config)
}

/// Returns a packet with its header.
pub(crate) fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
    let mut packet = vec![length[0], length[1], length[2], sequence];
    packet.extend(payload);
    packet
}

/// The challenge of the greeting.
pub(crate) const NONCE: &[u8; 20] = b"abcdefghijklmnopqrst";

/// Returns the greeting of a server whose accounts have this plugin (protocol 10).
pub(crate) fn greeting(plugin: &str, has_tls: bool) -> Vec<u8> {
    // LONG_PASSWORD, FOUND_ROWS, LONG_FLAG, CONNECT_WITH_DB, PROTOCOL_41,
    // TRANSACTIONS, SECURE_CONNECTION, MULTI_STATEMENTS, MULTI_RESULTS,
    // PS_MULTI_RESULTS, PLUGIN_AUTH, PLUGIN_AUTH_LENENC, DEPRECATE_EOF.
    let mut capabilities: u32 = 0x012f_a20f;
    if has_tls {
        capabilities |= 0x800;
    }
    let [low, more, high, top] = capabilities.to_le_bytes();
    let (first, second) = NONCE.split_at(8);
    let mut payload = vec![10];
    payload.extend(b"8.4.99-fake\0\x07\0\0\0");
    payload.extend(first);
    payload.extend([0, low, more, 45, 2, 0, high, top, 21]);
    payload.extend([0; 10]);
    payload.extend(second);
    payload.push(0);
    payload.extend(plugin.as_bytes());
    payload.push(0);
    payload
}

/// Returns a request to log in with another plugin.
pub(crate) fn switch_to(plugin: &[u8], nonce: &[u8]) -> Vec<u8> {
    [&[0xfe], plugin, &[0], nonce, &[0]].concat()
}

/// The request of `caching_sha2_password` for the whole password.
pub(crate) const FULL: &[u8] = &[1, 4];

/// An OK packet.
pub(crate) const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];

/// The fake's own key.
pub(crate) const KEY: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuVKjfGUOIku7eFDhs/+K
Qbcxc2/zWEb6E/E3CK0H39f80uE8fU0SC/Sy4LcG6vIhuVe9QXrBrWf2tm2h0K/1
jMhyf7gZoCrg/kU9gFzxEMvPeeWj6DhFs6LXQhuQwVmXUchFuSRhwHu7YvQWxamE
xe1IGiEPhosJTLrh1vCH3s/xHeZv178xC8QlCw7NC0X5sZM5Gl+LKCBOS97NAbvL
2au+W04zEXzHnAORazUrj+oB/xaV6Y3IQtXgiCfTvPYqFDSKogUTE8TGnYhz9zLx
dGif5pybZgjv8UREtkXGE6YZkchDI7hGu/uBoIlHnRpWC3VxxrmyUqMUUwmMXcmr
OQIDAQAB
-----END PUBLIC KEY-----
";
