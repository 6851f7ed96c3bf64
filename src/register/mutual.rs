//! Mutual information of a joint histogram that is smooth in the moving values, after Mattes et al. 2003
//! (doi 10.1109/TMI.2003.809072) and Thévenaz and Unser 2000 (doi 10.1109/83.887976).

use nalgebra::Vector6;

use super::level::Level;
use super::likeness::{Likeness, PART, Slope, add_square, by_parameters, symmetric};
use super::ncc::in_parts;
use super::pose::Pose;
use super::samples::Samples;
use crate::geometry::Vec3;

/// Fewest samples whose joint histogram means anything.
const FEWEST: usize = 200;
/// Share of the values at either end that the outermost bins take together.
const TAIL: f64 = 0.005;

/// A joint histogram's axes and, where it is held fixed, its logarithms.
pub(super) struct Mutual {
    bins: usize,
    /// Row of the histogram of each sample.
    rows: Vec<u16>,
    /// Darkest and brightest value of the other image.
    range: [f32; 2],
    /// log p(f, m) / (p(f) p(m)), held fixed; none where each pose has its own.
    fixed: Option<Vec<f64>>,
}

/// Entropies of a histogram, nats.
struct Information {
    /// log p(f, m) / (p(f) p(m)) for every cell.
    logs: Vec<f64>,
    mutual: f64,
    /// What mutual information of as many samples of unrelated images would be (Miller 1955): few samples
    /// look related.
    chance: f64,
    h_rows: f64,
    h_columns: f64,
}

/// What a sample adds: its row and where it lies along the row, in bins.
type Entry = (u16, f32);

impl Mutual {
    pub(super) fn new(samples: &Samples, other_values: &[f32], bins: usize) -> Option<Self> {
        let range = range_of(other_values)?;
        let own = range_of(&samples.values)?;
        let top = (bins - 1) as f32;
        let rows = samples
            .values
            .iter()
            .map(|v| {
                let share = ((v - own[0]) / (own[1] - own[0])).clamp(0.0, 1.0);
                (share * top).round() as u16
            })
            .collect();
        (samples.values.len() >= FEWEST).then_some(Self {
            bins,
            rows,
            range,
            fixed: None,
        })
    }

    /// Position along a row of the histogram; the cubic window needs a bin before and two after.
    #[inline]
    fn column(&self, value: f32) -> f32 {
        let share = (value - self.range[0]) / (self.range[1] - self.range[0]);
        1.0 + share.clamp(0.0, 1.0) * (self.bins - 4) as f32
    }

    /// Bins per unit of value, zero where the value lies beyond the last bin.
    #[inline]
    fn column_slope(&self, value: f32) -> f64 {
        if value <= self.range[0] || value >= self.range[1] {
            return 0.0;
        }
        (self.bins - 4) as f64 / f64::from(self.range[1] - self.range[0])
    }

    #[inline]
    fn add_to(&self, counts: &mut [f64], (row, column): Entry) {
        let first = column.floor();
        let at = usize::from(row) * self.bins + first as usize - 1;
        for (cell, w) in counts[at..at + 4].iter_mut().zip(cubic(column - first)) {
            *cell += f64::from(w);
        }
    }

    fn information(&self, counts: &[f64], n: usize) -> Information {
        let bins = self.bins;
        let total = n as f64;
        let (mut rows, mut columns) = (vec![0.0; bins], vec![0.0; bins]);
        for (at, count) in counts.iter().enumerate() {
            rows[at / bins] += count / total;
            columns[at % bins] += count / total;
        }
        let entropy = |p: &[f64]| {
            let shares = p.iter().filter(|p| **p > 0.0);
            -shares.map(|p| p * p.ln()).sum::<f64>()
        };
        let mut logs = vec![0.0; bins * bins];
        let mut mutual = 0.0;
        let mut filled = 0usize;
        for (at, count) in counts.iter().enumerate() {
            // The window spreads a sample over four cells; a cell counts as filled from a sample on.
            filled += usize::from(*count >= 0.5);
            if *count > 0.0 {
                let p = count / total;
                logs[at] = (p / (rows[at / bins] * columns[at % bins])).ln();
                mutual += p * logs[at];
            }
        }
        let used = |p: &[f64]| p.iter().filter(|p| **p * total >= 0.5).count();
        let degrees = filled as f64 - used(&rows) as f64 - used(&columns) as f64 + 1.0;
        Information {
            logs,
            mutual,
            chance: (degrees / (2.0 * total)).max(0.0),
            h_rows: entropy(&rows),
            h_columns: entropy(&columns),
        }
    }

