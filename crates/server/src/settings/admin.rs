use std::net::SocketAddr;

use clap::Parser;

use super::values;

/// What only operators reach.
#[derive(Debug, Parser)]
#[command(next_help_heading = "For operators")]
pub(crate) struct AdminSettings {
    /// Address and port of /metrics, /livez and /readyz for operators; off for
    /// none.
    ///
    /// Whoever reaches it can read how much the service does, without a
    /// credential, and nothing of what it holds. When another program has the
    /// default port, the service starts without it; an address that is set must
    /// be free.
    #[arg(
        long = "admin-listen",
        env = "BYLINE_ADMIN_LISTEN",
        value_name = "ADDRESS:PORT"
    )]
    #[arg(default_value = "127.0.0.1:9464", value_parser = admin_listen)]
    pub(crate) admin_listen: AdminListen,

    /// Whether nobody named the address.
    #[arg(skip)]
    pub(crate) is_default: bool,
}

/// Where operators are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdminListen {
    /// Nowhere.
    Off,
    /// There.
    At(SocketAddr),
}

fn admin_listen(text: &str) -> Result<AdminListen, String> {
    match text {
        "off" => Ok(AdminListen::Off),
        _ => values::listen(text)
            .map(AdminListen::At)
            .map_err(|error| format!("{error}, or off")),
    }
}
