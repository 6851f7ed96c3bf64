//! Images moved by transforms that are known.

use std::sync::Arc;

use nalgebra::UnitQuaternion;
use ndarray::Array3;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use rayon::prelude::*;

use crate::geometry::{Grid, Point, Vec3, Voxel};
use crate::register::Rigid;
use crate::volume::{Rescale, Samples, Volume};

/// Largest turn about each axis, and shift along each.
const TURN_DEG: f64 = 15.0;
const SHIFT_MM: f64 = 30.0;

/// Transforms drawn evenly from within the limits, about the patient's origin.
pub(super) fn transforms(seed: u64, n: usize) -> Vec<Rigid> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n)
        .map(|_| {
            let mut part = || rng.random_range(-1.0..1.0);
            let turns = [0; 3].map(|_| part() * TURN_DEG.to_radians());
            let shift = Vec3::new(part(), part(), part()) * SHIFT_MM;
            Rigid::new(
                UnitQuaternion::from_euler_angles(turns[0], turns[1], turns[2]),
                shift,
            )
        })
        .collect()
}

/// A transform of that kind about a point instead of the origin.
pub(super) fn about(centre: Point, transform: &Rigid) -> Rigid {
    Rigid::about(centre, transform.rotation(), transform.translation())
}

/// The same samples on a grid that was carried along: nothing is interpolated.
pub(super) fn carried(volume: &Volume, transform: &Rigid) -> Option<Volume> {
    let grid = volume.grid();
    let turn = transform.rotation();
    let origins = grid
        .slice_origins()
        .iter()
        .map(|o| transform.apply(*o))
        .collect();
    let grid = Grid::new(
        grid.shape(),
        turn * grid.i_step(),
        turn * grid.j_step(),
        origins,
        None,
    )
    .ok()?
    .with_void_slices(grid.void_slices().to_vec());
    let mut moved = Volume::new(
        Arc::new(grid),
        volume.samples().clone(),
        volume.rescale().to_vec(),
        volume.unit,
        volume.modality.clone(),
    )
    .ok()?;
    moved.padding.clone_from(&volume.padding);
    Some(moved)
}

/// How a second scan of the moved patient is made.
pub(super) struct Scan {
    pub(super) shape: [usize; 3],
    /// mm along x, y, z.
    pub(super) spacing: [f64; 3],
    /// Middle of the field of view beside that of the moved patient, mm.
    pub(super) aside: Vec3,
    /// Noise, standard deviations of the image's values.
    pub(super) noise: f64,
    pub(super) seed: u64,
}

/// Middle of a field of view.
pub(super) fn middle(volume: &Volume) -> Point {
    let last = volume.grid().shape().map(|n| (n - 1) as f64 / 2.0);
    let [i, j, k] = last;
    volume.grid().patient_from_voxel(Voxel::new(i, j, k))
}

/// A scan of the patient after `transform`, interpolated by cubics (Catmull and Rom), with noise.
pub(super) fn scanned(volume: &Volume, transform: &Rigid, scan: &Scan) -> Option<Volume> {
    let field = Values::of(volume);
    let all = volume.statistics()?;
    let [ni, nj, nk] = scan.shape;
    let half = Vec3::from_fn(|a, _| (scan.shape[a] - 1) as f64 * scan.spacing[a] / 2.0);
    let origin = transform.apply(middle(volume)).0 + scan.aside - half;
    let [dx, dy, dz] = scan.spacing;
    let origins = (0..nk)
        .map(|k| Point(origin + Vec3::z() * (dz * k as f64)))
        .collect();
    let step = Some(Vec3::z() * dz);
    let grid = Grid::new(scan.shape, Vec3::x() * dx, Vec3::y() * dy, origins, step).ok()?;
    let back = transform.inverse();
    let air = all.min as f32;
    let slice = |k: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(scan.seed.wrapping_mul(1_000_003) + k as u64);
        let mut values = Vec::with_capacity(ni * nj);
        for j in 0..nj {
            for i in 0..ni {
                let p = grid.patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64));
                let v = volume.grid().voxel_from_patient(back.apply(p));
                let noise: f64 = StandardNormal.sample(&mut rng);
                let value = field.at(v).unwrap_or(air);
                values.push(value + (noise * scan.noise * all.sd) as f32);
            }
        }
        values
    };
    let slices: Vec<Vec<f32>> = (0..nk).into_par_iter().map(slice).collect();
    let samples = Array3::from_shape_vec((nk, nj, ni), slices.concat()).ok()?;
    let rescale = vec![Rescale::IDENTITY; nk];
    let (unit, modality) = (volume.unit, volume.modality.clone());
    Volume::new(
        Arc::new(grid),
        Samples::F32(samples),
        rescale,
        unit,
        modality,
    )
    .ok()
}

/// All values of an image, air where there are none.
struct Values {
    shape: [usize; 3],
    values: Vec<f32>,
}

impl Values {
    fn of(volume: &Volume) -> Self {
        let shape = volume.grid().shape();
        let air = volume.statistics().map_or(0.0, |s| s.min) as f32;
        let slices = (0..shape[2]).into_par_iter().map(|k| {
            let values = volume.slice_values(k).map(|v| v.unwrap_or(air));
            values.collect::<Vec<f32>>()
        });
        Self {
            shape,
            values: slices.collect::<Vec<_>>().concat(),
        }
    }

    /// The value at a voxel position inside the image.
    fn at(&self, v: Voxel) -> Option<f32> {
        let [ni, nj, nk] = self.shape;
        let (i, wi) = taps(v.i, ni)?;
        let (j, wj) = taps(v.j, nj)?;
        let (k, wk) = taps(v.k, nk)?;
        let mut sum = 0.0;
        for (k, wk) in k.into_iter().zip(wk) {
            for (j, wj) in j.into_iter().zip(wj) {
                let row = (k * nj + j) * ni;
                let along = i.into_iter().zip(wi);
                let value: f64 = along
                    .map(|(i, w)| w * f64::from(self.values[row + i]))
                    .sum();
                sum += wk * wj * value;
            }
        }
        Some(sum as f32)
    }
}

/// The four voxels about a position along an axis, with the weights of Catmull and Rom; ends repeat.
fn taps(v: f64, n: usize) -> Option<([usize; 4], [f64; 4])> {
    if !(v >= 0.0 && v <= (n - 1) as f64) {
        return None;
    }
    let first = v.floor();
    let t = v - first;
    let index = |d: isize| (first as isize + d).clamp(0, n as isize - 1) as usize;
    let (t2, t3) = (t * t, t * t * t);
    Some((
        [index(-1), index(0), index(1), index(2)],
        [
            (-t3 + 2.0 * t2 - t) / 2.0,
            (3.0 * t3 - 5.0 * t2 + 2.0) / 2.0,
            (-3.0 * t3 + 4.0 * t2 + t) / 2.0,
            (t3 - t2) / 2.0,
        ],
    ))
}
