//! Normalised cross-correlation with Gauss–Newton steps.

use nalgebra::Vector6;
use rayon::prelude::*;

use super::level::Level;
use super::likeness::{Likeness, PART, Slope, add_square, by_parameters, symmetric};
use super::pose::Pose;
use super::samples::Samples;

/// Fewest samples whose correlation means anything.
const FEWEST: usize = 32;
/// Values that vary less than this, relative to the samples' own spread, are flat.
const FLAT: f64 = 1e-6;

/// Weighted correlation of the samples with the other image.
pub(super) struct Correlation {
    /// Mean and standard deviation of the samples, to keep sums near one.
    mean: f64,
    sd: f64,
    /// One per sample; none where all count alike.
    weights: Vec<f32>,
}

/// Weighted sums over samples that fall on the other image.
#[derive(Clone, Copy)]
struct Sums {
    n: usize,
    w: f64,
    f: f64,
    m: f64,
    ff: f64,
    mm: f64,
    fm: f64,
}

#[derive(Clone, Copy)]
struct SlopeSums {
    sums: Sums,
    j: [f64; 6],
    fj: [f64; 6],
    mj: [f64; 6],
    jj: [f64; 21],
}

impl Sums {
    const ZERO: Self = Self {
        n: 0,
        w: 0.0,
        f: 0.0,
        m: 0.0,
        ff: 0.0,
        mm: 0.0,
        fm: 0.0,
    };

    fn add(&mut self, w: f64, f: f64, m: f64) {
        self.n += 1;
        self.w += w;
        self.f += w * f;
        self.m += w * m;
        self.ff += w * f * f;
        self.mm += w * m * m;
        self.fm += w * f * m;
    }

    fn join(&mut self, other: &Self) {
        self.n += other.n;
        self.w += other.w;
        self.f += other.f;
        self.m += other.m;
        self.ff += other.ff;
        self.mm += other.mm;
        self.fm += other.fm;
    }

    /// Means, standard deviations and correlation.
    fn moments(&self) -> Option<Moments> {
        if self.n < FEWEST || self.w <= 0.0 {
            return None;
        }
        let (f, m) = (self.f / self.w, self.m / self.w);
        let sd_f = (self.ff / self.w - f * f).max(0.0).sqrt();
        let sd_m = (self.mm / self.w - m * m).max(0.0).sqrt();
        if sd_f <= FLAT || sd_m <= FLAT {
            return None;
        }
        let ncc = ((self.fm / self.w - f * m) / (sd_f * sd_m)).clamp(-1.0, 1.0);
        Some(Moments {
            f,
            m,
            sd_f,
            sd_m,
            ncc,
        })
    }
}

struct Moments {
    f: f64,
    m: f64,
    sd_f: f64,
    sd_m: f64,
    ncc: f64,
}

