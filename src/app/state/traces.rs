//! Showing where a number comes from.

use super::State;
use crate::app::command::Subject;
use crate::app::effect::{Effect, Failure, Work};
use crate::app::trace;
use crate::app::view::{Severity, TraceView};
use crate::jobs::{JobId, Lane};
use crate::texts::{mark, tr};

/// What [`crate::app::Command::Trace`] shows.
#[derive(Debug)]
pub(in crate::app) struct Traced {
    subject: Subject,
    pub(in crate::app) view: TraceView,
    job: Option<JobId>,
    /// The trail was read, or is being read.
    is_asked: bool,
}

impl State {
    pub(super) fn trace(&mut self, subject: Subject, effects: &mut Vec<Effect>) {
        let Some(outline) = trace::gather(self, subject) else {
            self.say(
                Severity::Info,
                tr!("There is nothing to trace: the number is not there any more"),
                "",
            );
            return;
        };
        self.traced = Some(Traced {
            subject,
            view: outline.preview(),
            job: None,
            is_asked: false,
        });
        self.read_trace(effects);
    }

    /// Reads what the audit trail says, once everything shown is in it.
    pub(super) fn read_trace(&mut self, effects: &mut Vec<Effect>) {
        let waiting = self.traced.as_ref().filter(|t| !t.is_asked);
        let Some(subject) = waiting.map(|t| t.subject) else {
            return;
        };
        if self.is_saving() {
            return;
        }
        let Some(outline) = trace::gather(self, subject) else {
            self.traced = None;
            return;
        };
        let work = Work::Trace {
            outline: Box::new(outline),
        };
        let job = self.start(mark!("Reading the audit trail"), Lane::Io, work, effects);
        if let Some(traced) = &mut self.traced {
            traced.job = Some(job);
            traced.is_asked = true;
        }
    }

    pub(super) fn absorb_trace(&mut self, job: JobId, read: Result<TraceView, Failure>) {
        let Some(traced) = self.traced.as_mut().filter(|t| t.job == Some(job)) else {
            return;
        };
        traced.job = None;
        traced.view.pending = false;
        match read {
            Ok(view) => traced.view = view,
            Err(failure) => self.say_failure(&failure),
        }
    }

    /// Whoever waited for this job waits no longer.
    pub(super) fn forget_trace_job(&mut self, job: JobId) {
        if let Some(traced) = self.traced.as_mut().filter(|t| t.job == Some(job)) {
            traced.job = None;
            traced.view.pending = false;
        }
    }
}
