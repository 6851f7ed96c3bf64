//! Cells of the table: one measurement, one response.

use egui::text::LayoutJob;
use egui::{
    Align, Color32, CornerRadius, FontId, FontSelection, Label, Rect, RichText, Role, Sense, Ui,
    WidgetInfo, WidgetText, pos2, vec2,
};

use super::super::theme;
use super::super::trace::ASK;
use super::super::widgets::{Icon, chip, icon_button, nadir_chip, spinner, warnings_badge};
use super::{CELL, at};
use crate::app::Command;
use crate::app::view::{ColumnView, LesionCell, ResponseCell, Subject, ValueSource};
use crate::texts::{self, tr};

/// Below this a mask wants a second look.
const DOUBTFUL: f64 = 0.7;

/// A measurement: drawn diameter, axes, volume, change, confidence, warnings.
pub(super) fn cell_ui(
    ui: &mut Ui,
    rects: [Rect; CELL.len()],
    cell: Option<&LesionCell>,
    page: &mut Option<String>,
) {
    let p = theme::palette(ui);
    let [drawn, axes, volume, change, confidence, warnings] = rects;
    let Some(cell) = cell else {
        value(
            ui,
            axes,
            RichText::new("–").color(p.text_weak),
            tr!("Not marked"),
        );
        return;
    };
    let doubtful = !cell.counts && cell.confidence.is_some();
    drawn_ui(ui, drawn, cell, doubtful);
    if cell.pending {
        at(ui, axes, Align::RIGHT, |ui| {
            spinner(ui, tr!("Segmenting"));
            ui.label(
                RichText::new(tr!("segmenting"))
                    .size(12.0)
                    .color(p.text_weak),
            );
        });
    } else {
        let text = axes_text(ui, cell, doubtful);
        value(ui, axes, text, &why(cell, doubtful));
    }
    let both = match &*cell.partial_volume {
        "" => cell.volume.clone(),
        partial => format!("{} · {partial}", cell.volume),
    };
    let hover = tr!(
        "By whole voxels · voxels at the border by their share of lesion\n{why}",
        why = why(cell, doubtful)
    );
    value(ui, volume, size(&both, doubtful, p.text_weak), &hover);
    value(
        ui,
        change,
        RichText::new(&cell.change),
        tr!("Change of the RECIST diameter against the first time point"),
    );
    if let Some(value) = cell.confidence {
        confidence_ui(ui, confidence, value, cell);
    }
    at(ui, warnings, Align::RIGHT, |ui| {
        warnings_badge(ui, &cell.warnings, page);
    });
}

/// The line drawn by hand, or the size that was entered; strong where it counts.
fn drawn_ui(ui: &mut Ui, rect: Rect, cell: &LesionCell, doubtful: bool) {
    let p = theme::palette(ui);
    let imported = tr!("imp. {recist}", recist = cell.recist);
    let (text, what) = match cell.source {
        Some(ValueSource::Imported) => (&imported, tr!("As entered: it counts")),
        Some(ValueSource::Caliper) if cell.chosen.is_some() => (
            &cell.recist,
            tr!("Drawn by hand: it counts, because a reader said so"),
        ),
        Some(ValueSource::Caliper) if doubtful => (
            &cell.recist,
            tr!("Diameter as drawn: it counts, because the mask is doubtful"),
        ),
        Some(ValueSource::Caliper) => (&cell.recist, tr!("Drawn by hand: it counts")),
        Some(ValueSource::Mask) | None => (&cell.drawn, tr!("Diameter as drawn")),
    };
    let text = match cell.source {
        Some(ValueSource::Mask) | None => RichText::new(text).color(p.text_weak),
        Some(_) => RichText::new(text).font(theme::medium(13.0)).color(p.text),
    };
    value(ui, rect, text, what);
}

/// A size measured on a mask; weak and with a mark where the mask is too doubtful to count.
fn size(text: &str, doubtful: bool, weak: Color32) -> RichText {
    if doubtful && !text.is_empty() {
        RichText::new(format!("? {text}")).color(weak)
    } else {
        RichText::new(text)
    }
}

/// Both axes; strong is what counts of them: of a node the short one alone.
fn axes_text(ui: &Ui, cell: &LesionCell, doubtful: bool) -> WidgetText {
    let p = theme::palette(ui);
    let plain = size(&cell.axes, doubtful, p.text_weak);
    if doubtful {
        return plain.into();
    }
    let strong = |text: &str| RichText::new(text).font(theme::medium(13.0));
    match (cell.source, cell.axes.rsplit_once("× ")) {
        (Some(ValueSource::Mask), Some((long, short))) if short == cell.recist => {
            let mut both = LayoutJob::default();
            let layout = |text: RichText, job: &mut LayoutJob| {
                text.append_to(job, ui.style(), FontSelection::Default, Align::Center);
            };
            layout(RichText::new(format!("{long}× ")), &mut both);
            layout(strong(short), &mut both);
            both.into()
        }
        (Some(ValueSource::Mask), _) => strong(&cell.axes).into(),
        _ => plain.into(),
    }
}

