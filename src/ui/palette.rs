//! The list in which everything is found by words: actions, patients, lesions, time points and
//! windows. Works by keys alone.

mod entries;

use egui::{Button, Key, Modifiers, RichText, ScrollArea, TextEdit, Ui, WidgetInfo};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::act::{Scene, act};
use super::dialog::{Answer, frame};
use super::state::UiState;
use super::theme;
use super::widgets::weak;
use crate::app::Command;
use crate::app::view::View;
use crate::texts::tr;
use entries::{Entry, Target, entries};

/// Rows that a page key turns.
const PAGE: usize = 8;

/// What was typed so far, and the row that Enter takes.
#[derive(Default)]
pub(super) struct PaletteForm {
    text: String,
    at: usize,
}

/// Draws the list; what is chosen is done at once.
pub(super) fn palette_ui(
    ui: &Ui,
    view: &View,
    state: &mut UiState,
    form: &mut PaletteForm,
    fresh: bool,
) -> Answer {
    let all = entries(view, state);
    let found = ranked(&all, &form.text);
    let chosen = keys(ui, found.len(), form);
    let mut clicked = None;
    let answer = frame(ui, tr!("Find and do anything"), 560.0, |ui| {
        let field = ui
            .add(
                TextEdit::singleline(&mut form.text)
                    .hint_text(tr!("An action, patient, lesion, time point or window"))
                    .desired_width(f32::INFINITY),
            )
            .accessible_name(tr!("Find and do anything"));
        if fresh {
            field.request_focus();
        }
        if field.changed() {
            form.at = 0;
        }
        if found.is_empty() {
            weak(ui, tr!("Nothing is called that."));
        }
        let height = (ui.ctx().content_rect().height() - 180.0).clamp(80.0, 380.0);
        ScrollArea::vertical()
            .auto_shrink([false, true])
            .max_height(height)
            .show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                for (row, index) in found.iter().enumerate() {
                    let current = row == form.at;
                    if row_ui(ui, &all[*index], current, chosen.is_moved) {
                        clicked = Some(row);
                    }
                }
            });
        Answer::Open
    });
    let row = clicked.or_else(|| chosen.is_taken.then_some(form.at));
    let entry = row.and_then(|row| found.get(row)).map(|index| &all[*index]);
    match entry.filter(|e| e.barred.is_none()) {
        Some(entry) => Answer::Send(take(&entry.target, view, state)),
        None => answer,
    }
}

/// What the keys said.
struct Chosen {
    is_moved: bool,
    is_taken: bool,
}

/// Arrows and page keys go through the rows, Enter takes one; none of them reaches the text.
fn keys(ui: &Ui, n: usize, form: &mut PaletteForm) -> Chosen {
    let before = form.at.min(n.saturating_sub(1));
    form.at = before;
    ui.input_mut(|input| {
        let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
        if n == 0 {
            let is_taken = false;
            let is_moved = false;
            return Chosen { is_moved, is_taken };
        }
        // Round the end, as in other lists of this kind.
        if pressed(Key::ArrowDown) {
            form.at = (before + 1) % n;
        }
        if pressed(Key::ArrowUp) {
            form.at = (before + n - 1) % n;
        }
        if pressed(Key::PageDown) {
            form.at = (before + PAGE).min(n - 1);
        }
        if pressed(Key::PageUp) {
            form.at = before.saturating_sub(PAGE);
        }
        Chosen {
            is_moved: form.at != before,
            is_taken: pressed(Key::Enter),
        }
    })
}

/// Positions of the entries that the words are in, the best first; without words all, in order.
fn ranked(all: &[Entry], text: &str) -> Vec<usize> {
    let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut found: Vec<(u32, usize)> = Vec::new();
    for (index, entry) in all.iter().enumerate() {
        let name = entry.name();
        let score = pattern.score(Utf32Str::new(&name, &mut buffer), &mut matcher);
        found.extend(score.map(|score| (score, index)));
    }
    // Equally good ones stay in order. What cannot be done keeps its place: Enter must not take another
    // one for it.
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, index)| index).collect()
}

fn row_ui(ui: &mut Ui, entry: &Entry, current: bool, moved: bool) -> bool {
    let p = theme::palette(ui);
    let name = entry.name();
    let ink = if entry.barred.is_some() {
        p.text_weak
    } else {
        p.text
    };
    let row = ui.add_enabled(
        entry.barred.is_none(),
        Button::selectable(current, RichText::new(&entry.text).color(ink))
            .min_size(egui::vec2(ui.available_width(), 26.0))
            .right_text(
                RichText::new(format!("{}  {}", entry.kind, entry.keys))
                    .size(12.0)
                    .color(p.text_weak),
            ),
    );
    row.widget_info(|| {
        WidgetInfo::selected(egui::Role::Button, entry.barred.is_none(), current, &name)
    });
    if current && moved {
        row.scroll_to_me(None);
    }
    let row = match &entry.barred {
        Some(reason) => row.on_disabled_hover_text(reason),
        None => row,
    };
    row.clicked()
}

/// Does what was chosen.
fn take(target: &Target, view: &View, state: &mut UiState) -> Vec<Command> {
    let mut out = Vec::new();
    match target {
        Target::Act(action) => {
            let patient = view.patient.as_ref();
            act(*action, &Scene { view, patient }, state, &mut out);
        }
        Target::Send(command) => out.push(command.clone()),
        Target::TimePoint(id, series) => {
            state.active = Some(*series);
            state.maximised = state.maximised.map(|_| *id);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap::Action;

    fn entry(kind: &'static str, text: &str) -> Entry {
        Entry {
            kind,
            text: text.to_owned(),
            keys: String::new(),
            barred: None,
            target: Target::Act(Action::Help),
        }
    }

    #[test]
    fn words_are_found_in_any_order_and_with_letters_left_out() {
        let all = [
            entry("Patient", "Müller, Jürgen · 4711"),
            entry("Tools", "Lasso tool, and back"),
            entry("Window", "Lung · W 1500 L −600"),
            entry("Lesion", "L2 · lung"),
        ];
        let best = |text: &str| ranked(&all, text).first().copied();
        assert_eq!(best("muller"), Some(0), "without the dots above");
        assert_eq!(best("jur mul"), Some(0));
        assert_eq!(best("lso"), Some(1));
        assert_eq!(best("lesion lung"), Some(3));
        assert_eq!(best("1500"), Some(2));
        assert_eq!(ranked(&all, "").len(), 4);
        assert!(ranked(&all, "zzz").is_empty());
    }
}
