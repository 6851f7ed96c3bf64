//! What values tell where: the surroundings of a lesion by direction.
//!
//! A lesion on the pleura has its own value beside it in one direction and air in all others. One
//! histogram of all surroundings would then say little anywhere; by direction, values decide where
//! they can, and place and edges decide where the neighbour looks like the lesion.

use super::field::Field;
use super::model::ValueModel;

/// Directions within the slice; up and down come to them.
const AROUND: usize = 8;
/// Fewest samples of the surroundings in a direction; with less, all surroundings stand for it.
const FEWEST: usize = 60;
/// A sample counts for a direction of which it has at least this share.
const LEAST_SHARE: f32 = 0.25;

/// Log odds of lesion by value and direction.
pub(super) struct Sectors {
    /// One for each direction in the slice, then down and up; none where samples are few.
    models: Vec<Option<ValueModel>>,
    /// Of each column of voxels: its direction in the slice and the share of the next, and its
    /// squared distance from the middle, mm².
    columns: Vec<(usize, f32, f32)>,
    /// Height of each slice above the middle, mm.
    heights: Vec<f32>,
}

impl Sectors {
    /// From a division, and which voxels of it are samples of the surroundings; `None` where nothing
    /// is lesion.
    pub(super) fn new(
        field: &Field<'_>,
        lesion: &[f32],
        beside: &[usize],
        all: &ValueModel,
    ) -> Option<Self> {
        let [ni, nj, nk] = field.size;
        let [di, dj, _] = field.steps;
        let mut at = vec![0.0];
        for gap in &field.gaps {
            at.push(at[at.len() - 1] + gap);
        }
        let (mut sums, mut count) = ([0.0; 3], 0.0);
        for n in (0..field.len()).filter(|n| lesion[*n] > 0.5) {
            let [i, j, k] = field.at(n);
            let place = [i as f64 * di, j as f64 * dj, at[k]];
            for (sum, x) in sums.iter_mut().zip(place) {
                *sum += x;
            }
            count += 1.0;
        }
        if count == 0.0 {
            return None;
        }
        let middle = sums.map(|sum| sum / count);
        let column = |n: usize| {
            let x = (n % ni) as f64 * di - middle[0];
            let y = (n / ni) as f64 * dj - middle[1];
            let turn = (y.atan2(x) / std::f64::consts::TAU + 1.0).fract() * AROUND as f64;
            let sector = turn as usize % AROUND;
            (sector, turn.fract() as f32, (x * x + y * y) as f32)
        };
        let mut sectors = Self {
            models: Vec::new(),
            columns: (0..ni * nj).map(column).collect(),
            heights: at[..nk].iter().map(|z| (z - middle[2]) as f32).collect(),
        };
        let mut samples = vec![Vec::new(); AROUND + 2];
        for n in beside {
            for (sector, share) in sectors.shares(*n) {
                if share >= LEAST_SHARE {
                    samples[sector].push(field.values[*n]);
                }
            }
        }
        sectors.models = samples
            .iter()
            .map(|s| (s.len() >= FEWEST).then(|| all.beside(s)))
            .collect();
        Some(sectors)
    }

    /// The directions in which a voxel lies, and their shares.
    fn shares(&self, n: usize) -> [(usize, f32); 3] {
        let plane = self.columns.len();
        let (sector, next, across) = self.columns[n % plane];
        let height = self.heights[n / plane];
        let steep = height * height / (height * height + across).max(f32::MIN_POSITIVE);
        [
            (sector, (1.0 - next) * (1.0 - steep)),
            ((sector + 1) % AROUND, next * (1.0 - steep)),
            (AROUND + usize::from(height > 0.0), steep),
        ]
    }

    /// Log odds of a value at a voxel; `all` for directions with few samples.
    pub(super) fn log_odds(&self, n: usize, value: f32, all: &ValueModel) -> f32 {
        let odds = self.shares(n).map(|(sector, share)| {
            share * self.models[sector].as_ref().unwrap_or(all).log_odds(value)
        });
        odds.iter().sum()
    }
}
