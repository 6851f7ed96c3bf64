//! A mark being drawn: what its points say, and what becomes of it.

use egui::{Pos2, Ui};

use super::super::state::Tool;
use crate::app::Command;
use crate::app::view::{
    AnnotationId, BrushShape, Edit, LesionId, MaskStep, PixelMap, Point, Prompt, SeriesId,
};
use crate::units::Mm;

/// Shorter drags, in points on the screen, are taken for a slip of the hand.
const SLIP: f32 = 4.0;

/// Points of a stroke lie at least this far apart, picture pixels.
const NEXT_POINT: f64 = 0.6;

/// How far the stroke that is kept may lie from the one that was drawn, picture pixels.
const TOLERANCE: f64 = 0.2;

/// A mark being drawn.
pub(super) struct Draft {
    pub(super) tool: Tool,
    pub(super) slice: usize,
    pub(super) map: PixelMap,
    pub(super) calibrated: bool,
    /// Picture coordinates: both ends, or all of a stroke.
    pub(super) points: Vec<[f64; 2]>,
    /// Where the button went down, and where the pointer is, on the screen.
    pub(super) start: Pos2,
    pub(super) pointer: Pos2,
    pub(super) lesion: Option<LesionId>,
    /// It takes away.
    pub(super) negative: bool,
    /// Radius of the brush.
    pub(super) radius: Mm,
    /// The brush paints in space.
    pub(super) sphere: bool,
    /// The brush changes only voxels with a value in this range.
    pub(super) within: Option<[f64; 2]>,
    /// The mark of the lesion here, where there is one.
    pub(super) mark: Option<AnnotationId>,
}

impl Draft {
    /// Both ends, of what has two.
    pub(super) fn ends(&self) -> [[f64; 2]; 2] {
        let first = self.points.first().copied().unwrap_or_default();
        [first, self.points.last().copied().unwrap_or(first)]
    }

    /// Goes on to a place of the picture; returns whether that changes what is drawn.
    pub(super) fn go_on(&mut self, to: [f64; 2], pointer: Pos2) -> bool {
        self.pointer = pointer;
        if self.tool == Tool::Point {
            return false;
        }
        let [first, last] = self.ends();
        if !self.tool.is_freehand() {
            self.points = vec![first, to];
            return to != last;
        }
        let far = (to[0] - last[0]).hypot(to[1] - last[1]) >= NEXT_POINT;
        if far {
            self.points.push(to);
        }
        far
    }

    /// Whether the hand only slipped.
    pub(super) fn is_slip(&self) -> bool {
        match self.tool {
            Tool::Window | Tool::Measure(_) => true,
            Tool::Point | Tool::Scribble | Tool::Brush => false,
            Tool::Diameter | Tool::Caliper | Tool::Box | Tool::Cut => {
                self.start.distance(self.pointer) < SLIP
            }
            Tool::Lasso => self.points.len() < 3,
        }
    }

    fn patient(&self) -> Vec<Point> {
        let at = |p: &[f64; 2]| self.map.patient(p[0], p[1]);
        simplified(&self.points).iter().map(at).collect()
    }

    /// The gesture for an engine, where it is one.
    fn prompt(&self) -> Option<Prompt> {
        let [a, b] = self.ends().map(|[x, y]| self.map.patient(x, y));
        let adds = !self.negative;
        Some(match self.tool {
            Tool::Window | Tool::Caliper | Tool::Brush | Tool::Cut | Tool::Measure(_) => {
                return None;
            }
            Tool::Diameter => Prompt::Drag { ends: [a, b] },
            Tool::Box => Prompt::Box { corners: [a, b] },
            Tool::Point => Prompt::Point { at: b, adds },
            Tool::Scribble => Prompt::Scribble {
                points: self.patient(),
                radius: self.radius,
                adds,
            },
            Tool::Lasso => Prompt::Lasso {
                points: self.patient(),
                adds,
            },
        })
    }

    /// The edit, where it is one.
    fn edit(&self) -> Option<Edit> {
        (self.tool == Tool::Brush).then(|| Edit::Brush {
            points: self.patient(),
            radius: self.radius,
            shape: if self.sphere {
                BrushShape::Sphere
            } else {
                BrushShape::Disc
            },
            adds: !self.negative,
            within: self.within,
        })
    }

