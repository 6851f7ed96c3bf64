//! GrowCut on the phantom, where the truth is known, and on real lesions beside expert contours.

use std::sync::Arc;

use ndarray::Array3;
use oncotwin::geometry::{Grid, Point, Voxel};
use oncotwin::jobs::JobContext;
use oncotwin::measure::measure;
use oncotwin::phantom::{self, PhantomParams};
use oncotwin::segment::{Error, Params, Prompt, Segmentation, confidence, segment};
use oncotwin::units::{Days, Mm};
use oncotwin::volume::{IntensityUnit, Mask, Modality, Rescale, Samples, Volume};
use oncotwin::warning::WarningCode;
use proptest::prelude::*;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::common::shared;
use crate::imaging;

fn drag(volume: &Volume, ends: [Point; 2]) -> Result<Segmentation, Error> {
    let prompts = [Prompt::Drag { ends }];
    segment(
        volume,
        &prompts,
        None,
        &Params::standard(),
        &JobContext::default(),
    )
}

/// A drag as a hand makes it: in the nearest slice, each end off by up to a pixel along i and j.
fn by_hand(grid: &Grid, ends: [Point; 2], random: &mut ChaCha8Rng) -> [Point; 2] {
    ends.map(|end| {
        let v = grid.voxel_from_patient(end);
        let mut off = |x: f64| x + random.random_range(-1.0..=1.0);
        let (i, j) = (off(v.i), off(v.j));
        grid.patient_from_voxel(Voxel::new(i, j, v.k.round()))
    })
}

#[test]
fn drags_on_the_phantom_find_the_lesions() {
    let out = tempfile::tempdir().expect("a folder");
    let params = PhantomParams::small();
    let truth = phantom::generate(&params, out.path(), &JobContext::default()).expect("made");
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (mut worst, mut sum, mut n) = (1.0f64, 0.0, 0);
    let mut table = String::new();
    for time_point in &truth.time_points {
        let volume = imaging::ct_series(&out.path().join(&time_point.folder));
        for lesion in &time_point.lesions {
            let radius = (lesion.volume_mm3.0 * 0.75 / std::f64::consts::PI).cbrt();
            if radius < 7.0 {
                continue;
            }
            let expected = Mask::from_runs(volume.grid().clone(), &lesion.mask).expect("truth");
            for _ in 0..6 {
                let ends = by_hand(volume.grid(), lesion.long_axis, &mut random);
                let found = drag(&volume, ends).expect("a lesion");
                let dice = found.mask.dice(&expected);
                (worst, sum, n) = (worst.min(dice), sum + dice, n + 1);
                table += &format!(
                    "{} {} r {radius:.1} mm: dice {dice:.3}, confidence {:.2}, volume {:+.1} %\n",
                    time_point.folder,
                    lesion.label,
                    found.confidence,
                    100.0 * (found.mask.n_voxels() as f64 / expected.n_voxels() as f64 - 1.0),
                );
            }
        }
    }
    println!(
        "{table}mean {:.3}, worst {worst:.3}, n {n}",
        sum / f64::from(n)
    );
    assert!(n >= 60, "only {n} drags");
    assert!(
        sum / f64::from(n) >= 0.95 && worst >= 0.86,
        "worst {worst:.3}\n{table}"
    );
}

/// The drag along the reference mask's own long axis, and the mask it gives.
fn on_reference(volume: &Volume, reference: &Mask) -> (f64, Segmentation) {
    let axis = measure(reference, None).expect("marked").long_axis;
    let grid = volume.grid();
    // Outer corners of a mask lie on voxel borders; the drag ends are taken as they are.
    let ends = axis
        .ends
        .map(|p| grid.patient_from_voxel(grid.voxel_from_patient(p)));
    let found = drag(volume, ends).expect("a lesion");
    (found.mask.dice(reference), found)
}

#[test]
fn drags_on_sarcomas_come_near_the_contours() {
    for (patient, least) in [("STS_008", 0.55), ("STS_002", 0.75)] {
        let Some(folder) = shared(&format!("data/B1_petctmr_sarcoma/{patient}")) else {
            return;
        };
        let volume = imaging::ct_series(&folder.join("dicom/CT/image"));
        let (grid, values) = imaging::nifti(&folder.join("nifti/CT_mask.nii.gz"));
        assert!(grid.matches(volume.grid(), Mm(0.01)));
        let reference = imaging::mask(volume.grid().clone(), &values);
        let (dice, found) = on_reference(&volume, &reference);
        println!(
            "{patient} CT: dice {dice:.3}, confidence {:.2}, {} of {}",
            found.confidence,
            found.mask.n_voxels(),
            reference.n_voxels()
        );
        assert!(dice >= least, "{patient}: {dice:.3}");
    }
}

