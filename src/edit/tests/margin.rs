use super::*;

/// Distance from a point to the cores of a mask by trying every voxel: half its pixel, half as thick
/// as its slice. Pixels at right angles only.
fn to_cores(mask: &Mask, p: Point) -> f64 {
    let grid = mask.grid();
    let (a, b, n) = (grid.i_step(), grid.j_step(), grid.normal());
    let along = grid.slice_step().dot(&n).signum();
    let beyond = |x: f64, low: f64, high: f64| (low - x).max(x - high).max(0.0);
    let of = |v: [usize; 3]| {
        let d = p.0 - place(grid, v).0;
        let [before, after] = grid.slice_reach(v[2]).map(|r| r.0 / 2.0);
        let x = beyond(d.dot(&a) / a.norm(), -a.norm() / 4.0, a.norm() / 4.0);
        let y = beyond(d.dot(&b) / b.norm(), -b.norm() / 4.0, b.norm() / 4.0);
        let z = beyond(d.dot(&n) * along, -before, after);
        (x * x + y * y + z * z).sqrt()
    };
    mask.voxels().map(of).fold(f64::INFINITY, f64::min)
}

fn straight_kinds() -> Vec<Arc<Grid>> {
    let mut all = kinds();
    all.pop();
    all
}

#[test]
fn growing_takes_all_centres_within_the_distance() {
    for grid in straight_kinds() {
        for (start, mm) in [
            (ball(&grid, middle(&grid), 2.5), 1.9),
            (
                mask(&grid, |[i, j, k], _| {
                    (9..13).contains(&i) && (6..9).contains(&j) && (2..4).contains(&k)
                }),
                2.6,
            ),
        ] {
            let expected = mask(&grid, |_, p| to_cores(&start, p) <= mm + 1e-6);
            assert_eq!(made(&start, None, &margin(mm)), expected);
        }
    }
}

#[test]
fn shrinking_keeps_voxels_farther_than_the_distance_from_every_unmarked_centre() {
    for grid in straight_kinds() {
        let start = ball(&grid, middle(&grid), 5.0);
        let mm = 1.7;
        let outside: Vec<Point> = mask(&grid, |[i, j, k], _| !start.contains(i, j, k))
            .voxels()
            .map(|v| place(&grid, v))
            .collect();
        let expected = mask(&grid, |at, _| {
            start.contains(at[0], at[1], at[2]) && {
                let cell = mask_of_one(&grid, at);
                let here = place(&grid, at);
                let mut near = outside.iter().filter(|p| p.distance(here).0 < mm + 3.0);
                near.all(|p| to_cores(&cell, *p) > mm + 1e-6)
            }
        });
        assert_eq!(made(&start, None, &margin(-mm)), expected);
    }
}

fn mask_of_one(grid: &Arc<Grid>, at: [usize; 3]) -> Mask {
    let bits = Array3::from_elem((1, 1, 1), true);
    Mask::from_box(Arc::clone(grid), at, &bits).expect("fits")
}

#[test]
fn a_cube_grows_by_whole_voxels_and_shrinks_back() {
    let grid = grid([24, 48], [1.0, 0.5], &even(9, 4.0), 0.0);
    let cube = mask(&grid, |[i, j, k], _| {
        (8..16).contains(&i) && (16..32).contains(&j) && (3..5).contains(&k)
    });
    let grown = made(&cube, None, &margin(4.0));
    assert_eq!(grown.bounds(), ([4, 8, 2], [16, 32, 4]));
    // The next slice is a whole slice away, less the quarter that its neighbour's core takes.
    assert_eq!(made(&cube, None, &margin(3.0)).bounds().1[2], 4);
    assert_eq!(made(&cube, None, &margin(2.99)).bounds().1[2], 2);
    assert_eq!(made(&grown, None, &margin(-4.0)), cube);
}

