use std::collections::HashMap;

use byline_application::Precondition;
use byline_application::batch::{Author, MAX_OPERATIONS, Operation};
use byline_application::users::Posts;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::problem::{Code, FieldError, Location, Problem};
use crate::request::json_object::{
    FieldViolations, Fields, ObjectSchema, ReadOnly, fault, id, wrong_type,
};
use crate::request::preconditions;
use crate::resources::{posts, users};

const BATCH: ObjectSchema = ObjectSchema {
    writable: &["operations"],
    read_only: ReadOnly::Ignored(&[]),
};

/// Every member that some operation may have.
const OPERATION: ObjectSchema = ObjectSchema {
    writable: &["op", "type", "ref", "id", "if_match", "posts", "data"],
    read_only: ReadOnly::Ignored(&[]),
};

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
    kind: Option<Kind>,
}

#[derive(Clone, Copy)]
enum Op {
    Create,
    Update,
    Delete,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Post,
}

type OperationFields<'a> = Fields<&'a RawValue>;

impl Reader {
    /// The operation, unless something is wrong with it, which is noted then.
    fn read(&mut self, index: usize, sent: &RawValue) -> Result<Option<Operation>, Problem> {
        let mut fields = match Fields::parse(sent.get().as_bytes(), OPERATION) {
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
            word(sent, &[("user", Kind::User), ("post", Kind::Post)])
        });
        let made = match (op, kind) {
            (Some(Op::Create), kind) => self.create(index, kind, &mut fields)?,
            (Some(Op::Update), Some(kind)) => self.update(index, kind, &mut fields)?,
            (Some(Op::Delete), Some(kind)) => self.delete(index, kind, &mut fields),
            // Nobody knows what else may stand here.
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

    fn create(
        &mut self,
        index: usize,
        kind: Option<Kind>,
        fields: &mut OperationFields<'_>,
    ) -> Result<Option<Operation>, Problem> {
        let name = fields.optional("ref", |sent| self.new_ref(sent));
        let data = fields.required("data", Ok);
        let made = match (kind, data) {
            (Some(Kind::User), Some(data)) => {
                users::request::create(data.get().as_bytes()).map(Operation::CreateUser)
            }
            (Some(Kind::Post), Some(data)) => {
                posts::request::create_by(data.get().as_bytes(), |value| self.author(value)).map(
                    |(author, title, content)| Operation::CreatePost {
                        author,
                        title,
                        content,
                    },
                )
            }
            _ => {
                self.remember(name, index, kind);
                return Ok(None);
            }
        };
        self.remember(name, index, kind);
        self.sound(index, made)
    }

    fn update(
        &mut self,
        index: usize,
        kind: Kind,
        fields: &mut OperationFields<'_>,
    ) -> Result<Option<Operation>, Problem> {
        let precondition = self.precondition(index, fields);
        let data = fields.required("data", Ok);
        let body = data.map_or("{}", RawValue::get).as_bytes();
        let made = match kind {
            Kind::User => {
                let id = fields.required("id", |sent| id(value(sent)?));
                let change = self.sound(index, users::request::patch(body))?;
                id.zip(change)
                    .zip(precondition)
                    .map(|((id, change), precondition)| Operation::UpdateUser {
                        id,
                        change,
                        precondition,
                    })
            }
            Kind::Post => {
                let id = fields.required("id", |sent| id(value(sent)?));
                let change = posts::request::patch_by(body, |value| self.author(value));
                let change = self.sound(index, change)?;
                id.zip(change).zip(precondition).map(
                    |((id, (author, title, content)), precondition)| Operation::UpdatePost {
                        id,
                        author,
                        title,
                        content,
                        precondition,
                    },
                )
            }
        };
        Ok(made)
    }

    fn delete(
        &mut self,
        index: usize,
        kind: Kind,
        fields: &mut OperationFields<'_>,
    ) -> Option<Operation> {
        let precondition = self.precondition(index, fields);
        match kind {
            Kind::User => {
                let id = fields.required("id", |sent| id(value(sent)?));
                let posts =
                    fields.optional("posts", |sent| word(sent, &[("delete", Posts::Delete)]));
                let posts = posts.unwrap_or_default();
                id.zip(precondition)
                    .map(|(id, precondition)| Operation::DeleteUser {
                        id,
                        posts,
                        precondition,
                    })
            }
            Kind::Post => {
                let id = fields.required("id", |sent| id(value(sent)?));
                id.zip(precondition)
                    .map(|(id, precondition)| Operation::DeletePost { id, precondition })
            }
        }
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

    fn remember(&mut self, name: Option<String>, index: usize, kind: Option<Kind>) {
        if let Some(name) = name {
            self.refs.insert(name, Named { index, kind });
        }
    }

    /// An id, or `{"$ref": …}` with the `ref` of an earlier operation.
    fn author(&self, value: Value) -> Result<Author, FieldViolations> {
        let Value::Object(object) = value else {
            return id(value).map(Author::Known);
        };
        let (Some(Value::String(name)), 1) = (object.get("$ref"), object.len()) else {
            let rule = "must be an integer, or an object with `$ref` alone, a string";
            return Err(vec![("wrong-type", rule.to_owned())]);
        };
        match self.refs.get(name) {
            Some(Named {
                kind: Some(Kind::Post),
                ..
            }) => {
                let rule = "must refer to an operation that creates a user";
                Err(vec![("not-a-user", rule.to_owned())])
            }
            Some(named) => Ok(Author::CreatedBy(named.index)),
            None => {
                let rule = "must refer to the `ref` of an earlier operation";
                Err(vec![("unknown-ref", rule.to_owned())])
            }
        }
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
    let code = Code::PreconditionRequired;
    let faults = indexes.iter().map(|index| {
        let pointer = format!("/operations/{index}/if_match");
        let detail = "Updates and deletions must have an `if_match` here.";
        fault(pointer, "required", detail.to_owned())
    });
    Problem::new(code, code.meaning()).with_faults(faults.collect())
}
