//! Time points that follow each other: where a place of one image lies in another, as the scanner
//! says (one frame of reference), as a registration found and a reader accepted, or by keeping their
//! distance.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::planes::nearest;
use super::{Slot, State};
use crate::app::effect::{Effect, Work};
use crate::app::view::{LinkMode, Severity};
use crate::case::{AuditAction, AuditNote, Change, PatientId, SeriesId};
use crate::geometry::Point;
use crate::jobs::{JobId, Lane};
use crate::register::{self, Registration, Residual, Rigid};
use crate::texts::{mark, tr};
use crate::units::Mm;

/// Name of the job, as people see it.
const REGISTERING: &str = mark!("Aligning images");

/// Key of the setting that remembers how a series follows the others.
fn mode_key(series: SeriesId) -> String {
    format!("link/{series}")
}

/// Key of the setting that holds the accepted registration of two series.
fn registration_key(fixed: SeriesId, moving: SeriesId) -> String {
    format!("registration/{fixed}/{moving}")
}

/// A registration that a reader accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Accepted {
    fixed: SeriesId,
    moving: SeriesId,
    /// Fingerprints of their files: pixels that changed were not aligned.
    fingerprints: [String; 2],
    engine: String,
    metric: register::Metric,
    value: f64,
    overlap: f64,
    residual: Option<Residual>,
    /// From the fixed to the moving image.
    transform: Rigid,
}

/// A registration that was asked for.
#[derive(Debug)]
struct Asked {
    fixed: SeriesId,
    state: Progress,
}

#[derive(Debug)]
enum Progress {
    Waiting(JobId),
    /// Found, and waiting for a reader's word. It links the images meanwhile, so that the reader can
    /// look at it.
    Proposed(Box<Registration>),
}

/// What is linked beside the record.
#[derive(Debug, Default)]
pub(in crate::app) struct Links {
    /// Registrations that are under way or wait for a word, by the moving series.
    asked: BTreeMap<SeriesId, Asked>,
    /// Positions of slices, mm, from which on series keep their distance.
    anchors: BTreeMap<SeriesId, f64>,
}

impl Links {
    /// Registrations under way.
    pub(super) fn jobs(&self) -> impl Iterator<Item = JobId> {
        self.asked.values().filter_map(|asked| match asked.state {
            Progress::Waiting(job) => Some(job),
            Progress::Proposed(_) => None,
        })
    }
}

/// Why a link of two series can be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::app) struct Trust {
    /// A registration is part of it; otherwise it is one frame of reference.
    pub(in crate::app) registered: bool,
    /// Nobody has accepted that registration yet.
    pub(in crate::app) proposed: bool,
    /// How far local anatomy lies off (median), where that is known.
    pub(in crate::app) residual: Option<Mm>,
}

impl Trust {
    const EXACT: Self = Self {
        registered: false,
        proposed: false,
        residual: Some(Mm(0.0)),
    };

    fn then(self, other: Self) -> Self {
        let both = self.residual.zip(other.residual);
        Self {
            registered: self.registered || other.registered,
            proposed: self.proposed || other.proposed,
            // Errors of two registrations are independent of each other.
            residual: both.map(|(a, b)| Mm(a.0.hypot(b.0))),
        }
    }
}

impl State {
    pub(in crate::app) fn link_mode(&self, series: SeriesId) -> LinkMode {
        self.records.setting(&mode_key(series)).unwrap_or_default()
    }

    pub(super) fn set_link(&mut self, series: SeriesId, mode: LinkMode, effects: &mut Vec<Effect>) {
        if self.series(series).is_none() {
            return;
        }
        let value = serde_json::to_value(mode).unwrap_or_default();
        let change = Change::PutSetting(mode_key(series), value);
        self.commit_unaudited(change, effects);
        if mode == LinkMode::Offset {
            // Distances are kept from where everything stands now.
            self.links.anchors.clear();
            for series in self.series_on_screen() {
                let slice = self.view_of(series).slice;
                if let Some(position) = self.position_along(series, slice) {
                    self.links.anchors.insert(series, position);
                }
            }
        }
    }

    /// The series that the columns of the shown patient show, in their order.
    pub(in crate::app) fn series_on_screen(&self) -> Vec<SeriesId> {
        let Some(patient) = self.shown else {
            return Vec::new();
        };
        let visits = self.visits(patient).into_iter();
        visits
            .filter_map(|visit| self.series_shown_in(visit))
            .collect()
    }

