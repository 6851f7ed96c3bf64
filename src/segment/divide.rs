//! Dividing a part of an image into lesion and surroundings: what values, edges and the gesture tell,
//! put together.

use super::field::Field;
use super::grow::{self, Costs};
use super::model::{ValueModel, median, spread};
use super::relax::{Joins, Problem};
use super::sectors::Sectors;
use super::{Error, Params};
use crate::jobs::JobContext;

/// What is known before a division.
pub(super) struct Evidence<'a> {
    pub(super) field: &'a Field<'a>,
    /// Which voxels are to be told; all others are surroundings.
    pub(super) free: &'a [bool],
    /// Voxels that are certainly lesion.
    pub(super) inside: &'a [usize],
    /// Voxels that are lesion already and take no part; none where not given.
    pub(super) held: Option<&'a [bool]>,
    /// Voxels from which surroundings grow.
    pub(super) outside: &'a [usize],
    /// Log odds of lesion by place alone.
    pub(super) prior: &'a [f32],
    /// Values of what is lesion.
    pub(super) lesion: &'a [f32],
    /// What values tell.
    pub(super) model: &'a ValueModel,
    /// The same by direction, where it is known.
    pub(super) sectors: Option<&'a Sectors>,
    /// Radius of the lesion in (joined) pixels, roughly.
    pub(super) radius: f32,
    /// Noise of one voxel.
    pub(super) noise: f32,
}

/// What stays as it is from one division of a field to the next.
pub(super) struct Known {
    /// By how much dearer each voxel is to reach for the surroundings than for the lesion, in units
    /// of 2 σ.
    paths: Vec<f32>,
    /// How well neighbours are joined.
    joins: Joins,
}

impl Evidence<'_> {
    /// Paths (GrowCut by shortest paths, Zhu et al. 2014, doi 10.3389/fninf.2014.00013) and joins.
    pub(super) fn known(&self, params: &Params, job: &JobContext) -> Result<Known, Error> {
        let field = self.field;
        let noise = self.noise.max(f32::MIN_POSITIVE);
        let lesion_spread = spread(self.lesion).unwrap_or(0.0).max(0.3 * noise);
        let costs = Costs {
            sigma: f64::from((noise * lesion_spread).sqrt()),
            per_mm: params.cost_per_mm,
            steps: field.steps,
            gaps: &field.gaps,
        };
        // Paths lead through what is lesion already, not through what certainly is not.
        let with_held = self.held.map(|held| {
            let both = self.free.iter().zip(held);
            both.map(|(free, held)| *free || *held)
                .collect::<Vec<bool>>()
        });
        let open = with_held.as_deref().unwrap_or(self.free);
        let reach =
            |starts: &[usize]| grow::costs(&field.values, field.size, open, starts, costs, job);
        let (from_inside, from_outside) =
            rayon::join(|| reach(self.inside), || reach(self.outside));
        let (from_inside, from_outside) = (from_inside?, from_outside?);
        let pairs = from_outside.iter().zip(&from_inside);
        let dearer = pairs.map(|(outside, inside)| outside - inside);
        let paths = dearer.map(|d| if d.is_nan() { 0.0 } else { d });
        Ok(Known {
            paths: paths.collect(),
            joins: Joins::new(field, params.edge * noise, params.least_join),
        })
    }

    /// Probability of lesion of each voxel; 0 where it is not free.
    ///
    /// Three log odds are added: those of place, those of the value (histograms of lesion and
    /// surroundings) and those of paths. The random walker then smooths them up to the edges.
    pub(super) fn divide(
        &self,
        known: &Known,
        params: &Params,
        job: &JobContext,
    ) -> Result<Vec<f32>, Error> {
        let field = self.field;
        let weight = params.evidence * 10.0 / self.radius.max(1.0);
        let mut problem = Problem {
            field,
            joins: &known.joins,
            belief: vec![0.0; field.len()],
            weight: vec![f32::INFINITY; field.len()],
        };
        for n in (0..field.len()).filter(|n| self.free[*n]) {
            let value = field.values[n];
            let of_value = self.sectors.map_or_else(
                || self.model.log_odds(value),
                |sectors| sectors.log_odds(n, value, self.model),
            );
            let odds = self.prior[n]
                + params.trust * of_value
                + known.paths[n].clamp(-params.most_odds, params.most_odds);
            problem.belief[n] = 1.0 / (1.0 + (-odds).exp());
            problem.weight[n] = weight;
        }
        for (n, _) in self
            .held
            .unwrap_or(&[])
            .iter()
            .enumerate()
            .filter(|(_, h)| **h)
        {
            problem.belief[n] = 1.0;
        }
        for n in self.inside {
            problem.belief[*n] = 1.0;
            problem.weight[*n] = f32::INFINITY;
        }
        Ok(problem.solve(params.sweeps, job)?)
    }
}

/// Differences that are sorted to find their median.
const MOST_DIFFERENCES: usize = 20_000;

/// Noise of one voxel among those that `counts`: from differences of neighbours along a row, at
/// least a thousandth of the values' range, so that flat images stay usable.
pub(super) fn noise(field: &Field<'_>, counts: impl Fn(usize) -> bool) -> f32 {
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    let mut differences = Vec::new();
    for n in 0..field.len() {
        let value = field.values[n];
        if !value.is_finite() {
            continue;
        }
        (low, high) = (low.min(value), high.max(value));
        if n.is_multiple_of(field.size[0]) || !counts(n) {
            continue;
        }
        let difference = (value - field.values[n - 1]).abs();
        if difference.is_finite() {
            differences.push(difference);
        }
    }
    let least = (1e-3 * (high - low)).max(f32::MIN_POSITIVE);
    // Some tell as much as all.
    let every = differences.len().div_ceil(MOST_DIFFERENCES).max(1);
    let differences: Vec<f32> = differences.into_iter().step_by(every).collect();
    // Of neighbours' differences, which spread √2 times as far.
    let middle = median(&differences).unwrap_or(0.0);
    (1.4826 * middle / std::f32::consts::SQRT_2).max(least)
}
