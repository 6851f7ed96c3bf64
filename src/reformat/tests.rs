use std::sync::Arc;

use ndarray::Array3;
use proptest::prelude::*;

use super::*;
use crate::geometry::{Grid, Point, Vec3, Voxel};
use crate::units::Mm;
use crate::volume::{IntensityUnit, Mask, Modality, Rescale};

/// A value that is linear in patient space, which linear interpolation gives back exactly.
fn ramp(p: Point) -> f64 {
    3.0 * p.0.x - 2.0 * p.0.y + 0.5 * p.0.z + 40.0
}

fn volume_of(grid: Grid, value: impl Fn(Point) -> f64) -> Volume {
    let [ni, nj, nk] = grid.shape();
    let samples = Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| {
        let at = grid.patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64));
        value(at) as f32
    });
    Volume::new(
        Arc::new(grid),
        Samples::F32(samples),
        vec![Rescale::IDENTITY; nk],
        IntensityUnit::Arbitrary,
        Modality::from_code("CT"),
    )
    .expect("shapes agree")
}

fn grid_of(i: Vec3, j: Vec3, origins: &[[f64; 3]]) -> Grid {
    let origins = origins.iter().map(|o| Point::from(*o)).collect::<Vec<_>>();
    Grid::new([9, 7, origins.len()], i, j, origins, None).expect("a grid")
}

/// Even, anisotropic.
fn even() -> Grid {
    let origins: Vec<[f64; 3]> = (0..6).map(|k| [-4.0, 2.0, 3.0 * f64::from(k)]).collect();
    grid_of(Vec3::x() * 0.7, Vec3::y() * 1.1, &origins)
}

/// Uneven slices of a tilted gantry.
fn uneven() -> Grid {
    let origins = [0.0, 2.0, 4.5, 7.0, 9.1].map(|z| [-4.0, 2.0 + 0.2 * z, z]);
    grid_of(Vec3::x() * 0.7, Vec3::y() * 1.1, &origins)
}

/// Slices counted from head to feet, rows from right to left.
fn left_handed() -> Grid {
    let origins: Vec<[f64; 3]> = (0..5).map(|k| [4.0, 2.0, -2.0 * f64::from(k)]).collect();
    grid_of(-Vec3::x() * 0.7, Vec3::y() * 1.1, &origins)
}

/// Sagittal slices.
fn sagittal() -> Grid {
    let origins: Vec<[f64; 3]> = (0..5).map(|k| [2.0 * f64::from(k), 0.0, 10.0]).collect();
    grid_of(Vec3::y() * 0.7, -Vec3::z() * 1.1, &origins)
}

fn all() -> [Grid; 4] {
    [even(), uneven(), left_handed(), sagittal()]
}

#[test]
fn what_is_linear_in_the_patient_comes_out_exactly_in_any_plane() {
    for grid in all() {
        let volume = volume_of(grid.clone(), ramp);
        let middle = grid.patient_from_voxel(Voxel::new(4.0, 3.0, 2.0));
        let right = Vec3::new(0.31, 0.22, -0.1);
        let down = right.cross(&Vec3::new(0.2, 0.1, 1.0)).normalize() * 0.4;
        let plane = Plane {
            origin: Point(middle.0 - right * 5.0 - down * 5.0),
            right,
            down,
            size: [11, 11],
        };
        let picture = reformat(&volume, &plane, Interpolation::Linear, None);
        let mut n = 0;
        for (at, value) in picture.iter().enumerate() {
            let place = plane.at((at % 11) as f64, (at / 11) as f64);
            let v = grid.voxel_from_patient(place);
            // At the rim values are held to the outermost centres.
            let inner = [v.i, v.j, v.k]
                .iter()
                .zip(grid.shape())
                .all(|(&x, n)| x >= 0.0 && x <= n as f64 - 1.0);
            if inner {
                n += 1;
                assert!(
                    (f64::from(*value) - ramp(place)).abs() < 1e-3,
                    "{value} for {} at {v:?}",
                    ramp(place)
                );
            }
        }
        assert!(n > 40, "{n} pixels inside");
    }
}

