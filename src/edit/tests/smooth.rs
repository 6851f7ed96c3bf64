use super::*;

fn smoothed(mask: &Mask, mm: f64) -> Mask {
    made(mask, None, &Edit::Smooth { mm: Mm(mm) })
}

#[test]
fn a_ball_keeps_its_volume_and_place() {
    for grid in kinds() {
        let start = ball(&grid, middle(&grid), 5.0);
        let after = smoothed(&start, 1.0);
        // To within the voxels that lie alike at the border.
        let change = mm3(&after) / mm3(&start) - 1.0;
        assert!(change.abs() < 0.02, "{change} on {:?}", grid.spacing_mm());
        assert!(after.dice(&start) > 0.95, "{}", after.dice(&start));
    }
}

#[test]
fn a_rough_ball_gets_smooth() {
    let grid = grid([50, 50], [0.7, 0.7], &even(28, 1.25), 0.0);
    let whole = ball(&grid, middle(&grid), 12.0);
    let rough = mask(&grid, |[i, j, k], p| {
        let at = p.distance(middle(&grid)).0;
        let noise = (i * 7919 + j * 104_729 + k * 1_299_709) % 101;
        at <= 11.3 || at <= 12.7 && noise < 50
    });
    let after = smoothed(&rough, 1.5);
    assert!(after.dice(&whole) > 0.98 && after.dice(&whole) > rough.dice(&whole) + 0.01);
    assert!((mm3(&after) / mm3(&rough) - 1.0).abs() < 0.005);
}

#[test]
fn a_thin_part_goes_without_the_rest_swelling() {
    let grid = grid([80, 40], [0.5, 0.5], &even(40, 0.5), 0.0);
    let body = ball(&grid, Point::new(14.0, 3.0, 10.0), 6.0);
    let with_spike = mask(&grid, |[i, j, k], p| {
        body.contains(i, j, k)
            || p.0.x > 14.0 && (p.0.y - 3.0).abs() < 0.6 && (p.0.z - 10.0).abs() < 0.6
    });
    let after = smoothed(&with_spike, 1.5);
    let (low, size) = after.bounds();
    let right = place(&grid, [low[0] + size[0] - 1, 0, 0]).0.x;
    assert!(right < 14.0 + 6.0 + 2.0, "the spike ends at {right}");
    let limit = made(&body, None, &margin(0.75));
    let outside = after
        .voxels()
        .filter(|[i, j, k]| !limit.contains(*i, *j, *k));
    assert!(outside.count() < 60);
}

#[test]
fn thick_slices_are_not_mixed_and_the_border_of_the_image_does_not_pull() {
    let grid = grid([30, 30], [1.0, 1.0], &even(5, 8.0), 0.0);
    let column = mask(&grid, |[i, j, k], _| {
        i < 12 && (8..20).contains(&j) && k == 2
    });
    let after = smoothed(&column, 1.0);
    assert_eq!(after.slices(), [2]);
    assert!((10..18).all(|j| after.contains(0, j, 2)));
    let half = mask(&grid, |[i, _, _], _| i < 12);
    assert_eq!(smoothed(&half, 2.0), half);
}
