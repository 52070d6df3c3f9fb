//! Many clients want the same thing at once, over both instances.

use serde_json::json;

use super::Setup;
use crate::races::at_once;
use crate::repeats::assert_one_effect_each;
use crate::support::galera::{Cluster, cluster, is_full};
use crate::support::{Answer, Client, Server};

#[test]
fn a_key_has_one_effect_over_the_cluster() {
    let Some(cluster) = cluster() else { return };
    let setup = Setup::on(&cluster);
    let keys = if is_full() { 200 } else { 10 };
    assert_one_effect_each(&setup.instances, keys);
    cluster.assert_equal(&setup.database);
}

/// Two instances that write to different nodes, as for a moment after a
/// failover: what they do at once, the cluster has to tell apart.
fn at_odds(cluster: &Cluster) -> Setup {
    let mut setup = Setup::on(cluster);
    let mut ports = cluster.ports();
    ports.reverse();
    let mut other = setup.byline();
    other.env("DATABASE_URL", Cluster::url(&setup.database, ports, ""));
    setup.instances = vec![setup.serve(), Server::start(other)];
    setup
}

/// Lost conflicts are answered 503 after a few attempts, with nothing done.
fn until_final(send: impl Fn() -> Answer) -> Answer {
    loop {
        let answer = send();
        if answer.status != 503 {
            return answer;
        }
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
    }
}

fn clients_of(instances: &[Server]) -> [Client; 2] {
    [0, 1].map(|index: usize| instances[index].client())
}

#[test]
fn no_guarded_change_is_lost_between_nodes() {
    const ROWS: usize = 10;
    const CLIENTS: usize = 8;
    let Some(cluster) = cluster() else { return };
    let changes = if is_full() { 500 } else { 40 };
    for setup in [Setup::on(&cluster), at_odds(&cluster)] {
        let [first, _] = clients_of(&setup.instances);
        let paths: Vec<String> = (0..ROWS)
            .map(|number| {
                let email = format!("u{number}@example.org");
                let created = first.post("/users", &json!({"name": "0", "email": email}));
                assert_eq!(created.status, 201, "{created:?}");
                created.header("location").unwrap().to_owned()
            })
            .collect();
        let acknowledged: usize = at_once(
            CLIENTS,
            || first.clone(),
            |_, number| {
                let client = setup.instances[number % 2].client();
                let changes = (0..changes).filter(|change| {
                    // Clients that meet on a row meet again on the next one.
                    let path = &paths[(number / 2 + change) % ROWS];
                    let read = until_final(|| client.get(path));
                    let count: usize = read.json()["name"].as_str().unwrap().parse().unwrap();
                    let body = json!({"name": (count + 1).to_string()});
                    let guard = [("if-match", read.header("etag").unwrap())];
                    match until_final(|| client.send("PATCH", path, &guard, Some(&body))).status {
                        200 => true,
                        412 => false,
                        other => panic!("{other}"),
                    }
                });
                changes.count()
            },
        )
        .into_iter()
        .sum();
        let users = first.walk("/users");
        let counts = users.iter();
        let sum: usize = counts
            .map(|user| user["name"].as_str().unwrap().parse::<usize>().unwrap())
            .sum();
        assert_eq!(sum, acknowledged);
        cluster.assert_equal(&setup.database);
    }
}

#[test]
fn one_of_many_gets_the_address_between_nodes() {
    let Some(cluster) = cluster() else { return };
    let rounds = if is_full() { 50 } else { 5 };
    for setup in [Setup::on(&cluster), at_odds(&cluster)] {
        let [first, _] = clients_of(&setup.instances);
        for round in 0..rounds {
            let email = format!("ada{round}@example.org");
            let statuses = at_once(
                16,
                || first.clone(),
                |_, number| {
                    let client = setup.instances[number % 2].client();
                    let body = json!({"name": format!("Ada {number}"), "email": email});
                    until_final(|| client.post("/users", &body)).status
                },
            );
            let created = statuses.iter().filter(|status| **status == 201).count();
            let refused = statuses.iter().filter(|status| **status == 409).count();
            assert_eq!((created, refused), (1, 15), "{statuses:?}");
        }
        assert_eq!(first.walk("/users").len(), rounds);
        cluster.assert_equal(&setup.database);
    }
}
