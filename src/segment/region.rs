//! From a gesture's outline to a division of the image around it.

use rayon::prelude::*;

use super::brush::Brush;
use super::field::{Field, Frame};
use super::hints::Hints;
use super::outline::Outline;
use super::refit::{self, Place};
use super::{Error, Params, slices};
use crate::geometry::Point;
use crate::jobs::JobContext;
use crate::volume::Volume;

/// Voxels beyond the region that are cut out with it, mm.
const CROP_MARGIN: f64 = 4.0;
/// More voxels than this are first worked on with pixels joined.
const MANY_VOXELS: usize = 150_000;
/// How far beyond a stroke that adds the region goes, mm, and how much larger it becomes at most.
const BEYOND_MM: f64 = 4.0;
const LARGER: f64 = 1.6;

/// A division of a part of the image.
pub(super) struct Division<'a> {
    pub(super) field: Field<'a>,
    pub(super) free: Vec<bool>,
    /// Probability of lesion.
    pub(super) lesion: Vec<f32>,
    /// Voxels that are taken for lesion.
    pub(super) seeds: Vec<usize>,
}

/// What is taken for lesion.
pub(super) enum Seeds<'a> {
    /// What lies under a line.
    Line([Point; 2]),
    /// Voxels of the image.
    Voxels(&'a [[usize; 3]]),
}

/// Strokes of a reader, and whether they add.
pub(super) type Strokes = [(Brush, bool)];

/// Divides the sphere around an outline.
pub(super) fn divide<'a>(
    volume: &'a Volume,
    frame: Frame<'a>,
    outline: &Outline,
    seeds: &Seeds<'_>,
    strokes: &Strokes,
    params: &Params,
    job: &JobContext,
) -> Result<Division<'a>, Error> {
    let longest = outline.longest();
    let of_outline = 2.0 * params.region_per_length * longest + params.region_margin;
    let mut radius = of_outline;
    for (brush, _) in strokes.iter().filter(|s| s.1) {
        for p in &brush.points {
            let far = frame.of_patient(*p).distance(outline.middle).0 + brush.radius;
            radius = radius.max((far + BEYOND_MM).min(LARGER * of_outline));
        }
    }
    let field = Field::around(
        volume,
        frame,
        outline.middle,
        radius + CROP_MARGIN,
        params.smoothing,
        MANY_VOXELS,
        job,
    )?;
    let told = |(p, value): (&Point, &f32)| {
        let is_free = value.is_finite() && p.distance(outline.middle).0 <= radius;
        (outline.reach(*p), is_free)
    };
    let places = field.places();
    let (reach, mut free): (Vec<f32>, Vec<bool>) =
        places.par_iter().zip(&field.values).map(told).unzip();
    let hints = Hints::of(volume, &field, strokes, params, job)?;
    for n in &hints.minus {
        free[*n] = false;
    }
    let mut seeds = match seeds {
        Seeds::Line([a, b]) => field.under(*a, *b),
        Seeds::Voxels(voxels) => field.held(voxels),
    };
    seeds.retain(|n| free[*n]);
    let place = Place {
        field: &field,
        free: &free,
        reach: &reach,
        outline: (!outline.is_depth_known).then_some(outline),
        radius: longest,
        hints: &hints,
    };
    let mut lesion = refit::divided(&place, &seeds, params, job)?;
    if params.by_slice {
        slices::tell(&place, &seeds, &mut lesion, params, job)?;
    }
    seeds.extend(hints.plus.iter().filter(|n| free[**n]));
    Ok(Division {
        field,
        free,
        lesion,
        seeds,
    })
}
