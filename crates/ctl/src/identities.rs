//! `bylinectl identities`

use byline_application::identities;
use byline_domain::UserId;
use byline_persistence::DatabaseUrl;
use byline_tokens::identity;
use clap::{Args, Subcommand};

use crate::clock::now;
use crate::failure::Failure;
use crate::keys::{id, in_session};
use crate::print::print;

/// The commands about identities.
#[derive(Debug, Subcommand)]
pub(crate) enum IdentitiesCommand {
    /// Say that a subject is a user who is there already.
    Link {
        #[command(flatten)]
        subject: SubjectArgs,
        /// Which user, by id.
        #[arg(long, value_name = "ID", value_parser = id::<UserId>)]
        user: UserId,
    },
    /// Forget which user a subject is, also when that user was deleted: it may
    /// create one again.
    Unlink {
        #[command(flatten)]
        subject: SubjectArgs,
    },
}

/// An identity.
#[derive(Args, Debug)]
pub(crate) struct SubjectArgs {
    /// The `iss` of the tokens.
    #[arg(long, env = "BYLINE_JWT_ISSUER", value_name = "TEXT")]
    issuer: String,
    /// The `sub` of the tokens.
    #[arg(long, value_name = "TEXT")]
    subject: String,
}

/// Carries out the command.
pub(crate) fn run(url: &DatabaseUrl, command: &IdentitiesCommand) -> Result<(), Failure> {
    let line = match command {
        IdentitiesCommand::Link { subject, user } => {
            let (identity, user, now) = (identity(&subject.issuer, &subject.subject), *user, now());
            in_session(url, move |session| {
                identities::link(session, &identity, user, now)
            })?;
            format!("the subject is user {user} from now on")
        }
        IdentitiesCommand::Unlink { subject } => {
            let identity = identity(&subject.issuer, &subject.subject);
            if !in_session(url, move |session| identities::unlink(session, &identity))? {
                return Err(Failure::NotLinked);
            }
            "the subject is linked to no user any more".to_owned()
        }
    };
    print(line)
}
