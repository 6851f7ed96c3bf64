use super::*;
use crate::edit::{Cut, Keep, Operation};
use crate::units::Mm3;
use proptest::prelude::*;

/// Three boxes: 4 × 4 × 2 voxels, 2 × 2 × 1, and one voxel that touches the first at an edge.
fn three() -> (Arc<Grid>, Mask) {
    let grid = grid([20, 10], [1.0, 1.0], &even(5, 3.0), 0.0);
    let made = mask(&grid, |[i, j, k], _| {
        ((1..5).contains(&i) && (1..5).contains(&j) && (1..3).contains(&k))
            || ((10..12).contains(&i) && (1..3).contains(&j) && k == 1)
            || [i, j, k] == [5, 5, 1]
    });
    (grid, made)
}

fn islands(mask: &Mask, keep: Keep) -> Mask {
    made(mask, None, &Edit::Islands { keep })
}

#[test]
fn islands_are_what_faces_join() {
    let (grid, all) = three();
    assert_eq!(islands(&all, Keep::Largest).n_voxels(), 32);
    assert_eq!(
        islands(&all, Keep::At(place(&grid, [10, 2, 1]))).n_voxels(),
        4
    );
    // A voxel is 3 mm³.
    assert_eq!(islands(&all, Keep::LargerThan(Mm3(3.0))).n_voxels(), 36);
    assert_eq!(islands(&all, Keep::LargerThan(Mm3(2.9))).n_voxels(), 37);
    let at = place(&grid, [5, 5, 1]);
    assert_eq!(made(&all, None, &Edit::RemoveIsland { at }).n_voxels(), 36);
}

#[test]
fn the_largest_is_so_in_space_and_not_in_voxels() {
    let grid = grid(
        [20, 10],
        [1.0, 1.0],
        &[0.0, 1.0, 2.0, 6.0, 10.0, 14.0, 18.0],
        0.0,
    );
    let all = mask(&grid, |[i, j, k], _| {
        (i < 4 && j < 4 && k == 0) || (i > 10 && j < 2 && k == 5)
    });
    let kept = islands(&all, Keep::Largest);
    assert_eq!((kept.n_voxels(), kept.slices()), (18, vec![5]));
}

#[test]
fn a_hollow_ball_is_filled_and_a_bowl_only_slice_by_slice() {
    let grid = grid([30, 30], [1.0, 1.0], &even(30, 1.0), 0.0);
    let centre = middle(&grid);
    let whole = ball(&grid, centre, 10.0);
    let fill = |mask: &Mask, in_slices| made(mask, None, &Edit::FillHoles { in_slices });
    let hollow = mask(&grid, |_, p| (5.0..=10.0).contains(&p.distance(centre).0));
    assert_eq!(fill(&hollow, false), whole);
    assert_eq!(fill(&hollow, true), whole);
    let bowl = mask(&grid, |_, p| {
        (5.0..=10.0).contains(&p.distance(centre).0) && p.0.z <= centre.0.z
    });
    assert_eq!(fill(&bowl, false), bowl);
    let half = mask(&grid, |_, p| {
        p.distance(centre).0 <= 10.0 && p.0.z <= centre.0.z
    });
    assert_eq!(fill(&bowl, true), half);
    // A ring closed corner to corner encloses its middle.
    let ring = mask(&grid, |[i, j, k], _| {
        k == 3 && [i.abs_diff(9), j.abs_diff(9)].iter().sum::<usize>() == 2
    });
    assert_eq!(fill(&ring, true).n_voxels(), ring.n_voxels() + 5);
}

#[test]
fn a_hole_without_values_is_not_filled() {
    let grid = grid([9, 9], [1.0, 1.0], &even(3, 1.0), 0.0);
    let mut volume = image(&grid, |[i, _, _]| if i == 4 { -2000 } else { 0 });
    volume.padding = Some(-2000.0..=-2000.0);
    let ring = mask(&grid, |[i, j, k], _| {
        k == 1
            && (2..7).contains(&i)
            && (2..7).contains(&j)
            && !((3..6).contains(&i) && (3..6).contains(&j))
    });
    let filled = made(&ring, Some(&volume), &Edit::FillHoles { in_slices: true });
    assert_eq!(filled.n_voxels(), 16 + 6);
}

