//! Telling label maps from images, and counting their labels.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use crate::open::Segment;
use crate::units::Bulk;
use crate::volume::{Rescale, Samples};

/// An unnamed image with more distinct values than this is not a label map.
const MAX_LABELS: usize = 32;
/// A file named like a label map may have more: the values that 8 bits hold.
const MAX_NAMED_LABELS: usize = 256;
/// One that is said to hold labels may have more still.
const MAX_STATED_LABELS: usize = 65_535;

/// Words of file names that say mask, segmentation, label or region.
const WORDS: [&str; 15] = [
    "mask",
    "masks",
    "seg",
    "segs",
    "segment",
    "segments",
    "segmentation",
    "segmentations",
    "label",
    "labels",
    "labelmap",
    "labelmaps",
    "labelled",
    "roi",
    "rois",
];

/// What speaks for labels, before any value is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Nothing.
    None,
    /// The file's name, which also grey images bear (`T1_masked`).
    Name,
    /// The header or the sidecar.
    Stated,
}

/// A label's slices, ascending, with its voxels in each. Slices without it are left out: a file may
/// have as many labels as slices.
pub(super) type PerSlice = Vec<(usize, usize)>;

/// Voxels of a label in all slices.
pub(super) fn voxels(per_slice: &[(usize, usize)]) -> usize {
    per_slice.iter().map(|(_, n)| n).sum()
}

/// Voxels of each label in each slice.
pub(super) struct Counts {
    labels: BTreeMap<u32, PerSlice>,
}

impl Counts {
    /// Takes one label out, with its voxels per slice.
    pub(super) fn take(&mut self, label: u32) -> Option<PerSlice> {
        self.labels.remove(&label)
    }

    /// The segments; `volume` sizes a segment from its voxels per slice.
    pub(super) fn segments(&self, volume: impl Fn(&[(usize, usize)]) -> Bulk) -> Vec<Segment> {
        self.labels
            .iter()
            .map(|(&number, per_slice)| Segment {
                label: format!("label {number}"),
                number,
                layer: 0,
                voxels: Some(voxels(per_slice)),
                volume: Some(volume(per_slice)),
                contour_volume: None,
            })
            .collect()
    }
}

/// Whether a whole word of a file's name says mask, segmentation, label or region. Words end at
/// other characters than letters and digits and before a capital (`tumourMask`); numbers behind
/// them do not count (`mask2`).
pub(super) fn is_named_like_labels(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut apart = String::with_capacity(name.len());
    let mut was_lower = false;
    for c in name.chars() {
        if was_lower && c.is_uppercase() {
            apart.push(' ');
        }
        was_lower = c.is_lowercase();
        apart.extend(c.to_lowercase());
    }
    apart
        .split(|c: char| !c.is_alphanumeric())
        .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()))
        .any(|word| WORDS.contains(&word))
}

/// Counts labels, or `None` when values are not labels: not whole, negative, or too many different
/// ones (also in relation to the number of voxels). A map that only its name tells has a background.
pub(super) fn count(samples: &Samples, rescale: Rescale, hint: Hint) -> Option<Counts> {
    let mut counter = Counter::new(samples.shape(), rescale, hint);
    match samples {
        Samples::I16(a) => a.iter().try_for_each(|&v| counter.push(f64::from(v))),
        Samples::U16(a) => a.iter().try_for_each(|&v| counter.push(f64::from(v))),
        Samples::F32(a) => a.iter().try_for_each(|&v| counter.push(f64::from(v))),
    }?;
    counter.finish()
}

/// Counts the labels of one volume, voxel by voxel.
pub(super) struct Counter {
    labels: BTreeMap<u32, PerSlice>,
    rescale: Rescale,
    hint: Hint,
    /// So many labels need no hint.
    few: usize,
    /// More labels than this are none.
    most: usize,
    per_slice: usize,
    /// Voxels that were counted.
    at: usize,
    /// The last stored value and its label.
    last: Option<(f64, u32)>,
}

