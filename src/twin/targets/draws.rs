//! Courses of a patient: diameters of all targets, draw by draw.
//!
//! **Models.** Draw i of every lesion takes the model at the place i of its models in order of name, in
//! proportion to their weights, so that lesions follow the same model as far as their weights allow.
//! Lesions that were joined under a model take the same row of its draws, which is of one patient
//! effect; others take rows in an order of their own, since their rows come from the same random
//! numbers and would otherwise move together.
//!
//! **What no model knows**, how far a lesion strays from its models, the whole move of a lesion by the
//! local level, and the effect of a therapy not seen yet: √ρ times a standard normal of the patient
//! plus √(1 − ρ) times one of the lesion, ρ being the share between patients. For the local level that
//! is a Gaussian copula: the quantile of the lesion's forecast at the level Φ of that number.
//!
//! **Noise** of measurement is each reading's own.

use std::collections::BTreeMap;

use super::NoSum;
use super::scans::Measured;
use crate::jobs::JobContext;
use crate::twin::ensemble::{self, Ensemble};
use crate::twin::forecast::{Population, Readings};
use crate::twin::parameter::Slot;
use crate::twin::patient::joined;
use crate::twin::posterior::Random;
use crate::twin::treatment::Treatments;
use crate::twin::{Error, Fit, LesionSeries, ModelFit, Scale, Voice};
use crate::units::Days;

/// Courses. The standard error of a probability is at most 0.8 percentage points.
const DRAWS: usize = 4000;

/// Random numbers of their own for each use.
#[derive(Clone, Copy)]
enum Use {
    Rows,
    Common,
    Own,
    Noise,
    Unknown,
    UnknownOwn,
    Walk,
}

fn random(seed: u64, of: Use, place: usize, model: u64) -> Random {
    Random::new(
        seed ^ 0x7A46_0E75,
        (1 << 50) | ((of as u64) << 44) | ((place as u64) << 16) | model,
    )
}

/// A target with all that its diameters are made of.
struct Lesion<'a> {
    fit: &'a Fit,
    by: By,
    /// Move of each draw that models do not know, standard normal.
    moves: Vec<f64>,
}

enum By {
    Models {
        /// ln V, day by day and draw by draw; NaN where a draw leads to no number.
        sizes: Vec<Vec<f64>>,
        /// Standardised noise of each draw.
        noise: Vec<f64>,
        slice: Option<f64>,
    },
    LocalLevel(Readings),
}

/// Joint draws of all targets.
pub(super) struct Draws<'a> {
    lesions: Vec<Lesion<'a>>,
    measured: &'a Measured,
    /// Draws in which every lesion has a number on every day.
    kept: Vec<usize>,
    between: f64,
    seed: u64,
}