    /// The series that others are registered to: that of the first time point.
    pub(in crate::app) fn link_reference(&self) -> Option<SeriesId> {
        self.series_on_screen().into_iter().next()
    }

    /// Position of a slice along the patient axis nearest to its normal.
    fn position_along(&self, series: SeriesId, slice: usize) -> Option<f64> {
        let image = self.images.get(&series).and_then(Slot::ready)?;
        let grid = image.volume.grid();
        let normal = grid.normal();
        let k = slice.min(grid.shape()[2] - 1);
        Some(grid.slice_position(k).0 * normal[normal.iamax()].signum())
    }

    /// Where a place of one series lies in another, and why that can be trusted; `None` where nothing
    /// is known of it.
    pub(in crate::app) fn way(&self, from: SeriesId, to: SeriesId) -> Option<(Rigid, Trust)> {
        self.ways(from, Some(to)).remove(&to)
    }

    /// The series in which it is known where the places of one lie, with the ways there; looked for
    /// until `to` is found.
    pub(in crate::app) fn ways(
        &self,
        from: SeriesId,
        to: Option<SeriesId>,
    ) -> BTreeMap<SeriesId, (Rigid, Trust)> {
        let Some(patient) = self.series(from).map(|s| s.patient) else {
            return BTreeMap::new();
        };
        let edges = self.registrations();
        let frame = |id| self.series(id).map(|s| s.frame_of_reference.trim());
        let mut found = BTreeMap::from([(from, (Rigid::identity(), Trust::EXACT))]);
        let mut next = VecDeque::from([from]);
        while let Some(here) = next.pop_front() {
            let (way, trust) = found[&here];
            if Some(here) == to {
                break;
            }
            let here_frame = frame(here).filter(|f| !f.is_empty());
            let siblings = self.records.series.iter().filter(|s| {
                s.patient == patient && here_frame == Some(s.frame_of_reference.trim())
            });
            let same = siblings.map(|s| (s.id, Rigid::identity(), Trust::EXACT));
            let registered = edges.iter().filter_map(|(a, b, transform, trust)| {
                if *a == here {
                    Some((*b, *transform, *trust))
                } else if *b == here {
                    Some((*a, transform.inverse(), *trust))
                } else {
                    None
                }
            });
            let steps: Vec<_> = same.chain(registered).collect();
            for (id, step, known) in steps {
                if let Entry::Vacant(place) = found.entry(id) {
                    place.insert((way.then(&step), trust.then(known)));
                    next.push_back(id);
                }
            }
        }
        found
    }

    /// Registrations that hold, the accepted ones first.
    fn registrations(&self) -> Vec<(SeriesId, SeriesId, Rigid, Trust)> {
        let settings = self.records.settings.iter();
        let accepted = settings
            .filter(|(key, _)| key.starts_with("registration/"))
            .filter_map(|(_, value)| Accepted::deserialize(value).ok())
            .filter(|a| {
                let still = |id, fingerprint: &str| {
                    self.series(id)
                        .is_some_and(|s| s.fingerprint == fingerprint)
                };
                still(a.fixed, &a.fingerprints[0]) && still(a.moving, &a.fingerprints[1])
            })
            .map(|a| {
                let trust = Trust {
                    registered: true,
                    proposed: false,
                    residual: a.residual.map(|r| r.median),
                };
                (a.fixed, a.moving, a.transform, trust)
            });
        let proposed = self.links.asked.iter().filter_map(|(moving, asked)| {
            let Progress::Proposed(found) = &asked.state else {
                return None;
            };
            let trust = Trust {
                registered: true,
                proposed: true,
                residual: found.residual.map(|r| r.median),
            };
            Some((asked.fixed, *moving, found.transform, trust))
        });
        // Who asks anew wants to see what comes of it.
        proposed.chain(accepted).collect()
    }

    /// Brings the other columns to the place that a series was brought to.
    pub(super) fn follow_place(&mut self, series: SeriesId, effects: &mut Vec<Effect>) {
        let mode = self.link_mode(series);
        if mode == LinkMode::Off {
            return;
        }
        let others: Vec<SeriesId> = self
            .series_on_screen()
            .into_iter()
            .filter(|other| *other != series && self.link_mode(*other) == mode)
            .collect();
        let Some(place) = self.looked_at(series) else {
            return;
        };
        for other in others {
            if mode == LinkMode::Offset {
                self.keep_distance(series, other, effects);
            } else if let Some((way, _)) = self.way(series, other) {
                self.bring_to(other, way.apply(place), effects);
            }
        }
    }

