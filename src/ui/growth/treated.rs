//! What acts on the lesion, in the plot: spans behind the curves, doses and fractions as ticks above the
//! axis of days, operations as lines, and in rows of their own what a what-if question would give.

use egui::{Align2, Color32, RichText, Stroke};
use egui_plot::{Line, PlotPoint, PlotPoints, PlotUi, Span, Text};

use crate::app::view::{ActShape, ActView, GrowthView};
use crate::texts::tr;
use crate::ui::theme::{self, Palette};

/// Height of a row of ticks, and what of it a tick takes, as shares of the axis.
const ROW: f64 = 0.045;
const TICK: f64 = 0.036;
/// Points along an upright line, near each of which its name shows.
const HOLDS: usize = 9;

/// Names of everything drawn here: of these the day is of interest, and no size.
pub(super) fn names(growth: &GrowthView) -> Vec<String> {
    let mut names: Vec<String> = growth
        .treated
        .iter()
        .map(|act| act.name.clone())
        .chain(growth.scenario_treated.iter().map(in_scenario))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn in_scenario(act: &ActView) -> String {
    tr!("what if: {name}", name = act.name)
}

/// Names of what is drawn as ticks, each of which has a row, in order of time.
fn rows(acts: &[ActView]) -> Vec<&str> {
    let mut rows: Vec<&str> = Vec::new();
    let ticks = |act: &&ActView| matches!(act.shape, ActShape::Dose | ActShape::Fraction);
    for act in acts.iter().filter(ticks) {
        if !rows.contains(&&*act.name) {
            rows.push(&act.name);
        }
    }
    rows
}

/// Draws all of it; `top` is the upper end of the axis.
pub(super) fn treated(plot: &mut PlotUi<'_>, growth: &GrowthView, top: f64, p: &Palette) {
    let rows_given = rows(&growth.treated);
    for act in &growth.treated {
        match act.shape {
            ActShape::Span => plot.span(
                Span::new(act.name.clone(), act.from..=act.to)
                    .fill(p.treated.gamma_multiply(0.13))
                    .border(Stroke::new(1.0, p.treated.gamma_multiply(0.4)))
                    .label_align(Align2::LEFT_CENTER),
            ),
            ActShape::Dose | ActShape::Fraction => {
                let row = rows_given.iter().position(|name| *name == act.name);
                tick(plot, &act.name, act.from, row.unwrap_or(0), top, p.treated);
            }
            ActShape::Surgery => {
                upright(plot, &act.name, act.from, [0.0, top], HOLDS, 1.6, p.treated);
                plot.text(
                    Text::new(
                        "",
                        PlotPoint::new(act.from, top * 0.5),
                        RichText::new(format!(" {}", act.name))
                            .font(theme::medium(11.0))
                            .color(p.text_weak),
                    )
                    .anchor(Align2::LEFT_CENTER)
                    .allow_hover(false),
                );
            }
        }
    }
    scenario(plot, growth, rows_given.len(), top, scenario_ink(growth, p));
}

/// What the question would give, above the rows of what was given; spans are bars there.
fn scenario(plot: &mut PlotUi<'_>, growth: &GrowthView, below: usize, top: f64, ink: Color32) {
    let rows_given = rows(&growth.scenario_treated);
    for act in &growth.scenario_treated {
        let name = in_scenario(act);
        let place = rows_given.iter().position(|name| *name == act.name);
        match act.shape {
            ActShape::Span => {
                let y = top * (ROW * (below + rows_given.len()) as f64 + 0.5 * TICK);
                plot.line(
                    Line::new(name, PlotPoints::from(vec![[act.from, y], [act.to, y]]))
                        .color(ink)
                        .width(4.0),
                );
            }
            ActShape::Dose | ActShape::Fraction => {
                tick(plot, &name, act.from, below + place.unwrap_or(0), top, ink);
            }
            ActShape::Surgery => upright(plot, &name, act.from, [0.0, top], HOLDS, 1.6, ink),
        }
    }
}

fn scenario_ink(growth: &GrowthView, p: &Palette) -> Color32 {
    if growth.identified {
        p.scenario
    } else {
        p.unidentified
    }
}

fn tick(plot: &mut PlotUi<'_>, name: &str, day: f64, row: usize, top: f64, ink: Color32) {
    let low = top * ROW * row as f64;
    upright(plot, name, day, [low, low + top * TICK], 3, 2.0, ink);
}

fn upright(
    plot: &mut PlotUi<'_>,
    name: &str,
    day: f64,
    [low, high]: [f64; 2],
    holds: usize,
    width: f32,
    ink: Color32,
) {
    let at = |n: usize| low + (high - low) * n as f64 / (holds - 1) as f64;
    let points: Vec<[f64; 2]> = (0..holds).map(|n| [day, at(n)]).collect();
    plot.line(
        Line::new(name, PlotPoints::from(points))
            .color(ink)
            .width(width),
    );
}

/// Colours and words of the legend.
pub(super) fn legend(growth: &GrowthView, p: &Palette) -> Vec<(Color32, String)> {
    let has = |shape| growth.treated.iter().any(|act| act.shape == shape);
    let mut entries = Vec::new();
    if has(ActShape::Span) {
        entries.push((p.treated.gamma_multiply(0.5), tr!("treated").to_owned()));
    }
    let ticks = rows(&growth.treated);
    if !ticks.is_empty() {
        let names = ticks.join(", ");
        entries.push((p.treated, tr!("ticks: {names}", names)));
    }
    if !growth.scenario_treated.is_empty() {
        let text = tr!("given in the what-if").to_owned();
        entries.push((scenario_ink(growth, p), text));
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(name: &str, shape: ActShape, from: f64) -> ActView {
        ActView {
            name: name.to_owned(),
            shape,
            from,
            to: from,
        }
    }

    #[test]
    fn each_drug_has_one_row_of_ticks() {
        let acts = [
            act("a", ActShape::Dose, 0.0),
            act("b", ActShape::Dose, 0.0),
            act("c", ActShape::Span, 5.0),
            act("a", ActShape::Dose, 21.0),
        ];
        assert_eq!(rows(&acts), ["a", "b"]);
    }
}
