//! Whether a drawn diameter would fit better in a neighbouring slice.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::field::{Field, Frame};
use super::model::median;
use super::outline::Outline;
use super::{Params, divide};
use crate::geometry::{Point, Voxel};
use crate::jobs::JobContext;
use crate::volume::{Mask, Volume};

/// A slice in which a drawn diameter would fit better.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BetterSlice {
    /// Slice number (k).
    pub slice: usize,
    /// The same line there.
    pub ends: [Point; 2],
}

/// How many slices to either side are looked at.
const SIDEWAYS: usize = 2;
/// By how much the best slice's contrast must exceed the drawn one's: factor, and noise units.
const FACTOR: f64 = 1.2;
const MORE: f64 = 0.5;
/// Below this contrast, in noise units, the drawn slice may not show the lesion.
const DOUBTFUL: f64 = 2.0;

/// Compares the contrast between the inside and the outside of the outline that the line suggests,
/// slice by slice; and, where a mask was made, its area.
pub(super) fn find(
    volume: &Volume,
    ends: [Point; 2],
    mask: &Mask,
    confidence: f64,
    params: &Params,
) -> Option<BetterSlice> {
    let grid = volume.grid();
    let v = ends.map(|p| grid.voxel_from_patient(p));
    let drawn = v[0].k.round().max(0.0) as usize;
    if v[1].k.round().max(0.0) as usize != drawn {
        return None;
    }
    let shifted = |k: usize| v.map(|v| grid.patient_from_voxel(Voxel { k: k as f64, ..v }));
    let candidates = drawn.saturating_sub(SIDEWAYS)..(drawn + SIDEWAYS + 1).min(grid.shape()[2]);
    let mut areas = vec![0usize; candidates.len()];
    for v in mask.voxels().filter(|v| candidates.contains(&v[2])) {
        areas[v[2] - candidates.start] += 1;
    }
    let frame = Frame::new(volume);
    let scores: Vec<Option<(f64, f64)>> = candidates
        .clone()
        .into_par_iter()
        .map(|k| score(volume, &frame, shifted(k), k, params).filter(|_| !grid.is_void(k)))
        .collect();
    let (here, noise) = scores[drawn - candidates.start]?;
    // A mask made off the lesion has its widest section where it was drawn: it tells nothing then.
    let is_doubtful = confidence < 0.5 || here.abs() < DOUBTFUL * noise;
    let mut best: Option<(f64, usize)> = None;
    for (n, k) in candidates.clone().enumerate().filter(|(_, k)| *k != drawn) {
        let Some((there, _)) = scores[n] else {
            continue;
        };
        let is_wider = areas[n] >= areas[drawn - candidates.start];
        // Bone or air one slice on stands out more, but the other way.
        let is_same_kind = here.abs() < noise || here.signum() == there.signum();
        let is_better = there.abs() > FACTOR * here.abs() + MORE * noise;
        if is_better
            && is_same_kind
            && (is_wider || is_doubtful)
            && best.is_none_or(|(most, _)| there.abs() > most)
        {
            best = Some((there.abs(), k));
        }
    }
    best.map(|(_, slice)| BetterSlice {
        slice,
        ends: shifted(slice),
    })
}

/// How much the outline stands out in a slice, and the noise: the mean inside falls with what of it
/// the lesion does not fill.
fn score(
    volume: &Volume,
    frame: &Frame<'_>,
    ends: [Point; 2],
    slice: usize,
    params: &Params,
) -> Option<(f64, f64)> {
    let grid = volume.grid();
    let middle = ends[0].midpoint(ends[1]);
    let half = ends[0].distance(ends[1]).0 / 2.0;
    let outline = Outline::of_line(frame, ends, params);
    let v = grid.voxel_from_patient(middle);
    let [di, dj, _] = grid.spacing_mm().map(|s| s.0);
    let shape = grid.shape();
    let span = |x: f64, step: f64, n: usize| {
        let reach = 1.8 * half / step;
        let low = ((x - reach).max(0.0) as usize).min(n - 1);
        (low, ((x + reach).max(0.0) as usize + 1).clamp(low + 1, n))
    };
    let (i0, i1) = span(v.i, di, shape[0]);
    let (j0, j1) = span(v.j, dj, shape[1]);
    let size = [i1 - i0, j1 - j0, 1];
    let job = JobContext::default();
    let field = Field::read(volume, frame.clone(), [i0, j0, slice], size, 1, &job).ok()?;
    let (mut within, mut beyond) = (Vec::new(), Vec::new());
    for (place, value) in field.places().iter().zip(&field.values) {
        let reach = outline.reach(*place);
        if !value.is_finite() {
            continue;
        } else if reach < 0.95 {
            within.push(*value);
        } else if (1.2..1.7).contains(&reach) {
            beyond.push(*value);
        }
    }
    let noise = divide::noise(&field, |_| true);
    if within.is_empty() {
        return None;
    }
    let mean = within.iter().sum::<f32>() / within.len() as f32;
    let stands_out = mean - median(&beyond)?;
    Some((f64::from(stands_out), f64::from(noise)))
}
