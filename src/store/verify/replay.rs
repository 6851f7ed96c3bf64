//! Making the tables again from the journals, in a database in memory, by the same statements that
//! made them.

use std::collections::BTreeSet;

use crossbeam_channel::Receiver;
use jiff::Timestamp;
use rusqlite::Connection;

use crate::case::Change;
use crate::store::apply::{apply, insert_artifact};
use crate::store::audit::Entry;
use crate::store::audit::journal::Stored;
use crate::store::words::Fault;

/// An entry to be replayed.
pub(super) struct Act {
    pub(super) entry: Entry,
    pub(super) stored: Stored,
}

/// What replaying made.
pub(super) struct Replayed {
    pub(super) conn: Connection,
    pub(super) n_changes: u64,
    /// Entries that could not be replayed, with the reason.
    pub(super) failures: Vec<(i64, String)>,
    /// Artifacts that entries name whose journal is gone or of format 1: when they were entered, and
    /// as what, is not known.
    pub(super) vague_artifacts: BTreeSet<String>,
}

pub(super) struct Replay {
    out: Replayed,
}

/// Failures that are told one by one.
const MAX_FAILURES: usize = 20;

impl Replay {
    /// Into `conn`, which has the schema and no rows.
    pub(super) const fn new(conn: Connection) -> Self {
        Self {
            out: Replayed {
                conn,
                n_changes: 0,
                failures: Vec::new(),
                vague_artifacts: BTreeSet::new(),
            },
        }
    }

    /// Replays what comes out of the queue until it closes.
    pub(super) fn run(mut self, queue: &Receiver<Act>) -> Replayed {
        // One transaction: nothing here outlives the check.
        let began = self.out.conn.execute_batch("BEGIN");
        for act in queue {
            let done = self.act(&act);
            if let Err(fault) = done
                && self.out.failures.len() < MAX_FAILURES
            {
                let error = fault.at("replay into", std::path::Path::new(":memory:"));
                let message = format!("the changes of the entry cannot be replayed: {error}");
                self.out.failures.push((act.entry.seq, message));
            }
        }
        if began
            .and_then(|()| self.out.conn.execute_batch("COMMIT"))
            .is_err()
        {
            let message = "what was replayed could not be kept".to_owned();
            self.out.failures.push((0, message));
        }
        self.out
    }

    fn act(&mut self, act: &Act) -> Result<(), Fault> {
        let entry = &act.entry;
        let conn = &self.out.conn;
        // A row of 64 bits of nanoseconds is always within the range of time stamps.
        let at = Timestamp::from_nanosecond(i128::from(entry.utc_ns)).unwrap_or_default();
        let at = at.to_string();
        if entry.event == "workspace.create" {
            conn.execute(
                "INSERT INTO workspace (one, id, created) VALUES (1, ?1, ?2)",
                [&entry.object_id, &at],
            )?;
        }
        let journal = match &act.stored {
            Stored::Whole(journal) => journal,
            Stored::Absent | Stored::Erased | Stored::Format1(_) => {
                let named: Vec<String> = serde_json::from_str(&entry.artifacts).unwrap_or_default();
                self.out.vague_artifacts.extend(named);
                return Ok(());
            }
        };
        let content = journal.parse()?;
        for (sha256, size) in &content.artifacts {
            let is_mask =
                |c: &Change| matches!(c, Change::PutSegmented(s) if s.artifact_sha256 == *sha256);
            let kind = if content.changes.iter().any(is_mask) {
                "mask"
            } else {
                "file"
            };
            let known = conn
                .prepare_cached("SELECT 1 FROM artifacts WHERE sha256 = ?1")?
                .exists([sha256])?;
            if !known {
                insert_artifact(conn, sha256, kind, *size, &at)?;
            }
        }
        for change in &content.changes {
            apply(conn, change)?;
            self.out.n_changes += 1;
        }
        Ok(())
    }
}
