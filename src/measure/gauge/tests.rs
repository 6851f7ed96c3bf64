use std::sync::Arc;

use ndarray::Array3;
use proptest::prelude::*;

use super::*;
use crate::geometry::{Spacing, Voxel};
use crate::measure::PEAK_RADIUS;
use crate::volume::{IntensityUnit, Modality, Rescale, Samples};

/// Uneven, tilted slices with oblong pixels, turned in space.
fn skewed() -> Grid {
    let turn = nalgebra::Rotation3::from_euler_angles(0.3, -0.5, 0.9);
    let z = [0.0, 2.0, 5.0, 7.5, 10.0, 13.0, 15.0, 17.5, 20.0];
    let origins = z.map(|z| Point((turn * Vec3::new(-12.0, 0.25 * z - 20.0, z)).into()));
    let (i, j) = (Vec3::new(0.7, 0.0, 0.0), Vec3::new(0.0, 1.1, 0.0));
    Grid::new([60, 50, 9], turn * i, turn * j, origins.to_vec(), None).expect("a grid")
}

fn even(shape: [usize; 3], step: [f64; 3]) -> Grid {
    let m = nalgebra::Matrix4::new_nonuniform_scaling(&Vec3::from(step));
    Grid::from_affine(shape, &m).expect("a grid")
}

fn volume(grid: Grid, unit: IntensityUnit, value: impl Fn([usize; 3]) -> f32) -> Volume {
    let [ni, nj, nk] = grid.shape();
    let samples = Array3::from_shape_fn((nk, nj, ni), |(k, j, i)| value([i, j, k]));
    let modality = match unit {
        IntensityUnit::Hounsfield => Modality::CT,
        _ => Modality::PT,
    };
    let rescale = vec![Rescale::IDENTITY; nk];
    Volume::new(
        Arc::new(grid),
        Samples::F32(samples),
        rescale,
        unit,
        modality,
    )
    .expect("a volume")
}

fn at(grid: &Grid, i: f64, j: f64, k: f64) -> Point {
    grid.patient_from_voxel(Voxel::new(i, j, k))
}

/// An ellipse with semi-axes of `a` and `b` mm in slice `k`, the first turned by `turn` from the rows.
fn ellipse(grid: &Grid, [i, j]: [f64; 2], k: usize, [a, b]: [f64; 2], turn: f64) -> Figure {
    let center = at(grid, i, j, k as f64);
    let (u, v) = (grid.i_step().normalize(), grid.j_step().normalize());
    let along = u * turn.cos() + v * turn.sin();
    let across = v * turn.cos() - u * turn.sin();
    Figure::Ellipse {
        center,
        ends: [Point(center.0 + along * a), Point(center.0 + across * b)],
    }
}

#[test]
fn lengths_and_angles_are_those_of_space() {
    let grid = skewed();
    let image = volume(grid.clone(), IntensityUnit::Hounsfield, |_| 0.0);
    let [a, b, c] =
        [[3.0, 4.0, 0.0], [20.0, 4.0, 0.0], [20.0, 30.0, 5.0]].map(|[i, j, k]| at(&grid, i, j, k));
    let line = gauge(&Figure::Length { ends: [a, b] }, &image, true);
    assert!((line.length.expect("a length").value() - 17.0 * 0.7).abs() < 1e-9);
    // From slice 0 to slice 5 the origin moves 13 mm along the normal and 3.25 mm along the columns.
    let line = gauge(&Figure::Length { ends: [b, c] }, &image, true);
    let expected = (26.0f64 * 1.1 + 3.25).hypot(13.0);
    assert!((line.length.expect("a length").value() - expected).abs() < 1e-9);
    let right = gauge(&Figure::Angle { points: [a, b, c] }, &image, true);
    assert!((right.angle.expect("an angle").0 - 90.0).abs() < 1e-9);
    assert_eq!(right.values, None);
    let flat = [at(&grid, 0.0, 0.0, 2.0), a, b];
    let flat = Figure::Angle {
        points: [flat[1], flat[2], at(&grid, 37.0, 4.0, 0.0)],
    };
    assert_eq!(gauge(&flat, &image, true).angle, Some(Degrees(180.0)));
}

