use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;

use rustix::io::Result;
use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with};

/// A port of 127.0.0.1 that is reserved while the value lives, whether its server runs or
/// not.
///
/// A socket is bound to the port and does not listen, so connections are refused until a
/// server listens. Servers set `SO_REUSEADDR`, so they can listen on a reserved port. The
/// kernel gives the port neither to programs that ask for any port, nor to another value
/// of this type, which sets the option only after it was bound.
pub(crate) struct Port {
    number: u16,
    _held: OwnedFd,
}

impl Port {
    /// Reserves any port.
    pub(crate) fn reserve() -> Self {
        Self::hold(0).unwrap()
    }

    /// Reserves this port. Returns `None` if it is not free.
    pub(crate) fn reserve_number(number: u16) -> Option<Self> {
        Self::hold(number).ok()
    }

    fn hold(number: u16) -> Result<Self> {
        let (family, kind) = (AddressFamily::INET, SocketType::STREAM);
        let held = socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
        bind(&held, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, number))?;
        set_socket_reuseaddr(&held, true)?;
        let address = SocketAddrV4::try_from(getsockname(&held)?)?;
        Ok(Self {
            number: address.port(),
            _held: held,
        })
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}
