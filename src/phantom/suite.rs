//! Single lesions in memory, of many kinds and sizes, to judge segmentation with.
//!
//! Each case is a small volume with one lesion: tissues by a function of position, partial volume by
//! supersampling, a Gaussian point spread in the slice plane and slightly correlated Gaussian noise.
//! Cases of even number are for tuning, those of odd number for reporting.

mod scene;

use std::sync::Arc;

use ndarray::Array3;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::noise;
use crate::geometry::{Grid, Point, Vec3};
use crate::jobs::{Cancelled, JobContext};
use crate::units::{Hu, Mm};
use crate::volume::{IntensityUnit, Mask, Modality, Rescale, Samples, Volume};

pub use scene::Class;
use scene::Scene;

/// Nominal radii of lesions, mm.
const RADII: [f64; 8] = [3.0, 4.0, 5.5, 7.0, 10.0, 14.0, 20.0, 30.0];
/// Distances of slices, mm.
const SLICES: [f64; 5] = [1.0, 1.25, 2.5, 4.0, 6.0];
/// Points along each edge of a voxel in which several tissues meet.
const FINE: [usize; 3] = [4, 4, 5];

/// What a case shows, before it is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaseSpec {
    /// Number in the suite.
    pub number: usize,
    /// Kind of lesion and surroundings.
    pub class: Class,
    /// Nominal radius.
    pub radius: Mm,
    /// Spacing along (i, j, k).
    pub spacing: [Mm; 3],
    /// Standard deviation of the noise in the class's units.
    pub noise: f64,
    /// Standard deviation of the point spread in the slice plane.
    pub point_spread: Mm,
    /// Seed of shape and noise.
    pub seed: u64,
}

/// An image with its only lesion.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub spec: CaseSpec,
    /// The image.
    pub volume: Volume,
    /// Voxels of which at least half is lesion.
    pub truth: Mask,
}

/// The cases of the suite: for every class each radius twice, once for tuning (even number) and once
/// for reporting, with spacing, noise and shape of their own.
#[must_use]
pub fn specs() -> Vec<CaseSpec> {
    let mut specs = Vec::new();
    for (c, class) in Class::ALL.into_iter().enumerate() {
        for (r, nominal) in RADII.into_iter().enumerate() {
            for half in 0..2u64 {
                let number = specs.len();
                let seed = 1000 * (c as u64 + 1) + 10 * r as u64 + half;
                let mut random = ChaCha8Rng::seed_from_u64(seed);
                // Uptake in less than 6 mm does not rise above the blur of a PET scanner.
                let radius = match class {
                    Class::Pet => nominal.max(6.0),
                    _ => nominal,
                } * random.random_range(0.9..1.1);
                let usable = SLICES.iter().filter(|s| **s <= 1.3 * radius).count();
                let slice = SLICES[random.random_range(0..usable)];
                let in_plane = match class {
                    Class::Pet => random.random_range(2.0..4.1),
                    _ => random.random_range(0.6..0.98),
                };
                let slice = match class {
                    Class::Pet => slice.max(2.5),
                    _ => slice,
                };
                let [low, high] = class.noise();
                specs.push(CaseSpec {
                    number,
                    class,
                    radius: Mm(radius),
                    spacing: [Mm(in_plane), Mm(in_plane), Mm(slice)],
                    noise: random.random_range(low..high),
                    point_spread: Mm(match class {
                        Class::Pet => 2.5,
                        _ => random.random_range(0.4..0.9),
                    }),
                    seed,
                });
            }
        }
    }
    specs
}

impl CaseSpec {
    /// Whether parameters may be chosen on this case.
    #[must_use]
    pub const fn is_for_tuning(&self) -> bool {
        self.number.is_multiple_of(2)
    }

