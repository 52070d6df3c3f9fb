//! Fake servers, and what clients send to them.

mod packets;
mod password;
mod server;
