//! The walls between modules: who may use whom, and which outside crate may appear where.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Module → our modules that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("texts", &[]),
    ("units", &[]),
    ("warning", &[]),
    ("jobs", &[]),
    ("keymap", &["texts"]),
    ("provenance", &[]),
    ("nn", &["jobs"]),
    ("draft", &["jobs", "models", "narrate", "nn"]),
    ("models", &["nn", "jobs"]),
    ("crash", &[]),
    ("geometry", &["units"]),
    ("volume", &["geometry", "units", "jobs"]),
    ("open", &["volume", "geometry", "units", "warning", "jobs"]),
    (
        "export",
        &["open", "volume", "geometry", "units", "warning", "jobs"],
    ),
    (
        "segment",
        &["measure", "volume", "geometry", "units", "warning", "jobs"],
    ),
    (
        "register",
        &["volume", "geometry", "units", "warning", "jobs"],
    ),
    ("edit", &["volume", "geometry", "units", "jobs"]),
    ("reformat", &["volume", "geometry", "units"]),
    ("surface", &["volume", "geometry", "jobs"]),
    ("scene", &["surface", "geometry"]),
    ("measure", &["volume", "geometry", "units"]),
    ("twin", &["units", "warning", "jobs"]),
    ("response", &["units"]),
    ("narrate", &["units", "warning"]),
    (
        "report",
        &[
            "narrate", "twin", "response", "measure", "volume", "geometry", "units", "warning",
        ],
    ),
    ("phantom", &["volume", "geometry", "units", "jobs"]),
    (
        "case",
        &[
            "edit", "segment", "twin", "measure", "volume", "geometry", "units", "warning",
        ],
    ),
    (
        "store",
        &[
            "case",
            "provenance",
            "measure",
            "twin",
            "volume",
            "geometry",
            "units",
            "warning",
            "jobs",
        ],
    ),
    ("audit_export", &["store"]),
    (
        "app",
        &[
            "case",
            "crash",
            "draft",
            "edit",
            "export",
            "geometry",
            "jobs",
            "keymap",
            "measure",
            "narrate",
            "nn",
            "open",
            "phantom",
            "provenance",
            "reformat",
            "register",
            "report",
            "response",
            "segment",
            "store",
            "surface",
            "texts",
            "twin",
            "units",
            "volume",
            "warning",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "audit_export",
            "case",
            "crash",
            "draft",
            "edit",
            "export",
            "geometry",
            "jobs",
            "measure",
            "models",
            "nn",
            "open",
            "phantom",
            "reformat",
            "register",
            "report",
            "segment",
            "store",
            "twin",
            "units",
            "volume",
            "warning",
            "window",
        ],
    ),
    // The window sees commands and the view model, and the plain types inside them.
    (
        "ui",
        &[
            "app", "case", "geometry", "jobs", "keymap", "report", "scene", "texts", "twin",
            "units", "volume",
        ],
    ),
    // Joins the session to the window.
    (
        "window",
        &["app", "crash", "draft", "report", "store", "texts", "ui"],
    ),
];

/// Outside crate → modules that may name it. Crates not listed may appear anywhere.
const CRATE_ONLY_IN: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("egui", &["ui"]),
    ("eframe", &["ui"]),
    ("egui_plot", &["ui"]),
    ("rfd", &["window"]),
    ("dicom", &["open", "phantom"]),
    ("dicom_pixeldata", &["open"]),
    ("nifti", &["open", "export"]),
    ("candle_core", &["nn"]),
    ("candle_nn", &["nn"]),
    ("clap", &["cli", "main"]),
    ("gettext", &["texts"]),
    ("minijinja", &["report"]),
    ("safetensors", &["nn"]),
    ("tar", &["store", "models"]),
    ("tokenizers", &["nn"]),
    ("ureq", &["models"]),
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("src is readable") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The text without comments and without the module's own tests.
fn code_of(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("source is UTF-8");
    let text = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn module_of(path: &Path, src: &Path) -> String {
    let relative = path.strip_prefix(src).expect("below src");
    let first = relative.components().next().expect("not empty");
    first
        .as_os_str()
        .to_string_lossy()
        .trim_end_matches(".rs")
        .to_owned()
}

fn word_before(text: &str, at: usize) -> bool {
    text[..at]
        .chars()
        .next_back()
        .is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// Names that follow `crate::`, also those in `use crate::{a, b::c}`.
fn our_modules(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if word_before(code, at) {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => word.clear(),
                    c if depth == 0 && (c.is_alphanumeric() || c == '_') => word.push(c),
                    ':' if depth == 0 && !word.is_empty() => {
                        found.insert(std::mem::take(&mut word));
                    }
                    _ => {}
                }
            }
        } else {
            let name = rest
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next();
            found.insert(name.unwrap_or_default().to_owned());
        }
    }
    found.retain(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
    found
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut broken = Vec::new();
    for file in &files {
        let module = module_of(file, &src);
        if module == "main" || module == "lib" {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            broken.push(format!("{module} is not in the table"));
            continue;
        };
        for used in our_modules(&code_of(file)) {
            if used != module && !allowed.contains(&used.as_str()) {
                broken.push(format!(
                    "{} uses {used}",
                    file.strip_prefix(&src).expect("below").display()
                ));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn outside_crates_stay_in_their_modules() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut broken = Vec::new();
    for file in &files {
        let (module, code) = (module_of(file, &src), code_of(file));
        for (name, homes) in CRATE_ONLY_IN {
            let path = format!("{name}::");
            let is_used = code
                .match_indices(&path)
                .any(|(at, _)| !word_before(&code, at) && !code[..at].ends_with("::"));
            if is_used && !homes.contains(&module.as_str()) {
                broken.push(format!(
                    "{} names {name}",
                    file.strip_prefix(&src).expect("below").display()
                ));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_window_has_one_colour_file() {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui");
    let mut files = Vec::new();
    sources(&ui, &mut files);
    for file in files
        .iter()
        .filter(|f| f.file_name().is_some_and(|n| n != "theme.rs"))
    {
        let code = code_of(file);
        for constructor in [
            "Color32::from_rgb",
            "Color32::from_rgba",
            "Color32::from_gray",
            "Color32::from_hex",
        ] {
            assert!(
                !code.contains(constructor),
                "{} hard-codes a colour",
                file.display()
            );
        }
    }
}