    /// Makes image and truth. Equal specifications give equal cases, whatever the number of threads.
    ///
    /// # Errors
    /// When the job is cancelled or the specification makes no image.
    pub fn make(&self, job: &JobContext) -> Result<Case, super::Error> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(1);
        let scene = Scene::new(self.class, self.radius.0, &mut random);
        let reach = scene.reach() * 1.35 + 8.0;
        let steps = self.spacing.map(|s| s.0);
        let shape = steps.map(|s| (2.0 * reach / s).ceil() as usize + 1);
        // The lesion's centre lies anywhere between voxels.
        let first = [0, 1, 2].map(|a| {
            let half = (shape[a] as f64 - 1.0) / 2.0 * steps[a];
            random.random_range(-0.5..0.5) * steps[a] - half
        });
        let origins = (0..shape[2])
            .map(|k| Point::new(first[0], first[1], first[2] + k as f64 * steps[2]))
            .collect();
        let grid = Arc::new(Grid::new(
            shape,
            Vec3::x() * steps[0],
            Vec3::y() * steps[1],
            origins,
            Some(Vec3::z() * steps[2]),
        )?);
        let [ni, nj, nk] = shape;
        type Slice = (Vec<f32>, Vec<bool>);
        let made: Result<Vec<Slice>, Cancelled> = (0..nk)
            .into_par_iter()
            .map(|k| {
                job.check()?;
                let z = first[2] + k as f64 * steps[2];
                let (mut values, mut inside) = (Vec::new(), Vec::new());
                for j in 0..nj {
                    for i in 0..ni {
                        let at = Vec3::new(
                            first[0] + i as f64 * steps[0],
                            first[1] + j as f64 * steps[1],
                            z,
                        );
                        let (value, share) = sampled(&scene, at, steps);
                        values.push(value);
                        inside.push(share >= 0.5);
                    }
                }
                let sigma = [0, 1].map(|a| self.point_spread.0 / steps[a]);
                noise::blur(&mut values, [ni, nj], sigma);
                noise::add(&mut values, [ni, nj], Hu(self.noise), self.seed, (0, k));
                Ok((values, inside))
            })
            .collect();
        let (mut values, mut inside) = (Vec::new(), Vec::new());
        for (v, b) in made? {
            values.extend(v);
            inside.extend(b);
        }
        let wrong = |e: &dyn std::fmt::Display| super::Error::Params(format!("{self:?}: {e}"));
        let values = Array3::from_shape_vec((nk, nj, ni), values).map_err(|e| wrong(&e))?;
        let inside = Array3::from_shape_vec((nk, nj, ni), inside).map_err(|e| wrong(&e))?;
        let truth = Mask::from_box(Arc::clone(&grid), [0; 3], &inside).map_err(|e| wrong(&e))?;
        let (unit, modality) = match self.class {
            Class::Pet => (IntensityUnit::SuvBodyWeight, Modality::PT),
            Class::BrainRing => (IntensityUnit::Arbitrary, Modality::MR),
            _ => (IntensityUnit::Hounsfield, Modality::CT),
        };
        let rescale = vec![Rescale::IDENTITY; nk];
        let volume = Volume::new(grid, Samples::F32(values), rescale, unit, modality)
            .map_err(|e| wrong(&e))?;
        Ok(Case {
            spec: *self,
            volume,
            truth,
        })
    }
}

/// Mean value of a voxel and its share of lesion.
fn sampled(scene: &Scene, at: Vec3, steps: [f64; 3]) -> (f32, f64) {
    let point = |a: f64, b: f64, c: f64| at + Vec3::new(a * steps[0], b * steps[1], c * steps[2]);
    let middle = scene.at(at);
    let is_even = (0..8u8).all(|corner| {
        let half = |bit: u8| if corner & bit == 0 { -0.5 } else { 0.5 };
        scene.at(point(half(1), half(2), half(4))) == middle
    });
    if is_even {
        return (middle.0 as f32, f64::from(u8::from(middle.1)));
    }
    let offset = |s: usize, n: usize| (s as f64 + 0.5) / n as f64 - 0.5;
    let (mut sum, mut inside) = (0.0, 0.0);
    for c in 0..FINE[2] {
        for b in 0..FINE[1] {
            for a in 0..FINE[0] {
                let p = point(offset(a, FINE[0]), offset(b, FINE[1]), offset(c, FINE[2]));
                let (value, is_lesion) = scene.at(p);
                sum += value;
                inside += f64::from(u8::from(is_lesion));
            }
        }
    }
    let n = (FINE[0] * FINE[1] * FINE[2]) as f64;
    ((sum / n) as f32, inside / n)
}
