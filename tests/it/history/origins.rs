//! Where numbers come from; erasing; reading only; changed originals.

use std::path::Path;
use std::process::Command as Process;

use oncotwin::app::view::TraceView;
use oncotwin::app::{Command, Subject};
use oncotwin::case::*;
use oncotwin::store::{Query, Which};
use serde_json::Value;

use super::{Desk, start, start_after_crash};

fn trace(desk: &mut Desk, subject: Subject) -> TraceView {
    desk.send(Command::Trace { subject });
    let trace = desk.session().view().trace.expect("traced");
    assert!(!trace.pending);
    trace
}

fn line<'t>(trace: &'t TraceView, node: &str, name: &str) -> &'t str {
    let node = trace.nodes.iter().find(|n| n.title.starts_with(node));
    let lines = &node.unwrap_or_else(|| panic!("{trace:?}")).lines;
    let found = lines.iter().find(|(n, _)| n == name);
    &found.unwrap_or_else(|| panic!("{name}: {lines:?}")).1
}

#[test]
fn numbers_are_traced_to_stage_reader_and_files() {
    let mut desk = Desk::open();
    desk.name_reader();
    let lesion = desk.draw(0, 0, None);
    desk.draw(1, 0, Some(lesion));
    let records = desk.records();
    let (mark, series) = (records.annotations[0].id, records.annotations[0].series);
    let made = trace(&mut desk, Subject::Size(mark));
    let fingerprint = &records
        .series
        .iter()
        .find(|s| s.id == series)
        .expect("known")
        .fingerprint;
    assert_eq!(line(&made, "Segmentation", "Stage"), "segment.growcut");
    assert_eq!(line(&made, "Segmentation", "Stage key (BLAKE3)").len(), 64);
    assert_eq!(
        line(&made, "Segmentation", "Input files (BLAKE3)"),
        fingerprint
    );
    assert_eq!(line(&made, "Image", "Files (BLAKE3)"), fingerprint);
    assert_eq!(
        line(&made, "Drawn diameter", "Reader"),
        "Ada Reader (radiologist)"
    );
    assert!(line(&made, "Drawn diameter", "Audit entry").ends_with("annotation.draw"));
    assert_eq!(line(&made, "Segmentation", "Software"), "OncoTwin test");

    let visit = desk.time_point(1);
    let sum = trace(&mut desk, Subject::Response(visit));
    assert!(line(&sum, "Response", "Rule").contains('.'));
    assert!(line(&sum, "Summand L1", "longest diameter").ends_with(" mm (mask)"));
    let growth = trace(&mut desk, Subject::Growth(lesion));
    assert!(line(&growth, "Twin", "Audit entry").ends_with("twin.fit"));
    assert!(
        growth
            .nodes
            .iter()
            .filter(|n| n.title.starts_with("Observation"))
            .count()
            == 2
    );

    let facts = desk
        .view()
        .narrative
        .iter()
        .flat_map(|s| s.facts.clone())
        .collect::<Vec<_>>();
    assert!(!facts.is_empty());
    for (n, text) in facts {
        let traced = trace(&mut desk, Subject::Fact(n));
        assert!(traced.title.starts_with(&format!("F{n} ")), "{text}");
        assert!(!traced.nodes.is_empty());
    }
    desk.send(Command::Sign {
        time_point: visit,
        meaning: Meaning::Authorship,
    });
    let reading = trace(&mut desk, Subject::Reading(visit));
    assert!(line(&reading, "Signed by Ada", "Audit entry").ends_with("reading.sign"));
    desk.send(Command::HideTrace);
    assert!(desk.session().view().trace.is_none());
    // A fit is entered once, however often the patient is shown.
    let fits = |desk: &Desk| {
        let which = Which::Object(lesion.to_string());
        let entries = Query::new(&desk.workspace())
            .entries(&which)
            .expect("readable");
        entries.iter().filter(|e| e.event == "twin.fit").count()
    };
    let before = fits(&desk);
    desk.send(Command::ShowChooser);
    desk.send(Command::ShowPatient {
        patient: records.patients[0].id,
    });
    assert_eq!(fits(&desk), before);
    desk.no_errors();
    on_the_command_line(&mut desk, &records);
}

fn run(workspace: &Path, args: &[&str]) -> (i32, Value) {
    let done = Process::new(env!("CARGO_BIN_EXE_oncotwin"))
        .args(args)
        .arg("--json")
        .arg("--case")
        .arg(workspace)
        .output()
        .expect("runs");
    let json = serde_json::from_slice(&done.stdout);
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    (
        done.status.code().unwrap_or(-1),
        json.unwrap_or_else(|e| panic!("{e}: {text}")),
    )
}

