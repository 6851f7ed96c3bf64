//! Slices that were asked for and are still to be shown: one with each frame, so that a wheel that
//! turns faster than the window draws leaves none out.

use egui::Ui;

use crate::app::Command;
use crate::app::view::SeriesId;

/// A picture of a series: the slice (0) or a plane across the slices (from 1).
type Of = (SeriesId, usize);

/// How far it still goes, in one picture at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::ui) struct Paging {
    of: Option<Of>,
    ahead: i64,
}

impl Paging {
    /// Asks for slices further. Turning back is answered at once, not after what was asked before.
    pub(super) fn add(&mut self, of: Of, by: i64) {
        if by == 0 {
            return;
        }
        let goes_on = self.of == Some(of) && self.ahead.signum() == by.signum();
        let before = if goes_on { self.ahead } else { 0 };
        *self = Self {
            of: Some(of),
            ahead: before.saturating_add(by),
        };
    }

    /// The step to show with this frame: −1, 0 or 1.
    fn next(&mut self, of: Of) -> i64 {
        if self.of != Some(of) {
            return 0;
        }
        let by = self.ahead.signum();
        self.ahead -= by;
        by
    }

    /// Whether more is to be shown with later frames.
    fn is_ahead(&self, of: Of) -> bool {
        self.of == Some(of) && self.ahead != 0
    }

    /// Shows the next of what was asked for in a picture as long as `goes_on`; `further` is the command that
    /// goes so far there, `None` at its end.
    pub(super) fn turn(
        &mut self,
        ui: &Ui,
        of: Of,
        goes_on: bool,
        further: impl FnOnce(i64) -> Option<Command>,
    ) -> Option<Command> {
        if !goes_on {
            self.stop(of);
            return None;
        }
        let by = self.next(of);
        if by == 0 {
            return None;
        }
        let command = further(by);
        if command.is_none() {
            self.stop(of);
        }
        if self.is_ahead(of) {
            ui.ctx().request_repaint();
        }
        command
    }

    /// Lets go of what was asked for in a picture.
    fn stop(&mut self, of: Of) {
        if self.of == Some(of) {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const SLICE: Of = (SeriesId(Uuid::from_u128(1)), 0);
    const PLANE: Of = (SeriesId(Uuid::from_u128(1)), 1);

    #[test]
    fn what_comes_at_once_is_shown_one_by_one() {
        let mut paging = Paging::default();
        paging.add(SLICE, 3);
        let steps: Vec<i64> = (0..5).map(|_| paging.next(SLICE)).collect();
        assert_eq!(steps, [1, 1, 1, 0, 0]);
        paging.add(SLICE, -2);
        assert!(paging.is_ahead(SLICE));
        assert_eq!([paging.next(SLICE), paging.next(SLICE)], [-1, -1]);
        assert!(!paging.is_ahead(SLICE));
    }

    #[test]
    fn turning_back_and_another_picture_begin_anew() {
        let mut paging = Paging::default();
        paging.add(SLICE, 9);
        paging.add(SLICE, -1);
        assert_eq!([paging.next(SLICE), paging.next(SLICE)], [-1, 0]);
        paging.add(SLICE, 9);
        paging.add(PLANE, 1);
        assert_eq!(paging.next(SLICE), 0);
        assert_eq!([paging.next(PLANE), paging.next(PLANE)], [1, 0]);
        paging.add(PLANE, 2);
        paging.stop(SLICE);
        assert!(paging.is_ahead(PLANE));
        paging.stop(PLANE);
        assert_eq!(paging.next(PLANE), 0);
    }
}
