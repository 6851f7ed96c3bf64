//! Steps in the making of a mask.

use serde::{Deserialize, Serialize};

use crate::edit::{Edit, Operation};
use crate::geometry::Point;
use crate::segment::Prompt;

/// From where on a coordinate, mm, is damage and not a place.
const FARTHEST_MM: f64 = 1e6;
/// Largest number of points of one gesture.
const MOST_POINTS: usize = 20_000;

/// One step in the making of a mask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum MaskStep {
    /// A gesture that an engine works on: the first makes a mask, later ones correct it.
    Prompt {
        /// The gesture.
        prompt: Prompt,
    },
    /// An edit by hand.
    Edit {
        /// What was done.
        edit: Edit,
        /// Masks of other lesions that it names, as they stood.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<MaskRef>,
        /// What it changed, once it was done: replaying needs no more than that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delta: Option<DeltaRef>,
    },
}

/// A mask that is kept as an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskRef {
    /// SHA-256 (hex) of the mask.
    pub mask_sha256: String,
    /// SHA-256 (hex) of the artifact that holds it.
    pub artifact_sha256: String,
}

/// A mask that further steps build on, as it stood: what it was made by does not matter to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseMask {
    /// The mask.
    pub mask: MaskRef,
    /// How many of the steps it holds already.
    pub n_steps: usize,
    /// Slices of it that were filled from their neighbours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub propagated: Vec<usize>,
}

/// What an edit changed, kept as an artifact ([`crate::edit::Delta`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltaRef {
    /// SHA-256 (hex) of the mask that was edited.
    pub before_sha256: String,
    /// SHA-256 (hex) of the artifact that holds the changed voxels.
    pub artifact_sha256: String,
}

impl MaskStep {
    /// Points that say where in the patient it was made.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        match self {
            Self::Prompt { prompt } => prompt.points(),
            Self::Edit {
                edit: Edit::Brush { points, .. },
                ..
            } => points,
            Self::Edit { .. } => &[],
        }
    }

    /// Its places, to be moved.
    pub fn points_mut(&mut self) -> Vec<&mut Point> {
        match self {
            Self::Prompt { prompt } => prompt.points_mut().iter_mut().collect(),
            Self::Edit { edit, .. } => edit.points_mut(),
        }
    }

    /// In a word, for example `drag`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Prompt { prompt } => prompt.word(),
            Self::Edit { edit, .. } => edit_word(edit),
        }
    }

    /// The gesture for an engine, where it is one.
    #[must_use]
    pub const fn prompt(&self) -> Option<&Prompt> {
        match self {
            Self::Prompt { prompt } => Some(prompt),
            Self::Edit { .. } => None,
        }
    }

    /// Whether the lesion is another one afterwards: cut, or joined with a second one.
    #[must_use]
    pub const fn makes_another(&self) -> bool {
        matches!(
            self,
            Self::Edit {
                edit: Edit::Split { .. } | Edit::Arithmetic { .. },
                ..
            }
        )
    }

    /// Whether it shows lesion, so that it may begin a mask.
    #[must_use]
    pub const fn adds(&self) -> bool {
        match self {
            Self::Prompt { prompt } => prompt.adds(),
            Self::Edit {
                edit: Edit::Brush { adds, .. },
                ..
            } => *adds,
            Self::Edit { .. } => false,
        }
    }

    /// An edit by hand.
    #[must_use]
    pub const fn edit(edit: Edit) -> Self {
        Self::Edit {
            edit,
            others: Vec::new(),
            delta: None,
        }
    }

    /// Why it is not usable, in words.
    #[must_use]
    pub fn unusable(&self) -> String {
        let refused = match self {
            Self::Prompt { .. } => None,
            Self::Edit { edit, .. } => edit.refusal().map(|e| e.to_string()),
        };
        refused.unwrap_or_else(|| "the gesture is not made of places in an image".to_owned())
    }

    /// Whether its numbers are numbers, and of a size that can be meant.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        match self {
            Self::Prompt { prompt } => {
                let points = prompt.points();
                let fewest = usize::from(prompt.has_place());
                let near = |p: &Point| p.0.iter().all(|x| x.abs() <= FARTHEST_MM);
                prompt.is_finite()
                    && (fewest..=MOST_POINTS).contains(&points.len())
                    && points.iter().all(near)
            }
            Self::Edit { edit, .. } => edit.is_usable(),
        }
    }
}

const fn edit_word(edit: &Edit) -> &'static str {
    match edit {
        Edit::Brush { adds: true, .. } => "brush",
        Edit::Brush { adds: false, .. } => "eraser",
        Edit::FillBetween => "filling between slices",
        Edit::Islands { .. } | Edit::RemoveIsland { .. } => "removing parts",
        Edit::FillHoles { .. } => "filling holes",
        Edit::Smooth { .. } => "smoothing",
        Edit::Margin { mm, .. } if mm.0 < 0.0 => "shrinking",
        Edit::Margin { .. } => "growing",
        Edit::Split { .. } => "splitting",
        Edit::Arithmetic {
            op: Operation::Union,
            ..
        } => "merging",
        Edit::Arithmetic {
            op: Operation::Intersect,
            ..
        } => "intersecting",
        Edit::Arithmetic {
            op: Operation::Subtract,
            ..
        } => "subtracting",
        Edit::Threshold { .. } => "limiting to values",
        Edit::ClearSlice { .. } => "clearing a slice",
    }
}
