//! Files named by the SHA-256 of their content.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::atomic::{self, Durability};
use super::error::Error;

/// Folder for files that are still being written; swept when a workspace opens.
pub(super) const SCRATCH: &str = "tmp";

/// The content-addressed files of a workspace.
///
/// A file is never changed or overwritten with other content. It becomes part of the record when a
/// transaction names it.
#[derive(Clone, Debug)]
pub struct Artifacts(Arc<Path>);

impl Artifacts {
    /// The artifacts in `dir`, which is made if absent.
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        let scratch = dir.join(SCRATCH);
        match std::fs::remove_dir_all(&scratch) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                return Err(Error::io("sweep", &scratch)(e));
            }
            _ => {}
        }
        std::fs::create_dir_all(&scratch).map_err(Error::io("create", &scratch))?;
        Ok(Self(dir.into()))
    }

    /// The artifacts in `dir`, for reading only.
    pub(super) fn read_only(dir: &Path) -> Self {
        Self(dir.into())
    }

    /// Stores `bytes` and returns their SHA-256 (hex). When it returns they are on the disk.
    ///
    /// # Errors
    /// Errors of files, [`Error::DiskFull`] among them.
    pub fn put(&self, bytes: &[u8]) -> Result<String, Error> {
        let sha256 = sha256_hex(bytes);
        let path = self.path(&sha256)?;
        let parent = path.parent().unwrap_or(&self.0);
        std::fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        // A damaged file of that name is replaced.
        if std::fs::read(&path).is_ok_and(|found| found == bytes) {
            atomic::sync_dir(parent).map_err(Error::io("sync", parent))?;
        } else {
            atomic::write(&path, &self.0.join(SCRATCH), bytes, Durability::Disk)
                .map_err(Error::io("write the artifact", &path))?;
        }
        atomic::sync_dir(&self.0).map_err(Error::io("sync", &self.0))?;
        Ok(sha256)
    }

    /// The content of an artifact, its hash checked.
    ///
    /// # Errors
    /// [`Error::MissingArtifact`], [`Error::Corrupt`], and errors of files.
    pub fn get(&self, sha256: &str) -> Result<Vec<u8>, Error> {
        let path = self.path(sha256)?;
        let bytes = match std::fs::read(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let sha256 = sha256.to_owned();
                return Err(Error::MissingArtifact { sha256 });
            }
            other => other.map_err(Error::io("read the artifact", &path))?,
        };
        if sha256_hex(&bytes) != sha256 {
            return Err(Error::Corrupt { path });
        }
        Ok(bytes)
    }

    /// Removes an artifact; whether it was there.
    pub(super) fn remove(&self, sha256: &str) -> Result<bool, Error> {
        let path = self.path(sha256)?;
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
            Err(e) => Err(Error::io("remove the artifact", &path)(e)),
        }
    }

    /// Size of an artifact in bytes; its content is not checked.
    pub(super) fn size(&self, sha256: &str) -> Result<u64, Error> {
        let path = self.path(sha256)?;
        match std::fs::metadata(&path) {
            Ok(meta) => Ok(meta.len()),
            Err(e) if e.kind() == ErrorKind::NotFound => Err(Error::MissingArtifact {
                sha256: sha256.to_owned(),
            }),
            Err(e) => Err(Error::io("read the artifact", &path)(e)),
        }
    }

    /// Names come from the database too, which others may have edited: anything but 64 lower-case
    /// hex digits could leave the folder.
    fn path(&self, sha256: &str) -> Result<PathBuf, Error> {
        let plain = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if sha256.len() != 64 || !sha256.bytes().all(plain) {
            return Err(Error::Refused(format!(
                "{sha256:?} is not the SHA-256 of an artifact (64 hex digits)"
            )));
        }
        let (folder, name) = sha256.split_at(2);
        Ok(self.0.join(folder).join(name))
    }
}

/// SHA-256 as 64 hex digits.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}
