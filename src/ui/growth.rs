//! Growth curve with its uncertainty, and the what-if question.

mod measured;
mod models;
mod prior;

mod sum;
mod treated;

use egui::{
    Align2, Button, Color32, DragValue, FontId, Rect, RichText, Role, Sense, Ui, Vec2b, WidgetInfo,
    pos2, vec2,
};
use egui_plot::{
    AxisHints, FilledArea, HLine, HoverPosition, Line, LineStyle, Plot, PlotPoint, PlotPoints,
    PlotUi, Text, VLine,
};

use super::state::UiState;
use super::theme;
use super::trace::ASK;
use super::widgets::{Icon, heading, icon_button, spinner, weak};
use crate::app::Command;
use crate::app::view::{BandPoint, GrowthView, PatientView, ScenarioChange, Subject};
use crate::texts::{self, tr};

/// A band that climbs higher than this many times the largest measurement leaves the axis.
const HEADROOM: f64 = 4.0;

/// Draws curve, legend, what-if controls and notes of a lesion, and what is expected of the sum of all.
pub fn growth_ui(ui: &mut Ui, patient: &PatientView, state: &mut UiState, out: &mut Vec<Command>) {
    let growth = &patient.growth;
    ui.horizontal(|ui| {
        let title = if growth.title.is_empty() {
            tr!("Growth").to_owned()
        } else {
            tr!("Growth of {title}", title = growth.title)
        };
        heading(ui, &title);
        if let Some(lesion) = growth.lesion
            && icon_button(ui, Icon::Source, &format!("{title}: {}", texts::text(ASK))).clicked()
        {
            let subject = Subject::Growth(lesion);
            out.push(Command::Trace { subject });
        }
        if growth.pending {
            spinner(ui, tr!("Fitting"));
        }
    });
    if growth.points.is_empty() {
        weak(
            ui,
            tr!("Mark a lesion at two or more time points to fit its growth."),
        );
    } else {
        plot_ui(ui, growth);
        legend_ui(ui, growth);
    }
    prior::prior_ui(ui, growth, out);
    what_if_ui(ui, patient, state, out);
    for note in &growth.notes {
        weak(ui, note);
    }
    models::models_ui(ui, growth);
    sum::sum_ui(ui, &patient.sum);
}

/// Upper end of the axis: all measurements, and as much of the bands as stays in proportion.
/// The flag says that a band leaves the axis.
fn top(growth: &GrowthView) -> (f64, bool) {
    let finite = |v: f64| v.is_finite().then_some(v);
    let measured = growth
        .points
        .iter()
        .flat_map(|p| [finite(p.high), finite(p.value)])
        .chain([growth.locf.and_then(finite)])
        .flatten()
        .fold(0.0, f64::max);
    let bands = growth
        .factual
        .iter()
        .chain(&growth.scenario)
        .chain(&growth.local)
        .filter_map(|b| finite(b.q95))
        .fold(measured, f64::max);
    let limit = if measured > 0.0 {
        measured * HEADROOM
    } else {
        bands
    };
    (
        bands.min(limit).max(f64::MIN_POSITIVE) * 1.06,
        bands > limit,
    )
}

