//! What the edits' tests share; they compare with closed forms.

mod between;
mod brush;
mod margin;
mod parts;
mod refusals;
mod smooth;

use std::sync::Arc;

use ndarray::Array3;

use super::{Edit, Error, Outcome, apply};
use crate::geometry::{Grid, Point, Vec3, Voxel};
use crate::jobs::JobContext;
use crate::units::Mm;
use crate::volume::{IntensityUnit, Mask, Modality, Rescale, Samples, Volume};

/// A grid of slices at `z`, shifted along x by `shear` mm per mm, of pixels `step` mm.
fn grid(n: [usize; 2], step: [f64; 2], z: &[f64], shear: f64) -> Arc<Grid> {
    let origins = z.iter().map(|z| Point::new(3.0 + shear * z, -7.0, *z));
    let (a, b) = (Vec3::x() * step[0], Vec3::y() * step[1]);
    let grid = Grid::new([n[0], n[1], z.len()], a, b, origins.collect(), None);
    Arc::new(grid.expect("valid"))
}

/// Places of slices, `gap` mm apart.
fn even(n: usize, gap: f64) -> Vec<f64> {
    (0..n).map(|k| k as f64 * gap).collect()
}

/// Grids of every kind: fine, anisotropic, uneven, sheared, against the normal, not at right angles.
fn kinds() -> Vec<Arc<Grid>> {
    let uneven = [
        0.0, 1.0, 2.5, 3.0, 5.0, 6.5, 7.5, 9.0, 9.5, 11.0, 12.5, 14.0,
    ];
    let origins = even(14, 1.5)
        .iter()
        .map(|z| Point::new(0.2 * z, 0.1 * z, *z))
        .collect();
    let (a, b) = (Vec3::new(0.8, 0.0, 0.0), Vec3::new(0.3, 0.9, 0.0));
    let slanted = Grid::new([24, 22, 14], a, b, origins, None).expect("valid");
    vec![
        grid([24, 24], [0.7, 0.7], &even(16, 1.25), 0.0),
        grid([30, 14], [0.5, 1.3], &even(6, 4.0), 0.0),
        grid([24, 24], [0.7, 0.7], &uneven, 0.0),
        grid([34, 22], [0.7, 0.7], &even(14, 1.5), 0.4),
        grid([24, 22], [0.7, 0.7], &even(14, -1.25), -0.1),
        Arc::new(slanted),
    ]
}

fn place(grid: &Grid, [i, j, k]: [usize; 3]) -> Point {
    grid.patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64))
}

/// The middle of a grid.
fn middle(grid: &Grid) -> Point {
    let [i, j, k] = grid.shape().map(|n| (n - 1) as f64 / 2.0);
    grid.patient_from_voxel(Voxel::new(i, j, k))
}

/// Voxels of a grid whose centres a rule takes.
fn mask(grid: &Arc<Grid>, holds: impl Fn([usize; 3], Point) -> bool) -> Mask {
    let [ni, nj, nk] = grid.shape();
    let bits = Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| {
        holds([i, j, k], place(grid, [i, j, k]))
    });
    Mask::from_box(Arc::clone(grid), [0; 3], &bits).expect("fits")
}

fn ball(grid: &Arc<Grid>, centre: Point, radius: f64) -> Mask {
    mask(grid, |_, p| p.distance(centre).0 <= radius)
}

/// An image of whole values.
fn image(grid: &Arc<Grid>, value: impl Fn([usize; 3]) -> i16) -> Volume {
    let [ni, nj, nk] = grid.shape();
    let samples = Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| value([i, j, k]));
    let rescale = vec![Rescale::IDENTITY; nk];
    let (unit, modality) = (IntensityUnit::Hounsfield, Modality::CT);
    Volume::new(
        Arc::clone(grid),
        Samples::I16(samples),
        rescale,
        unit,
        modality,
    )
    .expect("fits")
}

fn mm3(mask: &Mask) -> f64 {
    let grid = mask.grid();
    mask.voxels().map(|v| grid.voxel_volume(v[2]).0).sum()
}

fn edited(mask: &Mask, edit: &Edit) -> Result<Outcome, Error> {
    apply(mask, None, edit, &[], &JobContext::default())
}

/// The mask that an edit must make; checks on the way that its delta leads there and back.
fn made(mask: &Mask, volume: Option<&Volume>, edit: &Edit) -> Mask {
    let outcome = apply(mask, volume, edit, &[], &JobContext::default()).expect("edited");
    assert_eq!(outcome.delta.apply(mask).expect("forward"), outcome.mask);
    assert_eq!(&outcome.delta.apply(&outcome.mask).expect("back"), mask);
    let text = serde_json::to_string(edit).expect("text");
    assert_eq!(
        &serde_json::from_str::<Edit>(&text).expect("own text"),
        edit
    );
    outcome.mask
}

const fn margin(mm: f64) -> Edit {
    Edit::Margin {
        mm: Mm(mm),
        within: None,
    }
}
