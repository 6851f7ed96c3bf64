//! Telling label maps from images, and counting their labels.

use std::collections::BTreeMap;
use std::path::Path;

use crate::open::Segment;
use crate::units::Bulk;
use crate::volume::{Rescale, Samples};

/// An unnamed image with more distinct values than this is not a label map.
const MAX_LABELS: usize = 32;
/// A file named like a label map may have more.
const MAX_NAMED_LABELS: usize = 65_535;

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
                voxels: Some(per_slice.iter().sum()),
                volume: Some(volume(per_slice)),
                contour_volume: None,
            })
            .collect()
    }
}

/// Whether a file's name says mask, segmentation or label.
pub(super) fn is_named_like_labels(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    ["mask", "seg", "label"].iter().any(|w| name.contains(w))
}

/// Counts labels, or `None` when values are not labels: not whole, negative, or too many different
/// ones (also in relation to the number of voxels).
pub(super) fn count(samples: &Samples, rescale: Rescale, named: bool) -> Option<Counts> {
    match samples {
        Samples::I16(a) => count_in(a.iter().map(|&v| f64::from(v)), samples, rescale, named),
        Samples::U16(a) => count_in(a.iter().map(|&v| f64::from(v)), samples, rescale, named),
        Samples::F32(a) => count_in(a.iter().map(|&v| f64::from(v)), samples, rescale, named),
    }
}

fn count_in(
    stored: impl Iterator<Item = f64>,
    samples: &Samples,
    rescale: Rescale,
    named: bool,
) -> Option<Counts> {
    let [ni, nj, nk] = samples.shape();
    let most = if named {
        MAX_NAMED_LABELS
    } else {
        MAX_LABELS.min(ni * nj * nk / 8)
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
    let is_map = named || labels.len() >= 2;
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
        let counts = count(&Samples::U16(map), Rescale::IDENTITY, false).expect("labels");
        let segments = counts.segments(|n| Bulk::Voxels(n.iter().sum::<usize>() as f64));
        assert_eq!(segments.len(), 2);
        assert_eq!((segments[1].number, segments[1].voxels), (2, Some(8)));
        let image = Array3::from_shape_fn((3, 8, 8), |(k, j, i)| (k * 64 + j * 8 + i) as f32 / 3.0);
        assert!(count(&Samples::F32(image), Rescale::IDENTITY, true).is_none());
        let many = Array3::from_shape_fn((3, 8, 8), |(k, j, i)| (k * 64 + j * 8 + i) as u16);
        assert!(count(&Samples::U16(many), Rescale::IDENTITY, false).is_none());
    }
}
