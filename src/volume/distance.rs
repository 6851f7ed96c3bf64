//! Distances to the nearest marked voxel, in mm.

use ndarray::{Array3, Axis};

use crate::geometry::Grid;

/// Where the voxels of a box lie along (i, j, k), mm, each axis by itself.
///
/// A shift of slices against each other (gantry tilt) and a slant of the in-plane axes are left out
/// of account: distances are those of the straightened box.
#[derive(Clone, Debug)]
pub struct Places {
    /// Of each voxel along (i, j, k).
    at: [Vec<f64>; 3],
    /// Usual steps.
    step: [f64; 3],
}

impl Places {
    /// Of the box of `size` voxels whose first is `origin`; slices beyond the grid's last follow at
    /// the mean distance.
    #[must_use]
    pub fn of_box(grid: &Grid, origin: [usize; 3], size: [usize; 3]) -> Self {
        let step = grid.spacing_mm().map(|s| s.0);
        let even = |n: usize, step: f64| (0..n).map(|v| v as f64 * step).collect();
        let last = grid.shape()[2] - 1;
        let position = |k: usize| {
            let beyond = k.saturating_sub(last) as f64 * step[2];
            let from = grid.slice_position(0).0;
            (grid.slice_position(k.min(last)).0 - from).abs() + beyond
        };
        let along = (0..size[2]).map(|k| position(origin[2] + k)).collect();
        Self {
            at: [even(size[0], step[0]), even(size[1], step[1]), along],
            step,
        }
    }

    /// Of a box of `size` voxels at even steps.
    #[must_use]
    pub fn even(size: [usize; 3], step: [f64; 3]) -> Self {
        let at = [0, 1, 2].map(|a| (0..size[a]).map(|v| v as f64 * step[a]).collect());
        Self { at, step }
    }

    /// With slices at these places, mm, one for each.
    #[must_use]
    pub fn with_slices(mut self, at: Vec<f64>) -> Self {
        self.at[2] = at;
        self
    }

    /// With slices `factor` times as far apart.
    #[must_use]
    pub fn stretched(mut self, factor: f64) -> Self {
        self.at[2].iter_mut().for_each(|z| *z *= factor);
        self.step[2] *= factor;
        self
    }

    /// With one more voxel at either end of each axis, at the usual step.
    #[must_use]
    pub fn padded(&self) -> Self {
        let at = [0, 1, 2].map(|a| {
            let (at, step) = (&self.at[a], self.step[a]);
            let before = at.first().map(|x| x - step);
            let after = at.last().map(|x| x + step);
            before
                .into_iter()
                .chain(at.iter().copied())
                .chain(after)
                .collect()
        });
        Self { at, ..self.clone() }
    }
}

/// Squared distance, mm², of every voxel of a box `[[k, j, i]]` to the nearest marked one; infinite
/// when none is marked.
///
/// Lower envelopes of parabolas, axis by axis (Felzenszwalb & Huttenlocher 2012), here with places
/// that need not be even: exact, and linear in the number of voxels.
#[must_use]
pub fn squared_distance(marked: &Array3<bool>, places: &Places) -> Array3<f32> {
    let mut distance = marked.mapv(|m| if m { 0.0 } else { f32::INFINITY });
    let mut envelope = Envelope::default();
    for (axis, along) in [(2, 0), (1, 1), (0, 2)] {
        for mut lane in distance.lanes_mut(Axis(axis)) {
            envelope.lower(&mut lane, &places.at[along]);
        }
    }
    distance
}

/// Parabolas of the envelope: their lowest points and from where on each is the lowest.
#[derive(Default)]
struct Envelope {
    heights: Vec<f64>,
    of: Vec<usize>,
    from: Vec<f64>,
}

impl Envelope {
    fn lower(&mut self, lane: &mut ndarray::ArrayViewMut1<'_, f32>, x: &[f64]) {
        self.heights.clear();
        self.heights.extend(lane.iter().map(|h| f64::from(*h)));
        self.of.clear();
        self.from.clear();
        for q in 0..self.heights.len() {
            if self.heights[q].is_infinite() {
                continue;
            }
            let raised = |v: usize| self.heights[v] + x[v] * x[v];
            let mut start = f64::NEG_INFINITY;
            while let (Some(&v), Some(&from)) = (self.of.last(), self.from.last()) {
                start = (raised(q) - raised(v)) / (2.0 * (x[q] - x[v]));
                if start > from {
                    break;
                }
                self.of.pop();
                self.from.pop();
                start = f64::NEG_INFINITY;
            }
            self.of.push(q);
            self.from.push(start);
        }
        if self.of.is_empty() {
            return;
        }
        let mut n = 0;
        for (value, at) in lane.iter_mut().zip(x) {
            while self.from.get(n + 1).is_some_and(|from| from < at) {
                n += 1;
            }
            let v = self.of[n];
            *value = ((at - x[v]).powi(2) + self.heights[v]) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn distances_are_those_of_trying_all(
            bits in proptest::collection::vec(proptest::bool::weighted(0.1), 60),
            gaps in proptest::collection::vec(0.3f64..4.0, 3),
        ) {
            let marked = Array3::from_shape_vec((3, 4, 5), bits).expect("60 voxels");
            let even = |n: usize, s: f64| (0..n).map(|v| v as f64 * s).collect::<Vec<_>>();
            let z = vec![0.0, gaps[0], gaps[0] + gaps[1]];
            let places = Places { at: [even(5, 0.7), even(4, 1.1), z], step: [1.0; 3] };
            let made = squared_distance(&marked, &places);
            for ((k, j, i), value) in made.indexed_iter() {
                let best = marked.indexed_iter().filter(|(_, m)| **m).map(|((c, b, a), _)| {
                    let [x, y, z] = &places.at;
                    (x[i] - x[a]).powi(2) + (y[j] - y[b]).powi(2) + (z[k] - z[c]).powi(2)
                });
                let best = best.fold(f64::INFINITY, f64::min);
                prop_assert!(f64::from(*value) == best || (f64::from(*value) - best).abs() < 1e-4);
            }
        }
    }
}
