use oncotwin::segment::Prompt;

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
            window: window.map(|(center, width)| WindowLevel {
                center,
                width,
                function: Default::default(),
            }),
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
    let pet = (real(), proptest::option::of(real())).prop_map(|(weight, dose_bq)| PetStatement {
        kind: Some(UptakeKind::LeanMassJames),
        weight_kg: Some(weight),
        dose_bq,
        ..PetStatement::default()
    });
    let frame = proptest::option::of((0usize..9, 9usize..99));
    let frame = frame.prop_map(|f| f.map(|(index, of)| FrameOf { index, of }));
    let pet = (proptest::option::of(pet), frame);
    let rest = ([real(), real(), real()], any::<bool>(), (warnings(), pet));
    (ids, modality, unit, proptest::option::of(day()), rest).prop_map(
        |(
            ((s, p), t),
            modality,
            unit,
            study_date,
            (spacing_mm, calibrated, (warnings, (pet, frame))),
        )| {
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
                pet,
                frame,
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

fn step() -> impl Strategy<Value = MaskStep> {
    let points = || prop::collection::vec(point(), 1..4);
    let prompt = prop_oneof![
        (point(), point()).prop_map(|(a, b)| Prompt::Drag { ends: [a, b] }),
        (point(), any::<bool>()).prop_map(|(at, adds)| Prompt::Point { at, adds }),
        (point(), point()).prop_map(|(a, b)| Prompt::Box { corners: [a, b] }),
        (points(), 0.1..30.0f64, any::<bool>()).prop_map(|(points, radius, adds)| {
            Prompt::Scribble {
                points,
                radius: Mm(radius),
                adds,
            }
        }),
        (points(), any::<bool>()).prop_map(|(points, adds)| Prompt::Lasso { points, adds }),
    ];
    prompt.prop_map(|prompt| MaskStep::Prompt { prompt })
}

fn marking() -> impl Strategy<Value = Marking> {
    let drag = (point(), point()).prop_map(|(a, b)| Marking::of_drag([a, b]));
    let source = prop_oneof![
        Just(ValueSource::Caliper),
        Just(ValueSource::Mask),
        Just(ValueSource::Imported),
    ];
    let caliper = (point(), point(), prop::option::of((point(), point())));
    let imported = (0.0..200.0f64, prop::option::of(0.0..200.0f64));
    let any = (
        prop::collection::vec(step(), 0..4),
        prop::option::of(caliper),
        prop::option::of(imported),
        prop::option::of(source),
        prop::option::of((0usize..5, prop::collection::vec(0usize..900, 0..4))),
    );
    let any = any.prop_map(|(steps, caliper, imported, counts, base)| Marking {
        steps,
        base: base.map(|(n_steps, propagated)| BaseMask {
            mask: MaskRef {
                mask_sha256: "1f".repeat(32),
                artifact_sha256: "2e".repeat(32),
            },
            n_steps,
            propagated,
        }),
        caliper: caliper.map(|(a, b, short)| Caliper {
            long: [a, b],
            short: short.map(|(a, b)| [a, b]),
        }),
        imported: imported.map(|(long, short)| ImportedSize {
            long: Mm(long),
            short: short.map(Mm),
        }),
        counts,
    });
    prop_oneof![drag, any]
}

fn annotation() -> impl Strategy<Value = Annotation> {
    let ids = prop_oneof![
        4 => (0u8..4, 0u8..3).prop_map(|(a, l)| (a, l, l)),
        1 => (0u8..4, 0u8..3, 0u8..3),
    ];
    (ids, marking(), time()).prop_map(|((a, l, s), marking, created)| Annotation {
        id: AnnotationId(id(5, a)),
        lesion: LesionId(id(4, l)),
        series: SeriesId(id(3, s)),
        marking,
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
    let schedule = prop_oneof![
        Just(Schedule::Once),
        Just(Schedule::Span),
        Just(Schedule::Ongoing),
        any::<(u32, u32)>()
            .prop_map(|(every_days, times)| Schedule::Repeated { every_days, times }),
    ];
    let rest = (
        proptest::option::of(schedule),
        proptest::option::of(any::<u32>()),
    );
    (
        (0u8..2, 0u8..2),
        day(),
        kind,
        any::<String>(),
        dose,
        real(),
        rest,
    )
        .prop_map(
            |((t, p), date, kind, name, dose, duration_days, (schedule, fractions))| Treatment {
                id: TreatmentId(id(6, t)),
                patient: PatientId(id(1, p)),
                date,
                kind,
                name,
                dose,
                unit: "Gy".into(),
                duration_days,
                schedule,
                fractions,
            },
        )
}

fn measurement() -> impl Strategy<Value = Measurement> {
    let near = || -1e4..1e4f64;
    let place = move || [near(), near(), near()].prop_map(Point::from);
    let ends = (place(), place()).prop_map(|(a, b)| [a, b]);
    let figure = prop_oneof![
        ends.prop_map(|ends| Figure::Length { ends }),
        prop::collection::vec(place(), 1..5).prop_map(|corners| Figure::Polygon { corners }),
        place().prop_map(|at| Figure::Probe { at }),
    ];
    (0u8..3, 0u8..3, figure, any::<String>()).prop_map(|(m, s, figure, label)| Measurement {
        id: MeasurementId(id(10, m)),
        series: SeriesId(id(3, s)),
        figure,
        label,
        created: jiff::Timestamp::UNIX_EPOCH,
    })
}

fn change(artifact: String) -> impl Strategy<Value = Change> {
    let segmented = (
        0u8..4,
        measured(),
        real(),
        warnings(),
        prop::option::of(real()),
        prop::collection::vec(0usize..900, 0..4),
        prop::option::of(0.0..=1.0f64),
    )
        .prop_map(
            move |(a, measured, confidence, warnings, partial, propagated, consistency)| {
                Segmented {
                    consistency,
                    partial_volume: partial.map(|v| match measured.volume {
                        Bulk::Mm3(_) => Bulk::Mm3(Mm3(v)),
                        Bulk::Voxels(_) => Bulk::Voxels(v),
                    }),
                    propagated,
                    annotation: AnnotationId(id(5, a)),
                    engine: "growcut/1".into(),
                    mask_sha256: "0e".repeat(32),
                    artifact_sha256: artifact.clone(),
                    measured,
                    confidence,
                    warnings,
                }
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
    let prior = (0u8..2, 0usize..7).prop_map(|(p, n)| PriorChoice {
        patient: PatientId(id(1, p)),
        prior: PriorSet::ALL[n],
    });
    let removal = (0u8..8, 0u8..3).prop_map(|(kind, n)| match kind {
        0 => Change::RemoveTimePoint(TimePointId(id(2, n))),
        1 => Change::RemoveSeries(SeriesId(id(3, n))),
        2 => Change::RemoveLesion(LesionId(id(4, n))),
        3 => Change::RemoveAnnotation(AnnotationId(id(5, n))),
        4 => Change::RemoveTreatment(TreatmentId(id(6, n))),
        5 => Change::RemoveMeasurement(MeasurementId(id(10, n))),
        6 => Change::RemovePrior(PatientId(id(1, n))),
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
        3 => measurement().prop_map(Change::PutMeasurement),
        2 => treatment().prop_map(Change::PutTreatment),
        1 => scenario.prop_map(Change::PutScenario),
        1 => prior.prop_map(Change::PutPrior),
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
            let applied = apply_in_memory(&mut next, &changes);
            let committed = workspace.commit_now(audited(changes.clone()));
            match applied {
                Ok(inverse) => {
                    prop_assert!(committed.is_ok(), "{committed:?} for {changes:?}");
                    let mut back = next.clone();
                    apply_in_memory(&mut back, &inverse).unwrap();
                    prop_assert_eq!(&back.annotations, &records.annotations);
                    prop_assert_eq!(&back.segmented, &records.segmented);
                    prop_assert_eq!(&back.lesions, &records.lesions);
                    prop_assert_eq!(&back.time_points, &records.time_points);
                    prop_assert_eq!(&back.series, &records.series);
                    prop_assert_eq!(&back.measurements, &records.measurements);
                    prop_assert_eq!(&back.treatments, &records.treatments);
                    prop_assert_eq!(&back.scenarios, &records.scenarios);
                    prop_assert_eq!(&back.priors, &records.priors);
                    prop_assert_eq!(&back.series_views, &records.series_views);
                    prop_assert_eq!(&back.signoffs, &records.signoffs);
                    records = next;
                }
                Err(refusal) => {
                    prop_assert_eq!(&next, &records, "a refused change left something");
                    prop_assert!(
                    matches!(committed, Err(Error::Refused(_))),
                    "{refusal}, but {committed:?} for {changes:?}"
                    );
                }
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
            pet: None,
            frame: None,
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
    apply_in_memory(&mut records, &changes).unwrap();
    workspace.commit_now(audited(changes)).unwrap();
    drop(workspace);
    assert_eq!(open(dir.path()).1, records);
    let report = verify(dir.path()).unwrap();
    assert!(report.ok, "{:?}", report.defects);
}
