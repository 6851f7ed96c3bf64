//! Entries as rows of a table (RFC 4180).
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and some skip
//! blanks or know the full-width signs. A text cell that begins so, or with an apostrophe, gets an
//! apostrophe in front, which spreadsheets take for "this is text"; taking one apostrophe off the
//! front of a text cell gives what the entry holds.

use csv::{Terminator, WriterBuilder};

use super::Error;
use crate::store::AuditEntry;

const COLUMNS: [&str; 29] = [
    "seq",
    "format",
    "at",
    "tz_s",
    "session",
    "user",
    "role",
    "host",
    "app_version",
    "event_code",
    "event",
    "action",
    "object_type",
    "object_id",
    "patient",
    "step",
    "kind",
    "model",
    "artifacts",
    "changes_sha256",
    "outcome",
    "prev_hash",
    "hash",
    "erased",
    "title",
    "reason",
    "detail",
    "changes",
    "inverse",
];

pub(super) fn header() -> Result<String, Error> {
    record(0, &COLUMNS.map(str::to_owned))
}

pub(super) fn row(e: &AuditEntry) -> Result<String, Error> {
    let json = |value: Result<String, serde_json::Error>| {
        value.map_err(|source| Error::Json { seq: e.seq, source })
    };
    let act = e.act.as_ref();
    let (detail, changes, inverse) = match act {
        Some(act) => (
            json(serde_json::to_string(&act.detail))?,
            json(serde_json::to_string(&act.changes))?,
            json(serde_json::to_string(&act.inverse))?,
        ),
        None => Default::default(),
    };
    let text = |t: &str| guarded(t);
    record(
        e.seq,
        &[
            e.seq.to_string(),
            e.format.to_string(),
            e.at.to_string(),
            e.tz_s.to_string(),
            text(&e.session),
            text(&e.user),
            text(&e.role),
            text(&e.host),
            text(&e.app_version),
            e.event_code.to_string(),
            text(&e.event),
            text(&e.action),
            text(&e.object_type),
            text(&e.object_id),
            text(&e.patient),
            text(&e.step),
            text(&e.kind),
            text(&e.model),
            text(&e.artifacts.join(" ")),
            text(&e.changes_sha256),
            e.outcome.to_string(),
            text(&e.prev_hash),
            text(&e.hash),
            e.erased.to_string(),
            text(act.map_or("", |a| &a.title)),
            text(act.map_or("", |a| &a.reason)),
            text(&detail),
            text(&changes),
            text(&inverse),
        ],
    )
}

/// The text, marked as such where a spreadsheet would take it for something else.
fn guarded(text: &str) -> String {
    let first = text.trim_start().chars().next();
    let is_formula = first.is_some_and(|c| "=+-@＝＋－＠".contains(c));
    let is_odd = text.starts_with(['\'', '\t', '\r', '\n', '\0']);
    if is_formula || is_odd {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn record(seq: u64, cells: &[String; COLUMNS.len()]) -> Result<String, Error> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    let written = writer.write_record(cells).and_then(|()| {
        writer
            .into_inner()
            .map_err(|e| csv::Error::from(std::io::Error::other(e.to_string())))
    });
    let bytes = written.map_err(|source| Error::Csv { seq, source })?;
    // Only texts went in.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_guarded_text_is_no_formula_and_can_be_read_back(text in "[ \t]?[=+@'\\-a-z＝]?.{0,6}") {
            let cell = guarded(&text);
            let first = cell.trim_start().chars().next();
            prop_assert!(first.is_none_or(|c| !"=+-@＝".contains(c)));
            prop_assert_eq!(cell.strip_prefix('\'').unwrap_or(&cell), text.as_str());
        }
    }
}