impl<'a> Draws<'a> {
    /// Carries every target along the plan to the days asked for, none before the last scan.
    pub(super) fn new(
        targets: &[(&'a Fit, Voice)],
        measured: &'a Measured,
        treatments: &Treatments,
        days: &[f64],
        between: f64,
        job: &JobContext,
    ) -> Result<Self, NoSum> {
        let fits: Vec<&Fit> = targets.iter().map(|(fit, _)| *fit).collect();
        let seed = fits.first().map_or(0, |fit| fit.seed);
        let mut common = random(seed, Use::Common, 0, 0);
        let common: Vec<f64> = (0..DRAWS).map(|_| common.normal()).collect();
        let mut lesions = Vec::with_capacity(targets.len());
        for (place, (fit, voice)) in targets.iter().enumerate() {
            job.check().map_err(Error::from)?;
            let mut own = random(seed, Use::Own, place, 0);
            let moves = common
                .iter()
                .map(|c| mixed(between, *c, own.normal()))
                .collect();
            let by = match voice {
                Voice::Models => by_models(&fits, place, treatments, days, between)?,
                Voice::LocalLevel => {
                    let series = LesionSeries {
                        observations: fit.observations.clone(),
                    };
                    By::LocalLevel(Readings::of(&series)?)
                }
            };
            lesions.push(Lesion { fit, by, moves });
        }
        let number = |lesion: &Lesion<'_>, i: usize| match &lesion.by {
            By::Models { sizes, .. } => sizes.iter().all(|column| column[i].is_finite()),
            By::LocalLevel(_) => true,
        };
        let kept: Vec<usize> = (0..DRAWS)
            .filter(|i| lesions.iter().all(|l| number(l, *i)))
            .collect();
        if kept.is_empty() {
            return Err(Error::EmptyFit.into());
        }
        Ok(Self {
            lesions,
            measured,
            kept,
            between,
            seed,
        })
    }

    /// Sums (mm) as measured on a day, which is that of the column.
    pub(super) fn measured(&self, column: usize, day: f64) -> Vec<f64> {
        let mut sums = vec![0.0; self.kept.len()];
        for (place, lesion) in self.lesions.iter().enumerate() {
            match &lesion.by {
                By::Models {
                    sizes,
                    noise,
                    slice,
                } => {
                    let straying = lesion.fit.straying(day);
                    for (sum, i) in sums.iter_mut().zip(&self.kept) {
                        let x = sizes[column][*i] + straying * lesion.moves[*i];
                        let sigma = lesion.fit.noise.sigma(x, *slice);
                        let log_size = Scale::DiameterMm.log_size(x) + sigma * noise[*i];
                        *sum += self.measured.counted(place, libm::exp(log_size));
                    }
                }
                By::LocalLevel(readings) => {
                    let history = readings.first(readings.len());
                    let ahead = Days(day - lesion.fit.last_day().0);
                    let forecast = Population::laleh_2022().forecast(&history, ahead);
                    for (sum, i) in sums.iter_mut().zip(&self.kept) {
                        let d = forecast.quantile(level(lesion.moves[*i])).value();
                        *sum += self.measured.counted(place, d);
                    }
                }
            }
        }
        sums
    }

    /// Probability that the latent sum (mm) has reached the threshold by each of the days `ahead` of the
    /// last scan, whose columns begin at `column`. Lesions stray in walks.
    pub(super) fn passed(
        &self,
        threshold: f64,
        column: usize,
        last: f64,
        ahead: &[f64],
    ) -> Vec<f64> {
        let mut common = random(self.seed, Use::Walk, 0, 0);
        let mut own: Vec<Random> = (0..self.lesions.len())
            .map(|place| random(self.seed, Use::Walk, place, 1))
            .collect();
        let mut walks = vec![vec![0.0; self.kept.len()]; self.lesions.len()];
        let mut has = vec![false; self.kept.len()];
        let mut before = last;
        ahead
            .iter()
            .enumerate()
            .map(|(step, days)| {
                let day = last + days;
                // Variances add up along a walk.
                let strays: Vec<f64> = self
                    .lesions
                    .iter()
                    .map(|l| {
                        let (from, to) = (l.fit.straying(before), l.fit.straying(day));
                        let from = if step == 0 { 0.0 } else { from };
                        libm::sqrt((to * to - from * from).max(0.0))
                    })
                    .collect();
                before = day;
                for (k, i) in self.kept.iter().enumerate() {
                    let shared = common.normal();
                    let mut sum = 0.0;
                    for (place, lesion) in self.lesions.iter().enumerate() {
                        let By::Models { sizes, .. } = &lesion.by else {
                            continue;
                        };
                        let walk = &mut walks[place][k];
                        *walk += strays[place] * mixed(self.between, shared, own[place].normal());
                        let x = sizes[column + step][*i] + *walk;
                        let d = libm::exp(Scale::DiameterMm.log_size(x));
                        sum += self.measured.counted(place, d);
                    }
                    has[k] |= sum >= threshold;
                }
                has.iter().filter(|h| **h).count() as f64 / has.len() as f64
            })
            .collect()
    }
}

/// A standard normal of which a share of the variance is the patient's.
fn mixed(between: f64, common: f64, own: f64) -> f64 {
    libm::sqrt(between) * common + libm::sqrt(1.0 - between) * own
}

/// Φ, the level of a standard normal.
fn level(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

fn by_models(
    fits: &[&Fit],
    place: usize,
    treatments: &Treatments,
    days: &[f64],
    between: f64,
) -> Result<By, Error> {
    let (fit, seed) = (fits[place], fits[0].seed);
    let horizon = days.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let acting = ensemble::acting(fit, &[treatments], horizon);
    let rows: Vec<(crate::twin::Model, Vec<usize>)> = fit
        .models
        .iter()
        .map(|model| (model.model, rows(fits, place, model, seed)))
        .collect();
    let row = |model: &ModelFit, i: usize| {
        let rows = rows.iter().find(|(m, _)| *m == model.model);
        rows.map_or(0, |(_, rows)| rows[i % rows.len()])
    };
    let mut unknown: BTreeMap<(u64, u64), Vec<f64>> = BTreeMap::new();
    let unseen = |slot: &Slot, i: usize| {
        let key = (
            slot.kind as u64,
            slot.drug.map_or(0, |d| 1 + u64::from(d.0)),
        );
        let of = unknown.entry(key).or_insert_with(|| {
            let of = (key.0 << 17) | key.1;
            let mut common = random(seed, Use::Unknown, of as usize, 0);
            let mut own = random(seed, Use::UnknownOwn, of as usize, place as u64);
            (0..DRAWS)
                .map(|_| mixed(between, common.normal(), own.normal()))
                .collect()
        });
        of[i]
    };
    let draws = Ensemble::drawn(fit, &acting, DRAWS, |m, _, i| row(m, i), unseen)?;
    let mut noise = random(seed, Use::Noise, place, 0);
    Ok(By::Models {
        sizes: draws.sizes(treatments, days)?,
        noise: (0..DRAWS).map(|_| fit.noise.draw(&mut noise)).collect(),
        slice: fit
            .observations
            .iter()
            .rev()
            .find_map(|o| o.slice)
            .map(|s| s.0),
    })
}

/// An order of the rows of a model: one for the lesions that were joined under it, else the lesion's own.
pub(super) fn rows(fits: &[&Fit], place: usize, model: &ModelFit, seed: u64) -> Vec<usize> {
    let groups = joined(fits, model.model);
    let group = groups.iter().position(|lesions| lesions.contains(&place));
    let of = group.map_or(2 * place + 1, |group| 2 * group);
    let mut random = random(seed, Use::Rows, of, model.model as u64);
    let mut rows: Vec<usize> = (0..model.draws.len()).collect();
    for i in (1..rows.len()).rev() {
        let j = ((random.uniform() * (i + 1) as f64) as usize).min(i);
        rows.swap(i, j);
    }
    rows
}
