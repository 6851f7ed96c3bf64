//! What values tell about lesion and surroundings: smoothed histograms of both.

/// Bins of a histogram.
const BINS: usize = 128;

/// Log odds of lesion by value.
pub(super) struct ValueModel {
    low: f32,
    per_bin: f32,
    log_odds: Vec<f32>,
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
    /// A floor of an even distribution stands for values that neither sample shows: they tell
    /// nothing. Odds are held within `limit`.
    pub(super) fn new(lesion: &[f32], around: &[f32], noise: f32, limit: f32) -> Option<Self> {
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
        let bandwidth = (noise / per_bin).max(1.0);
        let bin = |v: f32| (((v - low) / per_bin) as isize).clamp(0, BINS as isize - 1) as usize;
        let density = |samples: &[f32]| {
            let mut counts = vec![0.0f32; BINS];
            for v in samples {
                counts[bin(*v)] += 1.0 / samples.len() as f32;
            }
            blurred(&counts, bandwidth)
        };
        let (inside, outside) = (density(lesion), density(around));
        let floor = 0.1 / BINS as f32;
        let log_odds = inside
            .iter()
            .zip(&outside)
            .map(|(f, b)| ((f + floor) / (b + floor)).ln().clamp(-limit, limit))
            .collect();
        Some(Self {
            low,
            per_bin,
            log_odds,
        })
    }

    pub(super) fn log_odds(&self, value: f32) -> f32 {
        let place = (value - self.low) / self.per_bin;
        if place.is_nan() {
            return 0.0;
        }
        let bin = (place as isize).clamp(0, BINS as isize - 1) as usize;
        self.log_odds[bin]
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
