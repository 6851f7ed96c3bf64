//! The workspace: what is committed stays, what is altered is found.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::date;
use oncotwin::case::*;
use oncotwin::geometry::Point;
use oncotwin::measure::{AxisLine, Measured};
use oncotwin::store::{
    Answer, DefectKind, Error, Workspace, apply_in_memory, decode_mask, encode_mask, verify,
};
use oncotwin::twin::ScenarioChange;
use oncotwin::units::{Bulk, Length, Mm, Mm3, Px};
use oncotwin::volume::{IntensityUnit, MaskRuns, Modality, Statistics, WindowLevel};
use oncotwin::warning::{Warning, WarningCode};
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::json;
use uuid::Uuid;

/// A clock that moves one second per look, from 2026 on.
fn clock() -> impl Fn() -> Timestamp + Send + 'static {
    let second = AtomicI64::new(1_767_225_600);
    move || Timestamp::from_second(second.fetch_add(1, Ordering::Relaxed)).unwrap()
}

fn open(dir: &Path) -> (Workspace, Records) {
    Workspace::open(dir, clock(), "0.1.0-test").unwrap()
}

fn id(kind: u8, n: u8) -> Uuid {
    Uuid::from_bytes([kind, n, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0])
}

fn note(event: &str, object: impl ToString) -> AuditNote {
    AuditNote {
        event: event.into(),
        action: AuditAction::C,
        object_type: event.split('.').next().unwrap_or_default().into(),
        object_id: object.to_string(),
        detail: json!({"n": 1.5, "engine": "growcut/1"}),
        artifacts: Vec::new(),
    }
}

fn audited(changes: Vec<Change>) -> Transaction {
    Transaction {
        changes,
        audit: Some(note("test.change", id(9, 9))),
    }
}

fn patient(n: u8) -> Change {
    let id = PatientId(id(1, n));
    Change::PutPatient(
        Patient {
            id,
            created: Timestamp::from_second(i64::from(n)).unwrap(),
        },
        PatientIdentity {
            patient: id,
            code: format!("MRN-{n}"),
            name: "Yamada^Tarou=山田^太郎".into(),
            birth_date: Some(date(1950, 2, 28)),
            sex: "O".into(),
        },
    )
}

fn new_patient() -> (PatientId, Transaction) {
    let id = PatientId(Uuid::new_v4());
    let Change::PutPatient(mut patient, mut identity) = patient(1) else {
        unreachable!()
    };
    patient.id = id;
    identity.patient = id;
    let transaction = Transaction {
        changes: vec![Change::PutPatient(patient, identity)],
        audit: Some(note("patient.create", id)),
    };
    (id, transaction)
}

/// A workspace with `n` audited patients and one artifact, closed again.
fn filled(dir: &Path, n: usize) -> String {
    let (workspace, _) = open(dir);
    let artifact = workspace.artifacts().put(b"an artifact").unwrap();
    for k in 0..n {
        let (_, mut transaction) = new_patient();
        if k == 1 {
            let audit = transaction.audit.as_mut().unwrap();
            audit.artifacts = vec![artifact.clone()];
        }
        workspace.commit_now(transaction).unwrap();
    }
    artifact
}

mod round_trip {
    use super::*;

    fn real() -> impl Strategy<Value = f64> {
        proptest::num::f64::NORMAL | proptest::num::f64::ZERO | proptest::num::f64::SUBNORMAL
    }

    fn point() -> impl Strategy<Value = Point> {
        [real(), real(), real()].prop_map(Point::from)
    }

    fn warnings() -> impl Strategy<Value = Vec<Warning>> {
        let files = proptest::collection::vec(any::<String>(), 0..3);
        let warning = (any::<String>(), files).prop_map(|(message, files)| Warning {
            code: WarningCode::Gap,
            message,
            files,
        });
        proptest::collection::vec(warning, 0..3)
    }

    fn day() -> impl Strategy<Value = jiff::civil::Date> {
        (1900i16..2100, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| date(y, m, d))
    }

    fn time() -> impl Strategy<Value = Timestamp> {
        any::<i64>().prop_map(|ns| Timestamp::from_nanosecond(i128::from(ns)).unwrap())
    }

