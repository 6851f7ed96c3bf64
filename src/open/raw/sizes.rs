//! Sizes, checked against the files before memory is taken.

use super::{Encoding, Part, RawLayout};
use crate::open::bytes::Bytes;
use crate::open::{Error, Refusal};

/// Deflate cannot do better than this (zlib's technical notes).
const MAX_DEFLATE_RATIO: u64 = 1032;
/// A block of 900 000 bytes after run-length coding (5 bytes stand for up to 259) in no fewer than
/// 32 bytes: bzip2 cannot do better.
const MAX_BZIP2_RATIO: u64 = 1_456_875;

/// Numbers of bytes, all of them checked.
pub(super) struct Sizes {
    /// Bytes of the samples of (inner, i, j, k): one volume, or several that are interleaved.
    pub(super) block: u64,
    /// Bytes of each part.
    pub(super) part: u64,
    /// Bytes beyond the promised ones in files that are not encoded.
    pub(super) surplus: u64,
}

fn product(layout: &RawLayout) -> Option<(u64, u64)> {
    let [ni, nj, nk] = layout.shape;
    let block = [layout.inner, ni, nj, nk]
        .iter()
        .try_fold(layout.stored.size() as u64, |n, &d| {
            n.checked_mul(u64::try_from(d).ok()?)
        })?;
    let total = block.checked_mul(u64::try_from(layout.outer).ok()?)?;
    let fits = isize::try_from(total).is_ok() && layout.inner.checked_mul(layout.outer).is_some();
    (fits && total > 0).then_some((block, total))
}

/// Checks that files can hold what the header promises.
///
/// # Errors
/// When dimensions are impossible, a file is missing or no regular file, or one is too short.
pub(super) fn check(layout: &RawLayout) -> Result<Sizes, Error> {
    let refuse = |message: String| layout.format.damaged(layout.first_path(), message);
    let (block, total) = product(layout).ok_or_else(|| {
        refuse(format!(
            "dimensions {:?} with {} and {} frames are impossible",
            layout.shape, layout.inner, layout.outer
        ))
    })?;
    let n_parts = layout.parts.len() as u64;
    if n_parts == 0 || !total.is_multiple_of(n_parts * layout.stored.size() as u64) {
        return Err(refuse(format!(
            "{total} bytes of samples cannot be shared among {n_parts} files"
        ))
        .into());
    }
    let part = total / n_parts;
    let mut surplus = 0u64;
    for one in &layout.parts {
        let length = length(layout, one)?;
        let behind = length.saturating_sub(one.start);
        let most = match layout.encoding {
            Encoding::Raw => behind,
            Encoding::Gzip | Encoding::Zlib => behind.saturating_mul(MAX_DEFLATE_RATIO),
            Encoding::Bzip2 => behind.saturating_mul(MAX_BZIP2_RATIO),
            // A digit and a space.
            Encoding::Ascii => (behind / 2 + 1).saturating_mul(layout.stored.size() as u64),
            Encoding::Hex => behind / 2,
        };
        let skip = one.skip.unwrap_or(0);
        if part.saturating_add(skip) > most {
            return Err(too_short(layout, one, part, most.saturating_sub(skip)).into());
        }
        if layout.encoding == Encoding::Raw && one.skip.is_some() {
            surplus = surplus.saturating_add(most - skip - part);
        }
    }
    Ok(Sizes {
        block,
        part,
        surplus,
    })
}

fn length(layout: &RawLayout, part: &Part) -> Result<u64, Error> {
    Bytes::open(&part.path)
        .map(|b| b.len())
        .map_err(|e| layout.format.damaged(&part.path, e.to_string()).into())
}

pub(super) fn too_short(layout: &RawLayout, part: &Part, expected: u64, found: u64) -> Refusal {
    layout.format.damaged(
        &part.path,
        format!("the header promises {expected} bytes of voxels, the file holds at most {found}"),
    )
}

pub(super) fn out_of_memory(layout: &RawLayout, bytes: u64) -> Refusal {
    Refusal::new(
        "E-MEMORY",
        format!("{bytes} bytes of voxels do not fit into memory"),
        layout.first_path().display().to_string(),
        "close other series, or use a machine with more memory",
    )
}