#[test]
fn a_ball_is_cut_in_halves_that_are_the_whole() {
    for grid in kinds() {
        let centre = middle(&grid);
        let whole = ball(&grid, centre, 4.0);
        let normal = Vec3::new(0.6, -0.3, 0.9);
        // Three points across the same direction.
        let u = normal.cross(&Vec3::x());
        let w = normal.cross(&u);
        let three = [centre, Point(centre.0 + u * 3.0), Point(centre.0 + w * 5.0)];
        let keep = Point(centre.0 + normal * 0.1);
        let other = Point(centre.0 - normal * 7.0);
        let cut = Cut::Normal {
            at: centre,
            normal: (normal * 1e-200).into(),
        };
        for through in [Cut::Points(three), cut] {
            let outcome = edited(&whole, &Edit::Split { through, keep }).expect("cut");
            let rest = outcome.delta.changed(whole.grid()).expect("own grid");
            let half = made(
                &whole,
                None,
                &Edit::Split {
                    through,
                    keep: other,
                },
            );
            assert_eq!(half, rest);
            assert_eq!(outcome.mask.n_voxels() + rest.n_voxels(), whole.n_voxels());
            let share = mm3(&outcome.mask) / mm3(&whole);
            assert!((share - 0.5).abs() < 0.06, "{share}");
            let above = |v: [usize; 3]| (place(&grid, v).0 - centre.0).dot(&normal) >= -1e-6;
            assert!(outcome.mask.voxels().all(above) && !rest.voxels().any(above));
        }
    }
}

#[test]
fn a_fine_ball_is_cut_in_just_halves() {
    let grid = grid([60, 60], [0.5, 0.5], &even(50, 0.6), 0.0);
    let centre = middle(&grid);
    let whole = ball(&grid, centre, 12.0);
    let through = Cut::Normal {
        at: centre,
        normal: [0.3, 0.5, 0.2],
    };
    let keep = Point::new(99.0, 99.0, 99.0);
    let half = made(&whole, None, &Edit::Split { through, keep });
    assert!((mm3(&half) / mm3(&whole) - 0.5).abs() < 0.002);
}

#[test]
fn a_slice_is_emptied_and_a_threshold_keeps_its_range() {
    let (grid, all) = three();
    let at = place(&grid, [19, 9, 1]);
    assert_eq!(made(&all, None, &Edit::ClearSlice { at }).slices(), [2]);
    let volume = image(&grid, |[i, _, _]| i as i16);
    let kept = made(&all, Some(&volume), &Edit::Threshold { within: [2.0, 3.0] });
    assert_eq!(kept.n_voxels(), 16);
}

proptest! {
    #[test]
    fn masks_add_up_as_sets(
        a in proptest::collection::vec(proptest::bool::weighted(0.4), 60),
        b in proptest::collection::vec(proptest::bool::weighted(0.4), 60),
    ) {
        let grid = grid([5, 4], [1.0, 1.0], &even(3, 2.0), 0.0);
        let of = |bits: &[bool]| {
            let bits = Array3::from_shape_vec((3, 4, 5), bits.to_vec()).expect("60 voxels");
            Mask::from_box(Arc::clone(&grid), [0; 3], &bits).expect("fits")
        };
        let (one, two) = (of(&a), of(&b));
        let set = |f: fn(bool, bool) -> bool| of(&a.iter().zip(&b).map(|(a, b)| f(*a, *b)).collect::<Vec<_>>());
        for (op, expected) in [
            (Operation::Union, set(|a, b| a || b)),
            (Operation::Intersect, set(|a, b| a && b)),
            (Operation::Subtract, set(|a, b| a && !b)),
        ] {
            let edit = Edit::Arithmetic { with: 1, op };
            match apply(&one, None, &edit, &[&one, &two], &JobContext::default()) {
                Ok(outcome) => {
                    prop_assert_eq!(&outcome.mask, &expected);
                    prop_assert_eq!(outcome.delta.apply(&outcome.mask).expect("back"), one.clone());
                }
                Err(Error::NothingLeft) => prop_assert!(expected.is_empty()),
                Err(Error::NoMask) => prop_assert!(one.is_empty()),
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            }
        }
    }
}