    fn length() -> impl Strategy<Value = Length> {
        prop_oneof![
            real().prop_map(|x| Length::Mm(Mm(x))),
            real().prop_map(|x| Length::Px(Px(x))),
        ]
    }

    fn axis() -> impl Strategy<Value = AxisLine> {
        (length(), point(), point()).prop_map(|(length, a, b)| AxisLine {
            length,
            ends: [a, b],
        })
    }

    fn measured() -> impl Strategy<Value = Measured> {
        let volume = prop_oneof![
            real().prop_map(|x| Bulk::Mm3(Mm3(x))),
            real().prop_map(Bulk::Voxels),
        ];
        let values = proptest::option::of(([real(), real(), real(), real()], 0usize..1 << 40))
            .prop_map(|v| {
                v.map(|([min, max, mean, sd], n)| Statistics {
                    min,
                    max,
                    mean,
                    sd,
                    n,
                    n_void: n / 2,
                })
            });
        (0usize..1 << 50, volume, axis(), axis(), values).prop_map(
            |(voxels, volume, long_axis, short_axis, values)| Measured {
                voxels,
                volume,
                long_axis,
                short_axis,
                axis_slice: voxels % 1000,
                values,
            },
        )
    }

    fn view() -> impl Strategy<Value = SeriesView> {
        let window = proptest::option::of((real(), real()));
        (0usize..1000, window, real(), [real(), real()]).prop_map(|(slice, window, zoom, pan)| {
            SeriesView {
                slice,
                window: window.map(|(center, width)| WindowLevel { center, width }),
                zoom,
                pan,
            }
        })
    }

    /// An object out of three and its patient: mostly its own (0 and 1 of the first patient, 2 of
    /// the second), sometimes any.
    fn owned() -> impl Strategy<Value = (u8, u8)> {
        prop_oneof![
            9 => (0u8..3).prop_map(|n| (n, n / 2)),
            1 => (0u8..3, 0u8..2),
        ]
    }

    fn series() -> impl Strategy<Value = Series> {
        let modality = prop_oneof![
            Just(Modality::CT),
            Just(Modality::PT),
            Just(Modality::Other("US".into())),
            Just(Modality::Other(String::new())),
        ];
        let unit = prop_oneof![
            Just(IntensityUnit::Hounsfield),
            Just(IntensityUnit::SuvBodyWeight),
            Just(IntensityUnit::BecquerelPerMl),
            Just(IntensityUnit::Arbitrary),
        ];
        let ids = prop_oneof![
            4 => (0u8..3).prop_map(|s| ((s, s / 2), s)),
            1 => (owned(), 0u8..3),
        ];
        let rest = ([real(), real(), real()], any::<bool>(), warnings());
        (ids, modality, unit, proptest::option::of(day()), rest).prop_map(
            |(((s, p), t), modality, unit, study_date, (spacing_mm, calibrated, warnings))| {
                Series {
                    id: SeriesId(id(3, s)),
                    patient: PatientId(id(1, p)),
                    time_point: TimePointId(id(2, t)),
                    modality,
                    unit,
                    study_date,
                    frame_of_reference: "1.2.840.1".into(),
                    shape: [512, 512, 60],
                    spacing_mm,
                    calibrated,
                    fingerprint: "af".repeat(32),
                    warnings,
                }
            },
        )
    }

    fn source() -> impl Strategy<Value = SeriesSource> {
        let files = proptest::collection::vec(any::<String>(), 0..4);
        (0u8..3, any::<[String; 3]>(), files).prop_map(|(s, [root, uid, description], files)| {
            SeriesSource {
                series: SeriesId(id(3, s)),
                root: root.into(),
                item: 7,
                series_uid: uid,
                description,
                files: files.into_iter().map(Into::into).collect(),
            }
        })
    }

    fn lesion() -> impl Strategy<Value = Lesion> {
        let role = prop_oneof![
            Just(LesionRole::Target),
            Just(LesionRole::NonTarget),
            Just(LesionRole::New),
        ];
        let label = prop_oneof![
            4 => Just(None),
            1 => (0u8..3).prop_map(Some),
        ];
        (owned(), label, role, any::<bool>()).prop_map(|((l, p), label, role, nodal)| {
            let label = label.unwrap_or(l);
            Lesion {
                id: LesionId(id(4, l)),
                patient: PatientId(id(1, p)),
                label: format!("L{label}"),
                organ: "liver".into(),
                role,
                nodal,
            }
        })
    }

