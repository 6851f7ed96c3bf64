//! The decoded bytes of one part, read forwards.

use std::io::{BufReader, ErrorKind, Read, Result, Seek, SeekFrom};

use bzip2::read::MultiBzDecoder;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};

use super::text::{AsciiBytes, HexBytes};
use super::{Encoding, Part, RawLayout, sizes};
use crate::jobs::JobContext;
use crate::open::bytes::Bytes;
use crate::open::{Error, Refusal};

/// Opens a part `before` bytes behind the beginning of its samples, of which there are `length`.
pub(super) fn open(
    layout: &RawLayout,
    part: &Part,
    length: u64,
    before: u64,
    job: &JobContext,
) -> std::result::Result<Box<dyn Read>, Error> {
    let io = |e: std::io::Error| -> Error { broken(layout, part, &e).into() };
    let mut file = Bytes::open(&part.path).map_err(io)?;
    if layout.encoding == Encoding::Raw {
        let first = match part.skip {
            Some(skip) => part.start.saturating_add(skip),
            None => file.len().saturating_sub(length),
        };
        file.seek(SeekFrom::Start(first.saturating_add(before)))
            .map_err(io)?;
        return Ok(Box::new(file));
    }
    file.seek(SeekFrom::Start(part.start)).map_err(io)?;
    let file = BufReader::with_capacity(1 << 17, file);
    let mut decoded: Box<dyn Read> = match layout.encoding {
        Encoding::Raw => Box::new(file),
        Encoding::Gzip => Box::new(MultiGzDecoder::new(file)),
        Encoding::Zlib => Box::new(ZlibDecoder::new(file)),
        Encoding::Bzip2 => Box::new(MultiBzDecoder::new(file)),
        Encoding::Ascii => Box::new(AsciiBytes::new(file, layout.stored)),
        Encoding::Hex => Box::new(HexBytes::new(file)),
    };
    let wanted = part.skip.unwrap_or(0).saturating_add(before);
    let had = skip(&mut *decoded, wanted, layout, part, job)?;
    if had < wanted {
        let found = had.saturating_sub(part.skip.unwrap_or(0));
        return Err(sizes::too_short(layout, part, length, found).into());
    }
    Ok(decoded)
}

/// What a failure to read means.
pub(super) fn broken(layout: &RawLayout, part: &Part, e: &std::io::Error) -> Refusal {
    layout.format.damaged(&part.path, e.to_string())
}

/// Reads over up to `n` bytes; returns how many there were.
pub(super) fn skip(
    input: &mut dyn Read,
    n: u64,
    layout: &RawLayout,
    part: &Part,
    job: &JobContext,
) -> std::result::Result<u64, Error> {
    let mut buffer = vec![0; 1 << 16];
    let mut done = 0;
    while done < n {
        job.check()?;
        let next = buffer
            .len()
            .min(usize::try_from(n - done).unwrap_or(usize::MAX));
        match input.read(&mut buffer[..next]) {
            Ok(0) => break,
            Ok(k) => done += k as u64,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(broken(layout, part, &e).into()),
        }
    }
    Ok(done)
}

/// Fills as much of `buffer` as there is.
pub(super) fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match input.read(&mut buffer[done..]) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}
