//! What was written through one instance is read through the other, from
//! another node.

use std::thread;

use serde_json::json;

use super::Setup;
use crate::support::galera::{cluster, is_full};

const CLIENTS: usize = 8;

#[test]
fn nobody_reads_what_was_before() {
    let Some(cluster) = cluster() else { return };
    let setup = Setup::on(&cluster);
    let pairs = if is_full() { 20_000 } else { 800 };
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let setup = &setup;
            scope.spawn(move || {
                let [here, there] =
                    [&setup.instances[0], &setup.instances[1]].map(crate::support::Server::client);
                let email = format!("ada{number}@example.org");
                let created = here.post("/users", &json!({"name": "0", "email": email}));
                assert_eq!(created.status, 201, "{created:?}");
                let path = created.header("location").unwrap().to_owned();
                for round in 1..=pairs / CLIENTS {
                    let (writer, reader) = if round % 2 == 0 {
                        (&here, &there)
                    } else {
                        (&there, &here)
                    };
                    let name = json!({"name": round.to_string()});
                    let written = writer.send("PATCH", &path, &[], Some(&name));
                    assert_eq!(written.status, 200, "{written:?}");
                    let read = reader.get(&path);
                    assert_eq!(read.status, 200, "{read:?}");
                    assert_eq!(read.json()["name"], round.to_string(), "stale");
                }
            });
        }
    });
    cluster.assert_equal(&setup.database);
}