    fn annotation() -> impl Strategy<Value = Annotation> {
        let ids = prop_oneof![
            4 => (0u8..4, 0u8..3).prop_map(|(a, l)| (a, l, l)),
            1 => (0u8..4, 0u8..3, 0u8..3),
        ];
        (ids, point(), point(), time()).prop_map(|((a, l, s), p0, p1, created)| Annotation {
            id: AnnotationId(id(5, a)),
            lesion: LesionId(id(4, l)),
            series: SeriesId(id(3, s)),
            prompt: Prompt::Diameter { p0, p1 },
            created,
        })
    }

    fn treatment() -> impl Strategy<Value = Treatment> {
        let kind = prop_oneof![
            Just(TreatmentKind::Systemic),
            Just(TreatmentKind::Radiotherapy),
            Just(TreatmentKind::Surgery),
            Just(TreatmentKind::Stop),
            Just(TreatmentKind::Note),
        ];
        let dose = proptest::option::of(real());
        ((0u8..2, 0u8..2), day(), kind, any::<String>(), dose, real()).prop_map(
            |((t, p), date, kind, name, dose, duration_days)| Treatment {
                id: TreatmentId(id(6, t)),
                patient: PatientId(id(1, p)),
                date,
                kind,
                name,
                dose,
                unit: "Gy".into(),
                duration_days,
            },
        )
    }

    fn change(artifact: String) -> impl Strategy<Value = Change> {
        let segmented = (0u8..4, measured(), real(), warnings()).prop_map(
            move |(a, measured, confidence, warnings)| Segmented {
                annotation: AnnotationId(id(5, a)),
                engine: "growcut/1".into(),
                mask_sha256: "0e".repeat(32),
                artifact_sha256: artifact.clone(),
                measured,
                confidence,
                warnings,
            },
        );
        let time_point = (owned(), proptest::option::of(day()), any::<bool>());
        let time_point = time_point.prop_map(|((t, p), date, by_user)| TimePoint {
            id: TimePointId(id(2, t)),
            patient: PatientId(id(1, p)),
            date,
            order: u32::from(t),
            by_user,
        });
        // Quarters of days are exact in JSON.
        let scenario = (0u8..2, 0u8..2, 0u16..2000).prop_map(|(s, p, quarters)| Scenario {
            id: ScenarioId(id(7, s)),
            patient: PatientId(id(1, p)),
            change: ScenarioChange::StopTreatment {
                day: f64::from(quarters) / 4.0,
            },
        });
        let removal = (0u8..6, 0u8..3).prop_map(|(kind, n)| match kind {
            0 => Change::RemoveTimePoint(TimePointId(id(2, n))),
            1 => Change::RemoveSeries(SeriesId(id(3, n))),
            2 => Change::RemoveLesion(LesionId(id(4, n))),
            3 => Change::RemoveAnnotation(AnnotationId(id(5, n))),
            4 => Change::RemoveTreatment(TreatmentId(id(6, n))),
            _ => Change::RemoveScenario(ScenarioId(id(7, n))),
        });
        prop_oneof![
            2 => (0u8..2).prop_map(patient),
            3 => time_point.prop_map(Change::PutTimePoint),
            5 => series().prop_map(Change::PutSeries),
            2 => source().prop_map(Change::PutSource),
            4 => lesion().prop_map(Change::PutLesion),
            5 => annotation().prop_map(Change::PutAnnotation),
            4 => segmented.prop_map(Change::PutSegmented),
            2 => treatment().prop_map(Change::PutTreatment),
            1 => scenario.prop_map(Change::PutScenario),
            1 => (0u8..3, view()).prop_map(|(s, v)| Change::PutSeriesView(SeriesId(id(3, s)), v)),
            1 => ("[a-c]", any::<String>()).prop_map(|(k, v)| Change::PutSetting(k, json!({"v": v}))),
            1 => removal,
        ]
    }

    const ARTIFACT: &[u8] = b"bytes of a mask";

