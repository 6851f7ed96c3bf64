//! Everything the application knows, and the only two ways to change it: [`State::apply`] for what
//! a person asks, [`State::absorb`] for what the world answers. Neither does any input or output.

mod absorb;
mod apply;
pub(super) mod checks;
mod commit;
pub(super) mod drafts;
mod drawing;
mod editing;
mod export;
mod files;
mod follow;
mod frames;
pub(super) mod fusion;
mod gestures;
mod history;
mod identity;
mod import;
mod layout;
pub(super) mod links;
mod look;
pub(super) mod measurements;
mod measuring;
pub(super) mod offer;
mod originals;
pub(super) mod planes;
mod preferences;
pub(super) mod proposal;
mod readers;
mod readings;
mod record;
pub(super) mod slabs;
mod sums;
pub(super) mod surfaces;
pub(super) mod thumbnails;
mod traces;
mod twins;
mod uptake;
mod versions;
mod visits;
mod windows;
mod workspace;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::effect::{Effect, Failure, ReadAs, Request, Work};
use super::grouping;
use super::history::{History, Listed};
use super::ids::IdSource;
use super::layout::Layout;
use super::summary::{self, Summary, SummaryCache};
use super::twin_input::TwinResult;
use super::view::{Message, Picture, Severity, UptakeView};
use crate::case::{
    AnnotationId, LesionId, PatientId, ReaderId, Records, SeriesId, TimePointId, Transaction,
};
use crate::crash::CrashReport;
use crate::geometry::Grid;
use crate::jobs::{JobContext, JobId, Lane};
use crate::keymap::KeyMap;
use crate::measure::Measured;
use crate::open::Item;
use crate::reformat::Stack;
use crate::store::Opened;
use crate::texts::{mark, tr};
use crate::volume::{Mask, Volume, WindowLevel};

/// Something that is on its way, there, or could not be had.
#[derive(Debug)]
pub(super) enum Slot<T> {
    /// A job is at it.
    Waiting(JobId),
    /// It is there.
    Ready(T),
    /// It could not be had, for this reason.
    Failed(Failure),
}

impl<T> Slot<T> {
    pub(super) const fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(value) => Some(value),
            Self::Waiting(_) | Self::Failed(_) => None,
        }
    }

    /// The job that is at it.
    const fn job(&self) -> Option<JobId> {
        match self {
            Self::Waiting(job) => Some(*job),
            Self::Ready(_) | Self::Failed(_) => None,
        }
    }
}

/// Pixels of a series with the window to show them by default.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) volume: Arc<Volume>,
    pub(super) window: WindowLevel,
    /// The planes across its slices; none where there cannot be any.
    pub(super) across: Option<[Stack; 2]>,
    /// What was read, and how.
    pub(super) read_as: ReadAs,
    /// How values are counted, where it is a PET series whose values have a unit.
    pub(super) uptake: Option<Arc<UptakeView>>,
}

/// A standing mask with its measurement.
#[derive(Clone, Debug)]
pub struct ShownMask {
    /// Label of the lesion.
    pub label: String,
    /// Zero-based time point.
    pub time_point: usize,
    /// The mask.
    pub mask: Arc<Mask>,
    /// What was measured on it.
    pub measured: Measured,
    /// The engine's confidence, 0–1.
    pub confidence: f64,
}

/// A sample patient that the chooser offers.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Name.
    pub title: String,
    /// What it is, and its licence.
    pub detail: String,
    /// How to come by it.
    pub source: SampleSource,
}

/// Where a sample patient comes from.
#[derive(Clone, Debug)]
pub enum SampleSource {
    /// The synthetic study: made here when it is not there yet.
    Phantom(PathBuf),
    /// A folder of files that came with the program; `None` when it was not found.
    Folder(Option<PathBuf>),
}

/// A job that was started and has not answered.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) name: &'static str,
    pub(super) context: JobContext,
}

