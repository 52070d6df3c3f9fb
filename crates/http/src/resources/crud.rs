//! The handlers that every entity has.

use std::slice;

use byline_application::{AppError, Intent, ListQuery, Page, Session, crud};
use byline_domain::policy::Principal;
use byline_domain::{Id, Relation, Stored};
use serde_json::Value;

use crate::list::filter;
use crate::list::request::ListRequest;
use crate::problem::{Code, HandlerResult, Problem};
use crate::request::body::Media;
use crate::request::context::RequestContext;
use crate::request::preconditions::{NoneMatch, ReadConditions};
use crate::request::prefer::Preferences;
use crate::request::query;
use crate::resource::canonical::{canonical, canonical_change};
use crate::resource::row::{self, RowResponse};
use crate::resource::{NestedIn, Parents, RestResource, body};
use crate::response::representation;
use crate::response::stored_response::StoredResponse;

/// `GET` of all rows: one page of them.
pub(crate) async fn list<E: RestResource>(context: RequestContext) -> HandlerResult {
    let list = ListRequest::<E>::of(format!("/{}", E::PLURAL), None, &context.query)?;
    page(&context, list, crud::list).await
}

/// `GET` of the rows of one parent: one page of them.
pub(crate) async fn list_of<P: RestResource, E: NestedIn<P>>(
    context: RequestContext,
) -> HandlerResult {
    let parent: Id<P> = id(&context)?;
    let path = format!("{}/{}", row::path(parent), E::PLURAL);
    let list = ListRequest::<E>::of(path, Some(E::filter(parent)), &context.query)?;
    page(&context, list, move |session, principal, query| {
        crud::list_of(session, principal, parent, query)
    })
    .await
}

/// Responds with the page that `read` returns, and the parents and the count that the request
/// asks for. Each takes one statement.
async fn page<E: RestResource>(
    context: &RequestContext,
    list: ListRequest<E>,
    read: impl Fn(&mut dyn Session, &Principal, &ListQuery<E>) -> Result<Page<Stored<E>>, AppError>
    + Send
    + 'static,
) -> HandlerResult {
    let counts = Preferences::of(context.headers())?.count_exact;
    let known = NoneMatch::of(context.headers())?;
    let embed = list.embed;
    let query = list.query.clone();
    let (page, parents, total) = if counts || embed.is_some() {
        context
            .snapshot(move |session, principal| {
                let page = read(session, principal, &query)?;
                let parents = embed
                    .map(|embed| (embed.load)(session, principal, &page.items))
                    .transpose()?;
                let total = counts
                    .then(|| crud::count(session, principal, &query))
                    .transpose()?;
                Ok((page, parents, total))
            })
            .await?
    } else {
        context
            .read(move |session, principal| Ok((read(session, principal, &query)?, None, None)))
            .await?
    };
    let links = list
        .paging
        .links(context.base(), &page, |row| list.position(row));
    let relation = embed.map(|embed| embed.relation);
    let rows = page.items.iter();
    let rows = rows.map(|row| response(row, relation, parents.as_ref()));
    representation::list(rows, links, total, known.as_ref())
}

/// Returns the response for a row, with its parent if that was read.
fn response<'a, E: RestResource>(
    row: &'a Stored<E>,
    relation: Option<Relation>,
    parents: Option<&'a Parents>,
) -> RowResponse<'a> {
    let parent = relation.and_then(|relation| {
        let id = row.fields.parent(relation)?;
        Some((relation.parent, parents?.get(&id)?))
    });
    match parent {
        Some((name, parent)) => RowResponse::with(row, name, parent.as_ref()),
        None => RowResponse::new(row),
    }
}

/// `POST` among all rows.
pub(crate) async fn create<E: RestResource>(mut context: RequestContext) -> HandlerResult {
    let new: E = body::create(&context.body(Media::Json).await?)?;
    let now = context.now();
    context
        .write(
            Intent::Create,
            context.claim(|| canonical(&new)),
            move |session, principal| crud::create(session, principal, &new, now),
            created,
        )
        .await
}

/// `POST` among the rows of one parent.
pub(crate) async fn create_of<P: RestResource, E: NestedIn<P>>(
    mut context: RequestContext,
) -> HandlerResult {
    let parent: Id<P> = id(&context)?;
    let body = context.body(Media::Json).await?;
    let new: E = body::create_of(&body, E::RELATION, parent.get())?;
    let now = context.now();
    context
        .write(
            Intent::Create,
            context.claim(|| canonical(&new)),
            move |session, principal| crud::create_of(session, principal, E::RELATION, &new, now),
            created,
        )
        .await
}

