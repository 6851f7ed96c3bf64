//! How a lesion is marked on one series: the steps that make its mask, lines drawn by hand, sizes
//! that others measured, and which of them RECIST counts.

mod step;
mod wire;

pub use step::{BaseMask, DeltaRef, MaskRef, MaskStep};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AnnotationId, LesionId, SeriesId};
use crate::geometry::{Point, Vec3};
use crate::segment::Prompt;
use crate::units::Mm;
use wire::Wire;

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
    /// The mask that the first of them have made, where one stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseMask>,
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
            // Cut or joined, it is another lesion than the one that the line was drawn on.
            _ if self.steps.iter().any(MaskStep::makes_another) => None,
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

    /// Whether its numbers are numbers, and of a size that can be meant.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let point = |p: &Point| p.0.iter().all(|x| x.is_finite());
        let steps = self.steps.iter().all(MaskStep::is_usable);
        let caliper = self.caliper.is_none_or(|c| {
            c.long.iter().all(point) && c.short.is_none_or(|s| s.iter().all(point))
        });
        let imported = self
            .imported
            .is_none_or(|i| i.long.0.is_finite() && i.short.is_none_or(|s| s.0.is_finite()));
        steps && caliper && imported
    }

    /// Whether every number in it is one, as the record demands.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        // JSON has no other numbers: what is none becomes null.
        fn has_null(value: &serde_json::Value) -> bool {
            match value {
                serde_json::Value::Null => true,
                serde_json::Value::Array(items) => items.iter().any(has_null),
                serde_json::Value::Object(members) => members.values().any(has_null),
                _ => false,
            }
        }
        serde_json::to_value(self).is_ok_and(|value| !has_null(&value))
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
