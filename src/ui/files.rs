//! The list of files that were opened: what became of each, and why.

use std::sync::Arc;

use egui::{
    Align, Button, CornerRadius, Frame, Label, Layout, Margin, Panel, Popup, ProgressBar, Rect,
    RichText, Role, ScrollArea, Sense, TextEdit, Ui, UiBuilder, WidgetInfo, vec2,
};

use super::state::UiState;
use super::theme::{self, RADIUS};
use super::widgets::{Icon, chip_button, chip_toggle, chip_width, heading, icon_button, weak};
use crate::app::Command;
use crate::app::view::{FileKind, FileList, FileRow, FileState, FilesView, HeaderOf};
use crate::texts::{self, tr};

/// Height of a line.
const LINE: f32 = 22.0;
/// Indent per level.
const STEP: f32 = 14.0;

/// What the window remembers of the list.
#[derive(Default)]
pub(super) struct FilesForm {
    asked: Asked,
    /// Lines of this list, for what was asked.
    lines: Option<(Arc<FileList>, Asked, Vec<Line>)>,
}

/// What is to be seen of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Asked {
    find: String,
    /// Only rows of this state.
    state: Option<FileState>,
    others: bool,
}

/// One line: a part of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Row(usize),
    /// The path, where it alone is what was looked for.
    Path(usize),
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
    if files.scanning.is_some() {
        // There are no chips yet: one that was asked for before would hide what comes in.
        state.files.asked.state = None;
    }
    head_ui(ui, files, &mut state.files.asked, out);
    ui.add(
        TextEdit::singleline(&mut state.files.asked.find)
            .hint_text(tr!("Find a patient, series, code or path"))
            .desired_width(f32::INFINITY),
    )
    .accessible_name(tr!("Find in files"))
    .on_hover_text(tr!(
        "The words loaded, warned and refused find rows of that state"
    ));
    let list = &files.list;
    let current = state
        .files
        .lines
        .as_ref()
        .is_some_and(|(of, asked, _)| Arc::ptr_eq(of, list) && *asked == state.files.asked);
    if !current {
        let asked = state.files.asked.clone();
        let lines = lines(list, &asked);
        state.files.lines = Some((Arc::clone(list), asked, lines));
    }
    // Taken out while it is drawn, because drawing changes the rest of the state.
    let Some(kept) = state.files.lines.take() else {
        return;
    };
    let lines = &kept.2;
    if lines.is_empty() {
        ui.add_space(8.0);
        weak(
            ui,
            if files.scanning.is_some() {
                tr!("Nothing found yet.")
            } else if list.rows.is_empty() && list.others.is_empty() {
                tr!("There is nothing in it that this program knows.")
            } else {
                tr!("Nothing matches.")
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

fn head_ui(ui: &mut Ui, files: &FilesView, asked: &mut Asked, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    let size = vec2(ui.available_width(), 24.0);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        if icon_button(ui, Icon::Close, tr!("Hide the list of files")).clicked() {
            out.push(Command::ShowFiles { shown: false });
        }
        match files.scanning {
            Some(job) => {
                if ui.button(tr!("Stop")).clicked() {
                    out.push(Command::CancelJob { job });
                }
            }
            None => {
                let again = icon_button(
                    ui,
                    Icon::Reset,
                    tr!("Look again, reading only what changed"),
                );
                if again.clicked() {
                    out.push(Command::LookAgain);
                }
            }
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            heading(ui, tr!("Files"));
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
        .accessible_name(tr!("Reading headers"));
        weak(
            ui,
            tr!(
                "{n_read} of {n_found} files read · {n_refused} refused",
                n_read = files.n_read,
                n_found = files.n_found,
                n_refused = files.list.n_refused
            ),
        );
    } else if files.n_read < files.n_found {
        weak(
            ui,
            tr!(
                "Stopped after {n_read} of {n_found} files; nothing of it was entered.",
                n_read = files.n_read,
                n_found = files.n_found
            ),
        );
    } else {
        summary_ui(ui, files, asked);
    }
}

/// Number of files, and a chip for each state: how many rows are of it. A click shows only those.
fn summary_ui(ui: &mut Ui, files: &FilesView, asked: &mut Asked) {
    let p = theme::palette(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 2.0);
        let text = |text: String| Label::new(RichText::new(text).size(12.0).color(p.text_weak));
        ui.add(text(tr!("{n} file" | "{n} files" % files.n_read)));
        for state in FileState::ALL {
            let n = files.list.count(state);
            // One that is asked for stays, so that it can be asked for no longer.
            if n == 0 && asked.state != Some(state) {
                continue;
            }
            let color = match state {
                FileState::Loaded => p.success,
                FileState::Warned => p.warning,
                FileState::Refused => p.error,
            };
            let on = asked.state == Some(state);
            let word = format!("{n} {}", texts::text(state.word()));
            if chip_toggle(ui, &word, color, on).clicked() {
                asked.state = (!on).then_some(state);
            }
        }
        if !files.list.others.is_empty() {
            ui.add(text(tr!(
                "{n} not images" | "{n} not images" % files.list.others.len()
            )));
        }
    });
}

/// What a row has to be to be found: of this state, and with this text.
struct Sought {
    state: Option<FileState>,
    text: String,
}

impl Sought {
    /// Words that name a state ask for it; the others are looked for as they stand.
    fn of(asked: &Asked) -> Self {
        let mut state = asked.state;
        let lower = asked.find.to_lowercase();
        let words = lower.split_whitespace().filter(|word| {
            let named = FileState::ALL
                .into_iter()
                .find(|s| texts::text(s.word()) == *word);
            state = named.or(state);
            named.is_none()
        });
        let text = words.collect::<Vec<_>>().join(" ");
        Self { state, text }
    }

    /// What the row shows has it.
    fn shows(&self, row: &FileRow) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.text);
        has(&format!("{} {}", row.title, row.detail))
            || row.warnings.iter().any(|(code, _)| has(code))
            || row
                .error
                .as_ref()
                .is_some_and(|e| has(&format!("{}: {}", e.code, e.message)) || has(&e.hint))
    }

    /// Its path has it.
    fn leads_to(&self, row: &FileRow) -> bool {
        let path = row.path.as_ref();
        path.is_some_and(|p| p.to_string_lossy().to_lowercase().contains(&self.text))
    }
}