/// Everything the application knows.
#[derive(Debug)]
pub struct State {
    pub(super) records: Records,
    pub(super) ids: IdSource,
    pub(super) shown: Option<PatientId>,
    pub(super) selected: Option<LesionId>,
    /// The series shown in each time point.
    pub(super) shown_series: BTreeMap<TimePointId, SeriesId>,
    /// Items scanned in this session, by the series made of them.
    pub(super) items: BTreeMap<SeriesId, Arc<Item>>,
    pub(super) images: BTreeMap<SeriesId, Slot<Image>>,
    pub(super) masks: BTreeMap<AnnotationId, Slot<Arc<Mask>>>,
    /// What the gesture under way would give.
    preview: Option<proposal::Preview>,
    /// Which masks are still to be checked.
    checks: checks::Checks,
    /// What the preview of the gesture that ended last has shown.
    previewed_last: Option<Arc<Mask>>,
    /// What the last gesture has made, until a reader accepts it, rejects it or goes on.
    pub(super) proposal: Option<proposal::Proposal>,
    pub(super) twins: BTreeMap<LesionId, Slot<Arc<TwinResult>>>,
    /// Twins whose result is of older data than the record.
    pub(super) stale_twins: Vec<LesionId>,
    pub(super) pictures: BTreeMap<SeriesId, (look::PictureKey, Arc<Picture>)>,
    pub(super) n_pictures: u64,
    /// Three planes are shown of each time point.
    pub(super) three_planes: bool,
    /// Lesions are shown in space beside the pictures.
    pub(super) three_d: bool,
    /// Slabs on screen.
    slabs: BTreeMap<slabs::SlabKey, slabs::SlabSlot>,
    /// Surfaces of the masks on screen, while they are shown in space.
    surfaces: BTreeMap<AnnotationId, surfaces::Shaped>,
    /// How the planes across slices are looked at.
    pub(super) planes: BTreeMap<SeriesId, planes::PlanesLook>,
    /// Planes across slices as they were drawn, by series and number.
    pub(super) sections: BTreeMap<(SeriesId, usize), planes::DrawnSection>,
    /// What lies over slices (0) and the planes across them.
    pub(super) fused: BTreeMap<(SeriesId, usize), fusion::Fused>,
    /// What measurements say on their images.
    pub(super) gauged: measurements::Gauged,
    /// What links time points beside the record.
    pub(super) links: links::Links,
    /// Forecast of the sum of the shown patient's target lesions.
    sum: sums::Sum,
    /// Counts changes of the record and of twins.
    pub(super) revision: u64,
    pub(super) summaries: SummaryCache,
    pub(super) jobs: BTreeMap<JobId, Running>,
    next_job: u64,
    /// Transactions handed to the store and not yet answered, oldest first.
    under_way: VecDeque<Transaction>,
    /// Transactions that the store refused, oldest first, with the reason of the last refusal.
    unsaved: VecDeque<Transaction>,
    save_error: String,
    pub(super) messages: Vec<Message>,
    pub(super) samples: Vec<Sample>,
    pub(super) workspace: PathBuf,
    pub(super) dark: bool,
    pub(super) last_report: String,
    /// Hash of the newest audit entry, for the report; kept by the session.
    pub(super) audit_head: String,
    /// Time of the command or event that is being dealt with.
    now: Timestamp,
    /// Who acts.
    reader: Option<ReaderId>,
    /// Why the workspace can only be read; `None` when it can be written.
    pub(super) read_only: Option<String>,
    /// Steps of the patients shown in this session.
    pub(super) histories: BTreeMap<PatientId, History>,
    /// The session before this one did not close.
    ended_unclean: bool,
    pub(super) listed_history: Option<Listed>,
    /// The list of masks that is shown.
    pub(super) versions: Option<versions::Versions>,
    /// Where a number comes from, while that is shown.
    pub(super) traced: Option<traces::Traced>,
    /// What was opened last.
    pub(super) files: Option<files::Files>,
    /// The colour picture that is shown.
    pub(super) shown_picture: Option<files::ShownPicture>,
    /// The header that is shown.
    pub(super) header: Option<files::ShownHeader>,
    thumbnails: thumbnails::Thumbnails,
    /// What language models write.
    pub(super) drafts: drafts::Drafts,
    /// Where the panels are.
    pub(super) layout: Layout,
    /// What keys and mouse do.
    pub(super) keys: Arc<KeyMap>,
    /// A patient to be erased, and why, once every job has ended.
    erasing: Option<(PatientId, String)>,
    /// Requests that were refused in words.
    pub(super) n_refused: usize,
    /// Crash reports that wait to be dealt with, newest first.
    pub(super) crashes: Vec<CrashReport>,
    /// Fits that this session entered into the audit trail, by lesion and stage key.
    noted_fits: BTreeSet<(LesionId, String)>,
    /// The same of sums of diameters.
    noted_sums: BTreeSet<(PatientId, String)>,
}

/// Key of the setting that remembers which patient was shown.
const SHOWN_PATIENT: &str = "shown_patient";
/// Key of the setting that remembers the theme.
const DARK: &str = "dark_theme";
/// Key of the setting that remembers who acts.
const READER: &str = "reader";

