//! What the tests of registration share: a body of closed form, seen by grids of every kind, so that the
//! truth is exact and nothing is interpolated to make it.

mod doubtful;
mod recovery;
mod refusals;
mod rigid;

use std::sync::Arc;

use nalgebra::UnitQuaternion;
use ndarray::Array3;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{Error, Metric, Params, Registration, Rigid, register};
use crate::geometry::{Grid, Point, Vec3, Voxel};
use crate::jobs::JobContext;
use crate::volume::{IntensityUnit, Modality, Rescale, Samples, Volume};

const AIR: f64 = -1000.0;

/// A trunk of soft tissue with lungs, a spine of vertebrae and organs.
struct Body {
    organs: Vec<(Vec3, f64, f64)>,
}

/// 1 inside, 0 outside, over about three millimetres.
fn soft(depth: f64) -> f64 {
    1.0 / (1.0 + (-depth / 0.8).exp())
}

impl Body {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let organ = |_| {
            let mut part = |limit: f64| rng.random_range(-limit..limit);
            let middle = Vec3::new(part(75.0), part(45.0), part(110.0));
            let value = part(250.0);
            (middle, 14.0 + part(8.0), value)
        };
        Self {
            organs: (0..24).map(organ).collect(),
        }
    }

    /// Hounsfield units at a place.
    fn value(&self, p: Point) -> f64 {
        let p = p.0.coords;
        let width = 1.0 + 0.12 * (p.z / 60.0).sin();
        let radius = (p.x / (105.0 * width)).hypot(p.y / (70.0 * width));
        let inside = soft((1.0 - radius) * 70.0);
        let lung = |side: f64| {
            let q = p - Vec3::new(45.0 * side, -8.0, 45.0 + 6.0 * side);
            let r = (q.x / 30.0).hypot(q.y / 36.0).hypot(q.z / 55.0);
            soft((1.0 - r) * 32.0)
        };
        let across = (p.x + 3.0).hypot(p.y - 40.0);
        let bone = soft(14.0 - across) * (0.6 + 0.4 * (p.z / 4.2).sin());
        let mut value = 40.0 + 500.0 * bone - 840.0 * (lung(-1.0) + lung(1.0));
        for (middle, radius, more) in &self.organs {
            value += more * soft(radius - (p - middle).norm());
        }
        AIR + inside * (value - AIR)
    }
}

/// A grid of slices at `z` whose pixels begin at `first`, shifted along y by `shear` mm per mm.
fn grid(first: [f64; 2], n: [usize; 2], step: [f64; 2], z: &[f64], shear: f64) -> Arc<Grid> {
    let origins = z
        .iter()
        .map(|z| Point::new(first[0], first[1] + shear * z, *z));
    let (a, b) = (Vec3::x() * step[0], Vec3::y() * step[1]);
    let grid = Grid::new([n[0], n[1], z.len()], a, b, origins.collect(), None);
    Arc::new(grid.expect("valid"))
}

fn even(first: f64, n: usize, gap: f64) -> Vec<f64> {
    (0..n).map(|k| first + k as f64 * gap).collect()
}

/// The usual field of view: all of the body across, 256 mm along.
fn usual() -> Arc<Grid> {
    grid(
        [-128.0, -96.0],
        [64, 48],
        [4.0, 4.0],
        &even(-120.0, 61, 4.0),
        0.0,
    )
}

/// What a scanner sees of the body after it was moved by `moved`.
fn seen(grid: &Arc<Grid>, moved: &Rigid, value: impl Fn(Point) -> f64) -> Volume {
    let back = moved.inverse();
    let [ni, nj, nk] = grid.shape();
    let values = Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| {
        let p = grid.patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64));
        value(back.apply(p)) as f32
    });
    Volume::new(
        grid.clone(),
        Samples::F32(values),
        vec![Rescale::IDENTITY; nk],
        IntensityUnit::Hounsfield,
        Modality::CT,
    )
    .expect("valid")
}

fn scan(grid: &Arc<Grid>, moved: &Rigid) -> Volume {
    let body = Body::new(1);
    seen(grid, moved, |p| body.value(p))
}

/// Turned about the body's middle by angles in degrees, and shifted.
fn moved(turn: [f64; 3], shift: [f64; 3]) -> Rigid {
    let [x, y, z] = turn.map(f64::to_radians);
    Rigid::about(
        Point::new(0.0, 10.0, 0.0),
        UnitQuaternion::from_euler_angles(x, y, z),
        shift.into(),
    )
}

fn found(fixed: &Volume, moving: &Volume) -> Result<Registration, Error> {
    register(fixed, moving, &Params::default(), &JobContext::default())
}

/// Mean distance between where two transforms put points of the body, mm.
fn apart(a: &Rigid, b: &Rigid) -> f64 {
    let body = Body::new(1);
    let places = body
        .organs
        .iter()
        .map(|(middle, ..)| Point((*middle).into()));
    let distances: Vec<f64> = places.map(|p| a.apply(p).distance(b.apply(p)).0).collect();
    distances.iter().sum::<f64>() / distances.len() as f64
}
