//! The list of files that were opened: what became of each, and why.

use std::sync::Arc;

use egui::{
    Align, CornerRadius, Frame, Label, Layout, Margin, Panel, ProgressBar, Rect, RichText, Role,
    ScrollArea, Sense, TextEdit, Ui, UiBuilder, WidgetInfo, vec2,
};

use super::state::UiState;
use super::theme::{self, RADIUS};
use super::widgets::{Icon, chip_button, heading, icon_button, weak};
use crate::app::Command;
use crate::app::view::{FileKind, FileList, FileRow, FilesView, HeaderOf};

/// Height of a line.
const LINE: f32 = 22.0;
/// Indent per level.
const STEP: f32 = 14.0;

/// What the window remembers of the list.
#[derive(Default)]
pub(super) struct FilesForm {
    find: String,
    show_others: bool,
    /// Lines of this list, for this text.
    lines: Option<(Arc<FileList>, String, bool, Vec<Line>)>,
}

/// One line: a part of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Row(usize),
    Warnings(usize),
    Error(usize),
    Hint(usize),
    OthersHead,
    Other(usize),
}

/// Draws the list at the left of everything, while it is to be seen.
pub(super) fn files_panel(
    ui: &mut Ui,
    files: &FilesView,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    let most = (ui.available_width() * 0.6).max(260.0);
    Panel::left("files")
        .resizable(true)
        .default_size(380.0_f32.min(most))
        .size_range(240.0..=most)
        .frame(Frame::new().fill(p.panel).inner_margin(Margin::same(10)))
        .show(ui, |ui| files_ui(ui, files, state, out));
}

/// Draws the list.
pub fn files_ui(ui: &mut Ui, files: &FilesView, state: &mut UiState, out: &mut Vec<Command>) {
    head_ui(ui, files, out);
    ui.add(
        TextEdit::singleline(&mut state.files.find)
            .hint_text("Find a patient, series, file or warning")
            .desired_width(f32::INFINITY),
    )
    .accessible_name("Find in files");
    let list = &files.list;
    let current = state
        .files
        .lines
        .as_ref()
        .is_some_and(|(of, find, all, _)| {
            Arc::ptr_eq(of, list) && *find == state.files.find && *all == state.files.show_others
        });
    if !current {
        let lines = lines(list, &state.files.find, state.files.show_others);
        let find = state.files.find.clone();
        state.files.lines = Some((Arc::clone(list), find, state.files.show_others, lines));
    }
    // Taken out while it is drawn, because drawing changes the rest of the state.
    let Some(kept) = state.files.lines.take() else {
        return;
    };
    let lines = &kept.3;
    if lines.is_empty() {
        ui.add_space(8.0);
        weak(
            ui,
            if files.scanning.is_some() {
                "Nothing found yet."
            } else if state.files.find.is_empty() {
                "There is nothing in it that this program knows."
            } else {
                "Nothing matches."
            },
        );
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show_rows(ui, LINE, lines.len(), |ui, range| {
            for line in &lines[range] {
                let (rect, _) =
                    ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::hover());
                let mut ui = ui.new_child(
                    UiBuilder::new()
                        .max_rect(rect)
                        .layout(Layout::left_to_right(Align::Center)),
                );
                ui.spacing_mut().item_spacing.x = 6.0;
                line_ui(&mut ui, rect, *line, list, state, out);
            }
        });
    state.files.lines = Some(kept);
}

fn head_ui(ui: &mut Ui, files: &FilesView, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    let size = vec2(ui.available_width(), 24.0);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        if icon_button(ui, Icon::Close, "Hide the list of files").clicked() {
            out.push(Command::ShowFiles { shown: false });
        }
        match files.scanning {
            Some(job) => {
                if ui.button("Stop").clicked() {
                    out.push(Command::CancelJob { job });
                }
            }
            None => {
                let again = icon_button(ui, Icon::Reset, "Look again, reading only what changed");
                if again.clicked() {
                    out.push(Command::LookAgain);
                }
            }
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            heading(ui, "Files");
            let roots = files.roots.join("\n");
            let first = files.roots.first().cloned().unwrap_or_default();
            let text = RichText::new(first).size(12.0).color(p.text_weak);
            ui.add(Label::new(text).truncate()).on_hover_text(roots);
        });
    });
    if files.scanning.is_some() {
        let fraction = files.n_read as f32 / files.n_found.max(1) as f32;
        ui.add(
            ProgressBar::new(fraction)
                .desired_height(6.0)
                .corner_radius(3)
                .fill(p.accent),
        )
        .accessible_name("Reading headers");
        weak(
            ui,
            format!(
                "{} of {} files read · {} refused",
                files.n_read, files.n_found, files.list.n_refused
            ),
        );
    } else if files.n_read < files.n_found {
        weak(
            ui,
            format!(
                "Stopped after {} of {} files; nothing of it was entered.",
                files.n_read, files.n_found
            ),
        );
    } else {
        weak(ui, summary(&files.list));
    }
}

