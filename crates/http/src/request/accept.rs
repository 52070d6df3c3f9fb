//! Content negotiation by `Accept` (RFC 9110 section 12.5.1).

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};

use crate::problem::{Code, PROBLEM_JSON, Problem};
use crate::request::header_list::{Element, elements, is_token, is_utf8};

/// A media type without parameters, such as `text/html`.
pub(crate) type MediaType = &'static str;

pub(crate) const JSON: MediaType = "application/json";
pub(crate) const HTML: MediaType = "text/html";
pub(crate) const TEXT: MediaType = "text/plain";

/// Returns the offer with the highest weight, or the first one if the header is absent
/// or unreadable.
///
/// # Errors
///
/// [`Code::NotAcceptable`] if every offer is excluded. JSON is not excluded if problem
/// documents are accepted.
pub(crate) fn choose(
    request: &HttpRequest,
    offers: &'static [MediaType],
) -> Result<MediaType, Problem> {
    let first = offers.first().copied().unwrap_or(JSON);
    if accepts_first(request.headers(), first) {
        return Ok(first);
    }
    let ranges: Vec<Range> = elements(request.headers(), &header::ACCEPT)
        .filter_map(|element| Range::parse(&element))
        .collect();
    if ranges.is_empty() {
        return Ok(first);
    }
    // Of several with the same weight, `max_by_key` returns the last.
    let weighted = offers
        .iter()
        .rev()
        .map(|offer| (*offer, weight(&ranges, offer)));
    let best = weighted.max_by_key(|(_, weight)| *weight);
    match best {
        Some((offer, weight)) if weight > 0 => Ok(offer),
        _ if offers.contains(&JSON) && weight(&ranges, PROBLEM_JSON) > 0 => Ok(JSON),
        _ => Err(Problem::new(
            Code::NotAcceptable,
            format!(
                "`Accept` excludes all that there is here: {}.",
                offers.join(", ")
            ),
        )),
    }
}

/// Returns whether the header is one of the usual ones: absent, `*/*`, or the first
/// offer. Saves the parser most of its work.
fn accepts_first(headers: &HeaderMap, first: MediaType) -> bool {
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
    /// Whether it has parameters that no response has, such as `version=2`.
    is_special: bool,
    /// In thousandths.
    weight: u16,
}

impl Range {
    /// Returns `None` if the element is not a media range or its weight not a number.
    fn parse(element: &Element) -> Option<Self> {
        // Java before 9 sends `*` for `*/*`.
        let name = Some(element.name.as_str()).filter(|name| *name != "*");
        let (kind, subtype) = name.unwrap_or("*/*").split_once('/')?;
        let is_range = is_token(kind.as_bytes())
            && is_token(subtype.as_bytes())
            && (kind != "*" || subtype == "*");
        // Parameters after the weight are not part of the media type.
        let mut of_type = element.parameters().take_while(|(name, _)| *name != "q");
        let is_special = of_type.any(|(name, value)| !(name == "charset" && is_utf8(value)));
        let weight = element.weight()?;
        is_range.then(|| Self {
            kind: kind.to_owned(),
            subtype: subtype.to_owned(),
            is_special,
            weight,
        })
    }

    /// Returns how specific the range is among those that cover the offer; `None` if it
    /// does not cover it.
    ///
    /// A range with parameters that no response has is less specific than the same
    /// range without. It can ask for the type, but not exclude it: a client that does
    /// not accept version 2 may accept a response without a version.
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

/// Returns whether a subtype matches a range such as `*+json`.
fn has_suffix(subtype: &str, range: &str) -> bool {
    let suffix = range.strip_prefix('*');
    suffix.is_some_and(|suffix| suffix.starts_with('+') && subtype.ends_with(suffix))
}

/// Returns the weight of the most specific range that covers `offer`.
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
    fn the_first_offer_is_the_default() {
        let request = TestRequest::default().to_http_request();
        assert_eq!(choose(&request, &[JSON, HTML]).ok(), Some(JSON));
        for accept in ["*/*", "*/*;q=0.1", "", " , ", "nonsense", "*/*, */*"] {
            assert_eq!(chosen(accept, &[JSON, HTML]), Some(JSON), "{accept}");
        }
    }

    #[test]
    fn the_offer_with_the_highest_weight_wins() {
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
    fn excluded_types_are_not_sent() {
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
    fn problem_documents_stand_for_json() {
        assert_eq!(chosen("application/problem+json", &[JSON]), Some(JSON));
        assert_eq!(chosen("application/problem+json", &[TEXT]), None);
    }

    #[test]
    fn headers_of_real_clients_are_read() {
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
            // Only the unreadable element is ignored.
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
    fn several_lines_are_one_list() {
        let request = TestRequest::default()
            .append_header(("accept", "application/json;q=0.4"))
            .append_header(("accept", "text/html;q=0.5"));
        let best = choose(&request.to_http_request(), &[JSON, HTML]).ok();
        assert_eq!(best, Some(HTML));
    }

    const OFFERS: &[MediaType] = &[JSON, HTML, TEXT];

    /// A media range with its weight, and its text in any notation of RFC 9110
    /// (sections 5.6 and 12).
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

    /// A literal translation of the RFC: an offer has the weight of the most specific
    /// range that covers it.
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
        fn every_valid_header_is_understood(
            ranges in prop::collection::vec(any_range(), 1..6),
            comma in prop::sample::select(vec![",", ", ", " ,, "]),
        ) {
            let (ranges, texts): (Vec<_>, Vec<_>) = ranges.into_iter().unzip();
            let accepts_problems = ranges.iter().any(|(range, weight)| *range == "application/*" && *weight > 0);
            let text = texts.join(comma);
            let mut found = chosen(text.trim(), OFFERS);
            // Not in the RFC: problem documents stand for JSON.
            if found == Some(JSON) && expected(&ranges).is_none() && accepts_problems {
                found = None;
            }
            prop_assert_eq!(found, expected(&ranges), "{}", text);
        }
    }
}
