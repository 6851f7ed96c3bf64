//! The fitted models below the curve: weights, parameters and residuals.

use egui::{CollapsingHeader, Color32, Grid, Label, RichText, Role, Ui, Vec2b, WidgetInfo, vec2};
use egui_plot::{HLine, LineStyle, MarkerShape, Plot, PlotPoints, Points};

use crate::app::view::{GrowthView, ModelView};
use crate::texts::tr;
use crate::ui::theme;
use crate::ui::widgets::weak;

/// Share of the width that names of parameters take at most; longer ones wrap.
const NAMES: f32 = 0.42;

/// Weight below which a model is listed, but not spread out.
const TELLING: f64 = 0.05;

/// A folded section with all models.
pub(super) fn models_ui(ui: &mut Ui, growth: &GrowthView) {
    if growth.models.is_empty() {
        return;
    }
    let p = theme::palette(ui);
    let title = RichText::new(tr!("Models, parameters and residuals"))
        .font(theme::medium(13.0))
        .color(p.text);
    CollapsingHeader::new(title)
        .id_salt("growth models")
        .show(ui, |ui| {
            weights_ui(ui, growth);
            for model in growth.models.iter().filter(|m| m.weight >= TELLING) {
                parameters_ui(ui, model);
            }
            if let Some(heaviest) = growth.models.first() {
                residuals_ui(ui, heaviest);
            }
            weak(ui, growth.prior.source());
        });
}

fn head(ui: &mut Ui, cells: &[&str]) {
    let p = theme::palette(ui);
    for cell in cells {
        ui.label(RichText::new(*cell).small().color(p.text_weak));
    }
    ui.end_row();
}

fn score(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.1}"))
}

fn weights_ui(ui: &mut Ui, growth: &GrowthView) {
    Grid::new("model weights")
        .num_columns(4)
        .spacing(vec2(14.0, 3.0))
        .show(ui, |ui| {
            head(ui, &[tr!("Model"), tr!("Weight"), tr!("elpd"), tr!("AICc")]);
            for model in &growth.models {
                ui.label(&model.name);
                ui.label(format!("{:.0} %", 100.0 * model.weight));
                ui.label(score(model.elpd)).on_hover_text(tr!(
                    "Expected log density of a measurement that was left out, summed; higher is better. Weights come from it."
                ));
                ui.label(score(model.aicc)).on_hover_text(tr!(
                    "Akaike's criterion, corrected for few measurements; lower is better. For those who ask: weights do not come from it."
                ));
                ui.end_row();
            }
        });
}

fn parameters_ui(ui: &mut Ui, model: &ModelView) {
    let p = theme::palette(ui);
    ui.add_space(4.0);
    ui.label(
        RichText::new(&model.name)
            .font(theme::medium(12.5))
            .color(p.text),
    );
    let widest = ui.available_width() * NAMES;
    Grid::new(("model parameters", &model.name))
        .num_columns(3)
        .max_col_width(widest)
        .spacing(vec2(10.0, 3.0))
        .show(ui, |ui| {
            head(
                ui,
                &[tr!("Parameter"), tr!("Median (90 %)"), tr!("From the data")],
            );
            for parameter in &model.parameters {
                ui.add(Label::new(&parameter.name).wrap());
                ui.add(
                    Label::new(format!("{} ({})", parameter.median, parameter.interval)).wrap(),
                );
                if parameter.identified {
                    ui.label(format!("{:.0} %", 100.0 * parameter.contraction));
                } else {
                    ui.label(RichText::new(tr!("prior only")).color(p.unidentified))
                        .on_hover_text(tr!(
                            "These measurements do not determine it; what is shown is what other patients had."
                        ));
                }
                ui.end_row();
            }
        });
}

/// Residuals of one model in units of measurement noise: beyond ±2 a measurement is unusual.
fn residuals_ui(ui: &mut Ui, model: &ModelView) {
    let points: Vec<[f64; 2]> = model
        .residuals
        .iter()
        .filter_map(|(day, r)| Some([*day, (*r)?]))
        .collect();
    if points.is_empty() {
        return;
    }
    let p = theme::palette(ui);
    weak(
        ui,
        tr!(
            "Residuals of {model}: measured against the curve, in units of measurement noise",
            model = model.name
        ),
    );
    let reach = points.iter().map(|r| r[1].abs()).fold(2.5, f64::max) * 1.1;
    let (first, last) = (points[0][0], points[points.len() - 1][0]);
    let margin = ((last - first) * 0.03).max(1.0);
    let response = Plot::new("residuals")
        .height(92.0)
        .width(ui.available_width())
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_axis_zoom_drag(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .auto_bounds(Vec2b::FALSE)
        .show_background(false)
        .grid_color(p.border)
        .show(ui, |plot| {
            plot.set_plot_bounds_x(first - margin..=last + margin);
            plot.set_plot_bounds_y(-reach..=reach);
            let mut line = |y: f64, color: Color32, style: LineStyle| {
                plot.hline(
                    HLine::new("", y)
                        .color(color)
                        .width(1.0)
                        .style(style)
                        .allow_hover(false),
                );
            };
            line(0.0, p.border_strong, LineStyle::Solid);
            line(2.0, p.border_strong, LineStyle::dashed_dense());
            line(-2.0, p.border_strong, LineStyle::dashed_dense());
            plot.points(
                Points::new(tr!("Residual"), PlotPoints::from(points.clone()))
                    .shape(MarkerShape::Circle)
                    .radius(3.5)
                    .color(p.text),
            );
        })
        .response;
    let name = tr!("Residuals of {model}", model = model.name);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
}