fn summary(list: &FileList) -> String {
    let mut parts = vec![counted(list.n_files, "file")];
    if list.n_refused > 0 {
        parts.push(format!("{} refused", list.n_refused));
    }
    if list.n_warned > 0 {
        parts.push(format!("{} with warnings", list.n_warned));
    }
    if !list.others.is_empty() {
        parts.push(format!("{} not images", list.others.len()));
    }
    parts.join(" · ")
}

fn counted(n: usize, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        n => format!("{n} {noun}s"),
    }
}

/// The lines to draw. A row that is found brings those it lies under.
fn lines(list: &FileList, find: &str, show_others: bool) -> Vec<Line> {
    let find = find.trim().to_lowercase();
    let mut lines = Vec::new();
    let mut above: Vec<usize> = Vec::new();
    // How many of the rows above are already among the lines.
    let mut entered = 0;
    let mut within: Option<usize> = None;
    for (n, row) in list.rows.iter().enumerate() {
        while above
            .last()
            .is_some_and(|a| list.rows[*a].depth >= row.depth)
        {
            above.pop();
        }
        entered = entered.min(above.len());
        if within.is_some_and(|depth| row.depth <= depth) {
            within = None;
        }
        let found = find.is_empty() || within.is_some() || matches(row, &find);
        if found {
            if within.is_none() && !find.is_empty() && row.path.is_none() {
                within = Some(row.depth);
            }
            lines.extend(above[entered..].iter().map(|a| Line::Row(*a)));
            lines.push(Line::Row(n));
            if !row.warnings.is_empty() {
                lines.push(Line::Warnings(n));
            }
            if let Some(error) = &row.error {
                lines.push(Line::Error(n));
                if !error.hint.is_empty() {
                    lines.push(Line::Hint(n));
                }
            }
        }
        above.push(n);
        if found {
            entered = above.len();
        }
    }
    let others: Vec<Line> = list
        .others
        .iter()
        .enumerate()
        .filter(|(_, row)| find.is_empty() || matches(row, &find))
        .map(|(n, _)| Line::Other(n))
        .collect();
    if !others.is_empty() {
        lines.push(Line::OthersHead);
        if show_others || !find.is_empty() {
            lines.extend(others);
        }
    }
    lines
}

fn matches(row: &FileRow, find: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(find);
    has(&row.title)
        || has(&row.detail)
        || row
            .warnings
            .iter()
            .any(|(code, text)| has(code) || has(text))
        || row
            .error
            .as_ref()
            .is_some_and(|e| has(&e.code) || has(&e.message) || has(&e.place))
        || row
            .path
            .as_ref()
            .is_some_and(|path| has(&path.to_string_lossy()))
}

fn line_ui(
    ui: &mut Ui,
    rect: Rect,
    line: Line,
    list: &FileList,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    match line {
        Line::Row(n) => row_ui(ui, rect, &list.rows[n], out),
        Line::Other(n) => row_ui(ui, rect, &list.others[n], out),
        Line::OthersHead => {
            let sign = if state.files.show_others {
                "▾"
            } else {
                "▸"
            };
            let text = format!("{sign} Other files ({})", list.others.len());
            let button = egui::Button::new(RichText::new(text).color(p.text_weak)).frame(false);
            if ui.add(button).clicked() {
                state.files.show_others = !state.files.show_others;
            }
        }
        Line::Warnings(n) => {
            let row = &list.rows[n];
            ui.add_space(row.depth as f32 * STEP + 4.0);
            warning_chips(ui, &row.warnings, state);
        }
        Line::Error(n) => {
            let row = &list.rows[n];
            let Some(error) = &row.error else { return };
            ui.add_space(row.depth as f32 * STEP + 4.0);
            let text = format!("{}: {}", error.code, error.message);
            let whole = format!("{text}\n{}\n{}", error.place, error.hint);
            let text = RichText::new(text).size(12.0).color(p.error);
            ui.add(Label::new(text).truncate().sense(Sense::hover()))
                .on_hover_text(whole);
        }
        Line::Hint(n) => {
            let row = &list.rows[n];
            let Some(error) = &row.error else { return };
            ui.add_space(row.depth as f32 * STEP + 4.0);
            let text = RichText::new(&error.hint).size(12.0).color(p.text_weak);
            ui.add(Label::new(text).truncate());
        }
    }
}

