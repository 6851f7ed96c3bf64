use super::*;
use crate::edit::BrushShape;
use crate::edit::lattice::SLACK_MM;
use proptest::prelude::*;

fn brush(points: Vec<Point>, radius: f64, shape: BrushShape, adds: bool) -> Edit {
    Edit::Brush {
        points,
        radius: Mm(radius),
        shape,
        adds,
        within: None,
    }
}

fn nothing(grid: &Arc<Grid>) -> Mask {
    mask(grid, |_, _| false)
}

/// Distance from a point to the line from `a` to `b`.
fn away(p: Point, [a, b]: [Point; 2]) -> f64 {
    let along = b.0 - a.0;
    let share = if along.norm() > 0.0 {
        ((p.0 - a.0).dot(&along) / along.norm_squared()).clamp(0.0, 1.0)
    } else {
        0.0
    };
    p.distance(Point(a.0 + along * share)).0
}

#[test]
fn a_dab_of_the_sphere_has_the_volume_of_a_ball() {
    let grid = grid([100, 100], [0.25, 0.25], &even(80, 0.3), 0.0);
    let dab = brush(vec![middle(&grid)], 10.0, BrushShape::Sphere, true);
    let painted = mm3(&made(&nothing(&grid), None, &dab));
    let exact = 4.0 / 3.0 * std::f64::consts::PI * 1000.0;
    assert!(
        (painted / exact - 1.0).abs() < 0.002,
        "{painted} of {exact}"
    );
}

#[test]
fn a_voxel_at_just_the_radius_belongs_to_the_brush_anywhere() {
    for far in [0.0, 0.1, 1234.567, -987.654_321] {
        let origins = (0..9).map(|k| Point::new(far, far, far + f64::from(k)));
        let grid = Grid::new([9, 9, 9], Vec3::x(), Vec3::y(), origins.collect(), None);
        let grid = Arc::new(grid.expect("valid"));
        let dab = brush(vec![middle(&grid)], 2.0, BrushShape::Sphere, true);
        // Lattice points within 2 of one of them.
        assert_eq!(made(&nothing(&grid), None, &dab).n_voxels(), 33);
    }
}

#[test]
fn a_disc_stays_in_the_slices_of_its_points() {
    for grid in kinds() {
        let at = |i: f64, k: f64| grid.patient_from_voxel(Voxel::new(i, 9.0, k));
        let line = vec![at(6.0, 2.0), at(14.0, 2.3), at(9.0, 4.0)];
        let stroke = brush(line.clone(), 2.0, BrushShape::Disc, true);
        let painted = made(&nothing(&grid), None, &stroke);
        assert_eq!(painted.slices(), [2, 4]);
        // A point between slices paints straight under itself.
        let normal = grid.normal();
        let under = |p: Point, k: usize| {
            let away = (p.0 - place(&grid, [0, 0, k]).0).dot(&normal);
            Point(p.0 - normal * away)
        };
        let expected = mask(&grid, |[_, _, k], p| match k {
            2 => away(p, [under(line[0], 2), under(line[1], 2)]) <= 2.0,
            4 => p.distance(under(line[2], 4)).0 <= 2.0,
            _ => false,
        });
        assert_eq!(painted, expected);
    }
}

#[test]
fn a_brush_smaller_than_a_voxel_paints_what_is_under_its_line() {
    let grid = grid([20, 20], [1.0, 1.0], &even(5, 6.0), 0.0);
    let at = |i: f64, k: f64| grid.patient_from_voxel(Voxel::new(i, 7.0, k));
    for shape in [BrushShape::Disc, BrushShape::Sphere] {
        let dot = brush(vec![at(3.3, 2.4)], 0.01, shape, true);
        let painted: Vec<_> = made(&nothing(&grid), None, &dot).voxels().collect();
        assert_eq!(painted, [[3, 7, 2]]);
        let line = brush(vec![at(3.0, 2.0), at(12.0, 2.0)], 0.01, shape, true);
        assert_eq!(made(&nothing(&grid), None, &line).n_voxels(), 10);
    }
}

#[test]
fn an_eraser_takes_what_the_brush_paints() {
    for grid in kinds() {
        let whole = ball(&grid, middle(&grid), 5.0);
        let line = vec![middle(&grid), place(&grid, [2, 3, 1])];
        let painted = made(
            &nothing(&grid),
            None,
            &brush(line.clone(), 2.0, BrushShape::Sphere, true),
        );
        let left = made(&whole, None, &brush(line, 2.0, BrushShape::Sphere, false));
        let expected = mask(&grid, |[i, j, k], _| {
            whole.contains(i, j, k) && !painted.contains(i, j, k)
        });
        assert_eq!(left, expected);
    }
}

