//! Slices that are paged by themselves, one after the other.

use std::time::Duration;

use egui::Ui;

use super::state::UiState;
use crate::app::Command;
use crate::app::view::{PatientView, SeriesId};

/// Slices per second.
const RATE: f64 = 15.0;

/// Paging under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cine {
    series: SeriesId,
    /// Slices go by from here on, on the clock of the window; `None` before the first one.
    next: Option<f64>,
    /// The slice that was asked for last; somebody who turns to another one takes over.
    asked: Option<usize>,
}

impl Cine {
    /// Paging of a series, from the slice that is shown.
    pub(super) const fn new(series: SeriesId) -> Self {
        Self {
            series,
            next: None,
            asked: None,
        }
    }
}

/// Goes on to the next slice when it is time: never more than one at once, so that each is seen.
/// After the last comes the first. Stops when somebody turns to another slice or begins to draw.
pub(super) fn play(ui: &Ui, patient: &PatientView, state: &mut UiState, out: &mut Vec<Command>) {
    let Some(cine) = &mut state.cine else { return };
    let shown = patient.columns.iter().filter_map(|c| c.shown.as_ref());
    let slice = shown.into_iter().find(|s| s.series == cine.series);
    let taken_over = |shown: usize| cine.asked.is_some_and(|asked| asked != shown);
    let Some(slice) = slice.filter(|s| s.n_slices > 1 && !taken_over(s.slice)) else {
        state.cine = None;
        return;
    };
    let turned =
        |c: &Command| matches!(c, Command::SetSlice { series, .. } if *series == slice.series);
    if state.gesture.is_some() || out.iter().any(turned) {
        state.cine = None;
        return;
    }
    let now = ui.input(|i| i.time);
    let due = *cine.next.get_or_insert(now + 1.0 / RATE);
    let wait = if now >= due {
        let target = (slice.slice + 1) % slice.n_slices;
        out.push(Command::SetSlice {
            series: cine.series,
            slice: target,
        });
        cine.asked = Some(target);
        // A slow frame delays the slices after it and leaves none out.
        cine.next = Some(now.max(due + 1.0 / RATE));
        1.0 / RATE
    } else {
        due - now
    };
    ui.ctx()
        .request_repaint_after(Duration::from_secs_f64(wait));
}
