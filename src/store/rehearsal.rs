//! A rehearsed session: what a reader does to patients, act by act, for measuring the store and for
//! proving that it loses nothing.
//!
//! It holds the record that the acts should lead to and makes every transaction as the application
//! does, with what takes it back. Identifiers, times and masks follow from the seed alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::date;
use nalgebra::Matrix4;
use serde_json::json;
use uuid::Uuid;

use super::artifacts::sha256_hex;
use super::{Artifacts, Error, Refusal, Workspace, apply_in_memory, encode_mask};
use crate::case::{
    Annotation, AnnotationId, AuditAction, AuditNote, Change, Lesion, LesionId, LesionRole,
    Marking, Meaning, Measurement, MeasurementId, Patient, PatientId, PatientIdentity, PriorChoice,
    Reader, ReaderId, ReaderRole, ReadingState, Records, Scenario, ScenarioId, Segmented, Series,
    SeriesId, SeriesSource, SeriesView, Signoff, SignoffId, StepId, StepKind, TimePoint,
    TimePointId, Transaction, Treatment, TreatmentId, TreatmentKind,
};
use crate::geometry::{Grid, Point};
use crate::measure::{Figure, Measured, measure};
use crate::twin::{PriorSet, ScenarioChange};
use crate::volume::{IntensityUnit, Mask, MaskRuns, Modality};
use crate::warning::{Warning, WarningCode};

/// What a reader does at once: files that are stored first, and the transaction that names them.
#[derive(Clone, Debug)]
pub struct Act {
    /// Contents of artifacts.
    pub files: Vec<Arc<[u8]>>,
    /// What is committed behind them.
    pub transaction: Transaction,
}

impl Act {
    /// Stores the files and commits the transaction; returns the number of its audit entry.
    ///
    /// # Errors
    /// Those of [`Artifacts::put`] and [`Workspace::commit_now`].
    pub fn perform(&self, workspace: &Workspace) -> Result<Option<u64>, Error> {
        self.store_files(workspace.artifacts())?;
        workspace.commit_now(self.transaction.clone())
    }

    /// Stores the files only.
    ///
    /// # Errors
    /// Those of [`Artifacts::put`].
    pub fn store_files(&self, artifacts: &Artifacts) -> Result<(), Error> {
        for bytes in &self.files {
            artifacts.put(bytes)?;
        }
        Ok(())
    }
}

/// The mask of a ball and what is measured on it.
#[derive(Clone)]
struct Ball {
    file: Arc<[u8]>,
    mask_sha256: String,
    artifact_sha256: String,
    measured: Measured,
}

const SHAPE: [usize; 3] = [64, 64, 20];
const SPACING_MM: [f64; 3] = [0.8, 0.8, 2.5];

/// Makes the acts of a session.
pub struct Rehearsal {
    seed: u16,
    n_ids: u64,
    second: i64,
    reader: Option<ReaderId>,
    records: Records,
    /// Steps that can be taken back, with what does.
    steps: Vec<(StepId, Vec<Change>)>,
    balls: BTreeMap<u8, Ball>,
}

impl Rehearsal {
    /// A session on an empty record.
    #[must_use]
    pub const fn new(seed: u16) -> Self {
        Self {
            seed,
            n_ids: 0,
            second: 1_767_225_600,
            reader: None,
            records: Records {
                patients: Vec::new(),
                identities: Vec::new(),
                time_points: Vec::new(),
                series: Vec::new(),
                sources: Vec::new(),
                lesions: Vec::new(),
                annotations: Vec::new(),
                segmented: Vec::new(),
                measurements: Vec::new(),
                treatments: Vec::new(),
                scenarios: Vec::new(),
                priors: Vec::new(),
                readers: Vec::new(),
                signoffs: Vec::new(),
                series_views: Vec::new(),
                settings: Vec::new(),
            },
            steps: Vec::new(),
            balls: BTreeMap::new(),
        }
    }

