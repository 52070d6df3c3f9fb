//! Compares two OpenAPI documents as a client of the older one would: what it
//! sends must still be accepted, what it reads must still be there.

use std::collections::BTreeSet;

use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Everything in `new` that breaks a client of `old`, each with its place.
pub(super) fn breakages(old: &Value, new: &Value) -> Vec<String> {
    let mut comparison = Comparison {
        old,
        new,
        found: Vec::new(),
    };
    for (path, item) in members(&old["paths"]) {
        for method in METHODS.iter().filter(|method| item.get(**method).is_some()) {
            let place = format!("{} {path}", method.to_uppercase());
            comparison.operation(&place, &item[*method], &new["paths"][path][*method]);
        }
    }
    comparison.found
}

/// Who sends what is compared.
#[derive(Clone, Copy, PartialEq)]
enum Sender {
    Client,
    Server,
}

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    found: Vec<String>,
}

impl<'a> Comparison<'a> {
    fn note(&mut self, broken: bool, place: &str, what: &str) {
        if broken {
            self.found.push(format!("{place}: {what}"));
        }
    }

    fn operation(&mut self, place: &str, old: &'a Value, new: &'a Value) {
        if new.is_null() {
            return self.note(true, place, "is gone");
        }
        let renamed = old["operationId"] != new["operationId"];
        self.note(renamed, place, "has another operationId");
        self.parameters(place, old, new);
        let place_of_body = format!("{place}, body");
        let (before, after) = (&old["requestBody"], &new["requestBody"]);
        let needed = before["required"] != true && after["required"] == true;
        self.note(needed, &place_of_body, "is required now");
        self.contents(
            &place_of_body,
            &before["content"],
            &after["content"],
            Sender::Client,
        );
        for (status, response) in members(&old["responses"]) {
            let place = format!("{place}, {status}");
            let old = resolve(self.old, response);
            let new = resolve(self.new, &new["responses"][status]);
            self.note(new.is_null() && status.starts_with('2'), &place, "is gone");
            if new.is_null() {
                continue;
            }
            for (header, _) in members(&old["headers"]) {
                let gone = new["headers"].get(header).is_none();
                self.note(gone, &format!("{place}, header {header}"), "is gone");
            }
            self.contents(&place, &old["content"], &new["content"], Sender::Server);
        }
    }

    fn parameters(&mut self, place: &str, old: &'a Value, new: &'a Value) {
        let same = |a: &Value, b: &Value| a["name"] == b["name"] && a["in"] == b["in"];
        for parameter in items(&old["parameters"]) {
            let place = format!("{place}, parameter {}", parameter["name"]);
            match items(&new["parameters"]).find(|other| same(parameter, other)) {
                None => self.note(true, &place, "is gone"),
                Some(other) => self.schema(
                    &place,
                    &parameter["schema"],
                    &other["schema"],
                    Sender::Client,
                ),
            }
        }
        for parameter in items(&new["parameters"]).filter(|p| p["required"] == true) {
            let known = items(&old["parameters"]).find(|other| same(parameter, other));
            let newly = known.is_none_or(|other| other["required"] != true);
            let place = format!("{place}, parameter {}", parameter["name"]);
            self.note(newly, &place, "is required now");
        }
    }

    fn contents(&mut self, place: &str, old: &'a Value, new: &'a Value, sender: Sender) {
        for (media_type, content) in members(old) {
            let place = format!("{place}, {media_type}");
            match new.get(media_type) {
                None => self.note(true, &place, "is gone"),
                Some(other) => self.schema(&place, &content["schema"], &other["schema"], sender),
            }
        }
    }

    fn schema(&mut self, place: &str, old: &'a Value, new: &'a Value, sender: Sender) {
        let (old, new) = (resolve(self.old, old), resolve(self.new, new));
        self.note(old["type"] != new["type"], place, "is of another type");
        if sender == Sender::Client {
            self.narrowing(place, old, new);
        }
        // What must be sent must not grow; what can be relied on must not shrink.
        let (before, after) = (names(&old["required"]), names(&new["required"]));
        let changed = match sender {
            Sender::Client => after.difference(&before).count(),
            Sender::Server => before.difference(&after).count(),
        };
        self.note(changed > 0, place, "requires other members");
        for (name, property) in members(&old["properties"]) {
            let place = format!("{place}, {name}");
            match new["properties"].get(name) {
                None => self.note(true, &place, "is gone"),
                Some(other) => self.schema(&place, property, other, sender),
            }
        }
        if let (Some(old), Some(new)) = (old.get("items"), new.get("items")) {
            self.schema(&format!("{place}, items"), old, new, sender);
        }
    }

    fn narrowing(&mut self, place: &str, old: &Value, new: &Value) {
        for (keyword, upper) in [
            ("maximum", true),
            ("maxLength", true),
            ("maxItems", true),
            ("minimum", false),
            ("minLength", false),
            ("minItems", false),
        ] {
            let narrower = match (old[keyword].as_f64(), new[keyword].as_f64()) {
                (_, None) => false,
                (None, Some(bound)) => upper || bound > 0.0,
                (Some(before), Some(after)) if upper => after < before,
                (Some(before), Some(after)) => after > before,
            };
            self.note(narrower, place, &format!("has a narrower {keyword}"));
        }
        let pattern = !new["pattern"].is_null() && new["pattern"] != old["pattern"];
        self.note(pattern, place, "has another pattern");
        let gone = names(&old["enum"]).difference(&names(&new["enum"])).count() > 0;
        let fewer = !new["enum"].is_null() && (gone || old["enum"].is_null());
        self.note(fewer, place, "has fewer values");
    }
}

/// What a reference leads to; anything else is itself.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"]
        .as_str()
        .and_then(|target| target.strip_prefix('#'))
    {
        Some(pointer) => document.pointer(pointer).unwrap(),
        None => value,
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn names(value: &Value) -> BTreeSet<&str> {
    items(value).filter_map(Value::as_str).collect()
}
