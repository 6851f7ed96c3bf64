//! Who reads, and how far a reading has come.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{PatientId, ReaderId, SignoffId, TimePointId};

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