#[test]
fn planes_across_show_every_voxel_of_theirs_unchanged() {
    let grid = even();
    let volume = volume_of(grid.clone(), |p| (p.0.x * 7.0).sin() + p.0.y * p.0.z);
    let [coronal, sagittal] = across(&grid);
    assert_eq!((coronal.n_planes(), sagittal.n_planes()), (7, 9));
    for (stack, axis) in [(coronal, 1), (sagittal, 0)] {
        for index in 0..stack.n_planes() {
            let plane = stack.plane(index);
            for k in 0..6 {
                let along = if axis == 1 { 9 } else { 7 };
                for a in 0..along {
                    let (i, j) = if axis == 1 { (a, index) } else { (index, a) };
                    let place = grid.patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64));
                    assert!(plane.distance(place).0.abs() < 1e-9);
                    let [x, y] = plane.pixel_of(place);
                    assert!((x - x.round()).abs() < 1e-9, "voxels lie on columns");
                    let one = Plane {
                        origin: plane.at(x, y),
                        size: [1, 1],
                        ..plane
                    };
                    let found = reformat(&volume, &one, Interpolation::Linear, None)[0];
                    let value = volume.value(i, j, k).expect("a value");
                    assert!((found - value).abs() < 1e-4, "{found} for {value}");
                }
            }
        }
    }
}

#[test]
fn planes_across_are_named_by_the_patient() {
    let facing = |stack: &Stack| {
        let plane = stack.plane(0);
        [plane.right, plane.down].map(|v| {
            let axis = v.iamax();
            (axis, v[axis] > 0.0)
        })
    };
    for grid in [even(), uneven(), left_handed()] {
        let [coronal, sagittal] = across(&grid);
        assert_eq!(
            facing(&coronal),
            [(0, true), (2, false)],
            "left right, head on top"
        );
        assert_eq!(
            facing(&sagittal),
            [(1, true), (2, false)],
            "back right, head on top"
        );
    }
    let [axial, coronal] = across(&sagittal());
    assert_eq!(
        facing(&axial),
        [(0, true), (1, true)],
        "left right, front on top"
    );
    assert_eq!(facing(&coronal), [(0, true), (2, false)]);
}

#[test]
fn pixels_across_tilted_slices_are_not_sheared() {
    let [coronal, sagittal] = across(&uneven());
    for plane in [coronal.plane(0), sagittal.plane(0)] {
        assert!(plane.right.dot(&plane.down).abs() < 1e-9);
        assert!(
            (plane.right.norm() - plane.down.norm()).abs() < 1e-9,
            "square"
        );
    }
}

#[test]
fn the_nearest_plane_is_found_and_ends_are_kept() {
    let grid = even();
    let [coronal, _] = across(&grid);
    for j in 0..7 {
        let place = grid.patient_from_voxel(Voxel::new(1.0, f64::from(j) + 0.3, 2.0));
        assert_eq!(coronal.nearest(place), j as usize);
    }
    assert_eq!(coronal.nearest(Point::new(0.0, 1e6, 0.0)), 6);
    assert_eq!(coronal.nearest(Point::new(0.0, -1e6, 0.0)), 0);
}

/// Values down a column through the slices at voxel (4, 3).
fn column(volume: &Volume, step: f64, n: usize, from: f64) -> Vec<f32> {
    let at = volume.grid().patient_from_voxel(Voxel::new(4.0, 3.0, 0.0));
    let plane = Plane {
        origin: Point(at.0 + Vec3::z() * from),
        right: Vec3::x() * 0.01,
        down: Vec3::z() * step,
        size: [1, n],
    };
    reformat(volume, &plane, Interpolation::Linear, None)
}

#[test]
fn what_was_never_imaged_is_empty() {
    // Slices at 0, 3, …, 15; the third is missing.
    let grid = even().with_void_slices(vec![2]);
    let volume = volume_of(grid, |p| p.0.z);
    let values = column(&volume, 0.75, 25, -2.25);
    let known: Vec<bool> = values.iter().map(|v| !v.is_nan()).collect();
    for (n, known) in known.iter().enumerate() {
        let z = -2.25 + 0.75 * n as f64;
        let expected = (-1.5..=16.5).contains(&z) && !(4.5..7.5).contains(&z);
        assert_eq!(*known, expected, "at {z} mm");
    }
    // Beside the hole the last slice is held, not mixed with nothing.
    assert!((values[8] - 3.0).abs() < 1e-6, "{}", values[8]);
}

