use super::*;
use crate::edit::{BrushShape, Cut, Keep, Operation};
use crate::units::Mm3;

fn small() -> (Arc<Grid>, Mask) {
    let grid = grid([12, 12], [1.0, 1.0], &even(6, 2.0), 0.0);
    let mask = ball(&grid, middle(&grid), 3.0);
    (grid, mask)
}

fn dab(at: Point, radius: f64, adds: bool, within: Option<[f64; 2]>) -> Edit {
    Edit::Brush {
        points: vec![at],
        radius: Mm(radius),
        shape: BrushShape::Sphere,
        adds,
        within,
    }
}

#[test]
fn numbers_that_are_none_are_refused() {
    let (grid, mask) = small();
    let at = middle(&grid);
    let volume = image(&grid, |_| 0);
    let off = Point::new(f64::NAN, 0.0, 0.0);
    let far = Point::new(0.0, 1e300, 0.0);
    let cut = |normal| Edit::Split {
        through: Cut::Normal { at, normal },
        keep: Point::new(0.0, 0.0, 0.0),
    };
    for edit in [
        dab(off, 1.0, true, None),
        dab(far, 1.0, true, None),
        dab(at, f64::NAN, true, None),
        dab(at, f64::INFINITY, true, None),
        dab(at, 0.0, true, None),
        dab(at, -1.0, false, None),
        dab(at, 1.0, true, Some([f64::NAN, 1.0])),
        dab(at, 1.0, true, Some([0.0, f64::INFINITY])),
        margin(f64::NAN),
        Edit::Smooth { mm: Mm(0.0) },
        Edit::Smooth { mm: Mm(f64::NAN) },
        Edit::Islands {
            keep: Keep::LargerThan(Mm3(f64::NAN)),
        },
        Edit::Islands {
            keep: Keep::At(off),
        },
        Edit::RemoveIsland { at: far },
        Edit::ClearSlice { at: off },
        cut([f64::INFINITY, 0.0, 0.0]),
    ] {
        let made = apply(&mask, Some(&volume), &edit, &[], &JobContext::default());
        assert!(matches!(made, Err(Error::NotANumber { .. })), "{edit:?}");
    }
    assert!(matches!(edited(&mask, &cut([0.0; 3])), Err(Error::NoPlane)));
    let upside_down = dab(at, 1.0, true, Some([2.0, 1.0]));
    assert!(matches!(
        edited(&mask, &upside_down),
        Err(Error::Range { .. })
    ));
    for edit in [
        margin(1e4),
        margin(f64::INFINITY),
        Edit::Smooth { mm: Mm(1e9) },
    ] {
        assert!(
            matches!(edited(&mask, &edit), Err(Error::TooLarge { .. })),
            "{edit:?}"
        );
    }
}

#[test]
fn what_lies_outside_or_is_missing_is_refused() {
    let (grid, mask) = small();
    let out = Point::new(-90.0, 0.0, 0.0);
    let outside = [
        dab(out, 2.0, true, None),
        dab(out, 2.0, false, None),
        Edit::RemoveIsland { at: out },
        Edit::ClearSlice { at: out },
    ];
    for edit in outside {
        assert!(
            matches!(edited(&mask, &edit), Err(Error::Outside { .. })),
            "{edit:?}"
        );
    }
    let beside = Edit::Islands {
        keep: Keep::At(place(&grid, [0, 0, 0])),
    };
    assert!(matches!(edited(&mask, &beside), Err(Error::NotOnMask)));
    let limited = dab(middle(&grid), 2.0, true, Some([0.0, 1.0]));
    assert!(matches!(edited(&mask, &limited), Err(Error::NeedsImage)));
    let with = Edit::Arithmetic {
        with: 3,
        op: Operation::Union,
    };
    assert!(matches!(
        edited(&mask, &with),
        Err(Error::NoOther { with: 3, given: 0 })
    ));
    let elsewhere = super::grid([12, 12], [1.0, 1.1], &even(6, 2.0), 0.0);
    let volume = image(&elsewhere, |_| 0);
    let job = JobContext::default();
    let other = apply(&mask, Some(&volume), &margin(1.0), &[], &job);
    assert!(matches!(other, Err(Error::OtherGrid { what: "image" })));
    let other = ball(&elsewhere, middle(&elsewhere), 2.0);
    let with = Edit::Arithmetic {
        with: 0,
        op: Operation::Union,
    };
    assert!(matches!(
        apply(&mask, None, &with, &[&other], &job),
        Err(Error::OtherGrid { .. })
    ));
}