#[test]
fn a_ball_grows_to_a_larger_ball_on_any_grid() {
    let z = [
        vec![0.0],
        (1..60)
            .map(|k| f64::from(k) * 0.5 + 0.15 * f64::from(k % 2))
            .collect(),
    ]
    .concat();
    for (z, shear) in [(even(60, 0.5), 0.0), (z, 0.0), (even(60, 0.5), 0.3)] {
        let grid = grid([90, 70], [0.4, 0.4], &z, shear);
        let centre = middle(&grid);
        // A third of a voxel.
        let near = |mask: &Mask, exact: f64, radius: f64| {
            (((mm3(mask) / exact).cbrt() - 1.0) * radius).abs() < 0.15
        };
        let grown = made(&ball(&grid, centre, 6.0), None, &margin(4.0));
        let exact = mm3(&ball(&grid, centre, 10.0));
        assert!(near(&grown, exact, 10.0), "{} of {exact}", mm3(&grown));
        let shrunk = made(&ball(&grid, centre, 10.0), None, &margin(-4.0));
        let exact = mm3(&ball(&grid, centre, 6.0));
        assert!(near(&shrunk, exact, 6.0), "{} of {exact}", mm3(&shrunk));
    }
}

#[test]
fn grown_and_shrunk_again_a_mask_holds_what_it_held() {
    for grid in kinds() {
        let centre = middle(&grid);
        let start = mask(&grid, |[i, j, k], p| {
            p.distance(centre).0 < 3.0 && (i + 2 * j + k) % 3 > 0
        });
        for mm in [0.4, 1.0, 2.3] {
            let closed = made(&made(&start, None, &margin(mm)), None, &margin(-mm));
            assert!(start.voxels().all(|[i, j, k]| closed.contains(i, j, k)));
            let again = made(&made(&closed, None, &margin(mm)), None, &margin(-mm));
            assert_eq!(again, closed);
        }
    }
}

#[test]
fn a_body_on_a_slanted_grid_grows_by_its_margin() {
    let grid = kinds().pop().expect("the slanted one");
    let start = ball(&grid, middle(&grid), 3.0);
    let grown = made(&start, None, &margin(2.0));
    // Between the distance to the nearest centre and that to the farthest corner of its core.
    let reach = Vec3::new(0.275, 0.225, 0.375).norm();
    let to_centre = |p: Point| {
        let all = start.voxels().map(|v| place(&grid, v).distance(p).0);
        all.fold(f64::INFINITY, f64::min)
    };
    for at in mask(&grid, |_, _| true).voxels() {
        let away = to_centre(place(&grid, at));
        let is_in = grown.contains(at[0], at[1], at[2]);
        assert!(is_in || away > 2.0);
        assert!(!is_in || away <= 2.0 + reach);
    }
}

#[test]
fn the_border_of_the_image_is_no_surface() {
    let grid = grid([20, 20], [1.0, 1.0], &even(10, 1.0), 0.0);
    let half = mask(&grid, |[i, _, _], _| i < 10);
    let shrunk = made(&half, None, &margin(-3.0));
    assert_eq!(shrunk.bounds(), ([0; 3], [7, 20, 10]));
    assert_eq!(made(&shrunk, None, &margin(3.0)), half);
}

#[test]
fn a_margin_within_a_range_does_not_jump_over_a_wall() {
    let grid = grid([30, 12], [1.0, 1.0], &even(5, 2.0), 0.0);
    let volume = image(&grid, |[i, _, _]| if i == 14 { 900 } else { 40 });
    let start = mask(&grid, |[i, j, k], _| {
        (10..13).contains(&i) && (4..8).contains(&j) && k == 2
    });
    let edit = Edit::Margin {
        mm: Mm(6.0),
        within: Some([0.0, 100.0]),
    };
    let grown = made(&start, Some(&volume), &edit);
    assert_eq!((grown.bounds().0[0], grown.bounds().1[0]), (4, 10));
    let free = made(&start, Some(&volume), &margin(6.0));
    assert_eq!(free.bounds().1[0], 15);
}
