//! From a drawn diameter, a box or an outline to a division of the image around it.

use rayon::prelude::*;

use super::divide::{Evidence, noise};
use super::field::{Field, Frame};
use super::{Error, Params};
use crate::geometry::{Point, Vec3};
use crate::jobs::JobContext;
use crate::volume::Volume;

/// Voxels beyond the region that are cut out with it, mm.
const CROP_MARGIN: f64 = 4.0;
/// More voxels than this are first worked on with pixels joined.
const MANY_VOXELS: usize = 150_000;

/// The ellipsoid that a gesture suggests, in a frame.
pub(super) struct Outline {
    pub(super) middle: Point,
    /// Unit vectors along its axes.
    axes: [Vec3; 3],
    /// Its semi-axes, mm.
    pub(super) half: [f64; 3],
}

impl Outline {
    /// Around a longest diameter.
    pub(super) fn of_line(frame: &Frame<'_>, ends: [Point; 2], params: &Params) -> Self {
        let [p0, p1] = ends.map(|p| frame.of_patient(p));
        let half = (p1.0 - p0.0).norm() / 2.0;
        let along = (p1.0 - p0.0).normalize();
        let across = frame.grid.normal().cross(&along);
        // A line along the normal has no side in the slice: any will do.
        let across = across
            .try_normalize(1e-6)
            .unwrap_or_else(|| frame.grid.i_step().normalize());
        Self {
            middle: p0.midpoint(p1),
            axes: [along, across, along.cross(&across)],
            half: [half, params.across * half, params.through * half],
        }
    }

    /// Within a box whose sides follow the grid; a box in one slice is as deep as it is wide.
    pub(super) fn of_box(frame: &Frame<'_>, corners: [Point; 2], params: &Params) -> Self {
        let [p0, p1] = corners.map(|p| frame.of_patient(p));
        let normal = frame.grid.normal();
        let i = frame.grid.i_step().normalize();
        let axes = [i, normal.cross(&i), normal];
        let d = p1.0 - p0.0;
        let mut half = axes.map(|axis| d.dot(&axis).abs() / 2.0);
        let wide = (half[0] * half[1]).sqrt();
        if half[2] < 0.5 * frame.steps()[2] {
            half[2] = params.through / params.across * wide;
        } else {
            half[2] += 0.5 * frame.steps()[2];
        }
        Self {
            middle: p0.midpoint(p1),
            axes,
            half,
        }
    }

    /// Distance from the middle in units of the outline: below 1 within.
    pub(super) fn reach(&self, p: Point) -> f32 {
        let d = p.0 - self.middle.0;
        let along = |a: usize| d.dot(&self.axes[a]) / self.half[a];
        let [u, v, w] = [along(0), along(1), along(2)];
        (u * u + v * v + w * w).sqrt() as f32
    }

    pub(super) fn longest(&self) -> f64 {
        self.half.into_iter().fold(0.0, f64::max)
    }
}

/// A division of a part of the image.
pub(super) struct Division<'a> {
    pub(super) field: Field<'a>,
    pub(super) free: Vec<bool>,
    /// Probability of lesion.
    pub(super) lesion: Vec<f32>,
    /// Voxels that are certainly lesion.
    pub(super) seeds: Vec<usize>,
}

/// Divides the sphere around an outline. `line` is certainly lesion.
pub(super) fn divide<'a>(
    volume: &'a Volume,
    frame: Frame<'a>,
    outline: &Outline,
    line: [Point; 2],
    params: &Params,
    job: &JobContext,
) -> Result<Division<'a>, Error> {
    let longest = outline.longest();
    let radius = 2.0 * params.region_per_length * longest + params.region_margin;
    let field = Field::around(
        volume,
        frame,
        outline.middle,
        radius + CROP_MARGIN,
        params.smoothing,
        MANY_VOXELS,
        job,
    )?;
    let places = |n: usize| {
        let p = field.place(n);
        let is_free = field.values[n].is_finite() && p.distance(outline.middle).0 <= radius;
        (outline.reach(p), is_free)
    };
    let (reach, free): (Vec<f32>, Vec<bool>) = (0..field.len()).into_par_iter().map(places).unzip();
    let mut seeds = field.under(line[0], line[1]);
    seeds.retain(|n| free[*n]);
    let lesion = divided(&field, &free, &seeds, &reach, longest, params, job)?;
    Ok(Division {
        field,
        free,
        lesion,
        seeds,
    })
}

/// Divides a field by an outline that is given as each voxel's distance in units of it.
pub(super) fn divided(
    field: &Field<'_>,
    free: &[bool],
    seeds: &[usize],
    reach: &[f32],
    radius: f64,
    params: &Params,
    job: &JobContext,
) -> Result<Vec<f32>, Error> {
    if seeds.is_empty() {
        return Err(Error::NoValues);
    }
    let outside: Vec<usize> = (0..field.len()).filter(|n| !free[*n]).collect();
    let prior: Vec<f32> = reach
        .iter()
        .map(|r| (params.prior_slope * (params.prior_edge - r)).clamp(-4.0, 4.0))
        .collect();
    let lesion: Vec<f32> = seeds.iter().map(|n| field.values[*n]).collect();
    let shell = |n: &usize| (1.25..1.9).contains(&reach[*n]) && field.values[*n].is_finite();
    let around: Vec<f32> = (0..field.len())
        .filter(shell)
        .map(|n| field.values[n])
        .collect();
    let evidence = Evidence {
        field,
        free,
        inside: seeds,
        held: None,
        outside: &outside,
        prior: &prior,
        lesion: &lesion,
        around: &around,
        radius: (radius / field.steps[0].min(field.steps[1])) as f32,
        noise: noise(field, |n| reach[n] < 1.0),
    };
    evidence.divide(params, job)
}

impl Outline {
    /// Whether a place lies within the box around the outline, or at most half a voxel beyond.
    pub(super) fn contains(&self, p: Point, steps: [f64; 3]) -> bool {
        let d = p.0 - self.middle.0;
        (0..3).all(|a| d.dot(&self.axes[a]).abs() <= self.half[a] + 0.5 * steps[a])
    }
}
