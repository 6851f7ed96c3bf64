//! Draws of the model average, carried along a plan.

use std::collections::BTreeMap;
use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::Error;
use super::fit::{Fit, ModelFit};
use super::model::{Acting, Model};
use super::parameter::Slot;
use super::posterior::Random;
use super::prior::{Prior, Priors, first_size};
use super::stats::quantile;
use super::trajectory::{self, Trajectory};
use super::treatment::{Therapy, Treatments};

/// Draws that an average is made of.
const DRAWS: usize = 2000;
/// Draws that a thread takes at least.
const AT_A_TIME: usize = 32;

/// The draws of one model.
struct Group {
    model: Model,
    priors: Priors,
    /// z, draw after draw, with all parameters of `priors`.
    z: Vec<Vec<f64>>,
}

/// Draws of several models in proportion to their weights.
pub(super) struct Ensemble<'a> {
    fit: &'a Fit,
    groups: Vec<Group>,
}

/// All that acts in a fit and in further plans up to a day.
pub(super) fn acting(fit: &Fit, plans: &[&Treatments], horizon: f64) -> Acting {
    let mut all = fit.acting();
    let first = fit.first_day().0;
    for plan in plans {
        let more = Acting::within(plan, first, horizon.max(first));
        all.timed.extend(more.timed);
        all.dosed.extend(more.dosed);
        all.radiotherapy |= more.radiotherapy;
        all.surgery |= more.surgery;
    }
    for drugs in [&mut all.timed, &mut all.dosed] {
        drugs.sort_unstable();
        drugs.dedup();
    }
    all
}

/// Therapies among `acting` of which a fit has no parameter.
pub(super) fn unknown(fit: &Fit, acting: &Acting) -> Vec<Therapy> {
    let known = fit.acting();
    let drug = acting.timed.iter().any(|d| !known.timed.contains(d))
        || acting.dosed.iter().any(|d| !known.dosed.contains(d));
    [
        (drug, Therapy::Systemic),
        (
            acting.radiotherapy && !known.radiotherapy,
            Therapy::Radiotherapy,
        ),
        (acting.surgery && !known.surgery, Therapy::Surgery),
    ]
    .into_iter()
    .filter_map(|(is, therapy)| is.then_some(therapy))
    .collect()
}

/// Standard normals of each parameter by itself, so that what else acts, which depends on the days asked
/// for, changes none of them.
struct BySlot {
    seed: u64,
    purpose: u64,
    streams: BTreeMap<u64, Random>,
}

impl BySlot {
    fn new(seed: u64, purpose: u64) -> Self {
        Self {
            seed,
            purpose,
            streams: BTreeMap::new(),
        }
    }

    fn normal(&mut self, slot: &Slot) -> f64 {
        let drug = slot.drug.map_or(0, |drug| 1 + u64::from(drug.0));
        let key = ((slot.kind as u64) << 17) | drug;
        let stream = self.purpose | key;
        let new = || Random::new(self.seed, stream);
        self.streams.entry(key).or_insert_with(new).normal()
    }
}

impl<'a> Ensemble<'a> {
    /// Posterior draws. Parameters of what acts, but is unknown to the fit, come from their priors.
    pub(super) fn posterior(fit: &'a Fit, acting: &Acting) -> Result<Self, Error> {
        let mut random = BySlot::new(fit.seed, 1 << 40);
        // Evenly over all draws.
        let evenly = |model: &ModelFit, span: &Range<usize>, i: usize| {
            (i - span.start) * model.draws.len() / span.len()
        };
        Self::drawn(fit, acting, DRAWS, evenly, |slot, _| random.normal(slot))
    }

    /// So many draws, those of the first model first. Of draw `i`, which lies in the span of its model,
    /// `row` says which of the kept draws of the model it is, and `unknown` the standardised parameter
    /// of what acts and is unknown to the fit.
    pub(super) fn drawn(
        fit: &'a Fit,
        acting: &Acting,
        draws: usize,
        row: impl Fn(&ModelFit, &Range<usize>, usize) -> usize,
        mut unknown: impl FnMut(&Slot, usize) -> f64,
    ) -> Result<Self, Error> {
        let mut groups = Vec::new();
        let (mut cumulated, mut taken) = (0.0, 0);
        let first = first_size(&fit.observations, fit.scale);
        for model in &fit.models {
            cumulated += model.weight;
            let upto = ((cumulated * draws as f64).round() as usize).clamp(taken, draws);
            let span = taken..upto;
            taken = upto;
            if span.is_empty() {
                continue;
            }
            if model.draws.is_empty() {
                return Err(Error::EmptyFit);
            }
            let priors = Priors::new(model.model, acting, fit.prior, fit.scale, first);
            let places = places(model, &priors);
            let z = span
                .clone()
                .map(|i| {
                    let row = model.draws.row(row(model, &span, i));
                    let of = |(place, prior): (&Option<usize>, &Prior)| match place {
                        Some(j) => row[*j],
                        None => unknown(&prior.slot, i),
                    };
                    places.iter().zip(&priors.each).map(of).collect()
                })
                .collect();
            groups.push(Group {
                model: model.model,
                priors,
                z,
            });
        }
        if groups.is_empty() {
            return Err(Error::EmptyFit);
        }
        Ok(Self { fit, groups })
    }

