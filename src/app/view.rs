//! The view model: everything the window draws, as plain data, formatted and with units.
//!
//! Built from the state for every frame by `State::view`; holds no logic of its own. Pictures are
//! shared (`Arc`) and carry a version, so that an unchanged picture is not uploaded again.

mod fusion;
mod measurement;
mod slice;
mod three_d;

use std::path::PathBuf;
use std::sync::Arc;

pub use fusion::{FusedPicture, FusedProbe, FusedView, FusionRow, FusionView};
pub use measurement::{DrawnFigure, FigureOf, FigureView};
pub use slice::{
    Crosshair, Outlines, Overlay, Picture, PixelMap, PlaneLine, Probe, ReferenceLine,
    SectionOutline, SectionView, SliceView, UptakeView,
};
pub use three_d::{BodyView, ThreeDView};

pub use super::command::{Fusion, HeaderOf, LinkMode, Subject};
pub use super::layout::{Layout, PanelKind, PanelLook, Side};
pub use crate::case::{
    AnnotationId, FrameOf, ImportedSize, LesionId, LesionRole, MaskStep, Meaning, MeasurementId,
    PatientId, ReaderId, ReaderRole, ReadingState, Schedule, SeriesId, StepId, TimePointId,
    TreatmentId, TreatmentKind, ValueSource,
};
use crate::draft::Found;
pub use crate::edit::{BrushShape, Edit, Keep, Operation};
pub use crate::geometry::{Letters, Point, Vec3};
pub use crate::jobs::JobId;
pub use crate::keymap::KeyMap;
pub use crate::measure::{Figure, FigureKind};
pub use crate::open::{HeaderRow, PetStated, Refusal};
pub use crate::reformat::{Projection, Slab};
pub use crate::segment::Prompt;
pub use crate::surface::Surface;
pub use crate::twin::{PriorSet, ScenarioChange};
use crate::units::Length;
pub use crate::volume::{ColourImage, ColourMap, PetStatement, UptakeKind, WindowLevel};

/// One frame's worth of everything.
#[derive(Clone, Debug)]
pub struct View {
    /// The patient shown; `None` shows the chooser.
    pub patient: Option<PatientView>,
    /// Samples and patients to choose from.
    pub chooser: ChooserView,
    /// Running jobs.
    pub jobs: Vec<JobRow>,
    /// Messages that stay until dismissed, newest last.
    pub messages: Vec<Message>,
    /// Whether everything shown is on disk.
    pub saved: Saved,
    /// Why nothing can be changed, and what to do: the workspace is open elsewhere, or its folder
    /// cannot be written. `None` when it can.
    pub read_only: Option<String>,
    /// Who acts, and who could.
    pub readers: ReadersView,
    /// Where a number comes from, when that was asked.
    pub trace: Option<TraceView>,
    /// What was opened last; `None` when nothing was.
    pub files: Option<FilesView>,
    /// A colour picture, when that was asked.
    pub picture: Option<PictureView>,
    /// The header of a file, when that was asked.
    pub header: Option<HeaderView>,
    /// Crash report of an earlier session that waits to be dealt with.
    pub crash: Option<CrashView>,
    /// Name of the workspace folder.
    pub workspace: String,
    /// Dark theme.
    pub dark: bool,
    /// Who the patients are is not shown.
    pub hidden: bool,
    /// Where the panels are.
    pub layout: Layout,
    /// What keys and mouse do.
    pub keys: Arc<KeyMap>,
}

/// What was opened last.
#[derive(Clone, Debug, Default)]
pub struct FilesView {
    /// Whether the list is to be seen.
    pub shown: bool,
    /// Files and folders that were opened.
    pub roots: Vec<String>,
    /// The scan, while it runs.
    pub scanning: Option<JobId>,
    /// Files found by the scan.
    pub n_found: usize,
    /// Files looked at.
    pub n_read: usize,
    /// The tree, as far as it is known.
    pub list: Arc<FileList>,
}

/// The tree of what was opened.
#[derive(Clone, Debug, Default)]
pub struct FileList {
    /// Patients, studies, series and refused files, in order.
    pub rows: Vec<FileRow>,
    /// Files that are none of ours.
    pub others: Vec<FileRow>,
    /// Number of files that were refused while the others are still coming in.
    pub n_refused: usize,
}

