//! Reads the JSON objects in bodies of requests.

use std::fmt;
use std::marker::PhantomData;

use byline_domain::{UserId, Violations, whole_number};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use crate::problem::{Code, FieldError, Location, Problem};

/// The members that an object may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectSchema<'s> {
    /// Those that clients set.
    pub(crate) writable: &'s [&'static str],
    /// Those that the server sets.
    pub(crate) read_only: ReadOnly<'s>,
}

/// The treatment of read-only members.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ReadOnly<'s> {
    /// They are refused, because a new row does not have them yet.
    Refused(&'s [&'static str]),
    /// They are ignored, so that a row that was read can be sent back.
    Ignored(&'s [&'static str]),
}

/// The members of one object, and the errors of all that were read so far.
#[derive(Debug)]
pub(crate) struct Fields<V = Value> {
    members: Vec<(&'static str, V)>,
    errors: Vec<FieldError>,
}

/// The value of a member: parsed, or raw to be parsed later.
pub(crate) trait Member {
    fn is_null(&self) -> bool;
}

impl Member for Value {
    fn is_null(&self) -> bool {
        Value::is_null(self)
    }
}

impl Member for &RawValue {
    fn is_null(&self) -> bool {
        self.get() == "null"
    }
}

/// The rules that a value breaks: code and text.
pub(crate) type FieldViolations = Vec<(&'static str, String)>;

impl<V: Member> Fields<V> {
    /// Parses a body, which must be one JSON object. Unknown and duplicate members are errors.
    pub(crate) fn parse<'de>(body: &'de [u8], schema: ObjectSchema<'_>) -> Result<Self, Problem>
    where
        V: Deserialize<'de>,
    {
        let text = text(body)?;
        let mut json = serde_json::Deserializer::from_str(text);
        let found = json
            .deserialize_any(ObjectVisitor(schema, PhantomData))
            .and_then(|found| json.end().map(|()| found))
            .map_err(|error| malformed(&error))?;
        found.map_err(|kind| {
            let detail = format!("This must be a JSON object, is {kind}.");
            let error = member_error(String::new(), "wrong-type", detail);
            Problem::from_errors(Code::InvalidFields, vec![error])
        })
    }

    /// Returns the value of a member that is required.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(V) -> Result<T, FieldViolations>,
    ) -> Option<T> {
        if self.members.iter().any(|(known, _)| *known == name) {
            return self.optional(name, read);
        }
        self.note(name, "required", "is missing");
        None
    }

    /// Returns the value of a member that is optional, but not null.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(V) -> Result<T, FieldViolations>,
    ) -> Option<T> {
        let at = self.members.iter().position(|(known, _)| *known == name)?;
        let (_, value) = self.members.swap_remove(at);
        if value.is_null() {
            self.note(name, "null", "must not be null");
            return None;
        }
        let rules = match read(value) {
            Ok(value) => return Some(value),
            Err(rules) => rules,
        };
        for (code, rule) in rules {
            self.note(name, code, &rule);
        }
        None
    }

    /// Returns the `value` that was made of the members, if there is no error.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(Problem::from_errors(Code::InvalidFields, self.errors)),
        }
    }

    /// Adds an error for every member that was not read.
    pub(crate) fn refuse_rest(&mut self, why: &str) {
        for (name, _) in std::mem::take(&mut self.members) {
            self.note(name, "unknown-member", why);
        }
    }

    pub(crate) fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    pub(crate) fn note(&mut self, name: &str, code: &'static str, rule: &str) {
        let detail = format!("`{name}` {rule}.");
        self.errors.push(member_error(pointer(name), code, detail));
    }

    /// Adds an error for a member that is not allowed. The number of errors is limited, so that
    /// the response does not outgrow the request.
    fn note_superfluous(&mut self, name: &str, read_only: bool) {
        const MAX_ERRORS: usize = 100;
        const MAX_BYTES: usize = 256;
        if self.errors.len() >= MAX_ERRORS {
            return;
        }
        let error = if name.len() > MAX_BYTES {
            let detail = format!("There is no member with a name of {} bytes.", name.len());
            member_error(String::new(), "unknown-member", detail)
        } else if read_only {
            let detail = format!("`{name}` is read-only here.");
            member_error(pointer(name), "read-only", detail)
        } else {
            let detail = format!("There is no member `{name}`.");
            member_error(pointer(name), "unknown-member", detail)
        };
        self.add_once(error);
    }

    fn add_once(&mut self, error: FieldError) {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}

/// Returns a function that reads a text and parses it.
pub(crate) fn text_of<T>(
    parse: impl FnOnce(String) -> Result<T, Violations>,
) -> impl FnOnce(Value) -> Result<T, FieldViolations> {
    |value| match value {
        Value::String(text) => parse(text).map_err(|broken| violations(&broken)),
        other => Err(wrong_type("a string", &other)),
    }
}

/// Returns the codes and rules of a text that its type refuses.
pub(crate) fn violations(broken: &Violations) -> FieldViolations {
    let rules = broken.iter();
    rules.map(|one| (one.code(), one.to_string())).collect()
}

/// Reads the id of a row.
pub(crate) fn id<I: TryFrom<i64>>(value: Value) -> Result<I, FieldViolations> {
    match value {
        Value::Number(number) => id_of(&number).map_err(|rule| vec![rule]),
        other => Err(wrong_type("an integer", &other)),
    }
}

