//! What a reader shows of a lesion.

use serde::{Deserialize, Serialize};

use crate::geometry::Point;
use crate::units::Mm;

/// One gesture, in patient space (LPS mm). All engines take the same prompts.
///
/// A list of them is a lesion's history: the first makes a mask, later ones correct it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Prompt {
    /// The longest diameter, from end to end.
    Drag {
        /// Its two ends.
        ends: [Point; 2],
    },
    /// A click on the lesion, or on what is not the lesion.
    Point {
        /// Where.
        at: Point,
        /// On the lesion.
        adds: bool,
    },
    /// A box around the lesion.
    Box {
        /// Two opposite corners; in one slice or across several.
        corners: [Point; 2],
    },
    /// A stroke over lesion, or over what is not the lesion.
    Scribble {
        /// Its line.
        points: Vec<Point>,
        /// Radius of the brush.
        radius: Mm,
        /// Over lesion.
        adds: bool,
    },
    /// A closed outline in one slice; what it encloses is lesion, or is not.
    Lasso {
        /// Its corners in turn; the last leads back to the first.
        points: Vec<Point>,
        /// Encloses lesion.
        adds: bool,
    },
    /// No gesture of its own, behind a drag: the lesion is followed from the drawn slice to the others,
    /// one after the other, as is better for some lesions where slices are thick.
    Slices,
    /// No gesture of its own: the whole lesion is divided anew, with all gestures before it in mind.
    Anew,
}

impl Prompt {
    /// Points that it is made of; none where it has no place of its own.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        match self {
            Self::Drag { ends: points } | Self::Box { corners: points } => points,
            Self::Point { at, .. } => std::slice::from_ref(at),
            Self::Scribble { points, .. } | Self::Lasso { points, .. } => points,
            Self::Slices | Self::Anew => &[],
        }
    }

    /// The same, to be moved.
    pub fn points_mut(&mut self) -> &mut [Point] {
        match self {
            Self::Drag { ends: points } | Self::Box { corners: points } => points,
            Self::Point { at, .. } => std::slice::from_mut(at),
            Self::Scribble { points, .. } | Self::Lasso { points, .. } => points,
            Self::Slices | Self::Anew => &mut [],
        }
    }

    /// In a word, for example `drag`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Drag { .. } => "drag",
            Self::Point { adds: true, .. } => "click",
            Self::Point { adds: false, .. } => "negative click",
            Self::Box { .. } => "box",
            Self::Scribble { adds: true, .. } => "stroke",
            Self::Scribble { adds: false, .. } => "negative stroke",
            Self::Lasso { adds: true, .. } => "outline",
            Self::Lasso { adds: false, .. } => "negative outline",
            Self::Slices => "slice by slice",
            Self::Anew => "division anew",
        }
    }

    /// Whether it shows lesion, and does not take any away.
    #[must_use]
    pub const fn adds(&self) -> bool {
        match self {
            Self::Drag { .. } | Self::Box { .. } => true,
            Self::Point { adds, .. } | Self::Scribble { adds, .. } | Self::Lasso { adds, .. } => {
                *adds
            }
            Self::Slices | Self::Anew => false,
        }
    }

    /// Whether every number in it is one.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        let radius = match self {
            Self::Scribble { radius, .. } => radius.0,
            _ => 0.0,
        };
        let finite = |p: &Point| p.0.iter().all(|x| x.is_finite());
        self.points().iter().all(finite) && radius.is_finite()
    }

    /// Whether it is a gesture, made somewhere; the others ask for another way to divide.
    #[must_use]
    pub const fn has_place(&self) -> bool {
        !matches!(self, Self::Slices | Self::Anew)
    }

    /// The drawn diameter, where it is one.
    #[must_use]
    pub const fn line(&self) -> Option<[Point; 2]> {
        match self {
            Self::Drag { ends } => Some(*ends),
            _ => None,
        }
    }
}
