use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use byline_application::{Authentication, MockClock, MockStore};
use serde_json::{Value, json};

use super::instance::Demands;
use crate::api::{Api, Protection, Settings};
use crate::request::authenticate::Access;
use crate::routes;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// A part of the page at `/docs`, which is not documented itself.
const LOADED_BY_DOCS: &str = "/docs/{asset}";

fn api() -> Api {
    let settings = Settings {
        request_deadline: Duration::from_secs(1),
        require_if_match: false,
        authentication: Authentication::default(),
        log_requests: false,
        protection: Protection::default(),
        tracer: None,
        base_url: None,
        version: "0.0.0",
    };
    Api::new(
        Arc::new(MockStore::new()),
        Arc::new(MockClock::new()),
        settings,
    )
}

fn document() -> Value {
    serde_json::from_str(&super::openapi()).unwrap()
}

/// Path, method and parameters of the query.
type Operation = (String, String, BTreeSet<String>);

fn described() -> BTreeSet<Operation> {
    let document = document();
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS.iter().filter(|method| item.get(**method).is_some()) {
            let parameters = item[*method]["parameters"].as_array();
            let in_query = parameters
                .into_iter()
                .flatten()
                .filter(|p| p["in"] == "query");
            let names = in_query.map(|p| p["name"].as_str().unwrap().to_owned());
            found.insert((path.clone(), method.to_uppercase(), names.collect()));
        }
    }
    found
}

#[test]
fn router_and_document_have_the_same_operations_and_parameters() {
    let registered: BTreeSet<Operation> = routes::operations(&api())
        .into_iter()
        .filter(|(path, method, _)| path != LOADED_BY_DOCS && *method != "HEAD")
        .map(|(path, method, options)| {
            let names = options.parameters.iter().map(|name| (*name).to_owned());
            (path, method.to_owned(), names.collect())
        })
        .collect();
    assert_eq!(described(), registered);
}

#[test]
fn router_and_document_have_the_same_access() {
    let document = document();
    for (path, method, options) in routes::operations(&api()) {
        if path == LOADED_BY_DOCS || method == "HEAD" {
            continue;
        }
        let expected = match options.access {
            Access::Open => json!([{}]),
            Access::Reads(scope) | Access::Writes(scope) => json!([{"bearer": [scope.name()]}]),
            Access::Known => json!([{"bearer": []}]),
        };
        let operation = &document["paths"][&path][method.to_lowercase()];
        assert_eq!(operation["security"], expected, "{method} {path}");
        let asks = options.access != Access::Open;
        for status in ["401", "403"] {
            let is_there = operation["responses"].get(status).is_some();
            assert_eq!(is_there, asks, "{method} {path} {status}");
        }
    }
}

/// The document of an instance.
fn adapted(demands: Demands) -> Value {
    serde_json::to_value(super::document(Some(demands))).unwrap()
}

fn all_demands() -> impl Iterator<Item = Demands> {
    (0..16).map(|bits: u8| Demands {
        credentials: bits & 1 > 0,
        public_reads: bits & 2 > 0,
        if_match: bits & 4 > 0,
        rate_limit: bits & 8 > 0,
    })
}

