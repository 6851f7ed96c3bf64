//! Checksums of files.

use std::io::Read;
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::meter::Meter;
use super::plan::Wanted;
use super::{Error, Result};

/// Bytes that are read at a time.
pub(super) const CHUNK: usize = 1 << 18;

/// SHA-256, which receipts hold, and where only that is known the checksum that git gives a file.
pub(super) struct Digest {
    sha256: Sha256,
    blob: Option<Sha1>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl Digest {
    /// For a file of which this is known.
    pub(super) fn of(wanted: &Wanted) -> Self {
        let needs_blob = wanted.sha256.is_none() && wanted.blob.is_some();
        let begin = || Sha1::new_with_prefix(format!("blob {}\0", wanted.bytes));
        Self {
            sha256: Sha256::new(),
            blob: needs_blob.then(begin),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(blob) = &mut self.blob {
            blob.update(bytes);
        }
    }

    /// SHA-256, if what is known of the file holds; else what was expected and what was found.
    pub(super) fn finish(self, wanted: &Wanted) -> std::result::Result<String, [String; 2]> {
        let sha256 = hex(&self.sha256.finalize());
        if let Some(expected) = wanted.sha256.as_ref().filter(|e| **e != sha256) {
            return Err([format!("sha256 {expected}"), sha256]);
        }
        if let (Some(blob), Some(expected)) = (self.blob, &wanted.blob) {
            let found = hex(&blob.finalize());
            if found != *expected {
                return Err([format!("git blob {expected}"), found]);
            }
        }
        Ok(sha256)
    }
}

/// Reads a file to its end, counted on the meter.
pub(super) fn read_all(
    mut file: impl Read,
    path: &Path,
    meter: &mut Meter<'_>,
    mut take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = match file.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Error::read(path)(e)),
        };
        take(&chunk[..n])?;
        meter.add(n)?;
    }
}

/// Reads a whole file for its checksum.
pub(super) fn digest(path: &Path, wanted: &Wanted, meter: &mut Meter<'_>) -> Result<Digest> {
    let file = std::fs::File::open(path).map_err(Error::read(path))?;
    let mut digest = Digest::of(wanted);
    read_all(file, path, meter, |bytes| {
        digest.update(bytes);
        Ok(())
    })?;
    Ok(digest)
}