    fn history() -> impl Strategy<Value = Vec<Vec<Change>>> {
        let scratch = tempfile::tempdir().unwrap();
        let (workspace, _) = open(scratch.path());
        let artifact = workspace.artifacts().put(ARTIFACT).unwrap();
        let step = proptest::collection::vec(change(artifact), 1..3);
        proptest::collection::vec(step, 60..160)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_history_reloads_as_it_was_applied_in_memory(history in history()) {
            let dir = tempfile::tempdir().unwrap();
            let (workspace, mut records) = open(dir.path());
            workspace.artifacts().put(ARTIFACT).unwrap();
            // A record to begin with, so that most changes find their parents.
            let beginnings = vec![patient(0), patient(1)];
            for changes in std::iter::once(beginnings).chain(history) {
                let mut next = records.clone();
                let applied = changes.iter().try_for_each(|c| apply_in_memory(&mut next, c));
                let committed = workspace.commit_now(audited(changes.clone()));
                match applied {
                    Ok(()) => {
                        prop_assert!(committed.is_ok(), "{committed:?} for {changes:?}");
                        records = next;
                    }
                    Err(refusal) => prop_assert!(
                        matches!(committed, Err(Error::Refused(_))),
                        "{refusal}, but {committed:?} for {changes:?}"
                    ),
                }
            }
            drop(workspace);
            let (_, reloaded) = open(dir.path());
            prop_assert_eq!(reloaded, records);
            let report = verify(dir.path()).unwrap();
            prop_assert!(report.ok, "{:?}", report.defects);
        }
    }

    #[test]
    #[cfg(unix)]
    fn paths_that_are_not_unicode_survive() {
        use std::os::unix::ffi::OsStrExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (workspace, mut records) = open(dir.path());
        let raw = std::ffi::OsStr::from_bytes(b"/scans/M\xfcller/1.dcm");
        let changes = vec![
            patient(0),
            Change::PutTimePoint(TimePoint {
                id: TimePointId(id(2, 0)),
                patient: PatientId(id(1, 0)),
                date: None,
                order: 0,
                by_user: false,
            }),
            Change::PutSeries(Series {
                id: SeriesId(id(3, 0)),
                patient: PatientId(id(1, 0)),
                time_point: TimePointId(id(2, 0)),
                modality: Modality::MR,
                unit: IntensityUnit::Arbitrary,
                study_date: None,
                frame_of_reference: String::new(),
                shape: [1, 1, 1],
                spacing_mm: [1.0; 3],
                calibrated: false,
                fingerprint: String::new(),
                warnings: Vec::new(),
            }),
            Change::PutSource(SeriesSource {
                series: SeriesId(id(3, 0)),
                root: raw.into(),
                item: 0,
                series_uid: String::new(),
                description: String::new(),
                files: vec![raw.into(), "b".into()],
            }),
        ];
        for change in &changes {
            apply_in_memory(&mut records, change).unwrap();
        }
        workspace.commit_now(audited(changes)).unwrap();
        drop(workspace);
        assert_eq!(open(dir.path()).1, records);
    }
}

mod commits {
    use super::*;

