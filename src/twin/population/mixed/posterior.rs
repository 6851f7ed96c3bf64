//! The parameters of one tumour, given its measurements and the population.

use super::Population;
use crate::twin::least_squares::{Bounds, MAX, Point, Problem, cholesky, inverse, minimise};
use crate::twin::population::{Law, Tumour, VolumeError};

const LN_TWO_PI: f64 = 1.837_877_066_409_345_3;

/// A measurement and its stated error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Datum {
    pub(super) day: f64,
    pub(super) volume: f64,
    pub(super) sigma: f64,
}

pub(super) fn data(tumour: &Tumour, error: &VolumeError) -> Vec<Datum> {
    tumour
        .readings
        .iter()
        .map(|r| Datum {
            day: r.day.0,
            volume: r.volume.0,
            sigma: error.deviation(r.volume).0,
        })
        .collect()
}

/// A population made ready for many tumours.
#[derive(Clone, Debug)]
pub(super) struct Prior {
    law: Law,
    mean: Point,
    scale: f64,
    /// L⁻¹ of Ω = L Lᵀ.
    whitening: [[f64; MAX]; MAX],
    /// −½ ln |2πΩ|.
    constant: f64,
}

impl Prior {
    /// `None` where the covariance is not positive definite.
    pub(super) fn new(population: &Population) -> Option<Self> {
        let n = population.law.dim();
        let root = cholesky(&population.covariance, n)?;
        let mut whitening = [[0.0; MAX]; MAX];
        for i in 0..n {
            whitening[i] = std::array::from_fn(|column| {
                if column > i {
                    return 0.0;
                }
                let unit = if i == column { 1.0 } else { 0.0 };
                let known: f64 = (column..i).map(|k| root[i][k] * whitening[k][column]).sum();
                (unit - known) / root[i][i]
            });
        }
        let ln_root: f64 = (0..n).map(|j| libm::log(root[j][j])).sum();
        Some(Self {
            law: population.law,
            mean: population.mean,
            scale: population.scale,
            whitening,
            constant: -ln_root - 0.5 * n as f64 * LN_TWO_PI,
        })
    }
}

/// One tumour under a prior; its sum of squares is −2 ln of the joint density, up to constants.
struct Joint<'a> {
    prior: &'a Prior,
    data: &'a [Datum],
}

impl Joint<'_> {
    /// Σ ((V − y)/σ)², the factor s left out.
    fn squares(&self, z: &Point) -> f64 {
        let (p, _) = self.prior.law.from_real(z);
        self.data
            .iter()
            .map(|d| {
                let r = (libm::exp(self.prior.law.ln_volume(d.day, &p).value) - d.volume) / d.sigma;
                r * r
            })
            .sum()
    }

    fn distance(&self, z: &Point) -> f64 {
        let n = self.prior.law.dim();
        (0..n)
            .map(|i| {
                let w: f64 = (0..=i)
                    .map(|k| self.prior.whitening[i][k] * (z[k] - self.prior.mean[k]))
                    .sum();
                w * w
            })
            .sum()
    }
}

impl Problem for Joint<'_> {
    fn dim(&self) -> usize {
        self.prior.law.dim()
    }

    fn residuals(&self, z: &Point, each: &mut dyn FnMut(f64, &Point)) {
        let n = self.dim();
        let (p, slope) = self.prior.law.from_real(z);
        for d in self.data {
            let sigma = self.prior.scale * d.sigma;
            let x = self.prior.law.ln_volume(d.day, &p);
            let volume = libm::exp(x.value);
            each(
                (volume - d.volume) / sigma,
                &std::array::from_fn(|j| x.gradient[j] * slope[j] * volume / sigma),
            );
        }
        for i in 0..n {
            let row = &self.prior.whitening[i];
            let w: f64 = (0..=i).map(|k| row[k] * (z[k] - self.prior.mean[k])).sum();
            each(w, row);
        }
    }
}

/// A place in the posterior and its share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) z: Point,
    pub(super) share: f64,
}

/// What is known of one tumour.
#[derive(Clone, Debug)]
pub(super) struct Posterior {
    pub(super) mode: Point,
    /// ln of the density of its measurements.
    pub(super) ln_evidence: f64,
    pub(super) nodes: Vec<Node>,
    /// Mean of z.
    pub(super) mean: Point,
    /// Mean of z zᵀ.
    pub(super) square: [[f64; MAX]; MAX],
    /// Mean of Σ ((V − y)/σ)².
    pub(super) residual: f64,
    /// Σ ((V − y)/σ)² at the mode.
    pub(super) squares: f64,
}

