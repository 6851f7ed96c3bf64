//! Opening through a session, as the window does: what it says of what it could not open.

use std::path::Path;

use oncotwin::app::Command;
use oncotwin::app::view::{FileState, Severity};
use tempfile::TempDir;

use crate::common::shared;
use crate::review::session;

#[test]
fn a_path_that_is_not_there_is_refused_in_the_list_and_in_a_message() {
    let dir = TempDir::new().expect("temporary folder");
    let missing = dir.path().join("nowhere");
    let mut session = session(&dir.path().join("workspace"));
    session.send(Command::Open {
        paths: vec![missing.clone()],
    });
    session.settle();
    let view = session.view();
    let said = view.messages.last().expect("a message");
    assert_eq!(said.severity, Severity::Error);
    assert_eq!(
        said.text,
        format!(
            "E-READ: there is no such file or folder ({})",
            missing.display()
        )
    );
    assert!(!said.hint.is_empty());
    let files = view.files.expect("a list");
    assert!(files.shown && files.scanning.is_none());
    assert_eq!(files.list.count(FileState::Refused), 1);
    let row = files.list.rows.last().expect("a row");
    assert_eq!(row.error.as_ref().map(|e| &*e.code), Some("E-READ"));
    // One missing path among several keeps nobody from the others.
    let here = dir.path().join("notes.txt");
    std::fs::write(&here, "nothing").expect("written");
    session.send(Command::Open {
        paths: vec![missing, here],
    });
    session.settle();
    let files = session.view().files.expect("a list");
    assert_eq!(files.list.count(FileState::Refused), 1);
    assert_eq!(files.list.others.len(), 1);
}

#[test]
fn without_a_dialog_of_the_system_the_window_says_what_else_can_be_done() {
    let dir = TempDir::new().expect("temporary folder");
    let mut session = session(&dir.path().join("workspace"));
    for (export, way) in [(false, "Drop files"), (true, "oncotwin report")] {
        session.send(Command::NoDialog { export });
        let view = session.view();
        let said = view.messages.last().expect("a message");
        assert!(said.hint.contains(way), "{}", said.hint);
    }
}

#[test]
fn colour_pictures_alone_are_shown_and_not_complained_of() {
    let Some(picture) = shared("data/A8_pydicom_files/pydicom-data/SC_rgb.dcm") else {
        return;
    };
    let dir = TempDir::new().expect("temporary folder");
    let mut session = session(&dir.path().join("workspace"));
    session.send(Command::Open {
        paths: vec![picture],
    });
    session.settle();
    let view = session.view();
    assert!(view.messages.is_empty(), "{:?}", view.messages);
    let shown = view.picture.expect("a picture");
    assert!(shown.image.is_some() && shown.error.is_empty());
    assert!(view.files.is_some_and(|f| f.shown));
    // Its patient is not entered: there is nothing to measure.
    assert!(view.patient.is_none());
}

/// A NIfTI-1 file of 8 × 8 × 4 voxels at `x` mm, with values from 0 up to `n`.
fn nifti(path: &Path, x: f32, n: i16) {
    let mut bytes = vec![0u8; 352];
    bytes[..4].copy_from_slice(&348i32.to_le_bytes());
    for (at, v) in [
        (40, 3i16),
        (42, 8),
        (44, 8),
        (46, 4),
        (70, 4),
        (72, 16),
        (254, 1),
    ] {
        bytes[at..at + 2].copy_from_slice(&v.to_le_bytes());
    }
    let rows = [
        [1.0, 0.0, 0.0, x],
        [0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 2.0, 0.0],
    ];
    let reals = [(76, 1.0), (80, 1.0), (84, 1.0), (88, 2.0), (108, 352.0f32)];
    let rows = rows.iter().flatten().enumerate();
    for (at, v) in reals
        .into_iter()
        .chain(rows.map(|(i, v)| (280 + 4 * i, *v)))
    {
        bytes[at..at + 4].copy_from_slice(&v.to_le_bytes());
    }
    bytes[123] = 2;
    bytes[344..348].copy_from_slice(b"n+1\0");
    let values = (0..256i16).map(|v| v % (n + 1));
    bytes.extend(values.flat_map(i16::to_le_bytes));
    std::fs::write(path, bytes).expect("written");
}

/// Titles of the visits of what is opened, with the warnings of their series.
fn visits(folder: &Path) -> Vec<Vec<String>> {
    let dir = TempDir::new().expect("temporary folder");
    let mut session = session(&dir.path().join("workspace"));
    session.send(Command::Open {
        paths: vec![folder.to_owned()],
    });
    session.settle();
    let patient = session.view().patient.expect("a patient");
    let columns = patient.columns.iter();
    columns
        .map(|c| c.series.iter().flat_map(|s| s.warnings.clone()).collect())
        .collect()
}

#[test]
fn files_without_a_date_on_one_grid_are_one_visit() {
    let dir = TempDir::new().expect("temporary folder");
    let file = |name: &str| dir.path().join(name);
    nifti(&file("FLAIR.nii"), 0.0, 200);
    nifti(&file("T1.nii"), 0.0005, 180);
    nifti(&file("lesion_mask.nii"), 0.0, 1);
    let warnings = visits(dir.path());
    assert_eq!(warnings.len(), 1);
    // The mask is no image.
    assert_eq!(warnings[0].len(), 2, "{warnings:?}");
    assert!(warnings[0][1].contains("the same grid"), "{warnings:?}");
    // Another grid is another examination; nothing tells which came first.
    nifti(&file("T1_later.nii"), 40.0, 180);
    let warnings = visits(dir.path());
    assert_eq!(warnings.len(), 2);
    assert!(
        warnings[1]
            .iter()
            .any(|w| w.contains("the order in which they were opened"))
    );
}

#[test]
fn dates_in_names_tell_visits_on_one_grid_apart() {
    let dir = TempDir::new().expect("temporary folder");
    nifti(&dir.path().join("2024-01-05_T1.nii"), 0.0, 200);
    nifti(&dir.path().join("2024-01-05_T2.nii"), 0.0, 180);
    nifti(&dir.path().join("2024-04-09_T1.nii"), 0.0, 190);
    assert_eq!(visits(dir.path()).len(), 2);
    for [one, other] in [
        ["T1_20240301120000_2.nii", "T1_20240901120000_2.nii"],
        ["sub-01_ses-01_T1w.nii", "sub-01_ses-02_T1w.nii"],
    ] {
        let dir = TempDir::new().expect("temporary folder");
        nifti(&dir.path().join(one), 0.0, 200);
        nifti(&dir.path().join(other), 0.0, 190);
        assert_eq!(visits(dir.path()).len(), 2, "{one} {other}");
    }
}

#[test]
fn as_many_refusals_are_told_as_are_listed() {
    let Some(set) = shared("data/A8_pydicom_files/pydicom-3.0.2") else {
        return;
    };
    let dir = TempDir::new().expect("temporary folder");
    let mut session = session(&dir.path().join("workspace"));
    session.send(Command::Open { paths: vec![set] });
    session.settle();
    let view = session.view();
    let n = view.files.expect("a list").list.count(FileState::Refused);
    let told = format!("{n} items could not be opened; the first: E-");
    let mut messages = view.messages.iter();
    assert!(messages.any(|m| m.text.starts_with(&told)), "{told}");
}
