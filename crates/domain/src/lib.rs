#![doc = include_str!("../README.md")]

mod api_key;
mod email;
mod id;
mod number;
pub mod policy;
mod post;
mod text;
mod timestamp;
mod user;
mod version;
mod violation;

pub use api_key::{ApiKey, KeyEnded, KeyName, NewApiKey};
pub use email::EmailAddress;
pub use id::{IdOutOfRange, KeyId, PostId, UserId};
pub use number::whole_number;
pub use post::{NewPost, Post, PostChange};
pub use text::{Content, Title, UserName};
pub use timestamp::{Timestamp, TimestampError};
pub use user::{NewUser, User, UserChange};
pub use version::{LastVersion, Version};
pub use violation::{Violation, Violations};
