//! The panels beside the pictures: shown or hidden, at a side, or with all the room.
//!
//! Three panels at three sides need no free docking: what can be arranged fits a menu of six lines,
//! which works by keys and for those who do not see it, and nothing can be dragged apart by mistake.

use egui::{Button, Frame, IdSalt, Margin, Panel, Rect, ScrollArea, Ui, UiBuilder, vec2};

use super::draft::draft_ui;
use super::growth::growth_ui;
use super::history::history_ui;
use super::lesions::lesions_ui;
use super::narrative::narrative_ui;
use super::state::UiState;
use super::theme;
use super::tour::{self, Spot};
use super::treatments::treatments_ui;
use super::widgets::menu;
use crate::app::Command;
use crate::app::view::{Layout, PanelKind, PatientView, Side};
use crate::texts::tr;

/// What panels are drawn of.
pub(super) struct Panels<'a> {
    pub(super) layout: &'a Layout,
    pub(super) patient: &'a PatientView,
    pub(super) read_only: Option<&'a str>,
}

/// Draws all sides around what is left for the pictures; true where a panel has all the room.
pub(super) fn panels_ui(
    ui: &mut Ui,
    of: &Panels<'_>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) -> bool {
    if let Some(panel) = of.layout.maximised {
        let p = theme::palette(ui);
        egui::CentralPanel::default()
            .frame(
                Frame::new()
                    .fill(p.panel)
                    .inner_margin(Margin::symmetric(10, 6)),
            )
            .show(ui, |ui| panel_ui(ui, panel, false, of, state, out));
        return true;
    }
    for side in Side::ALL {
        let panels: Vec<PanelKind> = of.layout.at(side).collect();
        if !panels.is_empty() {
            side_ui(ui, side, &panels, of, state, out);
        }
    }
    if !of.layout.history.shown {
        state.history_at = None;
    }
    false
}

fn side_ui(
    ui: &mut Ui,
    side: Side,
    panels: &[PanelKind],
    of: &Panels<'_>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    let room = ui.available_size();
    let frame = Frame::new()
        .fill(p.panel)
        .inner_margin(Margin::symmetric(10, 6));
    let set = of.layout.side(side);
    let width = (room.x * 0.34).clamp(300.0_f32.min(room.x * 0.6), 420.0);
    let (id, panel) = match side {
        Side::Bottom => below(room.y, panels, of),
        Side::Right | Side::Left => {
            let most = (room.x * 0.6).max(240.0);
            let (id, panel) = if side == Side::Right {
                ("analysis", Panel::right("analysis"))
            } else {
                ("left side", Panel::left("left side"))
            };
            let panel = panel
                .resizable(true)
                .default_size(set.unwrap_or(width).min(most))
                .size_range(240.0..=most);
            (id, panel)
        }
    };
    let shown = panel
        .frame(frame)
        .show(ui, |ui| shared_ui(ui, side, panels, of, state, out));
    if let Some(size) = dragged(ui, id, side == Side::Bottom, shown.response.rect) {
        let layout = of.layout.with_side(side, size);
        out.push(Command::SetLayout { layout });
    }
}

/// The side below the pictures, which the table of lesions fits where it stands there alone.
fn below(height: f32, panels: &[PanelKind], of: &Panels<'_>) -> (&'static str, Panel) {
    let most = (height * 0.6).max(90.0);
    let table = panels == [PanelKind::Lesions];
    // A panel remembers its height; the empty table must not teach the full one to be small.
    if table && of.patient.lesions.is_empty() {
        let id = "empty lesion table";
        return (id, Panel::bottom(id).exact_size(38.0));
    }
    let fitting = if table {
        // Heads, one row per lesion and the row of sums; more lesions than fit scroll.
        let rows = of.patient.lesions.len().min(8) as f32;
        136.0 + 26.0 * rows
    } else {
        height * 0.4
    };
    let id = if table { "lesion table" } else { "below" };
    let size = of.layout.side(Side::Bottom).unwrap_or(fitting);
    let panel = Panel::bottom(id)
        .resizable(true)
        .default_size(size.min(most))
        .size_range(60.0..=most);
    (id, panel)
}

