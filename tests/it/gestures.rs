//! Clicks, boxes, strokes and outlines; what they may not do; and bad input.

use std::sync::Arc;

use oncotwin::geometry::{Grid, Point, Vec3, Voxel};
use oncotwin::measure::partial_volume;
use oncotwin::segment::{Error, Prompt};
use oncotwin::units::Bulk;
use oncotwin::volume::{Mask, Volume};
use proptest::prelude::*;

use crate::balls::{MIDDLE, at, ball, drag, grid, in_ball, run, stroke, truth, volume_of};

#[test]
fn every_first_gesture_finds_a_ball() {
    let volume = ball(MIDDLE, 11.0);
    let truth = truth(&volume, in_ball);
    let circle = (0..24).map(|n| {
        let turn = f64::from(n) / 24.0 * std::f64::consts::TAU;
        at(30.0 + 11.0 * turn.cos(), 28.0 + 11.0 * turn.sin(), 30.0)
    });
    for prompt in [
        drag(),
        Prompt::Point {
            at: at(33.0, 26.0, 31.0),
            adds: true,
        },
        Prompt::Box {
            corners: [at(19.0, 17.0, 19.5), at(41.0, 39.0, 40.5)],
        },
        Prompt::Box {
            corners: [at(19.0, 17.0, 30.0), at(41.0, 39.0, 30.0)],
        },
        stroke(at(22.0, 28.0, 30.0), at(38.0, 28.0, 30.0), 1.0, true),
        Prompt::Lasso {
            points: circle.collect(),
            adds: true,
        },
    ] {
        let made = run(&volume, std::slice::from_ref(&prompt), None).expect("a ball");
        let dice = made.mask.dice(&truth);
        assert!(dice > 0.93, "{prompt:?}: {dice:.3}");
        assert!(made.confidence > 0.7, "{prompt:?}: {}", made.confidence);
    }
}

#[test]
fn strokes_add_and_take_away_and_never_the_opposite() {
    let volume = ball(MIDDLE, 11.0);
    let whole = run(&volume, &[drag()], None).expect("a ball").mask;
    // A stroke outside adds at least itself, one inside takes at least itself away.
    let outside = stroke(at(30.0, 44.0, 30.0), at(33.0, 44.0, 30.0), 1.0, true);
    let more = run(&volume, &[drag(), outside], Some(&whole))
        .expect("more")
        .mask;
    assert!(whole.voxels().all(|[i, j, k]| more.contains(i, j, k)));
    assert!(more.contains(30, 44, 20) && more.contains(33, 44, 20));
    let inside = stroke(at(30.0, 28.0, 30.0), at(32.0, 28.0, 30.0), 1.0, false);
    let less = run(&volume, &[drag(), inside.clone()], Some(&whole))
        .expect("less")
        .mask;
    assert!(less.voxels().all(|[i, j, k]| whole.contains(i, j, k)));
    assert!(!less.contains(30, 28, 20) && !less.contains(32, 28, 20));
    // Under an earlier stroke of the other kind nothing comes back.
    let back = stroke(at(30.0, 31.0, 30.0), at(32.0, 31.0, 30.0), 1.0, true);
    let again = run(&volume, &[drag(), inside, back], Some(&less))
        .expect("again")
        .mask;
    assert!(!again.contains(31, 28, 20));
}

#[test]
fn a_lobe_that_was_missed_is_won_by_one_stroke() {
    let lobe = at(46.0, 28.0, 30.0);
    let inside = move |p: Point| in_ball(p) || p.distance(lobe).0 <= 6.0;
    let value = move |p: Point| if inside(p) { 60.0 } else { 0.0 };
    let volume = volume_of(grid([60, 56, 40], [1.0, 1.0, 1.5]), value, 6.0);
    let whole = truth(&volume, inside);
    let part = truth(&volume, in_ball);
    let prompts = [
        drag(),
        stroke(at(45.0, 28.0, 30.0), at(48.0, 28.0, 30.0), 2.0, true),
    ];
    let made = run(&volume, &prompts, Some(&part)).expect("corrected").mask;
    let [before, after] = [&part, &made].map(|m| m.dice(&whole));
    assert!(after > before && after > 0.97, "{before:.3} {after:.3}");
}

