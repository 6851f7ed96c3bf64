//! What may be better than what a gesture has made: another slice for the diameter, the lesion followed
//! slice by slice, or divided anew with a stroke in mind.

use std::sync::Arc;

use jiff::Timestamp;

use super::proposal::Proposal;
use super::{Slot, State};
use crate::app::effect::{Divided, Effect, Work};
use crate::app::steps;
use crate::case::{AnnotationId, LesionId, MaskStep, SeriesId};
use crate::jobs::{JobId, Lane};
use crate::segment::{BetterSlice, Prompt};
use crate::texts::mark;
use crate::volume::Mask;

/// Name of the job that divides a lesion in another way; it comes and goes with gestures.
pub(in crate::app) const DIVIDING: &str = mark!("Dividing in another way");

/// What is offered beside what a gesture has made.
#[derive(Debug)]
pub(in crate::app) enum Offer {
    /// The diameter in another slice.
    Slice(BetterSlice),
    /// Another way to divide the lesion is being worked out.
    Dividing(JobId),
    /// The lesion divided in another way.
    Whole(Divided),
}

impl State {
    /// Takes in what is offered with a mask that was made, or looks for it: a stroke is entered as it
    /// was drawn, and what it means for the rest of the lesion follows.
    pub(super) fn find_offer(
        &mut self,
        annotation: AnnotationId,
        better_slice: Option<BetterSlice>,
        effects: &mut Vec<Effect>,
    ) {
        let proposal = self.proposal.as_mut();
        let Some(proposal) = proposal.filter(|p| p.annotation == annotation) else {
            return;
        };
        proposal.meanwhile = None;
        proposal.offer = better_slice.map(Offer::Slice);
        if proposal.offer.is_some() {
            return;
        }
        let work = self.to_divide(annotation);
        let job = work.map(|work| self.start(DIVIDING, Lane::Cpu, work, effects));
        if let Some(proposal) = &mut self.proposal {
            proposal.offer = job.map(Offer::Dividing);
        }
    }

    fn to_divide(&self, annotation: AnnotationId) -> Option<Work> {
        let mark = self.annotation(annotation)?;
        let image = self.images.get(&mark.series).and_then(Slot::ready)?;
        Some(Work::Divide {
            way: steps::other_way(&mark.marking.steps, image.volume.grid())?,
            steps: mark.marking.steps.clone(),
            made: self.previous(annotation)?,
            volume: Arc::clone(&image.volume),
        })
    }

    /// Offers the lesion divided in another way, unless its reader went on.
    pub(super) fn absorb_division(&mut self, job: JobId, divided: Option<Divided>) {
        let proposal = self.proposal.as_mut();
        let waiting = |o: &Offer| matches!(o, Offer::Dividing(own) if *own == job);
        if let Some(proposal) = proposal.filter(|p| p.offer.as_ref().is_some_and(waiting)) {
            proposal.offer = divided.map(Offer::Whole);
        }
    }

    /// The mask that is offered on a series, and of which lesion.
    pub(in crate::app) fn offered(
        &self,
        series: SeriesId,
    ) -> Option<(Option<LesionId>, &Arc<Mask>)> {
        let proposal = self.proposal.as_ref()?;
        let mark = self.annotation(proposal.annotation)?;
        match &proposal.offer {
            Some(Offer::Whole(divided)) if mark.series == series => {
                Some((Some(mark.lesion), &divided.mask))
            }
            _ => None,
        }
    }

    /// Ends the work on an offer that nobody waits for any more.
    pub(super) fn call_off(&mut self, proposal: &Proposal) {
        if let Some(Offer::Dividing(job)) = proposal.offer {
            self.cancel(job);
        }
    }

    /// Who goes on to something else has accepted what the last gesture made.
    pub(super) fn end_proposal(&mut self) {
        if let Some(proposal) = self.proposal.take() {
            self.call_off(&proposal);
        }
    }

    /// Does what is offered, as one more step.
    pub(super) fn take_offer(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(proposal) = &mut self.proposal else {
            return;
        };
        let mark = proposal.annotation;
        let offer = match proposal.offer.take() {
            offer @ (None | Some(Offer::Dividing(_))) => {
                proposal.offer = offer;
                return;
            }
            Some(offer) => offer,
        };
        let Some((series, lesion)) = self.annotation(mark).map(|a| (a.series, a.lesion)) else {
            return;
        };
        let prompt = match offer {
            Offer::Slice(better) => {
                self.set_slice(series, better.slice, effects);
                Prompt::Drag { ends: better.ends }
            }
            Offer::Dividing(_) => return,
            Offer::Whole(divided) => {
                // Shown while the same is made to be kept.
                self.previewed_last = Some(divided.mask);
                divided.way
            }
        };
        let step = MaskStep::Prompt { prompt };
        self.draw(series, Some(lesion), step, now, effects);
        self.previewed_last = None;
    }
}
