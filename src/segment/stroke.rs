//! Corrections: strokes, clicks and outlines on top of any mask.

use std::sync::Arc;

use ndarray::Array3;

use super::divide::{Evidence, noise};
use super::field::{Field, Frame};
use super::{Error, Params, Prompt, middle_of, shape};
use crate::geometry::{Point, Voxel};
use crate::jobs::JobContext;
use crate::volume::{Mask, Places, Volume, squared_distance};

/// How far a correction can reach from its stroke, mm.
const REACH_MM: f64 = 8.0;
/// Voxels that are worked on for one stroke; the reach shrinks to keep to them.
const MOST_VOXELS: usize = 40_000;
/// Radius of a corrective click, pixels.
const CLICK_PIXELS: f64 = 1.5;
/// Sweeps of the random walker around a stroke.
const SWEEPS: usize = 15;

/// A mask after one more gesture.
///
/// A stroke adds (or takes away) what is under it and what is like it and near it; it never does the
/// opposite, changes nothing farther than [`REACH_MM`] and its own radius from its line, and nothing under earlier
/// strokes of the other kind. An outline sets just what it encloses. A further drag or box joins its
/// own mask to the lesion.
pub(super) fn correct(
    volume: &Volume,
    mask: &Mask,
    earlier: &[Prompt],
    last: &Prompt,
    params: &Params,
    job: &JobContext,
) -> Result<Mask, Error> {
    let grid = volume.grid();
    let is_outside = |p: &Point| !grid.contains(grid.voxel_from_patient(*p));
    if last.points().is_empty() || last.points().iter().any(is_outside) {
        return Err(Error::Outside);
    }
    match last {
        Prompt::Drag { .. } | Prompt::Box { .. } => {
            let more = super::segment(volume, std::slice::from_ref(last), None, params, job)?;
            let voxels: Vec<[usize; 3]> = more.mask.voxels().collect();
            with_voxels(volume, mask, &voxels, true)
        }
        Prompt::Lasso { adds, .. } => {
            let enclosed = enclosed(volume, last);
            with_voxels(volume, mask, &enclosed, *adds)
        }
        Prompt::Point { adds, .. } | Prompt::Scribble { adds, .. } => {
            let brush = Brush::new(volume, last);
            let voxels = flipped(volume, mask, earlier, &brush, *adds, params, job)?;
            with_voxels(volume, mask, &voxels, *adds)
        }
    }
}

/// A mask whose section in the slice of an outline is what that encloses.
pub(super) fn with_outline(volume: &Volume, mask: &Mask, outline: &Prompt) -> Result<Mask, Error> {
    let enclosed = enclosed(volume, outline);
    let Some(slice) = enclosed.first().map(|v| v[2]) else {
        return Err(Error::NothingFound);
    };
    let others: Vec<[usize; 3]> = mask.voxels().filter(|v| v[2] == slice).collect();
    let without = with_voxels(volume, mask, &others, false)?;
    with_voxels(volume, &without, &enclosed, true)
}

/// A stroke: its line and radius.
struct Brush<'a> {
    points: &'a [Point],
    radius: f64,
}

impl<'a> Brush<'a> {
    fn new(volume: &Volume, prompt: &'a Prompt) -> Self {
        let [di, dj, _] = volume.grid().spacing_mm().map(|s| s.0);
        let radius = match prompt {
            Prompt::Scribble { radius, .. } => radius.0.max(0.0),
            _ => CLICK_PIXELS * di.min(dj),
        };
        Self {
            points: prompt.points(),
            radius,
        }
    }

    /// Squared distance from its line, mm².
    fn distance(&self, p: Point) -> f64 {
        let alone = self.points.first().map(|q| (p.0 - q.0).norm_squared());
        let segments = self.points.windows(2).map(|w| {
            let along = w[1].0 - w[0].0;
            let t = (p.0 - w[0].0).dot(&along) / along.norm_squared();
            let t = if t.is_nan() { 0.0 } else { t.clamp(0.0, 1.0) };
            (p.0 - w[0].0 - along * t).norm_squared()
        });
        segments.chain(alone).fold(f64::INFINITY, f64::min)
    }

