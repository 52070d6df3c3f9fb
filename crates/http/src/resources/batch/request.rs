use std::collections::HashMap;
use std::sync::LazyLock;

use byline_application::Precondition;
use byline_application::batch::{CreatedParent, MAX_OPERATIONS, Operation, Write};
use byline_domain::Relation;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::problem::{Code, FieldError, Location, Problem};
use crate::request::json_object::{
    FieldViolations, Fields, ObjectSchema, ReadOnly, id, member_error, wrong_type,
};
use crate::request::preconditions;
use crate::resource::for_each_entity;
use crate::resource::{RestResource, body};

const BATCH: ObjectSchema<'_> = ObjectSchema {
    writable: &["operations"],
    read_only: ReadOnly::Ignored(&[]),
};

/// The members that every operation may have.
const COMMON: &[&str] = &["op", "type", "ref", "id", "if_match", "data"];

/// The maximum number of listed errors, so that the response does not outgrow the request.
const MAX_ERRORS: usize = 1000;

/// The maximum number of characters of a `ref`.
const MAX_REF_CHARS: usize = 255;

/// Parses the body of `POST /batch`. If it is `guarded`, updates and deletions must have an
/// `if_match`.
pub(crate) fn parse(body: &[u8], guarded: bool) -> Result<Vec<Operation>, Problem> {
    let mut fields = Fields::<&RawValue>::parse(body, BATCH)?;
    let sent = fields.required("operations", operations);
    let sent = fields.finish(sent)?;
    let mut reader = Reader::default();
    let mut made = Vec::with_capacity(sent.len());
    for (index, operation) in sent.into_iter().enumerate() {
        made.extend(reader.read(index, operation)?);
        if reader.errors.len() >= MAX_ERRORS {
            return Err(reader.too_many_errors());
        }
    }
    if !reader.errors.is_empty() {
        return Err(Problem::from_errors(Code::InvalidFields, reader.errors));
    }
    if guarded && !reader.unguarded.is_empty() {
        return Err(unguarded(&reader.unguarded));
    }
    Ok(made)
}

fn operations(value: &RawValue) -> Result<Vec<&RawValue>, FieldViolations> {
    let Ok(operations) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else {
        return Err(match self::value(value)? {
            // Only too deep an array is not an array of raw values.
            Value::Array(_) => vec![("wrong-type", "must be an array of objects".to_owned())],
            other => wrong_type("an array", &other),
        });
    };
    if operations.len() > MAX_OPERATIONS {
        let rule = format!(
            "must have at most {MAX_OPERATIONS} operations, has {}",
            operations.len()
        );
        return Err(vec![("too-many-operations", rule)]);
    }
    Ok(operations)
}

/// The state after the operations that were read so far.
#[derive(Default)]
struct Reader {
    errors: Vec<FieldError>,
    refs: HashMap<String, Named>,
    /// The updates and deletions without `if_match`.
    unguarded: Vec<usize>,
}

/// An operation with a `ref`.
#[derive(Clone, Copy)]
struct Named {
    index: usize,
    /// The entity that it creates, if that is known.
    kind: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Op {
    Create,
    Update,
    Delete,
}

/// An entity whose rows operations write.
struct Kind {
    /// The name of the entity.
    name: &'static str,
    /// The children that its rows can be deleted with.
    children: &'static [&'static str],
    create: fn(&mut Reader, usize, &RawValue) -> Result<Option<Operation>, Problem>,
    update: ReadOperation,
    delete: ReadOperation,
}

type ReadOperation =
    fn(&mut Reader, usize, &mut OperationFields<'_>) -> Result<Option<Operation>, Problem>;

type OperationFields<'a> = Fields<&'a RawValue>;

/// Every entity.
static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let mut kinds = Vec::new();
    for_each_entity!(add_kind(&mut kinds));
    kinds
});

/// The members that some operation may have.
static MEMBERS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let children = KINDS.iter().flat_map(|kind| kind.children);
    COMMON.iter().chain(children).copied().collect()
});

fn add_kind<E: RestResource>(kinds: &mut Vec<Kind>) {
    kinds.push(Kind {
        name: E::NAME,
        children: &E::parameters().delete,
        create: Reader::create::<E>,
        update: Reader::update::<E>,
        delete: Reader::delete::<E>,
    });
}

