//! Strokes of any length and width, outlines in any plane, and images that are hard to work on.

use std::sync::Arc;

use oncotwin::geometry::{Grid, Point, Spacing, Vec3};
use oncotwin::jobs::JobContext;
use oncotwin::segment::{Error, Params, Prompt, consistency, segment};
use oncotwin::units::Mm;
use oncotwin::volume::Volume;

use crate::balls::{MIDDLE, at, ball, drag, grid, in_ball, run, stroke, truth, volume_of};

/// A wide brush paints all that it covers, and what it takes away is gone.
#[test]
fn a_wide_brush_is_not_clipped() {
    let volume = volume_of(grid([110, 110, 70], [0.7, 0.7, 1.25]), |_| 0.0, 6.0);
    let here = at(38.0, 38.0, 43.0);
    let seed = truth(&volume, |p| p.distance(here).0 < 3.0);
    for adds in [true, false] {
        let before = if adds {
            seed.clone()
        } else {
            truth(&volume, |_| true)
        };
        let wide = stroke(here, here, 20.0, adds);
        let made = run(&volume, &[drag(), wide], Some(&before)).expect("painted");
        let reached = truth(&volume, |p| p.distance(here).0 < 20.0);
        assert!(
            reached
                .voxels()
                .all(|[i, j, k]| made.mask.contains(i, j, k) == adds)
        );
    }
}

/// A stroke from corner to corner is worked on piece by piece.
#[test]
fn a_long_stroke_changes_what_is_under_it() {
    let volume = volume_of(grid([160, 160, 90], [1.0, 1.0, 1.0]), |_| 0.0, 6.0);
    let seed = truth(&volume, |p| p.distance(at(80.0, 80.0, 45.0)).0 < 5.0);
    let (a, b) = (at(2.0, 2.0, 2.0), at(157.0, 157.0, 87.0));
    let history = [drag(), stroke(a, b, 1.0, true)];
    let made = run(&volume, &history, Some(&seed)).expect("painted").mask;
    for share in 0..=20 {
        let p = Point(a.0 + (b.0 - a.0) * (f64::from(share) / 20.0));
        let v: [f64; 3] = volume.grid().voxel_from_patient(p).into();
        let [i, j, k] = v.map(|x| x.round() as usize);
        assert!(made.contains(i, j, k), "{p:?}");
    }
}

/// A lesion of 130 mm is not too large, on fine voxels either.
#[test]
fn large_lesions_are_segmented() {
    let middle = at(80.0, 80.0, 75.0);
    let inside = move |p: Point| p.distance(middle).0 <= 60.0;
    let value = move |p: Point| if inside(p) { 60.0 } else { 0.0 };
    let volume = volume_of(grid([230, 230, 100], [0.7, 0.7, 1.5]), value, 6.0);
    let line = Prompt::Drag {
        ends: [at(20.0, 80.0, 75.0), at(140.0, 80.0, 75.0)],
    };
    let made = run(&volume, &[line], None).expect("a large ball");
    assert!(made.mask.dice(&truth(&volume, inside)) > 0.95);
}

#[test]
fn a_click_in_a_fine_image_never_asks_for_parts() {
    let volume = volume_of(grid([300, 300, 120], [0.4, 0.4, 0.5]), |_| 0.0, 6.0);
    let click = Prompt::Point {
        at: at(60.0, 60.0, 30.0),
        adds: true,
    };
    let refused = run(&volume, &[click], None);
    assert!(matches!(refused, Err(Error::NeedsDrag(_))), "{refused:?}");
}

/// An outline drawn in a sagittal view fills that plane; one across slices is refused.
#[test]
fn outlines_hold_in_their_own_plane() {
    let volume = ball(MIDDLE, 11.0);
    let before = truth(&volume, in_ball);
    let outline = |points: Vec<Point>| Prompt::Lasso { points, adds: true };
    let sagittal = outline(vec![
        at(30.0, 40.0, 24.0),
        at(30.0, 50.0, 24.0),
        at(30.0, 50.0, 36.0),
        at(30.0, 40.0, 36.0),
    ]);
    let made = run(&volume, &[drag(), sagittal], Some(&before)).expect("filled");
    let more: Vec<[usize; 3]> = made
        .mask
        .voxels()
        .filter(|[i, j, k]| !before.contains(*i, *j, *k))
        .collect();
    assert!(
        more.len() >= 60 && more.iter().all(|v| v[0] == 30),
        "{}",
        more.len()
    );
    let across = outline(vec![
        at(20.0, 20.0, 24.0),
        at(40.0, 25.0, 30.0),
        at(35.0, 40.0, 40.0),
    ]);
    let refused = run(&volume, &[drag(), across], Some(&before));
    assert!(matches!(refused, Err(Error::OffPlane)), "{refused:?}");
}

