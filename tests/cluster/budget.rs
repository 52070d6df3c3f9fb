//! An outage is not amplified: what the database is asked, for each request.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Setup;
use crate::support::galera::{NODES, cluster, is_full};
use crate::support::servers::Proxy;
use crate::support::{eventually, say};

/// Requests a second.
const PACE: u32 = 100;

/// Whether the command is sent for a request: not those of the probes, nor
/// those that set a connection up. What is prepared once for a connection is
/// not a call of a request either.
fn is_call(command: &str) -> bool {
    let sql = command.strip_prefix("EXECUTE ");
    sql.is_some_and(|sql| sql.contains("`users`"))
}

#[test]
fn an_outage_is_not_amplified() {
    let Some(cluster) = cluster() else { return };
    let proxies = NODES.map(|node| Proxy::to(cluster.port(node)));
    let ports = [0, 1, 2].map(|index: usize| proxies[index].port());
    let setup = Setup::at(&cluster, ports, "?read-hosts=any&ssl-mode=DISABLED");
    let (outage, after) = if is_full() { (60, 60) } else { (4, 4) };
    let client = setup.instances[0].client();
    let ada = client.post(
        "/users",
        &json!({"name": "Ada", "email": "ada@example.org"}),
    );
    assert_eq!(ada.status, 201);
    let path = ada.header("location").unwrap();
    setup.see(["ready"; 3]);
    let calls = || -> usize {
        let commands = proxies.iter().flat_map(Proxy::take_commands);
        commands.filter(|command| is_call(command)).count()
    };
    let over = AtomicBool::new(false);
    let (sent, served) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let next = AtomicUsize::new(0);
    let (calls, sent) = thread::scope(|scope| {
        let begun = Instant::now();
        for number in 0..16 {
            let client = setup.instances[number % 2].client();
            let (over, sent, served, next) = (&over, &sent, &served, &next);
            scope.spawn(move || {
                while !over.load(Ordering::SeqCst) {
                    // Requests come at their pace, whatever becomes of them.
                    let request = next.fetch_add(1, Ordering::SeqCst);
                    let due =
                        begun + Duration::from_secs(1) / PACE * u32::try_from(request).unwrap();
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    let answer = if request % 4 == 0 {
                        let email = format!("u{request}@example.org");
                        client.post("/users", &json!({"name": "U", "email": email}))
                    } else {
                        client.get(path)
                    };
                    sent.fetch_add(1, Ordering::SeqCst);
                    match answer.status {
                        200 | 201 => _ = served.fetch_add(1, Ordering::SeqCst),
                        503 => assert!(answer.header("retry-after").is_some(), "{answer:?}"),
                        other => panic!("{other}: {answer:?}"),
                    }
                }
            });
        }
        // An outage is a matter of time.
        let past = |seconds| thread::sleep(Duration::from_secs(seconds));
        eventually("requests are served", || served.load(Ordering::SeqCst) > 50);
        calls();
        let before = sent.load(Ordering::SeqCst);
        for proxy in &proxies {
            proxy.go_silent();
        }
        past(outage);
        for proxy in &proxies {
            proxy.speak();
        }
        past(after);
        let sent = sent.load(Ordering::SeqCst) - before;
        let calls = calls();
        over.store(true, Ordering::SeqCst);
        (calls, sent)
    });
    let connections: usize = proxies.iter().map(Proxy::connections).sum();
    let ratio = f64::from(u32::try_from(calls).unwrap()) / f64::from(u32::try_from(sent).unwrap());
    say(&format!(
        "outage of {outage} s and {after} s after it: {sent} requests, {calls} calls of the database, {ratio:.2} each; {connections} connections in all"
    ));
    assert!(ratio <= 1.1, "{calls} calls for {sent} requests");
    setup.see(["ready"; 3]);
}