    fn likeness_of(&self, about: &Information, n: usize) -> Likeness {
        let entropies = (about.h_rows + about.h_columns).max(1e-9);
        Likeness {
            value: about.mutual,
            stated: (2.0 * (about.mutual - about.chance) / entropies).clamp(0.0, 1.0),
            n,
        }
    }

    pub(super) fn likeness(
        &self,
        samples: &Samples,
        level: &Level,
        pose: &Pose,
    ) -> Option<Likeness> {
        let rotation = pose.rotation.to_rotation_matrix();
        let part = |first: usize| {
            let last = (first + PART).min(samples.points.len());
            let mut entries: Vec<Entry> = Vec::with_capacity(last - first);
            for n in first..last {
                let m = level.value(rotation * (samples.points[n] - pose.centre) + pose.image);
                if !m.is_nan() {
                    entries.push((self.rows[n], self.column(m)));
                }
            }
            entries
        };
        let parts = in_parts(samples.points.len(), part);
        let n = parts.iter().map(Vec::len).sum();
        if n < self.fewest() {
            return None;
        }
        if let Some(logs) = &self.fixed {
            let value = |entry: &Entry| self.window(logs, *entry)[0];
            let sum: f64 = parts.iter().flatten().map(value).sum();
            let value = sum / n as f64;
            return Some(Likeness {
                value,
                stated: value,
                n,
            });
        }
        let mut counts = vec![0.0; self.bins * self.bins];
        for entry in parts.iter().flatten() {
            self.add_to(&mut counts, *entry);
        }
        Some(self.likeness_of(&self.information(&counts, n), n))
    }

    /// Fewest samples; a fixed histogram needs few.
    const fn fewest(&self) -> usize {
        if self.fixed.is_some() { 32 } else { FEWEST }
    }

    /// What a sample adds to the value, and the change of that per bin.
    #[inline]
    fn window(&self, logs: &[f64], (row, column): Entry) -> [f64; 2] {
        let first = column.floor();
        let at = usize::from(row) * self.bins + first as usize - 1;
        let logs = &logs[at..at + 4];
        let t = column - first;
        let dot = |w: [f32; 4]| {
            let pairs = logs.iter().zip(w);
            pairs.map(|(l, w)| l * f64::from(w)).sum::<f64>()
        };
        [dot(cubic(t)), dot(cubic_slope(t))]
    }