    #[test]
    fn are_answered_in_order_and_a_failed_one_holds_up_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let (workspace, _) = open(dir.path());
        let woken = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&woken);
        workspace.wake_with(Arc::new(move || {
            counter.fetch_add(1, Ordering::SeqCst);
        }));
        let orphan = Change::PutSeriesView(SeriesId(id(3, 0)), SeriesView::default());
        let theme = Change::PutSetting("theme".into(), json!("dark"));
        let looks = |change| Transaction {
            changes: vec![change],
            audit: None,
        };
        let tickets = [
            workspace.commit(audited(vec![patient(0)])),
            workspace.commit(looks(orphan)),
            workspace.commit(Transaction {
                changes: vec![patient(1)],
                audit: None,
            }),
            workspace.commit(looks(theme)),
            workspace.commit(audited(vec![patient(1)])),
        ];
        let answers: Vec<_> = workspace.answers().iter().take(5).collect();
        let expected = |n: usize, seq| {
            matches!(&answers[n], Answer::Committed { ticket, seq: s }
                if *ticket == tickets[n] && *s == seq)
        };
        // Entries 1 and 2 are the founding and the opening of the workspace.
        assert!(expected(0, Some(3)));
        assert!(matches!(
            &answers[1],
            Answer::Failed { ticket, error: Error::Refused(_) } if *ticket == tickets[1]
        ));
        assert!(matches!(
            &answers[2],
            Answer::Failed {
                error: Error::Unaccounted,
                ..
            }
        ));
        assert!(expected(3, None));
        assert!(expected(4, Some(4)));
        drop(workspace);
        assert_eq!(woken.load(Ordering::SeqCst), 5);
    }

    #[test]
    fn queued_before_the_end_are_written() {
        let dir = tempfile::tempdir().unwrap();
        let (workspace, _) = open(dir.path());
        for _ in 0..100 {
            workspace.commit(new_patient().1);
        }
        drop(workspace);
        let (_, records) = open(dir.path());
        assert_eq!(records.patients.len(), 100);
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (workspace, _) = open(dir.path());
        let treatment = |dose| {
            Change::PutTreatment(Treatment {
                id: TreatmentId(id(6, 0)),
                patient: PatientId(id(1, 0)),
                date: date(2026, 1, 1),
                kind: TreatmentKind::Radiotherapy,
                name: String::new(),
                dose,
                unit: "Gy".into(),
                duration_days: 0.0,
            })
        };
        workspace.commit_now(audited(vec![patient(0)])).unwrap();
        for bad in [f64::NAN, f64::INFINITY] {
            let error = workspace
                .commit_now(audited(vec![treatment(Some(bad))]))
                .unwrap_err();
            assert!(matches!(error, Error::Refused(_)), "{error}");
        }
        workspace
            .commit_now(audited(vec![treatment(None)]))
            .unwrap();
    }

    #[test]
    fn an_artifact_must_be_there_before_the_record_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let (workspace, _) = open(dir.path());
        for bad in ["00".repeat(32), "../../../etc/passwd".into()] {
            let (_, mut transaction) = new_patient();
            transaction.audit.as_mut().unwrap().artifacts = vec![bad];
            workspace.commit_now(transaction).unwrap_err();
        }
        drop(workspace);
        assert_eq!(open(dir.path()).1, Records::default());
    }
}

mod opening {
    use super::*;

    #[test]
    fn a_second_opener_is_told_that_it_is_locked() {
        let dir = tempfile::tempdir().unwrap();
        let (workspace, _) = open(dir.path());
        let Err(error) = Workspace::open(dir.path(), clock(), "0") else {
            panic!("opened twice");
        };
        assert!(matches!(&error, Error::Locked { dir: d } if d == dir.path()));
        assert!(
            error
                .to_string()
                .contains(&dir.path().display().to_string())
        );
        drop(workspace);
        open(dir.path());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, b"in the way").unwrap();
        let error = Workspace::open(&file.join("workspace"), clock(), "0")
            .err()
            .unwrap();
        assert!(error.to_string().contains("workspace"), "{error}");

        let folder = dir.path().join("read-only");
        std::fs::create_dir(&folder).unwrap();
        let mut permissions = std::fs::metadata(&folder).unwrap().permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(&folder, permissions).unwrap();
        if std::fs::write(folder.join("probe"), b"").is_ok() {
            eprintln!("skipped: this user may write into read-only folders");
            return;
        }
        let error = Workspace::open(&folder, clock(), "0").err().unwrap();
        assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
    }

    #[test]
    fn a_damaged_database_is_reported_as_such() {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 1);
        std::fs::write(
            dir.path().join("oncotwin.sqlite"),
            b"SQLite format 3\0 and rubbish",
        )
        .unwrap();
        let error = Workspace::open(dir.path(), clock(), "0").err().unwrap();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }

    #[test]
    fn a_clock_that_goes_back_is_an_event_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 2);
        let (workspace, _) = open(dir.path());
        drop(workspace);
        let conn = Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
        let (seq, detail): (i64, String) = conn
            .query_row(
                "SELECT seq, detail FROM audit WHERE event = 'clock.step'",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        assert_eq!((seq, detail.as_str()), (5, r#"{"back_ns":2000000000}"#));
        assert!(verify(dir.path()).unwrap().ok);
    }

    #[test]
    fn leftovers_of_a_killed_writer_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 1);
        let leftover = dir.path().join("artifacts/tmp/half");
        std::fs::write(&leftover, b"half").unwrap();
        open(dir.path());
        assert!(!leftover.exists());
    }
}

