//! Files and slices that occur more than once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dicom::core::value::Value;
use dicom::dictionary_std::tags;

use super::{Slice, same_place};
use crate::open::dicom::instance::Instance;
use crate::open::dicom::read::{self, Extent};

/// What became of files that carry the SOP Instance UID of another.
#[derive(Debug, Default)]
pub(super) struct Repeats<'a> {
    pub(super) kept: Vec<&'a Instance>,
    /// The same image again: left out.
    pub(super) copies: Vec<&'a Path>,
    /// Another image under the same UID: kept.
    pub(super) namesakes: Vec<&'a Path>,
}

/// Leaves out files that repeat a SOP Instance UID with the same frames and pixels.
pub(super) fn repeats(members: &[Instance]) -> Repeats<'_> {
    let mut seen: BTreeMap<&str, Vec<&Instance>> = BTreeMap::new();
    let mut repeats = Repeats::default();
    for instance in members {
        let earlier = seen.entry(&instance.sop_instance).or_default();
        if !instance.sop_instance.is_empty() && !earlier.is_empty() {
            if earlier.iter().any(|e| same_image(e, instance)) {
                repeats.copies.push(&*instance.path);
                continue;
            }
            repeats.namesakes.push(&*instance.path);
        }
        earlier.push(instance);
        repeats.kept.push(instance);
    }
    repeats
}

fn same_image(a: &Instance, b: &Instance) -> bool {
    a.frames == b.frames
        && a.format == b.format
        && a.padding == b.padding
        && a.modality_lut == b.modality_lut
        && pixel_hash(&a.path).is_some_and(|h| pixel_hash(&b.path) == Some(h))
}

/// Drops slices that repeat place, marks, rescale and pixels of another; returns their files.
pub(super) fn drop_identical(positions: &mut [Vec<Slice>]) -> Vec<PathBuf> {
    let n = positions.iter().map(Vec::len).max().unwrap_or(0);
    // Where every position has as many copies, they are phases unless one position shows that
    // pixels repeat; this saves reading the whole series.
    if positions.iter().all(|p| p.len() == n) {
        let mut middle = vec![positions[positions.len() / 2].clone()];
        if drop_from(&mut middle).is_empty() {
            return Vec::new();
        }
    }
    drop_from(positions)
}

fn drop_from(positions: &mut [Vec<Slice>]) -> Vec<PathBuf> {
    let mut dropped = Vec::new();
    for here in positions.iter_mut().filter(|p| p.len() > 1) {
        let mut kept: Vec<Slice> = Vec::new();
        for slice in here.drain(..) {
            if kept.iter().any(|k| is_copy(k, &slice)) {
                dropped.push(slice.path().to_owned());
            } else {
                kept.push(slice);
            }
        }
        *here = kept;
    }
    dropped
}

/// Cheap comparisons first: pixels are read only where everything else agrees.
fn is_copy(a: &Slice, b: &Slice) -> bool {
    let single = |s: &Slice| s.instance.frames.len() == 1;
    single(a)
        && single(b)
        && same_place(a, b)
        && a.frame.rescale == b.frame.rescale
        && a.instance.format == b.instance.format
        && a.instance.modality_lut == b.instance.modality_lut
        && a.frame.marks.same_but_instance(&b.frame.marks)
        && pixel_hash(a.path()).is_some_and(|h| pixel_hash(b.path()) == Some(h))
}

/// Hash of the stored pixel bytes.
pub(super) fn pixel_hash(path: &Path) -> Option<[u8; 32]> {
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