#[test]
fn the_document_of_an_instance_has_what_it_asks_for() {
    for demands in all_demands() {
        let document = adapted(demands);
        for (path, method, options) in routes::operations(&api()) {
            if path == LOADED_BY_DOCS || method == "HEAD" {
                continue;
            }
            let operation = &document["paths"][&path][method.to_lowercase()];
            let name = format!("{method} {path} {demands:?}");
            let bearer = |scope: &[&str]| json!({"bearer": scope});
            let expected = match options.access {
                _ if !demands.credentials => json!([{}]),
                Access::Open => json!([{}]),
                Access::Reads(scope) if demands.public_reads => {
                    json!([{}, bearer(&[scope.name()])])
                }
                Access::Reads(scope) | Access::Writes(scope) => json!([bearer(&[scope.name()])]),
                Access::Known => json!([bearer(&[])]),
            };
            assert_eq!(operation["security"], expected, "{name}");
            let asks = demands.credentials && options.access != Access::Open;
            let is_free = matches!(options.access, Access::Reads(_)) && demands.public_reads;
            let has = |status: &str| operation["responses"].get(status).is_some();
            assert_eq!(has("401"), asks, "{name}");
            assert_eq!(has("403"), asks && !is_free, "{name}");
            assert_eq!(has("429"), demands.rate_limit, "{name}");
            let changes = ["PUT", "PATCH", "DELETE"].contains(&method);
            // In a batch it is a member of an operation.
            let takes_tags = changes || path == "/batch";
            assert_eq!(has("428"), takes_tags && demands.if_match, "{name}");
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters.filter(|parameter| parameter["name"] == "If-Match") {
                let required = changes && demands.if_match;
                assert_eq!(parameter["required"], json!(required), "{name}");
            }
        }
        let has_scheme = document["components"].get("securitySchemes").is_some();
        assert_eq!(has_scheme, demands.credentials, "{demands:?}");
    }
}

#[test]
fn the_document_of_an_open_service_names_no_credential() {
    let document = super::of_instance(api().settings());
    for word in ["bearer\"", "WWW-Authenticate", "Unauthorized", "Forbidden"] {
        assert!(!document.contains(word), "{word}");
    }
}

/// They become the names of functions in generated clients.
#[test]
fn operations_have_unique_names() {
    let document = document();
    let mut names = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in METHODS.iter().filter_map(|method| item.get(*method)) {
            let name = operation["operationId"].as_str().unwrap();
            assert!(name.chars().all(|c| c.is_ascii_alphabetic()), "{name}");
            assert!(names.insert(name.to_owned()), "{name}");
        }
    }
    assert_eq!(names.len(), described().len());
}

#[test]
fn links_lead_to_operations_and_their_parameters() {
    let document = document();
    let operation = |id: &str| {
        let items = document["paths"].as_object().unwrap().values();
        let operations = items.flat_map(|item| METHODS.iter().filter_map(|m| item.get(*m)));
        operations
            .into_iter()
            .find(|operation| operation["operationId"] == id)
            .cloned()
    };
    let links = &document["paths"]["/users"]["post"]["responses"]["201"]["links"];
    assert!(links.as_object().unwrap().len() >= 6);
    for link in links.as_object().unwrap().values() {
        let target = operation(link["operationId"].as_str().unwrap()).unwrap();
        for name in link["parameters"].as_object().unwrap().keys() {
            let parameters = target["parameters"].as_array().unwrap();
            assert!(parameters.iter().any(|p| p["name"] == *name), "{link}");
        }
    }
}

/// Every reference has its component and every component is used, for all settings.
#[test]
fn references_and_components_match() {
    assert_components_are_used(&document());
    for demands in all_demands() {
        assert_components_are_used(&adapted(demands));
    }
}

fn assert_components_are_used(document: &Value) {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(target)) = members.get("$ref") {
                    found.insert(target.clone());
                }
                // Schemes are referred to by their names.
                if let Some(Value::Array(requirements)) = members.get("security") {
                    let schemes = requirements.iter().filter_map(Value::as_object);
                    let names = schemes.flat_map(serde_json::Map::keys);
                    found.extend(names.map(|name| format!("#/components/securitySchemes/{name}")));
                }
                members.values().for_each(|member| collect(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            _ => {}
        }
    }
    let mut referred = BTreeSet::new();
    collect(document, &mut referred);
    let mut present = BTreeSet::new();
    for (kind, components) in document["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys() {
            present.insert(format!("#/components/{kind}/{name}"));
        }
    }
    assert_eq!(referred, present);
}

#[test]
fn the_committed_document_is_current() {
    let committed = include_str!("../../../../docs/openapi.json");
    assert!(
        committed == super::openapi(),
        "docs/openapi.json is out of date: cargo run -p bylinectl -- openapi > docs/openapi.json"
    );
}
