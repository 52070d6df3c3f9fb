//! The digest of the beginning of a file.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::sync::Arc;

use byline_application::Digest;
use sha2::{Digest as _, Sha256};

use crate::files::At;

/// Computes the SHA-256 of the first bytes of a file, as their number grows. A clone can look
/// ahead.
#[derive(Clone)]
pub(crate) struct PrefixHasher {
    file: Arc<File>,
    bytes: u64,
    hash: Sha256,
}

const BUFFER: usize = 1 << 18;

impl PrefixHasher {
    /// Begins at the beginning of the file.
    pub(crate) fn of(file: &Arc<File>) -> Self {
        Self {
            file: Arc::clone(file),
            bytes: 0,
            hash: Sha256::new(),
        }
    }

    /// Returns the digest of the first `bytes` of the file, which must not be fewer than before.
    /// Fails if the file has become shorter.
    pub(crate) fn advance(&mut self, bytes: u64) -> io::Result<Digest> {
        let further = bytes.checked_sub(self.bytes);
        let further = further.ok_or(io::ErrorKind::InvalidInput)?;
        let file = At::new(Arc::clone(&self.file), self.bytes).take(further);
        let mut file = BufReader::with_capacity(BUFFER, file);
        while self.bytes < bytes {
            let chunk = file.fill_buf()?;
            if chunk.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.hash.update(chunk);
            let read = chunk.len();
            file.consume(read);
            self.bytes += u64::try_from(read).unwrap_or_default();
        }
        Ok(Digest::from_bytes(self.hash.clone().finalize().into()))
    }
}

#[cfg(test)]
mod tests {
    use byline_application::import::Checkpoint;

    use super::*;

    #[test]
    fn is_the_sha_256_of_the_bytes_up_to_a_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let text = "abc".repeat(200_000);
        std::fs::write(&path, &text).unwrap();
        let mut prefix = PrefixHasher::of(&Arc::new(File::open(&path).unwrap()));
        assert_eq!(prefix.advance(0).unwrap(), Checkpoint::START.digest);
        let at = |prefix: &mut PrefixHasher, end: usize| {
            let expected = Digest::from_bytes(Sha256::digest(&text[..end]).into());
            assert_eq!(
                prefix.advance(u64::try_from(end).unwrap()).unwrap(),
                expected
            );
        };
        for end in [3, 3, 500_000, 600_000] {
            at(&mut prefix, end);
        }
        let mut prefix = PrefixHasher::of(&prefix.file);
        at(&mut prefix, 300_001);
        at(&mut prefix.clone(), 600_000);
        at(&mut prefix.clone(), 400_000);
        at(&mut prefix, 300_001);
        assert!(prefix.advance(300_000).is_err());
        assert!(prefix.advance(600_001).is_err());
    }
}