fn why(cell: &LesionCell, doubtful: bool) -> String {
    if doubtful {
        tr!(
            "Does not count: the mask is doubtful\n{provenance}",
            provenance = cell.provenance
        )
    } else {
        cell.provenance.clone()
    }
}

fn value(ui: &mut Ui, rect: Rect, text: impl Into<WidgetText>, hover: &str) {
    let text = text.into();
    if text.is_empty() {
        return;
    }
    at(ui, rect, Align::RIGHT, |ui| {
        let response = ui.add(Label::new(text).truncate());
        if !hover.is_empty() {
            response.on_hover_text(hover);
        }
    });
}

/// A short bar with the number beside it; amber where the mask is doubtful, or depends on the hand.
fn confidence_ui(ui: &mut Ui, rect: Rect, confidence: f64, cell: &LesionCell) {
    let p = theme::palette(ui);
    let confidence = confidence.clamp(0.0, 1.0);
    let amber = confidence < DOUBTFUL || cell.depends;
    let color = if amber { p.warning } else { p.success };
    let text = format!("{confidence:.2}");
    let ink = if amber { p.warning } else { p.text };
    let galley = ui
        .painter()
        .layout_no_wrap(text, FontId::proportional(12.5), ink);
    let bar = Rect::from_min_max(
        pos2(rect.left(), rect.center().y - 2.0),
        pos2(rect.right() - galley.size().x - 6.0, rect.center().y + 2.0),
    );
    let mut full = bar;
    full.set_width(bar.width() * confidence as f32);
    ui.painter()
        .rect_filled(bar, CornerRadius::same(2), p.border);
    ui.painter().rect_filled(full, CornerRadius::same(2), color);
    ui.painter().galley(
        pos2(
            rect.right() - galley.size().x,
            rect.center().y - galley.size().y / 2.0,
        ),
        galley,
        ink,
    );
    let response = ui.interact(
        rect,
        ui.scope_id()
            .with(("confidence", rect.min.x as i64, rect.min.y as i64)),
        Sense::hover(),
    );
    let mut name = tr!("Confidence of the mask {confidence:.2}", confidence);
    if let Some(consistency) = cell.consistency {
        name.push_str(&tr!(", consistency {consistency:.2}", consistency));
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &name));
    let mut hint = if confidence < DOUBTFUL {
        tr!("Confidence of the engine in its mask; low, please check the outline").to_owned()
    } else {
        tr!("Confidence of the engine in its mask").to_owned()
    };
    if let Some(consistency) = cell.consistency {
        let low = if cell.depends {
            tr!("; low, please check the outline")
        } else {
            ""
        };
        hint.push_str(&tr!("\nConsistency {consistency:.2}: how well masks of the same gesture made a pixel or two beside \
             agree with it (Dice){low}", consistency, low));
    }
    response.on_hover_text(hint);
}

fn explain(response: &ResponseCell, shown: egui::Response) {
    if response.why.is_empty() && response.probability.is_empty() {
        return;
    }
    shown.on_hover_ui(|ui| {
        ui.label(&response.why);
        if !response.probability.is_empty() {
            ui.label(RichText::new(&response.probability).color(theme::palette(ui).text_weak));
        }
    });
}

/// Sum of diameters; the rule on hover, its source on a click.
pub(super) fn sum_ui(
    ui: &mut Ui,
    response: &ResponseCell,
    column: &ColumnView,
    out: &mut Vec<Command>,
) {
    let text = RichText::new(&response.sum).font(theme::medium(13.0));
    let shown = ui.add(Label::new(text).truncate().sense(Sense::CLICK));
    if shown.clicked() {
        out.push(trace(column));
    }
    explain(response, shown);
}

fn trace(column: &ColumnView) -> Command {
    Command::Trace {
        subject: Subject::Response(column.id),
    }
}

/// Category and change; probability and rule on hover.
pub(super) fn response_ui(
    ui: &mut Ui,
    response: &ResponseCell,
    column: &ColumnView,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
    if !response.category.is_empty() {
        let shown = chip(ui, &response.category, p.category(&response.category));
        explain(response, shown);
    }
    if column.is_nadir {
        nadir_chip(ui);
    }
    if !response.change.is_empty() {
        let shown = ui.add(Label::new(RichText::new(&response.change).size(12.5)).truncate());
        explain(response, shown);
    }
    if !response.sum.is_empty() {
        let name = tr!(
            "Sum and response at {title}: {ask}",
            title = column.title,
            ask = texts::text(ASK)
        );
        if icon_button(ui, Icon::Source, &name).clicked() {
            out.push(trace(column));
        }
    }
}