impl FileList {
    /// Number of rows of this state.
    #[must_use]
    pub fn count(&self, state: FileState) -> usize {
        let of = |row: &&FileRow| row.state() == Some(state);
        self.rows.iter().filter(of).count()
    }
}

/// What became of a series or file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Loaded exactly.
    Loaded,
    /// Loaded with named warnings.
    Warned,
    /// Refused with the reason.
    Refused,
}

impl FileState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Loaded, Self::Warned, Self::Refused];

    /// What it is called, and the word that a search knows it by.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Warned => "warned",
            Self::Refused => "refused",
        }
    }
}

/// What a row of the tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A patient.
    Patient,
    /// A study.
    Study,
    /// A series or file.
    Item,
    /// Something that was refused.
    Refused,
    /// Something that is none of ours.
    Other,
    /// A head over rows.
    Heading,
}

/// A row of the tree.
#[derive(Clone, Debug)]
pub struct FileRow {
    /// What it is.
    pub kind: FileKind,
    /// Depth in the tree.
    pub depth: usize,
    /// Name, date or description.
    pub title: String,
    /// Kind, size and counts.
    pub detail: String,
    /// Codes and messages.
    pub warnings: Vec<(String, String)>,
    /// Why it was refused.
    pub error: Option<Arc<Refusal>>,
    /// Its first file.
    pub path: Option<PathBuf>,
    /// Number of the item, where it holds colour pictures to look at.
    pub picture: Option<usize>,
}

impl FileRow {
    /// What became of it; `None` for what only stands over others or is none of ours.
    #[must_use]
    pub const fn state(&self) -> Option<FileState> {
        match self.kind {
            FileKind::Item | FileKind::Refused => Some(if self.error.is_some() {
                FileState::Refused
            } else if self.warnings.is_empty() {
                FileState::Loaded
            } else {
                FileState::Warned
            }),
            FileKind::Patient | FileKind::Study | FileKind::Other | FileKind::Heading => None,
        }
    }

    pub(super) const fn new(kind: FileKind, depth: usize) -> Self {
        Self {
            kind,
            depth,
            title: String::new(),
            detail: String::new(),
            warnings: Vec::new(),
            error: None,
            path: None,
            picture: None,
        }
    }
}

/// A colour picture: shown, never measured.
#[derive(Clone, Debug)]
pub struct PictureView {
    /// Zero-based item of the scan.
    pub item: usize,
    /// Zero-based picture of the item.
    pub frame: usize,
    /// Number of pictures.
    pub n_frames: usize,
    /// What it is.
    pub title: String,
    /// The picture; while the next one is read, the one before.
    pub image: Option<Arc<ColourImage>>,
    /// It is still being read.
    pub pending: bool,
    /// Why it could not be read; empty when it could.
    pub error: String,
}

/// The header of a file.
#[derive(Clone, Debug)]
pub struct HeaderView {
    /// The file.
    pub path: String,
    /// Its format.
    pub format: String,
    /// Its elements; shared, since they may be many.
    pub rows: Arc<[HeaderRow]>,
    /// It is still being read.
    pub pending: bool,
    /// Why it could not be read; empty when it could.
    pub error: String,
}

impl Default for HeaderView {
    fn default() -> Self {
        Self {
            path: String::new(),
            format: String::new(),
            rows: Arc::new([]),
            pending: false,
            error: String::new(),
        }
    }
}

/// The page about a warning or refusal, in Markdown, by its code.
#[must_use]
pub fn code_page(code: &str) -> Option<&'static str> {
    crate::warning::explained(code).map(|(_, page)| page)
}

/// Readers of this workspace.
#[derive(Clone, Debug, Default)]
pub struct ReadersView {
    /// Who acts now.
    pub current: Option<ReaderId>,
    /// All, in order of entry.
    pub all: Vec<ReaderRow>,
}

/// A reader.
#[derive(Clone, Debug)]
pub struct ReaderRow {
    /// Who.
    pub id: ReaderId,
    /// Name.
    pub name: String,
    /// Role.
    pub role: ReaderRole,
}

