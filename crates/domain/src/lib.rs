#![doc = include_str!("../README.md")]

mod api_key;
mod email;
mod entities;
mod entity;
mod id;
mod number;
pub mod policy;
mod post;
mod text;
mod timestamp;
mod user;
mod version;
mod violation;

pub use api_key::{ApiKey, KeyEnded, KeyId, KeyName, NewApiKey};
pub use email::EmailAddress;
pub use entity::{Entity, Relation, Stored};
pub use id::{Id, IdOutOfRange};
pub use number::whole_number;
pub use post::{Post, PostChange, PostFields, PostId};
pub use text::{Content, Text, Title, UserName};
pub use timestamp::{Timestamp, TimestampError};
pub use user::{User, UserChange, UserFields, UserId};
pub use version::{LastVersion, Version};
pub use violation::{Violation, Violations};
