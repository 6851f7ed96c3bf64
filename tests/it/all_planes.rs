//! A figure measures the same whichever plane it is drawn through: along the slices, across them, or
//! oblique; and whichever way the slices of one body lie.

use std::sync::Arc;

use ndarray::Array3;
use oncotwin::geometry::{Grid, Point, Vec3, Voxel};
use oncotwin::measure::{Figure, FigureMeasures, Misplaced, gauge, placed};
use oncotwin::reformat::{Plane, Stack, across};
use oncotwin::units::{Area, Bulk, Length};
use oncotwin::volume::{IntensityUnit, Layout, Modality, Rescale, Samples, Volume};

/// Rounding of places of some hundred millimetres.
const ROUNDING: f64 = 1e-9;

/// A body whose values depend on the place alone.
fn body(at: Vec3) -> f32 {
    let wave = (at.x * 0.31).sin() * 90.0 + (at.y * 0.17).cos() * 60.0 + at.z * 1.5;
    wave.round() as f32
}

fn imaged(grid: Grid) -> Volume {
    let [ni, nj, nk] = grid.shape();
    let samples = Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| {
        let voxel = Voxel::new(i as f64, j as f64, k as f64);
        body(grid.patient_from_voxel(voxel).0.coords)
    });
    Volume::new(
        Arc::new(grid),
        Samples::F32(samples),
        vec![Rescale::IDENTITY; nk],
        IntensityUnit::Hounsfield,
        Modality::CT,
    )
    .expect("shapes agree")
}

/// A stack of slices with these steps through the same middle.
fn stack(shape: [usize; 3], i: Vec3, j: Vec3, depths: &[Vec3]) -> Grid {
    let middle = i * (shape[0] as f64 - 1.0) / 2.0 + j * (shape[1] as f64 - 1.0) / 2.0;
    let first = Vec3::new(5.0, -140.0, 60.0) - middle;
    let origins = depths
        .iter()
        .map(|d| Point((first + d).into()))
        .collect::<Vec<_>>();
    Grid::new([shape[0], shape[1], depths.len()], i, j, origins, None).expect("slices in order")
}

fn even(n: usize, step: Vec3) -> Vec<Vec3> {
    let middle = (n as f64 - 1.0) / 2.0;
    (0..n).map(|k| step * (k as f64 - middle)).collect()
}

/// Axial, coronal and sagittal slices, tilted ones, uneven ones, left-handed ones.
fn grids() -> Vec<(&'static str, Grid)> {
    let (x, y, z) = (Vec3::x(), Vec3::y(), Vec3::z());
    let uneven: Vec<Vec3> = [
        -24.0, -21.0, -16.5, -12.0, -9.0, -5.0, 0.0, 4.0, 9.0, 13.0, 19.0,
    ]
    .iter()
    .map(|d| z * *d)
    .collect();
    vec![
        (
            "axial",
            stack([70, 60, 0], x * 0.9, y * 0.9, &even(25, z * 2.5)),
        ),
        (
            "coronal",
            stack([70, 40, 0], x * 0.8, -z * 1.2, &even(21, y * 3.0)),
        ),
        (
            "sagittal",
            stack([60, 40, 0], y * 0.8, -z * 1.2, &even(23, x * 2.0)),
        ),
        (
            "tilted",
            stack([70, 60, 0], x * 0.9, y * 0.9, &even(25, z * 2.5 + y * 0.6)),
        ),
        ("uneven", stack([70, 60, 0], x * 0.9, y * 0.9, &uneven)),
        (
            "left-handed",
            stack([70, 60, 0], -x * 0.9, y * 0.9, &even(25, z * 2.5)),
        ),
    ]
}

/// The planes in which the program shows a volume, led through a place.
fn planes(grid: &Grid, place: Point) -> Vec<(&'static str, Plane)> {
    let layout = Layout::of(grid);
    let slice = grid.voxel_from_patient(place).k.round() as usize;
    let (origin, right, down) = layout.patient_frame(grid, slice);
    let own = Plane {
        origin,
        right,
        down,
        size: layout.picture_size(),
    };
    let [one, other] = across(grid);
    let right = Vec3::new(0.8, 0.5, 0.3).normalize();
    let down = right.cross(&Vec3::new(-0.2, 0.7, 0.9)).normalize();
    let oblique = Stack::facing(grid, [right, down]);
    let through = |stack: Stack| {
        let plane = stack.plane(stack.nearest(place));
        plane.moved(plane.normal() * plane.distance(place).0)
    };
    vec![
        ("slice", own),
        ("first across", through(one)),
        ("second across", through(other)),
        ("oblique", through(oblique)),
    ]
}

/// A place on a plane by millimetres to the right and downwards of another, as the hand draws: by
/// pixels of the picture.
fn drawn(plane: &Plane, from: Point, [right, down]: [f64; 2]) -> Point {
    let [x, y] = plane.pixel_of(from);
    plane.at(x + right / plane.right.norm(), y + down / plane.down.norm())
}

fn mm(length: Option<Length>) -> f64 {
    match length {
        Some(Length::Mm(mm)) => mm.0,
        other => panic!("millimetres expected, got {other:?}"),
    }
}

fn near(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() < ROUNDING,
        "{what}: {found} for {expected}"
    );
}