/// Where a number comes from: from the number back to the files.
#[derive(Clone, Debug, Default)]
pub struct TraceView {
    /// The number, for example `L2 · Follow-up 1 · long axis 23.4 mm`.
    pub title: String,
    /// Stages, the last first; each was made of those below it that are indented deeper.
    pub nodes: Vec<TraceNode>,
    /// The trail is still being read.
    pub pending: bool,
}

/// One stage on the way to a number.
#[derive(Clone, Debug, Default)]
pub struct TraceNode {
    /// Distance from the number.
    pub depth: usize,
    /// The stage or act, for example `Segmentation` or `Drawn diameter`.
    pub title: String,
    /// Name and value: version, parameters, inputs, reader, time, audit entry, hashes.
    pub lines: Vec<(String, String)>,
}

/// A crash report of an earlier session.
#[derive(Clone, Debug)]
pub struct CrashView {
    /// File.
    pub path: String,
    /// When and where in the program.
    pub summary: String,
    /// The whole report, as it would be passed on; holds no patient data.
    pub text: String,
}

/// The list shown at start.
#[derive(Clone, Debug, Default)]
pub struct ChooserView {
    /// Sample patients that come with the program.
    pub samples: Vec<SampleRow>,
    /// Patients of this workspace, those first who were looked at last.
    pub patients: Vec<PatientRow>,
}

/// A sample patient.
#[derive(Clone, Debug)]
pub struct SampleRow {
    /// Name.
    pub title: String,
    /// What it is, and its licence.
    pub detail: String,
    /// Whether its files are there; otherwise `detail` says how to get them.
    pub available: bool,
}

/// A patient of the workspace.
#[derive(Clone, Debug)]
pub struct PatientRow {
    /// Whom.
    pub id: PatientId,
    /// Name and patient number.
    pub title: String,
    /// Time points, lesions, last date.
    pub detail: String,
    /// A slice of an image of theirs.
    pub thumbnail: Thumbnail,
}

/// A small picture of a patient.
#[derive(Clone, Debug)]
pub enum Thumbnail {
    /// Nobody asked for it yet.
    Unknown,
    /// Another one is being made, or this one.
    Pending,
    /// There is none.
    Without,
    /// There it is.
    Made(Arc<Picture>),
}

/// A running job.
#[derive(Clone, Debug)]
pub struct JobRow {
    /// Which.
    pub id: JobId,
    /// What it does.
    pub name: String,
    /// The step under way.
    pub step: String,
    /// 0–1.
    pub fraction: f32,
}

/// How serious a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// For information.
    Info,
    /// Something to know before trusting a number.
    Warning,
    /// Something failed.
    Error,
}

/// A message: what, where, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How serious.
    pub severity: Severity,
    /// What happened.
    pub text: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

/// Whether the record on disk is what the screen shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// Every gesture is on disk.
    All,
    /// This many commits are on their way.
    Pending(usize),
    /// A commit failed, for this reason; what it held is not on disk.
    Failed(String),
}

/// One patient, all time points.
#[derive(Clone, Debug)]
pub struct PatientView {
    /// Whom.
    pub id: PatientId,
    /// Name.
    pub name: String,
    /// Patient number, birth date, sex.
    pub detail: String,
    /// Why these studies may be of several persons; `None` when they are not, or when somebody
    /// stated why not.
    pub dispute: Option<String>,
    /// Time points, oldest first.
    pub columns: Vec<ColumnView>,
    /// Three planes are shown of each, instead of slices alone.
    pub three_planes: bool,
    /// Lesions are shown in space beside the pictures.
    pub three_d: bool,
    /// Lesion table.
    pub lesions: Vec<LesionRow>,
    /// The lesion that the next diameter belongs to; `None` starts a new one.
    pub selected: Option<LesionId>,
    /// What was made of the last gesture, to be accepted or rejected.
    pub proposal: Option<ProposalView>,
    /// Sum of diameters and response, one entry per column.
    pub response: Vec<ResponseCell>,
    /// Growth curve of the selected lesion (or of the first).
    pub growth: GrowthView,
    /// Forecast of the sum of diameters of the target lesions.
    pub sum: SumView,
    /// Treatments in order.
    pub treatments: Vec<TreatmentRow>,
    /// The what-if question asked; `None` when none is.
    pub scenario: Option<ScenarioChange>,
    /// Narrative sentences with the facts they rest on.
    pub narrative: Vec<NarrativeRow>,
    /// What a language model writes; `None` where none is looked for.
    pub draft: Option<DraftView>,
    /// Where the last report went; empty when none was written.
    pub last_report: String,
    /// Steps of the record that can be undone and redone.
    pub history: HistoryView,
    /// Masks ever made of a lesion at a time point, when they were asked for.
    pub versions: Option<VersionsView>,
}

