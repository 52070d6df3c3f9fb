//! Which media type the sender of a request would like best (RFC 9110 section
//! 12.5.1).

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};

use crate::problem::{Code, PROBLEM_JSON, Problem};
use crate::request::header_list::{Element, elements, is_utf8};

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
    if takes_at_once(request.headers(), first) {
        return Ok(first);
    }
    let ranges: Vec<Range> = elements(request.headers(), &header::ACCEPT)
        .filter_map(|element| Range::parse(&element))
        .collect();
    if ranges.is_empty() {
        return Ok(first);
    }
    let mut best = (first, 0);
    for offer in offers {
        let weight = weight(&ranges, offer);
        if weight > best.1 {
            best = (offer, weight);
        }
    }
    let takes_problems = offers.contains(&JSON) && weight(&ranges, PROBLEM_JSON) > 0;
    match best {
        (offer, weight) if weight > 0 => Ok(offer),
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

/// Whether a client says what most say: nothing, anything, or the first offer.
/// Spares these the parser.
fn takes_at_once(headers: &HeaderMap, first: MediaType) -> bool {
    let mut lines = headers.get_all(header::ACCEPT);
    match (lines.next(), lines.next()) {
        (None, _) => true,
        (Some(only), None) => only == "*/*" || only == first,
        _ => false,
    }
}

/// A media range (RFC 9110 section 12.5.1).
#[derive(Debug)]
struct Range {
    kind: String,
    subtype: String,
    /// Whether it has parameters that no answer has, such as `version=2`.
    is_special: bool,
    /// In thousandths.
    weight: u16,
}

impl Range {
    /// None if it is no media range, or its weight no number.
    fn parse(element: &Element) -> Option<Self> {
        // Java before 9 sends `*` for `*/*`.
        let name = Some(element.name.as_str()).filter(|name| *name != "*");
        let (kind, subtype) = name.unwrap_or("*/*").split_once('/')?;
        let is_range = is_token(kind) && is_token(subtype) && (kind != "*" || subtype == "*");
        // What stands behind the weight is not of the media type.
        let of_the_type = element.parameters().take_while(|(name, _)| *name != "q");
        Some(Self {
            kind: kind.to_owned(),
            subtype: subtype.to_owned(),
            is_special: of_the_type
                .into_iter()
                .any(|(name, value)| !(name == "charset" && is_utf8(value))),
            weight: element.weight()?,
        })
        .filter(|_| is_range)
    }

    /// How specific it is among those that cover the offer; none if it does not.
    ///
    /// A range with parameters that no answer has comes after the same range
    /// without. Alone it is a wish for the type all the same, but never a refusal
    /// of it: who takes no version 2 may take what has none.
    fn specificity(&self, offer: &str) -> Option<u8> {
        let (kind, subtype) = offer.split_once('/')?;
        if self.is_special && self.weight == 0 {
            return None;
        }
        match (self.kind.as_str(), self.subtype.as_str()) {
            ("*", _) => Some(0),
            (of, "*") if of == kind => Some(1),
            // `application/*+json`, which Spring sends, is in no RFC.
            (of, suffix) if of == kind && has_suffix(subtype, suffix) => Some(2),
            (of, exact) if of == kind && exact == subtype => {
                Some(if self.is_special { 3 } else { 4 })
            }
            _ => None,
        }
    }
}

/// Whether a subtype ends as a range such as `*+json` demands.
fn has_suffix(subtype: &str, range: &str) -> bool {
    let suffix = range
        .strip_prefix('*')
        .filter(|suffix| suffix.starts_with('+'));
    suffix.is_some_and(|suffix| subtype.ends_with(suffix))
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(may_stand)
}

/// That of the most specific range that covers `offer`.
fn weight(ranges: &[Range], offer: &str) -> u16 {
    ranges
        .iter()
        .filter_map(|range| Some((range.specificity(offer)?, range.weight)))
        .max()
        .map_or(0, |(_, weight)| weight)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

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

    #[test]
    fn headers_are_read_as_clients_send_them() {
        for (accept, best) in [
            // HttpURLConnection of Java 8.
            ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", HTML),
            ("image/gif, *; q=.2", JSON),
            ("application/json;q=.2, text/html;q=.3", HTML),
            ("text/html;q=1.5, */*;q=0.9", HTML),
            ("text/html;q=0.00001, image/png", HTML),
            ("text/html; Q = \"0.5\" , application/json; q=0.25", HTML),
            ("text/html ;charset=UTF-8, application/json;q=0.9", HTML),
            (
                "text/html;charset=\"utf-8\";q=0.5, application/json;q=0.4",
                HTML,
            ),
            ("application/json;odata.metadata=minimal", JSON),
            ("application/json; charset=ISO-8859-1", JSON),
            ("application/*+json, text/html;q=0.1", HTML),
            ("application/json;version=2;q=0, */*", JSON),
            (
                "text/html;level=1;q=0.1, text/html;q=0.9, application/json;q=0.5",
                HTML,
            ),
            (
                "text/html;q=0.5;ext=\"a,b;q=1\", application/json;q=0.6",
                JSON,
            ),
            // An element that cannot be read is left out, and not all others.
            ("text/html;q=high, application/json;q=0.1", JSON),
            ("html, text/html;q=0.1", HTML),
            ("text/html;q=, application/json;q=0.1", JSON),
            ("*/json, text/ html, text/html;q=0.5", HTML),
            ("text/html;q=high", JSON),
            ("text/html;x=\"open, application/json", HTML),
            (", ,text/html,,", HTML),
        ] {
            assert_eq!(chosen(accept, &[JSON, HTML]), Some(best), "{accept}");
        }
        assert_eq!(chosen("application/*+json", &[JSON]), Some(JSON));
        for excluded in [
            "text/html;q=.5",
            "application/json;q=0.000",
            "image/*;q=.2, *;q=0",
        ] {
            assert_eq!(chosen(excluded, &[JSON]), None, "{excluded}");
        }
    }

    #[test]
    fn lines_are_one_list() {
        let request = TestRequest::default()
            .append_header(("accept", "application/json;q=0.4"))
            .append_header(("accept", "text/html;q=0.5"));
        let best = choose(&request.to_http_request(), &[JSON, HTML]).ok();
        assert_eq!(best, Some(HTML));
    }

    const OFFERS: &[MediaType] = &[JSON, HTML, TEXT];

    /// A media range and its weight, and how both may be written (RFC 9110
    /// sections 5.6 and 12).
    fn any_range() -> impl Strategy<Value = ((&'static str, u16), String)> {
        let ranges = [
            "*/*",
            "text/*",
            "application/*",
            JSON,
            HTML,
            TEXT,
            "image/png",
        ];
        let weights = prop::option::of(0..=1000_u16);
        let space = || prop::sample::select(vec!["", " ", "\t", "  "]);
        let style = (space(), space(), any::<bool>(), any::<bool>());
        (prop::sample::select(ranges.to_vec()), weights, style).prop_map(
            |(range, weight, (before, after, upper, padded))| {
                let mut text = if upper {
                    range.to_uppercase()
                } else {
                    range.to_owned()
                };
                if let Some(weight) = weight {
                    let digits = format!("{}.{:03}", weight / 1000, weight % 1000);
                    let short = digits.trim_end_matches('0').trim_end_matches('.');
                    let name = if upper { "Q" } else { "q" };
                    let value = if padded { &digits } else { short };
                    text.push_str(&format!("{before};{after}{name}={value}"));
                }
                (
                    (range, weight.unwrap_or(1000)),
                    format!("{after}{text}{before}"),
                )
            },
        )
    }

    /// What the RFC says, word by word: the most specific range that covers an
    /// offer has its weight.
    fn expected(ranges: &[(&str, u16)]) -> Option<MediaType> {
        let of = |offer: &str| {
            let kind = offer.split_once('/').unwrap().0;
            let covering = [offer.to_owned(), format!("{kind}/*"), "*/*".to_owned()];
            covering.iter().find_map(|covering| {
                let same = ranges.iter().filter(|(range, _)| range == covering);
                same.map(|(_, weight)| *weight).max()
            })
        };
        let weights = OFFERS.iter().map(|offer| of(offer).unwrap_or(0));
        let best = weights.clone().max().filter(|best| *best > 0)?;
        let at = weights.into_iter().position(|weight| weight == best)?;
        OFFERS.get(at).copied()
    }

    proptest! {
        #[test]
        fn every_header_of_the_grammar_is_understood(
            ranges in prop::collection::vec(any_range(), 1..6),
            comma in prop::sample::select(vec![",", ", ", " ,, "]),
        ) {
            let (ranges, texts): (Vec<_>, Vec<_>) = ranges.into_iter().unzip();
            let takes_json = ranges.iter().any(|(range, weight)| *range == "application/*" && *weight > 0);
            let text = texts.join(comma);
            let mut found = chosen(text.trim(), OFFERS);
            // Whoever takes problems takes JSON: not of the RFC.
            if found == Some(JSON) && expected(&ranges).is_none() && takes_json {
                found = None;
            }
            prop_assert_eq!(found, expected(&ranges), "{}", text);
        }
    }
}
