//! The steps of a patient's record as two stacks: those that stand, and those that were undone.
//!
//! History is linear: a new step ends what could be redone, though the audit trail keeps it. Every
//! step remembers what takes its latest doing or undoing back, so that undo, redo and undo again
//! each apply what the transaction before them left.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::view::HistoryRow;
use crate::case::{AuditNote, Change, PatientId, ReaderId, StepId, StepKind, Transaction};
use crate::jobs::JobId;
use crate::store;

/// A step that can be undone or redone.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The transaction that did it first.
    pub(super) id: StepId,
    /// In words.
    pub(super) title: String,
    /// When it was done first.
    pub(super) at: Timestamp,
    /// Who did it.
    pub(super) reader: Option<ReaderId>,
    /// Why, where stated.
    pub(super) reason: String,
    /// The step as it is listed, once it was.
    pub(super) row: OnceLock<Arc<HistoryRow>>,
    back: Back,
}

/// Changes that take the latest doing or undoing of a step back.
#[derive(Clone, Debug)]
enum Back {
    /// Of this session.
    Changes(Vec<Change>),
    /// Of earlier ones; parsed when asked for.
    Stored(Arc<store::Step>),
}

impl Step {
    /// The changes that take the latest doing or undoing back.
    ///
    /// # Errors
    /// When the journal of the workspace holds something else.
    pub(super) fn changes_back(&self) -> Result<Vec<Change>, store::Error> {
        match &self.back {
            Back::Changes(changes) => Ok(changes.clone()),
            Back::Stored(step) => step.changes_back(),
        }
    }
}

/// The steps of one patient as they were listed last.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) patient: PatientId,
    /// [`History::revision`] that the rows are of.
    pub(super) revision: u64,
    pub(super) rows: Arc<[Arc<HistoryRow>]>,
}

/// Whether the steps of earlier sessions are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Earlier {
    /// Nobody asked yet.
    #[default]
    Unread,
    /// A job reads them.
    Reading(JobId),
    /// They are among the stacks.
    Known,
    /// They could not be read.
    Failed,
}

/// The steps of one patient.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Steps that stand, oldest first.
    done: Vec<Step>,
    /// Steps that were undone, the next to redo last.
    undone: Vec<Step>,
    earlier: Earlier,
    /// What this session entered before the earlier steps were known.
    entered: Vec<(StepKind, Step)>,
    /// Counts changes of the stacks.
    revision: u64,
}

impl History {
    /// Takes in a transaction of this session.
    pub(super) fn enter(&mut self, transaction: &Transaction, note: &AuditNote, at: Timestamp) {
        let step = Step {
            id: transaction.id,
            title: note.title.clone(),
            at,
            reader: note.reader,
            reason: note.reason.clone(),
            row: OnceLock::new(),
            back: Back::Changes(transaction.inverse.clone()),
        };
        if self.earlier != Earlier::Known {
            self.entered.push((note.step, step.clone()));
        }
        self.fold(note.step, step);
    }

    /// Whether nobody asked for the steps of earlier sessions yet.
    pub(super) fn is_unread(&self) -> bool {
        matches!(self.earlier, Earlier::Unread | Earlier::Failed)
    }

    /// Notes the job that reads the steps of earlier sessions.
    pub(super) const fn await_job(&mut self, job: JobId) {
        self.earlier = Earlier::Reading(job);
    }

    /// Whether this job reads the steps of earlier sessions.
    pub(super) fn awaits(&self, job: JobId) -> bool {
        self.earlier == Earlier::Reading(job)
    }

    /// Notes that the steps of earlier sessions could not be read.
    pub(super) const fn fail(&mut self) {
        self.earlier = Earlier::Failed;
    }

    /// Takes in what the journal holds; transactions of this session may be among it.
    pub(super) fn learn(&mut self, stored: Vec<store::Step>) {
        self.revision += 1;
        self.done.clear();
        self.undone.clear();
        let known: BTreeSet<StepId> = stored.iter().map(|s| s.id).collect();
        for stored in stored {
            let kind = stored.kind;
            let step = Step {
                id: stored.id,
                title: stored.title.clone(),
                at: stored.at,
                reader: stored.reader,
                reason: String::new(),
                row: OnceLock::new(),
                back: Back::Stored(Arc::new(stored)),
            };
            self.fold(kind, step);
        }
        for (kind, step) in std::mem::take(&mut self.entered) {
            if !known.contains(&step.id) {
                self.fold(kind, step);
            }
        }
        self.earlier = Earlier::Known;
    }

    /// Steps of earlier sessions are still being read.
    pub(super) const fn is_pending(&self) -> bool {
        matches!(self.earlier, Earlier::Reading(_))
    }

    /// Steps that stand, oldest first.
    pub(super) fn done(&self) -> &[Step] {
        &self.done
    }

    /// Steps that were undone, the next to redo last.
    pub(super) fn undone(&self) -> &[Step] {
        &self.undone
    }

    /// Differs whenever the stacks differ.
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    fn fold(&mut self, kind: StepKind, entry: Step) {
        self.revision += 1;
        let (from, to, of) = match kind {
            StepKind::None => return,
            StepKind::Do => {
                self.undone.clear();
                self.done.push(entry);
                return;
            }
            StepKind::Undo(of) => (&mut self.done, &mut self.undone, of),
            StepKind::Redo(of) => (&mut self.undone, &mut self.done, of),
        };
        // The program only ever takes the last one; anything else would be an edited trail.
        if from.last().is_some_and(|step| step.id == of)
            && let Some(step) = from.pop()
        {
            to.push(Step {
                back: entry.back,
                ..step
            });
        }
    }
}
