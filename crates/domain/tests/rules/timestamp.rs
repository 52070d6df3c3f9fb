use byline_domain::{Timestamp, TimestampError};
use proptest::prelude::*;

const SECOND: i64 = 1_000_000;

/// Any moment that a `Timestamp` can hold.
fn moment() -> impl Strategy<Value = Timestamp> {
    (Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros())
        .prop_map(|micros| Timestamp::from_micros(micros).unwrap())
}

/// The moment that `text` names, in its canonical text.
fn read(text: &str) -> Result<String, TimestampError> {
    text.parse::<Timestamp>().map(|moment| moment.to_string())
}

#[test]
fn the_text_is_rfc_3339_in_utc_with_six_digits_of_fraction() {
    for (micros, text) in [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (1_795_341_600_123_456, "2026-11-22T10:00:00.123456Z"),
        (1_795_341_600_100_000, "2026-11-22T10:00:00.100000Z"),
    ] {
        assert_eq!(Timestamp::from_micros(micros).unwrap().to_string(), text);
        assert_eq!(text.parse(), Timestamp::from_micros(micros));
    }
}

#[test]
fn the_limits_are_the_first_moment_of_year_1_and_of_the_last_day_but_one_of_year_9999() {
    assert_eq!(Timestamp::MIN.to_string(), "0001-01-01T00:00:00.000000Z");
    assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T00:00:00.000000Z");
    for limit in [Timestamp::MIN, Timestamp::MAX] {
        assert_eq!(Timestamp::from_micros(limit.as_micros()), Ok(limit));
        assert_eq!(limit.to_string().parse(), Ok(limit));
    }
}

#[test]
fn beyond_the_limits_there_is_no_timestamp() {
    for micros in [
        Timestamp::MIN.as_micros() - 1,
        Timestamp::MAX.as_micros() + 1,
        i64::MIN,
        i64::MAX,
    ] {
        assert_eq!(Timestamp::from_micros(micros), Err(TimestampError));
    }
    for text in [
        "0000-12-31T23:59:59.999999Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-30T00:00:00.000001Z",
        "9999-12-31T23:59:59Z",
    ] {
        assert_eq!(read(text), Err(TimestampError), "{text}");
    }
}

#[test]
fn any_offset_is_accepted() {
    for text in [
        "2026-11-22T10:00:00Z",
        "2026-11-22t10:00:00z",
        "2026-11-22T10:00:00+00:00",
        "2026-11-22T10:00:00-00:00",
        "2026-11-22T15:30:00+05:30",
        "2026-11-22T02:00:00-08:00",
        "2026-11-23T09:59:00+23:59",
        "2026-11-21T10:01:00-23:59",
    ] {
        assert_eq!(
            read(text).as_deref(),
            Ok("2026-11-22T10:00:00.000000Z"),
            "{text}"
        );
    }
}

#[test]
fn digits_beyond_the_microsecond_are_dropped() {
    for (fraction, kept) in [
        (".5", "500000"),
        (".1234567", "123456"),
        (".123456789", "123456"),
        (".99999999999999999999999999", "999999"),
        (".00000000000000000000000001", "000000"),
    ] {
        for second in ["2026-11-22T10:00:00", "1969-12-31T23:59:59"] {
            let canonical = format!("{second}.{kept}Z");
            assert_eq!(read(&format!("{second}{fraction}Z")), Ok(canonical));
        }
    }
}

#[test]
fn a_leap_second_is_the_second_before_it() {
    assert_eq!(
        read("2016-12-31T23:59:60Z").as_deref(),
        Ok("2016-12-31T23:59:59.000000Z")
    );
    assert_eq!(
        read("2017-01-01T00:59:60.25+01:00").as_deref(),
        Ok("2016-12-31T23:59:59.250000Z")
    );
}

#[test]
fn a_text_that_is_no_time_is_refused() {
    for text in [
        "",
        "now",
        "1795341600",
        "2026-11-22",
        "10:00:00Z",
        "2026-11-22T10:00:00",
        "2026-11-22T10:00:00 01:00",
        " 2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00Z ",
        "2026-11-22T10:00:00.Z",
        "2026-11-22T10:00:00.5",
        "2026-11-22T10:00:00\u{2212}01:00",
        "２026-11-22T10:00:00Z",
        "2026-00-22T10:00:00Z",
        "2026-13-22T10:00:00Z",
        "2026-02-29T10:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:60:00Z",
        "2026-11-22T10:00:61Z",
        "2026-11-22T10:00:00+24:00",
        "2026-11-22T10:00:00+01:60",
    ] {
        assert_eq!(read(text), Err(TimestampError), "{text:?}");
    }
}

#[test]
fn other_spellings_of_iso_8601_are_refused() {
    for text in [
        "20261122T100000Z",
        "2026-11-22T10Z",
        "2026-11-22T10:00Z",
        "2026-11-22 10:00:00Z",
        "2026-11-22T10:00:00,5Z",
        "2026-11-22T10:00:00+01",
        "2026-11-22T10:00:00+0100",
        "2026-11-22T10:00:00+01:00:30",
        "2026-11-22T10:00:00+01:00[Europe/Paris]",
        "2026-11-22T10:00:00Z[u-ca=hebrew]",
        "+002026-11-22T10:00:00Z",
        "2026-326T10:00:00Z",
        "2026-W47-7T10:00:00Z",
    ] {
        assert_eq!(read(text), Err(TimestampError), "{text:?}");
    }
}

#[test]
fn the_error_shows_a_valid_time() {
    let sentence = TimestampError.to_string();
    let example = sentence.rsplit_once("such as ").unwrap().1;
    assert!(read(example).is_ok(), "{example}");
}

proptest! {
    #[test]
    fn a_text_gives_its_moment_back(moment in moment()) {
        prop_assert_eq!(moment.to_string().parse(), Ok(moment));
    }

    #[test]
    fn every_text_has_the_same_shape(moment in moment()) {
        let shape: String = moment
            .to_string()
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        prop_assert_eq!(shape, "0000-00-00T00:00:00.000000Z");
    }

    #[test]
    fn texts_order_as_the_moments_do(a in moment(), distance in -3 * SECOND..3 * SECOND) {
        let micros = a.as_micros().saturating_add(distance);
        prop_assume!(Timestamp::from_micros(micros).is_ok());
        let b = Timestamp::from_micros(micros).unwrap();
        prop_assert_eq!(a.cmp(&b), a.as_micros().cmp(&micros));
        prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
    }

    #[test]
    fn distant_texts_order_as_the_moments_do(a in moment(), b in moment()) {
        prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
    }

    #[test]
    fn an_offset_moves_the_clock_not_the_moment(
        seconds in -60_000_000_000_i64..250_000_000_000,
        minutes in -1_439..=1_439_i64,
    ) {
        let moment = Timestamp::from_micros(seconds * SECOND).unwrap();
        let local = Timestamp::from_micros((seconds + minutes * 60) * SECOND).unwrap();
        let clock = local.to_string().replace('Z', "");
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        prop_assert_eq!(format!("{clock}{sign}{hours:02}:{rest:02}").parse(), Ok(moment));
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        drop(read(&text));
    }

    #[test]
    fn texts_like_times_are_read_or_refused(text in "[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?([Zz]|[+-][0-9]{2}:[0-9]{2})") {
        if let Ok(canonical) = read(&text) {
            prop_assert_eq!(read(&canonical), Ok(canonical.clone()));
        }
    }
}
