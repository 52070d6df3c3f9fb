#![doc = include_str!("../README.md")]

mod explain;
mod secret_files;

pub use explain::explain;
pub use secret_files::read_secret_files;