/// `trace`, `history` and `versions` beside the window, which holds the workspace.
fn on_the_command_line(desk: &mut Desk, records: &Records) {
    let workspace = desk.workspace();
    let mask = &records.segmented[0];
    for id in [
        "L1@0",
        &mask.mask_sha256[..16],
        &mask.artifact_sha256[..12],
        &mask.annotation.to_string(),
    ] {
        let (code, answer) = run(&workspace, &["trace", id]);
        assert_eq!(code, 0, "{id}: {answer}");
        let title = answer["title"].as_str().expect("a title");
        assert!(
            title.starts_with("L1 · Baseline · longest diameter"),
            "{id}: {title}"
        );
        let nodes = answer["nodes"].as_array().expect("nodes");
        assert!(nodes.iter().any(|n| n["title"] == "Segmentation"));
    }
    let (_, first) = run(&workspace, &["trace", "#1"]);
    let lines = first["nodes"][0]["lines"].as_array().expect("lines");
    let hash = lines
        .iter()
        .find(|l| l["name"] == "Entry hash (SHA-256)")
        .expect("hash");
    let hash = hash["value"].as_str().expect("text");
    let (_, same) = run(&workspace, &["trace", &hash[..20]]);
    assert_eq!(same["nodes"], first["nodes"]);
    for (id, code) in [
        ("zzz", "E-UNKNOWN"),
        ("#99999", "E-UNKNOWN"),
        ("L9@0", "E-UNKNOWN"),
    ] {
        let (exit, answer) = run(&workspace, &["trace", id]);
        assert_eq!(
            (exit, &answer["error"]["code"]),
            (1, &Value::from(code)),
            "{id}"
        );
    }
    // Identifiers begin with their time, so few digits name many.
    let short = &mask.annotation.to_string()[..6];
    let (exit, answer) = run(&workspace, &["trace", short]);
    assert_eq!(
        (exit, &answer["error"]["code"]),
        (1, &Value::from("E-AMBIGUOUS"))
    );

    let (_, history) = run(&workspace, &["history"]);
    assert_eq!(history["undo"], "Draw L1 · Follow-up 1");
    assert_eq!(history["steps"].as_array().map(Vec::len), Some(2));
    let args = [
        "versions",
        "--lesion",
        "L1",
        "--timepoint",
        "0",
        "--compare",
        "0",
        "0",
    ];
    let (_, versions) = run(&workspace, &args);
    assert_eq!(versions["versions"][0]["standing"], true);
    assert_eq!(versions["comparison"]["values"][0]["value"], "1.000");
}

/// Files below a folder that hold one of these texts.
fn holding(dir: &Path, texts: &[&str], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            holding(&path, texts, found);
            continue;
        }
        let bytes = std::fs::read(&path).expect("readable");
        for text in texts {
            if bytes.windows(text.len()).any(|w| w == text.as_bytes()) {
                found.push(format!("{text} in {}", path.display()));
            }
        }
    }
}

#[test]
fn an_erased_patient_leaves_no_trace_but_a_trail_that_verifies() {
    let mut desk = Desk::open();
    desk.name_reader();
    let lesion = desk.draw(0, 0, None);
    desk.send(Command::EditLesion {
        lesion,
        label: "Needle".to_owned(),
        organ: "haystack".to_owned(),
        role: LesionRole::Target,
        nodal: false,
    });
    let series = desk.series(0);
    desk.send(Command::ShowSeries { series });
    let patient = desk.records().patients[0].id;
    desk.send(Command::ErasePatient {
        patient,
        reason: " ".to_owned(),
    });
    assert!(desk.said("a reason is required"));
    let identity = desk.records().identities[0].clone();
    let study = desk.dir.path().join("study").display().to_string();
    let texts = [
        identity.code.as_str(),
        &identity.name,
        &study,
        "Needle",
        "haystack",
    ];
    let mut found = Vec::new();
    holding(&desk.workspace(), &texts, &mut found);
    assert!(!found.is_empty());

    desk.send(Command::ErasePatient {
        patient,
        reason: "consent withdrawn".to_owned(),
    });
    desk.no_errors();
    assert!(desk.session().view().patient.is_none());
    assert!(desk.session().view().chooser.patients.is_empty());
    desk.verify();
    desk.session = None;
    found.clear();
    holding(&desk.workspace(), &texts, &mut found);
    assert!(found.is_empty(), "{found:?}");
    let erased = Query::new(&desk.workspace())
        .entries(&Which::Event(patient, "patient.erase".to_owned()))
        .expect("readable");
    assert_eq!(erased.len(), 1);
}

