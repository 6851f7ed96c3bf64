//! Five minutes through the program, on the sample patient: one thing at a time, each done by the
//! reader's own hand.

mod steps;

use egui::{
    Align, Align2, CornerRadius, Id, LayerId, Layout, Order, ProgressBar, Rect, RichText, Stroke,
    StrokeKind, Ui, Window, vec2,
};

use super::state::UiState;
use super::theme;
use super::widgets::{primary_button, weak};
use crate::app::view::View;
use crate::texts::{self, tr};
use steps::{STEPS, Seen};

/// A part of the window that a step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spot {
    Samples,
    Columns,
    Tools,
    Lesions,
    Growth,
    Bar,
}

/// How far the tour has come.
#[derive(Debug)]
pub(super) struct Tour {
    at: usize,
    /// What was so when the step began.
    before: Seen,
    /// It was done.
    done: bool,
}

impl Tour {
    pub(super) fn begin(view: &View) -> Self {
        Self::at(0, view)
    }

    fn at(at: usize, view: &View) -> Self {
        Self {
            at,
            before: Seen::of(view),
            done: false,
        }
    }
}

/// Remembers where a part of the window is, for the frame that the tour draws about it.
pub(super) fn spot(state: &mut UiState, spot: Spot, rect: Rect) {
    state.spots.insert(spot, rect);
}

/// Shows the step while there is a tour. Nothing else is kept from being done meanwhile.
pub(super) fn tour_ui(ui: &Ui, view: &View, state: &mut UiState) {
    let spots = std::mem::take(&mut state.spots);
    let Some(mut tour) = state.tour.take() else {
        return;
    };
    let step = &STEPS[tour.at.min(STEPS.len() - 1)];
    let now = Seen::of(view);
    tour.done |= step.done.is_some_and(|done| done(&tour.before, &now));
    if let Some(rect) = step.spot.and_then(|spot| spots.get(&spot)) {
        let layer = LayerId::new(Order::Foreground, Id::unique("tour frame"));
        let stroke = Stroke::new(2.0, theme::palette(ui).accent);
        let corner = CornerRadius::same(theme::RADIUS);
        ui.ctx().layer_painter(layer).rect_stroke(
            rect.shrink(1.0),
            corner,
            stroke,
            StrokeKind::Inside,
        );
    }
    let mut open = true;
    let mut go = None;
    Window::new(tr!("Tour"))
        .open(&mut open)
        .collapsible(true)
        .resizable(false)
        .anchor(Align2::RIGHT_BOTTOM, vec2(-14.0, -40.0))
        .show(ui.ctx(), |ui| {
            ui.set_width(330.0);
            ui.label(RichText::new(texts::text(step.title)).font(theme::medium(15.0)));
            ui.add_space(2.0);
            for line in (step.text)(&state.keys) {
                ui.label(line);
            }
            ui.add_space(4.0);
            let p = theme::palette(ui);
            match (step.done.is_some(), tour.done) {
                (true, true) => {
                    ui.label(RichText::new(tr!("Done")).color(p.success));
                }
                (true, false) => {
                    weak(ui, texts::text(step.task));
                }
                (false, _) => {}
            }
            let share = (tour.at + 1) as f32 / STEPS.len() as f32;
            ui.add(ProgressBar::new(share).desired_height(4.0));
            ui.horizontal(|ui| {
                weak(
                    ui,
                    tr!("{at} of {steps}", at = tour.at + 1, steps = STEPS.len()),
                );
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let is_last = tour.at + 1 == STEPS.len();
                    let next = match (is_last, tour.done || step.done.is_none()) {
                        (true, _) => primary_button(ui, tr!("End the tour")),
                        (false, true) => primary_button(ui, tr!("Next")),
                        (false, false) => ui.button(tr!("Skip")),
                    };
                    if next.clicked() {
                        go = Some(tour.at + 1);
                    }
                    if tour.at > 0 && ui.button(tr!("Back")).clicked() {
                        go = Some(tour.at - 1);
                    }
                });
            });
        });
    state.tour = match go {
        _ if !open => None,
        Some(at) if at >= STEPS.len() => None,
        Some(at) => Some(Tour::at(at, view)),
        None => Some(tour),
    };
}
