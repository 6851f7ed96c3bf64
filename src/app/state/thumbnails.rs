//! Small pictures of patients for the list, made one at a time when a row without one is in view.
//! And whom the list begins with: those who were looked at last.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::State;
use crate::app::effect::{Effect, Failure, ReadAs, ThumbnailOf, Work};
use crate::app::lookup;
use crate::app::view::{Picture, Thumbnail};
use crate::case::{Change, PatientId, SeriesId};
use crate::jobs::{JobId, Lane};
use crate::texts::{mark, tr};

/// Name of the job; it comes and goes too often to be listed.
pub(in crate::app) const SHRINKING: &str = mark!("Making a small picture");

/// Key of the setting that remembers who was looked at, the last first.
const RECENT: &str = "recent_patients";
/// So many are remembered.
const MOST: usize = 200;

/// What a picture is of: a slice of this series as it is now, through this mask.
type Seen = (SeriesId, String, Option<String>);

/// Pictures that were made, or could not be.
#[derive(Debug, Default)]
pub(super) struct Thumbnails {
    under_way: Option<(JobId, PatientId, Seen)>,
    made: BTreeMap<PatientId, (Seen, Option<Arc<Picture>>)>,
    n_made: u64,
}

impl State {
    /// The picture of a patient, as far as it is there.
    pub(in crate::app) fn thumbnail(&self, patient: PatientId) -> Thumbnail {
        let Some(seen) = self.seen_of(patient) else {
            return Thumbnail::Without;
        };
        match self.thumbnails.made.get(&patient) {
            Some((of, Some(picture))) if *of == seen => Thumbnail::Made(Arc::clone(picture)),
            Some((of, None)) if *of == seen => Thumbnail::Without,
            _ if self.thumbnails.under_way.is_some() => Thumbnail::Pending,
            _ => Thumbnail::Unknown,
        }
    }

    /// Makes the picture of a patient, unless one is being made already.
    pub(super) fn make_thumbnail(&mut self, patient: PatientId, effects: &mut Vec<Effect>) {
        if self.thumbnails.under_way.is_some() || self.erasing.is_some() {
            return;
        }
        let Some(seen) = self.seen_of(patient) else {
            return;
        };
        let source = lookup::source(&self.records, seen.0).cloned();
        let (Some(source), Some(series)) = (source, self.series(seen.0)) else {
            self.thumbnails.made.insert(patient, (seen, None));
            return;
        };
        let of = ThumbnailOf {
            item: self.items.get(&seen.0).cloned(),
            source,
            fingerprint: series.fingerprint.clone(),
            read_as: ReadAs::of(series),
            mask: seen.2.clone(),
        };
        let work = Work::Thumbnail { of: Box::new(of) };
        let job = self.start(SHRINKING, Lane::Io, work, effects);
        self.thumbnails.under_way = Some((job, patient, seen));
    }

    /// Takes in a picture, or that there is none: that is no trouble worth a message, since opening
    /// the patient says what is wrong.
    pub(super) fn absorb_thumbnail(&mut self, job: JobId, made: Result<Arc<Picture>, Failure>) {
        let awaited = |(running, ..): &mut (JobId, PatientId, Seen)| *running == job;
        let Some((_, patient, seen)) = self.thumbnails.under_way.take_if(awaited) else {
            return;
        };
        self.thumbnails.n_made += 1;
        let version = self.thumbnails.n_made;
        let picture = made.ok().map(|picture| {
            Arc::new(Picture {
                version,
                ..Arc::unwrap_or_clone(picture)
            })
        });
        self.thumbnails.made.insert(patient, (seen, picture));
    }

    /// Leaves the disk to a patient who is opened; the picture is asked for again later.
    pub(super) fn put_off_thumbnail(&mut self) {
        if let Some((job, ..)) = self.thumbnails.under_way.take() {
            self.cancel(job);
        }
    }

    /// A job that was to make a picture ended without.
    pub(super) fn forget_thumbnail_job(&mut self, job: JobId) {
        self.absorb_thumbnail(job, Err(Failure::new(tr!("Cancelled"))));
    }

    /// Pictures of a patient who was erased go with the rest.
    pub(super) fn forget_thumbnail(&mut self, patient: PatientId) {
        self.thumbnails.made.remove(&patient);
    }

    /// The newest mask of a patient and its series, else what the newest time point shows.
    fn seen_of(&self, patient: PatientId) -> Option<Seen> {
        let visits = self.visits(patient);
        for visit in visits.iter().rev() {
            let of_visit = |id: SeriesId| self.series(id).is_some_and(|s| s.time_point == *visit);
            let marked = self.records.annotations.iter().rev();
            let newest = marked
                .filter(|a| of_visit(a.series))
                .find_map(|a| Some((a.series, self.segmented(a.id)?)));
            if let Some((series, made)) = newest {
                let fingerprint = self.series(series)?.fingerprint.clone();
                return Some((series, fingerprint, Some(made.mask_sha256.clone())));
            }
        }
        let shown = |visit| self.series_shown_in(visit);
        let series = visits.into_iter().rev().find_map(shown)?;
        Some((series, self.series(series)?.fingerprint.clone(), None))
    }

    /// Who was looked at, the last first.
    pub(in crate::app) fn recent(&self) -> Vec<PatientId> {
        let mut settings = self.records.settings.iter();
        let found = settings.find(|(key, _)| key == RECENT);
        found
            .and_then(|(_, value)| serde_json::from_value(value.clone()).ok())
            .unwrap_or_default()
    }

    /// Remembers that a patient is looked at.
    pub(super) fn note_recent(&mut self, patient: PatientId, effects: &mut Vec<Effect>) {
        let mut recent = self.without_in_recent(patient);
        recent.insert(0, patient);
        recent.truncate(MOST);
        let value = serde_json::to_value(recent).unwrap_or_default();
        self.commit_unaudited(Change::PutSetting(RECENT.to_owned(), value), effects);
    }

    /// The change that lets nothing be remembered of having looked at a patient.
    pub(super) fn forget_recent(&self, patient: PatientId) -> Change {
        let recent = self.without_in_recent(patient);
        let value = serde_json::to_value(recent).unwrap_or_default();
        Change::PutSetting(RECENT.to_owned(), value)
    }

    fn without_in_recent(&self, patient: PatientId) -> Vec<PatientId> {
        let mut recent = self.recent();
        recent.retain(|id| *id != patient);
        recent
    }
}
