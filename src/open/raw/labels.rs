//! Telling label maps from images, and counting their labels.

use std::collections::BTreeMap;
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

/// Voxels of each label in each slice.
pub(super) struct Counts {
    labels: BTreeMap<u32, Vec<usize>>,
}

impl Counts {
    /// Takes one label out, with its voxels per slice.
    pub(super) fn take(&mut self, label: u32) -> Option<Vec<usize>> {
        self.labels.remove(&label)
    }

    /// The segments; `volume` sizes a segment from its voxels per slice.
    pub(super) fn segments(&self, volume: impl Fn(&[usize]) -> Bulk) -> Vec<Segment> {
        self.labels
            .iter()
            .map(|(&number, per_slice)| Segment {
                label: format!("label {number}"),
                number,
                layer: 0,
                voxels: Some(per_slice.iter().sum()),
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
    match samples {
        Samples::I16(a) => count_in(a.iter().map(|&v| f64::from(v)), samples, rescale, hint),
        Samples::U16(a) => count_in(a.iter().map(|&v| f64::from(v)), samples, rescale, hint),
        Samples::F32(a) => count_in(a.iter().map(|&v| f64::from(v)), samples, rescale, hint),
    }
}

fn count_in(
    stored: impl Iterator<Item = f64>,
    samples: &Samples,
    rescale: Rescale,
    hint: Hint,
) -> Option<Counts> {
    let [ni, nj, nk] = samples.shape();
    let few = MAX_LABELS.min(ni * nj * nk / 8);
    let most = match hint {
        Hint::None => few,
        Hint::Name => MAX_NAMED_LABELS,
        Hint::Stated => MAX_STATED_LABELS,
    };
    let mut labels: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let mut last: Option<(f64, u32)> = None;
    for (at, stored) in stored.enumerate() {
        let label = match last {
            Some((same, label)) if same == stored => label,
            _ => {
                let value = rescale.apply(stored);
                // A slope of 1/255 in single precision does not give exactly 1.
                let whole = value.round();
                if !(0.0..=4e9).contains(&whole) || (value - whole).abs() > 1e-4 {
                    return None;
                }
                last = Some((stored, whole as u32));
                whole as u32
            }
        };
        if !labels.contains_key(&label) && labels.len() >= most {
            return None;
        }
        labels.entry(label).or_insert_with(|| vec![0; nk])[at / (ni * nj)] += 1;
    }
    let by_values = (2..=few).contains(&labels.len());
    let is_map = match hint {
        Hint::None => by_values,
        // Much of a map is no structure.
        Hint::Name => labels.contains_key(&0) || by_values,
        Hint::Stated => true,
    };
    labels.remove(&0);
    is_map.then_some(Counts { labels })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn labels_are_counted_per_slice_and_images_are_not_labels() {
        let map = Array3::from_shape_fn((3, 8, 8), |(k, j, _)| if j == 2 { k as u16 } else { 0 });
        let counts = count(&Samples::U16(map), Rescale::IDENTITY, Hint::None).expect("labels");
        let segments = counts.segments(|n| Bulk::Voxels(n.iter().sum::<usize>() as f64));
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
