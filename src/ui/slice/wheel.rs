//! Wheel and trackpad to whole slices: one notch is one slice, small steps are saved up.

use egui::{Event, MouseWheelUnit, Vec2};

use crate::app::view::SeriesId;

/// Points of smooth scrolling that make a slice.
const POINTS_PER_SLICE: f32 = 40.0;

/// Remainder of smooth scrolling.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::ui) struct Wheel {
    series: Option<SeriesId>,
    rest: f32,
}

/// What the wheel asked for in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turn {
    /// Slices to go forward, each of them shown.
    pub(super) slices: i64,
    /// Slices to go forward at once.
    pub(super) leap: i64,
    /// Factor to magnify by.
    pub(super) zoom: f64,
}

impl Wheel {
    /// Sums up the events of a frame over the view of `series`.
    pub(super) fn turn(&mut self, series: SeriesId, events: &[Event]) -> Turn {
        if self.series != Some(series) {
            *self = Self {
                series: Some(series),
                rest: 0.0,
            };
        }
        let mut turn = Turn {
            slices: 0,
            leap: 0,
            zoom: 1.0,
        };
        for event in events {
            match event {
                Event::MouseWheel {
                    unit,
                    delta,
                    modifiers,
                    ..
                } => {
                    let notches = notches(*unit, *delta, modifiers.shift);
                    if modifiers.ctrl || modifiers.command {
                        turn.zoom *= 1.15_f64.powf(f64::from(notches));
                    } else if modifiers.shift {
                        turn.leap += self.add(-notches) * 5;
                    } else {
                        turn.slices += self.add(-notches);
                    }
                }
                Event::Zoom(factor) => turn.zoom *= f64::from(*factor),
                _ => {}
            }
        }
        turn
    }

    fn add(&mut self, notches: f32) -> i64 {
        if notches * self.rest < 0.0 {
            // Turning back is answered at once, not after the saved-up rest is used.
            self.rest = 0.0;
        }
        // A little slack, or a notch sent as three thirds would be lost to rounding.
        let sum = self.rest + notches;
        let whole = (sum + 1e-3_f32.copysign(sum)).trunc();
        self.rest = sum - whole;
        whole as i64
    }
}

/// Notches of a frame, up being positive.
pub(super) fn notches_of(events: &[Event]) -> f32 {
    let notches = |e: &Event| match e {
        Event::MouseWheel {
            unit,
            delta,
            modifiers,
            ..
        } => notches(*unit, *delta, modifiers.shift),
        _ => 0.0,
    };
    events.iter().map(notches).sum()
}

fn notches(unit: MouseWheelUnit, delta: Vec2, shift: bool) -> f32 {
    // Some systems turn a wheel with Shift held into sideways scrolling.
    let delta = if shift && delta.y == 0.0 {
        delta.x
    } else {
        delta.y
    };
    match unit {
        MouseWheelUnit::Line | MouseWheelUnit::Page => delta,
        MouseWheelUnit::Point => delta / POINTS_PER_SLICE,
    }
}

#[cfg(test)]
mod tests {
    use egui::{Modifiers, TouchPhase, vec2};
    use uuid::Uuid;

    use super::*;

    fn event(unit: MouseWheelUnit, y: f32, modifiers: Modifiers) -> Event {
        Event::MouseWheel {
            unit,
            delta: vec2(0.0, y),
            phase: TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
            modifiers,
        }
    }

    const SERIES: SeriesId = SeriesId(Uuid::from_u128(1));

    #[test]
    fn a_notch_down_is_one_slice_forward() {
        let mut wheel = Wheel::default();
        let down = event(MouseWheelUnit::Line, -1.0, Modifiers::NONE);
        assert_eq!(wheel.turn(SERIES, std::slice::from_ref(&down)).slices, 1);
        assert_eq!(wheel.turn(SERIES, &[down.clone(), down]).slices, 2);
        let up = event(MouseWheelUnit::Line, 1.0, Modifiers::NONE);
        assert_eq!(wheel.turn(SERIES, &[up]).slices, -1);
    }

    #[test]
    fn smooth_scrolling_is_saved_up() {
        let mut wheel = Wheel::default();
        let third = event(MouseWheelUnit::Line, -1.0 / 3.0, Modifiers::NONE);
        let slices: Vec<i64> = (0..6)
            .map(|_| wheel.turn(SERIES, std::slice::from_ref(&third)).slices)
            .collect();
        assert_eq!(slices, [0, 0, 1, 0, 0, 1]);
        let points = event(MouseWheelUnit::Point, -10.0, Modifiers::NONE);
        let total: i64 = (0..8)
            .map(|_| wheel.turn(SERIES, std::slice::from_ref(&points)).slices)
            .sum();
        assert_eq!(total, 2);
    }

    #[test]
    fn shift_takes_five_and_ctrl_magnifies() {
        let mut wheel = Wheel::default();
        let five = event(MouseWheelUnit::Line, -1.0, Modifiers::SHIFT);
        let turn = wheel.turn(SERIES, &[five]);
        assert_eq!((turn.slices, turn.leap), (0, 5));
        let closer = event(MouseWheelUnit::Line, 1.0, Modifiers::CTRL);
        let turn = wheel.turn(SERIES, &[closer]);
        assert_eq!(turn.slices, 0);
        assert!(turn.zoom > 1.1);
    }

    #[test]
    fn another_view_starts_afresh() {
        let mut wheel = Wheel::default();
        let part = event(MouseWheelUnit::Line, -0.9, Modifiers::NONE);
        assert_eq!(wheel.turn(SERIES, std::slice::from_ref(&part)).slices, 0);
        let other = SeriesId(Uuid::from_u128(2));
        assert_eq!(wheel.turn(other, &[part]).slices, 0);
    }
}