/// What was done to the record of a patient, as steps.
#[derive(Clone, Debug, Default)]
pub struct HistoryView {
    /// Steps that stand, then steps that were undone and can be redone; oldest first. Shared, since
    /// they may be many and seldom change.
    pub steps: Arc<[Arc<HistoryRow>]>,
    /// How many of them stand; the others were undone.
    pub standing: usize,
    /// What undoing takes back; `None` when there is nothing.
    pub undo: Option<String>,
    /// What redoing brings again; `None` when there is nothing.
    pub redo: Option<String>,
    /// Steps of earlier sessions are still being read.
    pub pending: bool,
}

/// A step of the history.
#[derive(Clone, Debug)]
pub struct HistoryRow {
    /// Which.
    pub id: StepId,
    /// What, for example `Draw L2 · Follow-up 1`.
    pub title: String,
    /// Name of the reader; empty for an unnamed one.
    pub who: String,
    /// Local date and time.
    pub when: String,
    /// Why, where a reason was stated.
    pub reason: String,
}

/// Masks of one lesion at one time point.
#[derive(Clone, Debug)]
pub struct VersionsView {
    /// The standing gesture.
    pub annotation: AnnotationId,
    /// For example `L2 · Follow-up 1`.
    pub title: String,
    /// Oldest first.
    pub rows: Vec<VersionRow>,
    /// The trail is still being read.
    pub pending: bool,
    /// The two that are compared.
    pub compared: Option<[StepId; 2]>,
    /// The comparison, name and value, once it is made: Dice, volumes, voxels in one only,
    /// largest distance.
    pub comparison: Vec<(String, String)>,
}

/// A mask that was made.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// Entry that made it.
    pub id: StepId,
    /// Local date and time.
    pub when: String,
    /// Reader.
    pub who: String,
    /// Engine and gesture, for example `growcut/1 from a drawn diameter of 31.2 mm`.
    pub what: String,
    /// Why, where stated; what became of it (replaced, undone, removed).
    pub why: String,
    /// Axes with unit.
    pub axes: String,
    /// Volume with unit.
    pub volume: String,
    /// Confidence, 0–1.
    pub confidence: f64,
    /// It is the one that stands.
    pub standing: bool,
}

/// The reading of a time point.
#[derive(Clone, Debug, Default)]
pub struct ReadingView {
    /// Its state.
    pub state: ReadingState,
    /// Who, when and with what meaning, for example `Signed by A. Reader (radiologist), approval,
    /// 2026-03-01 10:12`; empty for a draft that never was anything else.
    pub text: String,
    /// What was signed is not what stands now (the record was altered outside the program).
    pub broken: bool,
    /// A lesion is marked, so that there is something to review.
    pub has_content: bool,
    /// Earlier states, oldest first, one line each, with the reasons of amendments.
    pub history: Vec<String>,
}

/// One time point.
#[derive(Clone, Debug)]
pub struct ColumnView {
    /// Which.
    pub id: TimePointId,
    /// `Baseline` or `Follow-up 2`.
    pub title: String,
    /// Date and day, for example `2024-05-02 · day 62`; says so when unknown.
    pub date: String,
    /// No date is known; the window asks for one.
    pub needs_date: bool,
    /// Its sum of diameters is the smallest of several.
    pub is_nadir: bool,
    /// Series to choose from.
    pub series: Vec<SeriesTab>,
    /// The series shown; `None` while it loads or when it could not be loaded.
    pub shown: Option<SliceView>,
    /// The planes across the slices, where three planes are shown and there are any.
    pub sections: Vec<SectionView>,
    /// Why neither three planes nor lesions in space can be shown of this series, where they are
    /// asked for.
    pub no_planes: Option<&'static str>,
    /// Lesions in space, where they are shown.
    pub three_d: Option<ThreeDView>,
    /// How the series follows the other time points; `None` where there are none.
    pub link: Option<LinkView>,
    /// Why nothing is shown: loading, or an error.
    pub status: String,
    /// How far the reading has come.
    pub reading: ReadingView,
}

