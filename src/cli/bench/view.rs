//! `bench view`: what stands behind looking at images side by side, beside SimpleITK; memory.

mod document;
mod memory;
mod reformat;
mod registration;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::python;
use crate::cli::output::Failure;

/// Script of the Python peers, kept with the source.
const PEERS: &str = include_str!("../../../benches/peers/view.py");

/// Where things are and how often to try.
pub(super) struct Settings<'a> {
    pub(super) scratch: &'a Path,
    pub(super) data: &'a Path,
    pub(super) peers: &'a Path,
    pub(super) starts: usize,
    /// Whether to cut planes and watch memory.
    pub(super) has_pictures: bool,
    /// Whether to align images, which takes minutes.
    pub(super) has_registration: bool,
    /// How often a study is opened and closed.
    pub(super) cycles: usize,
}

/// What was measured.
pub(super) struct Measured {
    pub(super) rows: Vec<Value>,
    /// The same for people to keep.
    pub(super) document: String,
}

/// All rows; the files of `window` hold what the benchmark of the window found.
pub(super) fn run(settings: &Settings, window: &[PathBuf]) -> Result<Measured, Failure> {
    let window: Result<Vec<Value>, Failure> = window.iter().map(|path| read(path)).collect();
    let window = window?;
    let rows = rows(settings)?;
    let document = document::document(&window, &rows);
    Ok(Measured { rows, document })
}

fn read(path: &Path) -> Result<Value, Failure> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|e| Failure::new("E-READ", e.to_string()).at(path.display()))?;
    serde_json::from_str(&text)
        .map_err(|e| Failure::new("E-READ", e.to_string()).at(path.display()))
}

fn rows(settings: &Settings) -> Result<Vec<Value>, Failure> {
    let script = settings.scratch.join("view.py");
    std::fs::write(&script, PEERS).map_err(|e| Failure::new("E-WRITE", e.to_string()))?;
    let mut rows = Vec::new();
    if settings.has_pictures {
        rows.extend(reformat::rows(settings, &script)?);
        rows.extend(memory::rows(settings)?);
    }
    if settings.has_registration {
        rows.extend(registration::rows(settings, &script)?);
    }
    Ok(rows)
}

/// What a mode of the peers' script answers, JSON; or why there is no answer.
fn peer(settings: &Settings, script: &Path, arguments: &[&OsStr]) -> Result<Value, String> {
    let text = python::run(settings.peers, script, arguments)?;
    serde_json::from_str(&text).map_err(|e| e.to_string())
}

/// Rows for people.
pub(super) fn table(rows: &[Value]) -> String {
    let mut text = String::new();
    for row in rows {
        let word = |key: &str| row[key].as_str().unwrap_or_default();
        let mut line = format!("{:<44} {:<20}", word("set"), word("quantity"));
        if row["missing"].is_string() {
            line.push_str(&format!(
                " {} is missing: {}",
                word("peer"),
                word("missing")
            ));
            text.push_str(&line);
            text.push('\n');
            continue;
        }
        let number = |key: &str| row[key].as_f64().map(|v| format!("{v:.3}"));
        let unit = word("unit");
        match number("ours") {
            Some(ours) => line.push_str(&format!(" {ours:>8} {unit}")),
            None => line.push_str(&format!("  refused: {}", word("reason"))),
        }
        if let Some(refused) = row["refused"].as_u64().filter(|n| *n > 0) {
            line.push_str(&format!(", {refused} refused"));
        }
        if let Some(max) = number("max") {
            line.push_str(&format!(", max {max}"));
        }
        if let Some(peer) = number("peer_value") {
            line.push_str(&format!(" – {} {peer} {unit}", word("peer")));
        }
        if row["peer_reason"].is_string() {
            line.push_str(&format!(
                " – {} gives none: {}",
                word("peer"),
                word("peer_reason")
            ));
        }
        if let Some(max) = number("peer_max") {
            line.push_str(&format!(", max {max}"));
        }
        if let Some(limit) = number("limit") {
            line.push_str(&format!(" (limit {limit})"));
        }
        if row["ok"] == false {
            line.push_str(" NOT REACHED");
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}