#[test]
fn replaying_a_history_gives_what_its_steps_gave_on_any_number_of_threads() {
    let volume = ball(MIDDLE, 11.0);
    let lasso = Prompt::Lasso {
        points: vec![
            at(40.0, 20.0, 30.0),
            at(44.0, 20.0, 30.0),
            at(44.0, 30.0, 30.0),
        ],
        adds: true,
    };
    let history = [
        drag(),
        stroke(at(30.0, 40.0, 30.0), at(33.0, 41.0, 30.0), 1.5, true),
        lasso,
        Prompt::Point {
            at: at(22.0, 28.0, 30.0),
            adds: false,
        },
    ];
    let mut step: Option<Mask> = None;
    for n in 1..=history.len() {
        step = Some(
            run(&volume, &history[..n], step.as_ref())
                .expect("a step")
                .mask,
        );
    }
    for threads in [1, 2, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let made = pool
            .expect("threads")
            .install(|| run(&volume, &history, None));
        assert_eq!(
            made.expect("replayed").mask.sha256(),
            step.as_ref().expect("made").sha256()
        );
    }
    let click = [Prompt::Point {
        at: at(31.0, 27.0, 30.0),
        adds: true,
    }];
    let masks: Vec<String> = [1, 2, 4]
        .map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let made = pool
                .expect("threads")
                .install(|| run(&volume, &click, None));
            made.expect("a ball").mask.sha256()
        })
        .to_vec();
    assert!(masks.windows(2).all(|m| m[0] == m[1]));
}

#[test]
fn prompts_are_kept_as_tagged_json() {
    let prompt = stroke(at(1.0, 2.0, 3.0), at(4.0, 5.0, 6.5), 1.5, false);
    let text = serde_json::to_string(&prompt).expect("JSON");
    assert_eq!(
        text,
        r#"{"kind":"scribble","points":[[1.0,2.0,3.0],[4.0,5.0,6.5]],"radius":1.5,"adds":false}"#
    );
    assert_eq!(serde_json::from_str::<Prompt>(&text).expect("back"), prompt);
}

#[test]
fn a_click_that_cannot_be_trusted_asks_for_a_drag() {
    let click = |x: f64, y: f64, z: f64| Prompt::Point {
        at: at(x, y, z),
        adds: true,
    };
    let flat = volume_of(grid([60, 56, 40], [1.0, 1.0, 1.5]), |_| 0.0, 6.0);
    let refused = run(&flat, &[click(30.0, 28.0, 30.0)], None);
    assert!(matches!(refused, Err(Error::NeedsDrag(_))), "{refused:?}");
    // Beside the lesion the whole image is one tissue.
    let volume = ball(MIDDLE, 11.0);
    let refused = run(&volume, &[click(5.0, 5.0, 5.0)], None);
    assert!(matches!(refused, Err(Error::NeedsDrag(_))), "{refused:?}");
    // The core of a ring is not the lesion.
    let ring = |p: Point| match p.distance(Point::from(MIDDLE)).0 {
        d if d <= 7.0 => 20.0,
        d if d <= 11.0 => 100.0,
        _ => 50.0,
    };
    let ring = volume_of(grid([60, 56, 40], [1.0, 1.0, 1.5]), ring, 4.0);
    let refused = run(&ring, &[click(30.0, 28.0, 30.0)], None);
    assert!(matches!(refused, Err(Error::NeedsDrag(_))), "{refused:?}");
    let whole = run(&ring, &[drag()], None).expect("a drag takes it whole");
    assert!(whole.mask.dice(&truth(&ring, in_ball)) > 0.9);
}

#[test]
fn a_drag_beside_the_lesion_is_offered_its_slice() {
    let inside = |p: Point| {
        if p.distance(Point::from(MIDDLE)).0 <= 6.0 {
            60.0
        } else {
            0.0
        }
    };
    let volume = volume_of(grid([60, 56, 20], [1.0, 1.0, 5.0]), inside, 6.0);
    let off = [at(24.0, 28.0, 35.0), at(36.0, 28.0, 35.0)];
    let made = run(&volume, &[Prompt::Drag { ends: off }], None).expect("something");
    let better = made.better_slice.expect("an offer");
    assert_eq!(better.slice, 6);
    let right = run(&volume, &[Prompt::Drag { ends: better.ends }], None).expect("the lesion");
    assert_eq!(right.better_slice, None);
    // Slices are thick: those without a gesture are to be looked at.
    let slices: Vec<usize> = right.propagated_slices;
    assert!(!slices.contains(&6));
}