mod artifacts {
    use super::*;

    #[test]
    fn are_read_back_and_damage_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let (workspace, _) = open(dir.path());
        let mask = MaskRuns {
            shape: [5, 4, 3],
            runs: vec![(0, 2), (7, 1), (50, 10)],
        };
        let bytes = encode_mask(&mask).unwrap();
        let sha256 = workspace.artifacts().put(&bytes).unwrap();
        assert_eq!(workspace.artifacts().put(&bytes).unwrap(), sha256);
        let back = workspace.artifacts().get(&sha256).unwrap();
        assert_eq!(decode_mask(&back).unwrap(), mask);

        let (folder, name) = sha256.split_at(2);
        let path = dir.path().join("artifacts").join(folder).join(name);
        std::fs::write(&path, b"something else").unwrap();
        let error = workspace.artifacts().get(&sha256).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        workspace.artifacts().put(&bytes).unwrap();
        assert_eq!(workspace.artifacts().get(&sha256).unwrap(), bytes);

        std::fs::remove_file(&path).unwrap();
        let error = workspace.artifacts().get(&sha256).unwrap_err();
        assert!(matches!(error, Error::MissingArtifact { .. }), "{error}");
    }
}

mod audit {
    use super::*;

    /// SQL run by somebody else, with the guards taken down first.
    fn tamper(dir: &Path, sql: &str) {
        let conn = Connection::open(dir.join("oncotwin.sqlite")).unwrap();
        conn.execute_batch(
            "PRAGMA foreign_keys = OFF;
             DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;
             DROP TRIGGER audit_in_order; DROP TRIGGER journal_no_update;
             DROP TRIGGER journal_no_delete; DROP TRIGGER journal_in_order;",
        )
        .unwrap();
        conn.execute_batch(sql).unwrap();
    }

    fn defects(dir: &Path) -> Vec<(Option<i64>, DefectKind)> {
        let report = verify(dir).unwrap();
        assert!(!report.ok);
        report
            .defects
            .into_iter()
            .map(|d| (d.seq, d.kind))
            .filter(|d| d.1 != DefectKind::Guard)
            .collect()
    }

