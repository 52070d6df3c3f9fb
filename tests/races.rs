//! Many clients want the same thing at once.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;

use serde_json::json;

use crate::support::{Answer, Client, Sandbox, on_each_engine};

/// Lets `count` clients, each with a connection of its own, do the same at the
/// same time.
pub(crate) fn at_once<T: Send>(
    count: usize,
    client: impl Fn() -> Client + Sync,
    act: impl Fn(&Client, usize) -> T + Sync,
) -> Vec<T> {
    let start = Barrier::new(count);
    let run = |number| {
        let client = client();
        // Opens the connection.
        assert_eq!(client.get("/livez").status, 200);
        start.wait();
        act(&client, number)
    };
    thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || run(number)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn statuses(answers: &[Answer]) -> BTreeMap<u16, usize> {
    answers.iter().fold(BTreeMap::new(), |mut counts, answer| {
        *counts.entry(answer.status).or_default() += 1;
        counts
    })
}

on_each_engine! {
    one_of_two_hundred_gets_the_address,
    no_guarded_change_is_lost,
    the_sum_of_the_changes_is_the_number_of_those_acknowledged,
    a_user_and_its_posts_never_part,
}

fn one_of_two_hundred_gets_the_address(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let answers = at_once(
        200,
        || server.client(),
        |client, number| {
            // The same address but for its case.
            let email = if number % 2 == 0 {
                "ada@example.org"
            } else {
                "ADA@Example.org"
            };
            client.post(
                "/users",
                &json!({"name": format!("Ada {number}"), "email": email}),
            )
        },
    );
    assert_eq!(statuses(&answers), BTreeMap::from([(201, 1), (409, 199)]));
    for refused in answers.iter().filter(|answer| answer.status == 409) {
        assert_eq!(refused.problem(), "email-taken");
    }
    let winner = answers.iter().find(|answer| answer.status == 201).unwrap();
    assert_eq!(server.client().get("/users").json(), json!([winner.json()]));
}

fn no_guarded_change_is_lost(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let client = server.client();
    let created = client.post("/users", &json!({"name": "0", "email": "ada@example.org"}));
    assert_eq!(created.status, 201);
    // Each adds one to the number in the name, as often as it takes.
    at_once(
        20,
        || server.client(),
        |client, _| loop {
            let read = client.get("/users/1");
            let number: u32 = read.json()["name"].as_str().unwrap().parse().unwrap();
            let change = json!({"name": (number + 1).to_string()});
            let guard = [("if-match", read.header("etag").unwrap())];
            match client
                .send("PATCH", "/users/1", &guard, Some(&change))
                .status
            {
                200 => break,
                412 => {}
                other => panic!("{other}"),
            }
        },
    );
    assert_eq!(client.get("/users/1").json()["name"], "20");
}

fn the_sum_of_the_changes_is_the_number_of_those_acknowledged(sandbox: &Sandbox) {
    const ROWS: usize = 10;
    const CLIENTS: usize = 8;
    const CHANGES: usize = 500;
    let server = sandbox.serve();
    let client = server.client();
    for number in 0..ROWS {
        let email = format!("u{number}@example.org");
        let created = client.post("/users", &json!({"name": "0", "email": email}));
        assert_eq!(created.status, 201);
    }
    let acknowledged: usize = at_once(
        CLIENTS,
        || server.client(),
        |client, number| {
            let changes = (0..CHANGES).filter(|change| {
                // Clients that meet on a row meet again on the next one.
                let path = format!("/users/{}", (number / 2 + change) % ROWS + 1);
                let read = client.get(&path);
                let count: usize = read.json()["name"].as_str().unwrap().parse().unwrap();
                let body = json!({"name": (count + 1).to_string()});
                let guard = [("if-match", read.header("etag").unwrap())];
                match client.send("PATCH", &path, &guard, Some(&body)).status {
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
    let users = client.get("/users").json();
    let counts = users.as_array().unwrap().iter();
    let sum: usize = counts
        .map(|user| user["name"].as_str().unwrap().parse::<usize>().unwrap())
        .sum();
    assert_eq!(sum, acknowledged);
}

fn a_user_and_its_posts_never_part(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let client = server.client();
    let created = client.post(
        "/users",
        &json!({"name": "Ada", "email": "ada@example.org"}),
    );
    assert_eq!(created.status, 201);
    let answers = at_once(
        40,
        || server.client(),
        |client, number| {
            if number % 4 == 0 {
                client.send("DELETE", "/users/1?posts=delete", &[], None)
            } else {
                client.post(
                    "/posts",
                    &json!({"user_id": 1, "title": "Notes", "content": ""}),
                )
            }
        },
    );
    let counts = statuses(&answers);
    assert_eq!(counts.get(&204), Some(&1), "{counts:?}");
    assert_eq!(counts.get(&404), Some(&9), "{counts:?}");
    assert!(
        counts
            .keys()
            .all(|status| [201, 204, 404, 409].contains(status)),
        "{counts:?}"
    );
    assert_eq!(client.get("/users").json(), json!([]));
    assert_eq!(client.get("/posts").json(), json!([]));
}
