//! Proposals: mixtures of multivariate t distributions with four degrees of freedom, one of them
//! the prior itself, which bounds the weights.
//!
//! With ν = 4 a kernel is a power of half-integer order: no logarithm and no exponential per
//! component. Densities are therefore linear, not logarithmic; t tails are too heavy to underflow.

use crate::twin::exp::exp;
use std::f64::consts::PI;

use super::linear::Cholesky;
use super::random::Random;

/// Degrees of freedom.
const NU: f64 = 4.0;

/// A component.
#[derive(Clone, Debug)]
pub(super) struct Component {
    centre: Vec<f64>,
    root: Cholesky,
    /// Rows of L⁻¹, each up to its diagonal.
    inverse: Vec<f64>,
    /// Whether it is the standard normal prior.
    prior: bool,
    share: f64,
    constant: f64,
}

impl Component {
    /// A t around `centre`; `None` where the scale matrix is not positive definite.
    pub(super) fn student(share: f64, centre: &[f64], scale: &[f64]) -> Option<Self> {
        let n = centre.len();
        let root = Cholesky::new(scale, n)?;
        let d = n as f64;
        let log_constant = libm::lgamma(0.5 * (NU + d))
            - libm::lgamma(0.5 * NU)
            - 0.5 * d * libm::log(NU * PI)
            - root.log_determinant();
        let full = root.inverse();
        let inverse = (0..n)
            .flat_map(|i| full[i * n..=i * n + i].iter().copied())
            .collect();
        Some(Self {
            centre: centre.to_vec(),
            inverse,
            root,
            prior: false,
            share,
            constant: libm::exp(log_constant),
        })
    }

    /// The standard normal distribution.
    pub(super) fn prior(share: f64, n: usize) -> Self {
        Self {
            centre: vec![0.0; n],
            root: Cholesky::identity(n),
            inverse: Vec::new(),
            prior: true,
            share,
            constant: libm::exp(-0.5 * n as f64 * libm::log(2.0 * PI)),
        }
    }

    /// Squared distance from the centre in units of the scale.
    pub(super) fn distance(&self, z: &[f64]) -> f64 {
        if self.prior {
            return z.iter().map(|z| z * z).sum();
        }
        let mut sum = 0.0;
        let mut at = 0;
        for i in 0..z.len() {
            let row = &self.inverse[at..=at + i];
            at += i + 1;
            let mut dot = 0.0;
            for ((a, z), c) in row.iter().zip(z).zip(&self.centre) {
                dot += a * (z - c);
            }
            sum += dot * dot;
        }
        sum
    }

    /// The component with another share.
    pub(super) fn scaled(mut self, factor: f64) -> Self {
        self.share *= factor;
        self
    }

    /// The component with so many times its scale matrix.
    pub(super) fn widened(mut self, factor: f64) -> Self {
        let root = libm::sqrt(factor);
        self.root.multiply(root);
        for i in &mut self.inverse {
            *i /= root;
        }
        for _ in 0..self.centre.len() {
            self.constant /= root;
        }
        self
    }

    /// Share times density.
    fn weigh(&self, distance: f64) -> f64 {
        let height = self.share * self.constant;
        if self.prior {
            return height * exp(-0.5 * distance);
        }
        let n = self.centre.len();
        let base = 1.0 + distance / NU;
        let mut power = base * base;
        for _ in 0..n / 2 {
            power *= base;
        }
        if n % 2 == 1 {
            power *= libm::sqrt(base);
        }
        height / power
    }

    fn draw(&self, random: &mut Random, normals: &mut Vec<f64>, out: &mut Vec<f64>) {
        let n = self.centre.len();
        let width = if self.prior {
            1.0
        } else {
            1.0 / libm::sqrt(random.chi_square_4() / NU)
        };
        normals.clear();
        normals.extend((0..n).map(|_| width * random.normal()));
        let from = out.len();
        self.root.times(normals, out);
        for (z, c) in out[from..].iter_mut().zip(&self.centre) {
            *z += c;
        }
    }
}

/// A mixture whose shares sum to one.
#[derive(Clone, Debug)]
pub(super) struct Mixture(Vec<Component>);

impl Mixture {
    /// Shares are scaled so that they sum to one.
    pub(super) fn new(mut components: Vec<Component>) -> Self {
        let total: f64 = components.iter().map(|c| c.share).sum();
        for component in &mut components {
            component.share /= total;
        }
        Self(components)
    }

    /// Appends a draw to `out`.
    pub(super) fn draw(&self, random: &mut Random, normals: &mut Vec<f64>, out: &mut Vec<f64>) {
        let mut left = random.uniform();
        for component in &self.0 {
            left -= component.share;
            if left <= 0.0 {
                return component.draw(random, normals, out);
            }
        }
        self.0[0].draw(random, normals, out);
    }

