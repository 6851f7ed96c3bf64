//! Points of the body at which two images are compared.

use super::body::body;
use super::level::Level;
use super::tone::Tone;
use crate::geometry::Vec3;

/// Draws per wanted point before what was found has to do.
const MOST_DRAWS: usize = 12;

/// An image at three resolutions, finest first, and its body.
pub(super) struct Image {
    pub(super) levels: [Level; 3],
    /// Voxels of the coarsest level.
    body: Vec<bool>,
}

/// Points in patient space with the values there.
pub(super) struct Samples {
    pub(super) points: Vec<Vec3>,
    pub(super) values: Vec<f32>,
}

impl Image {
    pub(super) fn new(levels: [Level; 3], tone: Tone) -> Self {
        let body = body(&levels[2], tone);
        Self { levels, body }
    }

    /// Volume of the body, mm³.
    pub(super) fn body_volume(&self) -> f64 {
        let coarse = &self.levels[2];
        let [di, dj, dk] = coarse.spacing();
        let n = self.body.iter().filter(|b| **b).count();
        n as f64 * di * dj * dk
    }

    /// Whether a position lies in the body.
    fn holds(&self, p: Vec3) -> bool {
        self.levels[2].nearest(p).is_some_and(|n| self.body[n])
    }

    /// Middle of the body, and the root of its mean squared distance from there, mm.
    pub(super) fn middle(&self) -> (Vec3, f64) {
        let coarse = &self.levels[2];
        let [ni, nj, _] = coarse.shape;
        let places: Vec<Vec3> = (0..self.body.len())
            .filter(|n| self.body[*n])
            .map(|n| {
                let index = [n % ni, n / ni % nj, n / (ni * nj)];
                coarse.place(index.map(|v| v as f64))
            })
            .collect();
        let n = places.len().max(1) as f64;
        let middle = places.iter().sum::<Vec3>() / n;
        let spread: f64 = places.iter().map(|p| (p - middle).norm_squared()).sum();
        (middle, (spread / n).sqrt())
    }

    /// Corners of the coarsest level.
    pub(super) fn corners(&self) -> [Vec3; 8] {
        let level = &self.levels[2];
        let last = level.shape.map(|n| (n - 1) as f64);
        std::array::from_fn(|c| {
            let at = |axis: usize| if c >> axis & 1 == 1 { last[axis] } else { 0.0 };
            level.place([at(0), at(1), at(2)])
        })
    }

    /// Up to `n` points of the body that `keep` wants, spread evenly; values are those of the level.
    ///
    /// The points are those of the R3 sequence (Roberts 2018, "The unreasonable effectiveness of
    /// quasirandom sequences"), which lie off the voxels' middles: sampled on them, an image is likest
    /// to itself, unsmoothed, where voxels fall on voxels, and poses are drawn there.
    pub(super) fn samples(
        &self,
        level: usize,
        n: usize,
        seed: u64,
        keep: impl Fn(Vec3) -> bool,
    ) -> Samples {
        // Powers of 1/g with g⁴ = g + 1.
        const STEPS: [f64; 3] = [
            0.819_172_513_396_164_5,
            0.671_043_606_703_789_3,
            0.549_700_477_901_970_4,
        ];
        let source = &self.levels[level];
        let last = source.shape.map(|n| (n - 1) as f64);
        // Seeds begin the sequence at places far apart in it.
        let begin = (seed % 1_000_003) as f64 * 7919.0;
        let mut samples = Samples {
            points: Vec::with_capacity(n),
            values: Vec::with_capacity(n),
        };
        for draw in 0..n * MOST_DRAWS {
            if samples.points.len() == n {
                break;
            }
            let at = begin + draw as f64;
            let unit = STEPS.map(|s| (0.5 + s * at).fract());
            let p = source.place([unit[0] * last[0], unit[1] * last[1], unit[2] * last[2]]);
            if !self.holds(p) || !keep(p) {
                continue;
            }
            let value = source.value(p);
            if !value.is_nan() {
                samples.points.push(p);
                samples.values.push(value);
            }
        }
        samples
    }
}
