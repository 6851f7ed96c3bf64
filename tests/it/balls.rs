//! Images of a ball, and gestures on it.

use std::sync::Arc;

use ndarray::Array3;
use oncotwin::geometry::{Grid, Point, Vec3, Voxel};
use oncotwin::jobs::JobContext;
use oncotwin::segment::{Error, Params, Prompt, Segmentation, segment};
use oncotwin::units::Mm;
use oncotwin::volume::{IntensityUnit, Mask, Modality, Rescale, Samples, Volume};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

pub(crate) fn run(
    volume: &Volume,
    prompts: &[Prompt],
    previous: Option<&Mask>,
) -> Result<Segmentation, Error> {
    segment(
        volume,
        prompts,
        previous,
        &Params::standard(),
        &JobContext::default(),
    )
}

pub(crate) fn volume_of(grid: Grid, value: impl Fn(Point) -> f32, noise: f32) -> Volume {
    let [ni, nj, nk] = grid.shape();
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let samples = Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| {
        let v = Voxel::new(i as f64, j as f64, k as f64);
        value(grid.patient_from_voxel(v)) + noise * random.random_range(-1.0..1.0f32)
    });
    Volume::new(
        Arc::new(grid),
        Samples::F32(samples),
        vec![Rescale::IDENTITY; nk],
        IntensityUnit::Arbitrary,
        Modality::MR,
    )
    .expect("shapes agree")
}

pub(crate) fn grid(shape: [usize; 3], steps: [f64; 3]) -> Grid {
    let origins = (0..shape[2]).map(|k| Point::new(0.0, 0.0, steps[2] * k as f64));
    Grid::new(
        shape,
        Vec3::x() * steps[0],
        Vec3::y() * steps[1],
        origins.collect(),
        Some(Vec3::z() * steps[2]),
    )
    .expect("valid")
}

/// Value 60 within a ball on 0, at 1 mm in the slice.
pub(crate) fn ball(center: [f64; 3], radius: f64) -> Volume {
    let middle = Point::from(center);
    let inside = move |p: Point| {
        if p.distance(middle).0 <= radius {
            60.0
        } else {
            0.0
        }
    };
    volume_of(grid([60, 56, 40], [1.0, 1.0, 1.5]), inside, 6.0)
}

pub(crate) fn truth(volume: &Volume, inside: impl Fn(Point) -> bool) -> Mask {
    let [ni, nj, nk] = volume.grid().shape();
    let bits = Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| {
        let v = Voxel::new(i as f64, j as f64, k as f64);
        inside(volume.grid().patient_from_voxel(v))
    });
    Mask::from_box(Arc::clone(volume.grid()), [0; 3], &bits).expect("fits")
}

pub(crate) const MIDDLE: [f64; 3] = [30.0, 28.0, 30.0];

pub(crate) fn in_ball(p: Point) -> bool {
    p.distance(Point::from(MIDDLE)).0 <= 11.0
}

pub(crate) fn at(x: f64, y: f64, z: f64) -> Point {
    Point::new(x, y, z)
}

pub(crate) fn stroke(from: Point, to: Point, radius: f64, adds: bool) -> Prompt {
    Prompt::Scribble {
        points: vec![from, to],
        radius: Mm(radius),
        adds,
    }
}

pub(crate) fn drag() -> Prompt {
    Prompt::Drag {
        ends: [at(19.0, 28.0, 30.0), at(41.0, 28.0, 30.0)],
    }
}
