//! What was opened, on the screen: the tree of files, headers, warnings, identities, empty slices.

use std::sync::Arc;

use egui::Key;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use oncotwin::app::Command;
use oncotwin::app::view::{
    FileKind, FileList, FileRow, FilesView, HeaderRow, HeaderView, JobId, Refusal, View,
};

use super::fixture;
use super::{Stage, harness, sent};

const SIZE: [f32; 2] = [1000.0, 640.0];

fn row(kind: FileKind, depth: usize, title: &str, detail: &str) -> FileRow {
    FileRow {
        kind,
        depth,
        title: title.into(),
        detail: detail.into(),
        warnings: Vec::new(),
        error: None,
        path: None,
        picture: None,
    }
}

fn item(title: &str, detail: &str, file: &str, warnings: &[(&str, &str)]) -> FileRow {
    FileRow {
        warnings: warnings
            .iter()
            .map(|(code, text)| ((*code).into(), (*text).into()))
            .collect(),
        path: Some(file.into()),
        ..row(FileKind::Item, 2, title, detail)
    }
}

fn refused(file: &str, code: &str, message: &str, hint: &str) -> FileRow {
    FileRow {
        error: Some(Arc::new(Refusal::new(code, message, file, hint))),
        path: Some(file.into()),
        ..row(FileKind::Refused, 1, file, "1 file")
    }
}

fn list() -> FileList {
    FileList {
        rows: vec![
            row(FileKind::Patient, 0, "Müller, Jürgen (4711)", "3 items"),
            row(FileKind::Study, 1, "2024-03-01", "2 items"),
            item(
                "CT Thorax portal venous",
                "512 × 512 × 214 · 211 files",
                "study/ct/1.dcm",
                &[
                    (
                        "W-GAP",
                        "3 slices are missing at z = 102.5, 105.0 and 107.5 mm",
                    ),
                    ("W-TILT", "the gantry was tilted by 18.5°"),
                ],
            ),
            item(
                "CT Topogram",
                "picture · 512 × 512 · 1 file",
                "study/ct/scout.dcm",
                &[],
            ),
            row(FileKind::Study, 1, "2024-05-02", "1 item"),
            item(
                "PT WB uncorrected",
                "128 × 128 × 267 · 267 files",
                "study/pt/1.dcm",
                &[("W-NOSUV", "no SUV: the injection time is missing")],
            ),
            row(FileKind::Heading, 0, "Not opened", "2 files"),
            refused(
                "IM0042.dcm",
                "E-DICOM",
                "element (7FE0,0010) declares 524288 bytes, 131072 are left",
                "the file is damaged or incomplete: copy or export it again",
            ),
            refused("empty.dcm", "E-EMPTY", "the file is empty", "copy it again"),
        ],
        others: vec![row(FileKind::Other, 1, "README.txt", "")],
        n_refused: 0,
    }
}

pub(super) fn with_files(mut view: View) -> View {
    view.files = Some(FilesView {
        shown: true,
        roots: vec!["/data/study".into()],
        scanning: None,
        n_found: 482,
        n_read: 482,
        list: Arc::new(list()),
    });
    view
}

pub(super) fn scanning(mut view: View) -> View {
    view = with_files(view);
    if let Some(files) = &mut view.files {
        files.scanning = Some(JobId(7));
        (files.n_found, files.n_read) = (10_000, 4_211);
        let mut list = list();
        list.rows.truncate(4);
        list.rows[2].warnings.clear();
        list.others.clear();
        list.n_refused = 2;
        files.list = Arc::new(list);
    }
    view
}