    /// The record that the acts so far lead to.
    #[must_use]
    pub const fn records(&self) -> &Records {
        &self.records
    }

    /// Rising, as ids of version 7 are.
    fn id(&mut self) -> Uuid {
        self.n_ids += 1;
        let base = 0x0190_0000_0000_7000_8000_0000_0000_0000_u128;
        Uuid::from_u128(base | u128::from(self.seed) << 80 | u128::from(self.n_ids))
    }

    fn now(&mut self) -> Timestamp {
        self.second += 1;
        Timestamp::from_second(self.second).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn act(&mut self, changes: Vec<Change>, note: AuditNote) -> Result<Act, Refusal> {
        let id = StepId(self.id());
        let inverse = apply_in_memory(&mut self.records, &changes)?;
        if note.step == StepKind::Do {
            self.steps.push((id, inverse.clone()));
        }
        let role = self.reader.map(|_| ReaderRole::Radiologist);
        let audit = AuditNote {
            reader: self.reader,
            role,
            ..note
        };
        Ok(Act {
            files: Vec::new(),
            transaction: Transaction {
                id,
                changes,
                inverse,
                audit: Some(audit),
            },
        })
    }

    /// Enters the reader of all acts from now on.
    ///
    /// # Errors
    /// None of a new record.
    pub fn enter_reader(&mut self, name: &str) -> Result<Act, Refusal> {
        let id = ReaderId(self.id());
        let reader = Reader {
            id,
            name: name.to_owned(),
            role: ReaderRole::Radiologist,
            created: self.now(),
        };
        let note = AuditNote::new("reader.enter", AuditAction::C, "reader", id);
        let act = self.act(vec![Change::PutReader(reader)], note);
        self.reader = Some(id);
        act
    }

    /// Enters a patient.
    ///
    /// # Errors
    /// None of a new record.
    pub fn enter_patient(&mut self, name: &str) -> Result<(PatientId, Act), Refusal> {
        let id = PatientId(self.id());
        let patient = Patient {
            id,
            created: self.now(),
        };
        let identity = PatientIdentity {
            patient: id,
            code: format!("MRN {name}"),
            name: name.to_owned(),
            birth_date: Some(date(1950, 2, 28)),
            sex: "O".to_owned(),
        };
        let note = AuditNote::new("patient.create", AuditAction::C, "patient", id).of(id);
        let act = self.act(vec![Change::PutPatient(patient, identity)], note)?;
        Ok((id, act))
    }

    /// Imports a series, which makes a visit.
    ///
    /// # Errors
    /// When the patient is not in the record.
    pub fn import(&mut self, patient: PatientId) -> Result<(SeriesId, Act), Refusal> {
        let (time_point, series) = (TimePointId(self.id()), SeriesId(self.id()));
        let visits = self.records.time_points.iter();
        let n = visits.filter(|t| t.patient == patient).count() as u32;
        let day = date(2025, 1, 6).saturating_add(jiff::Span::new().weeks(8 * n));
        let mut warning = Warning::new(WarningCode::Gap, "2 slices are missing");
        warning.files = vec![format!("/scans/{patient}/{n}/7.dcm")];
        let changes = vec![
            Change::PutTimePoint(TimePoint {
                id: time_point,
                patient,
                date: Some(day),
                order: n,
                by_user: false,
            }),
            Change::PutSeries(Series {
                id: series,
                patient,
                time_point,
                modality: Modality::CT,
                unit: IntensityUnit::Hounsfield,
                study_date: Some(day),
                frame_of_reference: format!("2.25.{n}"),
                shape: SHAPE,
                spacing_mm: SPACING_MM,
                calibrated: true,
                fingerprint: sha256_hex(series.to_string().as_bytes()),
                warnings: vec![warning],
                pet: None,
                frame: None,
            }),
            Change::PutSource(SeriesSource {
                series,
                root: format!("/scans/{patient}/{n}").into(),
                item: 0,
                series_uid: format!("2.25.{n}.1"),
                description: "Thorax venous".to_owned(),
                files: (0..4)
                    .map(|k| format!("/scans/{patient}/{n}/{k}.dcm").into())
                    .collect(),
            }),
        ];
        let note = AuditNote::new("series.import", AuditAction::C, "series", series).of(patient);
        let act = self.act(changes, note.detail(json!({"files": 4})))?;
        Ok((series, act))
    }

    fn patient_of(&self, series: SeriesId) -> Result<PatientId, Refusal> {
        let found = self.records.series.iter().find(|s| s.id == series);
        Ok(found.ok_or(Refusal::NoParent)?.patient)
    }

    /// Draws the longest diameter of a lesion on a series; of a new lesion for `None`.
    ///
    /// # Errors
    /// When the series or the lesion is not in the record.
    pub fn draw(
        &mut self,
        series: SeriesId,
        lesion: Option<LesionId>,
    ) -> Result<(LesionId, AnnotationId, Act), Refusal> {
        let patient = self.patient_of(series)?;
        let mut changes = Vec::new();
        let lesion = match lesion {
            Some(known) => known,
            None => {
                let lesions = self.records.lesions.iter();
                let n = lesions.filter(|l| l.patient == patient).count();
                let new = Lesion {
                    id: LesionId(self.id()),
                    patient,
                    label: format!("L{}", n + 1),
                    organ: "liver".to_owned(),
                    role: LesionRole::Target,
                    nodal: false,
                };
                let id = new.id;
                changes.push(Change::PutLesion(new));
                id
            }
        };
        let annotation = Annotation {
            id: AnnotationId(self.id()),
            lesion,
            series,
            marking: diameter(12.0),
            created: self.now(),
        };
        let id = annotation.id;
        changes.push(Change::PutAnnotation(annotation));
        let note = AuditNote::new("annotation.draw", AuditAction::C, "annotation", id)
            .of(patient)
            .step("Draw a lesion · Baseline")
            .detail(json!({"lesion": lesion, "series": series}));
        let act = self.act(changes, note)?;
        Ok((lesion, id, act))
    }

    fn annotation(&self, id: AnnotationId) -> Result<(Annotation, PatientId), Refusal> {
        let list = &self.records.annotations;
        let at = list
            .binary_search_by_key(&id, |a| a.id)
            .map_err(|_| Refusal::NoParent)?;
        let annotation = list[at].clone();
        let patient = self.patient_of(annotation.series)?;
        Ok((annotation, patient))
    }

    /// The mask that an engine makes of a gesture: a ball of `size` half-millimetres (from 8 to 40).
    ///
    /// # Errors
    /// When the gesture is not in the record.
    pub fn mask(&mut self, id: AnnotationId, size: u8) -> Result<Act, Refusal> {
        let (_, patient) = self.annotation(id)?;
        let ball = match self.balls.get(&size) {
            Some(known) => known.clone(),
            None => {
                let new = ball(f64::from(size) / 2.0).ok_or(Refusal::NoParent)?;
                self.balls.insert(size, new.clone());
                new
            }
        };
        let mut warning = Warning::new(WarningCode::Gap, "the mask crosses missing slices");
        warning.files = vec!["7.dcm".to_owned()];
        let segmented = Segmented {
            annotation: id,
            engine: "growcut/1".to_owned(),
            mask_sha256: ball.mask_sha256,
            artifact_sha256: ball.artifact_sha256.clone(),
            measured: ball.measured,
            confidence: 0.93,
            warnings: vec![warning],
            partial_volume: None,
            propagated: Vec::new(),
            consistency: None,
        };
        let note = AuditNote::new("annotation.segment", AuditAction::C, "annotation", id)
            .of(patient)
            .made_by("growcut/1")
            .with_artifact(ball.artifact_sha256);
        let mut act = self.act(vec![Change::PutSegmented(segmented)], note)?;
        act.files.push(ball.file);
        Ok(act)
    }

    /// Drags an end of a diameter, which takes the mask away.
    ///
    /// # Errors
    /// When the gesture is not in the record.
    pub fn adjust(&mut self, id: AnnotationId, length_mm: f64) -> Result<Act, Refusal> {
        let (mut annotation, patient) = self.annotation(id)?;
        annotation.marking = diameter(length_mm);
        let changes = vec![
            Change::RemoveSegmented(id),
            Change::PutAnnotation(annotation),
        ];
        let note = AuditNote::new("annotation.edit", AuditAction::U, "annotation", id)
            .of(patient)
            .step("Move an end of a lesion")
            .because("it had been drawn on the vessel beside it");
        self.act(changes, note)
    }

    /// Takes the newest step of the session back; `None` when there is none.
    ///
    /// # Errors
    /// When later acts have taken away what it would bring back.
    pub fn undo(&mut self) -> Result<Option<Act>, Refusal> {
        let Some((of, changes)) = self.steps.pop() else {
            return Ok(None);
        };
        let note = AuditNote::new("step.undo", AuditAction::U, "step", of);
        let note = AuditNote {
            step: StepKind::Undo(of),
            patient: changes.iter().find_map(|c| self.patient_of_change(c)),
            ..note
        };
        Ok(Some(self.act(changes, note.titled("Undo"))?))
    }

    fn patient_of_change(&self, change: &Change) -> Option<PatientId> {
        let of_mark = |id: AnnotationId| self.annotation(id).ok().map(|(_, patient)| patient);
        match change {
            Change::PutAnnotation(a) => self.patient_of(a.series).ok(),
            Change::RemoveAnnotation(id) => of_mark(*id),
            Change::PutLesion(l) => Some(l.patient),
            Change::PutTreatment(t) => Some(t.patient),
            Change::RemoveTreatment(id) => {
                let known = self.records.treatments.iter().find(|t| t.id == *id);
                known.map(|t| t.patient)
            }
            _ => None,
        }
    }

    /// Enters a treatment and a question about it.
    ///
    /// # Errors
    /// When the patient is not in the record.
    pub fn treat(&mut self, patient: PatientId) -> Result<Act, Refusal> {
        let (treatment, scenario) = (TreatmentId(self.id()), ScenarioId(self.id()));
        let changes = vec![
            Change::PutTreatment(Treatment {
                id: treatment,
                patient,
                date: date(2025, 1, 20),
                kind: TreatmentKind::Radiotherapy,
                name: "SBRT of the liver".to_owned(),
                dose: Some(48.0),
                unit: "Gy".to_owned(),
                duration_days: 8.0,
                schedule: None,
                fractions: Some(6),
            }),
            Change::PutScenario(Scenario {
                id: scenario,
                patient,
                change: ScenarioChange::StopTreatment { day: 90.0 },
            }),
            Change::PutPrior(PriorChoice {
                patient,
                prior: PriorSet::Ribba2022Nsclc,
            }),
        ];
        let note = AuditNote::new("treatment.enter", AuditAction::C, "treatment", treatment)
            .of(patient)
            .step("Enter a treatment");
        self.act(changes, note)
    }

    /// Draws a length on a series.
    ///
    /// # Errors
    /// When the series is not in the record.
    pub fn measure_length(&mut self, series: SeriesId) -> Result<Act, Refusal> {
        let patient = self.patient_of(series)?;
        let measurement = Measurement {
            id: MeasurementId(self.id()),
            series,
            figure: Figure::Length {
                ends: [Point::new(-12.5, 4.0, 8.0), Point::new(7.25, 9.5, 8.0)],
            },
            label: "aorta".to_owned(),
            created: self.now(),
        };
        let note = AuditNote::new(
            "measurement.draw",
            AuditAction::C,
            "measurement",
            measurement.id,
        )
        .of(patient)
        .step("Measure a length");
        self.act(vec![Change::PutMeasurement(measurement)], note)
    }

    /// Signs the reading of a series' visit.
    ///
    /// # Errors
    /// When the series is not in the record.
    pub fn sign(&mut self, series: SeriesId) -> Result<Act, Refusal> {
        let known = self.records.series.iter().find(|s| s.id == series);
        let (patient, time_point) = known
            .map(|s| (s.patient, s.time_point))
            .ok_or(Refusal::NoParent)?;
        let signoff = Signoff {
            id: SignoffId(self.id()),
            patient,
            time_point,
            state: ReadingState::Signed,
            meaning: Some(Meaning::Approval),
            reader: self.reader,
            reader_name: "Dr Rehearsal".to_owned(),
            content_sha256: sha256_hex(time_point.to_string().as_bytes()),
            reason: "all visits were read".to_owned(),
            created: self.now(),
        };
        let note = AuditNote::new("reading.sign", AuditAction::U, "time_point", time_point);
        self.act(
            vec![Change::PutSignoff(signoff)],
            note.of(patient).because("all visits were read"),
        )
    }

    /// Looks at a slice, which needs no audit entry.
    ///
    /// # Errors
    /// When the series is not in the record.
    pub fn look(&mut self, series: SeriesId, slice: usize) -> Result<Act, Refusal> {
        let view = SeriesView {
            slice,
            ..SeriesView::default()
        };
        let changes = vec![
            Change::PutSeriesView(series, view),
            Change::PutSetting("theme".to_owned(), json!("dark")),
        ];
        let inverse = apply_in_memory(&mut self.records, &changes)?;
        Ok(Act {
            files: Vec::new(),
            transaction: Transaction {
                id: StepId(self.id()),
                changes,
                inverse,
                audit: None,
            },
        })
    }

    /// Erases a patient.
    ///
    /// # Errors
    /// None.
    pub fn erase(&mut self, patient: PatientId) -> Result<Act, Refusal> {
        // Steps of a patient who is gone cannot be taken back.
        self.steps.clear();
        let note = AuditNote::new("patient.erase", AuditAction::D, "patient", patient);
        self.act(vec![Change::ErasePatient(patient)], note.of(patient))
    }
}

fn diameter(length_mm: f64) -> Marking {
    let end = |x| Point::new(x, 3.5, -40.25);
    Marking::of_drag([end(-length_mm / 2.0), end(length_mm / 2.0)])
}

fn ball(radius_mm: f64) -> Option<Ball> {
    let mut runs = Vec::new();
    let [ni, nj, nk] = SHAPE;
    for k in 0..nk {
        for j in 0..nj {
            let inside = |i: &usize| {
                let offset = [*i, j, k].into_iter().zip(SHAPE).zip(SPACING_MM);
                let squares =
                    offset.map(|((at, n), mm)| ((at as f64 - (n / 2) as f64) * mm).powi(2));
                squares.sum::<f64>() <= radius_mm * radius_mm
            };
            let row: Vec<usize> = (0..ni).filter(inside).collect();
            if let Some(first) = row.first() {
                runs.push(((k * nj + j) * ni + first, row.len()));
            }
        }
    }
    let runs = MaskRuns { shape: SHAPE, runs };
    let spacing = nalgebra::Vector4::new(SPACING_MM[0], SPACING_MM[1], SPACING_MM[2], 1.0);
    let grid = Grid::from_affine(SHAPE, &Matrix4::from_diagonal(&spacing)).ok()?;
    let mask = Mask::from_runs(Arc::new(grid), &runs).ok()?;
    let file = encode_mask(&runs).ok()?;
    Some(Ball {
        mask_sha256: mask.sha256(),
        artifact_sha256: sha256_hex(&file),
        measured: measure(&mask, None).ok()?,
        file: file.into(),
    })
}
