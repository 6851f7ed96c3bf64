//! Studies that come under one patient number and may be of two people.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use oncotwin::app::{Command, Session, SessionConfig};
use oncotwin::geometry::Point;
use oncotwin::jobs::JobContext;
use oncotwin::phantom::{self, PhantomParams};
use oncotwin::segment::Prompt;
use oncotwin::store::Access;
use oncotwin::units::Days;
use oncotwin::warning::WarningCode;

fn start(workspace: &Path) -> Session {
    let mut session = Session::start(SessionConfig {
        workspace: workspace.to_owned(),
        samples: Vec::new(),
        version: "test".to_owned(),
        anchors: None,
        preferences: None,
        access: Access::WriteOrRead,
        models: None,
        crashes: None,
        seed: [7; 32],
        clock: Arc::new(|| Timestamp::from_second(1_700_000_000).expect("in range")),
        wake: Arc::new(|| {}),
    })
    .expect("the workspace opens");
    session.settle();
    session
}

fn send(session: &mut Session, command: Command) {
    session.send(command);
    session.settle();
}

/// The same bytes with other text of the same length.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut out = bytes.to_vec();
    for at in 0..out.len() - from.len() {
        if out[at..].starts_with(from) {
            out[at..at + to.len()].copy_from_slice(to);
        }
    }
    out
}

/// One visit, and another that differs in birth date.
fn two_visits(dir: &Path) -> [std::path::PathBuf; 2] {
    let params = PhantomParams {
        days: vec![Days(0.0)],
        shape: [128, 128, 12],
        ..PhantomParams::small()
    };
    let first = dir.join("first");
    phantom::generate(&params, &first, &JobContext::default()).expect("written");
    let second = dir.join("second");
    std::fs::create_dir(&second).expect("folder");
    let mut n = 0;
    let mut folders = vec![first.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("listed") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "dcm") {
                let bytes = std::fs::read(&path).expect("read");
                let bytes = replaced(&bytes, b"19600101", b"19620202");
                let bytes = replaced(&bytes, b"20240115", b"20240315");
                std::fs::write(second.join(format!("{n}.dcm")), bytes).expect("written");
                n += 1;
            }
        }
    }
    assert_eq!(n, 12);
    [first, second]
}

#[test]
fn a_mix_up_bars_comparing_until_a_reason_is_stated() {
    let dir = tempfile::tempdir().expect("a folder");
    let [first, second] = two_visits(dir.path());
    let workspace = dir.path().join("case");
    let mut session = start(&workspace);
    send(&mut session, Command::Open { paths: vec![first] });
    let view = session.view().patient.expect("shown");
    assert_eq!(view.dispute, None);
    send(
        &mut session,
        Command::Open {
            paths: vec![second],
        },
    );

    let view = session.view().patient.expect("shown");
    let dispute = view.dispute.clone().expect("a dispute");
    assert!(dispute.contains("birth date differs"), "{dispute}");
    let series = &session.state().records().series;
    assert_eq!(series.len(), 2);
    let warned = series
        .iter()
        .filter(|s| s.warnings.iter().any(|w| w.code == WarningCode::Patient));
    assert_eq!(warned.count(), 1);

    // Nothing is drawn meanwhile.
    let draw = Command::Prompt {
        series: view.columns[0].series[0].id,
        lesion: None,
        prompt: Prompt::Drag {
            ends: [Point::new(0.0, 0.0, 0.0), Point::new(10.0, 0.0, 0.0)],
        },
    };
    send(&mut session, draw.clone());
    assert!(session.state().records().annotations.is_empty());
    send(
        &mut session,
        Command::StateOnePerson {
            reason: "  ".into(),
        },
    );
    assert!(session.view().patient.expect("shown").dispute.is_some());

    let reason = "the registry corrected the birth date";
    send(
        &mut session,
        Command::StateOnePerson {
            reason: reason.into(),
        },
    );
    assert_eq!(session.view().patient.expect("shown").dispute, None);
    send(&mut session, draw);
    assert_eq!(session.state().records().annotations.len(), 1);
    // The warning stays beside the series, also in the next session.
    drop(session);
    let mut session = start(&workspace);
    let view = session.view().patient.expect("shown");
    assert_eq!(view.dispute, None);
    let tabs = view.columns.iter().flat_map(|c| &c.series);
    assert!(
        tabs.flat_map(|s| &s.warnings)
            .any(|w| w.starts_with("W-PATIENT"))
    );
}

#[test]
fn a_series_in_an_archive_is_found_again_and_its_change_noticed() {
    let dir = tempfile::tempdir().expect("a folder");
    let [first, second] = two_visits(dir.path());
    let archive = dir.path().join("study.zip");
    let pack = |files: &Path| {
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&archive).expect("created"));
        let mut folders = vec![files.to_owned()];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("listed") {
                let path = entry.expect("entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "dcm") {
                    found.push(path);
                }
            }
        }
        found.sort();
        for (n, path) in found.iter().enumerate() {
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file(format!("series/{n:03}.dcm"), options)
                .expect("begun");
            let bytes = std::fs::read(path).expect("read");
            std::io::Write::write_all(&mut zip, &bytes).expect("packed");
        }
        zip.finish().expect("finished");
    };
    pack(&first);
    let workspace = dir.path().join("case");
    let mut session = start(&workspace);
    let open = Command::Open {
        paths: vec![archive.clone()],
    };
    send(&mut session, open.clone());
    let shown = |session: &mut Session| {
        let view = session.view().patient.expect("shown");
        view.columns[0].shown.is_some()
    };
    assert!(shown(&mut session));
    let files = session.view().files.expect("listed");
    assert_eq!((files.n_read, files.scanning), (13, None));

    drop(session);
    let mut session = start(&workspace);
    assert!(
        shown(&mut session),
        "found again by the paths of its members"
    );
    send(&mut session, open);
    assert_eq!(session.state().records().series.len(), 1, "relinked");

    drop(session);
    pack(&second);
    let session = start(&workspace);
    let warnings = &session.state().records().series[0].warnings;
    assert!(warnings.iter().any(|w| w.code == WarningCode::Changed));
}
