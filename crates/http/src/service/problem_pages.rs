use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::openapi::parameters::{self, Fresh, parameter};
use crate::openapi::refusals::{CommonErrors, NotFound};
use crate::openapi::responses::{self, Responses, content_of, kept, response};
use crate::openapi::schemas::{self, one_of};
use crate::problem::{Code, HandlerResult, Problem};
use crate::request::accept::{HTML, JSON, MediaType, TEXT};
use crate::request::context::RequestContext;
use crate::request::preconditions::NoneMatch;
use crate::response::{html, representation};

/// The media types of a page.
pub(crate) const OFFERS: &[MediaType] = &[TEXT, HTML, JSON];

parameters::groups! {
    ProblemPath: problem();
}

responses::groups! {
    ProblemPage: problem_page();
}

fn problem() -> Parameter {
    let codes = Code::ALL.map(Code::name);
    let schema = one_of(codes.map(str::to_owned)).examples([json!("not-found")]);
    let description = "The `code` of a problem.";
    parameter(ParameterIn::Path, "code", description, schema)
}

fn problem_page() -> Responses {
    let response = response("What the code means.")
        .content(TEXT, responses::text())
        .content(HTML, responses::text())
        .content(JSON, content_of::<Explanation>());
    kept(response, &["WeakTag", "Vary"])
}

/// Explain a problem
///
/// What a code means and what to do, for a person.
#[utoipa::path(
    get,
    path = "/problems/{code}",
    operation_id = "getProblem",
    params(ProblemPath, Fresh),
    responses(ProblemPage, CommonErrors, NotFound)
)]
pub(crate) async fn page(context: RequestContext) -> HandlerResult {
    let name = context.segment("code");
    let Some(code) = Code::ALL.into_iter().find(|code| code.name() == name) else {
        let detail = "There is no problem with this code.";
        return Err(Problem::new(Code::NotFound, detail));
    };
    let known = NoneMatch::of(context.headers())?;
    let (media_type, body) = match context.media_type {
        HTML => {
            let page = html::page(code.title(), &markup(code));
            (html::CONTENT_TYPE, page.into_bytes())
        }
        JSON => (JSON, representation::json(&Explanation::of(code), 512)?),
        _ => ("text/plain; charset=utf-8", text(code).into_bytes()),
    };
    Ok(representation::negotiated(media_type, body, known.as_ref()))
}

/// What a code means.
#[derive(Serialize, ToSchema)]
#[schema(as = ProblemExplanation)]
pub(crate) struct Explanation {
    #[schema(schema_with = schemas::problem_code)]
    code: &'static str,
    #[schema(schema_with = schemas::status_code)]
    status: u16,
    #[schema(schema_with = schemas::prose)]
    title: &'static str,
    #[schema(schema_with = schemas::prose)]
    meaning: &'static str,
    #[schema(schema_with = schemas::prose)]
    remedy: &'static str,
}

impl Explanation {
    fn of(code: Code) -> Self {
        Self {
            code: code.name(),
            status: code.status().as_u16(),
            title: code.title(),
            meaning: code.meaning(),
            remedy: code.remedy(),
        }
    }
}

fn text(code: Code) -> String {
    format!(
        "{title} ({status}, {name})\n\nWhat it means\n{meaning}\n\nWhat to do\n{remedy}\n",
        title = code.title(),
        status = code.status().as_u16(),
        name = code.name(),
        meaning = code.meaning(),
        remedy = code.remedy(),
    )
}

fn markup(code: Code) -> String {
    format!(
        "<p>Status {status}, code <code>{name}</code></p>\n\
         <h2>What it means</h2>\n<p>{meaning}</p>\n<h2>What to do</h2>\n<p>{remedy}</p>\n",
        status = code.status().as_u16(),
        name = code.name(),
        meaning = html::escape(code.meaning()).replace('\n', "<br>\n"),
        remedy = html::escape(code.remedy()).replace('\n', "<br>\n"),
    )
}