fn plot_ui(ui: &mut Ui, growth: &GrowthView) {
    let p = theme::palette(ui);
    let (top, leaves) = top(growth);
    let days = growth
        .points
        .iter()
        .map(|p| p.day)
        .chain(growth.factual.iter().map(|b| b.day))
        .chain(growth.scenario.iter().map(|b| b.day))
        .chain(growth.local.iter().map(|b| b.day))
        .filter(|d| d.is_finite());
    let (first, last) = days.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), d| {
        (a.min(d), b.max(d))
    });
    let margin = ((last - first) * 0.03).max(1.0);
    let unit = growth
        .y_label
        .rsplit_once('(')
        .map_or("", |(_, unit)| unit.trim_end_matches(')'))
        .to_owned();
    let (timed, limit) = (treated::names(growth), growth.limit.clone());
    let response = Plot::new("growth")
        .height(230.0)
        .width(ui.available_width())
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_axis_zoom_drag(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .auto_bounds(Vec2b::FALSE)
        .default_x_bounds(first - margin, last + margin)
        .default_y_bounds(0.0, top)
        .show_background(false)
        .grid_color(p.border)
        .custom_x_axes(vec![AxisHints::new_x().label(tr!("Day after baseline"))])
        .custom_y_axes(vec![AxisHints::new_y().label(&growth.y_label)])
        .label_formatter(move |at| match at {
            // Where a treatment or a limit is drawn is no size.
            HoverPosition::NearDataPoint {
                plot_name,
                position,
                ..
            } if *plot_name == limit || timed.iter().any(|name| name == plot_name) => {
                Some(tr!("{plot_name}\nday {x:.0}", plot_name, x = position.x))
            }
            HoverPosition::NearDataPoint {
                plot_name,
                position,
                ..
            } => Some(tr!(
                "{plot_name}\nday {x:.0} · {y:.3} {unit}",
                plot_name,
                x = position.x,
                y = position.y,
                unit
            )),
            HoverPosition::Elsewhere { .. } => None,
        })
        .show(ui, |plot| {
            // Fixed bounds follow the data when another lesion is selected.
            plot.set_plot_bounds_x(first - margin..=last + margin);
            plot.set_plot_bounds_y(0.0..=top);
            treated::treated(plot, growth, top, p);
            arm(
                plot,
                growth,
                &growth.factual,
                tr!("Plan followed"),
                p.factual,
            );
            arm(
                plot,
                growth,
                &growth.local,
                tr!("Last value with the spread of other lesions"),
                p.text_weak,
            );
            let color = if growth.identified {
                p.scenario
            } else {
                p.unidentified
            };
            arm(
                plot,
                growth,
                &growth.scenario,
                &growth.scenario_label,
                color,
            );
            if !growth.identified && !growth.scenario.is_empty() {
                hatch(plot, &growth.scenario, p.unidentified);
            }
            if let Some(locf) = growth.locf.filter(|v| v.is_finite()) {
                plot.hline(
                    HLine::new(tr!("Last value carried forward"), locf)
                        .color(p.text_weak)
                        .width(1.2)
                        .style(LineStyle::Dotted { spacing: 5.0 }),
                );
            }
            if growth.horizon_day.is_finite() && growth.horizon_day < last {
                plot.vline(
                    VLine::new(
                        tr!("Horizon: beyond it the curve is a guess"),
                        growth.horizon_day,
                    )
                    .color(p.border_strong)
                    .width(1.0)
                    .style(LineStyle::dashed_dense()),
                );
            }
            measured::points(plot, growth, p);
            if !growth.identified && !growth.scenario.is_empty() {
                let at = PlotPoint::new(last, top * 0.985);
                plot.text(
                    Text::new(
                        "",
                        at,
                        RichText::new(tr!("NOT IDENTIFIED – prior only"))
                            .font(theme::medium(12.0))
                            .color(p.text),
                    )
                    .anchor(Align2::RIGHT_TOP)
                    .allow_hover(false),
                );
            }
        })
        .response;
    let name = tr!("Growth curve of {title}", title = growth.title);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
    if leaves {
        weak(ui, tr!("The band leaves the axis at the top."));
    }
}

/// The points up to a day and those from it on; both hold the point in between, made by linear
/// interpolation, so that the fading begins at the horizon and not at the nearest point.
fn split_at(band: &[BandPoint], day: f64) -> (Vec<BandPoint>, Vec<BandPoint>) {
    let usable: Vec<BandPoint> = band
        .iter()
        .copied()
        .filter(|b| {
            [b.day, b.q05, b.q25, b.q50, b.q75, b.q95]
                .iter()
                .all(|v| v.is_finite())
        })
        .collect();
    let n = usable.partition_point(|b| b.day <= day);
    let (mut near, mut far) = (usable[..n].to_vec(), usable[n..].to_vec());
    if let (Some(a), Some(b)) = (near.last().copied(), far.first().copied()) {
        let t = (day - a.day) / (b.day - a.day);
        let mix = |x: f64, y: f64| x + (y - x) * t;
        let between = BandPoint {
            day,
            q05: mix(a.q05, b.q05),
            q25: mix(a.q25, b.q25),
            q50: mix(a.q50, b.q50),
            q75: mix(a.q75, b.q75),
            q95: mix(a.q95, b.q95),
        };
        near.push(between);
        far.insert(0, between);
    }
    (near, far)
}