#[test]
fn beside_a_writer_one_can_look_and_later_write() {
    let mut desk = Desk::open();
    desk.draw(0, 0, None);
    let mut second = start(&desk.workspace(), 9);
    assert!(second.view().read_only.is_some());
    let before = second.state().records().clone();
    let view = second.view().patient.expect("shown");
    assert_eq!(view.history.undo.as_deref(), Some("Draw L1 · Baseline"));
    let series = view.columns[0].series[0].id;
    for command in [
        Command::Undo,
        Command::RemoveLesion {
            lesion: view.lesions[0].id,
        },
        Command::EnterReader {
            name: "B".to_owned(),
            role: ReaderRole::Other,
        },
        Command::ErasePatient {
            patient: view.id,
            reason: "x".to_owned(),
        },
        Command::Export {
            dir: desk.dir.path().join("out"),
            formats: vec![oncotwin::report::Format::Md],
        },
    ] {
        let n = second.state().messages().len();
        for _ in 0..n {
            second.send(Command::DismissMessage { index: 0 });
        }
        second.send(command.clone());
        second.settle();
        let said = second.state().messages();
        assert!(
            said.iter()
                .any(|m| m.text.starts_with("Nothing was changed")),
            "{command:?}"
        );
    }
    assert_eq!(second.state().records(), &before);
    second.send(Command::SetSlice { series, slice: 3 });
    assert_eq!(
        second
            .view()
            .patient
            .and_then(|p| p.columns[0].shown.as_ref().map(|s| s.slice)),
        Some(3)
    );
    desk.session = None;
    second.send(Command::Reload);
    second.settle();
    assert!(second.view().read_only.is_none());
    second.send(Command::Undo);
    second.settle();
    assert!(second.state().records().annotations.is_empty());
}

#[test]
fn changed_originals_are_noticed_once_and_warned_of_everywhere() {
    let mut desk = Desk::open();
    desk.draw(0, 0, None);
    let series = desk.series(0);
    let records = desk.records();
    let source = records
        .sources
        .iter()
        .find(|s| s.series == series)
        .expect("known");
    let file = &source.files[0];
    let original = std::fs::read(file).expect("readable");
    let mut changed = original.clone();
    *changed.last_mut().expect("bytes") ^= 1;
    std::fs::write(file, changed).expect("written");
    desk.restart();
    desk.restart();
    let entries = |desk: &Desk, event: &str| {
        let which = Which::Object(series.to_string());
        let all = Query::new(&desk.workspace())
            .entries(&which)
            .expect("readable");
        all.iter().filter(|e| e.event == event).count()
    };
    assert_eq!(entries(&desk, "series.changed"), 1);
    let view = desk.view();
    assert!(
        view.columns[0].series[0]
            .warnings
            .iter()
            .any(|w| w.starts_with("W-CHANGED"))
    );
    let cell = view.lesions[0].cells[0].as_ref().expect("marked");
    assert!(cell.warnings.iter().any(|w| w.starts_with("W-CHANGED")));
    let out = desk.dir.path().join("out");
    desk.send(Command::Export {
        dir: out.clone(),
        formats: vec![oncotwin::report::Format::Md],
    });
    let report = std::fs::read_to_string(out.join("report.md")).expect("written");
    assert!(report.contains("W-CHANGED") && report.contains("Draft \u{2013} not signed"));

    std::fs::write(file, original).expect("written");
    desk.restart();
    assert_eq!(entries(&desk, "series.restored"), 1);
    let warnings = desk.view().columns[0].series[0].warnings.clone();
    assert!(!warnings.iter().any(|w| w.starts_with("W-CHANGED")));
    desk.verify();
}

#[test]
fn crash_reports_are_offered_newest_first_and_put_away() {
    let dir = tempfile::tempdir().expect("a folder");
    let crashes = dir.path().join("crashes");
    std::fs::create_dir(&crashes).expect("made");
    for day in ["01", "02"] {
        let name = format!("crash-2026-03-{day}T10-00-00Z-7.txt");
        std::fs::write(crashes.join(name), format!("report of day {day}")).expect("written");
    }
    let mut session = start_after_crash(&dir.path().join("case"), 1, Some(crashes.clone()));
    let first = session.view().crash.expect("offered");
    assert_eq!(first.text, "report of day 02");
    assert!(first.summary.starts_with("2026-03-02T10-00-00Z: "));
    session.send(Command::SettleCrash { keep: true });
    assert_eq!(
        session.view().crash.expect("offered").text,
        "report of day 01"
    );
    session.send(Command::SettleCrash { keep: false });
    assert!(session.view().crash.is_none());
    assert!(session.state().messages().is_empty());
    assert!(
        crashes
            .join("seen/crash-2026-03-02T10-00-00Z-7.txt")
            .is_file()
    );
    assert_eq!(std::fs::read_dir(&crashes).expect("a folder").count(), 1);
}

#[test]
fn a_file_leads_to_its_series() {
    let mut desk = Desk::open();
    let source = desk.records().sources[3].clone();
    desk.send(Command::ShowChooser);
    desk.send(Command::LookAt {
        path: source.files[5].clone(),
    });
    let shown: Vec<SeriesId> = desk
        .view()
        .columns
        .iter()
        .filter_map(|c| c.shown.as_ref().map(|s| s.series))
        .collect();
    assert!(shown.contains(&source.series));

    let stray = desk.dir.path().join("study/truth.json");
    desk.send(Command::LookAt { path: stray });
    assert!(desk.session().view().header.is_some());
}
