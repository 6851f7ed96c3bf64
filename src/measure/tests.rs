use std::sync::Arc;

use approx::assert_relative_eq;
use ndarray::Array3;
use proptest::prelude::*;

use super::*;
use crate::geometry::{Spacing, Vec3, Voxel};
use crate::volume::{IntensityUnit, Modality, Rescale, Samples};

fn grid(shape: [usize; 3], steps: [f64; 3]) -> Grid {
    let origins = (0..shape[2])
        .map(|k| Point::new(-3.0, 5.0, k as f64 * steps[2]))
        .collect();
    let (i, j) = (Vec3::x() * steps[0], Vec3::y() * steps[1]);
    Grid::new(shape, i, j, origins, Some(Vec3::z() * steps[2])).expect("valid grid")
}

fn mask_where(grid: Grid, inside: impl Fn(Vec3) -> bool) -> Mask {
    let grid = Arc::new(grid);
    let [ni, nj, nk] = grid.shape();
    let bits = Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| {
        let v = Voxel::new(i as f64, j as f64, k as f64);
        inside(grid.patient_from_voxel(v).0.coords)
    });
    Mask::from_box(grid, [0; 3], &bits).expect("fits")
}

#[test]
fn a_single_voxel_measures_its_diagonal() {
    let grid = grid([4, 4, 3], [3.0, 4.0, 2.0]);
    let at = grid.patient_from_voxel(Voxel::new(1.0, 2.0, 1.0)).0.coords;
    let mask = mask_where(grid, |p| (p - at).norm() < 0.1);
    let m = measure(&mask, None).expect("one voxel");
    assert_eq!((m.voxels, m.axis_slice, m.values), (1, 1, None));
    assert_relative_eq!(m.volume.value(), 24.0);
    assert_relative_eq!(m.long_axis.length.value(), 5.0);
    // The other two corners lie 2 · 3 · 4 / 5 apart across a diagonal of a 3 × 4 pixel.
    assert_relative_eq!(m.short_axis.length.value(), 4.8, epsilon = 1e-12);
    let s = shape(&mask).expect("calibrated");
    assert_relative_eq!(s.max_3d_diameter.0, 29f64.sqrt(), epsilon = 1e-12);
    // An octahedron with half axes 1.5, 2 and 1.
    let face = Vec3::new(-1.5, 2.0, 0.0)
        .cross(&Vec3::new(-1.5, 0.0, 1.0))
        .norm();
    assert_relative_eq!(s.surface_area.0, 4.0 * face, epsilon = 1e-9);
}

#[test]
fn axes_are_drawn_where_they_are_measured() {
    let grid = grid([60, 60, 9], [0.7, 0.9, 2.5]);
    let turn = nalgebra::Rotation3::from_axis_angle(&Vec3::z_axis(), 0.6);
    let centre = grid
        .patient_from_voxel(Voxel::new(30.2, 29.1, 4.2))
        .0
        .coords;
    let mask = mask_where(grid, |p| {
        let q = turn.inverse() * (p - centre);
        (q.x / 15.0).powi(2) + (q.y / 9.0).powi(2) + (q.z / 8.0).powi(2) <= 1.0
    });
    let m = measure(&mask, None).expect("marked");
    let pixel = 0.7f64.hypot(0.9);
    for (axis, expected) in [(m.long_axis, 30.0), (m.short_axis, 18.0)] {
        let length = axis.length.mm().expect("calibrated");
        assert_relative_eq!(
            axis.ends[0].distance(axis.ends[1]).0,
            length.0,
            epsilon = 1e-9
        );
        assert!((length.0 - expected).abs() < 1.5 * pixel, "{length}");
    }
    let span = |a: AxisLine| a.ends[1].0 - a.ends[0].0;
    assert_relative_eq!(
        span(m.long_axis).dot(&span(m.short_axis)),
        0.0,
        epsilon = 1e-9
    );
    let exact = 4.0 / 3.0 * std::f64::consts::PI * 15.0 * 9.0 * 8.0;
    assert!((m.volume.value() / exact - 1.0).abs() < 0.02);
    let s = shape(&mask).expect("calibrated");
    // Thomsen's formula for the surface of an ellipsoid, within 1.1 %.
    let p = 1.6075;
    let pairs = [(15f64, 9f64), (15.0, 8.0), (9.0, 8.0)].map(|(a, b)| (a * b).powf(p));
    let surface = 4.0 * std::f64::consts::PI * (pairs.iter().sum::<f64>() / 3.0).powf(1.0 / p);
    // The surface follows the steps that voxels leave, most of all on thick slices.
    let ratio = s.surface_area.0 / surface;
    assert!((1.0..1.2).contains(&ratio), "{ratio}");
    assert!((s.max_3d_diameter.0 - 30.0).abs() < 2.0 * pixel);
}

#[test]
fn unevenly_spaced_slices_count_with_their_own_extent() {
    let z = [0.0, 1.0, 3.0, 4.0];
    let origins = z.iter().map(|&z| Point::new(0.0, 0.0, z)).collect();
    let grid = Grid::new([3, 3, 4], Vec3::x(), Vec3::y(), origins, None).expect("valid");
    let expected: f64 = (1..3).map(|k| grid.voxel_volume(k).0).sum();
    let mask = mask_where(grid, |p| {
        p.x == 1.0 && p.y == 1.0 && (0.5..3.5).contains(&p.z)
    });
    let m = measure(&mask, None).expect("marked");
    assert_relative_eq!(m.volume.value(), expected);
}

