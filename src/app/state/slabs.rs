//! Slabs, which take longer than a frame has: they are made behind the window, and until then the one
//! that was made last is shown and said to be on its way.

use std::sync::Arc;

use super::State;
use crate::app::effect::{Effect, Work};
use crate::case::SeriesId;
use crate::jobs::{JobId, Lane};
use crate::reformat::{Plane, Slab};
use crate::texts::mark;
use crate::volume::Volume;

/// Name of the job; it comes and goes too often to be listed.
pub(in crate::app) const LAYERING: &str = mark!("Making a slab");

/// Which picture of the window: the series, the slice (0) or a plane across it, and whether it is what
/// lies over that.
pub(in crate::app) type SlabKey = (SeriesId, usize, bool);

/// A slab of an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::app) struct SlabOf {
    /// Its middle, in the space of the image.
    pub(in crate::app) plane: Plane,
    /// How thick it is, and what is shown of it.
    pub(in crate::app) slab: Slab,
}

/// A slab that was made.
#[derive(Clone, Debug)]
pub(in crate::app) struct MadeSlab {
    /// Differs whenever the values differ.
    pub(in crate::app) serial: u64,
    /// Values of its pixels, NaN where nothing was imaged; as many as the plane has pixels.
    pub(in crate::app) values: Arc<Vec<f32>>,
    /// It is not the one that was asked for yet.
    pub(in crate::app) stale: bool,
}

/// A slab on the screen.
#[derive(Debug)]
pub(super) struct SlabSlot {
    volume: Arc<Volume>,
    wanted: SlabOf,
    job: Option<(JobId, SlabOf)>,
    made: Option<(SlabOf, MadeSlab)>,
    /// The view that is being built shows it.
    shown: bool,
}

impl State {
    /// The slab as far as it is there. Where it is not, it is started once the view is built.
    pub(in crate::app) fn slab_made(
        &mut self,
        key: SlabKey,
        volume: &Arc<Volume>,
        of: SlabOf,
    ) -> Option<MadeSlab> {
        let fresh = || SlabSlot {
            volume: Arc::clone(volume),
            wanted: of,
            job: None,
            made: None,
            shown: true,
        };
        let slot = self.slabs.entry(key).or_insert_with(fresh);
        if !Arc::ptr_eq(&slot.volume, volume) {
            *slot = fresh();
        }
        slot.wanted = of;
        slot.shown = true;
        let (made_of, made) = slot.made.as_ref()?;
        // A picture of another size fits nothing.
        (made_of.plane.size == of.plane.size).then(|| MadeSlab {
            stale: *made_of != of,
            ..made.clone()
        })
    }

    /// Starts on the slabs that the last view has asked for, and forgets those that it has not. Only
    /// one is under way for each picture: who pages sees one after the other.
    pub(in crate::app) fn start_slabs(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.slabs.is_empty() {
            return effects;
        }
        let gone: Vec<JobId> = self
            .slabs
            .extract_if(.., |_, slot| !slot.shown)
            .filter_map(|(_, slot)| Some(slot.job?.0))
            .collect();
        for job in gone {
            self.cancel(job);
        }
        let mut wanted = Vec::new();
        for (key, slot) in &mut self.slabs {
            slot.shown = false;
            let stands = slot.made.as_ref().is_some_and(|(of, _)| *of == slot.wanted);
            if !stands && slot.job.is_none() {
                wanted.push((*key, slot.wanted, Arc::clone(&slot.volume)));
            }
        }
        for (key, of, volume) in wanted {
            let SlabOf { plane, slab } = of;
            let work = Work::Slab {
                volume,
                plane,
                slab,
            };
            let job = self.start(LAYERING, Lane::Look, work, &mut effects);
            if let Some(slot) = self.slabs.get_mut(&key) {
                slot.job = Some((job, of));
            }
        }
        effects
    }

    pub(super) fn absorb_slab(&mut self, job: JobId, values: Vec<f32>) {
        self.n_pictures += 1;
        let serial = self.n_pictures;
        let mut slots = self.slabs.values_mut();
        let slot = slots.find(|s| s.job.is_some_and(|(running, _)| running == job));
        if let Some(slot) = slot
            && let Some((_, of)) = slot.job.take()
        {
            let made = MadeSlab {
                serial,
                values: Arc::new(values),
                stale: false,
            };
            slot.made = Some((of, made));
        }
    }

    /// A job that was to make a slab ended without.
    pub(super) fn forget_slab_job(&mut self, job: JobId) {
        self.slabs
            .retain(|_, slot| slot.job.is_none_or(|(running, _)| running != job));
    }
}
