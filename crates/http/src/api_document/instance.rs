//! The document of one instance: what it asks of its clients, by its settings.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi, RefOr, Required};

use crate::api::Settings;
use crate::request::authenticate::Access;

/// What an instance asks of its clients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demands {
    pub(super) credentials: bool,
    /// Whether reading takes no credential.
    pub(super) public_reads: bool,
    pub(super) if_match: bool,
    pub(super) rate_limit: bool,
}

impl Demands {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            credentials: !settings.authentication.is_off(),
            public_reads: settings.authentication.public_reads,
            if_match: settings.require_if_match,
            rate_limit: settings.protection.rate_limit.is_some(),
        }
    }
}

/// Removes what does not apply from an operation of a protected service: responses that this
/// instance never sends, and credentials that it does not ask for.
pub(super) fn adapt(operation: &mut Operation, access: Access, demands: Demands) {
    let mut impossible = Vec::new();
    if !demands.rate_limit {
        impossible.push("429");
    }
    if !demands.if_match {
        impossible.push("428");
    }
    if !demands.credentials {
        operation.security = Some(vec![SecurityRequirement::default()]);
        impossible.extend(["401", "403"]);
    } else if demands.public_reads && matches!(access, Access::Reads(_)) {
        // A credential is optional, and checked if it is there.
        let requirements = operation.security.get_or_insert_default();
        requirements.insert(0, SecurityRequirement::default());
        impossible.push("403");
    }
    let responses = &mut operation.responses.responses;
    let is_guarded = responses.contains_key("428");
    responses.retain(|status, _| !impossible.contains(&status.as_str()));
    if demands.if_match && is_guarded {
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(parameter) = parameter
                && parameter.name == "If-Match"
            {
                parameter.required = Required::True;
            }
        }
    }
}

/// Removes the responses and headers that nothing refers to, and the scheme of credentials if
/// there are none.
pub(super) fn remove_unused_components(document: &mut OpenApi, demands: Demands) {
    let is_used = uses(document);
    let components = document.components.get_or_insert_default();
    components
        .responses
        .retain(|name, _| is_used("responses", name));
    if !demands.credentials {
        components.security_schemes.clear();
    }
    // Without the headers of the removed responses.
    let is_used = uses(document);
    let components = document.components.get_or_insert_default();
    components
        .headers
        .retain(|name, _| is_used("headers", name));
}

/// Returns whether the document refers to a component of this kind and name.
fn uses(document: &OpenApi) -> impl Fn(&str, &str) -> bool + use<> {
    let text = document.to_json().unwrap_or_default();
    move |kind, name| text.contains(&format!("\"#/components/{kind}/{name}\""))
}