/// Thin enhancing rims on slices of unknown distance: a region grown from a line across them cannot
/// match the contour. What counts is that the mask does not pass for a good one.
#[test]
fn a_contour_that_no_drag_can_reach_is_named_as_doubtful() {
    for scan in ["Pre", "Post"] {
        let Some(folder) = shared("data/C1_brain_tumor_progression/01") else {
            return;
        };
        let (grid, values) = imaging::nifti(&folder.join(format!("{scan}_Scan_T1.nii.gz")));
        let n_slices = grid.shape()[2];
        let volume = Volume::new(
            grid.clone(),
            Samples::F32(values),
            vec![Rescale::IDENTITY; n_slices],
            IntensityUnit::Arbitrary,
            Modality::MR,
        )
        .expect("shapes agree");
        let (_, values) = imaging::nifti(&folder.join(format!("{scan}_Mask.nii.gz")));
        let reference = imaging::mask(grid, &values);
        let (dice, found) = on_reference(&volume, &reference);
        println!(
            "01 {scan}: dice {dice:.3}, confidence {:.2}, {} of {}",
            found.confidence,
            found.mask.n_voxels(),
            reference.n_voxels()
        );
        assert!(found.confidence < 0.5, "{scan}: {}", found.confidence);
        let codes: Vec<_> = found.warnings.iter().map(|w| w.code).collect();
        assert!(codes.contains(&WarningCode::Doubtful), "{scan}: {codes:?}");
    }
}

/// A ball on a uniform ground, both with a little texture.
fn ball(center: [f64; 3], radius: f64, values: [f32; 2]) -> (Volume, Mask) {
    let is_inside =
        |p: [f64; 3]| (0..3).map(|a| (p[a] - center[a]).powi(2)).sum::<f64>() <= radius * radius;
    scene(is_inside, |p| values[usize::from(is_inside(p))])
}

/// A lesion in an image with a little texture, by functions of the position.
fn scene(is_lesion: impl Fn([f64; 3]) -> bool, value: impl Fn([f64; 3]) -> f32) -> (Volume, Mask) {
    sliced(2.0, is_lesion, value)
}

/// The same with slices `apart` mm apart.
fn sliced(
    apart: f64,
    is_lesion: impl Fn([f64; 3]) -> bool,
    value: impl Fn([f64; 3]) -> f32,
) -> (Volume, Mask) {
    let shape = [40, 36, 20];
    let origins = (0..shape[2])
        .map(|k| Point::new(0.0, 0.0, apart * k as f64))
        .collect();
    let steps = (oncotwin::geometry::Vec3::x(), oncotwin::geometry::Vec3::y());
    let grid = Arc::new(Grid::new(shape, steps.0, steps.1, origins, None).expect("valid"));
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let place = |k: usize, j: usize, i: usize| [i as f64, j as f64, apart * k as f64];
    let dim = (shape[2], shape[1], shape[0]);
    let samples = Array3::from_shape_fn(dim, |(k, j, i)| {
        value(place(k, j, i)) + random.random_range(-3.0..3.0)
    });
    let bits = Array3::from_shape_fn(dim, |(k, j, i)| is_lesion(place(k, j, i)));
    let mask = Mask::from_box(grid.clone(), [0; 3], &bits).expect("fits");
    let rescale = vec![Rescale::IDENTITY; shape[2]];
    let samples = Samples::F32(samples);
    let volume = Volume::new(
        grid,
        samples,
        rescale,
        IntensityUnit::Arbitrary,
        Modality::MR,
    );
    (volume.expect("shapes agree"), mask)
}

#[test]
fn a_line_across_slices_is_as_good_as_one_within() {
    let (volume, truth) = ball([20.0, 18.0, 20.0], 10.0, [0.0, 60.0]);
    for ends in [
        [Point::new(10.0, 18.0, 20.0), Point::new(30.0, 18.0, 20.0)],
        [Point::new(20.0, 12.0, 12.0), Point::new(20.0, 24.0, 28.0)],
        [Point::new(30.0, 18.0, 20.4), Point::new(10.0, 18.0, 20.4)],
    ] {
        let found = drag(&volume, ends).expect("a ball");
        assert!(
            found.mask.dice(&truth) > 0.93,
            "{ends:?}: {:.3}",
            found.mask.dice(&truth)
        );
        assert!(
            found.confidence > 0.7 && found.warnings.is_empty(),
            "{found:?}"
        );
    }
}

