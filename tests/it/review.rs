//! The main job end to end: a scripted review through the same session as the window.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use oncotwin::app::{Script, Session, SessionConfig, review};
use oncotwin::geometry::Point;
use oncotwin::jobs::JobContext;
use oncotwin::phantom::{self, PhantomParams, PhantomTruth};
use oncotwin::store::VerifyOptions;
use oncotwin::twin::PriorSet;
use oncotwin::volume::Mask;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

pub(crate) fn session(workspace: &Path) -> Session {
    session_with_models(workspace, None)
}

/// A session that looks for language models in a folder.
pub(crate) fn session_with_models(workspace: &Path, models: Option<&Path>) -> Session {
    Session::start(SessionConfig {
        workspace: workspace.to_owned(),
        samples: Vec::new(),
        version: "test".to_owned(),
        anchors: None,
        preferences: None,
        access: oncotwin::store::Access::Write,
        models: models.map(Path::to_owned),
        crashes: None,
        seed: [7; 32],
        clock: Arc::new(|| Timestamp::from_second(1_700_000_000).expect("in range")),
        wake: Arc::new(|| {}),
    })
    .expect("a fresh workspace opens")
}

fn script(commands: Vec<Value>) -> Script {
    serde_json::from_value(json!({"commands": commands})).expect("a valid script")
}

fn phantom(dir: &Path) -> PhantomTruth {
    phantom::generate(&PhantomParams::small(), dir, &JobContext::default()).expect("written")
}

/// Opens a phantom and drags along its first lesion, at all time points.
pub(crate) fn measure_first_lesion(session: &mut Session, dir: &Path) {
    let study = dir.join("study");
    let truth = phantom(&study);
    let mut commands = vec![json!({"do": "open", "path": study})];
    commands.extend(drags(&truth, &["L1"], 11));
    review::run(session, &script(commands), Path::new(""), dir).expect("the script runs");
}

/// Drags along every true long axis, ends moved by up to one voxel within the slice.
fn drags(truth: &PhantomTruth, labels: &[&str], seed: u64) -> Vec<Value> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let spacing = PhantomParams::small().spacing[0].0;
    let mut jitter = |p: Point| {
        let [x, y, z]: [f64; 3] = p.into();
        [
            x + rng.random_range(-1..=1) as f64 * spacing,
            y + rng.random_range(-1..=1) as f64 * spacing,
            z,
        ]
    };
    let mut drags = Vec::new();
    for (n, time_point) in truth.time_points.iter().enumerate() {
        for lesion in time_point
            .lesions
            .iter()
            .filter(|l| labels.contains(&l.label.as_str()))
        {
            let [p0, p1] = lesion.long_axis.map(&mut jitter);
            drags.push(
                json!({"do": "drag", "timepoint": n, "p0": p0, "p1": p1, "lesion": lesion.label}),
            );
        }
    }
    drags
}