#[test]
fn a_range_limits_brush_and_eraser_and_padding_stays_out() {
    let grid = grid([20, 20], [1.0, 1.0], &even(9, 1.0), 0.0);
    let grid = Arc::new(Grid::clone(&grid).with_void_slices(vec![5]));
    let mut volume = image(
        &grid,
        |[i, j, _]| if j == 0 { -2000 } else { i as i16 * 10 },
    );
    volume.padding = Some(-2000.0..=-2000.0);
    let limited = |adds, within| Edit::Brush {
        points: vec![place(&grid, [10, 2, 4])],
        radius: Mm(4.0),
        shape: BrushShape::Sphere,
        adds,
        within,
    };
    let painted = made(
        &nothing(&grid),
        Some(&volume),
        &limited(true, Some([80.0, 110.0])),
    );
    let expected = mask(&grid, |[i, j, k], p| {
        let is_near = p.distance(place(&grid, [10, 2, 4])).0 <= 4.0;
        is_near && (8..=11).contains(&i) && j > 0 && k != 5
    });
    assert_eq!(painted, expected);
    let free = made(&nothing(&grid), Some(&volume), &limited(true, None));
    assert!(free.voxels().all(|[_, j, k]| j > 0 && k != 5));
    let erased = made(
        &painted,
        Some(&volume),
        &limited(false, Some([100.0, 200.0])),
    );
    assert!(erased.voxels().all(|v| v[0] < 10) && erased.n_voxels() > 20);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn strokes_are_all_voxels_near_the_line(
        kind in 0usize..6,
        ends in proptest::collection::vec([0.0..1.0f64, 0.0..1.0, 0.0..1.0], 1..4),
        radius in 2.0..6.0f64,
    ) {
        let grid = &kinds()[kind];
        let shape = grid.shape();
        let at = |u: &[f64; 3]| {
            let v = [0, 1, 2].map(|a| u[a] * (shape[a] - 1) as f64);
            grid.patient_from_voxel(v.into())
        };
        let line: Vec<Point> = ends.iter().map(at).collect();
        let painted = made(&nothing(grid), None, &brush(line.clone(), radius, BrushShape::Sphere, true));
        let near = |p: Point| {
            let first = away(p, [line[0]; 2]);
            line.windows(2).map(|w| away(p, [w[0], w[1]])).fold(first, f64::min)
        };
        // A micrometre more still counts as within the radius; rounding decides over what lies there.
        let expected = mask(grid, |v, p| {
            let off = near(p) - radius;
            let may_be = off <= 2.0 * SLACK_MM || is_under(grid, v, &line);
            off <= 0.0 || painted.contains(v[0], v[1], v[2]) && may_be
        });
        prop_assert_eq!(painted, expected);
    }
}

/// Whether a line passes through a voxel or near to it.
fn is_under(grid: &Grid, [i, j, k]: [usize; 3], line: &[Point]) -> bool {
    let first = [line[0]; 2];
    let pieces = line.windows(2).map(|w| [w[0], w[1]]).chain([first]);
    let mut near = pieces.flat_map(|[a, b]| {
        (0..=200).map(move |s| Point(a.0 + (b.0 - a.0) * (f64::from(s) / 200.0)))
    });
    near.any(|p| {
        let v = grid.voxel_from_patient(p);
        let off = [v.i - i as f64, v.j - j as f64, v.k - k as f64];
        off.iter().all(|x| x.abs() <= 1.2)
    })
}

#[test]
fn strokes_are_the_same_on_any_number_of_threads() {
    let grid = grid([80, 80], [0.7, 0.7], &even(40, 1.25), 0.1);
    let line = (0..30).map(|s| place(&grid, [20 + s, 30 + s % 7, 10 + s / 2]));
    let stroke = brush(line.collect(), 6.0, BrushShape::Sphere, true);
    let painted = [1, 2, 5].map(|n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build();
        pool.expect("threads")
            .install(|| made(&nothing(&grid), None, &stroke))
    });
    assert_eq!(painted[0], painted[1]);
    assert_eq!(painted[0], painted[2]);
}