pub(super) fn header() -> HeaderView {
    let row = |depth, tag: &str, vr: &str, keyword: &str, value: &str| HeaderRow {
        depth,
        tag: tag.into(),
        vr: vr.into(),
        keyword: keyword.into(),
        value: value.into(),
        private_creator: String::new(),
    };
    let mut rows = vec![
        row(
            0,
            "(0002,0010)",
            "UI",
            "TransferSyntaxUID",
            "1.2.840.10008.1.2.4.70",
        ),
        row(0, "(0008,0060)", "CS", "Modality", "CT"),
        row(0, "(0008,1140)", "SQ", "ReferencedImageSequence", "1 item"),
        row(1, "item 1", "", "", ""),
        row(
            2,
            "(0008,1155)",
            "UI",
            "ReferencedSOPInstanceUID",
            "1.2.3.4",
        ),
        row(0, "(0010,0010)", "PN", "PatientName", "Müller^Jürgen"),
        row(0, "(0018,1120)", "DS", "GantryDetectorTilt", "-18.5"),
        row(
            0,
            "(0020,0032)",
            "DS",
            "ImagePositionPatient",
            "-125.0\\-96.2\\102.5",
        ),
    ];
    rows.push(HeaderRow {
        private_creator: "GEMS_HELIOS_01".into(),
        ..row(0, "(0045,1001)", "SS", "", "16")
    });
    rows.extend((0..5000).map(|n| row(0, "(5400,0100)", "OW", "WaveformData", &n.to_string())));
    HeaderView {
        path: "/data/study/ct/1.dcm".into(),
        format: "DICOM".into(),
        rows: rows.into(),
        pending: false,
        error: String::new(),
    }
}

fn stage(view: View) -> Harness<'static, Stage> {
    let mut harness = harness(view, SIZE);
    harness.run();
    sent(&mut harness);
    harness
}

#[test]
fn the_tree_names_what_was_refused_and_folds_what_is_none_of_ours() {
    let mut harness = stage(with_files(fixture::chooser(true)));
    harness.get_by_label_contains("element (7FE0,0010)");
    harness.get_by_label_contains("the file is damaged or incomplete");
    assert!(harness.query_by_label_contains("README.txt").is_none());
    harness.get_by_label_contains("Other files (1)").click();
    harness.run();
    harness.get_by_label_contains("README.txt");

    harness
        .get_by_label("CT Topogram · picture · 512 × 512 · 1 file")
        .click();
    harness.run();
    harness
        .get_by_label("Look again, reading only what changed")
        .click();
    harness.run();
    harness.get_by_label("Hide the list of files").click();
    harness.run();
    assert_eq!(
        sent(&mut harness),
        [
            Command::LookAt {
                path: "study/ct/scout.dcm".into()
            },
            Command::LookAgain,
            Command::ShowFiles { shown: false },
        ]
    );
}

#[test]
fn a_search_keeps_what_a_row_lies_under() {
    let mut harness = stage(with_files(fixture::chooser(true)));
    harness.get_by_label("Find in files").focus();
    harness.run();
    harness.get_by_label("Find in files").type_text("nosuv");
    harness.run();
    harness.get_by_label("PT WB uncorrected · 128 × 128 × 267 · 267 files");
    harness.get_by_label("Müller, Jürgen (4711)");
    assert!(harness.query_by_label_contains("CT Topogram").is_none());
    assert!(harness.query_by_label_contains("E-EMPTY").is_none());
}

#[test]
fn chips_show_the_rows_of_their_state_and_no_others() {
    let mut harness = stage(with_files(fixture::chooser(true)));
    harness.get_by_label("2 refused").click();
    harness.run();
    harness.get_by_label("IM0042.dcm · 1 file");
    harness.get_by_label("empty.dcm · 1 file");
    assert!(harness.query_by_label_contains("CT Thorax").is_none());
    assert!(harness.query_by_label_contains("Other files").is_none());
    harness.get_by_label("2 refused").click();
    harness.get_by_label("1 loaded").click();
    harness.run();
    harness.get_by_label("CT Topogram · picture · 512 × 512 · 1 file");
    assert!(harness.query_by_label_contains("CT Thorax").is_none());
    harness.get_by_label("1 loaded").click();
    harness.get_by_label("Find in files").focus();
    harness.run();
    harness.get_by_label("Find in files").type_text("warned");
    harness.run();
    harness.get_by_label("CT Thorax portal venous · 512 × 512 × 214 · 211 files");
    harness.get_by_label("PT WB uncorrected · 128 × 128 × 267 · 267 files");
    assert!(harness.query_by_label_contains("CT Topogram").is_none());
}

#[test]
fn a_state_asked_for_hides_nothing_of_the_next_scan() {
    let thorax = "CT Thorax portal venous · 512 × 512 × 214 · 211 files";
    let mut harness = stage(with_files(fixture::chooser(true)));
    harness.get_by_label("2 refused").click();
    harness.run();
    assert!(harness.query_by_label(thorax).is_none());
    harness.state_mut().view = scanning(fixture::chooser(true));
    harness.run();
    harness.get_by_label(thorax);
    // Nor of what it found.
    harness.state_mut().view = with_files(fixture::chooser(true));
    harness.run();
    harness.get_by_label(thorax);
}

