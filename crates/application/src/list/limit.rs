/// The most rows that a page may have: 1 to [`Limit::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u8);

/// The limit is below 1 or above [`Limit::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from 1 to {max}", max = Limit::MAX.0)]
pub struct InvalidLimit;

impl Limit {
    /// The largest page.
    pub const MAX: Self = Self(100);

    /// Returns the number of rows.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<i64> for Limit {
    type Error = InvalidLimit;

    fn try_from(rows: i64) -> Result<Self, InvalidLimit> {
        match u8::try_from(rows) {
            Ok(rows) if (1..=Self::MAX.0).contains(&rows) => Ok(Self(rows)),
            _ => Err(InvalidLimit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidLimit, Limit};

    #[test]
    fn a_page_has_1_to_100_rows() {
        assert_eq!(Limit::MAX.get(), 100);
        for rows in [1_u8, 50, 99, 100] {
            assert_eq!(Limit::try_from(i64::from(rows)).map(Limit::get), Ok(rows));
        }
        // 257 is 1 in the lowest byte.
        for rows in [0, 101, 255, 256, 257, -1, -255, i64::MIN, i64::MAX] {
            assert_eq!(Limit::try_from(rows), Err(InvalidLimit), "{rows}");
        }
    }

    #[test]
    fn the_default_is_50_rows() {
        assert_eq!(Limit::default().get(), 50);
    }

    #[test]
    fn the_error_names_the_limits() {
        assert_eq!(
            InvalidLimit.to_string(),
            "must be a whole number from 1 to 100"
        );
    }
}
