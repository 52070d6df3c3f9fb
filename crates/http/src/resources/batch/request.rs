use std::collections::HashMap;
use std::sync::LazyLock;

use byline_application::Precondition;
use byline_application::batch::{CreatedParent, MAX_OPERATIONS, Operation, Write};
use byline_domain::Relation;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::problem::{Code, FieldError, Location, Problem};
use crate::request::json_object::{
    FieldViolations, Fields, ObjectSchema, ReadOnly, fault, id, wrong_type,
};
use crate::request::preconditions;
use crate::resource::{RestResource, body};
use crate::resources::for_each_entity;

const BATCH: ObjectSchema<'_> = ObjectSchema {
    writable: &["operations"],
    read_only: ReadOnly::Ignored(&[]),
};

/// The members that every operation may have.
const COMMON: &[&str] = &["op", "type", "ref", "id", "if_match", "data"];

/// The most faults that are listed, lest the answer outgrow the request.
const MOST_FAULTS: usize = 1000;

/// The most characters of a `ref`.
const MOST_REF_CHARS: usize = 255;

/// The body of `POST /batch`. `guarded` says whether updates and deletions must
/// have an `if_match`.
pub(crate) fn parse(body: &[u8], guarded: bool) -> Result<Vec<Operation>, Problem> {
    let mut fields = Fields::<&RawValue>::parse(body, BATCH)?;
    let sent = fields.required("operations", operations);
    let sent = fields.finish(sent)?;
    let mut reader = Reader::default();
    let mut made = Vec::with_capacity(sent.len());
    for (index, operation) in sent.into_iter().enumerate() {
        made.extend(reader.read(index, operation)?);
        if reader.faults.len() >= MOST_FAULTS {
            return Err(reader.too_many_faults());
        }
    }
    if !reader.faults.is_empty() {
        return Err(Problem::of_faults(Code::InvalidFields, reader.faults));
    }
    if guarded && !reader.unguarded.is_empty() {
        return Err(unguarded(&reader.unguarded));
    }
    Ok(made)
}

