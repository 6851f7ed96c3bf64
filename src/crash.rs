//! Reports of crashes: text files on this computer, offered to the user on the next start.
//!
//! A report holds no patient data. The message of a panic is written only when it is a literal of
//! the source code; one that was put together at run time may quote a name or a path and is
//! withheld. Nothing is ever sent.

mod hook;
mod redact;

pub use hook::install;

use std::io;
use std::path::{Path, PathBuf};

/// Set in the environment, it names the folder of reports.
const VARIABLE: &str = "ONCOTWIN_CRASH_DIR";

/// Reports that were dealt with and kept.
const SEEN: &str = "seen";

/// A report that the user has not dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashReport {
    /// The file.
    pub path: PathBuf,
    /// When it was written, as in its name: `2026-03-01T10-00-00Z`.
    pub created: String,
    /// What happened, in one line.
    pub summary: String,
    /// The whole report.
    pub text: String,
}

/// Where reports are kept when the program names no other folder; `None` when the platform knows
/// no home.
#[must_use]
pub fn default_dir() -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os(VARIABLE).filter(|dir| !dir.is_empty()) {
        return Some(dir.into());
    }
    let dirs = directories::ProjectDirs::from("", "", "oncotwin")?;
    let state = dirs.state_dir().unwrap_or_else(|| dirs.data_dir());
    Some(state.join("crashes"))
}

/// Reports in `dir` that were not dealt with, newest first. What cannot be read is left out.
#[must_use]
pub fn pending(dir: &Path) -> Vec<CrashReport> {
    let mut reports: Vec<CrashReport> = names(dir)
        .into_iter()
        .filter_map(|(name, created)| read(&dir.join(name), created))
        .collect();
    reports.reverse();
    reports
}

/// Deals with a report: keeps it in the folder `seen` beside it, or deletes it.
///
/// # Errors
/// When `path` is not a report (`InvalidInput`), and errors of files.
pub fn settle(path: &Path, keep: bool) -> io::Result<()> {
    let name = path.file_name().and_then(|name| name.to_str());
    let (Some(name), Some(folder)) = (name, path.parent()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    if hook::time_of(name).is_none() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "this is not a crash report",
        ));
    }
    if !keep {
        return std::fs::remove_file(path);
    }
    let seen = folder.join(SEEN);
    std::fs::create_dir_all(&seen)?;
    std::fs::rename(path, seen.join(name))
}

/// Names of reports with their times, oldest first.
fn names(dir: &Path) -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut names: Vec<(String, String)> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| {
            let time = hook::time_of(&name)?.to_owned();
            Some((name, time))
        })
        .collect();
    names.sort();
    names
}

fn read(path: &Path, created: String) -> Option<CrashReport> {
    use io::Read as _;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).ok()?;
    // A file of this name that is not ours may have any length.
    file.take(hook::LONGEST as u64)
        .read_to_end(&mut bytes)
        .ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let value = |label: &str| text.lines().find_map(|line| line.strip_prefix(label));
    let summary = match (value(hook::MESSAGE), value(hook::PLACE)) {
        (Some(message), Some(place)) => format!("{} ({})", message.trim(), place.trim()),
        _ => "unreadable report".to_owned(),
    };
    Some(CrashReport {
        path: path.to_owned(),
        created,
        summary,
        text,
    })
}
