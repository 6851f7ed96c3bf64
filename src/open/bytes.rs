//! The bytes behind a path: the one door through which originals are read.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

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
}

impl Bytes {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// When there is no such file or it may not be read.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self {
            inner: Inner::File(file),
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
            #[cfg(unix)]
            Inner::File(file) => std::os::unix::fs::FileExt::read_at(file, buffer, offset),
            #[cfg(windows)]
            Inner::File(file) => std::os::windows::fs::FileExt::seek_read(file, buffer, offset),
        }
    }
}

/// Whether there is a regular file at `path`.
pub(super) fn is_file(path: &Path) -> bool {
    path.is_file()
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
