//! How far a boundary stands out.

use ndarray::Array3;

use super::region::{Region, median};

/// Contrast of the boundary in units of noise: the difference of the median values just inside and
/// just outside, over the robust spread inside. `None` when a side has no values.
pub(super) fn contrast(region: &Region, inside: &Array3<bool>) -> Option<f64> {
    let (mut within, mut beyond, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for ((k, j, i), value) in region.values.indexed_iter() {
        if !value.is_finite() {
            continue;
        }
        let here = inside[[k, j, i]];
        let neighbours = [
            [k.wrapping_sub(1), j, i],
            [k + 1, j, i],
            [k, j.wrapping_sub(1), i],
            [k, j + 1, i],
            [k, j, i.wrapping_sub(1)],
            [k, j, i + 1],
        ];
        let at_boundary = neighbours
            .iter()
            .any(|n| inside.get(*n).is_some_and(|other| *other != here));
        match (here, at_boundary) {
            (true, true) => within.push(*value),
            (false, true) => beyond.push(*value),
            _ => {}
        }
        if here {
            all.push(*value);
        }
    }
    let (within, beyond, middle) = (median(&within)?, median(&beyond)?, median(&all)?);
    let deviations: Vec<f32> = all.iter().map(|v| (v - middle).abs()).collect();
    let spread = 1.4826 * f64::from(median(&deviations)?);
    Some(f64::from((within - beyond).abs()) / spread.max(1e-6))
}
