/// Returns `number` as an integer, if it has no fraction and fits 64 bits. In JSON, `7.0` and
/// `7e0` are integers as well as `7` (JSON Schema, core section 4.2.3).
#[must_use]
pub fn whole_number(number: f64) -> Option<i64> {
    let text = (number.fract() == 0.0).then(|| format!("{number:.0}"))?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_has_no_fraction_and_fits_64_bits() {
        for (number, expected) in [
            (7.0, Some(7)),
            (-7e3, Some(-7000)),
            (4_142_453_100_634_998.0, Some(4_142_453_100_634_998)),
            (7.5, None),
            (1e300, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(whole_number(number), expected, "{number}");
        }
    }
}