impl Reader {
    /// Reads an operation. Returns `None` after it has noted the errors of an invalid one.
    fn read(&mut self, index: usize, sent: &RawValue) -> Result<Option<Operation>, Problem> {
        let schema = ObjectSchema {
            writable: &MEMBERS,
            read_only: ReadOnly::Ignored(&[]),
        };
        let mut fields = match Fields::parse(sent.get().as_bytes(), schema) {
            Ok(fields) => fields,
            Err(problem) => return self.note(index, "", problem).map(|()| None),
        };
        let op = fields.required("op", |sent| {
            let (create, update) = (("create", Op::Create), ("update", Op::Update));
            word(sent, [create, update, ("delete", Op::Delete)].into_iter())
        });
        let kind = fields.required("type", |sent| {
            word(sent, KINDS.iter().map(|kind| (kind.name, kind)))
        });
        let made = match (op, kind) {
            (Some(Op::Create), kind) => {
                let name = fields.optional("ref", |sent| self.new_ref(sent));
                let data = fields.required("data", Ok);
                let made = match (kind, data) {
                    (Some(kind), Some(data)) => (kind.create)(self, index, data)?,
                    _ => None,
                };
                if let Some(name) = name {
                    let kind = kind.map(|kind| kind.name);
                    self.refs.insert(name, Named { index, kind });
                }
                made
            }
            (Some(Op::Update), Some(kind)) => (kind.update)(self, index, &mut fields)?,
            (Some(Op::Delete), Some(kind)) => (kind.delete)(self, index, &mut fields)?,
            // Without `op` and `type`, it is unknown which other members are allowed.
            _ => {
                let errors = fields.into_errors();
                self.add(index, "", errors);
                return Ok(None);
            }
        };
        fields.refuse_rest("is not for operations of this kind");
        let errors = fields.into_errors();
        let is_valid = errors.is_empty();
        self.add(index, "", errors);
        Ok(made.filter(|_| is_valid))
    }

    fn create<E: RestResource>(
        &mut self,
        index: usize,
        data: &RawValue,
    ) -> Result<Option<Operation>, Problem> {
        let mut parents = Vec::new();
        let made = body::create_with(data.get().as_bytes(), |relation, value| {
            self.read_parent(relation, value, &mut parents)
        });
        let made = made.map(|fields| E::operation(Write::Create { fields, parents }));
        self.valid(index, made)
    }

    fn update<E: RestResource>(
        &mut self,
        index: usize,
        fields: &mut OperationFields<'_>,
    ) -> Result<Option<Operation>, Problem> {
        let precondition = self.precondition(index, fields);
        let data = fields.required("data", Ok);
        let body = data.map_or("{}", RawValue::get).as_bytes();
        let id = fields.required("id", |sent| id(value(sent)?));
        let mut parents = Vec::new();
        let change = body::patch_with::<E>(body, |relation, value| {
            self.read_parent(relation, value, &mut parents)
        });
        let change = self.valid(index, change)?;
        let (Some(id), Some(change), Some(precondition)) = (id, change, precondition) else {
            return Ok(None);
        };
        Ok(Some(E::operation(Write::Update {
            id,
            change,
            parents,
            precondition,
        })))
    }

    fn delete<E: RestResource>(
        &mut self,
        index: usize,
        fields: &mut OperationFields<'_>,
    ) -> Result<Option<Operation>, Problem> {
        let precondition = self.precondition(index, fields);
        let id = fields.required("id", |sent| id(value(sent)?));
        let mut with = Vec::new();
        for children in E::CHILDREN {
            let chosen = fields.optional(children.name, |sent| {
                word(sent, [("delete", ())].into_iter())
            });
            with.extend(chosen.map(|()| children.relation));
        }
        Ok(id.zip(precondition).map(|(id, precondition)| {
            E::operation(Write::Delete {
                id,
                with,
                precondition,
            })
        }))
    }

    fn precondition(
        &mut self,
        index: usize,
        fields: &mut OperationFields<'_>,
    ) -> Option<Precondition> {
        let mut is_there = false;
        let precondition = fields.optional("if_match", |sent| {
            is_there = true;
            let text = text(sent)?;
            preconditions::precondition(&text).ok_or_else(|| {
                let rule = "must be `*` or a list of entity tags, each in double quotes";
                vec![("malformed-tags", rule.to_owned())]
            })
        });
        if !is_there {
            self.unguarded.push(index);
            return Some(Precondition::None);
        }
        precondition
    }