    /// Brings columns in which a lesion is not marked to where it would be, from the nearest time point
    /// that is linked to them.
    pub(super) fn look_where_unmarked(
        &mut self,
        marked: &[(SeriesId, Point)],
        effects: &mut Vec<Effect>,
    ) {
        let shown = self.series_on_screen();
        let at = |id: SeriesId| shown.iter().position(|s| *s == id);
        for (n, series) in shown.iter().enumerate() {
            let is_marked = marked.iter().any(|(of, _)| of == series);
            if is_marked || self.link_mode(*series) != LinkMode::Position {
                continue;
            }
            let linked = marked.iter().filter_map(|(from, place)| {
                let (way, _) = self.way(*from, *series)?;
                Some((
                    at(*from).map_or(usize::MAX, |m| m.abs_diff(n)),
                    way.apply(*place),
                ))
            });
            if let Some((_, place)) = linked.min_by_key(|(away, _)| *away) {
                self.bring_to(*series, place, effects);
            }
        }
    }

    fn keep_distance(&mut self, from: SeriesId, to: SeriesId, effects: &mut Vec<Effect>) {
        let anchors = &self.links.anchors;
        let (Some(start), Some(other)) = (anchors.get(&from), anchors.get(&to)) else {
            return;
        };
        let Some(now) = self.position_along(from, self.view_of(from).slice) else {
            return;
        };
        let target = other + (now - start);
        let n = self.series(to).map_or(0, |s| s.shape[2]);
        let off = |k| {
            self.position_along(to, k)
                .map_or(f64::INFINITY, |p| (p - target).abs())
        };
        let slice = nearest((0..n).map(off));
        self.set_slice(to, slice, effects);
    }

    /// Registers a series to that of the first time point.
    pub(super) fn register(&mut self, series: SeriesId, effects: &mut Vec<Effect>) {
        let Some(fixed) = self.link_reference().filter(|fixed| *fixed != series) else {
            self.refuse(
                tr!("The first time point is what the others are aligned to"),
                tr!("Align the others to it."),
            );
            return;
        };
        let ready = |id: SeriesId| self.images.get(&id).and_then(Slot::ready);
        let (Some(a), Some(b)) = (ready(fixed), ready(series)) else {
            self.refuse(
                tr!("Nothing was aligned: images are still being loaded"),
                tr!("Try again when both are shown."),
            );
            return;
        };
        let frame = |id| {
            self.series(id)
                .map(|s| s.frame_of_reference.trim().to_owned())
        };
        let same = frame(fixed).is_some_and(|f| !f.is_empty() && Some(f) == frame(series));
        let work = Work::Register {
            moving_series: series,
            fixed: Arc::clone(&a.volume),
            moving: Arc::clone(&b.volume),
            same_frame_of_reference: same,
        };
        self.drop_asked(series);
        let job = self.start(REGISTERING, Lane::Align, work, effects);
        let state = Progress::Waiting(job);
        self.links.asked.insert(series, Asked { fixed, state });
    }

    /// Registers every series on screen whose places in the first time point are unknown.
    pub(super) fn register_all(&mut self, effects: &mut Vec<Effect>) {
        let Some(fixed) = self.link_reference() else {
            return;
        };
        let unknown: Vec<SeriesId> = self
            .series_on_screen()
            .into_iter()
            .filter(|series| self.way(fixed, *series).is_none())
            .filter(|series| !self.links.asked.contains_key(series))
            .collect();
        for series in unknown {
            self.register(series, effects);
        }
    }

    /// Forgets what was asked of a series, and stops the work on it.
    pub(super) fn drop_asked(&mut self, series: SeriesId) {
        if let Some(Asked {
            state: Progress::Waiting(job),
            ..
        }) = self.links.asked.remove(&series)
        {
            self.cancel(job);
        }
    }

    /// Takes in a registration, and shows what it finds.
    pub(super) fn absorb_registration(
        &mut self,
        job: JobId,
        series: SeriesId,
        found: Result<Box<Registration>, String>,
        effects: &mut Vec<Effect>,
    ) {
        let waits = |asked: &Asked| matches!(asked.state, Progress::Waiting(own) if own == job);
        let Some(asked) = self.links.asked.get_mut(&series).filter(|a| waits(a)) else {
            return;
        };
        match found {
            Ok(found) => {
                asked.state = Progress::Proposed(found);
                let fixed = asked.fixed;
                self.follow_place(fixed, effects);
            }
            Err(reason) => {
                self.links.asked.remove(&series);
                self.say(
                    Severity::Warning,
                    tr!("The images were not aligned: {reason}", reason),
                    tr!("Nothing changed. Columns can also be linked by offset, in the menu of the link."),
                );
            }
        }
    }