#[test]
fn holes_of_uneven_stacks_are_empty_and_edges_reach_half_a_gap() {
    let origins = [0.0, 2.0, 4.0, 10.0, 12.0].map(|z| [-4.0, 2.0, z]);
    let volume = volume_of(grid_of(Vec3::x() * 0.7, Vec3::y() * 1.1, &origins), |p| {
        p.0.z
    });
    for (n, value) in column(&volume, 0.5, 33, -2.0).into_iter().enumerate() {
        let z = -2.0 + 0.5 * n as f64;
        let expected = match z {
            z if !(-1.0..=13.0).contains(&z) => f64::NAN,
            z if z < 0.0 => 0.0,
            z if z <= 4.0 => z,
            z if z <= 5.0 => 4.0,
            z if z < 9.0 => f64::NAN,
            z if z < 10.0 => 10.0,
            z => z.min(12.0),
        };
        assert!(
            (f64::from(value) - expected).abs() < 1e-5 || (value.is_nan() && expected.is_nan()),
            "{value} for {expected} at {z} mm"
        );
    }
}

#[test]
fn padding_is_not_mixed_with_values() {
    let grid = even();
    let samples = Array3::from_shape_fn((6, 7, 9), |(_, _, i)| if i < 4 { -2000 } else { 100 });
    let mut volume = Volume::new(
        Arc::new(grid.clone()),
        Samples::I16(samples),
        vec![
            Rescale {
                slope: 1.0,
                intercept: -24.0
            };
            6
        ],
        IntensityUnit::Hounsfield,
        Modality::from_code("CT"),
    )
    .expect("shapes agree");
    volume.padding = Some(-2000.0..=-2000.0);
    let plane = Plane {
        origin: grid.patient_from_voxel(Voxel::new(2.0, 3.0, 2.0)),
        right: grid.i_step() / 4.0,
        down: Vec3::y(),
        size: [20, 1],
    };
    let values = reformat(&volume, &plane, Interpolation::Linear, None);
    for (x, value) in values.iter().enumerate() {
        if x < 8 {
            assert!(value.is_nan(), "column {x}: {value}");
        } else {
            assert_eq!(*value, 76.0, "column {x}");
        }
    }
}

#[test]
fn a_slab_shows_the_brightest_darkest_and_mean_value_along_its_normal() {
    let volume = volume_of(even(), |p| p.0.z);
    let at = volume.grid().patient_from_voxel(Voxel::new(4.0, 3.0, 2.0));
    let plane = Plane {
        origin: at,
        right: Vec3::x() * 0.1,
        down: Vec3::y() * 0.1,
        size: [3, 3],
    };
    let with = |projection| {
        let slab = Slab {
            projection,
            thickness: Mm(6.0),
        };
        reformat(&volume, &plane, Interpolation::Linear, Some(slab))[4]
    };
    assert!((with(Projection::Max) - 9.0).abs() < 1e-4);
    assert!((with(Projection::Min) - 3.0).abs() < 1e-4);
    assert!((with(Projection::Mean) - 6.0).abs() < 1e-4);
    let beyond = Slab {
        projection: Projection::Mean,
        thickness: Mm(400.0),
    };
    let mean = reformat(&volume, &plane, Interpolation::Linear, Some(beyond))[4];
    assert!(
        (mean - 7.5).abs() < 0.4,
        "only what was imaged counts: {mean}"
    );
}

#[test]
fn a_slab_along_slices_shows_their_own_values() {
    // One bright voxel in a slice beside the plane: no place between slices holds its value.
    let grid = even();
    let bright = grid.patient_from_voxel(Voxel::new(3.0, 2.0, 2.0));
    let spot = |p: Point| {
        if p.distance(bright).0 < 1e-6 {
            500.0
        } else {
            0.0
        }
    };
    let volume = volume_of(grid, spot);
    let grid = volume.grid();
    let [ni, nj, _] = grid.shape();
    let plane = Plane {
        origin: grid.slice_origins()[1],
        right: grid.i_step(),
        down: grid.j_step(),
        size: [ni, nj],
    };
    let gap = grid.slice_gaps()[0].0;
    let with = |thickness| {
        let slab = Slab {
            projection: Projection::Max,
            thickness: Mm(thickness),
        };
        reformat(&volume, &plane, Interpolation::Linear, Some(slab))[2 * ni + 3]
    };
    assert!((with(2.0 * gap + 0.1) - 500.0).abs() < 1e-3);
    assert!(with(1.9 * gap) > 400.0 && with(1.9 * gap) < 500.0);
}

