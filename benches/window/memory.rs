//! What closing a study gives back.

use oncotwin::app::Command;
use serde_json::{Value, json};

use crate::SETTINGS;
use crate::screen::Screen;

/// Percent of what a study took.
const RETURNED: f64 = 95.0;

/// Memory of this process, MiB; `None` where the system does not tell.
pub(crate) fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}

/// Closes what is open, the window still there.
pub(crate) fn rows(screen: &mut Screen, before: Option<f64>) -> Vec<Value> {
    let open = resident();
    screen.session.send(Command::ShowChooser);
    screen.rest();
    let (Some(before), Some(open), Some(closed)) = (before, open, resident()) else {
        return Vec::new();
    };
    let returned = 100.0 * (open - closed) / (open - before);
    vec![json!({
        "set": SETTINGS, "quantity": "memory that closing gives back", "unit": "%",
        "ours": returned, "limit": RETURNED, "least": true, "ok": returned >= RETURNED,
        "mib": {"before": before, "open": open, "closed": closed},
    })]
}
