//! The archive as bytes: members, hashes, and the seal at the end.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::super::artifacts::hex;
use super::FileEntry;

/// Last member: SHA-256 of everything before it.
pub(super) const SEAL: &str = "SHA256";

/// Length of the last member and the end marks: header, one block, two blocks of zeros.
const SEAL_LENGTH: u64 = 4 * 512;

/// An archive that is being written.
pub(super) struct Pack<'f> {
    tar: tar::Builder<Hashing<BufWriter<&'f File>>>,
    written: Timestamp,
    files: Vec<FileEntry>,
}

impl<'f> Pack<'f> {
    pub(super) fn new(file: &'f File, written: Timestamp) -> Self {
        Self {
            tar: tar::Builder::new(Hashing::new(BufWriter::with_capacity(1 << 16, file))),
            written,
            files: Vec::new(),
        }
    }

    /// Adds a file of `size` bytes.
    pub(super) fn add(&mut self, name: &str, size: u64, content: impl Read) -> io::Result<()> {
        let seconds = u64::try_from(self.written.as_second()).unwrap_or(0);
        let mut content = Hashing::new(content);
        self.tar
            .append_data(&mut header(size, seconds), name, &mut content)?;
        if content.length != size {
            return Err(io::Error::other(format!(
                "{name} has changed while it was copied"
            )));
        }
        self.files.push(FileEntry {
            path: name.to_owned(),
            size,
            sha256: content.sha256(),
        });
        Ok(())
    }

    /// Files added so far.
    pub(super) fn files(&self) -> &[FileEntry] {
        &self.files
    }

    /// Ends the archive and returns its length in bytes.
    pub(super) fn seal(mut self) -> io::Result<u64> {
        let digest = self.tar.get_ref().sha256();
        append_seal(&mut self.tar, &digest)?;
        let mut out = self.tar.into_inner()?;
        out.flush()?;
        Ok(out.length)
    }
}

fn header(size: u64, seconds: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o600);
    header.set_mtime(seconds);
    header.set_size(size);
    header
}

pub(super) fn append_seal<W: Write>(tar: &mut tar::Builder<W>, digest: &str) -> io::Result<()> {
    tar.append_data(&mut header(digest.len() as u64, 0), SEAL, digest.as_bytes())
}

/// Whether the seal at the end of an archive fits all that stands before it. Reads the whole file
/// and returns to its beginning.
pub(super) fn is_whole(file: &mut File) -> io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let Some(body) = length.checked_sub(SEAL_LENGTH) else {
        return Ok(false);
    };
    let mut reader = BufReader::with_capacity(1 << 16, &mut *file);
    let mut hasher = Hashing::new(io::sink());
    let read = io::copy(&mut reader.by_ref().take(body), &mut hasher)?;
    let mut found = Vec::new();
    reader.read_to_end(&mut found)?;
    let mut expected = tar::Builder::new(Vec::new());
    append_seal(&mut expected, &hasher.sha256())?;
    file.rewind()?;
    Ok(read == body && found == expected.into_inner()?)
}

/// Counts and hashes what passes through.
pub(super) struct Hashing<T> {
    inner: T,
    hasher: Sha256,
    pub(super) length: u64,
}

impl<T> Hashing<T> {
    pub(super) fn new(inner: T) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            length: 0,
        }
    }

    #[cfg(test)]
    pub(super) fn into_inner(self) -> T {
        self.inner
    }

    pub(super) fn sha256(&self) -> String {
        hex(&self.hasher.clone().finalize())
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.pass(&buffer[..n]);
        Ok(n)
    }
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.pass(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
