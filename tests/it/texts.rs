//! Texts of the window: all are listed for translators, and none of a translation is stored.

mod extract;
mod mo;

use std::path::Path;
use std::process::Command;

use oncotwin::app::view::{HistoryRow, View};
use oncotwin::app::{Script, review};
use oncotwin::jobs::JobContext;
use oncotwin::phantom::{self, PhantomParams};
use oncotwin::texts;
use serde_json::{Value, json};

pub(crate) use extract::Message;

const POT: &str = "assets/texts/oncotwin.pot";
/// Set in a process that is to speak the language of `speaks`.
const SPEAKS: &str = "ONCOTWIN_TEST_LANGUAGE";
/// Encloses every text of that language. Longer than chance would make it in compressed data.
pub(crate) const OPEN: &str = "⟦·";
pub(crate) const CLOSE: &str = "·⟧";

/// The file for translators, from what the source says now. `UPDATE_TEXTS=1` writes it.
#[test]
fn the_file_for_translators_lists_every_text() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = extract::pot(&extract::messages(&root.join("src")));
    let path = root.join(POT);
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = made.lines().zip(kept.lines()).find(|(a, b)| a != b);
    assert!(
        made == kept,
        "{POT} is out of date (first at {differs:?}): run this test with UPDATE_TEXTS=1 and commit it"
    );
}

/// A language holds as long as its process, so that a test in one needs a process of its own: the
/// same test again. Answers whether this is it.
pub(crate) fn speaks(test: &str) -> bool {
    if std::env::var_os(SPEAKS).is_some() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let messages = extract::messages(&root.join("src"));
        let bracket = |text: &str| format!("{OPEN}{text}{CLOSE}");
        texts::install(&mo::catalog(&messages, bracket)).unwrap();
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(SPEAKS, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(said.contains("1 passed"), "{test} names no test:\n{said}");
    false
}

fn files(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn titles(view: &View) -> Vec<String> {
    let steps = &view.patient.as_ref().unwrap().history.steps;
    steps.iter().map(|s| HistoryRow::clone(s).title).collect()
}

#[test]
fn the_record_and_reports_are_in_english_whatever_the_window_speaks() {
    if !speaks("texts::the_record_and_reports_are_in_english_whatever_the_window_speaks") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let study = dir.path().join("study");
    let truth = phantom::generate(&PhantomParams::small(), &study, &JobContext::default()).unwrap();
    let lesion = |n: usize| {
        let known = truth.time_points[n]
            .lesions
            .iter()
            .find(|l| l.label == "L1");
        known.unwrap().long_axis.map(<[f64; 3]>::from)
    };
    let drag = |n: usize| {
        let [p0, p1] = lesion(n);
        json!({"do": "drag", "timepoint": n, "p0": p0, "p1": p1, "lesion": "L1"})
    };
    let [a, b] = lesion(0);
    let mut commands: Vec<Value> = vec![
        json!({"do": "open", "path": study}),
        json!({"do": "reader", "name": "A. Reader", "role": "radiologist"}),
    ];
    commands.extend((0..3).map(drag));
    commands.extend([
        json!({"do": "measure", "timepoint": 0, "figure": {"kind": "sphere", "center": a, "rim": b}}),
        json!({"do": "lesion", "lesion": "L1", "organ": "lung"}),
        json!({"do": "undo"}),
        json!({"do": "redo"}),
        json!({"do": "fit"}),
        json!({"do": "what_if", "scenario": {"change": "stop_treatment", "day": 60.0}}),
        json!({"do": "review", "timepoint": 0}),
        json!({"do": "sign", "timepoint": 0, "meaning": "authorship"}),
        json!({"do": "report", "formats": ["html", "md", "csv"]}),
    ]);
    let script: Script = serde_json::from_value(json!({"commands": commands})).unwrap();
    let (workspace, out) = (dir.path().join("case"), dir.path().join("out"));
    let mut session = super::review::session(&workspace);
    review::run(&mut session, &script, Path::new(""), &out).unwrap();

    let view = session.view();
    assert!(format!("{view:?}").contains(OPEN), "the window speaks it");
    let titles = titles(&view);
    assert!(titles.len() > 5, "{titles:?}");
    assert!(!titles.iter().any(|t| t.contains(OPEN)), "{titles:?}");
    drop(session);
    let mut written = Vec::new();
    files(&workspace, &mut written);
    files(&out, &mut written);
    assert!(written.len() > 5, "{written:?}");
    for file in written {
        let bytes = std::fs::read(&file).unwrap();
        let mark = OPEN.as_bytes();
        let found = bytes.windows(mark.len()).position(|w| w == mark);
        let near = found.map(|at| {
            let end = bytes.len().min(at + 120);
            String::from_utf8_lossy(&bytes[at.saturating_sub(60)..end]).into_owned()
        });
        assert!(near.is_none(), "{}: {near:?}", file.display());
    }
}
