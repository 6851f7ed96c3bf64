//! Changes of the record, and the transactions and audit notes that account for them.

use serde::{Deserialize, Serialize};

use super::{
    Annotation, AnnotationId, Lesion, LesionId, Measurement, MeasurementId, Patient, PatientId,
    PatientIdentity, PriorChoice, Reader, ReaderId, ReaderRole, Scenario, ScenarioId, Segmented,
    Series, SeriesId, SeriesSource, SeriesView, Signoff, SignoffId, StepId, TimePoint, TimePointId,
    Treatment, TreatmentId,
};

/// One change of the record. A store applies changes in order, all of a transaction or none.
///
/// `Put…` inserts or replaces by id; `Remove…` takes an object out of what stands (the audit trail
/// keeps that it was there).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// Patient entered.
    PutPatient(Patient, PatientIdentity),
    /// Visit entered or regrouped.
    PutTimePoint(TimePoint),
    /// Visit no longer needed, its series having moved.
    RemoveTimePoint(TimePointId),
    /// Series entered or moved to another visit.
    PutSeries(Series),
    /// Where a series comes from.
    PutSource(SeriesSource),
    /// Series taken off the list (originals are untouched).
    RemoveSeries(SeriesId),
    /// Lesion entered or edited.
    PutLesion(Lesion),
    /// Lesion removed, with its annotations and masks.
    RemoveLesion(LesionId),
    /// Gesture made.
    PutAnnotation(Annotation),
    /// Gesture taken back, with its mask.
    RemoveAnnotation(AnnotationId),
    /// Mask and measurement made.
    PutSegmented(Segmented),
    /// Mask and measurement taken back; the gesture stays.
    RemoveSegmented(AnnotationId),
    /// Measurement made, or its figure or label changed.
    PutMeasurement(Measurement),
    /// Measurement taken back.
    RemoveMeasurement(MeasurementId),
    /// Treatment entered or edited.
    PutTreatment(Treatment),
    /// Treatment removed.
    RemoveTreatment(TreatmentId),
    /// Scenario entered or edited.
    PutScenario(Scenario),
    /// Scenario removed.
    RemoveScenario(ScenarioId),
    /// Priors of a patient's fits chosen.
    PutPrior(PriorChoice),
    /// Choice of priors taken back.
    RemovePrior(PatientId),
    /// Reader entered or edited.
    PutReader(Reader),
    /// State of a reading changed.
    PutSignoff(Signoff),
    /// Change of the state of a reading taken back; only ever part of the undoing of an edit that
    /// had made a draft of a reviewed reading.
    RemoveSignoff(SignoffId),
    /// Patient erased for good, with everything that belongs to it and with what its audit entries
    /// had kept of the content of changes. Cannot be undone.
    ErasePatient(PatientId),
    /// View of a series forgotten.
    RemoveSeriesView(SeriesId),
    /// View of a series changed.
    PutSeriesView(SeriesId, SeriesView),
    /// Setting changed.
    PutSetting(String, serde_json::Value),
}

/// Whether a transaction can be undone, or undoes another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepKind {
    /// Not a step of the history (imports, exports, masks that follow a gesture).
    #[default]
    None,
    /// A step that can be undone. It ends what could be redone.
    Do,
    /// Takes this step back.
    Undo(StepId),
    /// Brings this step again after it was undone.
    Redo(StepId),
}

/// How an act ended (DICOM PS3.15 A.5, event outcome indicator).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// 0: success.
    #[default]
    Success,
    /// 4: minor failure; the act can be repeated.
    MinorFailure,
    /// 8: serious failure.
    SeriousFailure,
}

/// What an audit entry says; the store adds time, chain, host and software version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditNote {
    /// What was done, in the form `object.verb`, for example `annotation.draw`.
    pub event: String,
    /// C, R, U, D or E (create, read, update, delete, execute).
    pub action: AuditAction,
    /// Type of the object, for example `annotation`.
    pub object_type: String,
    /// Its id.
    pub object_id: String,
    /// Whose record it concerns; `None` for what concerns no patient. Erasing the patient erases
    /// what the entry's journal holds.
    pub patient: Option<PatientId>,
    /// Who did it.
    pub reader: Option<ReaderId>,
    /// In which role.
    pub role: Option<ReaderRole>,
    /// What it means for undo and redo.
    pub step: StepKind,
    /// Engine or model with version that made the content, for example `growcut/1`; may be empty.
    pub model: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The act in words, for the list of steps, for example `Draw L2 · Follow-up 1`. Kept in the
    /// erasable journal.
    pub title: String,
    /// Why, where the reader stated it. Kept in the erasable journal.
    pub reason: String,
    /// Ids, codes and numbers that describe the act. Kept in the erasable journal.
    pub detail: serde_json::Value,
    /// SHA-256 (hex) of artifacts written with it.
    pub artifacts: Vec<String>,
}

impl AuditNote {
    /// A note on an act that concerns one object, with nothing else said yet.
    #[must_use]
    pub fn new(
        event: &str,
        action: AuditAction,
        object_type: &str,
        object_id: impl ToString,
    ) -> Self {
        Self {
            event: event.to_owned(),
            action,
            object_type: object_type.to_owned(),
            object_id: object_id.to_string(),
            patient: None,
            reader: None,
            role: None,
            step: StepKind::None,
            model: String::new(),
            outcome: Outcome::Success,
            title: String::new(),
            reason: String::new(),
            detail: serde_json::Value::Null,
            artifacts: Vec::new(),
        }
    }

    /// Concerns the record of this patient.
    #[must_use]
    pub const fn of(mut self, patient: PatientId) -> Self {
        self.patient = Some(patient);
        self
    }

    /// In words; see [`AuditNote::title`].
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// A step that can be undone, called so.
    #[must_use]
    pub fn step(mut self, title: impl Into<String>) -> Self {
        self.step = StepKind::Do;
        self.titled(title)
    }

    /// Ids, codes and numbers that describe it.
    #[must_use]
    pub fn detail(mut self, detail: serde_json::Value) -> Self {
        self.detail = detail;
        self
    }

    /// Why.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Made by this engine or model.
    #[must_use]
    pub fn made_by(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// Ended so.
    #[must_use]
    pub const fn ended(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// Wrote this artifact.
    #[must_use]
    pub fn with_artifact(mut self, sha256: impl Into<String>) -> Self {
        self.artifacts.push(sha256.into());
        self
    }
}

/// DICOM audit action codes (PS3.15 A.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditAction {
    /// Create.
    C,
    /// Read.
    R,
    /// Update.
    U,
    /// Delete.
    D,
    /// Execute.
    E,
}

/// What is committed at once: changes and the audit entry that accounts for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transaction {
    /// Identifier.
    pub id: StepId,
    /// Changes, applied in order.
    pub changes: Vec<Change>,
    /// Changes that, applied in order, take these back: what stood before, which the audit trail
    /// must not obscure (21 CFR 11.10(e)), and what undo applies.
    pub inverse: Vec<Change>,
    /// The entry that accounts for them; `None` only for how things are looked at (views and
    /// settings).
    pub audit: Option<AuditNote>,
}
