//! The phantom's files hold what its truth says.

use std::collections::BTreeMap;
use std::path::Path;

use oncotwin::jobs::JobContext;
use oncotwin::measure::measure;
use oncotwin::phantom::{self, PhantomParams};
use oncotwin::units::{Days, Mm};
use oncotwin::volume::{Mask, statistics_of};

use crate::imaging;

/// All files below a folder with their bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            for (inner, bytes) in files(&path) {
                found.insert(format!("{name}/{inner}"), bytes);
            }
        } else {
            found.insert(name, std::fs::read(&path).expect("readable"));
        }
    }
    found
}

#[test]
fn equal_parameters_give_equal_files_with_any_number_of_threads() {
    let mut params = PhantomParams::small();
    params.shape = [64, 48, 6];
    params.spacing = [Mm(5.0), Mm(5.0), Mm(12.0)];
    params.days = vec![Days(0.0), Days(60.0)];
    let run = |threads: usize, params: &PhantomParams| {
        let out = tempfile::tempdir().expect("a folder");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let made = pool
            .expect("threads")
            .install(|| phantom::generate(params, out.path(), &JobContext::default()));
        made.expect("made");
        files(out.path())
    };
    let first = run(1, &params);
    assert_eq!(first.len(), 2 * 6 + 2);
    assert!(first == run(3, &params), "threads changed a file");
    params.seed += 1;
    assert!(first != run(1, &params), "the seed changes nothing");
}

#[test]
fn the_sample_study_holds_what_its_truth_says() {
    let out = tempfile::tempdir().expect("a folder");
    let params = PhantomParams::small();
    let truth = phantom::generate(&params, out.path(), &JobContext::default()).expect("made");
    let all = files(out.path());
    let n_bytes: usize = all.values().map(Vec::len).sum();
    assert!(n_bytes < 40_000_000, "{n_bytes} bytes");
    let written: phantom::PhantomTruth =
        serde_json::from_slice(&all["truth.json"]).expect("the truth as JSON");
    assert_eq!(written, truth);
    assert!(truth.time_points.len() >= 4);

    for time_point in &truth.time_points {
        let volume = imaging::ct_series(&out.path().join(&time_point.folder));
        assert!(time_point.lesions.len() >= 3);
        assert!(time_point.lesions.iter().any(|l| l.nodal));
        for lesion in &time_point.lesions {
            let name = format!("{} {}", time_point.folder, lesion.label);
            let mask = Mask::from_runs(volume.grid().clone(), &lesion.mask).expect("truth");
            let measured = measure(&mask, Some(&volume)).expect("marked");
            let ratio = measured.volume.value() / lesion.volume_mm3.0;
            assert!((ratio - 1.0).abs() < 0.05, "{name}: volume {ratio}");
            // Corners of pixels reach up to a diagonal beyond the smooth outline.
            let pixel = params.spacing[0].0 * 2f64.sqrt();
            for (axis, exact) in [
                (measured.long_axis, lesion.long_axis_mm),
                (measured.short_axis, lesion.short_axis_mm),
            ] {
                let excess = axis.length.value() - exact.0;
                assert!(excess.abs() <= 1.5 * pixel, "{name}: {excess} mm");
            }
            let [a, b] = lesion.long_axis;
            assert!(
                (a.distance(b).0 - lesion.long_axis_mm.0).abs() < 1e-9,
                "{name}"
            );
            // Its law, read off the first time point.
            let first = truth.time_points[0]
                .lesions
                .iter()
                .find(|l| l.label == lesion.label);
            let first = first.expect("the same lesions throughout");
            let grown = lesion.law.relative_volume(time_point.day, params.treatment);
            let expected = first.volume_mm3.0 * grown;
            assert!(
                (lesion.volume_mm3.0 / expected - 1.0).abs() < 1e-9,
                "{name}"
            );
            // Noise around the lesion's value in its core, away from partial volume.
            let spec = params.lesions.iter().find(|l| l.label == lesion.label);
            let center = volume.grid().voxel_from_patient(lesion.center);
            let reach = lesion
                .semi_axes_mm
                .iter()
                .fold(f64::INFINITY, |r, a| r.min(a.0))
                / 2.0;
            let core = mask.voxels().filter(|&[i, j, k]| {
                let v = oncotwin::geometry::Voxel::new(i as f64, j as f64, k as f64);
                volume
                    .grid()
                    .patient_from_voxel(v)
                    .distance(lesion.center)
                    .0
                    < reach
            });
            assert!(volume.grid().contains(center), "{name}");
            let values = statistics_of(core.map(|[i, j, k]| volume.value(i, j, k)));
            let values = values.expect("a core");
            // Three standard errors; neighbouring noise is correlated, so count a third of voxels.
            let error = 3.0 * params.noise.0 / (values.n as f64 / 3.0).max(1.0).sqrt();
            let off = values.mean - spec.expect("known").value.0;
            assert!(off.abs() < error + 1.0, "{name}: {off} HU");
        }
    }
    // The patient is not where he was: registration has something to find.
    let moved = truth
        .time_points
        .windows(2)
        .all(|w| w[0].lesions[0].center.distance(w[1].lesions[0].center).0 > 1.0);
    assert!(moved);
}
