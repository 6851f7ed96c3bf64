use super::*;
use std::f64::consts::PI;

fn filled(mask: &Mask) -> (Mask, Vec<usize>) {
    let outcome = edited(mask, &Edit::FillBetween).expect("filled");
    assert_eq!(outcome.delta.apply(mask).expect("forward"), outcome.mask);
    (outcome.mask, outcome.filled_slices)
}

fn area(mask: &Mask, k: usize) -> f64 {
    let n = mask.voxels().filter(|v| v[2] == k).count();
    n as f64 * mask.grid().pixel_area().0
}

#[test]
fn the_sections_of_a_cone_grow_with_their_true_distance() {
    // Uneven slices: radius 4 mm at the first, 12 mm at the last.
    let z = [0.0, 1.0, 4.0, 6.0, 7.0, 12.0, 15.0, 16.0];
    let radius = |z: f64| 4.0 + z / 2.0;
    for shear in [0.0, 0.35] {
        let grid = grid([110, 90], [0.3, 0.35], &z, shear);
        let axis = middle(&grid);
        let cone = mask(&grid, |[_, _, k], p| {
            let away = (p.0.x - axis.0.x).hypot(p.0.y - axis.0.y);
            (k == 0 || k == 7) && away <= radius(p.0.z)
        });
        let (made, slices) = filled(&cone);
        assert_eq!(slices, [1, 2, 3, 4, 5, 6]);
        for (k, z) in z.iter().enumerate() {
            // A third of a pixel.
            let found = (area(&made, k) / PI).sqrt();
            assert!((found - radius(*z)).abs() < 0.1, "slice {k}: {found}");
        }
    }
}

#[test]
fn a_cylinder_stays_what_it_is() {
    for shear in [0.0, 0.5] {
        let grid = grid([60, 40], [0.5, 0.7], &[0.0, 2.0, 5.0, 6.0, 10.0], shear);
        let axis = middle(&grid);
        let whole = mask(&grid, |_, p| {
            (p.0.x - axis.0.x).hypot(p.0.y - axis.0.y) <= 6.0
        });
        let ends = mask(&grid, |[i, j, k], _| whole.contains(i, j, k) && k % 4 == 0);
        let (made, slices) = filled(&ends);
        assert_eq!(slices, [1, 2, 3]);
        if shear == 0.0 {
            assert_eq!(made, whole);
        } else {
            assert!(made.dice(&whole) > 0.98, "{}", made.dice(&whole));
        }
    }
}

#[test]
fn an_oblique_lesion_neither_thins_out_nor_vanishes() {
    let grid = grid([80, 40], [0.5, 0.5], &even(5, 3.0), 0.0);
    let disc = |x: f64| move |p: Point| (p.0.x - x).hypot(p.0.y - 3.0) <= 4.0;
    let (left, right) = (disc(10.0), disc(26.0));
    let ends = mask(&grid, |[_, _, k], p| {
        (k == 0 && left(p)) || (k == 4 && right(p))
    });
    let (made, slices) = filled(&ends);
    assert_eq!(slices, [1, 2, 3]);
    let half_way = mask(&grid, |[_, _, k], p| k == 2 && disc(18.0)(p));
    let middle = mask(&grid, |[i, j, k], _| k == 2 && made.contains(i, j, k));
    assert!(middle.dice(&half_way) > 0.97, "{}", middle.dice(&half_way));
}

#[test]
fn a_branch_fades_towards_the_slice_without_it() {
    let grid = grid([80, 40], [0.5, 0.5], &even(5, 2.0), 0.0);
    let disc = |p: Point, x: f64| (p.0.x - x).hypot(p.0.y - 3.0) <= 4.0;
    let ends = mask(&grid, |[_, _, k], p| {
        (k == 0 && (disc(p, 12.0) || disc(p, 30.0))) || (k == 4 && disc(p, 12.0))
    });
    let (made, _) = filled(&ends);
    let main = mask(&grid, |_, p| disc(p, 12.0));
    // The trunk stays in place, the branch is gone at the far end.
    assert!(main.voxels().all(|[i, j, k]| made.contains(i, j, k)));
    assert!((area(&made, 3) - area(&main, 3)).abs() < 1.0);
}

#[test]
fn slices_never_imaged_stay_empty_and_nothing_to_do_changes_nothing() {
    let grid = grid([20, 20], [1.0, 1.0], &even(6, 1.0), 0.0);
    let grid = Arc::new(Grid::clone(&grid).with_void_slices(vec![2]));
    let ends = mask(&grid, |[i, j, k], _| {
        (5..15).contains(&i) && (5..15).contains(&j) && (k == 0 || k == 4)
    });
    let (made, slices) = filled(&ends);
    assert_eq!(
        (slices.as_slice(), made.slices()),
        (&[1, 3][..], vec![0, 1, 3, 4])
    );
    let outcome = edited(&made, &Edit::FillBetween).expect("nothing to do");
    assert!(outcome.delta.is_empty() && outcome.filled_slices.is_empty());
}