/// How a series follows the other time points.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkView {
    /// Which.
    pub series: SeriesId,
    /// How it is to follow.
    pub mode: LinkMode,
    /// What that rests on.
    pub trust: LinkTrust,
    /// The same in words.
    pub text: String,
    /// It is being aligned.
    pub pending: bool,
    /// The alignment that waits for a word.
    pub proposed: Option<RegistrationView>,
    /// The others are aligned to this one.
    pub is_reference: bool,
    /// An alignment is part of the link.
    pub is_registered: bool,
}

/// What a link rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkTrust {
    /// One frame of reference, as the scanner states.
    Frame,
    /// A registration that a reader accepted.
    Registered,
    /// A registration that nobody has accepted yet.
    Proposed,
    /// Positions of slices alone.
    Offset,
    /// Nothing is known.
    Unknown,
    /// It is not to follow.
    Off,
}

/// A registration that waits for a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationView {
    /// What was found, in a line.
    pub text: String,
    /// What to know before trusting it.
    pub warnings: Vec<String>,
}

/// A series of a time point.
#[derive(Clone, Debug)]
pub struct SeriesTab {
    /// Which.
    pub id: SeriesId,
    /// Modality and description.
    pub label: String,
    /// Whether it is the one shown.
    pub shown: bool,
    /// Named warnings, `W-…: text`.
    pub warnings: Vec<String>,
    /// It is one of several stacks of one series.
    pub is_split: bool,
}

/// What was made of the last gesture, to be accepted or rejected.
#[derive(Clone, Debug)]
pub struct ProposalView {
    /// The mark.
    pub annotation: AnnotationId,
    /// On which series.
    pub series: SeriesId,
    /// Label of the lesion.
    pub label: String,
    /// Position of the lesion, for its colour.
    pub color: usize,
    /// The mask is still being made.
    pub pending: bool,
    /// What was made, in a line; why not, where nothing was.
    pub text: String,
    /// Why the mask wants a second look: it depends on just where the hand was; may be empty.
    pub depends: String,
    /// The mask counts for nothing as it is.
    pub doubtful: bool,
    /// What may be better.
    pub offer: Option<OfferView>,
}

/// What is offered beside what a gesture has made.
#[derive(Clone, Debug, PartialEq)]
pub enum OfferView {
    /// The same diameter in another slice (zero-based).
    Slice(usize),
    /// The whole lesion divided in another way, drawn as a preview.
    Whole {
        /// Followed slice by slice; otherwise anew with the strokes in mind.
        by_slice: bool,
        /// Its volume with unit.
        volume: String,
    },
}

/// One lesion over all time points.
#[derive(Clone, Debug)]
pub struct LesionRow {
    /// Which.
    pub id: LesionId,
    /// Label.
    pub label: String,
    /// Organ.
    pub organ: String,
    /// How RECIST counts it.
    pub role: LesionRole,
    /// Lymph node.
    pub nodal: bool,
    /// Position in the list, for its colour.
    pub color: usize,
    /// One entry per column; `None` where it was not marked.
    pub cells: Vec<Option<LesionCell>>,
}

/// One lesion at one time point.
#[derive(Clone, Debug)]
pub struct LesionCell {
    /// The gesture.
    pub annotation: AnnotationId,
    /// Drawn diameter, as text with unit.
    pub drawn: String,
    /// Measured axes `32.1 × 20.4 mm`; empty while segmenting.
    pub axes: String,
    /// Volume with unit; empty while segmenting.
    pub volume: String,
    /// Change of the RECIST diameter against the first time point, for example `−12 %`.
    pub change: String,
    /// Confidence of the mask, 0–1; `None` while segmenting.
    pub confidence: Option<f64>,
    /// How much the mask depends on just where the hand was: 1 not at all; `None` until it is known, and
    /// where it was edited by hand.
    pub consistency: Option<f64>,
    /// That is little: the mask wants a second look.
    pub depends: bool,
    /// Axes and volume of the mask can be counted on.
    pub counts: bool,
    /// The diameter that RECIST counts, with unit; empty where there is none.
    pub recist: String,
    /// Where it comes from.
    pub source: Option<ValueSource>,
    /// What a reader chose to count; `None` where the rule decides.
    pub chosen: Option<ValueSource>,
    /// What there is to choose from, each with its diameter.
    pub sources: Vec<(ValueSource, String)>,
    /// Volume in which voxels at the border count with their share; may be empty.
    pub partial_volume: String,
    /// Warnings `W-…: text`, or why there is no mask.
    pub warnings: Vec<String>,
    /// Still being segmented.
    pub pending: bool,
    /// Where the number came from, for hovering: engine, version, mask hash, time.
    pub provenance: String,
    /// The reading is signed: nothing of it can be changed before it is amended.
    pub locked: bool,
}