/// Every identifier in the record that was minted by a session.
fn identifiers(r: &Records) -> impl Iterator<Item = Uuid> {
    let patients = r.patients.iter().map(|p| p.id.0);
    patients
        .chain(r.time_points.iter().map(|t| t.id.0))
        .chain(r.series.iter().map(|s| s.id.0))
        .chain(r.lesions.iter().map(|l| l.id.0))
        .chain(r.annotations.iter().map(|a| a.id.0))
        .chain(r.measurements.iter().map(|m| m.id.0))
        .chain(r.treatments.iter().map(|t| t.id.0))
        .chain(r.scenarios.iter().map(|s| s.id.0))
        .chain(r.readers.iter().map(|x| x.id.0))
        .chain(r.signoffs.iter().map(|s| s.id.0))
}

/// What opening a workspace has to say.
fn started(alerts: &[String], notes: &[String]) -> Vec<Message> {
    let say = |severity, text: &String| Message {
        severity,
        text: text.clone(),
        hint: String::new(),
    };
    let alerts = alerts.iter().map(|a| say(Severity::Error, a));
    alerts
        .chain(notes.iter().map(|n| say(Severity::Info, n)))
        .collect()
}

impl State {
    /// The state of a workspace that was just opened. `State::resume` then takes up what was under way.
    #[must_use]
    pub fn new(opened: Opened, seed: [u8; 32], samples: Vec<Sample>, workspace: PathBuf) -> Self {
        let records = opened.records;
        let shown = records
            .setting::<PatientId>(SHOWN_PATIENT)
            .filter(|id| records.patients.iter().any(|p| p.id == *id));
        let shown_series = records
            .time_points
            .iter()
            .filter_map(|t| {
                let series: SeriesId = records.setting(&look::shown_series_key(t.id))?;
                records
                    .series
                    .iter()
                    .any(|s| s.id == series)
                    .then_some((t.id, series))
            })
            .collect();
        let looks = records
            .series
            .iter()
            .filter_map(|s| Some((s.id, records.setting(&planes::planes_key(s.id))?)))
            .collect();
        let layout = records.setting::<Layout>(layout::LAYOUT);
        let messages = started(&opened.alerts, &opened.notes);
        let reader = records
            .setting::<ReaderId>(READER)
            .filter(|id| records.readers.iter().any(|r| r.id == *id));
        Self {
            ids: IdSource::new(seed, identifiers(&records)),
            shown,
            selected: None,
            shown_series,
            items: BTreeMap::new(),
            images: BTreeMap::new(),
            masks: BTreeMap::new(),
            preview: None,
            checks: checks::Checks::default(),
            previewed_last: None,
            proposal: None,
            twins: BTreeMap::new(),
            stale_twins: Vec::new(),
            sum: sums::Sum::default(),
            pictures: BTreeMap::new(),
            n_pictures: 0,
            three_planes: records.setting(planes::THREE_PLANES).unwrap_or(false),
            three_d: records.setting(surfaces::THREE_D).unwrap_or(false),
            slabs: BTreeMap::new(),
            surfaces: BTreeMap::new(),
            planes: looks,
            sections: BTreeMap::new(),
            fused: BTreeMap::new(),
            gauged: measurements::Gauged::default(),
            links: links::Links::default(),
            revision: 0,
            summaries: SummaryCache::default(),
            jobs: BTreeMap::new(),
            next_job: 0,
            under_way: VecDeque::new(),
            unsaved: VecDeque::new(),
            save_error: String::new(),
            messages,
            samples,
            workspace,
            dark: records.setting(DARK).unwrap_or(true),
            thumbnails: thumbnails::Thumbnails::default(),
            drafts: drafts::Drafts::default(),
            layout: layout.map(Layout::sound).unwrap_or_default(),
            keys: Arc::default(),
            last_report: String::new(),
            audit_head: String::new(),
            now: Timestamp::UNIX_EPOCH,
            reader,
            read_only: opened.read_only,
            ended_unclean: opened.unclean,
            histories: BTreeMap::new(),
            listed_history: None,
            versions: None,
            traced: None,
            files: None,
            shown_picture: None,
            header: None,
            erasing: None,
            n_refused: 0,
            crashes: Vec::new(),
            noted_fits: BTreeSet::new(),
            noted_sums: BTreeSet::new(),
            records,
        }
    }

    /// Takes up what was under way when the program ended: loads the shown patient, and segments
    /// gestures that have no mask yet.
    pub(super) fn resume(&mut self, now: Timestamp) -> Vec<Effect> {
        self.now = now;
        let mut effects = Vec::new();
        if let Some(patient) = self.shown {
            self.note_opening(patient, &mut effects);
            self.load_patient(patient, &mut effects);
        }
        if self.ended_unclean {
            // A power cut may have damaged what the disk said was written.
            let work = Work::CheckDatabase;
            self.start(mark!("Checking the database"), Lane::Io, work, &mut effects);
        }
        effects
    }

