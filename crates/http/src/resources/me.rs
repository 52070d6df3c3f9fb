use byline_application::{Credential, me as use_case};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::refusals::{AuthErrors, CommonErrors};
use crate::openapi::responses::{self, json_of, one};
use crate::openapi::schemas;
use crate::problem::HandlerResult;
use crate::request::context::RequestContext;
use crate::resource::row::RowResponse;
use crate::resources::users::UserSchema;
use crate::response::representation;
use crate::service::document::{Limits, limits};

/// Who a credential is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me<'a> {
    /// The kind of credential: `key`, `token`, or `none`.
    #[schema(schema_with = schemas::word)]
    credential: &'static str,
    /// The user who acts with it, if it is one.
    #[schema(value_type = Option<UserSchema>)]
    user: Option<RowResponse<'a>>,
    /// What it allows.
    #[schema(schema_with = schemas::scopes)]
    scopes: Vec<&'static str>,
    limits: Limits,
}

responses::groups! {
    MeDocument: one("200", json_of::<Me<'_>>("It is this."), &["Cache-Control"]);
}

/// Tell who the credential is
///
/// The user who acts with it, what it allows and what the limits are.
#[utoipa::path(
    get,
    path = "/me",
    operation_id = "getMe",
    responses(MeDocument, CommonErrors, AuthErrors)
)]
pub(crate) async fn show(context: RequestContext) -> HandlerResult {
    let (principal, user) = context
        .read(|session, principal| Ok((*principal, use_case::read(session, principal)?)))
        .await?;
    representation::document(&Me {
        credential: match context.requester.credential() {
            Credential::NotAsked | Credential::Nothing => "none",
            Credential::Key(_) => "key",
            Credential::Token(_) => "token",
        },
        user: user.as_ref().map(|user| RowResponse::new(user)),
        scopes: principal
            .scopes
            .iter()
            .map(byline_domain::policy::Scope::name)
            .collect(),
        limits: limits(),
    })
}
