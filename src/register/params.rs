//! What a caller can choose.

use serde::{Deserialize, Serialize};

use crate::volume::{Modality, Volume};

/// How the likeness of two images is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Normalised cross-correlation: values are related by a straight line. −1 to 1.
    Ncc,
    /// Mutual information of a joint histogram: values are related somehow. Stated as the symmetric
    /// uncertainty 2 I(F; M) / (H(F) + H(M)), 0 to 1.
    Mi,
}

impl Metric {
    /// The word in answers and records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ncc => "ncc",
            Self::Mi => "mi",
        }
    }

    /// A stated likeness on a scale whose steps mean alike: Fisher's transform spreads correlations near one.
    pub(super) fn spread(self, stated: f64) -> f64 {
        match self {
            Self::Ncc => stated.clamp(0.0, 0.999).atanh(),
            Self::Mi => stated,
        }
    }

    /// What suits two images: correlation within CT and within PET, whose values mean the same from
    /// scan to scan; mutual information otherwise. MR values have no fixed scale and change with the
    /// sequence.
    #[must_use]
    pub fn suiting(fixed: &Volume, moving: &Volume) -> Self {
        match (&fixed.modality, &moving.modality) {
            (Modality::CT, Modality::CT) | (Modality::PT, Modality::PT) => Self::Ncc,
            _ => Self::Mi,
        }
    }
}

/// Parameters of registration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// The metric; `None` takes what suits the modalities ([`Metric::suiting`]).
    pub metric: Option<Metric>,
    /// Whether the headers state the same frame of reference. The search then begins near the identity
    /// and goes further only when nothing trustworthy is found there.
    pub same_frame_of_reference: bool,
    /// Seed of the sample points.
    pub seed: u64,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            metric: None,
            same_frame_of_reference: false,
            seed: 1,
        }
    }
}