    /// Voxels of a box that it covers, and at least those under its line.
    fn covers(&self, volume: &Volume, origin: [usize; 3], size: [usize; 3]) -> Array3<bool> {
        let mut bits = Array3::from_shape_fn((size[2], size[1], size[0]), |(k, j, i)| {
            let at = [origin[0] + i, origin[1] + j, origin[2] + k];
            self.distance(middle_of(volume, at)) <= self.radius * self.radius
        });
        let grid = volume.grid();
        let [di, dj, dk] = grid.spacing_mm().map(|s| s.0);
        let shortest = di.min(dj).min(dk);
        let pairs = self.points.windows(2).map(|w| (w[0], w[1]));
        let ends = self.points.first().map(|p| (*p, *p));
        for (a, b) in pairs.chain(ends) {
            let n = (2.0 * a.distance(b).0 / shortest).ceil().max(1.0) as usize;
            for s in 0..=n {
                let p = Point(a.0 + (b.0 - a.0) * (s as f64 / n as f64));
                let v: [f64; 3] = grid.voxel_from_patient(p).into();
                let at =
                    [2, 1, 0].map(|x| (v[x].round().max(0.0) as usize).wrapping_sub(origin[x]));
                if let Some(bit) = bits.get_mut(at) {
                    *bit = true;
                }
            }
        }
        bits
    }
}

/// Voxels that a stroke changes.
fn flipped(
    volume: &Volume,
    mask: &Mask,
    earlier: &[Prompt],
    brush: &Brush<'_>,
    adds: bool,
    params: &Params,
    job: &JobContext,
) -> Result<Vec<[usize; 3]>, Error> {
    let (origin, size, reach) = dirty_box(volume, brush);
    let under = brush.covers(volume, origin, size);
    let frame = Frame::new(volume, brush.points[0], REACH_MM);
    let mut field = Field::read(volume, frame, origin, size, 1, job)?;
    field.smooth(params.smoothing);
    let places = Places::of_box(volume.grid(), origin, size);
    let away = squared_distance(&under, &places);
    let away = away.as_slice().ok_or(Error::NoValues)?;
    let own = |n: usize| {
        let [i, j, k] = field.at(n);
        [origin[0] + i, origin[1] + j, origin[2] + k]
    };
    let mut blocked = vec![false; field.len()];
    for prompt in earlier {
        if let Prompt::Scribble { adds: other, .. } | Prompt::Point { adds: other, .. } = prompt
            && *other != adds
        {
            let other = Brush::new(volume, prompt).covers(volume, origin, size);
            blocked.iter_mut().zip(&other).for_each(|(b, o)| *b |= *o);
        }
    }
    let is_target: Vec<bool> = (0..field.len())
        .map(|n| {
            let [i, j, k] = own(n);
            mask.contains(i, j, k) == adds
        })
        .collect();
    let has_value = |n: usize| field.values[n].is_finite();
    let near = (reach * reach) as f32;
    let free: Vec<bool> = (0..field.len())
        .map(|n| !is_target[n] && !blocked[n] && has_value(n) && away[n] <= near)
        .collect();
    let seeds: Vec<usize> = (0..field.len())
        .filter(|n| away[*n] == 0.0 && has_value(*n))
        .collect();
    if seeds.is_empty() {
        return Err(Error::NoValues);
    }
    let outside: Vec<usize> = (0..field.len())
        .filter(|n| !free[*n] && !is_target[*n] && away[*n] > 0.0)
        .collect();
    let wide = params.stroke_radii * brush.radius.max(0.5 * field.steps[0].min(field.steps[1]));
    let prior: Vec<f32> = away
        .iter()
        .map(|d| (params.stroke_slope * (1.0 - d.sqrt() / wide as f32)).clamp(-4.0, 4.0))
        .collect();
    let lesion: Vec<f32> = seeds.iter().map(|n| field.values[*n]).collect();
    let far = (2.0 * wide).min(0.7 * reach) as f32;
    let around: Vec<f32> = (0..field.len())
        .filter(|n| !is_target[*n] && has_value(*n) && away[*n] > far * far)
        .map(|n| field.values[n])
        .collect();
    let mut inside: Vec<bool> = (0..field.len())
        .map(|n| away[n] == 0.0 && has_value(n))
        .collect();
    if !around.is_empty() {
        let evidence = Evidence {
            field: &field,
            free: &free,
            inside: &seeds,
            held: Some(&is_target),
            outside: &outside,
            prior: &prior,
            lesion: &lesion,
            around: &around,
            radius: (wide / field.steps[0].min(field.steps[1])) as f32,
            noise: noise(&field, |_| true),
        };
        let sweeps = SWEEPS;
        let probability = evidence.divide(&Params { sweeps, ..*params }, job)?;
        for n in (0..field.len()).filter(|n| free[*n]) {
            inside[n] |= probability[n] > 0.5;
        }
    }
    let [ni, nj, nk] = size;
    let mut bits = Array3::from_shape_vec((nk, nj, ni), inside).map_err(|_| Error::NoValues)?;
    let starts: Vec<[usize; 3]> = seeds
        .iter()
        .map(|n| {
            let [i, j, k] = field.at(*n);
            [k, j, i]
        })
        .collect();
    shape::keep_seeded(&mut bits, &starts);
    Ok(bits
        .indexed_iter()
        .filter(|(_, b)| **b)
        .map(|((k, j, i), _)| [origin[0] + i, origin[1] + j, origin[2] + k])
        .collect())
}