impl Counter {
    /// Begins a volume of `shape` (i, j, k) voxels.
    pub(super) fn new([ni, nj, nk]: [usize; 3], rescale: Rescale, hint: Hint) -> Self {
        let few = MAX_LABELS.min(ni * nj * nk / 8);
        Self {
            labels: BTreeMap::new(),
            rescale,
            hint,
            few,
            most: match hint {
                Hint::None => few,
                Hint::Name => MAX_NAMED_LABELS,
                Hint::Stated => MAX_STATED_LABELS,
            },
            per_slice: (ni * nj).max(1),
            at: 0,
            last: None,
        }
    }

    /// Counts the next voxel; `None` when this is no label map.
    pub(super) fn push(&mut self, stored: f64) -> Option<()> {
        let label = match self.last {
            Some((same, label)) if same == stored => label,
            _ => {
                let value = self.rescale.apply(stored);
                // A slope of 1/255 in single precision does not give exactly 1.
                let whole = value.round();
                if !(0.0..=4e9).contains(&whole) || (value - whole).abs() > 1e-4 {
                    return None;
                }
                self.last = Some((stored, whole as u32));
                whole as u32
            }
        };
        let slice = self.at / self.per_slice;
        self.at += 1;
        let n_labels = self.labels.len();
        let slices = match self.labels.entry(label) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if n_labels >= self.most => return None,
            Entry::Vacant(new) => new.insert(Vec::new()),
        };
        match slices.last_mut() {
            Some((last, n)) if *last == slice => *n += 1,
            _ => slices.push((slice, 1)),
        }
        Some(())
    }

    /// The counts; `None` when the volume is no label map.
    pub(super) fn finish(mut self) -> Option<Counts> {
        let by_values = (2..=self.few).contains(&self.labels.len());
        let is_map = match self.hint {
            Hint::None => by_values,
            // Much of a map is no structure.
            Hint::Name => self.labels.contains_key(&0) || by_values,
            Hint::Stated => true,
        };
        self.labels.remove(&0);
        is_map.then_some(Counts {
            labels: self.labels,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn labels_are_counted_per_slice_and_images_are_not_labels() {
        let map = Array3::from_shape_fn((3, 8, 8), |(k, j, _)| if j == 2 { k as u16 } else { 0 });
        let counts = count(&Samples::U16(map), Rescale::IDENTITY, Hint::None).expect("labels");
        let segments = counts.segments(|n| Bulk::Voxels(voxels(n) as f64));
        assert_eq!(segments.len(), 2);
        assert_eq!((segments[1].number, segments[1].voxels), (2, Some(8)));
        let image = Array3::from_shape_fn((3, 8, 8), |(k, j, i)| (k * 64 + j * 8 + i) as f32 / 3.0);
        assert!(count(&Samples::F32(image), Rescale::IDENTITY, Hint::Stated).is_none());
        let many = Array3::from_shape_fn((3, 8, 8), |(k, j, i)| (k * 64 + j * 8 + i) as u16);
        assert!(count(&Samples::U16(many), Rescale::IDENTITY, Hint::None).is_none());
    }
    #[test]
    fn whole_words_of_a_name_count_and_only_with_few_values() {
        for (name, is) in [
            ("CT_mask.nii.gz", true),
            ("a.seg.nrrd", true),
            ("lesionMask2.nii", true),
            ("ROI-3.mha", true),
            ("T1_brain_masked.nii.gz", false),
            ("segovia.nii", false),
            ("unlabelable.nii", false),
        ] {
            assert_eq!(is_named_like_labels(Path::new(name)), is, "{name}");
        }
        let grey = Array3::from_shape_fn((6, 20, 20), |(k, j, i)| (k * 400 + j * 20 + i) as u16);
        let grey = Samples::U16(grey);
        assert!(count(&grey, Rescale::IDENTITY, Hint::Name).is_none());
        assert!(count(&grey, Rescale::IDENTITY, Hint::Stated).is_some());
        let full = Samples::U16(Array3::from_elem((3, 8, 8), 7));
        assert!(count(&full, Rescale::IDENTITY, Hint::Name).is_none());
    }
}