#[test]
fn without_spacing_there_are_pixels_and_voxels_and_never_millimetres() {
    let grid = even([40, 40, 20], [0.5, 0.5, 0.5]).with_spacing(Spacing::Unknown);
    let image = volume(grid.clone(), IntensityUnit::BecquerelPerMl, |_| 5.0);
    let (a, b) = (at(&grid, 5.0, 5.0, 9.0), at(&grid, 17.0, 5.0, 9.0));
    let line = gauge(&Figure::Length { ends: [a, b] }, &image, true);
    assert_eq!(line.length.expect("a length").to_string(), "12.0 px");
    let round = gauge(
        &ellipse(&grid, [20.0, 20.0], 9, [4.0, 2.0], 0.3),
        &image,
        true,
    );
    let (area, long) = (
        round.area.expect("an area"),
        round.length.expect("a length"),
    );
    assert!((area.value() - PI * 32.0).abs() < 1e-9 && area.symbol() == "px²");
    assert!((long.value() - 16.0).abs() < 1e-9 && long.symbol() == "px");
    assert_eq!(
        round.values.and_then(|v| v.peak),
        None,
        "a peak needs millimetres"
    );
    let ball = Figure::Sphere {
        center: a,
        rim: Point(a.0 + Vec3::x()),
    };
    let ball = gauge(&ball, &image, true);
    assert_eq!(ball.length.map(Length::symbol), Some("px"));
    // Two voxels along each axis: 33 voxel centres.
    assert_eq!(ball.volume, Some(Bulk::Voxels(33.0)));
    assert_eq!(ball.values.map(|v| v.n), Some(33));
}

#[test]
fn a_ramp_is_averaged_to_its_value_at_the_centre() {
    let grid = even([64, 64, 3], [0.8, 1.2, 3.0]);
    let image = volume(grid.clone(), IntensityUnit::Hounsfield, |[i, j, k]| {
        2.0 * i as f32 - 3.0 * j as f32 + 100.0 * k as f32
    });
    let found = gauge(
        &ellipse(&grid, [30.0, 31.0], 1, [14.0, 9.0], 0.7),
        &image,
        true,
    );
    let values = found.values.expect("values");
    // The pixels of a region about a pixel's centre lie about it in pairs.
    assert!((values.mean.value - 67.0).abs() < 1e-4, "{values:?}");
    assert!((values.median.value - 67.0).abs() < 1e-4);
    assert_eq!(values.mean.unit, IntensityUnit::Hounsfield);
    assert_eq!(
        (found.slice, values.n_void, values.peak),
        (Some(1), 0, None)
    );
    let area = found.area.expect("an area").value();
    assert!((area - PI * 14.0 * 9.0).abs() < 1e-9);
    // Pixels by their centres come to the same area, but for the border.
    assert!(
        (values.n as f64 * 0.96 / area - 1.0).abs() < 0.03,
        "{}",
        values.n
    );
}

#[test]
fn padding_missing_slices_and_no_numbers_count_for_nothing() {
    let grid = even([20, 20, 5], [1.0; 3]).with_void_slices(vec![3]);
    let mut image = volume(
        grid.clone(),
        IntensityUnit::Hounsfield,
        |[i, j, _]| match (i, j) {
            (9, _) => -2000.0,
            (10, 10) => f32::NAN,
            _ => 40.0,
        },
    );
    image.padding = Some(-2000.0..=-2000.0);
    let center = at(&grid, 10.0, 10.0, 2.0);
    let ball = Figure::Sphere {
        center,
        rim: Point(center.0 + Vec3::x() * 1.01),
    };
    let values = gauge(&ball, &image, true).values.expect("values");
    // Of seven voxels one is no number, one padding, one in the missing slice.
    assert_eq!((values.n, values.n_void), (3, 4));
    assert_eq!((values.min.value, values.max.value), (40.0, 40.0));
    assert_eq!(values.sd.value, 0.0);
    let lost = Figure::Probe {
        at: at(&grid, 9.2, 4.0, 2.0),
    };
    assert_eq!(gauge(&lost, &image, true).values, None);
    let probe = Figure::Probe {
        at: at(&grid, 7.6, 4.4, 2.0),
    };
    assert_eq!(gauge(&probe, &image, true).values.map(|v| v.n), Some(1));
}

