//! What a pointer is doing on a slice.
//!
//! A gesture carries everything it needs to end (series, pixel map), so that neither a repaint nor
//! a finished job that changes the picture under it can lose or move it.

use egui::{Pos2, Ui};

use super::super::state::{Ended, UiState};
use super::crosshair::Turn;
use super::draft::Draft;
use super::measure::{self, FigureDraft, HandleDrag};
use super::transform::Transform;
use crate::app::Command;
use crate::app::view::{PixelMap, Point, SeriesId, SliceView, WindowLevel};

/// A drag under way.
pub(in crate::ui) struct Gesture {
    pub(super) series: SeriesId,
    pub(super) start: Pos2,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Window {
        start: WindowLevel,
        /// Where on the slice the button went down; a click there points at it.
        place: Option<Point>,
    },
    Pan {
        start: Transform,
        zoom: f64,
        of: Zoomed,
    },
    Zoom {
        start: Transform,
        of: Zoomed,
    },
    /// The place under the pointer goes into all planes.
    Crosshair {
        of: Zoomed,
    },
    /// Slices are turned.
    Page {
        of: Zoomed,
        /// How many were turned so far.
        turned: i64,
    },
    /// A rectangle whose values set the window.
    Region {
        /// Opposite corners in picture coordinates.
        corners: [[f64; 2]; 2],
        map: PixelMap,
    },
    /// A lens follows the pointer.
    Magnify(Zoomed),
    /// A plane is turned by its line.
    Turn(Turn),
    Draw(Draft),
    /// A figure to be measured.
    Figure(FigureDraft),
    /// A handle of one.
    Handle(HandleDrag),
}

/// Which picture of a series is moved and magnified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zoomed {
    /// The slice.
    Slice,
    /// A plane across the slices, from 0.
    Section(usize),
}

impl Gesture {
    /// Whether it turns the slices or planes of this picture.
    pub(super) fn pages(&self, series: SeriesId, of: Zoomed) -> bool {
        self.series == series && matches!(self.kind, Kind::Page { of: o, .. } if o == of)
    }

    /// Where the lens is, if it is over this picture of a series.
    pub(super) fn lens_over(&self, ui: &Ui, series: SeriesId, of: Zoomed) -> Option<Pos2> {
        let here = self.series == series && matches!(self.kind, Kind::Magnify(o) if o == of);
        ui.input(|i| i.pointer.interact_pos()).filter(|_| here)
    }
}

impl Zoomed {
    pub(super) const fn command(self, series: SeriesId, zoom: f64, pan: [f64; 2]) -> Command {
        match self {
            Self::Slice => Command::SetZoom { series, zoom, pan },
            Self::Section(across) => Command::SetSectionZoom {
                series,
                across,
                zoom,
                pan,
            },
        }
    }
}

/// A press that moves less than this, in points, is a click.
const CLICK: f32 = 4.0;

/// A picture position, moved onto the picture when it is outside.
pub(super) fn on_picture(slice: &SliceView, p: [f64; 2]) -> [f64; 2] {
    [
        p[0].clamp(-0.5, slice.picture.width as f64 - 0.5),
        p[1].clamp(-0.5, slice.picture.height as f64 - 0.5),
    ]
}

/// Window after a drag: across changes the width, down raises the centre (a darker picture).
/// A full width takes 256 points, whatever the unit.
pub(super) fn dragged_window(start: WindowLevel, moved: egui::Vec2) -> WindowLevel {
    let step = start.width / 256.0;
    WindowLevel::new(
        start.center + f64::from(moved.y) * step,
        (start.width + f64::from(moved.x) * step).max(start.width / 256.0),
    )
}

/// Ends the gesture when its button is up, its key pressed or the drag called off. Runs once per
/// frame after all views were drawn, also when the view it began in is no longer shown.
pub(in crate::ui) fn end(ui: &Ui, state: &mut UiState, out: &mut Vec<Command>) {
    let ended = state.ended;
    let gesture = &mut state.gesture;
    let Some(running) = gesture else { return };
    let (down, drawing, released) = ui.input(|i| {
        (
            i.pointer.any_down(),
            i.pointer.primary_down(),
            i.pointer.primary_released(),
        )
    });
    if ended == Some(Ended::CalledOff) {
        match running.kind {
            Kind::Window { start, .. } => out.push(Command::SetWindow {
                series: running.series,
                window: Some(start),
            }),
            Kind::Draw(_) => out.push(Command::EndPreview),
            Kind::Turn(turn) => out.push(turn.call_off(running.series)),
            Kind::Pan { .. }
            | Kind::Zoom { .. }
            | Kind::Region { .. }
            | Kind::Crosshair { .. }
            | Kind::Page { .. }
            | Kind::Magnify(_)
            | Kind::Figure(_)
            | Kind::Handle(_) => {}
        }
        *gesture = None;
        return;
    }
    if measure::is_measuring(running) {
        if measure::end(ui, running, out) {
            *gesture = None;
        }
        return;
    }
    let Kind::Draw(draft) = &running.kind else {
        if !down {
            let moved = ui.input(|i| i.pointer.interact_pos().map(|at| at - running.start));
            let clicked = moved.is_some_and(|m| m.length() < CLICK);
            if let Kind::Window {
                place: Some(place), ..
            } = running.kind
                && clicked
            {
                out.push(Command::PointAt {
                    series: running.series,
                    place,
                });
            }
            if let Kind::Region { corners, map } = running.kind
                && !clicked
            {
                out.push(Command::AutoWindow {
                    series: running.series,
                    region: Some(corners.map(|[x, y]| map.patient(x, y))),
                });
            }
            *gesture = None;
        }
        return;
    };
    if ended == Some(Ended::Accepted) || released {
        out.push(draft.command(running.series).unwrap_or(Command::EndPreview));
        *gesture = None;
    } else if !drawing {
        // The window lost the pointer without a release: nobody said where the line ends.
        out.push(Command::EndPreview);
        *gesture = None;
    }
}

#[cfg(test)]
mod tests {
    use egui::vec2;

    use super::*;

    #[test]
    fn dragging_right_widens_and_dragging_down_raises_the_centre() {
        let start = WindowLevel::new(40.0, 400.0);
        let w = dragged_window(start, vec2(256.0, 0.0));
        assert_eq!((w.center, w.width), (40.0, 800.0));
        let w = dragged_window(start, vec2(0.0, 64.0));
        assert_eq!((w.center, w.width), (140.0, 400.0));
    }

    #[test]
    fn a_window_never_closes() {
        let start = WindowLevel::new(0.4, 1.0);
        assert!(dragged_window(start, vec2(-9000.0, 0.0)).width > 0.0);
    }
}