/// The ellipsoid around the line would end long before it.
#[test]
fn thick_slices_are_followed_where_a_lesion_is_deep_and_leans() {
    let is_inside = |[x, y, z]: [f64; 3]| {
        let up = (z - 40.0) / 30.0;
        let across = (x - 20.0 - 6.0 * up).powi(2) + (y - 18.0).powi(2);
        across / 13.0f64.powi(2) + up * up <= 1.0
    };
    let (volume, truth) = sliced(4.0, is_inside, |p| if is_inside(p) { 6.0 } else { 0.0 });
    let ends = [Point::new(7.0, 18.0, 40.0), Point::new(33.0, 18.0, 40.0)];
    let whole = drag(&volume, ends).expect("a lesion").mask;
    let history = [Prompt::Drag { ends }, Prompt::Slices];
    let (params, job) = (Params::standard(), JobContext::default());
    let followed = segment(&volume, &history, Some(&whole), &params, &job).expect("a lesion");
    let [before, after] = [&whole, &followed.mask].map(|m| m.dice(&truth));
    assert!(
        after > 0.75 && after > before + 0.05,
        "{before:.3} {after:.3}"
    );
}

/// Values tell on the free side; on the wall's, where they cannot, the line's outline does.
#[test]
fn an_edited_mask_that_differs_from_the_drawn_line_counts_and_is_no_certainty() {
    let (volume, truth) = ball([20.0, 18.0, 20.0], 10.0, [0.0, 60.0]);
    let line = |half: f64| {
        let end = |way: f64| Point::new(20.0 + way * half, 18.0, 20.0);
        Some([end(-1.0), end(1.0)])
    };
    let (agreed, warnings) = confidence(&volume, &truth, line(10.0)).expect("judged");
    assert!(agreed > 0.8 && warnings.is_empty(), "{agreed} {warnings:?}");
    let (differs, warnings) = confidence(&volume, &truth, line(15.0)).expect("judged");
    assert!((0.5..0.7).contains(&differs), "{differs}");
    assert!(warnings.iter().any(|w| w.code == WarningCode::Doubtful));
}

#[test]
fn a_lesion_does_not_run_into_a_wall_of_its_own_value() {
    let is_wall = |p: [f64; 3]| p[0] >= 26.0;
    let is_ball = |p: [f64; 3]| {
        let d = [p[0] - 20.0, p[1] - 18.0, p[2] - 20.0];
        d.iter().map(|x| x * x).sum::<f64>() <= 64.0
    };
    let (volume, truth) = scene(
        |p| is_ball(p) && !is_wall(p),
        |p| if is_ball(p) || is_wall(p) { 60.0 } else { 0.0 },
    );
    let ends = [Point::new(20.0, 10.0, 20.0), Point::new(20.0, 26.0, 20.0)];
    let found = drag(&volume, ends).expect("a lesion");
    let dice = found.mask.dice(&truth);
    assert!(dice > 0.95, "{dice:.3}");
}

#[test]
fn unusable_lines_are_refused_with_a_reason() {
    let (volume, _) = ball([20.0, 18.0, 20.0], 10.0, [0.0, 60.0]);
    let at = |x: f64| Point::new(x, 18.0, 20.0);
    assert!(matches!(
        drag(&volume, [at(-3.0), at(20.0)]),
        Err(Error::Outside)
    ));
    assert!(matches!(
        drag(&volume, [at(20.0), at(f64::NAN)]),
        Err(Error::Outside)
    ));
    assert!(matches!(
        drag(&volume, [at(20.0), at(21.5)]),
        Err(Error::TooShort { .. })
    ));
    let job = JobContext::default();
    job.cancel.cancel();
    let prompts = [Prompt::Drag {
        ends: [at(10.0), at(30.0)],
    }];
    let cancelled = segment(&volume, &prompts, None, &Params::standard(), &job);
    assert!(matches!(cancelled, Err(Error::Cancelled(_))));
}

#[test]
fn no_contrast_and_a_cut_lesion_are_named() {
    let has = |found: &Segmentation, code| found.warnings.iter().any(|w| w.code == code);
    let (flat, _) = ball([20.0, 18.0, 20.0], 10.0, [0.0, 0.5]);
    let ends = [Point::new(10.0, 18.0, 20.0), Point::new(30.0, 18.0, 20.0)];
    match drag(&flat, ends) {
        Ok(found) => {
            assert!(has(&found, WarningCode::Doubtful), "{found:?}");
            assert!(found.confidence < 0.5);
        }
        Err(error) => assert!(matches!(error, Error::NothingFound)),
    }
    let (cut, _) = ball([4.0, 18.0, 20.0], 10.0, [0.0, 60.0]);
    let ends = [Point::new(4.0, 8.0, 20.0), Point::new(4.0, 28.0, 20.0)];
    let found = drag(&cut, ends).expect("half a ball");
    assert!(has(&found, WarningCode::Border), "{found:?}");
}