#[test]
fn planes_facing_anywhere_lie_where_they_should() {
    for grid in all() {
        let volume = volume_of(grid, ramp);
        let right = Vec3::new(0.8, 0.5, 0.2).normalize();
        let down = right.cross(&Vec3::new(0.1, 0.3, 1.0)).normalize();
        let stack = Stack::facing(volume.grid(), [right, down]);
        assert!((stack.axes()[0] - right).norm() < 1e-12);
        let middle = volume.grid().patient_from_voxel(Voxel::new(3.0, 3.0, 1.5));
        let plane = stack.plane(stack.nearest(middle));
        assert!(plane.distance(middle).0.abs() <= stack.step().norm() / 2.0 + 1e-9);
        let picture = reformat(&volume, &plane, Interpolation::Linear, None);
        let mut shown = 0;
        for (n, value) in picture.iter().enumerate().filter(|(_, v)| !v.is_nan()) {
            let place = plane.at((n % plane.size[0]) as f64, (n / plane.size[0]) as f64);
            let voxel = volume.grid().voxel_from_patient(place);
            let last = volume.grid().shape().map(|n| n as f64 - 1.0);
            let inner = [voxel.i, voxel.j, voxel.k];
            // Beyond the outermost centres the values of these are shown.
            if (0..3).all(|a| inner[a] >= 0.0 && inner[a] <= last[a]) {
                assert!((f64::from(*value) - ramp(place)).abs() < 1e-3);
                shown += 1;
            }
        }
        assert!(shown > 10, "{shown}");
    }
}

#[test]
fn a_mask_is_cut_where_its_voxels_are() {
    let grid = Arc::new(even());
    let mask = Mask::from_box(
        Arc::clone(&grid),
        [2, 1, 1],
        &Array3::from_elem((3, 4, 5), true),
    )
    .expect("inside");
    let [coronal, _] = across(&grid);
    for index in 0..7 {
        let plane = coronal.plane(index);
        let closed = outlines_in(&mask, &plane);
        assert_eq!(closed.len(), usize::from((1..5).contains(&index)));
        let Some(outline) = closed.first() else {
            continue;
        };
        let size = |axis: usize, mm: f64| {
            let low = outline
                .iter()
                .map(|p| p[axis])
                .fold(f64::INFINITY, f64::min);
            let high = outline
                .iter()
                .map(|p| p[axis])
                .fold(f64::NEG_INFINITY, f64::max);
            (high - low) * mm
        };
        assert!((size(0, plane.right.norm()) - 5.0 * 0.7).abs() < 1e-6);
        // Three slices of 3 mm, to a pixel.
        assert!((size(1, plane.down.norm()) - 9.0).abs() <= 0.71);
    }
}

proptest! {
    #[test]
    fn no_plane_breaks_it_and_no_value_is_invented(
        origin in prop::array::uniform3(-30.0..30.0f64),
        right in prop::array::uniform3(-2.0..2.0f64),
        down in prop::array::uniform3(-2.0..2.0f64),
        which in 0..4usize,
        slab in prop::option::of(0.0..20.0f64),
        nearest: bool,
    ) {
        let volume = volume_of(all()[which].clone(), ramp);
        let plane = Plane {
            origin: Point::from(origin),
            right: Vec3::from(right),
            down: Vec3::from(down),
            size: [13, 5],
        };
        let slab = slab.map(|t| Slab { projection: Projection::Mean, thickness: Mm(t) });
        let how = if nearest { Interpolation::Nearest } else { Interpolation::Linear };
        let picture = reformat(&volume, &plane, how, slab);
        prop_assert_eq!(picture.len(), 65);
        let known = volume.statistics().expect("values");
        for value in picture.into_iter().filter(|v| !v.is_nan()) {
            let value = f64::from(value);
            prop_assert!(value >= known.min - 1e-3 && value <= known.max + 1e-3);
        }
    }
}
