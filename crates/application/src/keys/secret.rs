use std::fmt;

use crate::Digest;

/// The secret of a key: `byl_`, 43 random characters of base 62 (256 bits) and
/// 6 that check the others, as in the tokens of GitHub. Scanners for secrets
/// find it by its form, and tell by its check whether it is one.
///
/// What somebody guesses is found out by its check without a look at the store,
/// and 256 bits are guessed by nobody: so the store keeps a plain SHA-256. A
/// slow hash is for secrets that people choose.
pub struct Secret(String);

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Secret {
    /// How every secret begins.
    pub const PREFIX: &str = "byl_";

    /// How many random characters it has.
    pub const RANDOM: usize = 43;

    const CHECK: usize = 6;

    /// The secret of these characters: as many as [`RANDOM`](Self::RANDOM), of
    /// base 62, each as likely as any other. None if they are others.
    #[must_use]
    pub fn of(random: &str) -> Option<Self> {
        let fits = random.len() == Self::RANDOM && random.bytes().all(|b| ALPHABET.contains(&b));
        fits.then(|| Self(format!("{}{random}{}", Self::PREFIX, check(random))))
    }

    /// The secret that is spelt so, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(Self::PREFIX)?;
        let (random, found) = rest.split_at_checked(Self::RANDOM)?;
        let secret = Self::of(random)?;
        (found.len() == Self::CHECK && secret.0.ends_with(found)).then_some(secret)
    }

    /// What the stores keep: SHA-256 of its spelling.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::plain(self.0.as_bytes())
    }

    /// What it may be recognised by: its beginning.
    #[must_use]
    pub fn hint(&self) -> &str {
        self.0.get(..Self::PREFIX.len() + 4).unwrap_or_default()
    }

    /// Its spelling, for the one who shall use it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Not the secret.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}…)", self.hint())
    }
}

/// CRC-32 (ISO-HDLC) of the random characters, in base 62.
fn check(random: &str) -> String {
    let mut rest = crc32fast::hash(random.as_bytes());
    let mut digits = [b'0'; Secret::CHECK];
    for digit in digits.iter_mut().rev() {
        let index = usize::try_from(rest % 62).unwrap_or_default();
        *digit = ALPHABET.get(index).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits.map(char::from).iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::of(&"x".repeat(Secret::RANDOM)).unwrap()
    }

    #[test]
    fn has_the_form_that_scanners_look_for() {
        let secret = secret();
        let text = secret.reveal();
        assert_eq!(text.len(), 53);
        assert!(text.starts_with("byl_xxxx"));
        // The CRC-32 by Python's zlib, in base 62.
        assert!(text.ends_with("xxxx1nNfvf"), "{text}");
        assert_eq!(secret.hint(), "byl_xxxx");
        assert_eq!(Secret::parse(text).unwrap().digest(), secret.digest());
    }

    #[test]
    fn any_change_of_a_character_is_found_out() {
        let text = secret().reveal().to_owned();
        for (index, _) in text.char_indices() {
            for other in ["0", "y", "_", "é", ""] {
                let mut changed = text.clone();
                changed.replace_range(index..=index, other);
                if changed != text {
                    assert!(Secret::parse(&changed).is_none(), "{changed}");
                }
            }
        }
        assert!(Secret::parse(&format!("{text}0")).is_none());
        assert!(Secret::parse(&text[..text.len() - 1]).is_none());
        assert!(Secret::parse("").is_none());
        assert!(Secret::parse("byl_").is_none());
    }

    #[test]
    fn is_not_printed() {
        assert_eq!(format!("{:?}", secret()), "Secret(byl_xxxx…)");
    }
}
