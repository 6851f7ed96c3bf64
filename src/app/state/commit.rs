//! Changing the record: in memory now, on disk by the effect, with the audit entry that accounts
//! for it.

use super::State;
use crate::app::effect::Effect;
use crate::app::reading;
use crate::app::view::{Saved, Severity};
use crate::app::view_build::local_day;
use crate::case::{
    AuditNote, Change, Meaning, ReadingState, Signoff, SignoffId, StepId, StepKind, TimePointId,
    Transaction,
};
use crate::store::{Refusal, apply_in_memory};
use crate::texts::tr;

impl State {
    /// Changes the record as a person asked. Answers with the identifier of the transaction; `None`
    /// when nothing was done, which then is said: the workspace is open for reading only, or a
    /// signature forbids it.
    pub(super) fn commit(
        &mut self,
        changes: Vec<Change>,
        note: AuditNote,
        effects: &mut Vec<Effect>,
    ) -> Option<StepId> {
        match self.try_commit(changes, note, effects)? {
            Ok(id) => Some(id),
            Err(refusal) => {
                // The store would refuse the transaction for the same reason.
                self.say(
                    Severity::Error,
                    tr!("A change was refused: {refusal}", refusal),
                    tr!("This is a defect of the program; nothing was changed on disk. Please report it."),
                );
                None
            }
        }
    }

    /// As [`State::commit`], but leaves it to the caller to say what the record refuses.
    pub(super) fn try_commit(
        &mut self,
        mut changes: Vec<Change>,
        note: AuditNote,
        effects: &mut Vec<Effect>,
    ) -> Option<Result<StepId, Refusal>> {
        if self.refuses_to_write() {
            return None;
        }
        if let Some(signature) = reading::locked_by(&self.records, &changes).cloned() {
            self.say_locked(&signature);
            return None;
        }
        let unreviewed = reading::unreviewed_by(&self.records, &changes);
        let drafts: Vec<Change> = unreviewed
            .into_iter()
            .filter_map(|time_point| self.signoff(time_point, ReadingState::Draft, None, ""))
            .map(Change::PutSignoff)
            .collect();
        changes.splice(0..0, drafts);
        Some(self.enter(changes, Some(note), effects))
    }

    /// Enters something into the audit trail that changes nothing. What a workspace that is open for
    /// reading only cannot keep is left out.
    pub(super) fn note(&mut self, note: AuditNote, effects: &mut Vec<Effect>) {
        if self.read_only.is_none() {
            // Nothing can be refused where nothing is changed.
            let _entered = self.enter(Vec::new(), Some(note), effects);
        }
    }

    /// Remembers how something is looked at.
    pub(super) fn commit_unaudited(&mut self, change: Change, effects: &mut Vec<Effect>) {
        if let Err(refusal) = self.enter(vec![change], None, effects) {
            tracing::warn!("a view was not remembered: {refusal}");
        }
    }

    fn enter(
        &mut self,
        changes: Vec<Change>,
        note: Option<AuditNote>,
        effects: &mut Vec<Effect>,
    ) -> Result<StepId, Refusal> {
        let inverse = apply_in_memory(&mut self.records, &changes)?;
        let id = StepId(self.ids.next(self.now));
        let audit = note.map(|note| {
            self.revision += u64::from(!changes.is_empty());
            let reader = self.reader();
            AuditNote {
                reader: reader.map(|r| r.id),
                role: reader.map(|r| r.role),
                ..note
            }
        });
        let transaction = Transaction {
            id,
            changes,
            inverse,
            audit,
        };
        if let Some(note) = &transaction.audit
            && let (Some(patient), true) = (note.patient, note.step != StepKind::None)
        {
            let at = self.now;
            let history = self.histories.entry(patient).or_default();
            history.enter(&transaction, note, at);
        }
        if self.read_only.is_some() {
            // Only how things are looked at comes this far; memory is enough for it.
        } else if self.unsaved.is_empty() {
            self.hand_over(transaction, effects);
        } else {
            // Later changes build on the refused ones: they wait with them, in order.
            self.unsaved.push_back(transaction);
        }
        Ok(id)
    }

    /// Whether the workspace can only be read, which then is said with the reason.
    pub(super) fn refuses_to_write(&mut self) -> bool {
        let Some(reason) = self.read_only.clone() else {
            return false;
        };
        self.refuse(
            tr!("Nothing was changed: {reason}", reason),
            tr!("What is shown can be looked at. Reload when the reason is gone."),
        );
        true
    }

    /// Whether a signature locks this time point, which then is said.
    pub(super) fn is_locked(&mut self, time_point: TimePointId) -> bool {
        let signature = reading::signature(&self.records, time_point).cloned();
        if let Some(signature) = &signature {
            self.say_locked(signature);
        }
        signature.is_some()
    }

    fn say_locked(&mut self, signature: &Signoff) {
        let text = tr!(
            "{visit} is signed by {reader} on {day}; amend the reading first",
            visit = self.visit_title(signature.time_point),
            reader = signature.reader_name,
            day = local_day(signature.created)
        );
        self.refuse(
            text,
            tr!("Nothing was changed. Amending asks for the reason and unlocks the time point."),
        );
    }

    /// A change of the state of a reading by whoever acts, bound to what stands now.
    pub(super) fn signoff(
        &mut self,
        time_point: TimePointId,
        state: ReadingState,
        meaning: Option<Meaning>,
        reason: &str,
    ) -> Option<Signoff> {
        let patient = self.time_point(time_point)?.patient;
        let id = SignoffId(self.ids.next(self.now));
        let reader = self.reader();
        Some(Signoff {
            id,
            patient,
            time_point,
            state,
            meaning,
            reader: reader.map(|r| r.id),
            reader_name: reader.map(|r| r.name.clone()).unwrap_or_default(),
            content_sha256: reading::content_sha256(&self.records, time_point),
            reason: reason.to_owned(),
            created: self.now,
        })
    }

    /// Hands the transactions that could not be saved to the store again, in their order.
    pub(super) fn retry_save(&mut self, effects: &mut Vec<Effect>) {
        self.save_error.clear();
        for transaction in std::mem::take(&mut self.unsaved) {
            self.hand_over(transaction, effects);
        }
    }

    fn hand_over(&mut self, transaction: Transaction, effects: &mut Vec<Effect>) {
        self.under_way.push_back(transaction.clone());
        effects.push(Effect::Commit(Box::new(transaction)));
    }

    /// Whether a commit is on its way.
    pub(super) fn is_saving(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// What the status bar says of saving.
    pub(in crate::app) fn saved(&self) -> Saved {
        if !self.unsaved.is_empty() {
            Saved::Failed(tr!(
                "{n} changes are not on disk: {reason}"
                    | "{n} changes are not on disk: {reason}" % self.unsaved.len(),
                reason = self.save_error
            ))
        } else if self.under_way.is_empty() {
            Saved::All
        } else {
            Saved::Pending(self.under_way.len())
        }
    }
}
