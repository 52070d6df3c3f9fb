use std::net::SocketAddr;

use clap::Parser;

use super::values;

/// The listener for operators.
#[derive(Debug, Parser)]
#[command(next_help_heading = "For operators")]
pub(crate) struct AdminSettings {
    /// Address and port of /metrics, /livez and /readyz for operators; off for
    /// none.
    ///
    /// Needs no credential. Shows how much the service does, and no data. If
    /// another program has the default port, the service starts without this
    /// listener; an address that is set must be free.
    #[arg(long, env = "BYLINE_ADMIN_LISTEN", value_name = "ADDRESS:PORT")]
    #[arg(default_value = "127.0.0.1:9464", value_parser = admin_listen)]
    pub(crate) admin_listen: AdminListen,

    /// Whether the address is the default, and not set.
    #[arg(skip)]
    pub(crate) is_default: bool,
}

/// An address, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdminListen {
    Off,
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
