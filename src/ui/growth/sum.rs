//! What is expected of the sum of all target lesions.

use egui::{RichText, Ui};

use crate::app::view::SumView;
use crate::texts::tr;
use crate::ui::theme;
use crate::ui::widgets::{spinner, weak};

/// A line for the patient below the curve of a lesion; nothing where there is no sum to tell of.
pub(super) fn sum_ui(ui: &mut Ui, sum: &SumView) {
    if !sum.pending && sum.forecast.is_empty() && sum.notes.is_empty() {
        return;
    }
    let p = theme::palette(ui);
    ui.separator();
    if sum.pending {
        spinner(ui, tr!("Forecasting the sum of diameters"));
    }
    if !sum.forecast.is_empty() {
        // What no model has earned to say looks as weak as the band of the last value does.
        let color = if sum.by_models { p.text } else { p.text_weak };
        let text = RichText::new(&sum.forecast).font(theme::medium(13.0));
        ui.label(text.color(color));
    }
    for note in &sum.notes {
        weak(ui, note);
    }
}
