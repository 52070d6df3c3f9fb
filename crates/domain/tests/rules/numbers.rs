//! Ids and versions.

use byline_domain::{IdOutOfRange, LastVersion, PostId, UserId, Version};
use proptest::prelude::*;

const LARGEST: i64 = 9_007_199_254_740_991;

#[test]
fn ids_are_whole_numbers_from_1_to_2_to_the_53_less_1() {
    for number in [1, 2, LARGEST - 1, LARGEST] {
        assert_eq!(UserId::try_from(number).map(UserId::get), Ok(number));
        assert_eq!(PostId::try_from(number).map(PostId::get), Ok(number));
    }
    for number in [0, -1, LARGEST + 1, i64::MIN, i64::MAX] {
        assert_eq!(UserId::try_from(number), Err(IdOutOfRange), "{number}");
        assert_eq!(PostId::try_from(number), Err(IdOutOfRange), "{number}");
    }
}

#[test]
fn the_largest_id_is_the_largest_integer_that_a_double_counts_to() {
    assert_eq!(UserId::MAX.get(), LARGEST);
    assert_eq!(PostId::MAX.get(), LARGEST);
    assert_eq!(LARGEST + 1, 1 << f64::MANTISSA_DIGITS);
}

#[test]
fn an_id_is_shown_as_its_digits() {
    assert_eq!(UserId::try_from(42).unwrap().to_string(), "42");
    assert_eq!(PostId::MAX.to_string(), "9007199254740991");
}

#[test]
fn the_error_of_an_id_names_the_limits() {
    assert_eq!(
        IdOutOfRange.to_string(),
        "an id is a whole number from 1 to 9007199254740991"
    );
}

#[test]
fn a_version_has_the_range_of_an_id() {
    for number in [1, 2, LARGEST] {
        assert_eq!(Version::new(number).map(Version::get), Some(number));
    }
    for number in [0, -1, i64::MIN, LARGEST + 1, i64::MAX] {
        assert_eq!(Version::new(number), None, "{number}");
    }
}

#[test]
fn the_first_version_is_1_and_the_next_one_more() {
    assert_eq!(Version::FIRST.get(), 1);
    assert_eq!(Version::FIRST.next(), Ok(Version::new(2).unwrap()));
}

#[test]
fn no_version_follows_the_last() {
    assert_eq!(Version::MAX.get(), LARGEST);
    assert_eq!(Version::MAX.next(), Err(LastVersion));
    let before = Version::new(LARGEST - 1).unwrap();
    assert_eq!(before.next(), Ok(Version::MAX));
}

#[test]
fn imported_ids_and_versions_leave_numbers() {
    let left = LARGEST - UserId::MAX_IMPORTED.get();
    assert_eq!(left, 1 << 40);
    assert_eq!(PostId::MAX_IMPORTED.get(), UserId::MAX_IMPORTED.get());
    assert_eq!(Version::MAX_IMPORTED.get(), UserId::MAX_IMPORTED.get());
}

proptest! {
    #[test]
    fn ids_and_versions_order_as_their_numbers_do(a in 1..=LARGEST, b in 1..=LARGEST) {
        prop_assert_eq!(UserId::try_from(a)?.cmp(&UserId::try_from(b)?), a.cmp(&b));
        prop_assert_eq!(PostId::try_from(a)?.cmp(&PostId::try_from(b)?), a.cmp(&b));
        prop_assert_eq!(Version::new(a).cmp(&Version::new(b)), a.cmp(&b));
    }

    #[test]
    fn any_number_is_an_id_or_out_of_range(number in any::<i64>()) {
        let expected = (1..=LARGEST).contains(&number).then_some(number);
        prop_assert_eq!(UserId::try_from(number).ok().map(UserId::get), expected);
        prop_assert_eq!(PostId::try_from(number).ok().map(PostId::get), expected);
    }
}
