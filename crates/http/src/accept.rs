//! Which media type the sender of a request would like best (RFC 9110 section
//! 12.5.1).

use actix_web::HttpRequest;
use actix_web::http::header::{self, Accept, Header, HeaderMap, Quality};

use crate::problem::{Code, PROBLEM_JSON, Problem};

/// A media type without parameters, such as `text/html`.
pub(crate) type MediaType = &'static str;

pub(crate) const JSON: MediaType = "application/json";
pub(crate) const HTML: MediaType = "text/html";
pub(crate) const TEXT: MediaType = "text/plain";

/// The one among `offers` that `Accept` rates highest; the first of them when
/// it does not care. A header of which nothing can be read is no wish at all.
///
/// # Errors
///
/// [`Code::NotAcceptable`] when every offer is excluded. Whoever takes problem
/// documents also takes the JSON that they come instead of.
pub(crate) fn choose(
    request: &HttpRequest,
    offers: &'static [MediaType],
) -> Result<MediaType, Problem> {
    let first = offers.first().copied().unwrap_or(JSON);
    if accepts_anything(request.headers()) {
        return Ok(first);
    }
    let wishes = match Accept::parse(request) {
        Ok(wishes) if !wishes.is_empty() => wishes,
        _ => return Ok(first),
    };
    let mut best = (first, Quality::ZERO);
    for offer in offers {
        let quality = quality(&wishes, offer);
        if quality > best.1 {
            best = (offer, quality);
        }
    }
    let takes_problems = offers.contains(&JSON) && quality(&wishes, PROBLEM_JSON) > Quality::ZERO;
    match best {
        (offer, quality) if quality > Quality::ZERO => Ok(offer),
        _ if takes_problems => Ok(JSON),
        _ => Err(Problem::new(
            Code::NotAcceptable,
            format!(
                "`Accept` excludes all that there is here: {}.",
                offers.join(", ")
            ),
        )),
    }
}

/// What most clients say; spares them the parser.
fn accepts_anything(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::ACCEPT);
    match (lines.next(), lines.next()) {
        (None, _) => true,
        (Some(only), None) => only == "*/*",
        _ => false,
    }
}

/// That of the most specific range that covers `offer`.
fn quality(wishes: &Accept, offer: &str) -> Quality {
    let (kind, subtype) = offer.split_once('/').unwrap_or((offer, ""));
    wishes
        .iter()
        .filter_map(|wish| {
            let range = &wish.item;
            let specificity = match (range.type_().as_str(), range.essence_str()) {
                ("*", _) => 0,
                (_, essence) if essence == offer => 2,
                (of, _) if of == kind && range.subtype() == "*" && !subtype.is_empty() => 1,
                _ => return None,
            };
            Some((specificity, wish.quality))
        })
        .max()
        .map_or(Quality::ZERO, |(_, quality)| quality)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn chosen(accept: &str, offers: &'static [MediaType]) -> Option<MediaType> {
        let request = TestRequest::default().insert_header(("accept", accept));
        choose(&request.to_http_request(), offers).ok()
    }

    #[test]
    fn the_first_offer_is_for_whoever_does_not_care() {
        let request = TestRequest::default().to_http_request();
        assert_eq!(choose(&request, &[JSON, HTML]).ok(), Some(JSON));
        for accept in ["*/*", "*/*;q=0.1", "", " , ", "nonsense", "*/*, */*"] {
            assert_eq!(chosen(accept, &[JSON, HTML]), Some(JSON), "{accept}");
        }
    }

    #[test]
    fn the_highest_rated_offer_wins() {
        for (accept, best) in [
            ("text/html", HTML),
            ("TEXT/HTML", HTML),
            ("text/html;q=0.5, application/json;q=0.4", HTML),
            ("text/html;q=0.4, application/json;q=0.5", JSON),
            ("text/*, */*;q=0.1", HTML),
            ("text/html;q=0, */*", JSON),
            ("application/*;q=0, */*;q=0.1", HTML),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                HTML,
            ),
            ("image/png, */*;q=0.001", JSON),
        ] {
            assert_eq!(chosen(accept, &[JSON, HTML]), Some(best), "{accept}");
        }
    }

    #[test]
    fn what_is_excluded_is_not_given() {
        for accept in [
            "text/html",
            "image/*",
            "application/json;q=0",
            "application/xml",
            "*/*;q=0",
        ] {
            assert_eq!(chosen(accept, &[JSON]), None, "{accept}");
        }
        assert_eq!(chosen("application/json", &[TEXT, HTML]), None);
    }

    #[test]
    fn whoever_takes_problems_takes_json() {
        assert_eq!(chosen("application/problem+json", &[JSON]), Some(JSON));
        assert_eq!(chosen("application/problem+json", &[TEXT]), None);
    }
}