fn row_ui(ui: &mut Ui, rect: Rect, row: &FileRow, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    let name = format!("{} · {}", row.title, row.detail);
    if let Some(path) = &row.path {
        let id = egui::Id::unique("file row").with(path).with(row.depth);
        let response = ui.interact(rect, id, Sense::click());
        if response.hovered() || response.has_focus() {
            ui.painter()
                .rect_filled(rect, CornerRadius::same(RADIUS), p.hover);
        }
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        let clicked = response.clicked();
        let header = Command::ShowHeader {
            of: HeaderOf::File(path.clone()),
        };
        let does = match row.picture {
            Some(_) => "Click to see the picture; right-click for the header",
            None if row.kind == FileKind::Item => {
                "Click to see the images; right-click for the header"
            }
            None => "Click to see the header",
        };
        response.context_menu(|ui| {
            if ui.button("Show the header").clicked() {
                out.push(header.clone());
            }
        });
        response.on_hover_text(format!("{}\n{does}", path.display()));
        if clicked {
            out.push(match row.picture {
                Some(item) => Command::ShowPicture { item, frame: 0 },
                None if row.kind == FileKind::Item => Command::LookAt { path: path.clone() },
                None => header,
            });
        }
    }
    ui.add_space(row.depth as f32 * STEP + 4.0);
    let (font, ink) = match row.kind {
        FileKind::Patient | FileKind::Heading => (theme::medium(13.5), p.text),
        FileKind::Study => (theme::medium(12.5), p.text),
        FileKind::Other => (egui::FontId::proportional(12.5), p.text_weak),
        FileKind::Item | FileKind::Refused => (egui::FontId::proportional(13.0), p.text),
    };
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(4.0);
        let detail = RichText::new(&row.detail).size(12.0).color(p.text_weak);
        ui.add(Label::new(detail).selectable(false));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if row.error.is_some() && row.kind != FileKind::Other {
                let (place, _) = ui.allocate_exact_size(vec2(14.0, 16.0), Sense::hover());
                Icon::Warning.paint(ui.painter(), place.center(), p.error);
            }
            let title = RichText::new(&row.title).font(font).color(ink);
            ui.add(Label::new(title).truncate().selectable(false));
        });
    });
}

/// Codes of warnings; a click shows the page about it.
pub(super) fn warning_chips(ui: &mut Ui, warnings: &[(String, String)], state: &mut UiState) {
    let color = theme::palette(ui).warning;
    ui.spacing_mut().item_spacing.x = 4.0;
    let mut shown: Vec<&str> = Vec::new();
    for (code, _) in warnings {
        if shown.contains(&&**code) {
            continue;
        }
        shown.push(code);
        let chip = chip_button(ui, None, code, color, &format!("Explain {code}"));
        let texts: Vec<&str> = warnings
            .iter()
            .filter(|(c, _)| c == code)
            .map(|(_, text)| &**text)
            .collect();
        if chip
            .on_hover_text(format!("{}\nClick to read about it", texts.join("\n")))
            .clicked()
        {
            state.page = Some(code.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(depth: usize, title: &str, is_file: bool) -> FileRow {
        FileRow {
            kind: FileKind::Item,
            depth,
            title: title.into(),
            detail: String::new(),
            warnings: Vec::new(),
            error: None,
            path: is_file.then(|| title.into()),
            picture: None,
        }
    }

    #[test]
    fn what_is_found_brings_what_it_lies_under() {
        let list = FileList {
            rows: vec![
                row(0, "Ada", false),
                row(1, "2024-01-01", false),
                row(2, "CT chest", true),
                row(2, "MR head", true),
                row(0, "Bob", false),
                row(1, "2024-02-01", false),
                row(2, "CT pelvis", true),
            ],
            ..FileList::default()
        };
        let found = |find: &str| -> Vec<usize> {
            let rows = lines(&list, find, false).into_iter().map(|l| match l {
                Line::Row(n) => n,
                other => panic!("{other:?}"),
            });
            rows.collect()
        };
        assert_eq!(found(""), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(found("ct"), [0, 1, 2, 4, 5, 6]);
        assert_eq!(found("mr"), [0, 1, 3]);
        // A patient brings everything of theirs.
        assert_eq!(found("bob"), [4, 5, 6]);
        assert!(found("nobody").is_empty());
    }
}
