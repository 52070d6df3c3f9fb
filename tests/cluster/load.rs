//! Clients that write and read without end, and a ledger of what they were told
//! was done.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::galera::is_full;
use crate::support::{Answer, Client, Server};

/// How long a request may take, by the service's default.
const DEADLINE: Duration = Duration::from_secs(5);

/// How much later its answer may arrive on a machine that is busy. In short,
/// whatever else runs beside the tests.
fn slack() -> Duration {
    Duration::from_secs(if is_full() { 1 } else { 5 })
}

/// What was acknowledged, on disk before the next request.
pub(super) struct Ledger {
    path: PathBuf,
    file: Mutex<File>,
}

impl Ledger {
    pub(super) fn new(folder: &Path) -> Self {
        let path = folder.join("ledger");
        let file = Mutex::new(File::create(&path).unwrap());
        Self { path, file }
    }

    /// A user that exists, by its id and its name.
    fn note(&self, id: u64, name: &str) {
        let mut file = self.file.lock().unwrap();
        writeln!(file, "{id} {name}").unwrap();
        file.sync_data().unwrap();
    }

    /// The last name of each user.
    fn entries(&self) -> BTreeMap<u64, String> {
        let text = std::fs::read_to_string(&self.path).unwrap();
        let lines = text.lines().map(|line| line.split_once(' ').unwrap());
        lines
            .map(|(id, name)| (id.parse().unwrap(), name.to_owned()))
            .collect()
    }

    /// That all of it is there.
    pub(super) fn assert_kept(&self, client: &Client) -> usize {
        let entries = self.entries();
        let found: BTreeMap<u64, String> = client
            .walk("/users?limit=100")
            .into_iter()
            .map(|user| {
                let name = user["name"].as_str().unwrap().to_owned();
                (user["id"].as_u64().unwrap(), name)
            })
            .collect();
        let lost: Vec<_> = entries
            .iter()
            .filter(|(id, name)| found.get(id) != Some(name))
            .map(|(id, name)| (id, name, found.get(id)))
            .collect();
        assert!(lost.is_empty(), "{} lost: {lost:?}", lost.len());
        entries.len()
    }
}

/// When what was answered.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) writes: Vec<Instant>,
    pub(super) reads: Vec<Instant>,
    /// When that was asked for which the answer was 503.
    pub(super) refused: Vec<Instant>,
    pub(super) slowest: Duration,
}

impl Tally {
    fn join(mut self, other: Self) -> Self {
        self.writes.extend(other.writes);
        self.reads.extend(other.reads);
        self.refused.extend(other.refused);
        self.slowest = self.slowest.max(other.slowest);
        self
    }
}

/// The longest time without a success.
pub(super) fn longest_pause(times: &mut [Instant]) -> Duration {
    times.sort_unstable();
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    gaps.max().unwrap_or_default()
}

/// Has `clients` clients write and read through both instances while `act`
/// runs.
pub(super) fn during(
    instances: &[Server],
    ledger: &Ledger,
    clients: usize,
    act: impl FnOnce(),
) -> Tally {
    // Keys and addresses of one load are not those of the one before.
    static LOADS: AtomicUsize = AtomicUsize::new(0);
    let load = LOADS.fetch_add(1, Ordering::SeqCst);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|number| {
                let over = &over;
                scope.spawn(move || {
                    Worker::new(instances, ledger, format!("{load}-{number}")).work(over)
                })
            })
            .collect();
        let end = SetWhenDropped(&over);
        act();
        drop(end);
        let tallies = threads.into_iter().map(|thread| thread.join().unwrap());
        tallies.fold(Tally::default(), Tally::join)
    })
}

/// Ends the load even when what goes on beside it panics.
pub(super) struct SetWhenDropped<'a>(pub(super) &'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Worker<'a> {
    clients: Vec<Client>,
    ledger: &'a Ledger,
    name: String,
    tally: Tally,
}

impl<'a> Worker<'a> {
    fn new(instances: &[Server], ledger: &'a Ledger, name: String) -> Self {
        Self {
            clients: instances.iter().map(Server::client).collect(),
            ledger,
            name,
            tally: Tally::default(),
        }
    }

    /// Creates users, reads each through the other instance, and changes it.
    fn work(mut self, over: &AtomicBool) -> Tally {
        let mut round = 0;
        while !over.load(Ordering::SeqCst) {
            round += 1;
            let mark = format!("w{}-{round}", self.name);
            let (here, there) = (round % 2, (round + 1) % 2);
            let body = json!({"name": mark, "email": format!("{mark}@example.org")});
            let key = format!("\"{mark}\"");
            let headers = [("idempotency-key", key.as_str())];
            let created = self.until_final(here, "POST", "/users", &headers, Some(&body));
            assert_eq!(created.status, 201, "{created:?}");
            self.tally.writes.push(Instant::now());
            let id = created.json()["id"].as_u64().unwrap();
            self.ledger.note(id, &mark);
            let path = format!("/users/{id}");
            let read = self.until_final(there, "GET", &path, &[], None);
            assert_eq!(read.status, 200, "{path} is not there yet: {read:?}");
            assert_eq!(read.json()["name"], mark.as_str());
            self.tally.reads.push(Instant::now());
            let name = format!("{mark}-changed");
            let key = format!("\"{name}\"");
            let headers = [("idempotency-key", key.as_str()), ("if-match", "\"1\"")];
            let body = json!({"name": name});
            let changed = self.until_final(there, "PATCH", &path, &headers, Some(&body));
            assert_eq!(changed.status, 200, "{changed:?}");
            self.tally.writes.push(Instant::now());
            self.ledger.note(id, &name);
        }
        self.tally
    }

    /// Repeats the request, as it is, until an answer says what became of it.
    fn until_final(
        &mut self,
        instance: usize,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&serde_json::Value>,
    ) -> Answer {
        loop {
            let sent = Instant::now();
            let answer = self.clients[instance].send(method, path, headers, body);
            let took = sent.elapsed();
            self.tally.slowest = self.tally.slowest.max(took);
            assert!(took < DEADLINE + slack(), "{took:?}: {answer:?}");
            // The words of a node that lost its majority (error 1047).
            assert!(!answer.text.contains("WSREP"), "{answer:?}");
            match answer.status {
                503 => {
                    assert!(answer.header("retry-after").is_some(), "{answer:?}");
                    self.tally.refused.push(sent);
                    // A client that is polite, but in a hurry.
                    thread::sleep(Duration::from_millis(50));
                }
                409 if answer.problem() == "key-in-use" => {
                    thread::sleep(Duration::from_millis(50));
                }
                _ => return answer,
            }
        }
    }
}