    #[test]
    fn rows_cannot_be_changed_by_plain_sql() {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 2);
        let conn = Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
        for sql in [
            "UPDATE audit SET event = 'x' WHERE seq = 2",
            "DELETE FROM audit WHERE seq = 4",
            "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 2",
            "UPDATE journal SET content = '[]'",
            "DELETE FROM journal",
        ] {
            let error = conn.execute_batch(sql).unwrap_err().to_string();
            assert!(
                error.contains("audit") || error.contains("journal"),
                "{error}"
            );
        }
        assert!(verify(dir.path()).unwrap().ok);
    }

    #[test]
    fn every_column_of_an_entry_is_protected() {
        for column in [
            "format",
            "utc_ns",
            "session",
            "user",
            "app_version",
            "event",
            "action",
            "object_type",
            "object_id",
            "reason",
            "detail",
            "artifacts",
            "changes_sha256",
            "outcome",
        ] {
            let dir = tempfile::tempdir().unwrap();
            filled(dir.path(), 3);
            let new = match column {
                "format" | "utc_ns" | "outcome" => format!("{column} + 1"),
                _ => format!("{column} || 'x'"),
            };
            tamper(
                dir.path(),
                &format!("UPDATE audit SET {column} = {new} WHERE seq = 4"),
            );
            let found = defects(dir.path());
            assert!(
                found.contains(&(Some(4), DefectKind::Content)),
                "{column}: {found:?}"
            );
        }
    }

    #[test]
    fn flipped_deleted_inserted_and_reordered_rows_are_found() {
        use DefectKind::{Chain, Content, Journal, Sequence};
        let flipped = "UPDATE audit SET hash = CASE substr(hash, 1, 1) WHEN 'f' THEN '0' ELSE 'f' END || substr(hash, 2)
            WHERE seq = 4";
        let deleted = "DELETE FROM audit WHERE seq = 4";
        let renumbered = "DELETE FROM audit WHERE seq = 4; DELETE FROM journal WHERE seq = 4;
            UPDATE audit SET seq = 4 WHERE seq = 5; UPDATE journal SET seq = 4 WHERE seq = 5;";
        let inserted =
            "INSERT INTO audit SELECT 7, format, utc_ns, session, user, app_version, event,
            action, object_type, object_id, reason, detail, artifacts, changes_sha256, outcome,
            prev_hash, hash FROM audit WHERE seq = 6;
            INSERT INTO journal SELECT 7, content FROM journal WHERE seq = 6;";
        let swapped = "UPDATE audit SET seq = 99 WHERE seq = 4;
            UPDATE audit SET seq = 4 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 99;";
        for (sql, expected) in [
            (flipped, vec![(4, Content), (5, Chain)]),
            (deleted, vec![(5, Sequence), (5, Chain), (4, Journal)]),
            (renumbered, vec![(4, Chain), (4, Content)]),
            (inserted, vec![(7, Chain), (7, Content)]),
            (
                swapped,
                vec![(4, Chain), (4, Content), (5, Chain), (5, Content)],
            ),
            ("DELETE FROM journal WHERE seq = 4", vec![(4, Journal)]),
            (
                "UPDATE journal SET content = '[]' WHERE seq = 4",
                vec![(4, Journal)],
            ),
            ("UPDATE audit SET detail = x'00' WHERE seq = 4", vec![]),
        ] {
            let dir = tempfile::tempdir().unwrap();
            filled(dir.path(), 4);
            if expected.is_empty() {
                // STRICT tables do not even take a value of another type.
                let conn = Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
                conn.execute_batch(sql).unwrap_err();
                continue;
            }
            tamper(dir.path(), sql);
            let found = defects(dir.path());
            for (seq, kind) in expected {
                assert!(found.contains(&(Some(seq), kind)), "{sql}: {found:?}");
            }
        }
    }

    #[test]
    fn a_cut_tail_changes_the_head() {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 3);
        let before = verify(dir.path()).unwrap();
        tamper(
            dir.path(),
            "DELETE FROM journal WHERE seq = 5; DELETE FROM audit WHERE seq = 5",
        );
        let after = verify(dir.path()).unwrap();
        assert_eq!((before.entries, after.entries), (5, 4));
        assert_ne!(before.head, after.head);
    }

    #[test]
    fn missing_guards_and_changed_artifacts_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let sha256 = filled(dir.path(), 2);
        tamper(dir.path(), "");
        let (folder, name) = sha256.split_at(2);
        let path = dir.path().join("artifacts").join(folder).join(name);
        std::fs::write(&path, b"another artifact").unwrap();
        let report = verify(dir.path()).unwrap();
        let guards = report
            .defects
            .iter()
            .filter(|d| d.kind == DefectKind::Guard);
        assert_eq!(guards.count(), 6);
        assert_eq!(defects(dir.path()), [(Some(4), DefectKind::Artifact)]);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(defects(dir.path()), [(Some(4), DefectKind::Artifact)]);
    }

    #[test]
    fn erased_journals_leave_a_chain_that_verifies() {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 2);
        let conn = Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
        conn.execute("UPDATE journal SET content = NULL WHERE seq = 3", [])
            .unwrap();
        let report = verify(dir.path()).unwrap();
        assert!(report.ok);
        assert_eq!(report.erased, 1);
    }

    #[test]
    fn no_identity_reaches_the_trail() {
        let dir = tempfile::tempdir().unwrap();
        let (workspace, _) = open(dir.path());
        let mut transaction = audited(vec![patient(0)]);
        transaction.audit.as_mut().unwrap().detail = json!({"who": "Yamada Tarou"});
        workspace.commit_now(transaction).unwrap();
        drop(workspace);
        let conn = Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
        conn.execute("DELETE FROM patient_identity", []).unwrap();
        conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); VACUUM")
            .unwrap();
        drop(conn);
        let file = std::fs::read(dir.path().join("oncotwin.sqlite")).unwrap();
        for word in ["Yamada", "山田", "MRN-0", "1950-02-28"] {
            let found = file.windows(word.len()).any(|w| w == word.as_bytes());
            assert!(!found, "{word} is still in the database");
        }
        assert!(verify(dir.path()).unwrap().ok);
    }

    #[test]
    fn verifying_does_not_need_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let (workspace, _) = open(dir.path());
        workspace.commit_now(new_patient().1).unwrap();
        let report = verify(dir.path()).unwrap();
        assert!(report.ok);
        assert_eq!(report.entries, 3);
        let value = serde_json::to_value(&report).unwrap();
        assert_eq!(value["defects"], json!([]));
        let missing = verify(&dir.path().join("elsewhere")).unwrap_err();
        assert!(missing.to_string().contains("elsewhere"));
    }
}

