//! The record of a workspace as plain types: patients, time points, series, lesions, prompts,
//! masks, measurements, treatments, and the changes that a transaction commits. No storage lives here.
//!
//! Fields that may identify a person (names, paths, free text) are kept in structs of their own
//! (`…Identity`, `…Source`), because they are stored apart and can be erased without touching the
//! audit trail, which holds ids only.

mod path_json;

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::geometry::Point;
use crate::measure::Measured;
use crate::volume::{IntensityUnit, Modality, WindowLevel};
use crate::warning::Warning;

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A patient of this workspace (not the hospital's patient number).
    PatientId
);
id!(
    /// One visit: studies within seven days of each other, unless the user split or merged them.
    TimePointId
);
id!(
    /// One loadable item: a series, or a stack of one.
    SeriesId
);
id!(
    /// One lesion followed over time.
    LesionId
);
id!(
    /// One gesture on one series that says where a lesion is.
    AnnotationId
);
id!(
    /// One treatment event.
    TreatmentId
);
id!(
    /// One what-if scenario.
    ScenarioId
);
id!(
    /// A person who reads images and edits the record.
    ReaderId
);
id!(
    /// One change of the state of a reading: reviewed, signed, amended.
    SignoffId
);
id!(
    /// One committed transaction; what undo and redo refer to.
    StepId
);

/// A patient. Everything that identifies the person is in [`PatientIdentity`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Patient {
    /// Identifier in this workspace.
    pub id: PatientId,
    /// When the patient entered the workspace.
    pub created: Timestamp,
}

/// The erasable identity of a patient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatientIdentity {
    /// Whose identity.
    pub patient: PatientId,
    /// The hospital's or trial's patient number (0010,0020); the key by which studies are joined.
    pub code: String,
    /// Name as displayed, any script.
    pub name: String,
    /// Birth date, where stated.
    pub birth_date: Option<Date>,
    /// Sex code (M, F, O), where stated.
    pub sex: String,
}

/// One visit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimePoint {
    /// Identifier.
    pub id: TimePointId,
    /// Whose visit.
    pub patient: PatientId,
    /// Date of the first study in it; `None` where no date is known.
    pub date: Option<Date>,
    /// Position among visits without a date; dated visits are ordered by date.
    pub order: u32,
    /// Whether the user made this grouping (then opening more files does not regroup it).
    pub by_user: bool,
}

/// One series (or stack) that can be shown and measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Identifier.
    pub id: SeriesId,
    /// Whose series.
    pub patient: PatientId,
    /// The visit it belongs to.
    pub time_point: TimePointId,
    /// Modality.
    pub modality: Modality,
    /// What voxel values mean.
    pub unit: IntensityUnit,
    /// Date of the study.
    pub study_date: Option<Date>,
    /// Frame of reference UID; empty where none is stated.
    pub frame_of_reference: String,
    /// Voxels along (i, j, k).
    pub shape: [usize; 3],
    /// Centre-to-centre spacing, mm; believed only when `calibrated`.
    pub spacing_mm: [f64; 3],
    /// Whether the millimetres can be believed.
    pub calibrated: bool,
    /// BLAKE3 (hex) over the source files in order; finds moved and changed originals.
    pub fingerprint: String,
    /// Warnings raised while opening.
    pub warnings: Vec<Warning>,
}

/// Where the originals of a series are; erasable. Originals are only ever read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesSource {
    /// Which series.
    pub series: SeriesId,
    /// Path that the user opened (a folder or file), scanned again to load the pixels.
    #[serde(with = "path_json")]
    pub root: PathBuf,
    /// Zero-based item of the scan of `root`.
    pub item: usize,
    /// Series Instance UID; empty for formats without one.
    pub series_uid: String,
    /// Series description as the file states it.
    pub description: String,
    /// Source files in slice order.
    #[serde(with = "path_json::list")]
    pub files: Vec<PathBuf>,
}

/// How RECIST 1.1 counts a lesion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LesionRole {
    /// Measured and summed.
    Target,
    /// Followed in words.
    NonTarget,
    /// Appeared after baseline.
    New,
}

