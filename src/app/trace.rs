//! Where a number comes from: from the number back to stages, gestures, readers, times and files.
//!
//! `gather` tells from the record what a number was made of and which audit entries speak of it;
//! reading these entries is a job.

mod gather;

pub(super) use gather::gather;

use std::collections::BTreeMap;

use serde_json::Value;

use super::effect::Failure;
use super::view::{TraceNode, TraceView};
use super::view_build::local_time;
use crate::case::{Reader, ReaderRole};
use crate::store::{AuditEntry, Query, Which};
use crate::texts::tr;

/// What is known of a number before the audit trail was read.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    pub(super) title: String,
    pub(super) nodes: Vec<Node>,
    /// For the names of readers.
    pub(super) readers: Vec<Reader>,
}

/// A stage or act on the way.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) depth: usize,
    pub(super) title: String,
    pub(super) lines: Vec<(String, String)>,
    /// The entry that accounts for it.
    pub(super) entry: Option<Lookup>,
}

/// How the entry that accounts for something is found: the newest one on the object that fits.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    pub(super) object: String,
    pub(super) events: &'static [&'static str],
    /// A member of the entry's detail, or `artifact`, and what it must be.
    pub(super) having: Option<(&'static str, String)>,
}

impl Node {
    fn new(depth: usize, title: impl Into<String>) -> Self {
        Self {
            depth,
            title: title.into(),
            lines: Vec::new(),
            entry: None,
        }
    }

    fn line(mut self, name: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.lines.push((name.to_owned(), value));
        }
        self
    }

    fn entered(mut self, object: impl ToString, events: &'static [&'static str]) -> Self {
        self.entry = Some(Lookup {
            object: object.to_string(),
            events,
            having: None,
        });
        self
    }

    fn having(mut self, member: &'static str, value: impl ToString) -> Self {
        if let Some(lookup) = &mut self.entry {
            lookup.having = Some((member, value.to_string()));
        }
        self
    }

    fn shown(self) -> TraceNode {
        TraceNode {
            depth: self.depth,
            title: self.title,
            lines: self.lines,
        }
    }
}

impl Outline {
    /// What can be shown before the trail was read.
    pub(super) fn preview(&self) -> TraceView {
        TraceView {
            title: self.title.clone(),
            nodes: self.nodes.iter().cloned().map(Node::shown).collect(),
            pending: true,
        }
    }
}

/// Adds what the audit trail says.
pub(super) fn read(outline: Outline, query: &Query) -> Result<TraceView, Failure> {
    let mut by_object: BTreeMap<String, Vec<AuditEntry>> = BTreeMap::new();
    let mut nodes = Vec::with_capacity(outline.nodes.len());
    for mut node in outline.nodes {
        if let Some(lookup) = node.entry.take() {
            let entries = match by_object.get(&lookup.object) {
                Some(known) => known,
                None => {
                    let found = query
                        .entries(&Which::Object(lookup.object.clone()))
                        .map_err(|error| Failure {
                            text: tr!("The audit trail could not be read: {error}", error),
                            hint: tr!("`oncotwin audit verify` checks the whole record.")
                                .to_owned(),
                        })?;
                    by_object.entry(lookup.object.clone()).or_insert(found)
                }
            };
            match entries.iter().rev().find(|e| lookup.fits(e)) {
                Some(entry) => node.lines.extend(entry_lines(entry, &outline.readers)),
                None => node = node.line("Audit entry", "none is found"),
            }
        }
        nodes.push(node.shown());
    }
    Ok(TraceView {
        title: outline.title,
        nodes,
        pending: false,
    })
}

impl Lookup {
    fn fits(&self, entry: &AuditEntry) -> bool {
        let having = |(member, value): &(&str, String)| match *member {
            "artifact" => entry.artifacts.contains(value),
            member => entry.act.as_ref().is_some_and(|act| {
                act.detail.get(member).and_then(Value::as_str) == Some(value.as_str())
            }),
        };
        self.events.contains(&entry.event.as_str()) && self.having.as_ref().is_none_or(having)
    }
}

/// What an audit entry says, as names and values.
#[must_use]
pub fn entry_lines(entry: &AuditEntry, readers: &[Reader]) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push((name.to_owned(), value));
        }
    };
    line("Audit entry", format!("#{} {}", entry.seq, entry.event));
    line(
        "Time",
        format!("{} (UTC {})", local_time(entry.at), entry.at),
    );
    line("Reader", who(entry, readers));
    if let Some(act) = &entry.act {
        line("Act", act.title.clone());
        line("Reason", act.reason.clone());
        for (member, name) in MEMBERS {
            line(name, plain(act.detail.get(*member)));
        }
    } else if entry.erased {
        line("Content", "erased with its patient".to_owned());
    }
    line("Engine or model", entry.model.clone());
    line("Artifacts (SHA-256)", entry.artifacts.join(", "));
    if entry.outcome != 0 {
        line("Outcome", format!("failed ({})", entry.outcome));
    }
    line("Software", format!("OncoTwin {}", entry.app_version));
    line("Computer", entry.host.clone());
    line("Entry hash (SHA-256)", entry.hash.clone());
    lines
}

/// Members of the detail of entries that say how something was made.
const MEMBERS: &[(&str, &str)] = &[
    ("stage", "Stage"),
    ("stage_version", "Stage version"),
    ("stage_key", "Stage key (BLAKE3)"),
    ("params", "Parameters"),
    ("fingerprint", "Input files (BLAKE3)"),
    ("seed", "Seed"),
    ("content", "Content signed (SHA-256)"),
    ("narrative", "Narrative (SHA-256)"),
];

fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn who(entry: &AuditEntry, readers: &[Reader]) -> String {
    if entry.user.is_empty() {
        return "not named".to_owned();
    }
    let known = readers.iter().find(|r| r.id.to_string() == entry.user);
    let name = known.map_or(entry.user.as_str(), |r| r.name.as_str());
    let role: Option<ReaderRole> = serde_json::from_value(entry.role.as_str().into()).ok();
    match role {
        Some(role) => format!("{name} ({})", role.name()),
        None => name.to_owned(),
    }
}