/// The voxel centre in the middle of a grid.
fn middle(grid: &Grid) -> Point {
    let [i, j, k] = grid.shape().map(|n| (n / 2) as f64);
    grid.patient_from_voxel(Voxel::new(i, j, k))
}

#[test]
fn lines_and_angles_are_as_long_and_as_wide_in_every_plane() {
    for (name, grid) in grids() {
        let volume = imaged(grid);
        let grid = volume.grid();
        let place = middle(grid);
        for (which, plane) in planes(grid, place) {
            let what = format!("{name}, {which}");
            let measured = |figure: Figure| {
                placed(&figure, grid).expect("inside");
                gauge(&figure, &volume, false)
            };
            let at = |mm| drawn(&plane, place, mm);
            let line = measured(Figure::Length {
                ends: [at([-9.0, 0.0]), at([9.0, 13.5])],
            });
            near(mm(line.length), 22.5, &what);
            let two = measured(Figure::bidirectional(
                [at([-6.0, -8.0]), at([6.0, 8.0])],
                plane.normal(),
            ));
            near(mm(two.length), 20.0, &what);
            near(mm(two.short), 10.0, &what);
            let angle = measured(Figure::Angle {
                points: [
                    at([12.0, 0.0]),
                    at([0.0, 0.0]),
                    at([5.0, 5.0 * 3.0_f64.sqrt()]),
                ],
            });
            near(angle.angle.expect("an angle").0, 60.0, &what);
        }
    }
}

#[test]
fn a_sphere_holds_the_same_voxels_in_whichever_plane_it_is_drawn() {
    for (name, grid) in grids() {
        let volume = imaged(grid);
        let center = middle(volume.grid());
        let all: Vec<(&str, FigureMeasures)> = planes(volume.grid(), center)
            .into_iter()
            .map(|(which, plane)| {
                let rim = drawn(&plane, center, [6.0, -7.2]);
                (
                    which,
                    gauge(&Figure::Sphere { center, rim }, &volume, false),
                )
            })
            .collect();
        let (_, first) = all[0];
        assert!(first.values.expect("voxels").n > 300, "{name}");
        let cubic = |m: &FigureMeasures| match m.volume {
            Some(Bulk::Mm3(v)) => v.0,
            other => panic!("a volume expected, got {other:?}"),
        };
        for (which, found) in &all {
            let what = format!("{name}, {which}");
            near(mm(found.length), 2.0 * 6.0f64.hypot(7.2), &what);
            near(cubic(found) / cubic(&first), 1.0, &what);
            assert_eq!(found.values, first.values, "{what}");
        }
    }
}

#[test]
fn an_ellipse_is_as_large_on_slices_of_any_direction_and_refused_across_them() {
    for (name, grid) in grids() {
        let volume = imaged(grid);
        let grid = volume.grid();
        let center = middle(grid);
        for (n, (which, plane)) in planes(grid, center).into_iter().enumerate() {
            // Axes along neither rows nor columns.
            let ends = [[9.6, 7.2], [-4.2, 5.6]].map(|mm| drawn(&plane, center, mm));
            let ellipse = Figure::Ellipse { center, ends };
            if n > 0 {
                assert_eq!(
                    placed(&ellipse, grid),
                    Err(Misplaced::Slices),
                    "{name}, {which}"
                );
                continue;
            }
            let found = gauge(&ellipse, &volume, false);
            near(mm(found.length), 24.0, name);
            near(mm(found.short), 14.0, name);
            let Some(Area::Mm2(area)) = found.area else {
                panic!("{name}: an area expected, got {:?}", found.area);
            };
            near(area.0, std::f64::consts::PI * 12.0 * 7.0, name);
            let counted = found.values.expect("voxels").n as f64 * grid.pixel_area().0;
            assert!((counted / area.0 - 1.0).abs() < 0.05, "{name}: {counted}");
        }
    }
}

/// The same voxels stored as axial, coronal and sagittal slices are the same voxels.
#[test]
fn a_sphere_holds_the_same_voxels_whichever_way_the_slices_lie() {
    let (x, y, z) = (Vec3::x() * 1.5, Vec3::y() * 1.5, Vec3::z() * 1.5);
    let n = 31;
    let ways = [
        stack([n, n, 0], x, y, &even(n, z)),
        stack([n, n, 0], -x, y, &even(n, z)),
        stack([n, n, 0], x, -z, &even(n, y)),
        stack([n, n, 0], y, -z, &even(n, -x)),
        stack([n, n, 0], z, x, &even(n, y)),
    ];
    let found = ways.map(|grid| {
        let volume = imaged(grid);
        let center = Point::new(6.1, -139.3, 58.4);
        let rim = Point(center.0 + Vec3::new(0.0, 9.3, 3.1));
        gauge(&Figure::Sphere { center, rim }, &volume, false)
    });
    let first = found[0].values.expect("voxels");
    assert!(first.n > 500);
    for other in &found[1..] {
        let values = other.values.expect("voxels");
        assert_eq!(
            (values.n, values.min, values.max),
            (first.n, first.min, first.max)
        );
        assert_eq!(values.median, first.median);
        near(values.mean.value, first.mean.value, "mean");
        near(values.sd.value, first.sd.value, "deviation");
    }
}
