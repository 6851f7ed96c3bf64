//! Dividing in rounds: first by the outline that a gesture suggests, then by the shape, the depth and
//! the values that the round before has found; the values of the surroundings by direction.

use rayon::prelude::*;

use super::divide::{Evidence, noise};
use super::field::Field;
use super::hints::Hints;
use super::model::ValueModel;
use super::outline::Outline;
use super::sectors::Sectors;
use super::{Error, Params};
use crate::jobs::JobContext;

/// Units of the outline between which surroundings are sampled at first.
const SHELL: std::ops::Range<f32> = 1.25..1.9;
/// A probability above this is sure to be lesion, one less than its complement sure not to be.
pub(super) const SURE: f32 = 0.8;
/// Smoothed shape between which surroundings are sampled later: beside the lesion, not far off.
pub(super) const BESIDE: std::ops::Range<f32> = 0.02..0.3;
/// Fewest samples of lesion and of surroundings that replace those of the round before.
pub(super) const FEWEST: [usize; 2] = [8, 20];
/// Fewest voxels of the line that can stand for all of it.
const FEWEST_SEEDS: usize = 3;
/// Values of the line are repeated until they are one for so many of the inside.
const LINE_COUNTS: usize = 6;
/// Voxels of a lower probability do not tell how deep the lesion is.
const TELLS_DEPTH: f32 = 0.3;
/// Largest log odds of place.
pub(super) const MOST_PLACE: f32 = 4.0;

/// Where a lesion is looked for.
pub(super) struct Place<'a> {
    pub(super) field: &'a Field<'a>,
    /// Which voxels are to be told; all others are surroundings.
    pub(super) free: &'a [bool],
    /// Distance of each voxel from the outline's middle in units of the outline.
    pub(super) reach: &'a [f32],
    /// The outline, where its depth through the slices is a guess.
    pub(super) outline: Option<&'a Outline>,
    /// The outline's largest radius, mm.
    pub(super) radius: f64,
    pub(super) hints: &'a Hints,
}

/// Probability of lesion of each voxel of a field.
pub(super) fn divided(
    place: &Place<'_>,
    seeds: &[usize],
    params: &Params,
    job: &JobContext,
) -> Result<Vec<f32>, Error> {
    let Place {
        field,
        free,
        reach,
        hints,
        ..
    } = *place;
    if seeds.is_empty() && hints.plus.is_empty() {
        return Err(Error::NoValues);
    }
    let values = |chosen: &dyn Fn(usize) -> bool| -> Vec<f32> {
        let finite = |n: &usize| field.values[*n].is_finite() && chosen(*n);
        let chosen = (0..field.len()).filter(finite);
        chosen.map(|n| field.values[n]).collect()
    };
    let outside: Vec<usize> = (0..field.len()).filter(|n| !free[*n]).collect();
    let noise = noise(field, |n| reach[n] < 1.0);
    let of_reach = |reach: f32| {
        let odds = params.prior_slope * (params.prior_edge - reach);
        odds.clamp(-MOST_PLACE, MOST_PLACE)
    };
    let mut prior: Vec<f32> = (0..field.len())
        .map(|n| of_reach(reach[n]) + hints.shift(n))
        .collect();
    let mut lesion: Vec<f32> = seeds.iter().map(|n| field.values[*n]).collect();
    let inner = values(&|n| free[n] && reach[n] < params.inner);
    // The line shows the rim of a lesion too: it is not to vanish beside the inside.
    let line = lesion.clone();
    while !line.is_empty() && LINE_COUNTS * lesion.len() < inner.len() {
        lesion.extend(&line);
    }
    lesion.extend(inner);
    let mut around = values(&|n| SHELL.contains(&reach[n]));
    let mut made = Vec::new();
    let mut known = None;
    let mut beside: Vec<usize> = Vec::new();
    for round in 0..params.rounds {
        hints.add_to(field, &mut lesion, &mut around, params);
        let model = ValueModel::new(&lesion, &around, noise, params).ok_or(Error::NoValues)?;
        // Not in the first round, of which nothing is known yet.
        let sectors = (round > 0).then(|| Sectors::new(field, &made, &beside, &model));
        let sectors = sectors.flatten();
        // What a line crosses is not lesion everywhere: cavities and bays look like surroundings.
        let is_likely = |n: &usize| model.log_odds(field.values[*n]) > params.least_seed_odds;
        let mut inside: Vec<usize> = seeds.iter().copied().filter(is_likely).collect();
        if inside.len() < FEWEST_SEEDS {
            inside = seeds.to_vec();
        }
        inside.extend(hints.plus.iter().filter(|n| free[**n]));
        let evidence = Evidence {
            field,
            free,
            inside: &inside,
            held: None,
            outside: &outside,
            prior: &prior,
            lesion: &lesion,
            model: &model,
            sectors: sectors.as_ref(),
            radius: (place.radius / field.steps[0].min(field.steps[1])) as f32,
            noise,
        };
        // What paths tell hardly changes from round to round.
        let known = match &known {
            Some(known) => known,
            None => known.insert(evidence.known(params, job)?),
        };
        let is_last = round + 1 == params.rounds;
        let sweeps = if is_last {
            params.sweeps
        } else {
            params.sweeps / 2
        };
        made = evidence.divide(known, &Params { sweeps, ..*params }, job)?;
        if is_last {
            break;
        }
        let shape = field.smoothed(&made, params.shape_blur * place.radius);
        let fitted = place.outline.map(|outline| {
            let tells = (0..field.len()).filter(|n| made[*n] > TELLS_DEPTH);
            outline.refitted(tells.map(|n| (field.place(n), f64::from(made[n]))))
        });
        let again = |(n, prior): (usize, &mut f32)| {
            if !free[n] {
                return;
            }
            let p = shape[n].clamp(0.01, 0.99);
            let of_shape = (p / (1.0 - p)).ln() + params.shape_bias;
            let reach = fitted
                .as_ref()
                .map_or(reach[n], |outline| outline.reach(field.place(n)));
            let odds = params.place_again * of_reach(reach) + params.shape * of_shape;
            *prior = odds.clamp(-MOST_PLACE, MOST_PLACE) + hints.shift(n);
        };
        prior.par_iter_mut().enumerate().for_each(again);
        let chosen = values(&|n| free[n] && made[n] > SURE && shape[n] > 0.5);
        let is_beside = |n: &usize| {
            field.values[*n].is_finite() && made[*n] < 1.0 - SURE && BESIDE.contains(&shape[*n])
        };
        beside = (0..field.len()).filter(is_beside).collect();
        if chosen.len() >= FEWEST[0] {
            lesion = chosen;
        }
        if beside.len() >= FEWEST[1] {
            around = beside.iter().map(|n| field.values[*n]).collect();
        }
    }
    Ok(made)
}
