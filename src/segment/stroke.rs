//! Corrections: strokes, clicks and outlines on top of any mask.

use ndarray::Array3;
use rayon::prelude::*;

use super::brush::{Brush, Region};
use super::divide::{Evidence, noise};
use super::field::{Field, Frame, box_around};
use super::model::ValueModel;
use super::{Error, Params, Prompt, again, lasso};
use crate::jobs::JobContext;
use crate::volume::parts::{self, Touch};
use crate::volume::{Mask, Places, Volume, squared_distance};

/// How far beyond its brush a correction can reach at least, mm.
const REACH_MM: f64 = 8.0;
/// Voxels that are worked on for all pieces of a stroke together, and for one of them at least; the
/// reach shrinks to keep to them.
const MOST_VOXELS: usize = 45_000;
const LEAST_VOXELS: usize = 15_000;
/// How far a stroke speaks by place alone at most, for its depth in what is wrong, mm.
const DEEPEST_MM: f64 = 10.0;
/// Fewest voxels farther off that a stroke's values are told from.
const FEWEST_AROUND: usize = 30;
/// Sweeps of the random walker around a stroke.
const SWEEPS: usize = 15;

/// A mask after one more gesture.
///
/// A stroke adds (or takes away) what is under it and what is like it and near it; it never does the
/// opposite, and changes nothing under earlier strokes of the other kind. An outline sets just what
/// it encloses. A further drag or box joins its own mask to the lesion.
pub(super) fn correct(
    volume: &Volume,
    mask: &Mask,
    earlier: &[Prompt],
    last: &Prompt,
    params: &Params,
    job: &JobContext,
) -> Result<Mask, Error> {
    let grid = volume.grid();
    let is_outside = |p: &crate::geometry::Point| !grid.contains(grid.voxel_from_patient(*p));
    let has_no_place = last.points().is_empty() && last.has_place();
    if has_no_place || last.points().iter().any(is_outside) {
        return Err(Error::Outside);
    }
    let (voxels, adds) = match last {
        Prompt::Drag { .. } | Prompt::Box { .. } => {
            let (more, _) = super::first_mask(volume, last, params, job)?;
            (more.voxels().collect(), true)
        }
        Prompt::Lasso { adds, .. } => (lasso::enclosed(volume, last)?.voxels, *adds),
        Prompt::Point { adds, .. } | Prompt::Scribble { adds, .. } => {
            let change = Change {
                volume,
                mask,
                earlier,
                adds: *adds,
                params,
                job,
            };
            let pieces = Brush::new(volume, last).pieces();
            let most = (MOST_VOXELS / pieces.len().max(1)).max(LEAST_VOXELS);
            let by = |piece: &Brush| change.by(piece, most);
            let found: Result<Vec<_>, Error> = pieces.par_iter().map(by).collect();
            let voxels = found?.concat();
            if voxels.is_empty() {
                return Err(Error::NoValues);
            }
            // A stroke shows its way; a click that slipped shows none.
            let is_click = matches!(last, Prompt::Point { adds: true, .. });
            if is_click && !mask.is_empty() && !reach(mask, &voxels) {
                return Err(Error::Apart);
            }
            (voxels, *adds)
        }
        Prompt::Slices => {
            return again::by_slice(volume, earlier, params, job).map(|(mask, _)| mask);
        }
        Prompt::Anew => return again::anew(volume, mask, earlier, params, job),
    };
    let made = mask
        .changed(&voxels, adds)
        .map_err(|e| Error::Mask(e.to_string()))?;
    if made.is_empty() {
        return Err(Error::NothingFound);
    }
    Ok(made)
}

/// Whether some of these voxels lie in the mask, or beside it.
fn reach(mask: &Mask, voxels: &[[usize; 3]]) -> bool {
    let near = |x: usize| x.saturating_sub(1)..=x + 1;
    voxels.iter().any(|[i, j, k]| {
        near(*k).any(|k| near(*j).any(|j| near(*i).any(|i| mask.contains(i, j, k))))
    })
}

/// What a stroke is laid over.
struct Change<'a> {
    volume: &'a Volume,
    mask: &'a Mask,
    earlier: &'a [Prompt],
    adds: bool,
    params: &'a Params,
    job: &'a JobContext,
}