/// A curved first stroke holds itself, and not the bay that its ends span.
#[test]
fn a_curved_first_stroke_is_in_its_mask() {
    let middle = Point::from(MIDDLE);
    let inside = move |p: Point| {
        let d = p.0 - middle.0;
        (d.norm() - 14.0).abs() <= 4.0 && d.y < 4.0 && d.z.abs() < 6.0
    };
    let value = move |p: Point| if inside(p) { 60.0 } else { 0.0 };
    let volume = volume_of(grid([60, 56, 40], [1.0, 1.0, 1.5]), value, 6.0);
    let points: Vec<Point> = (0..=20)
        .map(|n| {
            let turn = std::f64::consts::PI * (1.0 + f64::from(n) / 20.0);
            at(30.0 + 14.0 * turn.cos(), 28.0 + 14.0 * turn.sin(), 30.0)
        })
        .collect();
    let first = Prompt::Scribble {
        points: points.clone(),
        radius: Mm(1.0),
        adds: true,
    };
    let made = run(&volume, &[first], None).expect("a crescent").mask;
    for p in points {
        let v: [f64; 3] = volume.grid().voxel_from_patient(p).into();
        let [i, j, k] = v.map(|x| x.round() as usize);
        assert!(made.contains(i, j, k));
    }
    assert!(made.dice(&truth(&volume, inside)) > 0.7);
    assert!(!made.contains(30, 28, 20));
}

/// What the whole lesion divided anew changes is of the last stroke's kind, and leaves the others.
#[test]
fn a_lesion_divided_anew_follows_its_strokes() {
    let volume = ball(MIDDLE, 11.0);
    let (inner, edge) = (at(38.0, 30.0, 30.0), at(48.0, 30.0, 30.0));
    let mut history = vec![drag(), stroke(inner, edge, 2.0, false)];
    let less = run(&volume, &history, None).expect("taken away").mask;
    history.push(Prompt::Anew);
    let anew = run(&volume, &history, Some(&less)).expect("divided").mask;
    assert!(anew.voxels().all(|[i, j, k]| less.contains(i, j, k)));
    assert_eq!(run(&volume, &history, None).expect("replayed").mask, anew);
    history.push(stroke(
        at(24.0, 38.0, 30.0),
        at(24.0, 44.0, 30.0),
        1.0,
        true,
    ));
    let more = run(&volume, &history, Some(&anew)).expect("added").mask;
    history.push(Prompt::Anew);
    let again = run(&volume, &history, Some(&more)).expect("divided").mask;
    assert!(more.voxels().all(|[i, j, k]| again.contains(i, j, k)));
    for x in [38.0, 42.0, 46.0] {
        let v: [f64; 3] = volume.grid().voxel_from_patient(at(x, 30.0, 30.0)).into();
        let [i, j, k] = v.map(|x| x.round() as usize);
        assert!(!again.contains(i, j, k), "{x}");
    }
}

#[test]
fn a_division_anew_needs_a_diameter_and_a_stroke() {
    let volume = ball(MIDDLE, 11.0);
    let click = Prompt::Point {
        at: Point::from(MIDDLE),
        adds: true,
    };
    for begun in [vec![], vec![drag()], vec![click]] {
        let mask = truth(&volume, in_ball);
        let before = (!begun.is_empty()).then_some(&mask);
        let history: Vec<Prompt> = begun.into_iter().chain([Prompt::Anew]).collect();
        let refused = run(&volume, &history, before);
        assert!(
            matches!(refused, Err(Error::NothingToDivide)),
            "{refused:?}"
        );
    }
}

#[test]
fn a_click_off_the_lesion_adds_nothing_to_it() {
    let volume = ball(MIDDLE, 11.0);
    let mask = truth(&volume, in_ball);
    let click = |at| Prompt::Point { at, adds: true };
    let far = [drag(), click(at(8.0, 8.0, 12.0))];
    let refused = run(&volume, &far, Some(&mask));
    assert!(matches!(refused, Err(Error::Apart)), "{refused:?}");
    // A stroke shows its way.
    let way = [
        drag(),
        stroke(at(30.0, 30.0, 30.0), at(8.0, 8.0, 12.0), 1.0, true),
    ];
    run(&volume, &way, Some(&mask)).expect("joined");
}