#[test]
fn unknown_spacing_gives_pixels_and_voxels() {
    let grid = grid([9, 9, 3], [2.0, 2.0, 5.0]).with_spacing(Spacing::Unknown);
    let mask = mask_where(grid, |p| p.x > 0.0 && p.x < 9.0 && p.y == 9.0 && p.z == 5.0);
    let m = measure(&mask, None).expect("marked");
    assert_eq!(m.volume, Bulk::Voxels(4.0));
    assert_eq!(m.long_axis.length, Length::Px(Px(17f64.sqrt())));
    assert_eq!(shape(&mask), Err(Error::NoSpacing));
}

#[test]
fn values_come_from_the_image_under_the_mask() {
    let grid = Arc::new(grid([2, 2, 1], [1.0; 3]));
    let samples = Array3::from_shape_vec((1, 2, 2), vec![10i16, 20, 30, 40]).expect("4 values");
    let volume = Volume::new(
        grid.clone(),
        Samples::I16(samples),
        vec![Rescale::IDENTITY],
        IntensityUnit::Hounsfield,
        Modality::CT,
    )
    .expect("shapes agree");
    let bits = Array3::from_shape_vec((1, 2, 2), vec![true, false, false, true]).expect("4 bits");
    let mask = Mask::from_box(grid, [0; 3], &bits).expect("fits");
    let values = measure(&mask, Some(&volume)).expect("marked").values;
    let values = values.expect("image given");
    assert_eq!((values.mean, values.min, values.max), (25.0, 10.0, 40.0));
}

#[test]
fn missing_slices_count_for_nothing_and_the_rule_says_so() {
    let even = grid([4, 4, 6], [1.0, 1.0, 3.0]);
    assert_eq!(
        VolumeRule::of(&even),
        VolumeRule::EqualVoxels { spacing_mm: 3.0 }
    );
    let holed = even.with_void_slices(vec![2, 3]);
    let rule = VolumeRule::of(&holed);
    assert_eq!(
        rule,
        VolumeRule::OwnExtents {
            least_mm: 3.0,
            most_mm: 3.0,
            n_missing: 2
        }
    );
    assert!(rule.words().contains("2 missing slices"));
    let all = mask_where(holed, |_| true);
    let measured = measure(&all, None).expect("marked");
    // Four imaged slices of 16 voxels of 3 mm³.
    assert_relative_eq!(measured.volume.value(), 4.0 * 16.0 * 3.0);
}

#[test]
fn nothing_marked_is_refused() {
    let mask = mask_where(grid([2, 2, 2], [1.0; 3]), |_| false);
    assert_eq!(measure(&mask, None), Err(Error::Empty));
    assert_eq!(shape(&mask), Err(Error::Empty));
}

proptest! {
    /// The hull search agrees with trying every pair of corners.
    #[test]
    fn the_longest_diameter_is_the_longest(
        bits in proptest::collection::vec(proptest::bool::weighted(0.2), 72),
        di in 0.3f64..3.0, dj in 0.3f64..3.0, shear in -0.4f64..0.4,
    ) {
        let (i_step, j_step) = (Vec3::new(di, 0.0, 0.0), Vec3::new(shear, dj, 0.1));
        let origins = (0..2).map(|k| Point::new(0.0, 0.0, f64::from(k))).collect();
        let grid = Grid::new([6, 6, 2], i_step, j_step, origins, None).expect("valid");
        let bits = Array3::from_shape_vec((2, 6, 6), bits).expect("72 bits");
        let mask = Mask::from_box(Arc::new(grid), [0; 3], &bits).expect("fits");
        let Ok(m) = measure(&mask, None) else {
            prop_assert!(mask.is_empty());
            return Ok(());
        };
        let corners: Vec<(usize, Vec3)> = mask
            .voxels()
            .flat_map(|[i, j, k]| {
                [(-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0.5, 0.5)]
                    .map(|(a, b)| (k, i_step * (i as f64 + a) + j_step * (j as f64 + b)))
            })
            .collect();
        let mut longest = 0.0f64;
        for (ka, a) in &corners {
            for (kb, b) in &corners {
                if ka == kb {
                    longest = longest.max((b - a).norm());
                }
            }
        }
        prop_assert!((m.long_axis.length.value() - longest).abs() < 1e-9);
        let along = (m.long_axis.ends[1].0 - m.long_axis.ends[0].0).normalize();
        let across = along.cross(&mask.grid().normal());
        let depths: Vec<f64> = corners
            .iter()
            .filter(|(k, _)| *k == m.axis_slice)
            .map(|(_, c)| c.dot(&across))
            .collect();
        let extent = depths.iter().fold(f64::MIN, |a, &b| a.max(b))
            - depths.iter().fold(f64::MAX, |a, &b| a.min(b));
        prop_assert!((m.short_axis.length.value() - extent).abs() < 1e-9);
    }
}