fn arm(plot: &mut PlotUi<'_>, growth: &GrowthView, band: &[BandPoint], name: &str, color: Color32) {
    let horizon = if growth.horizon_day.is_finite() {
        growth.horizon_day
    } else {
        f64::INFINITY
    };
    let (near, far) = split_at(band, horizon);
    for (part, strength, beyond) in [(near, 1.0, false), (far, 0.4, true)] {
        if part.len() < 2 {
            continue;
        }
        let days: Vec<f64> = part.iter().map(|b| b.day).collect();
        let pick = |of: fn(&BandPoint) -> f64| part.iter().map(of).collect::<Vec<f64>>();
        let quantiles = [
            (pick(|b| b.q05), pick(|b| b.q95), 0.16),
            (pick(|b| b.q25), pick(|b| b.q75), 0.24),
        ];
        for (low, high, alpha) in quantiles {
            plot.add(
                FilledArea::new("", &days, &low, &high)
                    .fill_color(color.gamma_multiply(alpha * strength))
                    .allow_hover(false),
            );
        }
        let median: Vec<[f64; 2]> = part.iter().map(|b| [b.day, b.q50]).collect();
        let (ink, style) = if beyond {
            (color.gamma_multiply(0.7), LineStyle::dashed_dense())
        } else {
            (color, LineStyle::Solid)
        };
        plot.line(
            Line::new(tr!("{name}, median", name), PlotPoints::from(median))
                .color(ink)
                .width(1.8)
                .style(style),
        );
    }
}

/// Upright strokes across the 90 % band, so that grey alone does not carry the message.
fn hatch(plot: &mut PlotUi<'_>, band: &[BandPoint], color: Color32) {
    let every = band.len().div_ceil(28).max(1);
    for b in band.iter().step_by(every) {
        plot.line(
            Line::new("", PlotPoints::from(vec![[b.day, b.q05], [b.day, b.q95]]))
                .color(color.gamma_multiply(0.5))
                .width(1.0)
                .allow_hover(false),
        );
    }
}

fn legend_ui(ui: &mut Ui, growth: &GrowthView) {
    let p = theme::palette(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(5.0, 2.0);
        let mut entry = |color: Color32, text: &str| {
            let galley = ui.painter().layout_no_wrap(
                text.to_owned(),
                FontId::proportional(11.5),
                p.text_weak,
            );
            let size = vec2(galley.size().x + 26.0, 15.0);
            let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
            let swatch =
                Rect::from_center_size(pos2(rect.left() + 6.0, rect.center().y), vec2(12.0, 3.0));
            ui.painter().rect_filled(swatch, 1.0, color);
            let at = pos2(rect.left() + 17.0, rect.center().y - galley.size().y / 2.0);
            ui.painter().galley(at, galley, p.text_weak);
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
        };
        entry(p.text, tr!("measured, 90 %"));
        if !growth.factual.is_empty() {
            entry(p.factual, tr!("plan followed, 50 % and 90 %"));
        }
        if !growth.local.is_empty() {
            entry(p.text_weak, tr!("last value, spread of other lesions"));
        }
        if !growth.scenario.is_empty() {
            let color = if growth.identified {
                p.scenario
            } else {
                p.unidentified
            };
            entry(color, &growth.scenario_label);
        }
        if growth.locf.is_some() {
            entry(p.text_weak, tr!("last value carried forward"));
        }
        if growth.points.iter().any(|point| point.below_limit) {
            entry(p.text, &tr!("▽ {limit}", limit = growth.limit));
        }
        for (color, text) in treated::legend(growth, p) {
            entry(color, &text);
        }
    });
}

