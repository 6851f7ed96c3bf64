//! What the border of a mask looks like in the image.

use rayon::prelude::*;

use super::model::{median, spread};
use crate::volume::{Mask, Volume};

/// How far beyond a mask its surroundings are looked at, mm: what is nearer holds a part of the
/// lesion by blur. From one to four pixels.
const BESIDE_MM: f64 = 1.5;
/// Difference across a border that counts as an edge, in units of the noise.
const EDGE: f32 = 2.0;
/// From so many voxels on every other row and column is enough.
const MANY_VOXELS: usize = 50_000;

/// What the border of a mask looks like.
pub(super) struct Border {
    /// Difference of the median values of the marked voxels and of those beside them in the slice,
    /// [`BESIDE_MM`] off, over the smaller of both spreads. `None` when a side has no values.
    pub(super) contrast: Option<f64>,
    /// Share of the border in the slice across which values differ by more than [`EDGE`] times the
    /// noise, in the direction in which most of it does.
    pub(super) edges: f64,
}

impl Border {
    pub(super) fn of(volume: &Volume, mask: &Mask) -> Self {
        let [di, dj, _] = volume.grid().spacing_mm().map(|s| s.0);
        let off = ((BESIDE_MM / di.min(dj)).round() as usize).clamp(1, 4);
        let every = if mask.n_voxels() > MANY_VOXELS { 2 } else { 1 };
        let (low, size) = mask.bounds();
        let slices: Vec<Values> = (low[2]..low[2] + size[2])
            .into_par_iter()
            .map(|k| Window::of(volume, mask, k, off).values(every))
            .collect();
        let all = |of: fn(&Values) -> &Vec<f32>| -> Vec<f32> {
            slices.iter().flat_map(|s| of(s).iter().copied()).collect()
        };
        let (within, beyond) = (all(|s| &s.within), all(|s| &s.beyond));
        let (neighbours, across) = (all(|s| &s.neighbours), all(|s| &s.across));
        let contrast = || {
            let difference = f64::from((median(&within)? - median(&beyond)?).abs());
            let noise = f64::from(spread(&within)?.min(spread(&beyond)?));
            Some(difference / noise.max(1e-6))
        };
        // Of neighbours' differences, which spread √2 times as far.
        let noise = median(&neighbours).unwrap_or(0.0) * 1.4826 / std::f32::consts::SQRT_2;
        let way = median(&across).unwrap_or(0.0).signum();
        let is_edge = |d: &&f32| **d * way > EDGE * noise;
        Self {
            contrast: contrast(),
            edges: across.iter().filter(is_edge).count() as f64 / across.len().max(1) as f64,
        }
    }
}

/// Values on and about the border in a slice.
#[derive(Default)]
struct Values {
    /// Of marked voxels.
    within: Vec<f32>,
    /// Of those beside them.
    beyond: Vec<f32>,
    /// Differences of marked neighbours along a row.
    neighbours: Vec<f32>,
    /// Inner less outer, across the border.
    across: Vec<f32>,
}

/// The part of a slice around a mask.
struct Window {
    width: usize,
    off: usize,
    marked: Vec<bool>,
    /// NaN where there are none.
    values: Vec<f32>,
}

impl Window {
    /// With a margin of twice `off`, so that all that is looked at from beside the mask is in it.
    fn of(volume: &Volume, mask: &Mask, k: usize, off: usize) -> Self {
        let (low, size) = mask.bounds();
        let shape = volume.grid().shape();
        let margin = 2 * off;
        let (width, height) = (size[0] + 2 * margin, size[1] + 2 * margin);
        let mut marked = vec![false; width * height];
        let mut values = vec![f32::NAN; width * height];
        // The columns of the window that lie in the image.
        let from = margin.saturating_sub(low[0]);
        let to = width.min(shape[0] + margin - low[0]);
        for row in 0..height {
            let Some(j) = (low[1] + row).checked_sub(margin).filter(|j| *j < shape[1]) else {
                continue;
            };
            let first = row * width;
            let place = [low[0] + from - margin, j, k];
            volume.row_into(place, &mut values[first + from..first + to]);
            if let Some((_, bits)) = mask.row(j, k) {
                marked[first + margin..][..bits.len()].copy_from_slice(bits);
            }
        }
        Self {
            width,
            off,
            marked,
            values,
        }
    }

    /// Looks at every n-th row and column.
    fn values(&self, every: usize) -> Values {
        let Self {
            width,
            off,
            marked,
            values,
        } = self;
        let height = marked.len() / width;
        let mut found = Values::default();
        let push = |to: &mut Vec<f32>, value: f32| {
            if value.is_finite() {
                to.push(value);
            }
        };
        for row in (*off..height - off).step_by(every) {
            for column in (*off..width - off).step_by(every) {
                let at = row * width + column;
                let around = |d: usize| [at + d, at - d, at + d * width, at - d * width];
                if marked[at] {
                    push(&mut found.within, values[at]);
                    if marked[at + 1] {
                        let difference = (values[at] - values[at + 1]).abs();
                        push(&mut found.neighbours, difference);
                    }
                    // The voxel as far inside as the other is outside, across the border between.
                    let inner = around(off - 1);
                    let (beside, outer) = (around(1), around(*off));
                    for (way, opposite) in [(0, 1), (1, 0), (2, 3), (3, 2)] {
                        if !marked[beside[way]] {
                            push(
                                &mut found.across,
                                values[inner[opposite]] - values[outer[way]],
                            );
                        }
                    }
                } else if around(*off).iter().any(|n| marked[*n])
                    && !(1..*off).any(|d| around(d).iter().any(|n| marked[*n]))
                {
                    push(&mut found.beyond, values[at]);
                }
            }
        }
        found
    }
}