/// Quadrature around the mode. `None` where the density vanishes to rounding.
pub(super) fn posterior(
    prior: &Prior,
    data: &[Datum],
    start: &Point,
    rule: &[(f64, f64)],
) -> Option<Posterior> {
    let joint = Joint { prior, data };
    let n = prior.law.dim();
    // A posterior can have more than one mode.
    let [a, b] = [*start, prior.mean].map(|from| minimise(&joint, from, &Bounds::NONE));
    let found = if b.squares < a.squares { b } else { a };
    let root = cholesky(&found.inverse.or_else(|| inverse(&identity(), n))?, n)?;
    let ln_root: f64 = (0..n).map(|j| libm::log(root[j][j])).sum();
    let s2 = prior.scale * prior.scale;
    let fixed = prior.constant
        - data
            .iter()
            .map(|d| libm::log(prior.scale * d.sigma) + 0.5 * LN_TWO_PI)
            .sum::<f64>();
    let count = rule.len().pow(n as u32);
    let mut nodes = Vec::with_capacity(count);
    let mut residuals = Vec::with_capacity(count);
    for index in 0..count {
        let mut rest = index;
        let mut x = [0.0; MAX];
        let mut ln_weight = 0.0;
        for value in x.iter_mut().take(n) {
            let (node, weight) = rule[rest % rule.len()];
            rest /= rule.len();
            *value = node;
            ln_weight += libm::log(weight) + node * node;
        }
        let z: Point = std::array::from_fn(|i| {
            if i < n {
                let shift: f64 = (0..=i).map(|k| root[i][k] * x[k]).sum();
                found.point[i] + std::f64::consts::SQRT_2 * shift
            } else {
                0.0
            }
        });
        let squares = joint.squares(&z);
        let ln_share = ln_weight - 0.5 * (squares / s2 + joint.distance(&z));
        nodes.push(Node { z, share: ln_share });
        residuals.push(squares);
    }
    let top = nodes
        .iter()
        .map(|n| n.share)
        .fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return None;
    }
    let mut total = 0.0;
    for node in &mut nodes {
        let share = libm::exp(node.share - top);
        node.share = if share.is_finite() { share } else { 0.0 };
        total += node.share;
    }
    let mut out = Posterior {
        mode: found.point,
        ln_evidence: fixed
            + top
            + libm::log(total)
            + ln_root
            + 0.5 * n as f64 * std::f64::consts::LN_2,
        nodes,
        mean: [0.0; MAX],
        square: [[0.0; MAX]; MAX],
        residual: 0.0,
        squares: joint.squares(&found.point),
    };
    for (node, squares) in out.nodes.iter_mut().zip(residuals) {
        node.share /= total;
        if node.share > 0.0 {
            out.residual += node.share * squares;
            for i in 0..n {
                out.mean[i] += node.share * node.z[i];
                for j in 0..n {
                    out.square[i][j] += node.share * node.z[i] * node.z[j];
                }
            }
        }
    }
    Some(out)
}

fn identity() -> [[f64; MAX]; MAX] {
    std::array::from_fn(|i| std::array::from_fn(|j| if i == j { 1.0 } else { 0.0 }))
}

#[cfg(test)]
mod tests {
    use super::super::quadrature::hermite;
    use super::*;

    /// One parameter: the evidence against a fine sum.
    #[test]
    fn evidence_is_an_integral() {
        let population = Population {
            law: Law::Exponential,
            mean: [0.3_f64.ln(), 0.0, 0.0],
            covariance: [[0.04, 0.0, 0.0], [0.0; 3], [0.0; 3]],
            scale: 1.5,
        };
        let data = [
            Datum {
                day: 10.0,
                volume: 25.0,
                sigma: 8.6,
            },
            Datum {
                day: 14.0,
                volume: 60.0,
                sigma: 8.6,
            },
        ];
        let prior = Prior::new(&population).unwrap();
        let found = posterior(&prior, &data, &population.mean, &hermite(41)).unwrap();
        let h = 1e-4;
        let (mut sum, mut first) = (0.0, 0.0);
        for i in -20_000..20_000 {
            let z = population.mean[0] + f64::from(i) * h;
            let mut density = (-(z - population.mean[0]).powi(2) / 0.08).exp()
                / (2.0 * std::f64::consts::PI * 0.04).sqrt();
            for d in &data {
                let s = 1.5 * d.sigma;
                let r = ((z.exp() * d.day).exp() - d.volume) / s;
                density *= (-0.5 * r * r).exp() / (s * (2.0 * std::f64::consts::PI).sqrt());
            }
            sum += h * density;
            first += h * density * z;
        }
        let off = found.ln_evidence - sum.ln();
        assert!(off.abs() < 1e-6, "{off}");
        assert!((found.mean[0] - first / sum).abs() < 1e-6);
    }
}
