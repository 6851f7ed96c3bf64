//! A file that grows beside its place and takes it when it is whole.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::digest::{Digest, read_all};
use super::meter::Meter;
use super::plan::Wanted;
use super::receipt::Record;
use super::{Error, Result};

pub(super) struct Part<'w> {
    wanted: &'w Wanted,
    folder: PathBuf,
    path: PathBuf,
    file: File,
    digest: Digest,
    bytes: u64,
}

impl<'w> Part<'w> {
    /// One without anything in it.
    pub(super) fn empty(folder: &Path, wanted: &'w Wanted, meter: &mut Meter<'_>) -> Result<Self> {
        let mut part = Self::begin(folder, wanted)?;
        part.restart(meter)?;
        Ok(part)
    }

    /// What an earlier fetch has left, read for its checksum; or an empty one.
    pub(super) fn open(folder: &Path, wanted: &'w Wanted, meter: &mut Meter<'_>) -> Result<Self> {
        let mut part = Self::begin(folder, wanted)?;
        let failed = Error::read(&part.path);
        let length = part.file.metadata().map_err(failed)?.len();
        if length > wanted.bytes {
            part.restart(meter)?;
            return Ok(part);
        }
        let (mut digest, mut bytes) = (Digest::of(wanted), 0);
        read_all((&part.file).take(length), &part.path, meter, |chunk| {
            digest.update(chunk);
            bytes += chunk.len() as u64;
            Ok(())
        })?;
        (part.digest, part.bytes) = (digest, bytes);
        Ok(part)
    }

    fn begin(folder: &Path, wanted: &'w Wanted) -> Result<Self> {
        let path = wanted.part(folder);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let file = options.open(&path).map_err(Error::write(&path))?;
        Ok(Self {
            wanted,
            folder: folder.to_owned(),
            path,
            file,
            digest: Digest::of(wanted),
            bytes: 0,
        })
    }

    /// Bytes that are there.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) const fn wanted(&self) -> &'w Wanted {
        self.wanted
    }

    /// Begins anew.
    pub(super) fn restart(&mut self, meter: &mut Meter<'_>) -> Result<()> {
        let failed = || Error::write(&self.path);
        // A device that stands in for a file cannot be cut, and holds nothing.
        if self.file.metadata().is_ok_and(|found| found.len() > 0) {
            self.file.set_len(0).map_err(failed())?;
            self.file.seek(SeekFrom::Start(0)).map_err(failed())?;
        }
        (self.digest, self.bytes) = (Digest::of(self.wanted), 0);
        meter.at(0);
        Ok(())
    }

    /// Adds bytes behind those that are there.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Write`]; [`Error::Checksum`] when they are more than expected.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if self.bytes + bytes.len() as u64 > self.wanted.bytes {
            return Err(self.discard("more bytes".to_owned()));
        }
        let written = self.file.write_all(bytes);
        written.map_err(Error::write(&self.path))?;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Removes what is there, since it has another size than expected.
    pub(super) fn discard(&self, found: String) -> Error {
        std::fs::remove_file(&self.path).ok();
        Error::Checksum {
            path: self.folder.join(&self.wanted.path),
            expected: format!("{} bytes", self.wanted.bytes),
            found,
        }
    }

    /// Checks the whole and gives it its name. What is wrong is removed.
    pub(super) fn finish(self) -> Result<Record> {
        if self.bytes != self.wanted.bytes {
            return Err(self.discard(format!("{} bytes", self.bytes)));
        }
        let place = self.folder.join(&self.wanted.path);
        let sha256 = match self.digest.finish(self.wanted) {
            Ok(sha256) => sha256,
            Err([expected, found]) => {
                super::document::remove(&self.path)?;
                return Err(Error::Checksum {
                    path: place,
                    expected,
                    found,
                });
            }
        };
        self.file.sync_all().map_err(Error::write(&self.path))?;
        std::fs::rename(&self.path, &place).map_err(Error::write(&place))?;
        Ok(Record {
            path: self.wanted.path.clone(),
            bytes: self.bytes,
            sha256,
        })
    }
}
