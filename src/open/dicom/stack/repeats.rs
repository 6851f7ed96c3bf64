//! Files and slices that occur more than once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dicom::core::value::Value;
use dicom::dictionary_std::tags;

use super::Slice;
use crate::open::dicom::geometry::POSITION_TOLERANCE_MM;
use crate::open::dicom::instance::Instance;
use crate::open::dicom::read::{self, Extent};

/// Leaves out files that repeat the SOP Instance UID at the same position.
pub(super) fn without_repeats(members: &[Instance]) -> (Vec<&Instance>, Vec<&Path>) {
    let mut seen: BTreeMap<&str, Vec<&Instance>> = BTreeMap::new();
    let (mut kept, mut repeated) = (Vec::new(), Vec::new());
    for instance in members {
        let earlier = seen.entry(&instance.sop_instance).or_default();
        let position = |i: &Instance| i.frames.first().and_then(|f| f.position);
        let again = !instance.sop_instance.is_empty()
            && earlier
                .iter()
                .any(|e| match (position(e), position(instance)) {
                    (Some(a), Some(b)) => (a - b).norm() <= POSITION_TOLERANCE_MM,
                    _ => pixel_hash(&e.path).is_some_and(|h| pixel_hash(&instance.path) == Some(h)),
                });
        if again {
            repeated.push(&*instance.path);
        } else {
            earlier.push(instance);
            kept.push(instance);
        }
    }
    (kept, repeated)
}

/// Drops copies whose pixels are the same; returns their files.
pub(super) fn drop_identical(positions: &mut [Vec<Slice>]) -> Vec<PathBuf> {
    let is_single = |s: &Slice| s.instance.frames.len() == 1;
    let n = positions.iter().map(Vec::len).max().unwrap_or(0);
    // Where every position has as many copies, they are phases unless one position shows that
    // pixels repeat; this saves reading the whole series.
    if positions.iter().all(|p| p.len() == n) {
        let middle = &positions[positions.len() / 2];
        let mut hashes: Vec<_> = middle
            .iter()
            .filter(|s| is_single(s))
            .filter_map(|s| pixel_hash(s.path()))
            .collect();
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        if hashes.len() == count {
            return Vec::new();
        }
    }
    let mut dropped = Vec::new();
    for here in positions.iter_mut().filter(|p| p.len() > 1) {
        let mut seen = Vec::new();
        here.retain(|slice| {
            let Some(hash) = Some(slice)
                .filter(|s| is_single(s))
                .and_then(|s| pixel_hash(s.path()))
            else {
                return true;
            };
            let again = seen.contains(&hash);
            if again {
                dropped.push(slice.path().to_owned());
            } else {
                seen.push(hash);
            }
            !again
        });
    }
    dropped
}

/// Hash of the stored pixel bytes.
fn pixel_hash(path: &Path) -> Option<[u8; 32]> {
    let set = read::open(path, Extent::Whole).ok()?;
    let mut hasher = blake3::Hasher::new();
    match set.get(tags::PIXEL_DATA)?.value() {
        Value::Primitive(p) => {
            hasher.update(&p.to_bytes());
        }
        Value::PixelSequence(sequence) => {
            for fragment in sequence.fragments() {
                hasher.update(fragment);
            }
        }
        Value::Sequence(_) => return None,
    }
    Some(*hasher.finalize().as_bytes())
}
