//! Tests of the test servers.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::eventually;
use crate::support::servers::{Engine, Port, Server, dedicated, folder, on_each_server};

on_each_server! {
    a_killed_server_starts_again_with_its_data,
    servers_keep_their_ports_while_they_are_down,
}

fn a_killed_server_starts_again_with_its_data(engine: Engine) {
    let Some(server) = dedicated(engine, &[]) else {
        return;
    };
    let schema = server.schema();
    schema.admin().run("CREATE TABLE t (n INT)");
    for n in 1..4 {
        schema.admin().run(&format!("INSERT INTO t VALUES ({n})"));
        if n == 2 {
            server.stop();
        } else {
            server.kill();
        }
        server.run();
        assert_eq!(
            schema.admin().number("SELECT SUM(n) FROM t"),
            n * (n + 1) / 2
        );
    }
    let version = schema.admin().column("SELECT VERSION()").remove(0);
    assert_eq!(
        schema.engine == Engine::MariaDb,
        version.contains("MariaDB")
    );
}

fn servers_keep_their_ports_while_they_are_down(engine: Engine) {
    let Some(server) = dedicated(engine, &[]) else {
        return;
    };
    let connect = |server: &Server| TcpStream::connect(("127.0.0.1", server.port()));
    assert!(connect(&server).is_ok());
    server.kill();
    assert!(connect(&server).is_err());
    // Another test run cannot reserve the port.
    assert!(Port::reserve_number(server.port()).is_none());
    server.run();
    assert!(connect(&server).is_ok());
}

/// Returns the number of processes that work in or below this folder.
fn works_in(folder: &Path) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let works = processes.filter_map(|process| fs::read_link(process.path().join("cwd")).ok());
    works.filter(|work| work.starts_with(folder)).count()
}

#[test]
fn a_killed_run_leaves_no_servers_and_no_folders() {
    let mut run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "servers::run_that_is_killed"])
        .args(["--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(run.stdout.take().unwrap()).lines();
    let folder =
        said.find_map(|line| Some(PathBuf::from(line.unwrap().rsplit_once("works in ")?.1)));
    let folder = folder.unwrap();
    assert!(works_in(&folder) > 0);
    // With SIGKILL.
    run.kill().unwrap();
    run.wait().unwrap();
    eventually("the processes and the folder are gone", || {
        !folder.exists() && works_in(&folder) == 0
    });
}

#[test]
#[ignore = "a part of the test above"]
fn run_that_is_killed() {
    let servers = [Engine::MariaDb, Engine::MySql].map(|engine| dedicated(engine, &[]));
    let own = folder("own-");
    let mut sleeper = Command::new("sleep");
    let mut sleeper = sleeper.arg("600").current_dir(own.path()).spawn().unwrap();
    let run = own.path().parent().unwrap().display();
    writeln!(std::io::stdout(), "works in {run}").unwrap();
    // Ends when the test above ends, too.
    drop(std::io::stdin().read_to_end(&mut Vec::new()));
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    drop(servers);
}