/// The lines to draw. A row that is found brings those it lies under.
fn lines(list: &FileList, asked: &Asked) -> Vec<Line> {
    let sought = Sought::of(asked);
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
        let state = row.state();
        let shows = within.is_some() || sought.shows(row);
        // What lies under a head that is found is found with it.
        if shows && within.is_none() && state.is_none() {
            within = Some(row.depth);
        }
        let of_state = sought.state.is_none() || state == sought.state;
        let found = of_state && (shows || sought.leads_to(row));
        if found {
            lines.extend(above[entered..].iter().map(|a| Line::Row(*a)));
            lines.push(Line::Row(n));
            if !shows {
                lines.push(Line::Path(n));
            }
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
    if sought.state.is_some() {
        return lines;
    }
    let others: Vec<Line> = list
        .others
        .iter()
        .enumerate()
        .filter(|(_, row)| sought.shows(row) || sought.leads_to(row))
        .map(|(n, _)| Line::Other(n))
        .collect();
    if !others.is_empty() {
        lines.push(Line::OthersHead);
        if asked.others || !sought.text.is_empty() {
            lines.extend(others);
        }
    }
    lines
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
            let sign = if state.files.asked.others {
                "▾"
            } else {
                "▸"
            };
            let text = tr!(
                "{sign} Other files ({others})",
                sign,
                others = list.others.len()
            );
            let button = Button::new(RichText::new(text).color(p.text_weak)).frame(false);
            if ui.add(button).clicked() {
                state.files.asked.others = !state.files.asked.others;
            }
        }
        Line::Path(n) => {
            let row = &list.rows[n];
            let Some(path) = &row.path else { return };
            ui.add_space(row.depth as f32 * STEP + 4.0);
            let text = RichText::new(tr!("Path: {path}", path = path.display()));
            ui.add(Label::new(text.size(12.0).color(p.text_weak)).truncate())
                .on_hover_text(path.display().to_string());
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
            let code = &error.code;
            let chip = chip_button(ui, None, code, p.error, &tr!("Explain {code}", code));
            if chip.on_hover_text(tr!("Click to read about it")).clicked() {
                state.page = Some(code.clone());
            }
            let whole = format!("{code}: {}\n{}\n{}", error.message, error.place, error.hint);
            let text = RichText::new(&error.message).size(12.0).color(p.error);
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
            Some(_) => tr!("Click to see the picture; right-click for the header"),
            None if row.kind == FileKind::Item => {
                tr!("Click to see the images; right-click for the header")
            }
            None => tr!("Click to see the header"),
        };
        response.context_menu(|ui| {
            if ui.button(tr!("Show the header")).clicked() {
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

/// Codes of warnings; a click shows the page about it. Those without room are behind a last chip.
pub(super) fn warning_chips(ui: &mut Ui, warnings: &[(String, String)], state: &mut UiState) {
    let color = theme::palette(ui).warning;
    ui.spacing_mut().item_spacing.x = 4.0;
    let mut codes: Vec<&str> = Vec::new();
    for (code, _) in warnings {
        if !codes.contains(&&**code) {
            codes.push(code);
        }
    }
    let texts = |code: &str| -> String {
        let of = warnings.iter().filter(|(c, _)| c == code);
        of.map(|(_, text)| &**text).collect::<Vec<_>>().join("\n")
    };
    let n = fitting(
        codes.iter().map(|code| chip_width(ui, code)),
        ui.available_width(),
        chip_width(ui, "+99"),
    );
    for code in &codes[..n] {
        let chip = chip_button(ui, None, code, color, &tr!("Explain {code}", code));
        let hover = tr!("{text}\nClick to read about it", text = texts(code));
        if chip.on_hover_text(hover).clicked() {
            state.page = Some((*code).to_owned());
        }
    }
    let rest = &codes[n..];
    if rest.is_empty() {
        return;
    }
    let name = tr!("{n} more warnings" | "{n} more warnings" % rest.len());
    let more = chip_button(ui, None, &format!("+{}", rest.len()), color, &name);
    Popup::menu(&more).show(|ui| {
        ui.set_max_width(420.0);
        for code in rest {
            let text = format!("{code}: {}", texts(code));
            if ui.add(Button::new(text).wrap().frame(false)).clicked() {
                state.page = Some((*code).to_owned());
            }
        }
    });
    more.on_hover_text(rest.join("\n"));
}

/// How many chips fit beside each other, with room for the last one that stands for the others.
fn fitting(widths: impl Iterator<Item = f32>, room: f32, last: f32) -> usize {
    const GAP: f32 = 4.0;
    let widths: Vec<f32> = widths.collect();
    let whole: f32 = widths.iter().map(|w| w + GAP).sum();
    if whole - GAP <= room {
        return widths.len();
    }
    let mut used = last;
    widths
        .iter()
        .take_while(|w| {
            used += **w + GAP;
            used <= room
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::view::Refusal;

    fn row(kind: FileKind, title: &str) -> FileRow {
        FileRow {
            kind,
            depth: match kind {
                FileKind::Patient | FileKind::Heading => 0,
                FileKind::Study => 1,
                _ => 2,
            },
            title: title.into(),
            detail: String::new(),
            warnings: Vec::new(),
            error: None,
            path: (kind == FileKind::Item).then(|| format!("disc7/{title}").into()),
            picture: None,
        }
    }

    fn list() -> FileList {
        let warned = FileRow {
            warnings: vec![("W-GAP".into(), "slices are missing".into())],
            ..row(FileKind::Item, "MR head")
        };
        let error = Refusal::new("E-SEG", "listed only", "disc7/seg", "export it");
        let refused = FileRow {
            error: Some(Arc::new(error)),
            warnings: vec![("W-DATE".into(), "no date".into())],
            ..row(FileKind::Item, "SEG liver")
        };
        FileList {
            rows: vec![
                row(FileKind::Patient, "Ada"),
                row(FileKind::Study, "2024-01-01"),
                row(FileKind::Item, "CT chest"),
                warned,
                row(FileKind::Patient, "Bob"),
                row(FileKind::Study, "2024-02-01"),
                row(FileKind::Item, "CT pelvis"),
                refused,
            ],
            ..FileList::default()
        }
    }

    fn found(find: &str, state: Option<FileState>) -> Vec<Line> {
        let asked = Asked {
            find: find.to_owned(),
            state,
            others: false,
        };
        lines(&list(), &asked)
    }

    fn rows(find: &str, state: Option<FileState>) -> Vec<usize> {
        let lines = found(find, state).into_iter();
        lines
            .filter_map(|line| match line {
                Line::Row(n) => Some(n),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn what_is_found_brings_what_it_lies_under() {
        assert_eq!(rows("", None), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(rows("ct", None), [0, 1, 2, 4, 5, 6]);
        assert_eq!(rows("mr", None), [0, 1, 3]);
        assert_eq!(rows("w-gap", None), [0, 1, 3]);
        // A patient brings everything of theirs.
        assert_eq!(rows("bob", None), [4, 5, 6, 7]);
        assert!(rows("nobody", None).is_empty());
        // What a warning says at length is not what the row shows.
        assert!(rows("slices are missing", None).is_empty());
    }

    #[test]
    fn chips_without_room_leave_room_for_the_one_that_counts_them() {
        let n = |room: f32| fitting([50.0, 50.0, 50.0].into_iter(), room, 30.0);
        assert_eq!(
            [n(158.0), n(157.0), n(138.0), n(100.0), n(40.0)],
            [3, 2, 2, 1, 0]
        );
    }

    #[test]
    fn a_row_found_by_its_path_alone_shows_its_path() {
        assert!(!found("ct", None).iter().any(|l| matches!(l, Line::Path(_))));
        let by_path = found("disc7", None);
        let paths = by_path.iter().filter(|l| matches!(l, Line::Path(_)));
        assert_eq!(paths.count(), 4);
    }

    #[test]
    fn chips_and_words_show_as_many_rows_as_they_say() {
        let list = list();
        for (state, n) in FileState::ALL.into_iter().zip([2, 1, 1]) {
            assert_eq!(list.count(state), n, "{state:?}");
            let of_state = |found: Vec<usize>| -> usize {
                let items = found.iter().filter(|n| list.rows[**n].state().is_some());
                items.count()
            };
            assert_eq!(of_state(rows("", Some(state))), n);
            assert_eq!(of_state(rows(state.word(), None)), n);
        }
        assert_eq!(rows("loaded bob", None), [4, 5, 6]);
        assert_eq!(rows("ada", Some(FileState::Refused)), [0usize; 0]);
    }
}