impl Correlation {
    pub(super) fn new(samples: &Samples) -> Option<Self> {
        let n = samples.values.len();
        if n < FEWEST {
            return None;
        }
        let values = || samples.values.iter().map(|v| f64::from(*v));
        let mean = values().sum::<f64>() / n as f64;
        let sd = (values().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
        (sd > FLAT * mean.abs().max(1e-12)).then_some(Self {
            mean,
            sd,
            weights: Vec::new(),
        })
    }

    fn unit(&self, value: f32) -> f64 {
        (f64::from(value) - self.mean) / self.sd
    }

    fn weight(&self, n: usize) -> f64 {
        self.weights.get(n).map_or(1.0, |w| f64::from(*w))
    }

    pub(super) fn likeness(
        &self,
        samples: &Samples,
        level: &Level,
        pose: &Pose,
    ) -> Option<Likeness> {
        let rotation = pose.rotation.to_rotation_matrix();
        let part = |first: usize| {
            let mut sums = Sums::ZERO;
            let last = (first + PART).min(samples.points.len());
            for n in first..last {
                let p = rotation * (samples.points[n] - pose.centre) + pose.image;
                let m = level.value(p);
                if !m.is_nan() {
                    sums.add(self.weight(n), self.unit(samples.values[n]), self.unit(m));
                }
            }
            sums
        };
        let mut sums = Sums::ZERO;
        for part in in_parts(samples.points.len(), part) {
            sums.join(&part);
        }
        sums.moments().map(|m| Likeness {
            value: m.ncc,
            stated: m.ncc,
            n: sums.n,
        })
    }

    /// The bend is that of Gauss and Newton for half the mean squared difference of the standardised
    /// images, which is 1 − NCC.
    pub(super) fn slope(&self, samples: &Samples, level: &Level, pose: &Pose) -> Option<Slope> {
        let rotation = pose.rotation.to_rotation_matrix();
        let part = |first: usize| {
            let mut all = SlopeSums {
                sums: Sums::ZERO,
                j: [0.0; 6],
                fj: [0.0; 6],
                mj: [0.0; 6],
                jj: [0.0; 21],
            };
            let last = (first + PART).min(samples.points.len());
            for n in first..last {
                let arm = rotation * (samples.points[n] - pose.centre);
                let (m, slope) = level.value_and_slope(arm + pose.image);
                if m.is_nan() {
                    continue;
                }
                let (w, f, m) = (self.weight(n), self.unit(samples.values[n]), self.unit(m));
                let j = by_parameters(&(slope / self.sd), &arm);
                all.sums.add(w, f, m);
                for (a, j) in j.iter().enumerate() {
                    all.j[a] += w * j;
                    all.fj[a] += w * f * j;
                    all.mj[a] += w * m * j;
                }
                add_square(&mut all.jj, &j, w);
            }
            all
        };
        let mut parts = in_parts(samples.points.len(), part).into_iter();
        let mut all = parts.next()?;
        for part in parts {
            all.sums.join(&part.sums);
            let pairs = |into: &mut [f64], from: &[f64]| {
                for (into, from) in into.iter_mut().zip(from) {
                    *into += from;
                }
            };
            pairs(&mut all.j, &part.j);
            pairs(&mut all.fj, &part.fj);
            pairs(&mut all.mj, &part.mj);
            pairs(&mut all.jj, &part.jj);
        }
        let at = all.sums.moments()?;
        let w = all.sums.w;
        let mean = |sums: [f64; 6]| Vector6::from(sums) / w;
        let j = mean(all.j);
        // Covariances of the slopes with the standardised images.
        let with_f = (mean(all.fj) - j * at.f) / at.sd_f;
        let with_m = (mean(all.mj) - j * at.m) / at.sd_m;
        let spread = symmetric(&all.jj) / w - j * j.transpose();
        let gradient = (with_f - with_m * at.ncc) / at.sd_m;
        let bend = (spread - with_m * with_m.transpose()) / (at.sd_m * at.sd_m);
        Some(Slope {
            likeness: Likeness {
                value: at.ncc,
                stated: at.ncc,
                n: all.sums.n,
            },
            gradient,
            bend,
        })
    }

    /// The same correlation with samples weighted down that differ much from the rest: what grew, shrank
    /// or moved between the images (weights of Geman and McClure 1985, scale by the median absolute
    /// difference).
    pub(super) fn robust(&self, samples: &Samples, level: &Level, pose: &Pose) -> Option<Self> {
        let rotation = pose.rotation.to_rotation_matrix();
        let part = |first: usize| {
            let last = (first + PART).min(samples.points.len());
            let value =
                |n: usize| level.value(rotation * (samples.points[n] - pose.centre) + pose.image);
            (first..last).map(value).collect::<Vec<f32>>()
        };
        let others: Vec<f32> = in_parts(samples.points.len(), part).concat();
        let mut sums = Sums::ZERO;
        for (n, m) in others.iter().enumerate().filter(|(_, m)| !m.is_nan()) {
            sums.add(self.weight(n), self.unit(samples.values[n]), self.unit(*m));
        }
        let at = sums.moments()?;
        // The straight line that predicts one image from the other, not their standardised difference:
        // it stays the same when a part of the samples disagrees.
        let differences: Vec<f32> = others
            .iter()
            .zip(&samples.values)
            .map(|(m, f)| {
                let f = (self.unit(*f) - at.f) / at.sd_f;
                (at.ncc * f - (self.unit(*m) - at.m) / at.sd_m) as f32
            })
            .collect();
        let mut sizes: Vec<f32> = differences
            .iter()
            .filter(|d| !d.is_nan())
            .map(|d| d.abs())
            .collect();
        let middle = sizes.len() / 2;
        let (_, median, _) = sizes.select_nth_unstable_by(middle, f32::total_cmp);
        // 1.4826 makes the median absolute difference a standard deviation; beyond three of them a
        // sample hardly counts. The floor keeps images that agree exactly from dividing by nothing.
        let scale = (3.0 * 1.4826 * *median).max(0.05);
        let weights = differences
            .iter()
            .map(|d| match d.is_nan() {
                true => 1.0,
                false => (1.0 + (d / scale).powi(2)).powi(-2),
            })
            .collect();
        Some(Self { weights, ..*self })
    }
}

/// Runs over the samples part by part, on all workers, and keeps the order.
pub(super) fn in_parts<T: Send>(n: usize, part: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if n <= PART {
        return (0..n).step_by(PART).map(part).collect();
    }
    (0..n.div_ceil(PART))
        .into_par_iter()
        .map(|p| part(p * PART))
        .collect()
}