#[test]
fn the_phantom_is_reviewed_from_files_to_report() {
    let dir = tempfile::tempdir().expect("a folder");
    let study = dir.path().join("study");
    let truth = phantom(&study);
    let out = dir.path().join("out");
    let mut commands = vec![json!({"do": "open", "path": study})];
    commands.extend(drags(&truth, &["L1", "L2", "L3", "L4"], 11));
    commands.push(json!({"do": "lesion", "lesion": "L3", "organ": "lymph node", "nodal": true}));
    commands.push(json!({"do": "fit"}));
    commands.push(json!({"do": "what_if", "scenario": {"change": "stop_treatment", "day": 60.0}}));
    commands.push(json!({"do": "report", "formats": ["html", "md", "csv"]}));

    let workspace = dir.path().join("case");
    let mut session = session(&workspace);
    review::run(&mut session, &script(commands), Path::new(""), &out).expect("the script runs");

    let masks = session.state().shown_masks();
    assert_eq!(masks.len(), 20);
    for made in &masks {
        let time_point = &truth.time_points[made.time_point];
        let known = time_point
            .lesions
            .iter()
            .find(|l| l.label == made.label)
            .expect("known");
        let truth_mask =
            Mask::from_runs(Arc::clone(made.mask.grid()), &known.mask).expect("same grid");
        let dice = made.mask.dice(&truth_mask);
        let radius = (known.volume_mm3.0 * 0.75 / std::f64::consts::PI).cbrt();
        eprintln!(
            "{} t{} radius {radius:.1} mm: Dice {dice:.3}, volume {:+.1} %, long axis {:+.2} mm",
            made.label,
            made.time_point,
            100.0 * (made.measured.volume.value() / known.volume_mm3.0 - 1.0),
            made.measured.long_axis.length.value() - known.long_axis_mm.0,
        );
        assert!(
            radius < 7.0 || dice >= 0.88,
            "{} at {}: Dice {dice:.3}",
            made.label,
            made.time_point
        );
    }

    // What the report says is what the exported masks say.
    let csv = std::fs::read_to_string(out.join("measurements.csv")).expect("written");
    for made in &masks {
        let counted: f64 = made
            .mask
            .voxels()
            .map(|[_, _, k]| made.mask.grid().voxel_volume(k).0)
            .sum();
        let stated = made.measured.volume.value();
        assert!((counted / stated - 1.0).abs() < 1e-9);
        assert!(
            csv.contains(&made.mask.sha256()),
            "{} {} is not in the table",
            made.label,
            made.time_point
        );
    }
    let html = std::fs::read_to_string(out.join("report.html")).expect("written");
    assert!(html.contains("not for diagnosis"));
    let connection =
        rusqlite::Connection::open(workspace.join("oncotwin.sqlite")).expect("readable");
    let printed: i64 = connection
        .prepare("SELECT hash FROM audit")
        .and_then(|mut all| {
            let hashes = all.query_map([], |row| row.get::<_, String>(0))?;
            Ok(hashes
                .flatten()
                .filter(|hash| html.contains(hash.as_str()))
                .count() as i64)
        })
        .expect("audit");
    assert_eq!(printed, 1, "the report prints the head of the audit trail");
    drop(connection);
    for label in ["L1", "L2", "L3", "L4"] {
        assert!(html.contains(label));
    }

    // Reopened, everything is where it was.
    let before = session.state().records().clone();
    drop(session);
    let mut again = self::session(&workspace);
    again.settle();
    assert_eq!(again.state().records(), &before);
    assert_eq!(again.state().shown_masks().len(), 20);
    let report = oncotwin::store::verify(&workspace, &VerifyOptions::default()).expect("readable");
    assert!(report.ok, "{:?}", report.defects);
}

#[test]
fn priors_chosen_are_fitted_told_and_kept() {
    let dir = tempfile::tempdir().expect("a folder");
    let (workspace, out) = (dir.path().join("case"), dir.path().join("out"));
    let mut session = session(&workspace);
    measure_first_lesion(&mut session, dir.path());
    let shown = |session: &mut Session| session.view().patient.expect("a patient").growth;
    let before = shown(&mut session);
    assert_eq!(before.prior, PriorSet::Generic);
    let commands = vec![
        json!({"do": "prior", "prior": "ribba2022_nsclc"}),
        json!({"do": "report", "formats": ["html"]}),
    ];
    review::run(&mut session, &script(commands), Path::new(""), &out).expect("the script runs");
    let after = shown(&mut session);
    assert_eq!(after.prior, PriorSet::Ribba2022Nsclc);
    let ends = |g: &oncotwin::app::view::GrowthView| g.factual.last().map(|b| (b.q05, b.q95));
    assert!(ends(&after).is_some() && ends(&after) != ends(&before));
    let html = std::fs::read_to_string(out.join("report.html")).expect("written");
    assert!(html.contains("Front Pharmacol 2022;13:1058220"));

    session.send(oncotwin::app::Command::Undo);
    session.settle();
    assert_eq!(ends(&shown(&mut session)), ends(&before));
    session.send(oncotwin::app::Command::Redo);
    session.settle();
    drop(session);
    let mut again = self::session(&workspace);
    again.settle();
    let [kept] = again.state().records().priors[..] else {
        panic!("one choice");
    };
    assert_eq!(kept.prior, PriorSet::Ribba2022Nsclc);
    let report = oncotwin::store::verify(&workspace, &VerifyOptions::default()).expect("readable");
    assert!(report.ok, "{:?}", report.defects);
}