#[test]
fn growth_reaches_across_missing_slices_and_marks_none_of_them() {
    let (whole, _) = ball([20.0, 18.0, 20.0], 10.0, [0.0, 60.0]);
    let middle = whole
        .grid()
        .voxel_from_patient(Point::new(20.0, 18.0, 20.0));
    let missing = middle.k.round() as usize + 2;
    let grid = Grid::clone(whole.grid()).with_void_slices(vec![missing]);
    let volume = Volume::new(
        Arc::new(grid),
        whole.samples().clone(),
        whole.rescale().to_vec(),
        whole.unit,
        whole.modality.clone(),
    )
    .expect("same shape");
    let ends = [Point::new(10.0, 18.0, 20.0), Point::new(30.0, 18.0, 20.0)];
    let found = drag(&volume, ends).expect("a ball");
    let marked = |k: usize| found.mask.voxels().filter(|v| v[2] == k).count();
    assert_eq!(marked(missing), 0);
    assert!(marked(missing - 1) > 0 && marked(missing + 1) > 0);
    assert!(found.warnings.iter().any(|w| w.code == WarningCode::Gap));
}

#[test]
fn padding_is_never_lesion_and_threads_change_nothing() {
    let (mut volume, _) = ball([20.0, 18.0, 20.0], 10.0, [0.0, 60.0]);
    volume.padding = Some(58.0..=60.0);
    let ends = [Point::new(10.0, 18.0, 20.0), Point::new(30.0, 18.0, 20.0)];
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads")
            .install(|| drag(&volume, ends).expect("a ball"))
    };
    let (one, three) = (run(1), run(3));
    assert_eq!(one.mask, three.mask);
    assert_eq!(one.confidence.to_bits(), three.confidence.to_bits());
    let padded = one
        .mask
        .voxels()
        .filter(|&[i, j, k]| volume.value(i, j, k).is_none());
    assert_eq!(padded.count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// No drag on any image panics, and no mask leaves the sphere around the line.
    #[test]
    fn any_drag_on_any_image_is_answered(
        size in (1usize..9, 1usize..9, 1usize..6),
        steps in (0.2f64..4.0, 0.2f64..4.0, 0.2f64..9.0),
        seed in any::<u64>(),
        at in proptest::array::uniform6(-0.2f64..1.2),
        spread in prop_oneof![Just(0.0f32), Just(1.0), Just(1e30)],
    ) {
        let shape = [size.0, size.1, size.2];
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut samples = Array3::from_shape_simple_fn((shape[2], shape[1], shape[0]), || {
            spread * random.random_range(-1.0f32..1.0)
        });
        samples[[0, 0, 0]] = f32::NAN;
        let vec = oncotwin::geometry::Vec3::new;
        let (i, j) = (vec(steps.0, 0.0, 0.1), vec(0.05, steps.1, 0.0));
        let origins = (0..shape[2]).map(|k| Point::new(0.3 * k as f64, 0.0, steps.2 * k as f64));
        let step = Some(vec(0.0, 0.0, steps.2));
        let grid = Grid::new(shape, i, j, origins.collect(), step).expect("valid");
        let place = |a: usize| Voxel::new(
            at[a] * shape[0] as f64 - 0.5,
            at[a + 1] * shape[1] as f64 - 0.5,
            at[a + 2] * shape[2] as f64 - 0.5,
        );
        let ends = [0, 3].map(|a| grid.patient_from_voxel(place(a)));
        let rescale = vec![Rescale::IDENTITY; shape[2]];
        let volume = Volume::new(
            Arc::new(grid), Samples::F32(samples), rescale, IntensityUnit::Arbitrary, Modality::MR,
        ).expect("shapes agree");
        if let Ok(found) = drag(&volume, ends) {
            let center = ends[0].midpoint(ends[1]);
            let reach = 0.675 * ends[0].distance(ends[1]).0 + 2.0;
            for [i, j, k] in found.mask.voxels() {
                prop_assert!(volume.value(i, j, k).is_some());
                let p = volume.grid().patient_from_voxel(Voxel::new(i as f64, j as f64, k as f64));
                prop_assert!(p.distance(center).0 <= reach + 1e-9);
            }
            prop_assert!((0.0..=1.0).contains(&found.confidence));
        }
    }
}

#[test]
#[ignore = "a timing, to be read in a release build"]
fn sixty_millimetres_on_thin_slices() {
    let shape = [200, 200, 100];
    let mut params = PhantomParams::small();
    params.shape = shape;
    params.spacing = [Mm(0.7), Mm(0.7), Mm(1.25)];
    params.days = vec![Days(0.0)];
    let out = tempfile::tempdir().expect("a folder");
    phantom::generate(&params, out.path(), &JobContext::default()).expect("made");
    let volume = imaging::ct_series(&out.path().join("t0"));
    let grid = volume.grid();
    let ends = [57.0, 143.0].map(|i| grid.patient_from_voxel(Voxel::new(i, 100.0, 50.0)));
    let start = std::time::Instant::now();
    let found = drag(&volume, ends).expect("something");
    println!("{:?} for {} voxels", start.elapsed(), found.mask.n_voxels());
}
