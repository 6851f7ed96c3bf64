//! Values as they are compared: what says little about where the body lies is held back.

use crate::volume::{IntensityUnit, Modality, Volume};

/// Hounsfield units beyond which differences count for nothing: air and lung differ with breath, metal
/// and dense bone are few and extreme.
const CT_RANGE: [f32; 2] = [-700.0, 700.0];

/// How values are transformed before they are averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Hounsfield units, held to a range.
    Hounsfield,
    /// Square root of uptake: a bladder must not outshine the body.
    Root,
    /// As they are.
    Plain,
}

impl Tone {
    pub(super) fn suiting(volume: &Volume) -> Self {
        match (volume.unit, &volume.modality) {
            (IntensityUnit::Hounsfield, _) => Self::Hounsfield,
            (_, Modality::PT) => Self::Root,
            _ => Self::Plain,
        }
    }

    pub(super) fn of(self, value: f32) -> f32 {
        match self {
            Self::Hounsfield => value.clamp(CT_RANGE[0], CT_RANGE[1]),
            Self::Root => value.max(0.0).sqrt(),
            Self::Plain => value,
        }
    }
}