#[test]
fn what_would_leave_nothing_or_cuts_nothing_is_refused() {
    let (grid, mask) = small();
    let at = middle(&grid);
    let empty = super::mask(&grid, |_, _| false);
    let emptying = [
        dab(at, 9.0, false, None),
        margin(-20.0),
        Edit::RemoveIsland { at },
        Edit::Islands {
            keep: Keep::LargerThan(Mm3(1e9)),
        },
    ];
    for edit in emptying {
        assert!(
            matches!(edited(&mask, &edit), Err(Error::NothingLeft)),
            "{edit:?}"
        );
        assert!(
            matches!(edited(&empty, &edit), Err(Error::NoMask)),
            "{edit:?}"
        );
    }
    let beside = |keep| Edit::Split {
        through: Cut::Normal {
            at: place(&grid, [0, 0, 0]),
            normal: [1.0, 0.0, 0.0],
        },
        keep,
    };
    assert!(matches!(edited(&mask, &beside(at)), Err(Error::NotCut)));
    let on = place(&grid, [0, 5, 5]);
    assert!(matches!(edited(&mask, &beside(on)), Err(Error::NoSide)));
    let line = [at, Point(at.0 + Vec3::x()), Point(at.0 + Vec3::x() * 2.0)];
    let flat = Edit::Split {
        through: Cut::Points(line),
        keep: on,
    };
    assert!(matches!(edited(&mask, &flat), Err(Error::NoPlane)));
}

#[test]
fn a_cancelled_edit_stops() {
    let (_, mask) = small();
    let job = JobContext::default();
    job.cancel.cancel();
    let made = apply(&mask, None, &Edit::FillBetween, &[], &job);
    assert!(matches!(made, Err(Error::Cancelled(_))));
}

#[test]
fn a_stroke_that_leaves_the_image_paints_what_is_in_it() {
    let (grid, _) = small();
    let empty = mask(&grid, |_, _| false);
    let inside = middle(&grid);
    let edit = Edit::Brush {
        points: vec![inside, Point(inside.0 + Vec3::x() * 500.0)],
        radius: Mm(1.5),
        shape: BrushShape::Disc,
        adds: true,
        within: None,
    };
    let painted = made(&empty, None, &edit);
    assert_eq!(painted.slices().len(), 1);
    assert!(painted.bounds().0[0] + painted.bounds().1[0] <= 12);
}

#[test]
fn one_slice_alone_can_be_edited() {
    let origin = vec![Point::new(0.0, 0.0, 5.0)];
    let grid = Grid::new(
        [16, 16, 1],
        Vec3::x(),
        Vec3::y(),
        origin,
        Some(Vec3::z() * 3.0),
    );
    let grid = Arc::new(grid.expect("valid"));
    let start = ball(&grid, middle(&grid), 5.0);
    for edit in [
        dab(middle(&grid), 6.0, true, None),
        dab(middle(&grid), 2.0, false, None),
        margin(1.0),
        margin(-1.0),
        Edit::Smooth { mm: Mm(1.0) },
        Edit::FillBetween,
        Edit::FillHoles { in_slices: true },
        Edit::Islands {
            keep: Keep::Largest,
        },
    ] {
        assert!(!made(&start, None, &edit).is_empty());
    }
}

#[test]
fn a_margin_beyond_all_measure_fills_the_image_or_is_refused() {
    let tiny = super::grid([4, 4], [1e-4, 1e-4], &even(4, 1e-4), 0.0);
    let one = mask(&tiny, |v, _| v == [1, 2, 1]);
    assert_eq!(made(&one, None, &margin(100.0)).n_voxels(), 64);
    let tall = super::grid([1, 600], [1.0, 1.0], &even(600, 0.3), 0.0);
    let column = mask(&tall, |[_, j, _], _| j == 300);
    let refused = edited(&column, &margin(100.0));
    assert!(matches!(refused, Err(Error::TooLarge { limit, .. }) if limit > 10.0 && limit < 100.0));
}
