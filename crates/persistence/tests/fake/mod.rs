//! What answers in a server's place, and what it gets to hear.

mod packets;
mod password;
mod server;
