//! What a drag begins, by the button and what is held with it.

use egui::{Modifiers, PointerButton, Response};

use super::gesture::{Kind, Zoomed};
use super::transform::Transform;
use crate::app::Command;
use crate::app::view::{PixelMap, Point, SeriesId, WindowLevel};
use crate::keymap::{Button, Drag, Held, MouseMap};

/// Points of a drag that turn a slice.
const POINTS_PER_SLICE: f32 = 3.0;

/// The picture on which a drag begins.
pub(super) struct On {
    pub(super) of: Zoomed,
    pub(super) transform: Transform,
    pub(super) zoom: f64,
    pub(super) window: WindowLevel,
    pub(super) map: PixelMap,
    /// Where the button went down, in picture coordinates.
    pub(super) at: [f64; 2],
    /// Whether a click there, that is no drag, points at the place.
    pub(super) clicks: bool,
}

/// The button that a drag began with, and what was held.
pub(super) fn started(response: &Response, modifiers: Modifiers) -> Option<(Button, Held)> {
    let of = |button: Button| match button {
        Button::Left => PointerButton::Primary,
        Button::Middle => PointerButton::Middle,
        Button::Right => PointerButton::Secondary,
    };
    let button = Button::ALL
        .into_iter()
        .find(|b| response.drag_started_by(of(*b)))?;
    let held = if modifiers.ctrl || modifiers.command {
        Held::Ctrl
    } else if modifiers.shift {
        Held::Shift
    } else {
        Held::Nothing
    };
    Some((button, held))
}

/// What a drag does there.
pub(super) fn kind(mouse: MouseMap, button: Button, held: Held, on: &On) -> Kind {
    match mouse.drag(button, held) {
        Drag::Pan => Kind::Pan {
            start: on.transform,
            zoom: on.zoom,
            of: on.of,
        },
        Drag::Zoom => Kind::Zoom {
            start: on.transform,
            of: on.of,
        },
        Drag::Page => Kind::Page {
            of: on.of,
            turned: 0,
        },
        Drag::Crosshair => Kind::Crosshair { of: on.of },
        // Values are those of slices; planes across them are interpolated.
        Drag::Region if on.of == Zoomed::Slice => Kind::Region {
            corners: [on.at; 2],
            map: on.map,
        },
        Drag::Window | Drag::Region => Kind::Window {
            start: on.window,
            place: on.place(button),
        },
    }
}

impl On {
    /// Clicks of the left button point; those of the right one open menus.
    fn place(&self, button: Button) -> Option<Point> {
        let [x, y] = self.at;
        let points = self.clicks && button == Button::Left;
        points.then(|| self.map.patient(x, y))
    }
}

/// How many slices further a drag over this many points has led, and how many were turned so far.
pub(super) fn pages(moved: f32, turned: &mut i64) -> i64 {
    let whole = (moved / POINTS_PER_SLICE).trunc() as i64;
    let by = whole - *turned;
    *turned = whole;
    by
}

/// Whole pictures of a series.
pub(in crate::ui) fn whole(series: SeriesId) -> [Command; 3] {
    let of = |of: Zoomed| of.command(series, 1.0, [0.0; 2]);
    [Zoomed::Section(0), Zoomed::Section(1), Zoomed::Slice].map(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_points_are_one_slice_and_none_is_turned_twice() {
        let mut turned = 0;
        let by: Vec<i64> = [1.0, 3.0, 4.0, 9.5, 6.0, -3.0]
            .map(|moved| pages(moved, &mut turned))
            .to_vec();
        assert_eq!(by, [0, 1, 0, 2, -1, -3]);
    }
}