/// `GET` of one row.
pub(crate) async fn read<E: RestResource>(context: RequestContext) -> HandlerResult {
    let id: Id<E> = id(&context)?;
    let conditions = ReadConditions::of(context.headers())?;
    if let Some(embed) = filter::embed::<E>(&context.query)? {
        let (row, parents) = context
            .snapshot(move |session, principal| {
                let row = crud::read(session, principal, id)?;
                let parents = (embed.load)(session, principal, slice::from_ref(&row))?;
                Ok((row, parents))
            })
            .await?;
        // The version of the row would stay the same when the parent changes.
        let response = response(&row, Some(embed.relation), Some(&parents));
        return representation::composed(&response, conditions.none_match());
    }
    let row = context
        .read(move |session, principal| crud::read(session, principal, id))
        .await?;
    let is_known = conditions.is_known(id.into(), row.version)?;
    representation::read(&RowResponse::new(&row), is_known)
}

/// `PUT` of one row.
pub(crate) async fn replace<E: RestResource>(mut context: RequestContext) -> HandlerResult {
    let id: Id<E> = id(&context)?;
    let conditions = context.conditions()?;
    let new: E = body::replace(&context.body(Media::Json).await?)?;
    let now = context.now();
    context
        .write(
            Intent::Write,
            context.claim(|| canonical(&new)),
            move |session, principal| {
                conditions.check_none_match(id.into(), || version(session, principal, id))?;
                crud::replace(session, principal, id, &new, &conditions.matches, now)
            },
            changed,
        )
        .await
}

/// `PATCH` of one row, a merge patch (RFC 7396).
pub(crate) async fn patch<E: RestResource>(mut context: RequestContext) -> HandlerResult {
    let id: Id<E> = id(&context)?;
    let conditions = context.conditions()?;
    let change = body::patch::<E>(&context.body(Media::MergePatch).await?)?;
    let now = context.now();
    context
        .write(
            Intent::Write,
            context.claim(|| canonical_change::<E>(&change)),
            move |session, principal| {
                conditions.check_none_match(id.into(), || version(session, principal, id))?;
                crud::patch(session, principal, id, &change, &conditions.matches, now)
            },
            changed,
        )
        .await
}

/// `DELETE` of one row. The query names the children that go with it.
pub(crate) async fn delete<E: RestResource>(context: RequestContext) -> HandlerResult {
    let id: Id<E> = id(&context)?;
    let with = children_to_delete::<E>(&context.query)?;
    let conditions = context.conditions()?;
    context
        .write(
            Intent::Write,
            context.claim(|| Value::Null),
            move |session, principal| {
                conditions.check_none_match(id.into(), || version(session, principal, id))?;
                crud::delete(session, principal, id, &with, &conditions.matches)
            },
            |()| Ok(StoredResponse::deleted()),
        )
        .await
}

fn children_to_delete<E: RestResource>(query: &query::Query) -> Result<Vec<Relation>, Problem> {
    let mut with = Vec::new();
    for children in E::CHILDREN {
        match query.get(children.name) {
            None => {}
            Some("delete") => with.push(children.relation),
            Some(_) => {
                let error =
                    query::parameter_error(children.name, "unknown-value", "must be `delete`");
                return Err(Problem::from_errors(Code::InvalidParameter, vec![error]));
            }
        }
    }
    Ok(with)
}

/// Returns the id that the path names.
fn id<E: RestResource>(context: &RequestContext) -> Result<Id<E>, Problem> {
    context.id(E::ID_PARAMETER, E::NAME)
}

fn version<E: RestResource>(
    session: &mut dyn Session,
    principal: &Principal,
    id: Id<E>,
) -> Result<byline_domain::Version, AppError> {
    Ok(crud::read(session, principal, id)?.version)
}

fn changed<E: RestResource>(row: &Stored<E>) -> Result<StoredResponse, AppError> {
    StoredResponse::changed(&RowResponse::new(row))
}

fn created<E: RestResource>(row: &Stored<E>) -> Result<StoredResponse, AppError> {
    StoredResponse::created(&RowResponse::new(row), row::path(row.id))
}