/// One lesion, the same over all time points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesion {
    /// Identifier.
    pub id: LesionId,
    /// Whose lesion.
    pub patient: PatientId,
    /// Short label (L1, L2, …), unique in the patient.
    pub label: String,
    /// Organ or site in words; may be empty.
    pub organ: String,
    /// How RECIST counts it.
    pub role: LesionRole,
    /// Lymph node: the short axis counts instead of the longest diameter.
    pub nodal: bool,
}

/// What the user drew.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Prompt {
    /// The longest diameter, dragged from end to end (LPS mm).
    Diameter {
        /// Where the drag began.
        p0: Point,
        /// Where it ended.
        p1: Point,
    },
}

/// One gesture on one series: committed when made, before any mask exists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// Identifier.
    pub id: AnnotationId,
    /// Which lesion it marks.
    pub lesion: LesionId,
    /// On which series.
    pub series: SeriesId,
    /// What was drawn.
    pub prompt: Prompt,
    /// When.
    pub created: Timestamp,
}

/// The mask that an engine made of an annotation, with its measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segmented {
    /// The gesture it came from.
    pub annotation: AnnotationId,
    /// Name and version of the engine, for example `growcut/1`.
    pub engine: String,
    /// SHA-256 (hex) of the mask ([`crate::volume::Mask::sha256`]).
    pub mask_sha256: String,
    /// SHA-256 (hex) of the artifact file that holds the encoded mask.
    pub artifact_sha256: String,
    /// What was measured on the mask.
    pub measured: Measured,
    /// The engine's own confidence, 0–1.
    pub confidence: f64,
    /// Warnings of engine and measurement.
    pub warnings: Vec<Warning>,
}

/// Kind of a treatment event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TreatmentKind {
    /// Drug treatment.
    Systemic,
    /// Radiotherapy.
    Radiotherapy,
    /// Surgery.
    Surgery,
    /// End of a treatment.
    Stop,
    /// A remark with a date.
    Note,
}

/// A dated treatment event of a patient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Treatment {
    /// Identifier.
    pub id: TreatmentId,
    /// Whose treatment.
    pub patient: PatientId,
    /// First day.
    pub date: Date,
    /// Kind of event.
    pub kind: TreatmentKind,
    /// Name of drug or technique; free text.
    pub name: String,
    /// Dose, in `unit`; `None` where not stated.
    pub dose: Option<f64>,
    /// Unit of `dose`, for example `Gy` or `mg/m2`; empty where not stated.
    pub unit: String,
    /// Length in days; 0 for a single day.
    pub duration_days: f64,
}

/// A what-if question on a patient's treatments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Identifier.
    pub id: ScenarioId,
    /// Whose.
    pub patient: PatientId,
    /// What is changed.
    pub change: crate::twin::ScenarioChange,
}

/// What a reader is to the patient, DICOM and 21 CFR 11 asking for a role with every act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReaderRole {
    /// Reads images by profession.
    Radiologist,
    /// Treats the patient.
    Oncologist,
    /// Medical physicist.
    Physicist,
    /// Imaging or modelling research.
    Researcher,
    /// Prepares images and contours.
    Technologist,
    /// None of these.
    Other,
}

impl ReaderRole {
    /// All roles, in the order offered.
    pub const ALL: [Self; 6] = [
        Self::Radiologist,
        Self::Oncologist,
        Self::Physicist,
        Self::Researcher,
        Self::Technologist,
        Self::Other,
    ];

    /// The word for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Radiologist => "radiologist",
            Self::Oncologist => "oncologist",
            Self::Physicist => "physicist",
            Self::Researcher => "researcher",
            Self::Technologist => "technologist",
            Self::Other => "other",
        }
    }
}

/// A person who reads images and edits the record. Never removed: entries refer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// Identifier.
    pub id: ReaderId,
    /// Name as printed in reports.
    pub name: String,
    /// Role.
    pub role: ReaderRole,
    /// When the reader was entered.
    pub created: Timestamp,
}