    /// Reads a name that no other operation has.
    fn new_ref(&self, sent: &RawValue) -> Result<String, FieldViolations> {
        let name = text(sent)?;
        let characters = name.chars().count();
        if name.is_empty() {
            return Err(vec![("blank", "must not be empty".to_owned())]);
        }
        if characters > MAX_REF_CHARS {
            let rule = format!("must have at most {MAX_REF_CHARS} characters, has {characters}");
            return Err(vec![("too-long", rule)]);
        }
        match self.refs.get(&name) {
            None => Ok(name),
            Some(named) => {
                let rule = format!("is the `ref` of operation {} already", named.index);
                Err(vec![("duplicate-ref", rule)])
            }
        }
    }

    /// Reads `{"$ref": …}` with the `ref` of an earlier operation, which creates the parent in
    /// `relation`. `None` if the value is no object, but an id.
    fn read_parent(
        &self,
        relation: Relation,
        value: &Value,
        parents: &mut Vec<CreatedParent>,
    ) -> Option<Result<(), FieldViolations>> {
        let object = value.as_object()?;
        let (Some(Value::String(name)), 1) = (object.get("$ref"), object.len()) else {
            let rule = "must be an integer, or an object with `$ref` alone, a string";
            return Some(Err(vec![("wrong-type", rule.to_owned())]));
        };
        Some(match self.refs.get(name) {
            Some(named) if named.kind.is_some_and(|kind| kind != relation.parent) => {
                let parent = relation.parent;
                let rule = format!("must refer to an operation that creates a {parent}");
                let code = if parent == "user" {
                    "not-a-user"
                } else {
                    "wrong-kind"
                };
                Err(vec![(code, rule)])
            }
            Some(named) => {
                parents.push(CreatedParent {
                    relation,
                    operation: named.index,
                });
                Ok(())
            }
            None => {
                let rule = "must refer to the `ref` of an earlier operation";
                Err(vec![("unknown-ref", rule.to_owned())])
            }
        })
    }

    /// Returns the value of an operation's data. Notes the errors if it is invalid.
    fn valid<T>(&mut self, index: usize, made: Result<T, Problem>) -> Result<Option<T>, Problem> {
        match made {
            Ok(made) => Ok(Some(made)),
            Err(problem) => self.note(index, "/data", problem).map(|()| None),
        }
    }

    /// Notes the errors in a part of an operation. Malformed JSON is returned: it ends the batch.
    fn note(&mut self, index: usize, part: &str, problem: Problem) -> Result<(), Problem> {
        let errors = problem
            .into_errors()
            .map_err(|problem| problem.in_operation(index, part))?;
        self.add(index, part, errors);
        Ok(())
    }

    fn add(&mut self, index: usize, part: &str, errors: Vec<FieldError>) {
        self.errors.extend(errors.into_iter().map(|mut error| {
            if let Location::Pointer(pointer) = &mut error.location {
                *pointer = format!("/operations/{index}{part}{pointer}");
            }
            error
        }));
    }

    fn too_many_errors(mut self) -> Problem {
        self.errors.truncate(MAX_ERRORS);
        let detail = format!("The batch breaks at least {MAX_ERRORS} rules; these are listed.");
        Problem::new(Code::InvalidFields, detail).with_errors(self.errors)
    }
}

/// Reads one of these words.
fn word<T>(
    sent: &RawValue,
    words: impl Iterator<Item = (&'static str, T)> + Clone,
) -> Result<T, FieldViolations> {
    let text = text(sent)?;
    let found = words.clone().find(|(word, _)| *word == text);
    found.map(|(_, meaning)| meaning).ok_or_else(|| {
        let names: Vec<_> = words.map(|(word, _)| format!("`{word}`")).collect();
        vec![("unknown-word", format!("must be {}", names.join(" or ")))]
    })
}

fn text(sent: &RawValue) -> Result<String, FieldViolations> {
    match value(sent)? {
        Value::String(text) => Ok(text),
        other => Err(wrong_type("a string", &other)),
    }
}

/// Parses a raw value, whose escapes and depth were not checked before.
fn value(sent: &RawValue) -> Result<Value, FieldViolations> {
    serde_json::from_str(sent.get()).map_err(|_| {
        let rule = "has a lone surrogate in it, or is nested too deeply";
        vec![("wrong-type", rule.to_owned())]
    })
}

fn unguarded(indexes: &[usize]) -> Problem {
    let errors = indexes.iter().map(|index| {
        let pointer = format!("/operations/{index}/if_match");
        let detail = "Updates and deletions must have an `if_match` here.";
        member_error(pointer, "required", detail.to_owned())
    });
    Problem::from(Code::PreconditionRequired).with_errors(errors.collect())
}
