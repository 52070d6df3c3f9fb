//! A TCP proxy that knows enough of the protocol to see commands: it counts them, cuts the
//! connection around one of them, or goes silent.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// When a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the server gets the command.
    Before,
    /// After the server gets the command, without waiting for its answer.
    At,
    /// After the server has answered, before the client gets the answer.
    After,
}

impl Moment {
    pub(crate) const ALL: [Self; 3] = [Self::Before, Self::At, Self::After];
}

/// A proxy between a store and its server, while the value lives.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    upstream: u16,
    /// The commands of the clients, as texts.
    commands: Mutex<Vec<String>>,
    cut: Mutex<Option<(String, Moment)>>,
    cuts: AtomicUsize,
    connections: AtomicUsize,
    is_silent: AtomicBool,
    is_over: AtomicBool,
}

impl Proxy {
    pub(crate) fn to(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            upstream,
            ..Shared::default()
        });
        let state = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if state.is_over.load(Ordering::SeqCst) {
                    return;
                }
                state.connections.fetch_add(1, Ordering::SeqCst);
                let state = Arc::clone(&state);
                thread::spawn(move || drop(relay(&client.unwrap(), &state)));
            }
        });
        Self { port, shared }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Cuts the connection around the next command that begins with `command`.
    pub(crate) fn cut(&self, command: &str, moment: Moment) {
        *self.shared.cut.lock().unwrap() = Some((command.to_owned(), moment));
    }

    /// Returns the number of connections that were cut.
    pub(crate) fn cuts(&self) -> usize {
        self.shared.cuts.load(Ordering::SeqCst)
    }

    /// Returns the number of connections that were made or attempted.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Returns the commands since the last call.
    pub(crate) fn take_commands(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.commands.lock().unwrap())
    }

    /// Forwards nothing in either direction from now on, and keeps connections open.
    pub(crate) fn go_silent(&self) {
        self.shared.is_silent.store(true, Ordering::SeqCst);
    }

    pub(crate) fn speak(&self) {
        self.shared.is_silent.store(false, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.speak();
        // Wakes the listener.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Shared {
    /// Waits while the proxy is silent.
    fn let_pass(&self) {
        while self.is_silent.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn take_cut(&self, command: &str) -> Option<Moment> {
        let mut cut = self.cut.lock().unwrap();
        let (_, moment) = cut.take_if(|(start, _)| command.starts_with(start.as_str()))?;
        Some(moment)
    }
}

/// One client's connection.
struct Line {
    client: TcpStream,
    server: TcpStream,
    /// The SQL of the statement that is being prepared.
    preparing: Mutex<Option<String>>,
    prepared: Mutex<HashMap<u32, String>>,
    /// Whether to cut the connection when the server answers.
    doomed: AtomicBool,
}

fn relay(client: &TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    shared.let_pass();
    let server = TcpStream::connect(("127.0.0.1", shared.upstream))?;
    server.set_nodelay(true)?;
    client.set_nodelay(true)?;
    let line = Line {
        client: client.try_clone()?,
        server,
        preparing: Mutex::default(),
        prepared: Mutex::default(),
        doomed: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            drop(line.answers(shared));
            line.close();
        });
        drop(line.commands(shared));
        line.close();
    });
    Ok(())
}

impl Line {
    fn close(&self) {
        drop(self.client.shutdown(Shutdown::Both));
        drop(self.server.shutdown(Shutdown::Both));
    }

    /// Forwards from the client to the server, packet by packet.
    fn commands(&self, shared: &Shared) -> io::Result<()> {
        loop {
            let mut packet = vec![0; 4];
            (&self.client).read_exact(&mut packet)?;
            let length = u32::from_le_bytes([packet[0], packet[1], packet[2], 0]);
            let is_command = packet[3] == 0;
            packet.resize(4 + usize::try_from(length).unwrap(), 0);
            (&self.client).read_exact(&mut packet[4..])?;
            shared.let_pass();
            let moment = if is_command {
                let command = self.describe(&packet[4..]);
                let moment = shared.take_cut(&command);
                shared.commands.lock().unwrap().push(command);
                moment
            } else {
                None
            };
            match moment {
                None => (&self.server).write_all(&packet)?,
                Some(moment) => {
                    // Counted first: the client may be done before this thread goes on.
                    shared.cuts.fetch_add(1, Ordering::SeqCst);
                    if moment == Moment::After {
                        self.doomed.store(true, Ordering::SeqCst);
                    }
                    if moment != Moment::Before {
                        (&self.server).write_all(&packet)?;
                    }
                    if moment != Moment::After {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Returns the command as a text: its kind and its SQL.
    fn describe(&self, command: &[u8]) -> String {
        let text = || String::from_utf8_lossy(&command[1..]).into_owned();
        match command[0] {
            0x03 => format!("QUERY {}", text()),
            0x16 => {
                *self.preparing.lock().unwrap() = Some(text());
                format!("PREPARE {}", text())
            }
            0x17 => {
                let id = u32::from_le_bytes(command[1..5].try_into().unwrap());
                let prepared = self.prepared.lock().unwrap();
                let sql = prepared.get(&id).map_or("?", String::as_str);
                format!("EXECUTE {sql}")
            }
            0x19 => "CLOSE".to_owned(),
            0x01 => "QUIT".to_owned(),
            other => format!("COMMAND {other}"),
        }
    }

    /// Forwards from the server to the client.
    fn answers(&self, shared: &Shared) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = (&self.server).read(&mut buffer)?;
            if length == 0 || self.doomed.load(Ordering::SeqCst) {
                return Ok(());
            }
            let answer = &buffer[..length];
            if let Some(sql) = self.preparing.lock().unwrap().take()
                && answer.len() >= 9
                && answer[4] == 0
            {
                let id = u32::from_le_bytes(answer[5..9].try_into().unwrap());
                self.prepared.lock().unwrap().insert(id, sql);
            }
            shared.let_pass();
            (&self.client).write_all(answer)?;
        }
    }
}