/// How far the reading of a time point has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadingState {
    /// Being worked on.
    #[default]
    Draft,
    /// Looked through by a reader; an edit makes it a draft again.
    Reviewed,
    /// Signed and locked; to change it, it must be amended with a reason.
    Signed,
}

/// What a signature means (21 CFR 11.50).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Made the measurements.
    Authorship,
    /// Checked them.
    Review,
    /// Approves them for use.
    Approval,
    /// Answers for them.
    Responsibility,
}

impl Meaning {
    /// All meanings, in the order offered.
    pub const ALL: [Self; 4] = [
        Self::Authorship,
        Self::Review,
        Self::Approval,
        Self::Responsibility,
    ];

    /// The word for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorship => "authorship",
            Self::Review => "review",
            Self::Approval => "approval",
            Self::Responsibility => "responsibility",
        }
    }
}

/// One change of the state of the reading of a time point. The newest of a time point counts; the
/// earlier ones stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signoff {
    /// Identifier.
    pub id: SignoffId,
    /// Whose images.
    pub patient: PatientId,
    /// Which visit.
    pub time_point: TimePointId,
    /// The state that the reading is in from now on.
    pub state: ReadingState,
    /// What a signature means; `None` unless signed.
    pub meaning: Option<Meaning>,
    /// Who; `None` where an edit by an unnamed reader made a draft of it.
    pub reader: Option<ReaderId>,
    /// Name of the reader as printed at the time (21 CFR 11.50).
    pub reader_name: String,
    /// SHA-256 (hex) of what was read: see `app::reading`. Binds the signature to it (21 CFR 11.70).
    pub content_sha256: String,
    /// Why, where a reason is required (amending); free text.
    pub reason: String,
    /// When.
    pub created: Timestamp,
}

/// How a series was last looked at; restored on reopening, not audited.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesView {
    /// Slice shown.
    pub slice: usize,
    /// Window shown; `None` for the default one.
    pub window: Option<WindowLevel>,
    /// Magnification relative to fitting the view.
    pub zoom: f64,
    /// Shift of the picture, in picture pixels.
    pub pan: [f64; 2],
}

impl Default for SeriesView {
    fn default() -> Self {
        Self {
            slice: 0,
            window: None,
            zoom: 1.0,
            pan: [0.0; 2],
        }
    }
}

/// Everything that a workspace holds of its patients.
///
/// Every list is sorted by its identifier (of the object that a row belongs to), without
/// duplicates. Identifiers are minted in rising order, so this is the order of entry, and an object
/// that is taken back and brought again stands where it stood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    /// Patients, in order of entry.
    pub patients: Vec<Patient>,
    /// Their identities.
    pub identities: Vec<PatientIdentity>,
    /// Visits.
    pub time_points: Vec<TimePoint>,
    /// Series.
    pub series: Vec<Series>,
    /// Where series come from.
    pub sources: Vec<SeriesSource>,
    /// Lesions.
    pub lesions: Vec<Lesion>,
    /// Gestures that stand (the newest per lesion and series is the one that counts).
    pub annotations: Vec<Annotation>,
    /// Masks and measurements made from gestures.
    pub segmented: Vec<Segmented>,
    /// Treatments.
    pub treatments: Vec<Treatment>,
    /// What-if scenarios.
    pub scenarios: Vec<Scenario>,
    /// Readers.
    pub readers: Vec<Reader>,
    /// Changes of the state of readings.
    pub signoffs: Vec<Signoff>,
    /// How each series was last looked at.
    pub series_views: Vec<(SeriesId, SeriesView)>,
    /// Small settings of the window by key (selected patient, theme …), as JSON.
    pub settings: Vec<(String, serde_json::Value)>,
}

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
    /// Treatment entered or edited.
    PutTreatment(Treatment),
    /// Treatment removed.
    RemoveTreatment(TreatmentId),
    /// Scenario entered or edited.
    PutScenario(Scenario),
    /// Scenario removed.
    RemoveScenario(ScenarioId),
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
