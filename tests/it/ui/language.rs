//! The window in another language: no text was forgotten.

use egui_kittest::kittest::NodeT as _;
use oncotwin::app::view::{Layout, PanelKind};

use super::*;
use crate::texts::{CLOSE, OPEN, speaks};

/// What is the same in all languages: keys, names of programs and formats, units.
const SAME: &[&str] = &[
    "OncoTwin",
    "PACS",
    "ITK-SNAP",
    "W-PATIENT",
    "Ctrl",
    "Shift",
    "Alt",
    "Esc",
    "Enter",
    "Tab",
    "Space",
    "Home",
    "End",
    "Pg",
    "PgDn",
    "Del",
    "mm",
    "mL",
    "px",
    "HU",
];

/// What egui itself says of the edges and buttons of its windows; it has no translations.
const OF_EGUI: &[&str] = &["Resize", "Close window", "Hide"];

/// Words of a label that no translation has made and that are no data of the view.
fn forgotten(label: &str, data: &[String]) -> String {
    // A long text of the view may be drawn in parts.
    if data.iter().any(|text| text.contains(label)) || OF_EGUI.iter().any(|t| label.starts_with(t))
    {
        return String::new();
    }
    let mut rest = label.to_owned();
    // What is nested goes first.
    while let Some(end) = rest.find(CLOSE) {
        let begin = rest[..end].rfind(OPEN).expect("every text has two ends");
        rest.replace_range(begin..end + CLOSE.len(), " ");
    }
    for text in data {
        rest = rest.replace(text.as_str(), " ");
    }
    let words = rest.split(|c: char| !c.is_alphanumeric() && c != '-');
    let words = words.filter(|w| w.chars().filter(|c| c.is_alphabetic()).count() > 1);
    let words: Vec<&str> = words.filter(|w| !SAME.contains(w)).collect();
    words.join(" ")
}

/// Every text in the view, the longest first.
fn data(view: &View) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    // Debug output quotes texts, and nothing else.
    let debug = format!("{view:?}");
    let mut parts = debug.split('"');
    parts.next();
    while let Some(text) = parts.next() {
        texts.extend(text.split("\\n").map(str::to_owned));
        parts.next();
    }
    // The name of a patient alone would hide words that merely have it within.
    texts.retain(|t| t.chars().count() > 1);
    texts.sort_by_key(|t| std::cmp::Reverse(t.len()));
    texts.dedup();
    texts
}

fn check(name: &str, harness: &Harness<'_, Stage>, missing: &mut Vec<String>) {
    let data = data(&harness.state().view);
    let mut n = 0;
    for node in harness.root().children_recursive() {
        let node = node.accesskit_node();
        for label in [
            node.label(),
            node.value(),
            node.placeholder().map(str::to_owned),
        ] {
            let Some(label) = label else { continue };
            n += usize::from(label.contains(OPEN));
            let words = forgotten(&label, &data);
            if !words.is_empty() {
                missing.push(format!("{name}: “{words}” in “{label}”"));
            }
        }
    }
    assert!(n > 3, "{name}: only {n} texts are translated");
}

#[test]
fn every_text_of_the_window_is_translated() {
    if !speaks("ui::language::every_text_of_the_window_is_translated") {
        return;
    }
    let mut missing = Vec::new();
    let history = Layout::default().toggled(PanelKind::History);
    let with_history = View {
        layout: history,
        ..fixture::loaded(true)
    };
    let with_header = View {
        header: Some(files::header()),
        ..fixture::loaded(true)
    };
    for (name, view) in [
        ("empty", fixture::empty(true)),
        ("chooser", fixture::chooser(true)),
        ("loading", fixture::loading(true)),
        ("loaded", fixture::loaded(true)),
        ("history", with_history),
        ("many", fixture::many(true)),
        ("error", fixture::error(true)),
        ("fused", fixture::fused(true)),
        ("aligned", fixture::aligned(true)),
        ("planes", fixture::planes(true)),
        ("three_d", fixture::three_d(true)),
        ("signed", fixture::record::signed(true)),
        ("versions", fixture::record::versions(true)),
        ("traced", fixture::record::traced(true)),
        ("crashed", fixture::record::crashed(true)),
        ("read_only", fixture::record::read_only(true)),
        ("files", files::with_files(fixture::chooser(true))),
        ("header", with_header),
    ] {
        let mut harness = harness(view, [1400.0, 900.0]);
        harness.run();
        check(name, &harness, &mut missing);
    }
    for (name, modifiers, key) in [
        ("help", Modifiers::NONE, Key::Questionmark),
        ("keys", Modifiers::CTRL, Key::Comma),
        ("palette", Modifiers::CTRL, Key::K),
        ("reader", Modifiers::NONE, Key::F8),
        ("sign", Modifiers::NONE, Key::F9),
    ] {
        let mut harness = harness(fixture::loaded(true), [1400.0, 900.0]);
        harness.run();
        harness.hover_at(slice_rect_of_first(&harness));
        harness.run();
        harness.key_press_modifiers(modifiers, key);
        harness.run();
        check(name, &harness, &mut missing);
    }
    missing.sort();
    missing.dedup();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The middle of the first picture, whose name is translated.
fn slice_rect_of_first(harness: &Harness<'_, Stage>) -> Pos2 {
    let named = format!("{OPEN}Slice view Baseline{CLOSE}");
    harness.get_by_label(&named).rect().center()
}