/// Panels that share a side: one below the other, or below the pictures one beside the other.
fn shared_ui(
    ui: &mut Ui,
    side: Side,
    panels: &[PanelKind],
    of: &Panels<'_>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let [first, rest @ ..] = panels else { return };
    let beside = side == Side::Bottom;
    for panel in rest.iter().rev() {
        let id = shared_id(*panel, beside);
        let room = ui.available_size();
        let set = of.layout.of(*panel).size;
        let (shared, margin) = if beside {
            let most = (room.x * 0.75).max(160.0);
            let size = set.unwrap_or(room.x * 0.4).min(most);
            let panel = Panel::right(id).default_size(size).size_range(160.0..=most);
            (
                panel,
                Margin {
                    left: 8,
                    ..Margin::ZERO
                },
            )
        } else {
            let most = (room.y * 0.75).max(80.0);
            let size = set.unwrap_or((room.y * 0.45).max(230.0)).min(most);
            let panel = Panel::bottom(id).default_size(size).size_range(80.0..=most);
            (
                panel,
                Margin {
                    top: 6,
                    ..Margin::ZERO
                },
            )
        };
        let shown = shared
            .resizable(true)
            .frame(Frame::new().inner_margin(margin))
            .show(ui, |ui| panel_ui(ui, *panel, true, of, state, out));
        if let Some(size) = dragged(ui, id, !beside, shown.response.rect) {
            let layout = of.layout.sized(*panel, size);
            out.push(Command::SetLayout { layout });
        }
    }
    panel_ui(ui, *first, false, of, state, out);
}

const fn shared_id(panel: PanelKind, beside: bool) -> &'static str {
    match (panel, beside) {
        (PanelKind::Lesions, false) => "lesions",
        (PanelKind::Lesions, true) => "lesions beside",
        (PanelKind::Growth, false) => "growth",
        (PanelKind::Growth, true) => "growth beside",
        (PanelKind::History, false) => "history",
        (PanelKind::History, true) => "history beside",
    }
}

/// The size that somebody has just given a panel by its edge. What a smaller window does to it is
/// not remembered.
fn dragged(ui: &Ui, id: &str, height: bool, rect: Rect) -> Option<f32> {
    let edge = ui.scope_id().with_salt(IdSalt::new(id)).with("__resize");
    let response = ui.ctx().read_response(edge)?;
    response
        .drag_stopped()
        .then(|| if height { rect.height() } else { rect.width() })
}

/// A panel with its menu in the corner; `shared` says that it stands below or beside another one.
fn panel_ui(
    ui: &mut Ui,
    panel: PanelKind,
    shared: bool,
    of: &Panels<'_>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let area = ui.max_rect();
    match panel {
        PanelKind::Lesions => lesions_ui(ui, of.patient, of.read_only, state, out),
        PanelKind::History => history_ui(ui, of.patient, of.read_only, shared, state, out),
        PanelKind::Growth => {
            ScrollArea::vertical()
                .auto_shrink([false, false])
                .show(ui, |ui| {
                    growth_ui(ui, of.patient, state, out);
                    ui.separator();
                    ui.scope(|ui| narrative_ui(ui, &of.patient.narrative, out));
                    if let Some(draft) = &of.patient.draft {
                        ui.separator();
                        ui.scope(|ui| draft_ui(ui, draft, out));
                    }
                    ui.separator();
                    treatments_ui(ui, of.patient, of.read_only, state, out);
                });
        }
    }
    match panel {
        PanelKind::Lesions => tour::spot(state, Spot::Lesions, area),
        PanelKind::Growth => tour::spot(state, Spot::Growth, area),
        PanelKind::History => {}
    }
    // Left of the bar by which the panel scrolls.
    let corner = area.right_top() - vec2(36.0, 0.0);
    let at = Rect::from_min_size(corner, vec2(24.0, 24.0));
    let mut corner = ui.new_child(UiBuilder::new().max_rect(at));
    menu_ui(&mut corner, panel, of.layout, out);
}

fn menu_ui(ui: &mut Ui, panel: PanelKind, layout: &Layout, out: &mut Vec<Command>) {
    let name = name(panel);
    menu(ui, &tr!("Place of the {name} panel", name), |ui| {
        ui.set_min_width(150.0);
        let look = layout.of(panel);
        let whole = layout.maximised == Some(panel);
        let mut to = |layout| out.push(Command::SetLayout { layout });
        for (side, text) in [
            (Side::Left, tr!("Left")),
            (Side::Right, tr!("Right")),
            (Side::Bottom, tr!("Below")),
        ] {
            let here = look.side == side && !whole;
            if ui.add(Button::selectable(here, text)).clicked() {
                to(layout.moved(panel, side));
            }
        }
        ui.separator();
        let text = if whole {
            tr!("Back to its place")
        } else {
            tr!("All the room")
        };
        if ui.button(text).clicked() {
            to(layout.maximised((!whole).then_some(panel)));
        }
        if ui.button(tr!("Hide")).clicked() {
            to(layout.toggled(panel));
        }
        ui.separator();
        if ui.button(tr!("All panels as at first")).clicked() {
            to(Layout {
                scale: layout.scale,
                ..Layout::default()
            });
        }
    });
}

/// What a panel is called.
pub(super) fn name(panel: PanelKind) -> &'static str {
    match panel {
        PanelKind::Lesions => tr!("Lesions"),
        PanelKind::Growth => tr!("Growth"),
        PanelKind::History => tr!("History"),
    }
}