/// Response at one time point.
#[derive(Clone, Debug, Default)]
pub struct ResponseCell {
    /// Sum of diameters with unit, or why there is none.
    pub sum: String,
    /// The number, for plotting.
    pub sum_value: Option<Length>,
    /// Change from baseline and from nadir.
    pub change: String,
    /// CR, PR, SD, PD, NE; empty at baseline.
    pub category: String,
    /// Probability of each category, for example `PR 83 % · SD 17 %`.
    pub probability: String,
    /// The rule, in a sentence.
    pub why: String,
}

/// Growth curve of one lesion.
#[derive(Clone, Debug, Default)]
pub struct GrowthView {
    /// Label of the lesion; empty when there is nothing to show.
    pub title: String,
    /// Which lesion.
    pub lesion: Option<LesionId>,
    /// What is plotted, with unit, for example `Volume (mL)`.
    pub y_label: String,
    /// Observed points: day, value, column.
    pub points: Vec<GrowthPoint>,
    /// Forecast of the plan that was followed.
    pub factual: Vec<BandPoint>,
    /// The last value with the spread that other lesions showed, from the last scan on: the forecast
    /// where no model has skill. Empty where models speak, and under a what-if question, which is
    /// about models.
    pub local: Vec<BandPoint>,
    /// The what-if arm.
    pub scenario: Vec<BandPoint>,
    /// Name of the what-if arm.
    pub scenario_label: String,
    /// What acts on the lesion as planned, by the events that the twin reads.
    pub treated: Vec<ActView>,
    /// What would act from its day on under the what-if question.
    pub scenario_treated: Vec<ActView>,
    /// Last observation carried forward, plotted units.
    pub locf: Option<f64>,
    /// Day beyond which the curve fades.
    pub horizon_day: f64,
    /// Whether data determine the scenario's difference; false is hatched and labelled.
    pub identified: bool,
    /// Statements below the plot: doubling time, who forecasts, progression, ladder, why not
    /// identified.
    pub notes: Vec<String>,
    /// The fitted models, the heaviest first.
    pub models: Vec<ModelView>,
    /// Where the priors come from that it is, or is being, fitted with.
    pub prior: PriorSet,
    /// What is said of a size too small to measure, for example `below 5 mm`.
    pub limit: String,
    /// A fit is under way.
    pub pending: bool,
}

/// Forecast of the sum of diameters of a patient's target lesions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SumView {
    /// The sum at the next scan and the probability of progression; empty where nothing can be said.
    pub forecast: String,
    /// Whether models that have shown skill say so for every target; false is drawn weakly.
    pub by_models: bool,
    /// Whose forecast it is, on what it is judged, or why there is none.
    pub notes: Vec<String>,
    /// It is being worked out.
    pub pending: bool,
}

/// How something that acts on a lesion is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActShape {
    /// A dose of a drug, at once.
    Dose,
    /// A drug, or radiotherapy without known fractions, over days.
    Span,
    /// A fraction of radiotherapy.
    Fraction,
    /// An operation.
    Surgery,
}

/// Something that acts on a lesion.
#[derive(Clone, Debug, PartialEq)]
pub struct ActView {
    /// Drug or technique.
    pub name: String,
    /// How it is drawn.
    pub shape: ActShape,
    /// Day after baseline on which it happens or begins.
    pub from: f64,
    /// Day on which it ends; that of its beginning where it takes no time.
    pub to: f64,
}

