//! The record of a workspace as plain types: patients, time points, series, lesions, prompts,
//! masks, measurements, treatments, and the changes that a transaction commits. No storage lives here.
//!
//! Fields that may identify a person (names, paths, free text) are kept in structs of their own
//! (`…Identity`, `…Source`), because they are stored apart and can be erased without touching the
//! audit trail, which holds ids only.

mod change;
mod marking;
mod measurement;
mod path_json;
mod reading;
mod schedule;

pub use change::{AuditAction, AuditNote, Change, Outcome, StepKind, Transaction};
pub use marking::{
    Annotation, BaseMask, Caliper, DeltaRef, ImportedSize, Marking, MaskRef, MaskStep, ValueSource,
    middle,
};
pub use measurement::Measurement;
pub use reading::{Meaning, Reader, ReaderRole, ReadingState, Signoff};
pub use schedule::Schedule;

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::measure::Measured;
use crate::units::Bulk;
use crate::volume::{IntensityUnit, Modality, PetStatement, WindowLevel};
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
    /// One measurement that belongs to no lesion.
    MeasurementId
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
    /// What a reader stated of a PET series; `None` where its header alone counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pet: Option<PetStatement>,
    /// Which volume of a series over time, phase or weighting is shown and measured; `None` where
    /// the series is one volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameOf>,
}

impl Series {
    /// Zero-based volume that is shown and measured.
    #[must_use]
    pub fn frame_index(&self) -> usize {
        self.frame.map_or(0, |f| f.index)
    }
}

/// One of several volumes on one grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameOf {
    /// Zero-based.
    pub index: usize,
    /// How many there are.
    pub of: usize,
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
    /// Volume in which voxels at the border count with their share of lesion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial_volume: Option<Bulk>,
    /// Zero-based slices that were filled from a neighbour and not from a gesture in them: to be
    /// looked at before they are believed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub propagated: Vec<usize>,
    /// How much it depends on just where the hand was: mean Dice (0–1) with the masks of the same
    /// gestures made a pixel or two beside. Worked out after the mask; `None` until then, and where
    /// it was edited by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consistency: Option<f64>,
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
    /// Length in days; 0 where not stated, for a single day, and where the schedule needs none.
    pub duration_days: f64,
    /// How a drug is given; `None` where the record does not say: then dose and length have to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Number of fractions of radiotherapy, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fractions: Option<u32>,
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

/// Where the priors of a patient's fits come from, as a reader chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorChoice {
    /// Whose. All lesions of a patient are fitted with the same priors, since they are joined.
    pub patient: PatientId,
    /// The priors.
    pub prior: crate::twin::PriorSet,
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
    /// Measurements that belong to no lesion.
    pub measurements: Vec<Measurement>,
    /// Treatments.
    pub treatments: Vec<Treatment>,
    /// What-if scenarios.
    pub scenarios: Vec<Scenario>,
    /// Priors chosen; the default ones where none were.
    pub priors: Vec<PriorChoice>,
    /// Readers.
    pub readers: Vec<Reader>,
    /// Changes of the state of readings.
    pub signoffs: Vec<Signoff>,
    /// How each series was last looked at.
    pub series_views: Vec<(SeriesId, SeriesView)>,
    /// Small settings of the window by key (selected patient, theme …), as JSON.
    pub settings: Vec<(String, serde_json::Value)>,
}

impl Records {
    /// A setting of the window; `None` where it was never made, was taken away (null), or has another
    /// form.
    #[must_use]
    pub fn setting<T: serde::de::DeserializeOwned>(&self, key: &str) -> Option<T> {
        let found = self.settings.binary_search_by(|(k, _)| k.as_str().cmp(key));
        let (_, value) = &self.settings[found.ok()?];
        (!value.is_null())
            .then(|| T::deserialize(value).ok())
            .flatten()
    }
}