impl Change<'_> {
    /// Voxels that a piece of a stroke changes, of at most about so many around it.
    fn by(&self, brush: &Brush, most: usize) -> Result<Vec<[usize; 3]>, Error> {
        let Self {
            volume,
            params,
            job,
            ..
        } = *self;
        let frame = Frame::new(volume);
        let depth = brush.depth(&frame, self.mask, self.adds);
        let steps = frame.steps();
        let pixel = steps[0].min(steps[1]);
        let radius = brush.radius.max(0.5 * pixel);
        let deep = (depth - brush.radius).min(DEEPEST_MM);
        let wide = (params.stroke_radii * radius).max(deep);
        let (region, reach) = region_of(&frame, brush, wide, most);
        let (origin, size) = region;
        let covered = brush.covered(volume, region, job)?;
        let under = self.bits(region, &covered);
        if size.iter().product::<usize>() > 4 * MOST_VOXELS {
            // The brush alone is larger than what can be divided: what it covers, and no more.
            return Ok(self.valued(covered));
        }
        let mut field = Field::read(volume, frame.clone(), origin, size, 1, job)?;
        field.smooth(params.smoothing);
        let places = Places::of_box(volume.grid(), origin, size).stretched(frame.stretch);
        let away = squared_distance(&under, &places);
        let away = away.as_slice().ok_or(Error::NoValues)?;
        let mut blocked = vec![false; field.len()];
        for prompt in self.earlier {
            if let Prompt::Scribble { adds, .. } | Prompt::Point { adds, .. } = prompt
                && *adds != self.adds
            {
                let other = Brush::new(volume, prompt).covered(volume, region, job)?;
                let other = self.bits(region, &other);
                blocked.iter_mut().zip(&other).for_each(|(b, o)| *b |= *o);
            }
        }
        let own = |n: usize| {
            let [i, j, k] = field.at(n);
            [origin[0] + i, origin[1] + j, origin[2] + k]
        };
        let is_target: Vec<bool> = (0..field.len())
            .map(|n| {
                let [i, j, k] = own(n);
                self.mask.contains(i, j, k) == self.adds
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
            return Ok(Vec::new());
        }
        let outside: Vec<usize> = (0..field.len())
            .filter(|n| !free[*n] && !is_target[*n] && away[*n] > 0.0)
            .collect();
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
        let mut inside = under;
        let noise = noise(&field, |_| true);
        // Where hardly anything is left that it could be told from, it is what is under the stroke.
        let model = (around.len() >= FEWEST_AROUND)
            .then(|| ValueModel::new(&lesion, &around, noise, params))
            .flatten();
        if let Some(model) = model {
            let evidence = Evidence {
                field: &field,
                free: &free,
                inside: &seeds,
                held: Some(&is_target),
                outside: &outside,
                prior: &prior,
                lesion: &lesion,
                model: &model,
                sectors: None,
                radius: (wide / pixel) as f32,
                noise,
            };
            let sweeps = SWEEPS;
            let known = evidence.known(params, job)?;
            let probability = evidence.divide(&known, &Params { sweeps, ..*params }, job)?;
            for (n, bit) in inside.iter_mut().enumerate().filter(|(n, _)| free[*n]) {
                *bit |= probability[n] > 0.5;
            }
        }
        let starts: Vec<[usize; 3]> = seeds
            .iter()
            .map(|n| {
                let [i, j, k] = field.at(*n);
                [k, j, i]
            })
            .collect();
        parts::keep_seeded(&mut inside, &starts, Touch::Faces);
        let marked = inside.indexed_iter().filter(|(_, b)| **b);
        Ok(self.valued(
            marked
                .map(|((k, j, i), _)| [origin[0] + i, origin[1] + j, origin[2] + k])
                .collect(),
        ))
    }

    /// Voxels of a region as its bits.
    fn bits(&self, (origin, size): Region, voxels: &[[usize; 3]]) -> Array3<bool> {
        let mut bits = Array3::from_elem([size[2], size[1], size[0]], false);
        for [i, j, k] in voxels {
            bits[[k - origin[2], j - origin[1], i - origin[0]]] = true;
        }
        bits
    }

    /// Those that have a value: padding and missing slices are never part of a mask.
    fn valued(&self, mut voxels: Vec<[usize; 3]>) -> Vec<[usize; 3]> {
        voxels.retain(|[i, j, k]| self.volume.value(*i, *j, *k).is_some());
        voxels
    }
}

/// The box around a stroke that its correction can reach, and how far that is: less where that would
/// be too many voxels, but never less than the brush.
fn region_of(frame: &Frame<'_>, brush: &Brush, wide: f64, most: usize) -> (Region, f64) {
    let steps = frame.steps();
    let places: Vec<_> = brush.points.iter().map(|p| frame.of_patient(*p)).collect();
    let mut reach = REACH_MM.max(2.0 * wide);
    loop {
        let region = box_around(frame, &places, brush.radius + reach);
        let shortest = steps[0].min(steps[1]);
        if region.1.iter().product::<usize>() <= most || reach <= shortest {
            return (region, reach);
        }
        reach = (0.85 * reach).max(shortest);
    }
}
