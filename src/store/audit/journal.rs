//! What an audited act changed: the erasable side of the trail.
//!
//! Three texts per entry: `title` (the act in words), `inverse` (canonical JSON of the changes that
//! take it back: what stood before) and `content` (canonical JSON of an object with `changes`,
//! `detail`, `reason`, `artifacts` with their sizes, and `salt`). The entry's `changes_sha256` is
//! the SHA-256 of the three, joined by line feeds (none of them holds one).
//!
//! The salt of 128 random bits keeps the hash, which stays when a patient is erased, from being
//! matched against guesses of what was erased.

use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::personal::withhold_personal;
use crate::case::{AuditNote, Change};
use crate::provenance::canonical_json;
use crate::store::artifacts::{hex, sha256_hex};
use crate::store::error::Error;
use crate::store::words::Fault;

/// The three texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Journal {
    pub(in crate::store) title: String,
    pub(in crate::store) inverse: String,
    pub(in crate::store) content: String,
}

/// What `content` says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct Content {
    #[serde(default)]
    pub(in crate::store) changes: Vec<Change>,
    #[serde(default)]
    pub(in crate::store) detail: Value,
    #[serde(default)]
    pub(in crate::store) reason: String,
    #[serde(default)]
    pub(in crate::store) artifacts: Vec<(String, u64)>,
}

impl Journal {
    /// The journal of an act; `None` when there is nothing to say beyond the entry.
    pub(super) fn of(
        note: &AuditNote,
        changes: &[Change],
        inverse: &[Change],
        artifacts: &[(String, u64)],
    ) -> Result<Option<Self>, Error> {
        let changes: Vec<&Change> = changes.iter().filter(|c| !super::looks_only(c)).collect();
        let inverse: Vec<&Change> = inverse.iter().filter(|c| !super::looks_only(c)).collect();
        let says_nothing = note.detail.is_null() || note.detail == json!({});
        if changes.is_empty() && says_nothing && note.title.is_empty() && note.reason.is_empty() {
            return Ok(None);
        }
        let content = json!({
            "changes": value(&changes)?,
            "detail": withhold_personal(&note.detail),
            "reason": note.reason,
            "artifacts": artifacts,
            "salt": hex(&rand::random::<[u8; 16]>()),
        });
        Ok(Some(Self {
            title: note.title.replace('\n', " "),
            inverse: canonical_json(&value(&inverse)?),
            content: canonical_json(&content),
        }))
    }

    /// The hash that stands in the entry.
    pub(in crate::store) fn sha256(&self) -> String {
        sha256_hex(format!("{}\n{}\n{}", self.title, self.inverse, self.content).as_bytes())
    }

    pub(in crate::store) fn insert(&self, tx: &Connection, seq: i64) -> Result<(), Fault> {
        tx.prepare_cached(
            "INSERT INTO journal (seq, title, inverse, content) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![seq, self.title, self.inverse, self.content])?;
        Ok(())
    }

    pub(in crate::store) fn parse(&self) -> Result<Content, Fault> {
        Ok(serde_json::from_str(&self.content).map_err(|e| unreadable("content", &e))?)
    }
}

/// The changes of an `inverse` text.
pub(in crate::store) fn parse_changes(text: &str) -> Result<Vec<Change>, Fault> {
    Ok(serde_json::from_str(text).map_err(|e| unreadable("inverse", &e))?)
}

fn unreadable(what: &'static str, error: &serde_json::Error) -> Error {
    Error::Row {
        table: "journal",
        what,
        detail: error.to_string(),
    }
}

fn value(changes: &[&Change]) -> Result<Value, Error> {
    serde_json::to_value(changes)
        .map_err(|e| Error::Refused(format!("a change has no JSON form: {e}")))
}

/// What stands in the journal for an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Stored {
    /// There is no row.
    Absent,
    /// The row was erased.
    Erased,
    /// Of an entry of format 1: the canonical JSON of its changes without their erasable parts.
    Format1(String),
    /// The whole of it.
    Whole(Journal),
}

/// The columns `title`, `inverse`, `content` of a row.
pub(in crate::store) fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let title: Option<String> = row.get("title")?;
    let inverse: Option<String> = row.get("inverse")?;
    let content: Option<String> = row.get("content")?;
    Ok(match (title, inverse, content) {
        (None, None, None) => Stored::Erased,
        (None, None, Some(content)) => Stored::Format1(content),
        (title, inverse, content) => Stored::Whole(Journal {
            title: title.unwrap_or_default(),
            inverse: inverse.unwrap_or_default(),
            content: content.unwrap_or_default(),
        }),
    })
}