    /// What shows where this leads, while it is drawn.
    pub(super) fn preview(&self, series: SeriesId) -> Option<Command> {
        if self.is_slip() {
            return None;
        }
        let step = match self.edit() {
            Some(edit) => MaskStep::edit(edit),
            None => MaskStep::Prompt {
                prompt: self.prompt()?,
            },
        };
        Some(Command::Preview {
            series,
            lesion: self.lesion,
            step,
        })
    }

    /// What is done once it is drawn.
    pub(super) fn command(&self, series: SeriesId) -> Option<Command> {
        if self.is_slip() {
            return None;
        }
        let lesion = self.lesion;
        let line = self.ends().map(|[x, y]| self.map.patient(x, y));
        if self.tool == Tool::Caliper {
            return Some(Command::Caliper {
                series,
                lesion,
                line,
            });
        }
        if self.tool == Tool::Cut {
            let annotation = self.mark?;
            return Some(Command::SplitLesion { annotation, line });
        }
        if let Some(edit) = self.edit() {
            return Some(Command::Edit {
                series,
                lesion,
                edit,
            });
        }
        Some(Command::Prompt {
            series,
            lesion,
            prompt: self.prompt()?,
        })
    }

    /// Length as a person reads it, of what has one.
    pub(super) fn length(&self) -> Option<String> {
        let measures = matches!(self.tool, Tool::Diameter | Tool::Caliper);
        measures.then(|| length_text(&self.map, self.calibrated, self.ends()))
    }
}

/// A stroke with the points alone that it needs to stay within [`TOLERANCE`] of what was drawn
/// (Douglas and Peucker 1973): the record holds every stroke for good.
fn simplified(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let (Some(last), true) = (points.len().checked_sub(1), points.len() > 2) else {
        return points.to_vec();
    };
    let mut kept = vec![false; points.len()];
    (kept[0], kept[last]) = (true, true);
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let away = |n: &usize| off_line(points[*n], points[from], points[to]);
        let far = (from + 1..to).max_by(|a, b| away(a).total_cmp(&away(b)));
        if let Some(far) = far.filter(|n| away(n) > TOLERANCE) {
            kept[far] = true;
            open.extend([(from, far), (far, to)]);
        }
    }
    let both = points.iter().zip(kept);
    both.filter_map(|(p, kept)| kept.then_some(*p)).collect()
}

/// Distance of a point from a line between two others.
fn off_line(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let (px, py) = (p[0] - a[0], p[1] - a[1]);
    let length = dx * dx + dy * dy;
    let t = if length > 0.0 {
        ((px * dx + py * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (px - t * dx).hypot(py - t * dy)
}

/// Length between two picture positions: mm where they can be believed, otherwise pixels.
pub(super) fn length_text(map: &PixelMap, calibrated: bool, [a, b]: [[f64; 2]; 2]) -> String {
    if calibrated {
        map.patient(a[0], a[1])
            .distance(map.patient(b[0], b[1]))
            .to_string()
    } else {
        crate::units::Px((b[0] - a[0]).hypot(b[1] - a[1])).to_string()
    }
}

/// Whether what is drawn now takes away: the switch, or Alt while it is held.
pub(super) fn is_negative(ui: &Ui, switched: bool) -> bool {
    switched != ui.input(|i| i.modifiers.alt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_stroke_is_kept_as_its_ends() {
        let points: Vec<[f64; 2]> = (0..50)
            .map(|n| [f64::from(n), 2.0 * f64::from(n)])
            .collect();
        assert_eq!(simplified(&points), [[0.0, 0.0], [49.0, 98.0]]);
    }

    #[test]
    fn a_curved_stroke_stays_where_it_was_drawn() {
        let points: Vec<[f64; 2]> = (0..400)
            .map(|n| f64::from(n) / 399.0 * std::f64::consts::TAU)
            .map(|t| [40.0 * t.cos(), 30.0 * t.sin()])
            .collect();
        let kept = simplified(&points);
        assert!(kept.len() < 80, "{}", kept.len());
        let off = |p: &[f64; 2]| {
            let lines = kept.windows(2).map(|w| off_line(*p, w[0], w[1]));
            lines.fold(f64::INFINITY, f64::min)
        };
        assert!(points.iter().all(|p| off(p) <= TOLERANCE));
    }
}