#[test]
fn a_scan_can_be_stopped_while_its_tree_grows() {
    let mut harness = stage(scanning(fixture::chooser(true)));
    harness.get_by_label_contains("4211 of 10000 files read");
    harness.get_by_label("Stop").click();
    harness.run();
    assert_eq!(sent(&mut harness), [Command::CancelJob { job: JobId(7) }]);
}

#[test]
fn a_click_on_a_code_opens_its_page_and_escape_closes_it() {
    let mut harness = stage(with_files(fixture::chooser(true)));
    harness.get_by_label("Explain W-GAP").click();
    harness.run();
    harness.get_by_label_contains("W-GAP: slices are missing");
    harness.get_by_label_contains("What it does to measurements");
    harness.key_press(Key::Escape);
    harness.run();
    assert!(
        harness
            .query_by_label_contains("W-GAP: slices are missing")
            .is_none()
    );
    harness.get_by_label("Explain E-DICOM").click();
    harness.run();
    harness.get_by_label_contains("E-DICOM: a damaged DICOM file");
    harness.get_by_label_contains("About this refusal");
}

#[test]
fn a_header_is_searched_by_tag_keyword_and_value() {
    let mut view = fixture::loaded(true);
    view.header = Some(header());
    let mut harness = stage(view);
    harness.get_by_label_contains("PatientName");
    for (find, found) in [
        ("00181120", "GantryDetectorTilt"),
        ("patientname", "Müller^Jürgen"),
        ("102.5", "ImagePositionPatient"),
        ("gems", "(0045,1001)"),
    ] {
        harness.state_mut().view.header = Some(header());
        harness.get_by_label("Find in header").focus();
        harness.run();
        harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
        harness.run();
        harness.get_by_label("Find in header").type_text(find);
        harness.run();
        harness.get_by_label_contains(found);
        harness.get_by_label("1 of 5009 rows");
    }
    sent(&mut harness);
    harness.key_press(Key::Escape);
    harness.run();
    harness.key_press(Key::Escape);
    harness.run();
    assert!(sent(&mut harness).contains(&Command::HideHeader));
}

#[test]
fn a_mix_up_waits_for_a_reason() {
    let mut view = fixture::loaded(true);
    if let Some(patient) = &mut view.patient {
        patient.dispute = Some("1 series of this patient may be of another person".into());
    }
    let mut harness = stage(view);
    harness
        .get_by_label("State why they are one person…")
        .click();
    harness.run();
    harness.get_by_label("Reason for one person").focus();
    harness.run();
    harness
        .get_by_label("Reason for one person")
        .type_text("the birth date was corrected at the second visit");
    harness.run();
    harness.get_by_label("They belong to one person").click();
    harness.run();
    assert_eq!(
        sent(&mut harness),
        [Command::StateOnePerson {
            reason: "the birth date was corrected at the second visit".into()
        }]
    );
}

#[test]
fn files_headers_and_empty_slices_look_as_before() {
    let mut results = egui_kittest::SnapshotResults::new();
    for dark in [true, false] {
        let theme = if dark { "dark" } else { "light" };
        let mut with_header = with_files(fixture::loaded(dark));
        with_header.header = Some(header());
        let mut empty = fixture::loaded(dark);
        if let Some(patient) = &mut empty.patient {
            patient.dispute = Some(
                "1 series of this patient may be of another person: the patient number is that of the other studies, but name and birth date differ".into(),
            );
            if let Some(slice) = &mut patient.columns[0].shown {
                slice.is_void = true;
                slice.overlays.clear();
                slice.badges = vec![
                    "lossy".into(),
                    "tilt 18.5°".into(),
                    "3 slices missing".into(),
                ];
            }
        }
        for (name, view, page) in [
            ("files", with_files(fixture::chooser(dark)), None),
            ("files_scanning", scanning(fixture::chooser(dark)), None),
            (
                "files_page",
                with_files(fixture::chooser(dark)),
                Some("Explain W-TILT"),
            ),
            ("header", with_header, None),
            ("slice_missing", empty, None),
        ] {
            let mut harness = harness(view, SIZE);
            harness.run();
            if let Some(chip) = page {
                harness.get_by_label(chip).click();
                harness.run();
            }
            harness.snapshot(format!("{name}_{theme}"));
            results.extend_harness(&mut harness);
        }
    }
}