    /// A registration that ended without an answer is waited for no longer.
    pub(super) fn forget_registration_job(&mut self, job: JobId) {
        let waits = |asked: &Asked| matches!(asked.state, Progress::Waiting(own) if own == job);
        self.links.asked.retain(|_, asked| !waits(asked));
    }

    /// A reader accepts the registration that is proposed for a series.
    pub(super) fn accept_registration(&mut self, series: SeriesId, effects: &mut Vec<Effect>) {
        let Some(asked) = self.links.asked.get(&series) else {
            return;
        };
        let Progress::Proposed(found) = &asked.state else {
            return;
        };
        let fixed = asked.fixed;
        let fingerprint = |id| self.series(id).map(|s| s.fingerprint.clone());
        let (Some(a), Some(b), Some(patient)) = (
            fingerprint(fixed),
            fingerprint(series),
            self.series(series).map(|s| s.patient),
        ) else {
            return;
        };
        let accepted = Accepted {
            fixed,
            moving: series,
            fingerprints: [a, b],
            engine: register::ENGINE.to_owned(),
            metric: found.metric,
            value: found.value,
            overlap: found.overlap,
            residual: found.residual,
            transform: found.transform,
        };
        let value = serde_json::to_value(&accepted).unwrap_or_default();
        let title = format!("Align {}", self.name_of_visit(series));
        let mut note = AuditNote::new("registration.accept", AuditAction::C, "series", series)
            .of(patient)
            .titled(title)
            .detail(json!({
                "fixed": fixed,
                "transform": accepted.transform,
                "metric": accepted.metric,
                "value": accepted.value,
                "residual_mm": accepted.residual.map(|r| r.median.0),
            }));
        register::ENGINE.clone_into(&mut note.model);
        let change = Change::PutSetting(registration_key(fixed, series), value);
        if self.commit(vec![change], note, effects).is_some() {
            self.links.asked.remove(&series);
        }
    }

    /// What links a series to others by registration is taken away: what is proposed, else what was
    /// accepted.
    pub(super) fn remove_registration(&mut self, series: SeriesId, effects: &mut Vec<Effect>) {
        if self.links.asked.contains_key(&series) {
            self.drop_asked(series);
            return;
        }
        let ending = format!("/{series}");
        let settings = self.records.settings.iter();
        let keys: Vec<String> = settings
            .filter(|(key, value)| {
                key.starts_with("registration/") && key.ends_with(&ending) && !value.is_null()
            })
            .map(|(key, _)| key.clone())
            .collect();
        let Some(patient) = self.series(series).map(|s| s.patient) else {
            return;
        };
        if keys.is_empty() {
            return;
        }
        let title = format!("Remove the alignment of {}", self.name_of_visit(series));
        let note = AuditNote::new("registration.remove", AuditAction::D, "series", series)
            .of(patient)
            .titled(title);
        let changes = keys
            .into_iter()
            .map(|key| Change::PutSetting(key, serde_json::Value::Null));
        self.commit(changes.collect(), note, effects);
    }

    /// What stands of the registration of a series: whether it is under way, and what is proposed.
    pub(in crate::app) fn registration_of(
        &self,
        series: SeriesId,
    ) -> (Option<JobId>, Option<&Registration>) {
        match self.links.asked.get(&series).map(|a| &a.state) {
            Some(Progress::Waiting(job)) => (Some(*job), None),
            Some(Progress::Proposed(found)) => (None, Some(found)),
            None => (None, None),
        }
    }

    fn name_of_visit(&self, series: SeriesId) -> String {
        let visit = self.series(series).map(|s| s.time_point);
        visit.map(|v| self.visit_name(v)).unwrap_or_default()
    }

    /// Keys of settings that are named after series of a patient.
    pub(super) fn keys_of_series(&self, patient: PatientId) -> Vec<String> {
        let series = self.records.series.iter();
        let names: Vec<String> = series
            .filter(|s| s.patient == patient)
            .map(|s| s.id.to_string())
            .collect();
        let settings = self.records.settings.iter();
        settings
            .filter(|(key, value)| !value.is_null() && names.iter().any(|n| key.contains(n)))
            .map(|(key, _)| key.clone())
            .collect()
    }
}
