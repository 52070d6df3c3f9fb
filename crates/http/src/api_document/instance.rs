//! The document of one instance: what it asks of its clients, by its settings.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Components, OpenApi, PathItem, RefOr, Required, Response};

use crate::api::Settings;

/// What an instance asks of its clients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demands {
    pub(super) credentials: bool,
    /// Whether those who read may do so without a credential.
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

/// Takes out of the document of a protected service what does not hold where only
/// `demands` are made, and says what else is demanded.
pub(super) fn adapt(document: &mut OpenApi, demands: Demands) {
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            adapt_operation(operation, demands);
        }
    }
    let referred = responses_referred_to(document);
    if let Some(components) = &mut document.components {
        components
            .responses
            .retain(|name, _| referred.contains(name));
        if !demands.credentials {
            components.security_schemes.clear();
        }
    }
    let referred = headers_referred_to(document);
    if let Some(components) = &mut document.components {
        components.headers.retain(|name, _| referred.contains(name));
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let operations = [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ];
    operations.into_iter().flatten()
}

fn adapt_operation(operation: &mut Operation, demands: Demands) {
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
    } else if demands.public_reads && only_reads(operation) {
        // A credential that is shown all the same is looked at.
        let requirements = operation.security.get_or_insert_default();
        requirements.insert(0, SecurityRequirement::default());
        impossible.push("403");
    }
    let responses = &mut operation.responses.responses;
    let guarded = responses.contains_key("428");
    responses.retain(|status, _| !impossible.contains(&status.as_str()));
    if demands.if_match && guarded {
        require_if_match(operation);
    }
}

/// Whether all that the operation takes is scopes to read.
fn only_reads(operation: &Operation) -> bool {
    let requirements = serde_json::to_value(&operation.security).unwrap_or_default();
    let scopes = scopes(&requirements);
    !scopes.is_empty() && scopes.iter().all(|scope| scope.ends_with(":read"))
}

/// All texts in arrays, at any depth.
fn scopes(requirements: &Value) -> Vec<&str> {
    match requirements {
        Value::Array(items) => items.iter().flat_map(scopes).collect(),
        Value::Object(members) => members.values().flat_map(scopes).collect(),
        Value::String(scope) => vec![scope],
        _ => Vec::new(),
    }
}

fn require_if_match(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.name == "If-Match"
        {
            parameter.required = Required::True;
        }
    }
}

fn responses_referred_to(document: &mut OpenApi) -> BTreeSet<String> {
    let items = document.paths.paths.values_mut();
    items
        .flat_map(operations)
        .flat_map(|operation| operation.responses.responses.values())
        .filter_map(component)
        .collect()
}

fn headers_referred_to(document: &mut OpenApi) -> BTreeSet<String> {
    let components = document.components.as_ref();
    let shared = components.map(|components: &Components| &components.responses);
    let mut found: BTreeSet<String> = shared
        .into_iter()
        .flat_map(|responses| responses.values())
        .flat_map(headers_of)
        .collect();
    let items = document.paths.paths.values_mut();
    let own = items.flat_map(operations);
    found.extend(own.flat_map(|operation| {
        let responses = operation.responses.responses.values();
        responses.flat_map(headers_of).collect::<Vec<_>>()
    }));
    found
}

fn headers_of(response: &RefOr<Response>) -> Vec<String> {
    match response {
        RefOr::T(response) => response.headers.values().filter_map(component).collect(),
        RefOr::Ref(_) => Vec::new(),
    }
}

/// The name of the component that is referred to.
fn component<T>(to: &RefOr<T>) -> Option<String> {
    match to {
        RefOr::Ref(to) => to.ref_location.rsplit('/').next().map(str::to_owned),
        RefOr::T(_) => None,
    }
}
