//! How a lesion is marked on one series: the steps that make its mask, lines drawn by hand, sizes
//! that others measured, and which of them RECIST counts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AnnotationId, LesionId, SeriesId};
use crate::edit::{Edit, Operation};
use crate::geometry::{Point, Vec3};
use crate::segment::Prompt;
use crate::units::Mm;

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
    /// A mask that was made otherwise, such as that of a lesion before it was split.
    Take {
        /// The mask.
        mask: MaskRef,
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
            Self::Edit { .. } | Self::Take { .. } => &[],
        }
    }

    /// Its places, to be moved.
    pub fn points_mut(&mut self) -> Vec<&mut Point> {
        match self {
            Self::Prompt { prompt } => prompt.points_mut().iter_mut().collect(),
            Self::Edit { edit, .. } => edit.points_mut(),
            Self::Take { .. } => Vec::new(),
        }
    }

    /// In a word, for example `drag`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Prompt { prompt } => prompt.word(),
            Self::Edit { edit, .. } => edit_word(edit),
            Self::Take { .. } => "taken over",
        }
    }

    /// The gesture for an engine, where it is one.
    #[must_use]
    pub const fn prompt(&self) -> Option<&Prompt> {
        match self {
            Self::Prompt { prompt } => Some(prompt),
            Self::Edit { .. } | Self::Take { .. } => None,
        }
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
            Self::Take { .. } => true,
        }
    }

    /// Whether every number in it is one.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        match self {
            Self::Prompt { prompt } => prompt.is_finite(),
            Self::Edit { edit, .. } => edit.is_usable(),
            Self::Take { .. } => true,
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

/// Lines drawn by hand (LPS mm): a measurement that needs no mask.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Caliper {
    /// The longest diameter.
    pub long: [Point; 2],
    /// The longest line across it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<[Point; 2]>,
}

/// Diameters that somebody else measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportedSize {
    /// The longest diameter.
    pub long: Mm,
    /// The short axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<Mm>,
}

/// Where a RECIST value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueSource {
    /// Lines drawn by hand.
    Caliper,
    /// Axes of the mask.
    Mask,
    /// A size that somebody else measured.
    Imported,
}

impl ValueSource {
    /// As it is named on screen and in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Caliper => "caliper",
            Self::Mask => "mask",
            Self::Imported => "imported",
        }
    }
}

/// What marks a lesion on one series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Marking {
    /// How the mask is made, in order; empty where there is none to be made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<MaskStep>,
    /// Lines drawn by hand, in place of the drag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caliper: Option<Caliper>,
    /// A size that somebody else measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<ImportedSize>,
    /// What a reader said that RECIST counts; `None` leaves it to the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<ValueSource>,
}

impl Marking {
    /// The drag of a longest diameter and nothing else.
    #[must_use]
    pub fn of_drag(ends: [Point; 2]) -> Self {
        Self::of_prompt(Prompt::Drag { ends })
    }

    /// One gesture and nothing else.
    #[must_use]
    pub fn of_prompt(prompt: Prompt) -> Self {
        Self {
            steps: vec![MaskStep::Prompt { prompt }],
            ..Self::default()
        }
    }

    /// The longest diameter as drawn by hand: by caliper, else the drag that the mask began with.
    #[must_use]
    pub fn line(&self) -> Option<[Point; 2]> {
        let dragged = || match self.steps.first()? {
            MaskStep::Prompt {
                prompt: Prompt::Drag { ends },
            } => Some(*ends),
            _ => None,
        };
        self.caliper.map(|c| c.long).or_else(dragged)
    }

    /// Where it was begun: the middle of its line, else of its first gesture.
    #[must_use]
    pub fn place(&self) -> Option<Point> {
        if let Some([a, b]) = self.line() {
            return Some(a.midpoint(b));
        }
        let points = self.steps.iter().map(MaskStep::points);
        middle(points.into_iter().find(|p| !p.is_empty())?)
    }