/// Converts a number to an id. A number without a fraction is an integer in any notation: `7.0`
/// and `7e0` are 7 (JSON Schema, core section 4.2.3).
fn id_of<I: TryFrom<i64>>(number: &Number) -> Result<I, (&'static str, String)> {
    let whole = number.as_i64().or_else(|| whole_number(number.as_f64()?));
    if let Some(id) = whole.and_then(|id| I::try_from(id).ok()) {
        return Ok(id);
    }
    let has_fraction = number.as_f64().is_some_and(|number| number.fract() != 0.0);
    Err(if has_fraction {
        ("wrong-type", "must be an integer".to_owned())
    } else {
        let rule = format!("must be a whole number from 1 to {}", UserId::MAX);
        ("out-of-range", rule)
    })
}

pub(crate) fn wrong_type(wanted: &str, value: &Value) -> FieldViolations {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    vec![("wrong-type", format!("must be {wanted}, is {kind}"))]
}

fn text(body: &[u8]) -> Result<&str, Problem> {
    if body.is_empty() {
        let detail = "The body is empty; it must be a JSON object.";
        return Err(Problem::new(Code::MalformedJson, detail));
    }
    if body.starts_with("\u{feff}".as_bytes()) {
        let detail = "The body begins with a byte order mark.";
        return Err(Problem::new(Code::MalformedJson, detail));
    }
    str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        let detail = format!("The body is not UTF-8: byte {at} (counted from 0) is wrong.");
        Problem::new(Code::MalformedJson, detail)
    })
}

fn malformed(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let detail = match error.classify() {
        Category::Eof => {
            format!("The body ends before its JSON is complete, at line {line}, column {column}.")
        }
        _ => format!("The body is not JSON that can be read: line {line}, column {column}."),
    };
    Problem::new(Code::MalformedJson, detail)
}

pub(crate) fn member_error(pointer: String, code: &'static str, detail: String) -> FieldError {
    FieldError {
        location: Location::Pointer(pointer),
        code,
        detail,
    }
}

/// Returns the JSON pointer to a member (RFC 6901 section 3).
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Returns the members of an object, or the name of the type of another value.
struct ObjectVisitor<'s, V>(ObjectSchema<'s>, PhantomData<V>);

impl<'de, V: Deserialize<'de> + Member> Visitor<'de> for ObjectVisitor<'_, V> {
    type Value = Result<Fields<V>, &'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let ObjectSchema {
            writable,
            read_only,
        } = self.0;
        let (refused, ignored): (&[_], &[_]) = match read_only {
            ReadOnly::Refused(names) => (names, &[]),
            ReadOnly::Ignored(names) => (&[], names),
        };
        let mut fields = Fields {
            members: Vec::with_capacity(8),
            errors: Vec::new(),
        };
        while let Some(name) = map.next_key::<String>()? {
            let known = writable.iter().chain(ignored).find(|known| **known == name);
            let Some(known) = known else {
                map.next_value::<IgnoredAny>()?;
                fields.note_superfluous(&name, refused.contains(&name.as_str()));
                continue;
            };
            let value = map.next_value()?;
            if fields.members.iter().any(|(seen, _)| seen == known) {
                let detail = format!("`{known}` is there more than once.");
                fields.add_once(member_error(pointer(known), "duplicate-member", detail));
            } else {
                fields.members.push((known, value));
            }
        }
        Ok(Ok(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Err("an array"))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Err("a string"))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Err("a boolean"))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Err("null"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Err("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Err("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Err("a number"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCHEMA: ObjectSchema<'_> = ObjectSchema {
        writable: &["a", "b"],
        read_only: ReadOnly::Ignored(&["id"]),
    };

    /// Texts that are nearly JSON, and often are.
    fn nearly_json() -> impl Strategy<Value = String> {
        let tokens = prop_oneof![
            "[{}\\[\\],:]",
            r#""(a|b|id|c|\\u00e9|\\ud83e\\udd80|\\ud800)""#,
            "-?[0-9]{1,20}(\\.[0-9])?",
            "true|false|null| ",
        ];
        prop_oneof![
            prop::collection::vec(tokens.clone(), 0..12).prop_map(|tokens| tokens.concat()),
            prop::collection::vec(tokens, 1..4)
                .prop_map(|values| format!(r#"{{"a":{}}}"#, values.concat())),
        ]
    }

    fn is_malformed(body: &[u8]) -> bool {
        Fields::<Value>::parse(body, SCHEMA)
            .is_err_and(|problem| problem.code() == Code::MalformedJson)
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_refused(body in any::<Vec<u8>>()) {
            let is_object = serde_json::from_slice::<serde_json::Map<_, _>>(&body).is_ok();
            prop_assume!(!is_object);
            prop_assert!(Fields::<Value>::parse(&body, SCHEMA).is_err());
        }

        #[test]
        fn what_is_json_is_never_called_malformed(body in nearly_json()) {
            if serde_json::from_str::<Value>(&body).is_ok() {
                prop_assert!(!is_malformed(body.as_bytes()), "{}", body);
            }
        }

        #[test]
        fn what_is_accepted_is_an_object_of_known_members(body in nearly_json()) {
            if let Ok(fields) = Fields::<Value>::parse(body.as_bytes(), SCHEMA)
                && fields.errors.is_empty()
            {
                let object: serde_json::Map<_, _> = serde_json::from_str(&body).unwrap();
                prop_assert_eq!(fields.members.len(), object.len());
                for (name, value) in fields.members {
                    prop_assert_eq!(object.get(name), Some(&value));
                }
            }
        }
    }

    #[test]
    fn pointers_are_escaped() {
        assert_eq!(pointer("a/b~c"), "/a~1b~0c");
        assert_eq!(pointer(""), "/");
    }

    #[test]
    fn an_integer_written_with_a_fraction_of_nothing_is_one() {
        for (text, expected) in [("7.0", 7), ("4142453100634998.0", 4_142_453_100_634_998)] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(id::<UserId>(value).unwrap().get(), expected);
        }
    }
}