/// One fitted model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelView {
    /// Name.
    pub name: String,
    /// Weight in the average, 0–1.
    pub weight: f64,
    /// Expected log predictive density of a measurement left out, summed; `None` for fewer than three.
    pub elpd: Option<f64>,
    /// Akaike's criterion with the small-sample correction; `None` where there are too few
    /// measurements for it.
    pub aicc: Option<f64>,
    /// Its parameters.
    pub parameters: Vec<ParameterView>,
    /// Day and standardised residual of each measurement; `None` for what was too small to measure.
    pub residuals: Vec<(f64, Option<f64>)>,
}

/// Posterior of one parameter, ready to print.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParameterView {
    /// In words, with the drug where it is of one.
    pub name: String,
    /// Median with unit.
    pub median: String,
    /// 90 % interval with unit.
    pub interval: String,
    /// Share of the prior variance that is gone, 0–1.
    pub contraction: f64,
    /// Whether the data tell it; false is the prior speaking.
    pub identified: bool,
}

/// An observed size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GrowthPoint {
    /// Day after baseline.
    pub day: f64,
    /// Value in plotted units.
    pub value: f64,
    /// Lower end of the measurement's 90 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Column it was measured in.
    pub column: usize,
    /// Absent or too small to measure: the value is the limit, and the size lies below it.
    pub below_limit: bool,
}

impl BandPoint {
    /// A band of no width.
    #[must_use]
    pub const fn of_one(day: f64, value: f64) -> Self {
        Self {
            day,
            q05: value,
            q25: value,
            q50: value,
            q75: value,
            q95: value,
        }
    }
}

/// Quantiles of a curve on one day, in plotted units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandPoint {
    /// Day after baseline.
    pub day: f64,
    /// 5 %.
    pub q05: f64,
    /// 25 %.
    pub q25: f64,
    /// Median.
    pub q50: f64,
    /// 75 %.
    pub q75: f64,
    /// 95 %.
    pub q95: f64,
}

/// A treatment.
#[derive(Clone, Debug)]
pub struct TreatmentRow {
    /// Which.
    pub id: TreatmentId,
    /// Date, kind, name, dose, length.
    pub text: String,
}

/// A language model, and what it wrote.
#[derive(Clone, Debug)]
pub struct DraftView {
    /// Models on this computer.
    pub models: Vec<DraftModel>,
    /// Drafts are made of more facts.
    pub is_long: bool,
    /// The draft.
    pub state: DraftState,
    /// Descriptions of images, where they are offered.
    pub description: Option<DescriptionView>,
    /// What the machine has for models, and what takes it, line by line.
    pub resources: Vec<String>,
    /// A model is open.
    pub is_open: bool,
}

/// What a model says of an image.
#[derive(Clone, Debug)]
pub struct DescriptionView {
    /// Images that are shown: their names, and for [`super::Command::Describe`].
    pub images: Vec<(String, SeriesId)>,
    /// The image that is or was described; empty where there is none.
    pub title: String,
    /// The description.
    pub state: DraftState,
}

/// A language model on this computer.
#[derive(Clone, Debug)]
pub struct DraftModel {
    /// Its name.
    pub name: String,
    /// How large it is.
    pub size: String,
    /// In how many bits it would be held, and with how much memory; or why it cannot be.
    pub needs: Result<String, String>,
    /// It sees images.
    pub sees: bool,
    /// For [`super::Command::Draft`].
    pub found: Found,
}

/// A draft.
#[derive(Clone, Debug)]
pub enum DraftState {
    /// There is none.
    None,
    /// Something else is being written.
    Busy,
    /// It is being written.
    UnderWay {
        /// What was written so far.
        text: String,
        /// What is being done.
        step: String,
        /// How far that is, 0–1.
        fraction: f32,
    },
    /// It is there.
    Made {
        /// Its words.
        text: String,
        /// It ends where it had to end.
        is_cut: bool,
        /// The facts are others now.
        is_old: bool,
        /// What it was made of, and by what, line by line.
        provenance: Vec<String>,
    },
    /// It could not be written.
    Failed {
        /// Why.
        text: String,
        /// What to do.
        hint: String,
    },
}

/// One sentence of the narrative.
#[derive(Clone, Debug)]
pub struct NarrativeRow {
    /// The sentence.
    pub text: String,
    /// The facts behind its numbers: number of the fact, and
    /// `F3: long axis of L1 at 2024-03-01 = 32.1 mm`.
    pub facts: Vec<(u32, String)>,
}
