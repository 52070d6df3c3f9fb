use std::fmt;

use crate::Digest;

/// The secret of a key: `byl_`, 43 random characters of base 62 (256 bits) and a checksum of 6
/// characters, as in the tokens of GitHub. Scanners for secrets find it by its form and
/// confirm it by its checksum.
///
/// The checksum refuses most wrong secrets without asking the store. The store keeps a plain
/// SHA-256, since 256 random bits cannot be guessed; a slow hash is for secrets that people
/// choose.
pub struct Secret(String);

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Secret {
    /// The beginning of every secret.
    pub const PREFIX: &str = "byl_";

    /// The number of random characters.
    pub const RANDOM: usize = 43;

    const CHECKSUM: usize = 6;

    /// Returns the secret with these random characters: [`RANDOM`](Self::RANDOM) of base 62,
    /// uniformly distributed. `None` if their number or one of them is wrong.
    #[must_use]
    pub fn of(random: &str) -> Option<Self> {
        let fits = random.len() == Self::RANDOM && random.bytes().all(|b| ALPHABET.contains(&b));
        fits.then(|| Self(format!("{}{random}{}", Self::PREFIX, checksum(random))))
    }

    /// Returns the secret with this text, if its form and its checksum are right.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(Self::PREFIX)?;
        let (random, found) = rest.split_at_checked(Self::RANDOM)?;
        let secret = Self::of(random)?;
        (found.len() == Self::CHECKSUM && secret.0.ends_with(found)).then_some(secret)
    }

    /// Returns what the stores keep: the SHA-256 of the text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::plain(self.0.as_bytes())
    }

    /// Returns the beginning, by which an operator recognises a key.
    #[must_use]
    pub fn hint(&self) -> &str {
        self.0.get(..Self::PREFIX.len() + 4).unwrap_or_default()
    }

    /// Returns the text of the secret.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Shows the hint only.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}…)", self.hint())
    }
}

/// Returns the CRC-32 (ISO-HDLC) of the random characters, in base 62.
fn checksum(random: &str) -> String {
    let mut rest = crc32fast::hash(random.as_bytes());
    let mut digits = [b'0'; Secret::CHECKSUM];
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
    fn the_form_is_that_of_a_token_with_a_checksum() {
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
    fn a_secret_with_a_changed_character_is_refused() {
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
    fn debug_output_hides_the_secret() {
        assert_eq!(format!("{:?}", secret()), "Secret(byl_xxxx…)");
    }
}