#[test]
fn a_polygon_has_the_area_of_its_corners_and_its_pixels() {
    let grid = skewed();
    let image = volume(grid.clone(), IntensityUnit::Hounsfield, |[i, _, _]| {
        i as f32
    });
    let corners = [
        [9.5, 9.5],
        [29.5, 9.5],
        [29.5, 19.5],
        [19.5, 19.5],
        [19.5, 29.5],
        [9.5, 29.5],
    ];
    let corners = corners.map(|[i, j]| at(&grid, i, j, 4.0)).to_vec();
    let found = gauge(&Figure::Polygon { corners }, &image, true);
    assert!((found.area.expect("an area").value() - 300.0 * 0.77).abs() < 1e-9);
    let values = found.values.expect("values");
    assert_eq!((found.slice, values.n), (Some(4), 300));
    assert_eq!((values.min.value, values.max.value), (10.0, 29.0));
}

#[test]
fn a_sphere_takes_voxels_by_distance_on_any_grid() {
    let grid = skewed();
    let image = volume(grid.clone(), IntensityUnit::Hounsfield, |_| 1.0);
    let center = at(&grid, 30.3, 24.8, 4.2);
    let radius = 8.3;
    let ball = Figure::Sphere {
        center,
        rim: Point(center.0 + Vec3::z() * radius),
    };
    let found = gauge(&ball, &image, true);
    let [ni, nj, nk] = grid.shape();
    let mut expected = 0;
    for k in 0..nk {
        for j in 0..nj {
            for i in 0..ni {
                let place = at(&grid, i as f64, j as f64, k as f64);
                expected += usize::from(place.distance(center).0 <= radius);
            }
        }
    }
    assert_eq!(found.values.map(|v| v.n), Some(expected));
    let mm3 = found.volume.and_then(Bulk::mm3).expect("calibrated").0;
    assert!((mm3 - 4.0 / 3.0 * PI * radius.powi(3)).abs() < 1e-9);
}

#[test]
fn a_sphere_of_the_peak_holds_one_cubic_centimetre() {
    let mm3 = 4.0 / 3.0 * PI * PEAK_RADIUS.0.powi(3);
    assert!((mm3 - 1000.0).abs() < 1e-9, "{mm3}");
}

#[test]
fn the_peak_of_a_hot_voxel_is_shared_by_its_sphere() {
    // Voxels of 4 mm: 19 centres lie within 6.2 mm (1 + 6 + 12).
    let grid = even([20, 20, 20], [4.0; 3]);
    let image = volume(grid.clone(), IntensityUnit::SuvBodyWeight, |v| {
        if v == [10, 10, 10] { 20.0 } else { 1.0 }
    });
    let center = at(&grid, 10.0, 10.0, 10.0);
    let region = Figure::Sphere {
        center,
        rim: Point(center.0 + Vec3::x() * 13.0),
    };
    let values = gauge(&region, &image, true).values.expect("values");
    let peak = values.peak.expect("uptake has a peak");
    assert!(
        (peak.value.value - (20.0 + 18.0) / 19.0).abs() < 1e-6,
        "{peak:?}"
    );
    assert_eq!(peak.value.unit, IntensityUnit::SuvBodyWeight);
    assert_eq!(values.max.value, 20.0);
    assert_eq!(
        gauge(&region, &image, false).values.and_then(|v| v.peak),
        None
    );
    // A region one voxel off reaches the hot one with its spheres all the same.
    let beside = Figure::Probe {
        at: at(&grid, 11.0, 11.0, 10.0),
    };
    let beside = gauge(&beside, &image, true).values.expect("values");
    assert_eq!(beside.peak.map(|p| p.value), Some(peak.value));
    let away = Figure::Probe {
        at: at(&grid, 11.0, 11.0, 11.0),
    };
    let away = gauge(&away, &image, true).values.expect("values");
    assert_eq!(away.peak.map(|p| p.value.value), Some(1.0));
}

