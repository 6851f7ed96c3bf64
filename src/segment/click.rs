//! From a click to a mask, or to the answer that a click is not enough.

use rayon::prelude::*;

use super::divide::noise;
use super::field::{Field, Frame};
use super::finish::{self, Lesion};
use super::model::median;
use super::star::{Star, Surroundings, Tissue};
use super::{Error, Params, band, opening, snap};
use crate::geometry::{Point, Vec3};
use crate::jobs::JobContext;
use crate::volume::Volume;

/// Radius of the first region and of the largest, mm; each is half as large again as the one before.
const FIRST_MM: f64 = 20.0;
const LARGEST_MM: f64 = 60.0;
/// More voxels than this are first worked on with pixels joined.
const MANY_VOXELS: usize = 60_000;
/// Noise is that of the voxels this near to the click, mm.
const NEAR_MM: f64 = 5.0;
/// Part of the rays that may end at the region's limit.
const AT_LIMIT: f64 = 0.02;
/// Least contrast of a boundary that can be trusted, in units of the noise.
const LEAST_CONTRAST: f64 = 2.0;
/// Difference of shell and beyond, in units of the spread, that makes a shell.
const NESTED: f32 = 2.5;
/// Least agreement (Dice) of surfaces from jittered clicks.
const LEAST_AGREEMENT: f64 = 0.77;
/// Of so many voxels one is compared for the agreement; no divisor of usual sizes.
const THINNED: usize = 5;
/// A voxel that belongs to the lesion more than this is lesion.
const CUT: f32 = 0.5;
/// Least agreement (Dice) of the surface with the mask.
const LEAST_SAME: f64 = 0.7;

/// The lesion around a click.
///
/// A star-shaped surface is fitted to the edges in sight of the place that was meant. What lies near
/// it and has the lesion's values is lesion, but for what hangs on it by a narrow bridge. The region
/// grows only on a result that stands out by itself.
pub(super) fn lesion(
    volume: &Volume,
    at: Point,
    params: &Params,
    job: &JobContext,
) -> Result<Lesion, Error> {
    let mut limit = FIRST_MM;
    loop {
        let frame = Frame::new(volume);
        let middle = frame.of_patient(at);
        let field = Field::around(
            volume,
            frame,
            middle,
            1.3 * limit,
            params.smoothing,
            MANY_VOXELS,
            job,
        )
        .map_err(|e| match e {
            Error::TooLarge { .. } => Error::NeedsDrag("the region around it is too large"),
            other => other,
        })?;
        let around = Surroundings::of(&field);
        let noise = noise(&field, |n| around.places[n].distance(middle).0 < NEAR_MM);
        let meant = snap::snapped(&around, middle, noise);
        let tissue = Tissue::at(&around, meant, noise).ok_or(Error::NoValues)?;
        let star = Star::around(&field, &tissue, meant, limit);
        if star.at_limit > AT_LIMIT && params.refuses {
            if !stands_out(&around, &tissue, &star) {
                return Err(Error::NeedsDrag("nothing stands out around it"));
            }
            if limit >= LARGEST_MM {
                return Err(Error::NeedsDrag("the region keeps growing"));
            }
            limit = (1.5 * limit).min(LARGEST_MM);
            continue;
        }
        return decided(
            volume,
            &around,
            &tissue,
            &star,
            (middle, noise),
            params,
            job,
        );
    }
}

/// Whether the two sides of a surface differ by enough.
fn stands_out(around: &Surroundings<'_>, tissue: &Tissue, star: &Star) -> bool {
    let field = around.field;
    let (mut within, mut beyond) = (Vec::new(), Vec::new());
    for n in (0..field.len()).filter(|n| field.values[*n].is_finite()) {
        let reach = star.reach(around.places[n]);
        if (0.6..0.95).contains(&reach) {
            within.push(field.values[n]);
        } else if (1.1..1.5).contains(&reach) {
            beyond.push(field.values[n]);
        }
    }
    let middles = (median(&within), median(&beyond));
    let (Some(a), Some(b)) = middles else {
        return false;
    };
    f64::from((a - b).abs() / tissue.spread) >= LEAST_CONTRAST
}