#[test]
fn a_gesture_without_a_mask_is_segmented_at_the_next_start() {
    let dir = tempfile::tempdir().expect("a folder");
    let study = dir.path().join("study");
    let truth = phantom(&study);
    let workspace = dir.path().join("case");
    let mut first = session(&workspace);
    let open = script(vec![json!({"do": "open", "path": study})]);
    review::run(&mut first, &open, Path::new(""), dir.path()).expect("opens");
    let series = first.state().records().series[0].id;
    let [p0, p1] = truth.time_points[0].lesions[0].long_axis;
    first.send(oncotwin::app::Command::Prompt {
        series,
        lesion: None,
        prompt: oncotwin::segment::Prompt::Drag { ends: [p0, p1] },
    });
    // Ended before the mask is there: the job is cancelled, the gesture is not lost.
    drop(first);
    let mut second = session(&workspace);
    assert_eq!(second.state().records().annotations.len(), 1);
    second.settle();
    assert_eq!(second.state().shown_masks().len(), 1);
}

fn mean_dice(session: &Session, references: &[(usize, PathBuf)]) -> Vec<f64> {
    let masks = session.state().shown_masks();
    references
        .iter()
        .map(|(time_point, reference)| {
            let made = masks
                .iter()
                .find(|m| m.time_point == *time_point)
                .expect("segmented");
            let truth = oncotwin::export::read_mask_on(
                reference,
                None,
                made.mask.grid(),
                &JobContext::default(),
            )
            .expect("same grid");
            made.mask.dice(&truth)
        })
        .collect()
}

/// Ends of the reference mask's own long axis.
fn reference_axis(session: &Session, time_point: usize, reference: &Path) -> [Point; 2] {
    let grid = session.state().shown_grid(time_point).expect("loaded");
    let mask = oncotwin::export::read_mask_on(reference, None, &grid, &JobContext::default())
        .expect("same grid");
    oncotwin::measure::measure(&mask, None)
        .expect("not empty")
        .long_axis
        .ends
}

#[test]
fn a_real_sarcoma_is_measured_in_millimetres() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/sts_008");
    let dir = tempfile::tempdir().expect("a folder");
    let mut session = session(&dir.path().join("case"));
    let open = script(vec![json!({"do": "open", "path": root.join("dicom/CT")})]);
    review::run(&mut session, &open, Path::new(""), dir.path()).expect("opens");
    let reference = root.join("nifti/CT_mask.nii.gz");
    let [p0, p1] = reference_axis(&session, 0, &reference);
    let drag = script(vec![
        json!({"do": "drag", "timepoint": 0, "p0": p0, "p1": p1, "lesion": "GTV"}),
        json!({"do": "report", "formats": ["html", "csv"]}),
    ]);
    review::run(&mut session, &drag, Path::new(""), dir.path()).expect("drags");
    let made = &session.state().shown_masks()[0];
    let dice = mean_dice(&session, &[(0, reference)])[0];
    eprintln!(
        "STS_008 CT: Dice {dice:.3}, {} against 27.64 mL, {} against 40.4 mm",
        made.measured.volume.display(),
        made.measured.long_axis.length
    );
    assert!(dice > 0.5, "Dice {dice:.3}");
    // The mask is doubtful, so the line as drawn counts, in the table and in every sentence.
    assert!(made.confidence < 0.5, "confidence {:.2}", made.confidence);
    let mask_axis = format!("{:.1} mm", made.measured.long_axis.length.value());
    let patient = session.view().patient.expect("shown");
    assert_eq!(patient.response[0].sum, "40.4 mm");
    for sentence in &patient.narrative {
        assert!(!sentence.text.contains(&mask_axis), "{}", sentence.text);
    }
    assert!(made.measured.volume.mm3().is_some());
}

