//! Where the elements of a file lie: the file itself or, of a deflated one, what it inflates to.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::read::DeflateDecoder;

use crate::open::bytes::Bytes;

/// Bytes that can be read at any place.
#[derive(Debug)]
pub(super) enum Store {
    File(Bytes),
    Memory(Vec<u8>),
}

/// The largest deflated data set that is inflated, bytes.
const MOST_INFLATED: u64 = 2 << 30;

impl Store {
    /// Inflates everything from `start` on (PS3.5 A.5); what lies before stays as it is.
    ///
    /// # Errors
    /// When the stream is damaged, or longer than any series that is opened.
    pub(super) fn inflated(file: Bytes, start: u64) -> io::Result<Self> {
        let mut head = vec![0; usize::try_from(start).unwrap_or(usize::MAX).min(1 << 20)];
        file.read_exact_at(&mut head, 0)?;
        let mut file = file;
        file.seek(SeekFrom::Start(start))?;
        let mut inflater = DeflateDecoder::new(io::BufReader::new(file)).take(MOST_INFLATED);
        inflater.read_to_end(&mut head)?;
        if inflater.limit() == 0 {
            return Err(io::Error::other("the deflated data set is too large"));
        }
        Ok(Self::Memory(head))
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::File(file) => file.len(),
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// When there are fewer bytes, or reading fails.
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::File(file) => file.read_exact_at(buffer, offset),
            Self::Memory(bytes) => {
                let part = usize::try_from(offset)
                    .ok()
                    .and_then(|start| bytes.get(start..start.checked_add(buffer.len())?))
                    .ok_or(io::ErrorKind::UnexpectedEof)?;
                buffer.copy_from_slice(part);
                Ok(())
            }
        }
    }

    /// `length` bytes from `offset` on.
    ///
    /// # Errors
    /// When there are fewer, or reading fails; nothing is allocated for what is not there.
    pub(super) fn read(&self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        if offset
            .checked_add(length)
            .is_none_or(|end| end > self.len())
        {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut buffer = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.read_exact_at(&mut buffer, offset)?;
        Ok(buffer)
    }
}

/// The longest header that is kept, bytes.
const MOST_HEADER: usize = 1 << 29;
/// How much is read at once while looking at headers, bytes.
const STEP: usize = 16 << 10;
/// A jump farther than this is into pixels, not into the header.
const FAR: u64 = 64 << 10;

/// The beginning of a store, read once and kept while a walk goes over it.
pub(super) struct Prefix<'a> {
    store: &'a Store,
    kept: Vec<u8>,
    at: u64,
}

impl<'a> Prefix<'a> {
    pub(super) const fn new(store: &'a Store) -> Self {
        Self {
            store,
            kept: Vec::new(),
            at: 0,
        }
    }

    /// The first `n` bytes, or fewer where the store ends.
    pub(super) fn first(&mut self, n: u64) -> io::Result<&[u8]> {
        let n = usize::try_from(n.min(self.store.len())).map_err(io::Error::other)?;
        if n > MOST_HEADER {
            return Err(io::Error::other("the header is too long"));
        }
        if self.kept.len() < n {
            let from = self.kept.len();
            let room = usize::try_from(self.store.len()).unwrap_or(usize::MAX);
            self.kept.resize((n.max(from + STEP)).min(room), 0);
            self.store
                .read_exact_at(&mut self.kept[from..], from as u64)?;
        }
        Ok(&self.kept[..n])
    }
}

impl Read for Prefix<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.store.len().saturating_sub(self.at);
        let n = left.min(buffer.len() as u64) as usize;
        let (at, end) = (self.at, self.at + n as u64);
        if end <= self.kept.len() as u64 + FAR {
            let bytes = self.first(end)?;
            buffer[..n].copy_from_slice(&bytes[at as usize..end as usize]);
        } else {
            self.store.read_exact_at(&mut buffer[..n], at)?;
        }
        self.at = end;
        Ok(n)
    }
}

impl Seek for Prefix<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::End(n) => self.store.len().checked_add_signed(n),
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
    fn near_and_far_places_read_the_same() {
        let bytes: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
        let store = Store::Memory(bytes.clone());
        let mut prefix = Prefix::new(&store);
        for at in [0u64, 131, 16_380, 250_000, 70_000, 299_996] {
            prefix.seek(SeekFrom::Start(at)).expect("inside");
            let mut four = [0; 4];
            prefix.read_exact(&mut four).expect("inside");
            assert_eq!(four, bytes[at as usize..at as usize + 4]);
        }
        assert!(store.read(299_999, 2).is_err());
        assert!(store.read(u64::MAX, 2).is_err());
    }
}