    /// The gradient is exact; the bend is the mean square of the samples' own gradients (Berndt, Hall, Hall
    /// and Hausman 1974), which near the best pose is minus the second derivative of a log likelihood.
    pub(super) fn slope(&self, samples: &Samples, level: &Level, pose: &Pose) -> Option<Slope> {
        let rotation = pose.rotation.to_rotation_matrix();
        type Sampled = (Entry, Vec3, Vec3);
        let part = |first: usize| {
            let last = (first + PART).min(samples.points.len());
            let mut found: Vec<Sampled> = Vec::with_capacity(last - first);
            for n in first..last {
                let arm = rotation * (samples.points[n] - pose.centre);
                let (m, slope) = level.value_and_slope(arm + pose.image);
                if !m.is_nan() {
                    let entry = (self.rows[n], self.column(m));
                    found.push((entry, slope * self.column_slope(m), arm));
                }
            }
            found
        };
        let parts = in_parts(samples.points.len(), part);
        let n: usize = parts.iter().map(Vec::len).sum();
        if n < self.fewest() {
            return None;
        }
        let own = match &self.fixed {
            Some(_) => None,
            None => {
                let mut counts = vec![0.0; self.bins * self.bins];
                for (entry, ..) in parts.iter().flatten() {
                    self.add_to(&mut counts, *entry);
                }
                Some(self.information(&counts, n))
            }
        };
        let logs = match (&self.fixed, &own) {
            (Some(logs), _) => logs,
            (None, Some(own)) => &own.logs,
            (None, None) => return None,
        };
        let sum = |p: usize| {
            let (mut value, mut j, mut jj) = (0.0, [0.0; 6], [0.0; 21]);
            for (entry, slope, arm) in &parts[p / PART] {
                let [log, per_bin] = self.window(logs, *entry);
                value += log;
                let own = by_parameters(&(slope * per_bin), arm);
                for (j, own) in j.iter_mut().zip(own) {
                    *j += own;
                }
                add_square(&mut jj, &own, 1.0);
            }
            (value, j, jj)
        };
        let (mut value, mut gradient, mut squares) = (0.0, Vector6::zeros(), [0.0; 21]);
        for (v, j, jj) in in_parts(samples.points.len(), sum) {
            value += v;
            gradient += Vector6::from(j);
            for (s, jj) in squares.iter_mut().zip(jj) {
                *s += jj;
            }
        }
        let bend = symmetric(&squares) / n as f64;
        let likeness = match &own {
            Some(own) => self.likeness_of(own, n),
            None => {
                let value = value / n as f64;
                Likeness {
                    value,
                    stated: value,
                    n,
                }
            }
        };
        Some(Slope {
            likeness,
            gradient: gradient / n as f64,
            bend,
        })
    }

    /// The histogram at a pose, held fixed: parts of the image can then be compared that are too small for
    /// a histogram of their own (point similarity, Rogelj et al. 2003, doi 10.1016/S1077-3142(03)00116-4).
    pub(super) fn frozen(&self, samples: &Samples, level: &Level, pose: &Pose) -> Option<Vec<f64>> {
        let rotation = pose.rotation.to_rotation_matrix();
        let mut counts = vec![0.0; self.bins * self.bins];
        let mut n = 0;
        for (p, row) in samples.points.iter().zip(&self.rows) {
            let m = level.value(rotation * (p - pose.centre) + pose.image);
            if !m.is_nan() {
                self.add_to(&mut counts, (*row, self.column(m)));
                n += 1;
            }
        }
        // A count everywhere keeps the logarithm of what was never seen finite.
        for cell in &mut counts {
            *cell += 0.1;
        }
        let total = n as f64 + 0.1 * counts.len() as f64;
        (n >= FEWEST).then(|| self.information(&counts, total as usize).logs)
    }

    /// The same axes for a part of the samples, with a fixed histogram.
    pub(super) fn part(&self, chosen: &[usize], logs: Vec<f64>) -> Self {
        Self {
            bins: self.bins,
            rows: chosen.iter().map(|n| self.rows[*n]).collect(),
            range: self.range,
            fixed: Some(logs),
        }
    }
}

/// Darkest and brightest value without the tails; `None` where all are alike.
fn range_of(values: &[f32]) -> Option<[f32; 2]> {
    let mut sorted: Vec<f32> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    if sorted.is_empty() {
        return None;
    }
    sorted.sort_by(f32::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
    let [mut low, mut high] = [at(TAIL), at(1.0 - TAIL)];
    if high <= low {
        [low, high] = [at(0.0), at(1.0)];
    }
    (high > low).then_some([low, high])
}

/// Weights of the cubic B-spline for the bins before, at, after and two after.
#[inline]
fn cubic(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        (1.0 - t).powi(3) / 6.0,
        (3.0 * t3 - 6.0 * t2 + 4.0) / 6.0,
        (-3.0 * t3 + 3.0 * t2 + 3.0 * t + 1.0) / 6.0,
        t3 / 6.0,
    ]
}

/// Their change with the position.
#[inline]
fn cubic_slope(t: f32) -> [f32; 4] {
    let t2 = t * t;
    [
        -(1.0 - t).powi(2) / 2.0,
        (3.0 * t2 - 4.0 * t) / 2.0,
        (-3.0 * t2 + 2.0 * t + 1.0) / 2.0,
        t2 / 2.0,
    ]
}
