//! Surfaces of masks for the view in three dimensions, made behind the window while it is shown.

use std::sync::Arc;

use super::{Slot, State};
use crate::app::effect::{Effect, Work};
use crate::case::{AnnotationId, Change, SeriesId};
use crate::jobs::{Cancelled, JobId, Lane};
use crate::surface::Surface;
use crate::texts::mark;
use crate::volume::Mask;

/// Name of the job; it comes and goes too often to be listed.
pub(in crate::app) const SHAPING: &str = mark!("Making a surface");

/// Key of the setting that remembers whether lesions are shown in three dimensions.
pub(super) const THREE_D: &str = "three_d";

/// The surface of a mask. A mask that takes the place of another keeps the surface of that until it
/// has its own.
#[derive(Debug)]
pub(super) struct Shaped {
    mask: Arc<Mask>,
    job: Option<JobId>,
    surface: Option<Arc<Surface>>,
}

impl State {
    pub(super) fn show_three_d(&mut self, on: bool, effects: &mut Vec<Effect>) {
        self.three_d = on;
        if !on {
            self.drop_surfaces();
        }
        self.commit_unaudited(Change::PutSetting(THREE_D.to_owned(), on.into()), effects);
    }

    /// Stops what is under way and gives the memory back.
    pub(super) fn drop_surfaces(&mut self) {
        for job in self.surfaces.values().filter_map(|s| s.job) {
            self.cancel(job);
        }
        self.surfaces.clear();
    }

    /// Starts on every mask on screen that has no surface yet.
    pub(super) fn make_surfaces(&mut self, effects: &mut Vec<Effect>) {
        if !self.three_d {
            return;
        }
        let shown = self.series_on_screen();
        let masks: Vec<(AnnotationId, Arc<Mask>)> = self
            .records
            .annotations
            .iter()
            .filter(|a| shown.contains(&a.series))
            .filter_map(|a| Some((a.id, Arc::clone(self.mask_shown(a.id)?))))
            .collect();
        let gone = |id: &AnnotationId| masks.iter().all(|(standing, _)| standing != id);
        let stale: Vec<AnnotationId> = self.surfaces.keys().copied().filter(gone).collect();
        for id in stale {
            if let Some(job) = self.surfaces.remove(&id).and_then(|s| s.job) {
                self.cancel(job);
            }
        }
        for (id, mask) in masks {
            let known = self.surfaces.get(&id);
            if known.is_some_and(|shaped| Arc::ptr_eq(&shaped.mask, &mask)) {
                continue;
            }
            if let Some(job) = known.and_then(|shaped| shaped.job) {
                self.cancel(job);
            }
            let before = self.surfaces.remove(&id).and_then(|shaped| shaped.surface);
            let work = Work::Surface {
                mask: Arc::clone(&mask),
            };
            let shaped = Shaped {
                mask,
                job: Some(self.start(SHAPING, Lane::Look, work, effects)),
                surface: before,
            };
            self.surfaces.insert(id, shaped);
        }
    }

    pub(super) fn absorb_surface(&mut self, job: JobId, made: Result<Surface, Cancelled>) {
        let Ok(made) = made else {
            return self.forget_surface_job(job);
        };
        let mut shaped = self.surfaces.values_mut();
        if let Some(shaped) = shaped.find(|s| s.job == Some(job)) {
            shaped.job = None;
            shaped.surface = Some(Arc::new(made));
        }
    }

    /// A job that was to make a surface ended without: the mask has none.
    pub(super) fn forget_surface_job(&mut self, job: JobId) {
        let mut shaped = self.surfaces.values_mut();
        if let Some(shaped) = shaped.find(|s| s.job == Some(job)) {
            shaped.job = None;
        }
    }

    /// The surface of a mark as far as it is there, and whether it is being made.
    pub(in crate::app) fn surface_of(&self, mark: AnnotationId) -> (Option<&Arc<Surface>>, bool) {
        let shaped = self.surfaces.get(&mark);
        (
            shaped.and_then(|s| s.surface.as_ref()),
            shaped.is_some_and(|s| s.job.is_some()),
        )
    }

    /// Whether a series is shown in three dimensions: where it is asked for, and the image lies in
    /// space.
    pub(in crate::app) fn is_in_three_d(&self, series: SeriesId) -> bool {
        let image = self.images.get(&series).and_then(Slot::ready);
        self.three_d
            && image.is_some_and(|image| super::planes::no_planes(image.volume.grid()).is_none())
    }
}
