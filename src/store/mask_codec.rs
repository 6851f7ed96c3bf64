//! Masks as bytes of an artifact.
//!
//! `OTMR`, version 1, then unsigned LEB128 numbers: shape (i, j, k), number of runs, and for each
//! run the gap since the end of the last one and its length. Each mask has exactly one encoding,
//! so that equal masks share one artifact; a general compressor would tie the bytes to its version.

use crate::volume::MaskRuns;

const MAGIC: &[u8; 4] = b"OTMR";
const VERSION: u8 = 1;

/// Why a mask could not be encoded, or bytes are not a mask.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MaskCodecError {
    /// The bytes do not begin like a mask.
    #[error("these bytes are not an encoded mask")]
    NotAMask,
    /// A later version of the program wrote it.
    #[error("the mask has encoding {0}, this program knows {VERSION}; update OncoTwin to read it")]
    Newer(u8),
    /// The bytes end early, go on too long, or spell a number in a way of their own.
    #[error("the encoded mask is damaged at byte {0}")]
    Damaged(usize),
    /// A run is empty, touches its neighbour, or leaves the grid.
    #[error("run {0} of the mask is empty, touches the one before, or leaves the grid")]
    Run(usize),
}

/// The bytes of a mask.
///
/// # Errors
/// [`MaskCodecError::Run`] when the runs are not ascending, apart and inside the shape.
pub fn encode_mask(mask: &MaskRuns) -> Result<Vec<u8>, MaskCodecError> {
    let mut out = Vec::with_capacity(16 + 4 * mask.runs.len());
    out.extend_from_slice(MAGIC);
    out.push(VERSION);
    for n in mask.shape {
        put(&mut out, n as u64);
    }
    put(&mut out, mask.runs.len() as u64);
    let mut place = Place::new(mask.shape);
    for &(start, length) in &mask.runs {
        let gap = place.gap_to(start, length)?;
        put(&mut out, gap as u64);
        put(&mut out, length as u64);
    }
    Ok(out)
}

/// The mask that bytes encode. Memory is bounded by the length of `bytes`, whatever they claim.
///
/// # Errors
/// When the bytes are not what [`encode_mask`] writes.
pub fn decode_mask(bytes: &[u8]) -> Result<MaskRuns, MaskCodecError> {
    let Some((&version, body)) = bytes.strip_prefix(MAGIC).and_then(<[u8]>::split_first) else {
        return Err(MaskCodecError::NotAMask);
    };
    if version != VERSION {
        return Err(MaskCodecError::Newer(version));
    }
    let mut reader = Reader {
        rest: body,
        total: bytes.len(),
    };
    let shape = [reader.number()?, reader.number()?, reader.number()?];
    let count = reader.number()?;
    let mut place = Place::new(shape);
    let mut runs = Vec::new();
    for n in 0..count {
        let (gap, length) = (reader.number()?, reader.number()?);
        let start = place.end.checked_add(gap).ok_or(MaskCodecError::Run(n))?;
        place.gap_to(start, length)?;
        runs.push((start, length));
    }
    if !reader.rest.is_empty() {
        return Err(reader.damaged());
    }
    Ok(MaskRuns { shape, runs })
}

/// How far the runs have come.
struct Place {
    voxels: usize,
    end: usize,
    count: usize,
}

impl Place {
    const fn new(shape: [usize; 3]) -> Self {
        let voxels = shape[0].saturating_mul(shape[1]).saturating_mul(shape[2]);
        Self {
            voxels,
            end: 0,
            count: 0,
        }
    }

    /// Checks a run, moves behind it, and returns the gap in front of it.
    fn gap_to(&mut self, start: usize, length: usize) -> Result<usize, MaskCodecError> {
        let gap = start.checked_sub(self.end);
        let end = start.checked_add(length);
        match (gap, end) {
            (Some(gap), Some(end))
                if length > 0 && end <= self.voxels && (gap > 0 || self.count == 0) =>
            {
                self.end = end;
                self.count += 1;
                Ok(gap)
            }
            _ => Err(MaskCodecError::Run(self.count)),
        }
    }
}

fn put(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

struct Reader<'a> {
    rest: &'a [u8],
    total: usize,
}

impl Reader<'_> {
    const fn damaged(&self) -> MaskCodecError {
        MaskCodecError::Damaged(self.total - self.rest.len())
    }

    fn number(&mut self) -> Result<usize, MaskCodecError> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let Some((&byte, rest)) = self.rest.split_first() else {
                return Err(self.damaged());
            };
            let bits = u64::from(byte & 0x7f);
            let overflows = bits << shift >> shift != bits;
            let overlong = byte == 0 && shift > 0;
            if overflows || overlong {
                return Err(self.damaged());
            }
            n |= bits << shift;
            self.rest = rest;
            if byte < 0x80 {
                return usize::try_from(n).map_err(|_| self.damaged());
            }
        }
        Err(self.damaged())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masks() -> impl Strategy<Value = MaskRuns> {
        let gaps = proptest::collection::vec((1usize..300, 1usize..300), 0..40);
        (gaps, any::<bool>()).prop_map(|(gaps, from_zero)| {
            let mut end = 0;
            let mut runs = Vec::new();
            for (n, (gap, length)) in gaps.into_iter().enumerate() {
                let gap = if n == 0 && from_zero { 0 } else { gap };
                runs.push((end + gap, length));
                end += gap + length;
            }
            MaskRuns {
                shape: [40, 30, 20],
                runs,
            }
        })
    }

    proptest! {
        #[test]
        fn round_trip(mask in masks()) {
            let bytes = encode_mask(&mask).unwrap();
            prop_assert_eq!(decode_mask(&bytes).unwrap(), mask);
        }

        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let framed = [MAGIC.as_slice(), &[VERSION], &bytes].concat();
            if let Ok(mask) = decode_mask(&framed) {
                prop_assert_eq!(encode_mask(&mask).unwrap(), framed);
            }
            prop_assert!(decode_mask(&bytes).is_err() || bytes.starts_with(MAGIC));
        }

        #[test]
        fn mutated_masks_are_refused_or_canonical(
            mask in masks(), at in any::<prop::sample::Index>(), flip in 1u8..,
        ) {
            let mut bytes = encode_mask(&mask).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(other) = decode_mask(&bytes) {
                prop_assert_ne!(&other, &mask);
                prop_assert_eq!(encode_mask(&other).unwrap(), bytes);
            }
        }
    }

    #[test]
    fn contradictory_runs_are_refused() {
        let encode = |runs| {
            encode_mask(&MaskRuns {
                shape: [2, 2, 2],
                runs,
            })
        };
        assert_eq!(encode(vec![(0, 0)]), Err(MaskCodecError::Run(0)));
        assert_eq!(encode(vec![(0, 2), (2, 1)]), Err(MaskCodecError::Run(1)));
        assert_eq!(encode(vec![(3, 1), (0, 1)]), Err(MaskCodecError::Run(1)));
        assert_eq!(encode(vec![(7, 2)]), Err(MaskCodecError::Run(0)));
        assert_eq!(encode(vec![(1, usize::MAX)]), Err(MaskCodecError::Run(0)));
        assert_eq!(decode_mask(b"OTMR\x02"), Err(MaskCodecError::Newer(2)));
        assert_eq!(decode_mask(b"PK\x03\x04"), Err(MaskCodecError::NotAMask));
    }
}
