//! What strokes tell when the whole lesion is divided anew.

use ndarray::Array3;

use super::field::Field;
use super::region::Strokes;
use super::{Error, Params};
use crate::jobs::JobContext;
use crate::volume::{Places, Volume, squared_distance};

/// What strokes tell of a field; empty where there are none.
#[derive(Default)]
pub(super) struct Hints {
    /// Voxels under strokes that add, without those under strokes that take away.
    pub(super) plus: Vec<usize>,
    /// Voxels under strokes that take away.
    pub(super) minus: Vec<usize>,
    /// Log odds by nearness to strokes.
    shift: Vec<f32>,
}

impl Hints {
    pub(super) fn of(
        volume: &Volume,
        field: &Field<'_>,
        strokes: &Strokes,
        params: &Params,
        job: &JobContext,
    ) -> Result<Self, Error> {
        let mut hints = Self::default();
        if strokes.is_empty() {
            return Ok(hints);
        }
        hints.shift = vec![0.0; field.len()];
        let [ni, nj, nk] = field.size;
        let shape = field.frame.grid.shape();
        let size = [ni * field.stride, nj * field.stride, nk];
        let size = [0, 1, 2].map(|a| size[a].min(shape[a] - field.origin[a]));
        let places = Places::even(field.size, field.steps);
        let pixel = field.steps[0].min(field.steps[1]);
        for (brush, adds) in strokes {
            let under = field.held(&brush.covered(volume, (field.origin, size), job)?);
            let mut bits = Array3::from_elem((nk, nj, ni), false);
            for n in &under {
                let [i, j, k] = field.at(*n);
                bits[[k, j, i]] = true;
            }
            let far = squared_distance(&bits, &places);
            let wide = (params.again_radii * brush.radius.max(0.5 * pixel)) as f32;
            let slope = if *adds {
                params.again_slope
            } else {
                -params.again_slope
            };
            for (shift, d) in hints.shift.iter_mut().zip(&far) {
                *shift += slope * (1.0 - d.sqrt() / wide).max(0.0);
            }
            let valued = under.into_iter().filter(|n| field.values[*n].is_finite());
            if *adds {
                hints.plus.extend(valued);
            } else {
                hints.minus.extend(valued);
            }
        }
        for list in [&mut hints.plus, &mut hints.minus] {
            list.sort_unstable();
            list.dedup();
        }
        let minus = std::mem::take(&mut hints.minus);
        hints.plus.retain(|n| minus.binary_search(n).is_err());
        hints.minus = minus;
        Ok(hints)
    }

    /// What they tell of one slice of a field.
    pub(super) fn in_slice(&self, k: usize, plane: usize) -> Self {
        let of = |list: &[usize]| {
            let here = list.iter().filter(|n| **n / plane == k);
            here.map(|n| n % plane).collect()
        };
        let shift = self.shift.get(k * plane..(k + 1) * plane);
        Self {
            plus: of(&self.plus),
            minus: of(&self.minus),
            shift: shift.unwrap_or(&[]).to_vec(),
        }
    }

    /// Log odds of a voxel by nearness to strokes.
    pub(super) fn shift(&self, n: usize) -> f32 {
        self.shift.get(n).copied().unwrap_or(0.0)
    }

    /// Adds the values under strokes to samples of lesion and surroundings, so often that they make
    /// a fixed share.
    pub(super) fn add_to(
        &self,
        field: &Field<'_>,
        lesion: &mut Vec<f32>,
        around: &mut Vec<f32>,
        params: &Params,
    ) {
        for (samples, from) in [(lesion, &self.plus), (around, &self.minus)] {
            if from.is_empty() {
                continue;
            }
            let wanted = params.stroke_share * samples.len() as f32 / from.len() as f32;
            for _ in 0..(wanted as usize).max(1) {
                samples.extend(from.iter().map(|n| field.values[*n]));
            }
        }
    }
}