#[test]
fn bad_input_is_refused_with_a_reason() {
    let volume = ball(MIDDLE, 11.0);
    let nan = f64::NAN;
    let refused = |prompts: &[Prompt]| run(&volume, prompts, None).expect_err("refused");
    assert!(matches!(refused(&[]), Error::NoPrompt));
    let point = |p: Point, adds| Prompt::Point { at: p, adds };
    assert!(matches!(
        refused(&[point(at(nan, 0.0, 0.0), true)]),
        Error::Outside
    ));
    assert!(matches!(
        refused(&[point(at(-9.0, 0.0, 0.0), true)]),
        Error::Outside
    ));
    assert!(matches!(
        refused(&[point(at(30.0, 28.0, 30.0), false)]),
        Error::NothingToCorrect
    ));
    let empty = Prompt::Lasso {
        points: Vec::new(),
        adds: true,
    };
    assert!(matches!(refused(&[empty]), Error::Outside));
    let here = at(30.0, 28.0, 30.0);
    let nothing = Prompt::Box { corners: [here; 2] };
    assert!(matches!(refused(&[nothing]), Error::TooShort { .. }));
    let line = Prompt::Box {
        corners: [here, at(40.0, 28.0, 30.0)],
    };
    assert!(matches!(refused(&[line]), Error::TooShort { .. }));
    let other = truth(&volume_of(grid([9, 9, 9], [1.0; 3]), |_| 0.0, 0.0), |_| {
        true
    });
    let made = run(&volume, &[drag(), point(here, true)], Some(&other));
    assert!(matches!(made, Err(Error::OtherGrid)));
}

#[test]
fn odd_grids_are_segmented_as_well() {
    let middle = Point::from(MIDDLE);
    let value = move |p: Point| {
        if p.distance(middle).0 <= 11.0 {
            60.0
        } else {
            0.0
        }
    };
    let flat = |z: &[f64]| z.iter().map(|z| at(0.0, 0.0, *z)).collect::<Vec<Point>>();
    let of = |shape, origins| Grid::new(shape, Vec3::x(), Vec3::y(), origins, Some(Vec3::z()));
    // One slice; steps of 10 to 1; uneven slices; slices that shift against each other.
    let single = of([60, 56, 1], flat(&[30.0]));
    let thick = of(
        [60, 56, 7],
        flat(&[0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]),
    );
    let uneven: Vec<f64> = (0..30)
        .map(|k| f64::from(k) * 2.0 + f64::from(k % 3) * 0.5)
        .collect();
    let uneven = of([60, 56, 30], flat(&uneven));
    let sheared = (0..40).map(|k| at(0.0, 0.4 * f64::from(k) - 8.0, 1.5 * f64::from(k)));
    let sheared = of([60, 60, 40], sheared.collect());
    for grid in [single, thick, uneven, sheared] {
        let volume = volume_of(grid.expect("valid"), value, 6.0);
        let made = run(&volume, &[drag()], None).expect("a ball");
        let dice = made.mask.dice(&truth(&volume, in_ball));
        assert!(dice > 0.85, "{:?}: {dice:.3}", volume.grid().shape());
    }
    // A lesion cut by the image's border, and an image of unknown spacing.
    let cut = ball([3.0, 28.0, 30.0], 11.0);
    let line = Prompt::Drag {
        ends: [at(3.0, 17.0, 30.0), at(3.0, 39.0, 30.0)],
    };
    let made = run(&cut, &[line], None).expect("half a ball");
    assert!(made.warnings.iter().any(|w| w.code.as_str() == "W-BORDER"));
    let known = ball(MIDDLE, 11.0);
    let unknown = Grid::clone(known.grid()).with_spacing(oncotwin::geometry::Spacing::Unknown);
    let rescale = known.rescale().to_vec();
    let unknown = Volume::new(
        Arc::new(unknown),
        known.samples().clone(),
        rescale,
        known.unit,
        known.modality.clone(),
    );
    let made = run(&unknown.expect("same shape"), &[drag()], None).expect("a ball");
    assert!(made.mask.dice(&truth(&known, in_ball)) > 0.8);
    assert!(matches!(
        partial_volume(&made.mask, &known),
        Ok(Bulk::Voxels(_))
    ));
}

