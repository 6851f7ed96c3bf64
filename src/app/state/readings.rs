//! Reviewing, signing and amending the reading of a time point.

use serde_json::json;

use super::{Slot, State};
use crate::app::effect::Effect;
use crate::app::reading;
use crate::case::{AuditAction, AuditNote, Change, LesionId, Meaning, ReadingState, TimePointId};
use crate::texts::tr;

impl State {
    pub(super) fn mark_reviewed(&mut self, id: TimePointId, effects: &mut Vec<Effect>) {
        if self.is_locked(id) || !self.can_be_read(id, tr!("reviewed")) {
            return;
        }
        self.put_signoff(
            id,
            ReadingState::Reviewed,
            None,
            "",
            "reading.review",
            effects,
        );
    }

    pub(super) fn sign(&mut self, id: TimePointId, meaning: Meaning, effects: &mut Vec<Effect>) {
        if self.is_locked(id) || !self.can_be_read(id, tr!("signed")) {
            return;
        }
        let event = "reading.sign";
        self.put_signoff(id, ReadingState::Signed, Some(meaning), "", event, effects);
    }

    /// Unlocks a signed reading.
    pub(super) fn amend(&mut self, id: TimePointId, reason: &str, effects: &mut Vec<Effect>) {
        let reason = reason.trim();
        let name = self.visit_title(id);
        let refusal = if reading::signature(&self.records, id).is_none() {
            Some((
                tr!("{name} is not signed, so there is nothing to amend", name),
                "",
            ))
        } else if reason.is_empty() {
            Some((
                tr!("{name} was not amended: a reason is required", name),
                tr!("State why the signed reading has to change."),
            ))
        } else {
            None
        };
        if let Some((text, hint)) = refusal {
            self.refuse(text, hint);
        } else if self.is_named(tr!("amended")) {
            let event = "reading.amend";
            self.put_signoff(id, ReadingState::Draft, None, reason, event, effects);
        }
    }

    fn put_signoff(
        &mut self,
        id: TimePointId,
        state: ReadingState,
        meaning: Option<Meaning>,
        reason: &str,
        event: &str,
        effects: &mut Vec<Effect>,
    ) {
        let Some(signoff) = self.signoff(id, state, meaning, reason) else {
            return;
        };
        let verb = match state {
            ReadingState::Draft => "Amend",
            ReadingState::Reviewed => "Review",
            ReadingState::Signed => "Sign",
        };
        let note = AuditNote::new(event, AuditAction::E, "time_point", id)
            .of(signoff.patient)
            .titled(format!("{verb} {}", self.visit_name(id)))
            .because(reason)
            .detail(json!({
                "signoff": signoff.id, "state": state, "meaning": meaning,
                "content": signoff.content_sha256,
            }));
        self.commit(vec![Change::PutSignoff(signoff)], note, effects);
    }

    /// Whether a named reader acts; otherwise it is said that one is needed.
    fn is_named(&mut self, done: &str) -> bool {
        let named = self.reader().is_some();
        if !named {
            self.refuse(
                tr!("The reading was not {done}: no reader is named", done),
                tr!("Enter your name and role first."),
            );
        }
        named
    }

    /// Whether there is a named reader and something whole to read; otherwise it is said what lacks.
    fn can_be_read(&mut self, id: TimePointId, done: &str) -> bool {
        let Some(name) = self.time_point(id).map(|_| self.visit_title(id)) else {
            return false;
        };
        if !self.is_named(done) {
            return false;
        }
        let lesions: Vec<LesionId> = reading::marks(&self.records, id)
            .map(|a| a.lesion)
            .collect();
        let pending = reading::marks(&self.records, id).any(|a| {
            !a.marking.steps.is_empty()
                && self.segmented(a.id).is_none()
                && !matches!(self.masks.get(&a.id), Some(Slot::Failed(_)))
        });
        let lacks = if lesions.is_empty() {
            Some((
                tr!("no lesion is marked there"),
                tr!("Mark a lesion first."),
            ))
        } else if pending {
            Some((
                tr!("a mask is still being made there"),
                tr!("Wait until every mask is there and look at it."),
            ))
        } else {
            None
        };
        if let Some((why, hint)) = lacks {
            let text = tr!("{name} was not {done}: {why}", name, done, why);
            self.refuse(text, hint);
        }
        lacks.is_none()
    }
}
