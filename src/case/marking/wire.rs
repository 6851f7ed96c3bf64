//! How marks are written into journals and into what signatures bind.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Annotation, Marking};
use crate::case::{AnnotationId, LesionId, SeriesId};
use crate::geometry::Point;

/// A mark in journals and in what signatures bind. A lone drag keeps the form that it had when
/// there was nothing else, so that signatures of that time hold.
#[derive(Serialize, Deserialize)]
pub(super) struct Wire {
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