fn what_if_ui(ui: &mut Ui, patient: &PatientView, state: &mut UiState, out: &mut Vec<Command>) {
    let asked = match &patient.scenario {
        Some(ScenarioChange::StopTreatment { day } | ScenarioChange::StartTreatment { day }) => {
            Some(*day)
        }
        Some(ScenarioChange::ScaleDose { from_day, .. }) => Some(*from_day),
        None => None,
    };
    let last = patient.growth.points.last().map_or(0.0, |p| p.day);
    let mut day = state.scenario_day.or(asked).unwrap_or(last);
    let stops = matches!(patient.scenario, Some(ScenarioChange::StopTreatment { .. }));
    let starts = matches!(
        patient.scenario,
        Some(ScenarioChange::StartTreatment { .. })
    );
    let p = theme::palette(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        ui.label(
            RichText::new(tr!("What if treatment"))
                .font(theme::medium(13.0))
                .color(p.text),
        );
        let mut choose = |ui: &mut Ui, on: bool, text: &str, change: Option<ScenarioChange>| {
            let button = ui
                .add(Button::selectable(on, text))
                .accessible_name(tr!("Treatment {text}", text));
            if button.clicked() && !on {
                state.scenario_day = None;
                out.push(Command::SetScenario { change });
            }
        };
        choose(ui, asked.is_none(), tr!("unchanged"), None);
        choose(
            ui,
            stops,
            tr!("stops"),
            Some(ScenarioChange::StopTreatment { day }),
        );
        choose(
            ui,
            starts,
            tr!("restarts"),
            Some(ScenarioChange::StartTreatment { day }),
        );
        ui.label(RichText::new(tr!("on day")).color(p.text_weak));
        let field = ui
            .add(
                DragValue::new(&mut day)
                    .range(0.0..=36_500.0)
                    .speed(1.0)
                    .max_decimals(0),
            )
            .accessible_name(tr!("Day of the change"));
        if field.changed() {
            state.scenario_day = Some(day);
        }
        // Sent when let go: a fit for every day passed on the way would be thrown away.
        if field.drag_stopped() || field.lost_focus() {
            let change = if stops {
                Some(ScenarioChange::StopTreatment { day })
            } else if starts {
                Some(ScenarioChange::StartTreatment { day })
            } else {
                None
            };
            // Without a question the day stays in the field until one is asked.
            if change.is_some() && state.scenario_day.take().is_some() {
                out.push(Command::SetScenario { change });
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(day: f64, v: f64) -> BandPoint {
        BandPoint {
            day,
            q05: v,
            q25: v,
            q50: v,
            q75: v,
            q95: v,
        }
    }

    #[test]
    fn fading_begins_exactly_at_the_horizon() {
        let band = [flat(0.0, 1.0), flat(10.0, 2.0), flat(20.0, 4.0)];
        let (near, far) = split_at(&band, 15.0);
        assert_eq!(near.last(), Some(&flat(15.0, 3.0)));
        assert_eq!(far.first(), Some(&flat(15.0, 3.0)));
        let (near, far) = split_at(&band, f64::INFINITY);
        assert_eq!((near.len(), far.len()), (3, 0));
    }

    #[test]
    fn points_that_are_no_numbers_are_left_out() {
        let band = [flat(0.0, 1.0), flat(5.0, f64::NAN), flat(10.0, 2.0)];
        assert_eq!(split_at(&band, 100.0).0.len(), 2);
    }

    #[test]
    fn a_band_that_explodes_does_not_flatten_the_measurements() {
        let growth = GrowthView {
            points: vec![crate::app::view::GrowthPoint {
                day: 0.0,
                value: 10.0,
                low: 9.0,
                high: 11.0,
                column: 0,
                below_limit: false,
            }],
            factual: vec![flat(0.0, 10.0), flat(100.0, 1e9)],
            ..GrowthView::default()
        };
        let (top, leaves) = top(&growth);
        assert!(top < 50.0 && leaves);
    }
}