    /// As many draws of the prior, model by model.
    pub(super) fn prior(&self) -> Self {
        let mut random = BySlot::new(self.fit.seed, 1 << 41);
        let groups = self
            .groups
            .iter()
            .map(|group| Group {
                model: group.model,
                priors: group.priors.clone(),
                z: group
                    .z
                    .iter()
                    .map(|_| {
                        let slots = group.priors.each.iter().map(|p| &p.slot);
                        slots.map(|slot| random.normal(slot)).collect()
                    })
                    .collect(),
            })
            .collect();
        Self {
            fit: self.fit,
            groups,
        }
    }

    /// Number of draws.
    pub(super) fn len(&self) -> usize {
        self.groups.iter().map(|g| g.z.len()).sum()
    }

    /// ln V per day asked for and draw; NaN where a draw leads to no number. The same bits whatever the
    /// number of threads.
    pub(super) fn sizes(&self, plan: &Treatments, days: &[f64]) -> Result<Vec<Vec<f64>>, Error> {
        let mut by_day = vec![Vec::with_capacity(self.len()); days.len()];
        for group in &self.groups {
            let trajectory = group.trajectory(self.fit, plan, days)?;
            let curves: Vec<Vec<f64>> = group
                .z
                .par_iter()
                .with_min_len(AT_A_TIME)
                .map_init(
                    || (trajectory::Scratch::default(), Vec::new()),
                    |(scratch, theta), z| {
                        let mut x = Vec::with_capacity(days.len());
                        group.priors.theta(z, theta);
                        trajectory.run(theta, scratch, &mut x);
                        x
                    },
                )
                .collect();
            for curve in &curves {
                for (column, x) in by_day.iter_mut().zip(curve) {
                    column.push(*x);
                }
            }
        }
        Ok(by_day)
    }
}

impl Group {
    fn trajectory(&self, fit: &Fit, plan: &Treatments, days: &[f64]) -> Result<Trajectory, Error> {
        let slots = self.priors.each.iter().map(|p| p.slot).collect();
        let first = fit.first_day().0;
        Trajectory::new(self.model, slots, plan, fit.prior, first, days)
    }
}

/// Where the parameters of `priors` are among those of a fitted model.
fn places(model: &ModelFit, priors: &Priors) -> Vec<Option<usize>> {
    priors
        .each
        .iter()
        .map(|prior| {
            let same =
                |p: &super::Parameter| p.kind == prior.slot.kind && p.drug == prior.slot.drug;
            model.parameters.iter().position(same)
        })
        .collect()
}

/// One model at the median of its draws, to be varied parameter by parameter.
pub(super) struct Centre {
    model: Model,
    priors: Priors,
    z: Vec<f64>,
    /// Information of the data on z; nothing on what is unknown to the fit.
    pub(super) information: DMatrix<f64>,
}

impl Centre {
    pub(super) fn of(fit: &Fit, model: &ModelFit, acting: &Acting) -> Self {
        let first = first_size(&fit.observations, fit.scale);
        let priors = Priors::new(model.model, acting, fit.prior, fit.scale, first);
        let places = places(model, &priors);
        let known = model.information();
        let z = places
            .iter()
            .map(|place| {
                place.map_or(0.0, |j| {
                    let mut column = model.draws.column(j);
                    column.sort_by(f64::total_cmp);
                    quantile(&column, 0.5)
                })
            })
            .collect();
        let n = places.len();
        let information = DMatrix::from_fn(n, n, |i, j| match (places[i], places[j]) {
            (Some(i), Some(j)) => known[(i, j)],
            _ => 0.0,
        });
        Self {
            model: model.model,
            priors,
            z,
            information,
        }
    }

    /// Gradients by z of functionals of the curves (one per plan) on days, functional by functional.
    pub(super) fn gradients(
        &self,
        fit: &Fit,
        plans: &[&Treatments],
        days: &[f64],
        functionals: impl Fn(&[Vec<f64>]) -> Vec<f64>,
    ) -> Result<Vec<Vec<f64>>, Error> {
        let first = fit.first_day().0;
        let slots: Vec<_> = self.priors.each.iter().map(|p| p.slot).collect();
        let trajectories: Vec<Trajectory> = plans
            .iter()
            .map(|plan| Trajectory::new(self.model, slots.clone(), plan, fit.prior, first, days))
            .collect::<Result<_, _>>()?;
        let mut scratch = trajectory::Scratch::default();
        let mut theta = Vec::new();
        let mut curves = vec![Vec::new(); plans.len()];
        let mut at = |z: &[f64]| {
            self.priors.theta(z, &mut theta);
            for (trajectory, curve) in trajectories.iter().zip(&mut curves) {
                trajectory.run(&theta, &mut scratch, curve);
            }
            functionals(&curves)
        };
        let h = 1e-4;
        let mut gradients: Vec<Vec<f64>> = Vec::new();
        for j in 0..self.z.len() {
            let mut z = self.z.clone();
            z[j] = self.z[j] + h;
            let up = at(&z);
            z[j] = self.z[j] - h;
            let down = at(&z);
            gradients.resize_with(up.len(), || Vec::with_capacity(self.z.len()));
            for ((gradient, up), down) in gradients.iter_mut().zip(up).zip(down) {
                let slope = (up - down) / (2.0 * h);
                gradient.push(if slope.is_finite() { slope } else { 0.0 });
            }
        }
        Ok(gradients)
    }
}