    fn absorb_soundness(&mut self, found: Result<Vec<String>, Failure>) {
        let what = match found {
            Ok(findings) => match &findings[..] {
                [] => return,
                [only] => only.clone(),
                [first, rest @ ..] => tr!("{first}, and {n} more findings", first, n = rest.len()),
            },
            Err(failure) => failure.text,
        };
        self.say(
            Severity::Error,
            tr!("The database of the workspace is damaged: {what}", what),
            tr!("Close the program and keep a copy of the folder. Then restore a backup, or copy what can be read with `oncotwin salvage`."),
        );
    }

    /// The record as it stands.
    #[must_use]
    pub const fn records(&self) -> &Records {
        &self.records
    }

    /// The patient shown.
    #[must_use]
    pub const fn shown_patient(&self) -> Option<PatientId> {
        self.shown
    }

    /// The lesion selected.
    #[must_use]
    pub const fn selected_lesion(&self) -> Option<LesionId> {
        self.selected
    }

    /// Messages on screen, oldest first.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Whether no job is running and no commit is on its way.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.jobs.is_empty() && self.under_way.is_empty()
    }

    /// The standing masks of the shown patient, time point by time point.
    #[must_use]
    pub fn shown_masks(&self) -> Vec<ShownMask> {
        let Some(patient) = self.shown else {
            return Vec::new();
        };
        let points = grouping::ordered(&self.records, patient);
        let mut shown = Vec::new();
        for (n, point) in points.iter().enumerate() {
            for lesion in self.lesions_of(patient) {
                let Some(mark) = self.annotation_at(lesion.id, point.id) else {
                    continue;
                };
                let mask = self.masks.get(&mark.id).and_then(Slot::ready);
                if let (Some(mask), Some(segmented)) = (mask, self.segmented(mark.id)) {
                    shown.push(ShownMask {
                        label: lesion.label.clone(),
                        time_point: n,
                        mask: Arc::clone(mask),
                        measured: segmented.measured.clone(),
                        confidence: segmented.confidence,
                    });
                }
            }
        }
        shown
    }

    /// The grid of the image that the shown patient's time point `n` shows, once it is loaded.
    #[must_use]
    pub fn shown_grid(&self, n: usize) -> Option<Arc<Grid>> {
        let points = grouping::ordered(&self.records, self.shown?);
        let series = self.series_shown_in(points.get(n)?.id)?;
        let image = self.images.get(&series).and_then(Slot::ready)?;
        Some(Arc::clone(image.volume.grid()))
    }

    /// What is told of a patient, made anew when the record or a twin has changed.
    pub(super) fn summary(&mut self, patient: PatientId) -> Arc<Summary> {
        if let Some(summary) = self.summaries.get(patient, self.revision) {
            return summary;
        }
        let summary = Arc::new(summary::of(self, patient));
        self.summaries
            .put(patient, self.revision, Arc::clone(&summary));
        summary
    }

    /// Asks every running job to stop.
    pub fn cancel_all(&self) {
        for running in self.jobs.values() {
            running.context.cancel.cancel();
        }
    }

    /// States the hash of the newest audit entry.
    pub fn set_audit_head(&mut self, head: String) {
        self.audit_head = head;
    }

    /// Starts a job and returns its number.
    pub(super) fn start(
        &mut self,
        name: &'static str,
        lane: Lane,
        work: Work,
        effects: &mut Vec<Effect>,
    ) -> JobId {
        if lane == Lane::Gesture {
            self.put_off_check();
        }
        let job = JobId(self.next_job);
        self.next_job += 1;
        let context = JobContext::default();
        let running = Running {
            name,
            context: context.clone(),
        };
        self.jobs.insert(job, running);
        effects.push(Effect::Start(Request {
            job,
            name,
            lane,
            context,
            work,
        }));
        job
    }

    /// Asks a job to stop.
    pub(super) fn cancel(&self, job: JobId) {
        if let Some(running) = self.jobs.get(&job) {
            running.context.cancel.cancel();
        }
    }

    /// Shows a message until it is dismissed; the same text is not shown twice.
    pub(super) fn say(
        &mut self,
        severity: Severity,
        text: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let message = Message {
            severity,
            text: text.into(),
            hint: hint.into(),
        };
        self.messages.retain(|m| *m != message);
        self.messages.push(message);
    }

    /// Says why a request was refused and what to do.
    pub(super) fn refuse(&mut self, text: impl Into<String>, hint: impl Into<String>) {
        self.n_refused += 1;
        self.say(Severity::Warning, text, hint);
    }

    pub(super) fn say_failure(&mut self, failure: &Failure) {
        self.say(Severity::Error, &*failure.text, &*failure.hint);
    }
}
