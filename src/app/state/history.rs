//! Undo, redo, and jumping to a step.

use serde_json::json;

use super::{State, uptake};
use crate::app::effect::{Effect, Failure, Work};
use crate::app::history::Step;
use crate::app::view::Severity;
use crate::case::{AuditAction, AuditNote, Change, PatientId, Series, StepId, StepKind};
use crate::jobs::{JobId, Lane};
use crate::store;
use crate::texts::{mark, tr};
use crate::warning::naming_frame;

/// Which way a step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Back,
    Forth,
}

impl Way {
    const fn event(self) -> &'static str {
        match self {
            Self::Back => "history.undo",
            Self::Forth => "history.redo",
        }
    }
}

impl State {
    /// Starts reading the steps of earlier sessions, unless they are known.
    pub(super) fn load_history(&mut self, patient: PatientId, effects: &mut Vec<Effect>) {
        if self.histories.entry(patient).or_default().is_unread() {
            let work = Work::History { patient };
            let job = self.start(mark!("Reading the history"), Lane::Io, work, effects);
            if let Some(history) = self.histories.get_mut(&patient) {
                history.await_job(job);
            }
        }
    }

    pub(super) fn absorb_history(
        &mut self,
        job: JobId,
        patient: PatientId,
        steps: Result<Vec<store::Step>, Failure>,
    ) {
        let Some(history) = self.histories.get_mut(&patient).filter(|h| h.awaits(job)) else {
            return;
        };
        match steps {
            Ok(steps) => history.learn(steps),
            Err(failure) => {
                history.fail();
                self.say_failure(&failure);
            }
        }
    }

    pub(super) fn undo(&mut self, effects: &mut Vec<Effect>) {
        self.take_steps(Way::Back, 1, effects);
    }

    pub(super) fn redo(&mut self, effects: &mut Vec<Effect>) {
        self.take_steps(Way::Forth, 1, effects);
    }

    /// Undoes or redoes until `step` is the last one that stands; `None` undoes all.
    pub(super) fn jump_to(&mut self, step: Option<StepId>, effects: &mut Vec<Effect>) {
        let Some(history) = self.shown.and_then(|p| self.histories.get(&p)) else {
            return;
        };
        let (done, undone) = (history.done(), history.undone());
        let place = |steps: &[Step], id: StepId| steps.iter().rposition(|s| s.id == id);
        let (way, n) = match step {
            None => (Way::Back, done.len()),
            Some(id) => match (place(done, id), place(undone, id)) {
                (Some(at), _) => (Way::Back, done.len() - 1 - at),
                (None, Some(at)) => (Way::Forth, undone.len() - at),
                (None, None) => return,
            },
        };
        if n > 0 {
            self.take_steps(way, n, effects);
        }
    }

    /// Takes up to `n` steps; stops at the first that is refused.
    fn take_steps(&mut self, way: Way, n: usize, effects: &mut Vec<Effect>) {
        let Some(patient) = self.shown else { return };
        let mut changed = Vec::new();
        for _ in 0..n {
            match self.take_step(patient, way, way.event(), effects) {
                Some(changes) => changed.extend(changes),
                None => break,
            }
        }
        if !changed.is_empty() {
            self.follow(patient, &changed, effects);
        }
    }

    /// Takes the last step of a patient back, as an event of its own. Returns whether it could.
    pub(super) fn undo_as(
        &mut self,
        patient: PatientId,
        event: &'static str,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let changed = self.take_step(patient, Way::Back, event, effects);
        if let Some(changed) = &changed {
            self.follow(patient, changed, effects);
        }
        changed.is_some()
    }

    /// Takes one step. Answers with the changes made and those that take them back, which together
    /// name everything that the step concerned.
    fn take_step(
        &mut self,
        patient: PatientId,
        way: Way,
        event: &'static str,
        effects: &mut Vec<Effect>,
    ) -> Option<Vec<Change>> {
        let history = self.histories.get(&patient);
        let steps = history.map_or(&[][..], |h| match way {
            Way::Back => h.done(),
            Way::Forth => h.undone(),
        });
        let Some(step) = steps.last().cloned() else {
            let text = match (history.is_some_and(|h| h.is_pending()), way) {
                (true, _) => tr!("The steps of earlier sessions are still being read"),
                (false, Way::Back) => tr!("There is nothing to undo"),
                (false, Way::Forth) => tr!("There is nothing to redo"),
            };
            self.n_refused += 1;
            self.say(Severity::Info, text, "");
            return None;
        };
        let (word, kind) = match way {
            Way::Back => (tr!("undone"), StepKind::Undo(step.id)),
            Way::Forth => (tr!("redone"), StepKind::Redo(step.id)),
        };
        let changes = match step.changes_back() {
            Ok(changes) => self.brought_up(changes),
            Err(error) => {
                self.say(
                    Severity::Error,
                    tr!(
                        "“{title}” cannot be {word}: {error}",
                        title = step.title,
                        word,
                        error
                    ),
                    tr!("Nothing was changed. `oncotwin audit verify` checks the whole record."),
                );
                return None;
            }
        };
        let verb = if way == Way::Back { "Undo" } else { "Redo" };
        let mut note = AuditNote::new(event, AuditAction::U, "step", step.id)
            .of(patient)
            .titled(format!("{verb}: {}", step.title))
            .detail(json!({"step": step.id}));
        note.step = kind;
        let mut concerned = changes.clone();
        match self.try_commit(changes, note, effects)? {
            Ok(_) => {
                let history = self.histories.get(&patient)?;
                let taken = match way {
                    Way::Back => history.undone(),
                    Way::Forth => history.done(),
                };
                let back = taken.last().and_then(|s| s.changes_back().ok());
                concerned.extend(back.unwrap_or_default());
                Some(concerned)
            }
            Err(refusal) => {
                self.refuse(tr!("“{title}” cannot be {word}: {refusal}", title = step.title, word, refusal),
                    tr!("The record has changed since in a way that is not a step, such as an import. Nothing was changed."),
                );
                None
            }
        }
    }

    /// What was learnt of images since a step was taken is no part of the step: only the visit that
    /// they belong to is put back, which of their volumes is shown, and how uptake is counted.
    fn brought_up(&self, changes: Vec<Change>) -> Vec<Change> {
        let bring_up = |change| match change {
            Change::PutSeries(then) => Change::PutSeries(match self.series(then.id) {
                Some(now) => {
                    let counted = uptake::counted_as(now, then.unit, then.pet, &then.warnings);
                    Series {
                        time_point: then.time_point,
                        frame: then.frame,
                        warnings: naming_frame(&counted.warnings, then.frame.map(|f| f.index)),
                        ..counted
                    }
                }
                None => then,
            }),
            other => other,
        };
        changes.into_iter().map(bring_up).collect()
    }
}