/// The exact volume of a ball by shares of its border voxels, on even and uneven slices.
#[test]
fn shares_of_voxels_make_the_volume_of_a_ball() {
    let exact = 4.0 / 3.0 * std::f64::consts::PI * 8.3f64.powi(3);
    let middle = at(20.3, 19.6, 22.1);
    let uneven: Vec<f64> = (0..32)
        .map(|k| 1.4 * f64::from(k) + 0.3 * f64::from(k % 2))
        .collect();
    let even: Vec<f64> = (0..40).map(f64::from).collect();
    for z in [even, uneven] {
        let origins: Vec<Point> = z.iter().map(|z| at(0.0, 0.0, *z)).collect();
        let shape = [44, 42, origins.len()];
        let grid = Grid::new(shape, Vec3::x(), Vec3::y(), origins, None).expect("valid");
        let extents: Vec<f64> = (0..shape[2]).map(|k| grid.slice_extent(k).0).collect();
        // Each voxel holds its share of the ball, by 4 × 4 × 4 points.
        let share = |p: Point| {
            let k = z
                .iter()
                .position(|z| (z - p.0.z).abs() < 1e-9)
                .expect("a slice");
            let off = |n: u32| (f64::from(n) + 0.5) / 4.0 - 0.5;
            let inside = (0..64u32).filter(|n| {
                let d = Vec3::new(off(n % 4), off(n / 4 % 4), off(n / 16) * extents[k]);
                Point(p.0 + d).distance(middle).0 <= 8.3
            });
            inside.count() as f32 / 64.0
        };
        let volume = volume_of(grid, |p| 100.0 * share(p), 0.5);
        let mask = truth(&volume, |p| share(p) >= 0.5);
        let made = partial_volume(&mask, &volume)
            .expect("marked")
            .mm3()
            .expect("known")
            .0;
        assert!((made / exact - 1.0).abs() < 0.02, "{:.4}", made / exact);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// No gesture on any image panics, and masks hold only voxels with values.
    #[test]
    fn any_gestures_on_any_image_are_answered(
        size in (1usize..12, 1usize..12, 1usize..7),
        steps in (0.2f64..4.0, 0.2f64..4.0, 0.2f64..9.0),
        kinds in proptest::collection::vec((0u8..5, any::<bool>(), proptest::array::uniform6(0.0f64..1.0)), 1..4),
        spread in prop_oneof![Just(0.0f32), Just(1.0), Just(1e30)],
    ) {
        let shape = [size.0, size.1, size.2];
        let mut volume = volume_of(grid(shape, [steps.0, steps.1, steps.2]), |_| 0.0, spread.max(1e-3));
        volume.padding = Some(-1e-4..=1e-4);
        let place = |u: &[f64]| {
            let v = |a: usize| u[a] * (shape[a] as f64 - 0.02) - 0.49;
            volume.grid().patient_from_voxel(Voxel::new(v(0), v(1), v(2)))
        };
        let prompts: Vec<Prompt> = kinds.iter().map(|(kind, adds, u)| {
            let (a, b, adds) = (place(&u[..3]), place(&u[3..]), *adds);
            match kind {
                0 => Prompt::Drag { ends: [a, b] },
                1 => Prompt::Point { at: a, adds },
                2 => Prompt::Box { corners: [a, b] },
                3 => stroke(a, b, 2.0 * u[0], adds),
                _ => Prompt::Lasso { points: vec![a, b, place(&[u[0], u[4], u[5]])], adds },
            }
        }).collect();
        if let Ok(made) = run(&volume, &prompts, None) {
            prop_assert!(!made.mask.is_empty());
            prop_assert!((0.0..=1.0).contains(&made.confidence));
            for [i, j, k] in made.mask.voxels() {
                prop_assert!(volume.value(i, j, k).is_some());
            }
        }
    }
}
