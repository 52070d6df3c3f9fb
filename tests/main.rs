//! End-to-end tests: the two binaries as a user meets them, from outside.
//!
//! | module         | what it shows                                                      |
//! |----------------|--------------------------------------------------------------------|
//! | `tour`         | the API over HTTP: what every endpoint answers                     |
//! | `lists`        | sorts, filters, pages there and back, totals, authors              |
//! | `walks`        | pages while rows come and go: what lasts is seen once              |
//! | `hostile`      | requests that no well-meaning client sends                         |
//! | `malformed`    | requests that break HTTP, direct and behind nginx and HAProxy      |
//! | `prefix`       | links behind a proxy that takes a part of the path away              |
//! | `races`        | many clients want the same thing at once                           |
//! | `repeats`      | a request with a key has one effect, however often it comes        |
//! | `batches`      | many operations at once, all or none                               |
//! | `rehearsals`   | a write that is only tried leaves nothing behind                   |
//! | `slow`         | clients that take their time are left                              |
//! | `protection`   | rate limits, pages of other origins, secrets from files            |
//! | `encryption`   | TLS, and certificates that change                                  |
//! | `bombs`        | bodies that would unfold, refused in next to no memory             |
//! | `canaries`     | secrets come out nowhere, and nobody forges a line of the log      |
//! | `overload`     | more requests than the database can take                           |
//! | `crash`        | `kill -9` loses nothing that was acknowledged                      |
//! | `restarts`     | a new version takes over and no request fails                      |
//! | `shutdown`     | SIGTERM and SIGINT finish what is in flight                        |
//! | `start`        | wrong settings and unfit databases are refused with a way out      |
//! | `parity`       | the same requests get the same answers on every engine             |
//! | `mariadb`      | a MariaDB or MySQL that is away, frozen, or not migrated            |
//! | `cluster`      | two instances on three nodes that are killed, frozen and cut off    |
//! | `files`        | a SQLite file that goes away, or cannot be written                 |
//! | `limits`       | ids and versions at their greatest                                 |
//! | `operating`    | `bylinectl`                                                        |
//! | `data`         | `bylinectl` import, export, copy and backup                        |
//! | `api_changes`  | what the OpenAPI document of the last release promised still holds   |
//! | `api_document` | every command in `docs/api.md` does what it shows                   |
//! | `metrics`      | what operators see of it                                            |
//! | `spans`        | what a collector of traces gets of it                              |
//! | `data_document` | every command in `docs/data.md` does what it shows                 |
//! | `access`       | every operation by every kind of caller; members that nobody may set   |
//! | `architecture` | rules about the workspace itself: who may depend on whom           |
//! | `support`      | a folder, a database and a server for each test; waiting; a client |
//!
//! A new test belongs here only if it needs a real binary; rules of values are
//! tested in `crates/domain`, use cases in `crates/application`, SQL in
//! `crates/persistence`, routes and bodies in `crates/http`. Each test has its
//! own [`support::Sandbox`] and waits for conditions, never for time to pass.
//!
//! `cargo test -p byline-e2e` builds the binaries itself.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may end by panicking"
)]

mod access;
mod api_changes;
mod api_document;
mod architecture;
mod batches;
mod bombs;
mod canaries;
mod cluster;
mod crash;
mod data;
mod data_document;
mod encryption;
mod files;
mod hostile;
mod limits;
mod lists;
mod malformed;
mod mariadb;
mod metrics;
mod operating;
mod overload;
mod parity;
mod prefix;
mod protection;
mod races;
mod rehearsals;
mod repeats;
mod restarts;
mod shutdown;
mod slow;
mod spans;
mod start;
mod support;
mod tour;
mod walks;
