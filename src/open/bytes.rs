//! The bytes behind a path: the one door through which originals are read.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive::{self, Stamp};

/// A file that is open for reading: sequentially, and at any place from several threads at once.
#[derive(Debug)]
pub(super) struct Bytes {
    inner: Inner,
    length: u64,
    at: u64,
}

#[derive(Debug)]
enum Inner {
    File(File),
    /// A member of an archive, unpacked.
    Memory(Arc<[u8]>),
}

impl Bytes {
    /// Opens the file at `path`, which may lead through a zip archive.
    ///
    /// # Errors
    /// When there is no such file or it may not be read. An archive or member that was refused is
    /// an error that carries the [`super::Refusal`].
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let (inner, length) = match File::open(path) {
            Ok(file) => {
                let length = file.metadata()?.len();
                (Inner::File(file), length)
            }
            Err(e) if may_be_inside(&e) => match archive::locate(path)? {
                Some((archive, inner)) => {
                    let bytes = archive.unpack(&inner)?;
                    let length = bytes.len() as u64;
                    (Inner::Memory(bytes), length)
                }
                None => return Err(e),
            },
            Err(e) => return Err(e),
        };
        Ok(Self {
            inner,
            length,
            at: 0,
        })
    }

    /// Number of bytes.
    pub(super) const fn len(&self) -> u64 {
        self.length
    }

    /// Fills `buffer` from `offset` on and leaves the position of sequential reading alone.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file is shorter, or what the system says.
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let mut done = 0;
        while done < buffer.len() {
            match self.read_at(&mut buffer[done..], offset + done as u64) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match &self.inner {
            Inner::File(file) => file_read_at(file, buffer, offset),
            Inner::Memory(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                let rest = bytes.get(from..).unwrap_or_default();
                let n = rest.len().min(buffer.len());
                buffer[..n].copy_from_slice(&rest[..n]);
                Ok(n)
            }
        }
    }
}

/// Reads from a place of a file without moving anything.
pub(super) fn file_read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buffer, offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, buffer, offset);
}

/// Whether the system says no because the path may lead through an archive.
fn may_be_inside(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Whether there is a file at `path`, on disk or in an archive.
pub(super) fn is_file(path: &Path) -> bool {
    match std::fs::metadata(path) {
        Ok(meta) => meta.is_file(),
        Err(e) if may_be_inside(&e) => matches!(
            archive::locate(path),
            Ok(Some((archive, inner))) if archive.holds(&inner)
        ),
        Err(_) => false,
    }
}

/// What a folder holds, on disk or in an archive; empty where there is no such folder.
pub(super) fn list(folder: &Path) -> Vec<PathBuf> {
    if let Ok(entries) = std::fs::read_dir(folder) {
        let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
        paths.sort();
        return paths;
    }
    if std::fs::metadata(folder).is_ok_and(|m| m.is_file()) {
        return archive::open(folder).map_or_else(|_| Vec::new(), |a| a.list(Path::new("")));
    }
    match archive::locate(folder) {
        Ok(Some((archive, inner))) => archive.list(&inner),
        _ => Vec::new(),
    }
}

/// What tells whether the file at `path` may have changed: length and time of the file, or of the
/// archive it is in.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    path.ancestors()
        .find_map(|p| std::fs::metadata(p).ok())
        .filter(Metadata::is_file)
        .map(|meta| Stamp::of(&meta))
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.read_at(buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::End(n) => self.length.checked_add_signed(n),
            SeekFrom::Current(n) => self.at.checked_add_signed(n),
        };
        self.at = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_in_any_order() {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join("ten");
        std::fs::write(&path, b"0123456789").expect("written");
        let mut bytes = Bytes::open(&path).expect("opened");
        assert_eq!(bytes.len(), 10);
        let mut three = [0; 3];
        bytes.read_exact_at(&mut three, 7).expect("inside");
        assert_eq!(&three, b"789");
        assert!(bytes.read_exact_at(&mut three, 8).is_err());
        bytes.seek(SeekFrom::End(-2)).expect("inside");
        let mut rest = Vec::new();
        bytes.read_to_end(&mut rest).expect("read");
        assert_eq!(rest, b"89");
    }
}
