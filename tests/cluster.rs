//! Two instances on a Galera cluster of three nodes.
//!
//! Each test has a short form, and a long one under `BYLINE_TEST_FULL=1`.

mod balancer;
mod budget;
mod faults;
mod lag;
mod load;
mod pairs;
mod storms;
mod upgrade;
mod witness;

use std::process::Command;

use crate::support::galera::Cluster;
use crate::support::{Ended, Sandbox, Server, eventually};

/// A migrated database on a cluster, and two instances of the service on it.
struct Setup {
    url: String,
    database: String,
    sandbox: Sandbox,
    instances: Vec<Server>,
}

impl Setup {
    fn on(cluster: &Cluster) -> Self {
        Self::at(cluster, cluster.ports(), "?read-hosts=any")
    }

    /// On a cluster that is reached over these ports.
    fn at(cluster: &Cluster, ports: [u16; 3], parameters: &str) -> Self {
        Self::of(cluster.database(), ports, parameters)
    }

    /// Of this database, which is empty.
    fn of(database: String, ports: [u16; 3], parameters: &str) -> Self {
        let url = Cluster::url(&database, ports, parameters);
        let mut setup = Self {
            url,
            database,
            sandbox: Sandbox::new(),
            instances: Vec::new(),
        };
        let mut migrate = setup.sandbox.bylinectl(&["migrate"]);
        migrate.env("DATABASE_URL", &setup.url);
        Ended::well(migrate);
        setup.instances = vec![setup.serve(), setup.serve()];
        setup
    }

    /// Another instance.
    fn serve(&self) -> Server {
        Server::start(self.byline())
    }

    fn byline(&self) -> Command {
        let mut byline = self.sandbox.byline();
        byline.env("DATABASE_URL", &self.url);
        byline
    }

    /// Waits until both instances see this of the nodes.
    fn see(&self, servers: [&str; 3]) {
        for instance in &self.instances {
            let client = instance.client();
            eventually("each node is as it is", || {
                let answer = client.get("/readyz");
                answer.status == 200 && answer.json()["servers"] == serde_json::json!(servers)
            });
        }
    }
}
