//! RECIST 1.1 thresholds on sums of diameters, with the rule and the reason of every category.
//!
//! Eisenhauer et al., Eur J Cancer 2009;45:228; Schwartz et al., Eur J Cancer 2016;62:132. Rules
//! bear ids: R09 sum (nodes by short axis), R10 too small to measure, R12 nadir, R13 PD, R14 CR,
//! R15 PR, R16 SD, R17 not evaluable, N1 new lesion, N2 non-target lesions. Everything is decided
//! on whole tenths of a millimetre, never on rounded percentages.

mod probability;
mod rules;

pub use probability::Probability;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::units::{Length, Mm};

/// What became of a target lesion at a time point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", content = "length", rename_all = "snake_case")]
pub enum TargetStatus {
    /// Measured: longest diameter, or the short axis of a node.
    Measured(Length),
    /// Seen, but too small to measure: counts 5 mm.
    TooSmall,
    /// Gone: counts 0 mm.
    Absent,
    /// Not imaged or not readable.
    NotAssessed,
}

/// A target lesion at a time point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Name, the same at every time point.
    pub lesion: String,
    /// Lymph node.
    pub nodal: bool,
    /// What became of it.
    pub status: TargetStatus,
}

/// Non-target lesions at a time point, judged by a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NonTarget {
    /// The patient has none.
    #[default]
    None,
    /// All gone (nodes below 10 mm).
    Complete,
    /// Present, without unequivocal progression.
    Present,
    /// Unequivocal progression.
    Progression,
    /// Not evaluated.
    NotEvaluated,
}

/// New lesions at a time point, judged by a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewLesion {
    /// None.
    #[default]
    None,
    /// Perhaps; decided at a later time point.
    Equivocal,
    /// Certain.
    Unequivocal,
}

/// What was found at one time point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimePointSum {
    /// Date or name, as sentences shall call it.
    pub label: String,
    /// Target lesions. One of baseline that is missing here counts as not assessed.
    pub targets: Vec<Target>,
    /// Non-target lesions.
    #[serde(default)]
    pub non_target: NonTarget,
    /// New lesions.
    #[serde(default)]
    pub new_lesion: NewLesion,
}

/// A response category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Category {
    /// Complete response.
    #[serde(rename = "CR")]
    Complete,
    /// Partial response.
    #[serde(rename = "PR")]
    Partial,
    /// Neither CR nor PD of patients without target lesions.
    #[serde(rename = "non-CR/non-PD")]
    NonCompleteNonProgression,
    /// Stable disease.
    #[serde(rename = "SD")]
    Stable,
    /// Progressive disease.
    #[serde(rename = "PD")]
    Progression,
    /// Not evaluable.
    #[serde(rename = "NE")]
    NotEvaluable,
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complete => "CR",
            Self::Partial => "PR",
            Self::NonCompleteNonProgression => "non-CR/non-PD",
            Self::Stable => "SD",
            Self::Progression => "PD",
            Self::NotEvaluable => "NE",
        })
    }
}

/// A reason with its rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Rule id, for example `R13`.
    pub rule: String,
    /// One sentence.
    pub text: String,
}

/// The assessment of one time point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// Label of the time point.
    pub label: String,
    /// Sum over the target lesions; `None` when one was not assessed or units differ.
    pub sum: Option<Length>,
    /// Change of the sum from baseline, per cent.
    pub from_baseline_percent: Option<f64>,
    /// Change from the smallest earlier sum, baseline included, per cent.
    pub from_nadir_percent: Option<f64>,
    /// The same change in millimetres.
    pub from_nadir: Option<Mm>,
    /// Label of the time point of that smallest sum.
    pub nadir_label: Option<String>,
    /// Target response; `None` at baseline and without target lesions.
    pub target: Option<Category>,
    /// Overall response of the time point; `None` at baseline.
    pub overall: Option<Category>,
    /// Probabilities of the target response under measurement noise.
    pub probability: Option<Probability>,
    /// Reasons, the deciding one first.
    pub why: Vec<Reason>,
}

/// Assesses time points in order; the first is baseline.
///
/// Pure thresholds: confirmation, best response and dates of progression are not decided here.
#[must_use]
pub fn assess(time_points: &[TimePointSum]) -> Vec<Assessment> {
    let mut assessments = rules::assess(time_points);
    let probabilities = probability::propagate(time_points);
    for (assessment, probability) in assessments.iter_mut().zip(probabilities) {
        assessment.probability = probability;
    }
    assessments
}