/// The box around a stroke that its correction can reach, and how far that is.
fn dirty_box(volume: &Volume, brush: &Brush<'_>) -> ([usize; 3], [usize; 3], f64) {
    let grid = volume.grid();
    let shape = grid.shape();
    let steps = grid.spacing_mm().map(|s| s.0);
    let mut reach = REACH_MM + brush.radius;
    loop {
        let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for p in brush.points {
            let v: [f64; 3] = grid.voxel_from_patient(*p).into();
            for a in 0..3 {
                low[a] = low[a].min(v[a] - reach / steps[a]);
                high[a] = high[a].max(v[a] + reach / steps[a]);
            }
        }
        let start = [0, 1, 2].map(|a| (low[a].floor().max(0.0) as usize).min(shape[a] - 1));
        let end =
            [0, 1, 2].map(|a| (high[a].ceil().max(0.0) as usize + 1).clamp(start[a] + 1, shape[a]));
        let size = [0, 1, 2].map(|a| end[a] - start[a]);
        let shortest = steps[0].min(steps[1]);
        if size.iter().product::<usize>() <= MOST_VOXELS || reach < 3.0 * shortest {
            return (start, size, reach);
        }
        reach *= 0.85;
    }
}

/// Voxels whose middle lies within an outline (an odd number of its edges to one side), in the slice
/// nearest to it.
fn enclosed(volume: &Volume, outline: &Prompt) -> Vec<[usize; 3]> {
    let grid = volume.grid();
    let corners: Vec<Voxel> = outline
        .points()
        .iter()
        .map(|p| grid.voxel_from_patient(*p))
        .collect();
    let Some(first) = corners.first() else {
        return Vec::new();
    };
    let shape = grid.shape();
    let k = (first.k.round().max(0.0) as usize).min(shape[2] - 1);
    let bound = |of: fn(&Voxel) -> f64, n: usize| {
        let low = corners.iter().map(of).fold(f64::INFINITY, f64::min);
        let high = corners.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
        (low.ceil().max(0.0) as usize).min(n)..((high.floor() + 1.0).max(0.0) as usize).min(n)
    };
    let mut found = Vec::new();
    for j in bound(|v| v.j, shape[1]) {
        for i in bound(|v| v.i, shape[0]) {
            let (x, y) = (i as f64, j as f64);
            let edges = corners.iter().zip(corners.iter().cycle().skip(1));
            let crossed = edges.filter(|(a, b)| {
                (a.j > y) != (b.j > y) && x < a.i + (y - a.j) * (b.i - a.i) / (b.j - a.j)
            });
            if crossed.count() % 2 == 1 && volume.value(i, j, k).is_some() {
                found.push([i, j, k]);
            }
        }
    }
    found
}

/// A mask with some voxels more, or without them.
fn with_voxels(
    volume: &Volume,
    mask: &Mask,
    voxels: &[[usize; 3]],
    adds: bool,
) -> Result<Mask, Error> {
    let (mut low, size) = mask.bounds();
    let mut high = [0, 1, 2].map(|a| low[a] + size[a]);
    if adds {
        for v in voxels {
            for a in 0..3 {
                low[a] = if mask.is_empty() && high[a] == 0 {
                    v[a]
                } else {
                    low[a].min(v[a])
                };
                high[a] = high[a].max(v[a] + 1);
            }
        }
    }
    let dim = [2, 1, 0].map(|a| high[a] - low[a]);
    let mut bits = Array3::from_elem(dim, false);
    for [i, j, k] in mask.voxels() {
        bits[[k - low[2], j - low[1], i - low[0]]] = true;
    }
    for [i, j, k] in voxels {
        let at = [
            k.wrapping_sub(low[2]),
            j.wrapping_sub(low[1]),
            i.wrapping_sub(low[0]),
        ];
        if let Some(bit) = bits.get_mut(at) {
            *bit = adds;
        }
    }
    let made = Mask::from_box(Arc::clone(volume.grid()), low, &bits)
        .map_err(|e| Error::Mask(e.to_string()))?;
    if made.is_empty() {
        return Err(Error::NothingFound);
    }
    Ok(made)
}
