//! Proposals that learn from weighted draws.

use super::mixture::{Component, Mixture, fit};
use super::mode::Mode;
use super::target::Pin;

/// Share of the prior in a first proposal and in those that follow; a weight is at most 1/share times
/// the likelihood.
const PRIOR_SHARE: [f64; 2] = [0.2, 0.06];
/// Share of the prior with the pinned parameter put where the data say.
const PINNED_SHARE: f64 = 0.2;
/// Share of one wide component around all draws, and how much its covariance is that of the draws.
const WIDE_SHARE: f64 = 0.1;
const WIDE: f64 = 4.0;
/// Components that are learned. Few and wide, by design: many narrow ones sit on the very draws that
/// taught them, which lowers the weights of these draws and loses the tails between them (measured: the
/// variance of growth and kill was 13 % too small with six components as wide as fitted, and 1–2 %
/// with these).
const COMPONENTS: usize = 2;
const INFLATION: f64 = 2.0;
/// Steps of expectation–maximisation.
const STEPS: usize = 4;
/// Weight of the pooled covariance in that of a component, in draws out of one.
const POOLING: f64 = 0.1;

/// Draws, row after row, with weights that sum to one.
#[derive(Clone, Debug, Default)]
pub(super) struct Weighted {
    pub(super) dimension: usize,
    pub(super) draws: Vec<f64>,
    pub(super) weights: Vec<f64>,
}

impl Weighted {
    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.draws[i * self.dimension..(i + 1) * self.dimension]
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.draws.chunks(self.dimension.max(1))
    }
}

/// The prior with one parameter put where the data say.
fn pinned(n: usize, pin: &Pin) -> Option<Component> {
    let mut scale = vec![0.0; n * n];
    for i in 0..n {
        scale[i * n + i] = 1.0;
    }
    scale[pin.parameter * (n + 1)] = pin.spread * pin.spread;
    let mut centre = vec![0.0; n];
    centre[pin.parameter] = pin.place;
    Component::student(PINNED_SHARE, &centre, &scale)
}

/// The proposal around the modes: as narrow as their curvature and twice as wide.
pub(super) fn around(modes: &[Mode], pin: Option<&Pin>) -> Mixture {
    let n = modes.first().map_or(0, |m| m.centre.len());
    let mut components = vec![Component::prior(PRIOR_SHARE[0], n)];
    components.extend(pin.and_then(|pin| pinned(n, pin)));
    let share = (1.0 - PRIOR_SHARE[0]) / modes.len() as f64;
    for mode in modes {
        let wide: Vec<f64> = mode.covariance.iter().map(|c| 4.0 * c).collect();
        components.extend(Component::student(
            0.6 * share,
            &mode.centre,
            &mode.covariance,
        ));
        components.extend(Component::student(0.4 * share, &mode.centre, &wide));
    }
    Mixture::new(components)
}

/// The proposal learned from draws, with a share for the prior and one for a single wide component.
pub(super) fn learned(from: &Weighted, pin: Option<&Pin>) -> Mixture {
    let n = from.dimension;
    let (centre, pooled) = moments(from);
    let times = |factor: f64| -> Vec<f64> { pooled.iter().map(|c| factor * c).collect() };
    let half = times(0.5);
    let mut parts: Vec<Component> = seeds(from, &pooled, COMPONENTS)
        .into_iter()
        .filter_map(|i| Component::student(1.0, from.row(i), &half))
        .collect();
    for _ in 0..STEPS {
        parts = fit(&parts, &from.draws, &from.weights, &pooled, POOLING);
    }
    let mut all = vec![Component::prior(PRIOR_SHARE[1], n)];
    all.extend(pin.and_then(|pin| pinned(n, pin)));
    all.extend(Component::student(WIDE_SHARE, &centre, &times(WIDE)));
    let share = 1.0 - PRIOR_SHARE[1] - WIDE_SHARE;
    all.extend(
        parts
            .into_iter()
            .map(|c| c.widened(INFLATION).scaled(share)),
    );
    Mixture::new(all)
}

/// Mean and covariance of weighted draws, a little widened.
pub(super) fn moments(from: &Weighted) -> (Vec<f64>, Vec<f64>) {
    let n = from.dimension;
    let mut centre = vec![0.0; n];
    for (z, w) in from.rows().zip(&from.weights) {
        for (c, z) in centre.iter_mut().zip(z) {
            *c += w * z;
        }
    }
    let mut covariance = vec![0.0; n * n];
    let mut gap = vec![0.0; n];
    for (z, w) in from.rows().zip(&from.weights) {
        if *w <= 0.0 {
            continue;
        }
        for ((g, z), c) in gap.iter_mut().zip(z).zip(&centre) {
            *g = z - c;
        }
        for i in 0..n {
            let left = w * gap[i];
            for j in 0..=i {
                covariance[i * n + j] += left * gap[j];
            }
        }
    }
    for i in 0..n {
        for j in 0..i {
            covariance[j * n + i] = covariance[i * n + j];
        }
        covariance[i * n + i] = covariance[i * n + i] * 1.02 + 1e-6;
    }
    (centre, covariance)
}

/// Places of draws far from each other: the heaviest, then always the one that is farthest
/// (weighted) from those that are chosen.
pub(super) fn seeds(from: &Weighted, pooled: &[f64], count: usize) -> Vec<usize> {
    let n = from.dimension;
    let zero = vec![0.0; n];
    let Some(metric) = Component::student(1.0, &zero, pooled) else {
        return Vec::new();
    };
    let heaviest = (0..from.weights.len())
        .max_by(|a, b| from.weights[*a].total_cmp(&from.weights[*b]).then(b.cmp(a)));
    let Some(mut next) = heaviest else {
        return Vec::new();
    };
    let mut nearest = vec![f64::INFINITY; from.weights.len()];
    let mut chosen = Vec::with_capacity(count);
    let mut gap = vec![0.0; n];
    while chosen.len() < count {
        chosen.push(next);
        let seed = from.row(next);
        let mut best = -1.0;
        for (i, z) in from.rows().enumerate() {
            if from.weights[i] <= 0.0 {
                continue;
            }
            for ((g, z), s) in gap.iter_mut().zip(z).zip(seed) {
                *g = z - s;
            }
            nearest[i] = metric.distance(&gap).min(nearest[i]);
            let score = from.weights[i] * nearest[i];
            if score > best {
                (best, next) = (score, i);
            }
        }
    }
    chosen
}