    /// Whether every number in it is one.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        let point = |p: &Point| p.0.iter().all(|x| x.is_finite());
        let steps = self.steps.iter().all(MaskStep::is_finite);
        let caliper = self.caliper.is_none_or(|c| {
            c.long.iter().all(point) && c.short.is_none_or(|s| s.iter().all(point))
        });
        let imported = self
            .imported
            .is_none_or(|i| i.long.0.is_finite() && i.short.is_none_or(|s| s.0.is_finite()));
        steps && caliper && imported
    }

    /// The drag, where it is all there is.
    #[must_use]
    pub fn lone_drag(&self) -> Option<[Point; 2]> {
        let ends = self.line()?;
        (*self == Self::of_drag(ends)).then_some(ends)
    }
}

/// Mean of points; `None` of none.
#[must_use]
pub fn middle(points: &[Point]) -> Option<Point> {
    let first = points.first()?;
    let n = points.len() as f64;
    let offsets = points.iter().map(|p| p.0 - first.0);
    Some(Point(first.0 + offsets.sum::<Vec3>() / n))
}

/// The mark of a lesion on one series: committed when made, before any mask exists.
///
/// A correction takes the place of what it corrects, under an identifier of its own, so that what
/// stood before can be brought back with its mask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Annotation {
    /// Identifier.
    pub id: AnnotationId,
    /// Which lesion it marks.
    pub lesion: LesionId,
    /// On which series.
    pub series: SeriesId,
    /// What marks it.
    pub marking: Marking,
    /// When.
    pub created: Timestamp,
}

/// A mark in journals and in what signatures bind. A lone drag keeps the form that it had when
/// there was nothing else, so that signatures of that time hold.
#[derive(Serialize, Deserialize)]
struct Wire {
    id: AnnotationId,
    lesion: LesionId,
    series: SeriesId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt: Option<LoneDrag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    marking: Option<Marking>,
    created: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum LoneDrag {
    Diameter { p0: Point, p1: Point },
}

impl From<Annotation> for Wire {
    fn from(a: Annotation) -> Self {
        let drag = a.marking.lone_drag();
        Self {
            id: a.id,
            lesion: a.lesion,
            series: a.series,
            prompt: drag.map(|[p0, p1]| LoneDrag::Diameter { p0, p1 }),
            marking: drag.is_none().then_some(a.marking),
            created: a.created,
        }
    }
}

impl TryFrom<Wire> for Annotation {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let marking = match (wire.prompt, wire.marking) {
            (Some(LoneDrag::Diameter { p0, p1 }), None) => Marking::of_drag([p0, p1]),
            (None, Some(marking)) => marking,
            _ => return Err("an annotation holds either a prompt or a marking"),
        };
        Ok(Self {
            id: wire.id,
            lesion: wire.lesion,
            series: wire.series,
            marking,
            created: wire.created,
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn annotation(marking: Marking) -> Annotation {
        Annotation {
            id: AnnotationId(Uuid::from_u128(1)),
            lesion: LesionId(Uuid::from_u128(2)),
            series: SeriesId(Uuid::from_u128(3)),
            marking,
            created: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_lone_drag_is_written_as_it_was_when_there_was_nothing_else() {
        let ends = [Point::new(1.0, 2.0, 3.0), Point::new(4.0, 5.0, 6.0)];
        let drawn = annotation(Marking::of_drag(ends));
        let json = serde_json::to_value(&drawn).expect("plain data");
        let prompt =
            serde_json::json!({"kind": "diameter", "p0": [1.0, 2.0, 3.0], "p1": [4.0, 5.0, 6.0]});
        assert_eq!(json["prompt"], prompt);
        assert!(json.get("marking").is_none());
        assert_eq!(
            serde_json::from_value::<Annotation>(json).expect("own form"),
            drawn
        );
    }

    #[test]
    fn everything_else_is_written_as_it_is() {
        let ends = [Point::new(1.0, 2.0, 3.0), Point::new(4.0, 5.0, 6.0)];
        let mut drawn = annotation(Marking::of_drag(ends));
        drawn.marking.counts = Some(ValueSource::Caliper);
        drawn.marking.imported = Some(ImportedSize {
            long: Mm(12.5),
            short: None,
        });
        let json = serde_json::to_value(&drawn).expect("plain data");
        assert!(json.get("prompt").is_none());
        assert_eq!(
            serde_json::from_value::<Annotation>(json).expect("own form"),
            drawn
        );
        assert_eq!(drawn.marking.line(), Some(ends));
    }
}