    pub(super) fn density(&self, z: &[f64]) -> f64 {
        self.0.iter().map(|c| c.weigh(c.distance(z))).sum()
    }
}

/// One step of expectation–maximisation for a mixture of t on weighted draws (Cappé, Douc, Guillin,
/// Marin, Robert, Stat Comput 2008;18:447, section 4), each scale drawn towards `pooled` with the
/// weight of a few draws. `draws` is row after row.
pub(super) fn fit(
    components: &[Component],
    draws: &[f64],
    weights: &[f64],
    pooled: &[f64],
    prior_weight: f64,
) -> Vec<Component> {
    let k = components.len();
    let n = components.first().map_or(1, |c| c.centre.len());
    let mut mass = vec![0.0; k];
    let mut pull = vec![0.0; k];
    let mut centre = vec![0.0; k * n];
    let mut parts = vec![0.0; weights.len() * k];
    let mut distances = vec![0.0; k];
    let mut heights = vec![0.0; k];
    for ((z, w), part) in draws.chunks(n).zip(weights).zip(parts.chunks_mut(k)) {
        for i in 0..k {
            distances[i] = components[i].distance(z);
            heights[i] = components[i].weigh(distances[i]);
        }
        let total: f64 = heights.iter().sum();
        for i in 0..k {
            let share = w * heights[i] / total;
            let robust = share * (NU + n as f64) / (NU + distances[i]);
            mass[i] += share;
            pull[i] += robust;
            part[i] = robust;
            for (c, z) in centre[i * n..(i + 1) * n].iter_mut().zip(z) {
                *c += robust * z;
            }
        }
    }
    let mut scale = vec![0.0; k * n * n];
    for i in 0..k {
        for c in &mut centre[i * n..(i + 1) * n] {
            *c /= pull[i].max(1e-300);
        }
    }
    let mut gap = vec![0.0; n];
    for (z, part) in draws.chunks(n).zip(parts.chunks(k)) {
        for i in 0..k {
            // What belongs to other components all but wholly moves this one by nothing.
            if part[i] <= 1e-9 {
                continue;
            }
            for ((g, z), c) in gap.iter_mut().zip(z).zip(&centre[i * n..(i + 1) * n]) {
                *g = z - c;
            }
            let s = &mut scale[i * n * n..(i + 1) * n * n];
            for a in 0..n {
                let left = part[i] * gap[a];
                for (s, g) in s[a * n..=a * n + a].iter_mut().zip(&gap) {
                    *s += left * g;
                }
            }
        }
    }
    (0..k)
        .filter_map(|i| {
            if mass[i] < 0.01 {
                return None;
            }
            let s = &mut scale[i * n * n..(i + 1) * n * n];
            let total = mass[i] + prior_weight;
            for a in 0..n {
                for b in 0..=a {
                    let v = (s[a * n + b] + prior_weight * pooled[a * n + b]) / total;
                    (s[a * n + b], s[b * n + a]) = (v, v);
                }
                s[a * n + a] += 1e-9;
            }
            Component::student(mass[i], &centre[i * n..(i + 1) * n], s)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_integrate_to_one() {
        let mixture = Mixture::new(vec![
            Component::student(1.0, &[0.5, -1.0], &[0.5, 0.2, 0.2, 0.3]).unwrap(),
            Component::student(2.0, &[1.5, 1.0], &[0.1, 0.0, 0.0, 0.2]).unwrap(),
            Component::prior(1.0, 2),
        ]);
        let (cells, reach) = (600, 30.0);
        let h = 2.0 * reach / f64::from(cells);
        let mut sum = 0.0;
        for i in 0..cells {
            for j in 0..cells {
                let z = [i, j].map(|k| -reach + h * (f64::from(k) + 0.5));
                sum += mixture.density(&z) * h * h;
            }
        }
        assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    }

    #[test]
    fn expectation_maximisation_finds_two_clouds() {
        let mut random = Random::new(1, 0);
        let draws: Vec<f64> = (0..2000)
            .map(|i| {
                let centre = if i % 4 == 0 { 3.0 } else { -1.0 };
                centre + 0.2 * random.normal() / libm::sqrt(random.chi_square_4() / 4.0)
            })
            .collect();
        let weights = vec![1.0 / 2000.0; 2000];
        let mut fitted = vec![
            Component::student(0.5, &[0.5], &[1.0]).unwrap(),
            Component::student(0.5, &[-0.5], &[1.0]).unwrap(),
        ];
        for _ in 0..20 {
            fitted = fit(&fitted, &draws, &weights, &[1.0], 1e-3);
        }
        assert!((fitted[0].centre[0] - 3.0).abs() < 0.05);
        assert!((fitted[0].share - 0.25).abs() < 0.02);
    }
}