fn decided(
    volume: &Volume,
    around: &Surroundings<'_>,
    tissue: &Tissue,
    star: &Star,
    (click, noise): (Point, f32),
    params: &Params,
    job: &JobContext,
) -> Result<Lesion, Error> {
    let field = around.field;
    let reach: Vec<f32> = around.places.par_iter().map(|p| star.reach(*p)).collect();
    if params.refuses && !stands_out(around, tissue, star) {
        return Err(Error::NeedsDrag("its boundary hardly stands out"));
    }
    if params.refuses && is_nested(field, tissue, &reach) {
        return Err(Error::NeedsDrag("it may be a part of something larger"));
    }
    // Beside the click itself: where a click must be moved before others agree, it says too little.
    let place_of_click = (click, noise);
    if params.refuses
        && agreement(around, tissue, &reach, place_of_click, star.radius()) < LEAST_AGREEMENT
    {
        return Err(Error::NeedsDrag("clicks beside it would give another mask"));
    }
    let mut seeds: Vec<usize> = (0..field.len())
        .filter(|n| field.values[*n].is_finite() && reach[*n] < 0.5)
        .collect();
    if seeds.is_empty() {
        seeds.extend(field.holds(field.frame.patient(star.center)));
    }
    let likely = band::likely(around, tissue, star, &reach);
    let inside = finish::in_one_piece(field, |n| likely[n] > CUT, &seeds)?;
    let opened = opening::opened(field, &inside, &seeds);
    let free: Vec<bool> = opened.iter().copied().collect();
    let params = &Params {
        cut: CUT,
        ..*params
    };
    let found = finish::lesion(volume, field, &free, &likely, &seeds, params, job)?;
    let (mut both, mut either) = (0usize, 0usize);
    for n in 0..field.len() {
        let (a, b) = (reach[n] < 1.0, likely[n] > CUT && free[n]);
        both += 2 * usize::from(a && b);
        either += usize::from(a) + usize::from(b);
    }
    if params.refuses && (both as f64) < LEAST_SAME * either as f64 {
        return Err(Error::NeedsDrag("edges and values disagree"));
    }
    Ok(found)
}

/// Whether what lies around the surface is itself only a shell: of another value than what lies
/// farther out, as around the core of a ring-enhancing or part-solid lesion.
fn is_nested(field: &Field<'_>, tissue: &Tissue, reach: &[f32]) -> bool {
    let within = |low: f32, high: f32| {
        let chosen = (0..field.len()).filter(|n| (low..high).contains(&reach[*n]));
        let values: Vec<f32> = chosen
            .map(|n| field.values[n])
            .filter(|v| v.is_finite())
            .collect();
        median(&values)
    };
    let Some(near) = within(1.12, 1.4) else {
        return false;
    };
    let farther = [within(1.9, 2.6), within(2.6, 3.4)];
    farther
        .iter()
        .flatten()
        .any(|far| (near - far).abs() > NESTED * tissue.spread)
}

/// Mean Dice of the surface with those from clicks beside this one.
fn agreement(
    around: &Surroundings<'_>,
    tissue: &Tissue,
    reach: &[f32],
    (click, noise): (Point, f32),
    radius: f64,
) -> f64 {
    let off = (0.3 * radius).clamp(0.5, 4.0);
    let limit = (2.0 * radius).max(6.0);
    let ways = [
        Vec3::x(),
        -Vec3::x(),
        Vec3::y(),
        -Vec3::y(),
        Vec3::z(),
        -Vec3::z(),
    ];
    let dice: Vec<f64> = ways
        .par_iter()
        .map(|way| {
            let beside = Point(click.0 + way * off);
            let own = Tissue::at(around, beside, noise);
            let star = Star::nearby(around.field, own.as_ref().unwrap_or(tissue), beside, limit);
            let (mut both, mut either) = (0usize, 0usize);
            for (n, own) in reach.iter().enumerate().step_by(THINNED) {
                let (a, b) = (*own < 1.0, star.reach(around.places[n]) < 1.0);
                both += 2 * usize::from(a && b);
                either += usize::from(a) + usize::from(b);
            }
            both as f64 / either.max(1) as f64
        })
        .collect();
    dice.iter().sum::<f64>() / dice.len() as f64
}
