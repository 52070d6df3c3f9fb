//! The digest of the beginning of a file.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use byline_application::Digest;
use sha2::{Digest as _, Sha256};

use crate::files::At;

/// Computes the SHA-256 of the first bytes of a file, as their number grows.
pub(crate) struct PrefixHasher {
    file: Arc<File>,
    reader: At,
    bytes: u64,
    hash: Sha256,
    /// The state that was settled last.
    settled: (u64, Sha256),
    buffer: Vec<u8>,
}

const BUFFER: usize = 1 << 18;

impl PrefixHasher {
    /// Begins at the beginning of the file.
    pub(crate) fn of(file: &Arc<File>) -> Self {
        Self {
            file: Arc::clone(file),
            reader: At::new(Arc::clone(file), 0),
            bytes: 0,
            hash: Sha256::new(),
            settled: (0, Sha256::new()),
            buffer: vec![0; BUFFER],
        }
    }

    /// Returns the digest of the first `bytes` of the file. They may be fewer than before, but
    /// not fewer than when [`settle`](Self::settle) was called.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or has become shorter.
    pub(crate) fn advance(&mut self, bytes: u64) -> io::Result<Digest> {
        if bytes < self.bytes {
            (self.bytes, self.hash) = self.settled.clone();
            self.reader = At::new(Arc::clone(&self.file), self.bytes);
        }
        if bytes < self.bytes {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        while self.bytes < bytes {
            let rest = usize::try_from(bytes - self.bytes).unwrap_or(BUFFER);
            let wanted = rest.min(BUFFER);
            let buffer = self.buffer.get_mut(..wanted).unwrap_or_default();
            let read = self.reader.read(buffer)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.hash
                .update(self.buffer.get(..read).unwrap_or_default());
            self.bytes += u64::try_from(read).unwrap_or_default();
        }
        Ok(Digest::from_bytes(self.hash.clone().finalize().into()))
    }

    /// Gives up what is needed to go back behind this position.
    pub(crate) fn settle(&mut self) {
        self.settled = (self.bytes, self.hash.clone());
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
        for end in [3, 3, 500_000, 600_000] {
            let expected = Digest::from_bytes(Sha256::digest(&text[..end]).into());
            assert_eq!(
                prefix.advance(u64::try_from(end).unwrap()).unwrap(),
                expected
            );
        }
        let at = |prefix: &mut PrefixHasher, end: usize| {
            let expected = Digest::from_bytes(Sha256::digest(&text[..end]).into());
            assert_eq!(
                prefix.advance(u64::try_from(end).unwrap()).unwrap(),
                expected
            );
        };
        at(&mut prefix, 300_001);
        prefix.settle();
        at(&mut prefix, 600_000);
        at(&mut prefix, 400_000);
        at(&mut prefix, 300_001);
        assert!(prefix.advance(300_000).is_err());
        assert!(prefix.advance(600_001).is_err());
    }
}