mod kill {
    use super::*;

    const CHILD: &str = "ONCOTWIN_TEST_STORE_CHILD";

    /// Not a test of its own: the process that `what_was_acknowledged_survives` kills.
    #[test]
    fn child_that_commits() {
        let Some(dir) = std::env::var_os(CHILD) else {
            return;
        };
        let (workspace, _) = open(Path::new(&dir));
        let mut out = std::io::stdout();
        writeln!(out).unwrap();
        for n in 0u64.. {
            let (id, mut transaction) = new_patient();
            let bytes = [id.to_string().as_bytes(), &vec![n as u8; 5000]].concat();
            let artifact = workspace.artifacts().put(&bytes).unwrap();
            transaction.audit.as_mut().unwrap().artifacts = vec![artifact];
            let seq = workspace.commit_now(transaction).unwrap().unwrap();
            writeln!(out, "acknowledged {seq} {id}").unwrap();
            out.flush().unwrap();
        }
    }

    #[test]
    fn what_was_acknowledged_survives() {
        let dir = tempfile::tempdir().unwrap();
        let mut acknowledged = Vec::new();
        // One workspace through all rounds: each child recovers from the death of the last.
        for round in 0..12u64 {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "store::kill::child_that_commits", "--nocapture"])
                .env(CHILD, dir.path())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let mut record = |line: String| {
                let mut words = line.split(' ');
                if words.next() == Some("acknowledged") {
                    let seq: i64 = words.next().unwrap().parse().unwrap();
                    acknowledged.push((seq, words.next().unwrap().to_owned()));
                    return true;
                }
                false
            };
            while !record(lines.next().unwrap().unwrap()) {}
            // Moments spread over a few commits, at odd distances.
            std::thread::sleep(Duration::from_micros(round * round * 1371 % 40_000));
            child.kill().unwrap();
            child.wait().unwrap();
            // A line cut off by the kill was not acknowledged.
            for line in lines.map_while(Result::ok) {
                if line.split(' ').nth(2).is_some_and(|id| id.len() == 36) {
                    record(line);
                }
            }
            let report = verify(dir.path()).unwrap();
            assert!(report.ok, "{:?}", report.defects);
        }
        let (_, records) = open(dir.path());
        assert!(acknowledged.len() >= 12);
        let conn = Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
        for (seq, id) in &acknowledged {
            assert!(records.patients.iter().any(|p| p.id.to_string() == *id));
            let object: String = conn
                .query_row("SELECT object_id FROM audit WHERE seq = ?1", [seq], |row| {
                    row.get(0)
                })
                .unwrap();
            assert_eq!(object, *id);
        }
        assert!(verify(dir.path()).unwrap().ok);
    }
}

/// Figures, not a test: `cargo nextest run --run-ignored all store::speed --no-capture`.
#[test]
#[ignore = "measures the disk"]
fn speed() {
    let dir = tempfile::tempdir_in(".").unwrap();
    let (workspace, _) = open(dir.path());
    let n = 2000;
    let start = Instant::now();
    for _ in 0..n {
        workspace.commit_now(new_patient().1).unwrap();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{:.0} commits/s, {:.2} ms each",
        f64::from(n) / seconds,
        1e3 * seconds / f64::from(n)
    );
    drop(workspace);
    let size = std::fs::metadata(dir.path().join("oncotwin.sqlite"))
        .unwrap()
        .len();
    println!("{} bytes per commit", size / n as u64);
    let start = Instant::now();
    let report = verify(dir.path()).unwrap();
    println!(
        "{:.0} entries/s verified",
        report.entries as f64 / start.elapsed().as_secs_f64()
    );
    let start = Instant::now();
    open(dir.path());
    println!("{:.1} ms to open", 1e3 * start.elapsed().as_secs_f64());
}