#[test]
fn unusable_parameters_are_refused() {
    let volume = ball(MIDDLE, 11.0);
    for params in [
        Params {
            across: f64::NAN,
            ..Params::standard()
        },
        Params {
            edge: 0.0,
            ..Params::standard()
        },
        Params {
            region_per_length: 1e9,
            ..Params::standard()
        },
    ] {
        let refused = segment(&volume, &[drag()], None, &params, &JobContext::default());
        assert!(matches!(refused, Err(Error::Params)), "{refused:?}");
    }
}

/// A clear ball is found from beside as well; in noise alone the hand decides.
#[test]
fn consistency_tells_what_depends_on_the_hand() {
    let job = JobContext::default();
    let of = |volume: &Volume| consistency(volume, &[drag()], &Params::standard(), &job);
    let clear = of(&ball(MIDDLE, 11.0)).expect("not cancelled");
    let flat = volume_of(grid([60, 56, 40], [1.0, 1.0, 1.5]), |_| 0.0, 6.0);
    let flat = of(&flat).expect("not cancelled");
    assert!(clear > 0.95 && flat < clear, "{clear:.3} {flat:.3}");
    let nothing = consistency(&ball(MIDDLE, 11.0), &[], &Params::standard(), &job);
    assert_eq!(nothing.expect("not cancelled"), 0.0);
}

/// Slices 1 and 5 mm apart by turns, and slices of unknown distance that are in truth four pixels.
#[test]
fn slices_count_by_their_own_distance() {
    let middle = Point::from(MIDDLE);
    let inside = move |p: Point| p.distance(middle).0 <= 11.0;
    // Structure all around, or there is nothing to measure the distance of slices by.
    let value = move |p: Point| {
        let wave = (p.0.x / 5.0).sin() + (p.0.y / 5.0).sin() + (p.0.z / 5.0).sin();
        20.0 + 6.0 * wave as f32 + if inside(p) { 60.0 } else { 0.0 }
    };
    let z: Vec<f64> = (0..20)
        .flat_map(|k| [6.0 * f64::from(k), 6.0 * f64::from(k) + 1.0])
        .collect();
    let origins = z.iter().map(|z| at(0.0, 0.0, *z)).collect();
    let uneven = Grid::new([60, 56, 40], Vec3::x(), Vec3::y(), origins, None).expect("valid");
    let volume = volume_of(uneven, value, 3.0);
    let made = run(&volume, &[drag()], None).expect("a ball");
    let dice = made.mask.dice(&truth(&volume, inside));
    assert!(dice > 0.9, "uneven: {dice:.3}");

    let thick = volume_of(grid([60, 56, 16], [1.0, 1.0, 4.0]), value, 3.0);
    let origins = (0..16).map(|k| at(0.0, 0.0, f64::from(k))).collect();
    let unknown = Grid::new([60, 56, 16], Vec3::x(), Vec3::y(), origins, None)
        .expect("valid")
        .with_spacing(Spacing::Unknown);
    let nominal = Volume::new(
        Arc::new(unknown),
        thick.samples().clone(),
        thick.rescale().to_vec(),
        thick.unit,
        thick.modality.clone(),
    )
    .expect("same shape");
    let reference = truth(&thick, inside);
    let line = Prompt::Drag {
        ends: [at(19.0, 28.0, 7.0), at(41.0, 28.0, 7.0)],
    };
    let made = run(&nominal, &[line], None).expect("a ball");
    let dice = made.mask.dice(&reference);
    assert!(dice > 0.85, "unknown: {dice:.3}");
}

/// A row that is read at once holds what its voxels hold one by one.
#[test]
fn rows_hold_the_values_of_their_voxels() {
    let mut volume = volume_of(grid([7, 5, 3], [1.0; 3]), |p| p.0.x as f32, 2.0);
    volume.padding = Some(2.0..=3.5);
    let mut row = vec![0.0f32; 5];
    for k in 0..3 {
        for j in 0..5 {
            volume.row_into([2, j, k], &mut row);
            for (n, value) in row.iter().enumerate() {
                let expected = volume.value(2 + n, j, k);
                assert_eq!(expected.is_none(), value.is_nan());
                assert!(expected.is_none_or(|e| e.to_bits() == value.to_bits()));
            }
        }
    }
}