#[test]
fn slices_count_in_the_peak_by_what_they_stand_for() {
    let z = [0.0, 3.0, 4.0, 8.0];
    let origins = z.map(|z| Point::new(0.0, 0.0, z)).to_vec();
    let grid = Grid::new([9, 9, 4], Vec3::x() * 7.0, Vec3::y() * 7.0, origins, None).expect("grid");
    let image = volume(grid.clone(), IntensityUnit::SuvBodyWeight, |[_, _, k]| {
        [1.0, 2.0, 5.0, 11.0][k]
    });
    let extents = [0, 1, 2, 3].map(|k| grid.slice_extent(k).0);
    let probe = Figure::Probe {
        at: at(&grid, 4.0, 4.0, 1.0),
    };
    // Pixels of 7 mm: of each slice one voxel lies within 6.2 mm of the centre.
    let expected = (extents[0] + 2.0 * extents[1] + 5.0 * extents[2] + 11.0 * extents[3])
        / extents.iter().sum::<f64>();
    let peak = gauge(&probe, &image, true).values.and_then(|v| v.peak);
    let peak = peak.expect("uptake has a peak");
    assert!((peak.value.value - expected).abs() < 1e-6, "{peak:?}");
}

#[test]
fn beyond_the_image_nothing_counts_in_a_peak() {
    let grid = even([20, 20, 20], [2.0; 3]);
    let image = volume(grid.clone(), IntensityUnit::SuvBodyWeight, |_| 3.0);
    for [i, j, k] in [[0.0; 3], [0.0, 10.0, 10.0]] {
        let probe = Figure::Probe {
            at: at(&grid, i, j, k),
        };
        let values = gauge(&probe, &image, true).values.expect("values");
        assert_eq!(values.peak.map(|p| p.value.value), Some(3.0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Rows solved for their ends hold the same pixels as every pixel asked by itself.
    #[test]
    fn an_ellipse_holds_the_pixels_whose_centres_it_holds(
        i in 5.0..50.0f64, j in 5.0..45.0f64, k in 0usize..9,
        a in 0.4..16.0f64, b in 0.4..16.0f64, turn in 0.0..3.2f64,
    ) {
        let grid = skewed();
        let figure = ellipse(&grid, [i, j], k, [a, b], turn);
        let image = volume(grid.clone(), IntensityUnit::Hounsfield, |_| 1.0);
        let center = at(&grid, i, j, k as f64);
        let along = grid.i_step().normalize() * turn.cos() + grid.j_step().normalize() * turn.sin();
        let across = grid.j_step().normalize() * turn.cos() - grid.i_step().normalize() * turn.sin();
        let [ni, nj, _] = grid.shape();
        let mut expected = 0;
        for y in 0..nj {
            for x in 0..ni {
                let d = at(&grid, x as f64, y as f64, k as f64).0 - center.0;
                expected += usize::from((d.dot(&along) / a).hypot(d.dot(&across) / b) <= 1.0);
            }
        }
        let found = gauge(&figure, &image, true);
        prop_assert_eq!(found.values.map_or(0, |v| v.n), expected);
        let size = found.area.expect("an area").value();
        prop_assert!((size - PI * a * b).abs() < 1e-9 * size);
        prop_assert!((found.length.expect("long").value() - 2.0 * a.max(b)).abs() < 1e-9);
        prop_assert!((found.short.expect("short").value() - 2.0 * a.min(b)).abs() < 1e-9);
    }

    /// Where a polygon is placed and how it is turned does not change what it measures.
    #[test]
    fn a_polygon_keeps_its_area_wherever_it_lies(
        corners in prop::collection::vec((0.0..59.0f64, 0.0..49.0f64), 3..9), k in 0usize..9,
    ) {
        let grid = skewed();
        let placed: Vec<Point> = corners.iter().map(|(i, j)| at(&grid, *i, *j, k as f64)).collect();
        let n = corners.len();
        let shoelace: f64 = (0..n)
            .map(|m| (corners[m], corners[(m + 1) % n]))
            .map(|((ax, ay), (bx, by))| ax * by - bx * ay)
            .sum();
        let image = volume(grid, IntensityUnit::Hounsfield, |_| 1.0);
        let found = gauge(&Figure::Polygon { corners: placed }, &image, true);
        let expected = shoelace.abs() / 2.0 * 0.77;
        prop_assert!((found.area.expect("an area").value() - expected).abs() < 1e-6);
    }
}
