use actix_web::HttpResponse;
use actix_web::http::header::ContentType;

use super::{Code, Problem};
use crate::call::Call;

/// `GET /problems/{code}`: what a code means and what to do, for a person.
pub(crate) async fn page(call: Call) -> Result<HttpResponse, Problem> {
    let name = call.segment("code");
    let Some(code) = Code::ALL.into_iter().find(|code| code.name() == name) else {
        return Err(Problem::new(
            Code::NotFound,
            "There is no problem with this code.",
        ));
    };
    Ok(HttpResponse::Ok()
        .content_type(ContentType::plaintext())
        .body(text(code)))
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
