//! What a user does when things go wrong: backups, restoring, salvage, crash reports.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::path::Path;

use jiff::Timestamp;
use oncotwin::case::*;
use oncotwin::jobs::JobContext;
use oncotwin::measure::{AxisLine, Measured};
use oncotwin::store::{
    Access, Error, OpenOptions, VerifyOptions, VerifyReport, Workspace, encode_mask,
};
use oncotwin::units::{Bulk, Length, Mm, Mm3};
use oncotwin::volume::{IntensityUnit, MaskRuns, Modality};
use uuid::Uuid;

mod backups;
mod salvage;
mod verbs;

fn verify(dir: &Path) -> Result<VerifyReport, Error> {
    oncotwin::store::verify(dir, &VerifyOptions::default())
}

fn options() -> OpenOptions {
    OpenOptions {
        clock: Box::new(Timestamp::now),
        app_version: "0.1.0-test".to_owned(),
        anchors: None,
        access: Access::Write,
        file_system: None,
    }
}

fn open(dir: &Path) -> (Workspace, Records) {
    let (workspace, opened) = Workspace::open(dir, options()).unwrap();
    (workspace, opened.records)
}

fn now() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap()
}

fn job() -> JobContext {
    JobContext::default()
}

fn audited(changes: Vec<Change>, artifacts: Vec<String>) -> Transaction {
    let mut note = AuditNote::new("test.change", AuditAction::C, "test", Uuid::new_v4());
    note.artifacts = artifacts;
    Transaction {
        id: StepId(Uuid::new_v4()),
        changes,
        inverse: Vec::new(),
        audit: Some(note),
    }
}

/// Objects of one patient: a visit, a series, a lesion and a gesture with its mask.
fn patient(workspace: &Workspace, n: usize) -> Transaction {
    let patient = PatientId(Uuid::new_v4());
    let time_point = TimePointId(Uuid::new_v4());
    let series = SeriesId(Uuid::new_v4());
    let lesion = LesionId(Uuid::new_v4());
    let annotation = AnnotationId(Uuid::new_v4());
    let created = now();
    let mask = MaskRuns {
        shape: [64, 64, 8],
        runs: (0..40).map(|k| (k * 100 + n % 50, 20)).collect(),
    };
    let artifact = workspace
        .artifacts()
        .put(&encode_mask(&mask).unwrap())
        .unwrap();
    let point = |x: f64| [x, 2.0, 3.0].into();
    let axis = AxisLine {
        length: Length::Mm(Mm(10.0)),
        ends: [point(0.0), point(10.0)],
    };
    let changes = vec![
        Change::PutPatient(
            Patient {
                id: patient,
                created,
            },
            PatientIdentity {
                patient,
                code: format!("MRN-{n}"),
                name: "Yamada^Tarou=山田^太郎".into(),
                birth_date: None,
                sex: "O".into(),
            },
        ),
        Change::PutTimePoint(TimePoint {
            id: time_point,
            patient,
            date: None,
            order: 0,
            by_user: false,
        }),
        Change::PutSeries(Series {
            id: series,
            patient,
            time_point,
            modality: Modality::CT,
            unit: IntensityUnit::Hounsfield,
            study_date: None,
            frame_of_reference: "1.2.840.1".into(),
            shape: [64, 64, 8],
            spacing_mm: [1.0; 3],
            calibrated: true,
            fingerprint: "af".repeat(32),
            warnings: Vec::new(),
            pet: None,
            frame: None,
        }),
        Change::PutSource(SeriesSource {
            series,
            root: "/scans".into(),
            item: 0,
            series_uid: "1.2.3".into(),
            description: "thorax".into(),
            files: (0..5).map(|k| format!("{n}/{k}.dcm").into()).collect(),
        }),
        Change::PutLesion(Lesion {
            id: lesion,
            patient,
            label: "L1".into(),
            organ: "liver".into(),
            role: LesionRole::Target,
            nodal: false,
        }),
        Change::PutAnnotation(Annotation {
            id: annotation,
            lesion,
            series,
            marking: Marking::of_drag([point(0.0), point(10.0)]),
            created,
        }),
        Change::PutSegmented(Segmented {
            annotation,
            engine: "growcut/1".into(),
            mask_sha256: "0e".repeat(32),
            artifact_sha256: artifact.clone(),
            measured: Measured {
                voxels: 800,
                volume: Bulk::Mm3(Mm3(800.0)),
                long_axis: axis,
                short_axis: axis,
                axis_slice: 3,
                values: None,
            },
            confidence: 0.9,
            warnings: Vec::new(),
            partial_volume: None,
            propagated: Vec::new(),
            consistency: None,
        }),
    ];
    audited(changes, vec![artifact])
}

/// A closed workspace with `n` patients; what it holds.
fn filled(dir: &Path, n: usize) -> Records {
    let (workspace, _) = open(dir);
    for k in 0..n {
        let transaction = patient(&workspace, k);
        workspace.commit_now(transaction).unwrap();
    }
    drop(workspace);
    open(dir).1
}

/// Names in a folder, sorted.
fn listing(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