fn operations(value: &RawValue) -> Result<Vec<&RawValue>, FieldViolations> {
    let Ok(operations) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else {
        return Err(match self::value(value)? {
            // Which it was not in its raw form only if it is too deep.
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

/// What is known of the operations so far.
#[derive(Default)]
struct Reader {
    faults: Vec<FieldError>,
    refs: HashMap<String, Named>,
    /// The updates and deletions without `if_match`.
    unguarded: Vec<usize>,
}

/// An operation with a `ref`.
#[derive(Clone, Copy)]
struct Named {
    index: usize,
    /// The entity of what it creates, if that is known.
    kind: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Op {
    Create,
    Update,
    Delete,
}

/// An entity, as operations are read that write its rows.
struct Kind {
    /// The name of the entity.
    name: &'static str,
    /// What its rows can be deleted with.
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
    let found = &mut kinds;
    for_each_entity!(add_kind(found));
    kinds
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
    /// Reads an operation, unless something is wrong with it, which is noted then.
    fn read(&mut self, index: usize, sent: &RawValue) -> Result<Option<Operation>, Problem> {
        let children = KINDS.iter().flat_map(|kind| kind.children);
        let members: Vec<_> = COMMON.iter().chain(children).copied().collect();
        let schema = ObjectSchema {
            writable: &members,
            read_only: ReadOnly::Ignored(&[]),
        };
        let mut fields = match Fields::parse(sent.get().as_bytes(), schema) {
            Ok(fields) => fields,
            Err(problem) => {
                self.note(index, "", problem)?;
                return Ok(None);
            }
        };
        let op = fields.required("op", |sent| {
            let words = [
                ("create", Op::Create),
                ("update", Op::Update),
                ("delete", Op::Delete),
            ];
            word(sent, &words)
        });
        let kind = fields.required("type", |sent| {
            let kinds: Vec<_> = KINDS.iter().map(|kind| (kind.name, kind)).collect();
            word(sent, &kinds)
        });
        let made = match (op, kind) {
            (Some(Op::Create), kind) => {
                let name = fields.optional("ref", |sent| self.new_ref(sent));
                let data = fields.required("data", Ok);
                let made = match (kind, data) {
                    (Some(kind), Some(data)) => (kind.create)(self, index, data)?,
                    _ => None,
                };
                self.remember(name, index, kind);
                made
            }
            (Some(Op::Update), Some(kind)) => (kind.update)(self, index, &mut fields)?,
            (Some(Op::Delete), Some(kind)) => (kind.delete)(self, index, &mut fields)?,
            // What else may stand here is not known.
            _ => {
                let faults = fields.into_faults();
                self.add(index, "", faults);
                return Ok(None);
            }
        };
        fields.refuse_rest("is not for operations of this kind");
        let faults = fields.into_faults();
        let is_sound = faults.is_empty();
        self.add(index, "", faults);
        Ok(made.filter(|_| is_sound))
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
        self.sound(index, made)
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
        let change = self.sound(index, change)?;
        Ok(id
            .zip(change)
            .zip(precondition)
            .map(|((id, change), precondition)| {
                E::operation(Write::Update {
                    id,
                    change,
                    parents,
                    precondition,
                })
            }))
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
            let chosen = fields.optional(children.name, |sent| word(sent, &[("delete", ())]));
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

    /// A name that no operation has yet.
    fn new_ref(&self, sent: &RawValue) -> Result<String, FieldViolations> {
        let name = text(sent)?;
        let characters = name.chars().count();
        if name.is_empty() {
            return Err(vec![("blank", "must not be empty".to_owned())]);
        }
        if characters > MOST_REF_CHARS {
            let rule = format!("must have at most {MOST_REF_CHARS} characters, has {characters}");
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

    fn remember(&mut self, name: Option<String>, index: usize, kind: Option<&Kind>) {
        if let Some(name) = name {
            let kind = kind.map(|kind| kind.name);
            self.refs.insert(name, Named { index, kind });
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
            Some(Named {
                kind: Some(kind), ..
            }) if *kind != relation.parent => {
                let rule = format!(
                    "must refer to an operation that creates a {}",
                    relation.parent
                );
                let code = match relation.parent {
                    "user" => "not-a-user",
                    _ => "wrong-kind",
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

    /// What was made of an operation's data, if nothing is wrong with it.
    fn sound<T>(&mut self, index: usize, made: Result<T, Problem>) -> Result<Option<T>, Problem> {
        match made {
            Ok(made) => Ok(Some(made)),
            Err(problem) => {
                self.note(index, "/data", problem)?;
                Ok(None)
            }
        }
    }

    /// Notes what is wrong with a part of an operation. What is not even JSON
    /// ends it all.
    fn note(&mut self, index: usize, part: &str, problem: Problem) -> Result<(), Problem> {
        let faults = problem
            .into_faults()
            .map_err(|problem| problem.in_operation(index, part))?;
        self.add(index, part, faults);
        Ok(())
    }

    fn add(&mut self, index: usize, part: &str, faults: Vec<FieldError>) {
        self.faults.extend(faults.into_iter().map(|mut fault| {
            if let Location::Pointer(pointer) = &mut fault.place {
                *pointer = format!("/operations/{index}{part}{pointer}");
            }
            fault
        }));
    }

    fn too_many_faults(mut self) -> Problem {
        self.faults.truncate(MOST_FAULTS);
        let detail = format!("The batch breaks at least {MOST_FAULTS} rules; these are listed.");
        Problem::new(Code::InvalidFields, detail).with_faults(self.faults)
    }
}

/// One of the words that may stand here.
fn word<T: Copy>(sent: &RawValue, words: &[(&str, T)]) -> Result<T, FieldViolations> {
    let text = text(sent)?;
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let names: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        vec![("unknown-word", format!("must be {}", names.join(" or ")))]
    })
}

fn text(sent: &RawValue) -> Result<String, FieldViolations> {
    match value(sent)? {
        Value::String(text) => Ok(text),
        other => Err(wrong_type("a string", &other)),
    }
}

/// A value that was passed over so far: its escapes and its depth were not
/// looked at.
fn value(sent: &RawValue) -> Result<Value, FieldViolations> {
    serde_json::from_str(sent.get()).map_err(|_| {
        let rule = "has a lone surrogate in it, or is nested too deeply";
        vec![("wrong-type", rule.to_owned())]
    })
}

fn unguarded(indexes: &[usize]) -> Problem {
    let faults = indexes.iter().map(|index| {
        let pointer = format!("/operations/{index}/if_match");
        let detail = "Updates and deletions must have an `if_match` here.";
        fault(pointer, "required", detail.to_owned())
    });
    Problem::from(Code::PreconditionRequired).with_faults(faults.collect())
}
