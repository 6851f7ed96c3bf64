//! What values tell about lesion and surroundings: smoothed histograms of both.

use super::Params;

/// Bins of a histogram.
const BINS: usize = 128;

/// Log odds of lesion by value.
pub(super) struct ValueModel {
    low: f32,
    per_bin: f32,
    log_odds: Vec<f32>,
    /// Distribution of the lesion's values.
    inside: Vec<f32>,
    /// Smoothing of histograms, bins.
    bandwidth: f32,
    /// Largest log odds.
    limit: f32,
}

pub(super) fn median(values: &[f32]) -> Option<f32> {
    let mut sorted = values.to_vec();
    let middle = sorted.len() / 2;
    (!sorted.is_empty()).then(|| *sorted.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// Robust spread: 1.4826 times the median deviation from the median.
pub(super) fn spread(values: &[f32]) -> Option<f32> {
    let middle = median(values)?;
    let deviations: Vec<f32> = values.iter().map(|v| (v - middle).abs()).collect();
    Some(1.4826 * median(&deviations)?)
}

impl ValueModel {
    /// From samples of lesion and of surroundings (finite values) and the noise of one voxel.
    ///
    /// What the samples of lesion share with the surroundings is taken from them first: a line or an
    /// outline holds some of these too. A floor of an even distribution stands for values that
    /// neither sample shows: they tell nothing.
    pub(super) fn new(lesion: &[f32], around: &[f32], noise: f32, params: &Params) -> Option<Self> {
        let all = || lesion.iter().chain(around).copied();
        let (low, high) = all().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| {
            (l.min(v), h.max(v))
        });
        if lesion.is_empty() || around.is_empty() || !low.is_finite() || !high.is_finite() {
            return None;
        }
        // Far values of the surroundings (bone, air) would leave few bins to what matters.
        let middle = median(lesion)?;
        let wide = 12.0 * noise.max(spread(lesion)?) + 1e-6;
        let mut sorted = lesion.to_vec();
        sorted.sort_unstable_by(f32::total_cmp);
        let at = |share: f32| sorted[((sorted.len() - 1) as f32 * share) as usize];
        let (low, high) = (
            low.max(at(0.02).min(middle) - wide),
            high.min(at(0.98).max(middle) + wide),
        );
        let per_bin = ((high - low) / BINS as f32).max(f32::MIN_POSITIVE);
        let mut model = Self {
            low,
            per_bin,
            log_odds: Vec::new(),
            inside: Vec::new(),
            // Of samples that are all alike, no bandwidth is too wide.
            bandwidth: (noise / per_bin).clamp(1.0, BINS as f32),
            limit: params.most_odds,
        };
        let (mut inside, outside) = (model.density(lesion), model.density(around));
        purify(&mut inside, &outside, lesion.len(), params.foreign);
        model.log_odds = odds(&inside, &outside, model.limit);
        model.inside = inside;
        Some(model)
    }

    /// The same lesion beside other surroundings, of which there is at least one sample.
    pub(super) fn beside(&self, around: &[f32]) -> Self {
        Self {
            log_odds: odds(&self.inside, &self.density(around), self.limit),
            inside: self.inside.clone(),
            ..*self
        }
    }

    fn bin(&self, value: f32) -> usize {
        let place = (value - self.low) / self.per_bin;
        (place as isize).clamp(0, BINS as isize - 1) as usize
    }

    fn density(&self, samples: &[f32]) -> Vec<f32> {
        let mut counts = vec![0.0f32; BINS];
        for v in samples {
            counts[self.bin(*v)] += 1.0 / samples.len() as f32;
        }
        blurred(&counts, self.bandwidth)
    }

    pub(super) fn log_odds(&self, value: f32) -> f32 {
        if value.is_nan() {
            return 0.0;
        }
        self.log_odds[self.bin(value)]
    }
}

/// Log odds, bin by bin. An even floor stands for values that neither distribution shows.
fn odds(inside: &[f32], outside: &[f32], limit: f32) -> Vec<f32> {
    let floor = 0.1 / BINS as f32;
    let pairs = inside.iter().zip(outside);
    pairs
        .map(|(f, b)| ((f + floor) / (b + floor)).ln().clamp(-limit, limit))
        .collect()
}

/// Largest share of the surroundings that is taken from the lesion's distribution.
const MOST_SHARED: f32 = 0.7;
/// Where less than this is left, less is taken: what looks like its surroundings all over would be
/// left with chance alone. The same for fewer samples than this.
const LEFT: f32 = 0.5;
const FEW: f32 = 100.0;

/// Takes the surroundings' share out of a lesion's distribution of values: the largest multiple of
/// the surroundings' that it exceeds, but for the values that make `missing` of them.
fn purify(lesion: &mut [f32], around: &[f32], n_samples: usize, missing: f32) {
    let mut ratios: Vec<(f32, f32)> = lesion
        .iter()
        .zip(around)
        .filter(|(_, b)| **b > 1e-4)
        .map(|(f, b)| (f / b, *b))
        .collect();
    ratios.sort_by(|x, y| x.0.total_cmp(&y.0));
    let total: f32 = ratios.iter().map(|r| r.1).sum();
    let mut sum = 0.0;
    let found = ratios.iter().find(|(_, b)| {
        sum += b;
        sum >= missing * total
    });
    let Some(shared) = found.map(|r| r.0) else {
        return;
    };
    let without = |shared: f32| {
        let pairs = lesion.iter().zip(around);
        pairs.map(move |(f, b)| (f - shared * b).max(0.0))
    };
    let left: f32 = without(shared.min(0.95)).sum();
    let certain = (left / LEFT).min(1.0) * (n_samples as f32 / FEW).min(1.0);
    let pure: Vec<f32> = without(shared.min(MOST_SHARED) * certain).collect();
    let rest: f32 = pure.iter().sum();
    for (f, p) in lesion.iter_mut().zip(pure) {
        *f = p / rest.max(0.05);
    }
}

fn blurred(counts: &[f32], sigma: f32) -> Vec<f32> {
    let reach = (3.0 * sigma).ceil() as isize;
    let weights: Vec<f32> = (-reach..=reach)
        .map(|d| (-0.5 * (d as f32 / sigma).powi(2)).exp())
        .collect();
    let total: f32 = weights.iter().sum();
    let last = counts.len() as isize - 1;
    (0..counts.len() as isize)
        .map(|b| {
            let sum: f32 = weights
                .iter()
                .zip(-reach..=reach)
                .map(|(w, d)| {
                    let from = b + d;
                    if (0..=last).contains(&from) {
                        w * counts[from as usize]
                    } else {
                        0.0
                    }
                })
                .sum();
            sum / total
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_that_are_all_alike_tell_nothing() {
        let alike = [3.0; 40];
        let model = ValueModel::new(&alike, &alike, 0.5, &Params::standard()).expect("samples");
        for value in [-1e30, 3.0, 1e30, f32::NAN] {
            assert!(model.log_odds(value).abs() <= Params::standard().most_odds);
        }
    }
}