#[test]
fn a_glioblastoma_of_unknown_spacing_never_shows_millimetres() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/brain_progression_01");
    let dir = tempfile::tempdir().expect("a folder");
    let mut session = session(&dir.path().join("case"));
    let open = script(vec![json!({"do": "open", "path": root})]);
    review::run(&mut session, &open, Path::new(""), dir.path()).expect("opens");
    let view = session.view();
    let patient = view.patient.expect("shown");
    assert_eq!(patient.columns.len(), 2);
    assert!(patient.columns[0].date.starts_with("1996-08-13"));
    assert!(patient.columns[1].date.ends_with("day 157"));
    let references = [
        (0, root.join("Pre_Mask.nii.gz")),
        (1, root.join("Post_Mask.nii.gz")),
    ];
    let drags: Vec<Value> = references
        .iter()
        .map(|(n, reference)| {
            let [p0, p1] = reference_axis(&session, *n, reference);
            json!({"do": "drag", "timepoint": n, "p0": p0, "p1": p1, "lesion": "L1"})
        })
        .chain([json!({"do": "report", "formats": ["html", "md", "csv"]})])
        .collect();
    review::run(&mut session, &script(drags), Path::new(""), dir.path()).expect("drags");
    eprintln!("C1/01: Dice {:?}", mean_dice(&session, &references));
    let patient = session.view().patient.expect("shown");
    for cell in patient.lesions[0].cells.iter().flatten() {
        assert!(
            cell.axes.ends_with("px") && cell.volume.ends_with("voxels"),
            "{cell:?}"
        );
        assert!(
            cell.warnings
                .iter()
                .any(|w| w.starts_with("W-SPACING-UNKNOWN"))
        );
    }
    assert!(!patient.growth.y_label.contains("mL"));
}

#[test]
fn time_points_and_lesions_are_regrouped_and_stay_so() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/sts_008/dicom");
    let dir = tempfile::tempdir().expect("a folder");
    let workspace = dir.path().join("case");
    let mut first = session(&workspace);
    let columns = |session: &mut Session| {
        let patient = session.view().patient.expect("shown");
        patient
            .columns
            .iter()
            .map(|c| c.series.len())
            .collect::<Vec<_>>()
    };
    let play = |session: &mut Session, commands: Vec<Value>| {
        review::run(session, &script(commands), Path::new(""), dir.path())
            .expect("the script runs");
    };
    play(&mut first, vec![json!({"do": "open", "path": root})]);
    // CT, MR and PET of one date form one time point.
    assert_eq!(columns(&mut first), [3]);
    play(
        &mut first,
        vec![json!({"do": "split", "timepoint": 0, "item": 1})],
    );
    assert_eq!(columns(&mut first), [2, 1]);
    play(
        &mut first,
        vec![
            json!({"do": "date", "timepoint": 1, "date": "2001-10-02"}),
            json!({"do": "drag", "timepoint": 0, "p0": [163.0, 0.0, -194.5], "p1": [196.0, 21.0, -194.5], "lesion": "A"}),
            json!({"do": "drag", "timepoint": 1, "p0": [163.0, 0.0, -194.5], "p1": [196.0, 21.0, -194.5], "lesion": "B"}),
            json!({"do": "link", "lesions": ["A", "B"]}),
        ],
    );
    let view = first.view().patient.expect("shown");
    assert_eq!(view.columns[1].date, "2001-10-02 · day 30");
    assert_eq!(view.lesions.len(), 1);
    assert!(view.lesions[0].cells.iter().all(Option::is_some));

    // Regrouping survives a restart, and opening the same files again changes nothing.
    let records = first.state().records().clone();
    drop(first);
    let mut second = session(&workspace);
    second.settle();
    assert_eq!(second.state().records(), &records);
    play(&mut second, vec![json!({"do": "open", "path": root})]);
    assert_eq!(columns(&mut second), [2, 1]);
    assert_eq!(second.state().records().series.len(), 3);

    // A lesion marked at both time points stands in the way of merging them, and nothing is lost.
    play(
        &mut second,
        vec![json!({"do": "merge", "timepoints": [0, 1]})],
    );
    assert_eq!(columns(&mut second), [2, 1]);
    let annotation = second.state().records().annotations[1].id;
    second.send(oncotwin::app::Command::RemoveAnnotation { annotation });
    play(
        &mut second,
        vec![json!({"do": "merge", "timepoints": [0, 1]})],
    );
    assert_eq!(columns(&mut second), [3]);
    assert!(
        oncotwin::store::verify(&workspace, &VerifyOptions::default())
            .expect("readable")
            .ok
    );
}
