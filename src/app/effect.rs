//! What the state asks the world to do, and what the world answers. Plain descriptions: the one
//! interpreter is [`super::Session`].

use std::path::PathBuf;
use std::sync::Arc;

use crate::case::{
    AnnotationId, BaseMask, DeltaRef, LesionId, MaskStep, PatientId, Series, SeriesId,
    SeriesSource, TimePointId, Transaction,
};
use crate::draft;
use crate::geometry::Grid;
use crate::jobs::{Cancelled, JobContext, JobId, Lane};
use crate::keymap;
use crate::measure::Measured;
use crate::open::{self, Item, Refusal};
use crate::reformat::{Plane, Slab};
use crate::register::Registration;
use crate::report::Format;
use crate::segment::{BetterSlice, Prompt};
use crate::store;
use crate::surface::Surface;
use crate::units::Bulk;
use crate::volume::{ColourImage, Mask, PetStatement, Volume, WindowLevel};
use crate::warning::Warning;

use super::report_input::ReportInput;
use super::steps::Before;
use super::sum_input::{SumInput, SumResult};
use super::trace::Outline;
use super::twin_input::{TwinInput, TwinResult};
use super::versions::{Asked, Compared, Version};
use super::view::{Picture, TraceView};

/// Something to be done outside the state.
#[derive(Debug)]
pub(super) enum Effect {
    /// Commit to disk; the answer is [`Event::Committed`] or [`Event::CommitFailed`].
    Commit(Box<Transaction>),
    /// Run a job; the answer is [`Event::Job`].
    Start(Request),
    /// Ask the user for files or a folder; answered by a command.
    AskOpen {
        /// A folder instead of files.
        folder: bool,
    },
    /// Open the workspace again.
    Reload,
    /// Put a crash report away.
    SettleCrash {
        /// The file.
        path: PathBuf,
        /// Keep it instead of deleting it.
        keep: bool,
    },
    /// Keep what keys and mouse do in the user's configuration.
    KeepKeys(keymap::Settings),
    /// Ask the user for a folder to put the report into; answered by a command.
    AskExport,
}

/// A job to run.
#[derive(Debug)]
pub(super) struct Request {
    /// Identifier, chosen by the state.
    pub job: JobId,
    /// What it does, for people; no patient data.
    pub name: &'static str,
    /// Where it runs.
    pub lane: Lane,
    /// Cancel token and progress.
    pub context: JobContext,
    /// The work.
    pub work: Work,
}

/// Work for a job.
#[derive(Debug)]
pub(super) enum Work {
    /// Find out what files hold.
    Scan {
        /// Files and folders.
        paths: Vec<PathBuf>,
        /// Where to tell what was found so far.
        watch: open::Watch,
    },
    /// Make a small picture of a patient.
    Thumbnail {
        /// Of what.
        of: Box<ThumbnailOf>,
    },
    /// Read the header of a file.
    Header {
        /// Which.
        path: PathBuf,
    },
    /// Make the synthetic sample study, then scan it.
    MakePhantom {
        /// Where to.
        out: PathBuf,
        /// Where to tell what was found so far.
        watch: open::Watch,
    },
    /// Join the stacks that these files were split into.
    Join {
        /// What the user had opened.
        root: PathBuf,
        /// Files of all of them.
        files: Vec<PathBuf>,
        /// The visit that they belong to.
        visit: TimePointId,
    },
    /// Read a colour picture.
    Picture {
        /// Of which item.
        item: Box<Item>,
        /// Which of its pictures.
        frame: usize,
    },
    /// Read the pixels of a series.
    Load {
        /// Which.
        series: SeriesId,
        /// The scanned item, when it was scanned in this session.
        item: Option<Arc<Item>>,
        /// Where it is.
        source: SeriesSource,
        /// Fingerprint of the files when they were entered.
        fingerprint: String,
        /// What of it, and how.
        read_as: ReadAs,
    },
    /// Find the rigid transform between two images of a patient.
    Register {
        /// The second one's series.
        moving_series: SeriesId,
        /// The first.
        fixed: Arc<Volume>,
        /// The second.
        moving: Arc<Volume>,
        /// Whether their headers state one frame of reference.
        same_frame_of_reference: bool,
    },
    /// Make a slab to look at.
    Slab {
        /// Of which image.
        volume: Arc<Volume>,
        /// Its middle, in the space of the image.
        plane: Plane,
        /// Thickness and projection.
        slab: Slab,
    },
    /// Make the surface of a mask.
    Surface {
        /// Of which.
        mask: Arc<Mask>,
    },
    /// Make a mask from a gesture and measure it.
    Segment {
        /// The gesture.
        annotation: AnnotationId,
        /// What was drawn.
        steps: Vec<MaskStep>,
        /// The mask that the first steps have made, where one stood.
        base: Option<BaseMask>,
        /// What all steps but the last have made, where it is at hand.
        previous: Option<Previous>,
        /// On which image.
        volume: Arc<Volume>,
        /// What the image is made of, for the stage cache: the fingerprint of its files, and what a
        /// reader stated of it.
        fingerprint: String,
    },
    /// Work out how much a mask depends on just where the hand was.
    Check {
        /// The gestures that made it.
        steps: Vec<MaskStep>,
        /// The mask that they have made (SHA-256, hex).
        mask_sha256: String,
        /// On which image.
        volume: Arc<Volume>,
        /// What the image is made of, for the stage cache.
        fingerprint: String,
    },
    /// Divide a whole lesion in another way, to be offered.
    Divide {
        /// In which.
        way: Prompt,
        /// What was drawn.
        steps: Vec<MaskStep>,
        /// What that has made.
        made: Previous,
        /// On which image.
        volume: Arc<Volume>,
    },
    /// Make a mask of a gesture under way, to be shown only.
    Preview {
        /// What was drawn.
        steps: Vec<MaskStep>,
        /// What all steps but the last have made.
        previous: Option<Previous>,
        /// On which image.
        volume: Arc<Volume>,
    },
    /// Read a mask that was made before.
    LoadMask {
        /// The gesture it belongs to.
        annotation: AnnotationId,
        /// The artifact that holds it.
        artifact_sha256: String,
        /// The grid it lives on.
        grid: Arc<Grid>,
    },
    /// Fit the twin of a lesion and project it.
    Twin {
        /// Which lesion.
        lesion: LesionId,
        /// Observations, treatments, scenario.
        input: Box<TwinInput>,
    },
    /// Forecast the sum of a patient's target lesions.
    Sum {
        /// Whose.
        patient: PatientId,
        /// Diameters and treatments.
        input: Arc<SumInput>,
    },
    /// Read the steps of a patient's record from the audit trail.
    History {
        /// Whose.
        patient: PatientId,
    },
    /// Read the masks that were ever made of a lesion at a time point.
    Versions {
        /// Which.
        asked: Box<Asked>,
    },
    /// Compare two masks.
    Compare {
        /// The grid that both live on.
        grid: Arc<Grid>,
        /// The artifacts that hold them.
        artifacts: [String; 2],
    },
    /// Ask whether the database is sound.
    CheckDatabase,
    /// Read what the audit trail says of a number.
    Trace {
        /// What the record says of it.
        outline: Box<Outline>,
    },
    /// Look for language models.
    FindModels,
    /// Let a language model write about a patient.
    Draft {
        /// About whom.
        patient: PatientId,
        /// What it is to be made of.
        input: Box<DraftInput>,
    },
    /// Let go of the language model that is open.
    CloseModel,
    /// Write the report.
    Export {
        /// Everything it says.
        input: Box<ReportInput>,
        /// Where to.
        dir: PathBuf,
        /// What to write.
        formats: Vec<Format>,
    },
}

/// An answer of the world.
#[derive(Debug)]
pub(super) enum Event {
    /// A job ended.
    Job {
        /// Which.
        job: JobId,
        /// How.
        result: JobResult,
    },
    /// The oldest commit under way is on disk.
    Committed,
    /// The oldest commit under way failed; what it held is not on disk.
    CommitFailed {
        /// Why, and what to do.
        reason: String,
    },
    /// What was committed stands, but something beside it failed.
    Trouble {
        /// What.
        reason: String,
    },
}

/// How a job ended.
#[derive(Debug)]
pub(super) enum JobResult {
    /// It answered.
    Done(Answer),
    /// It was cancelled.
    Cancelled,
    /// It broke; a defect of the program.
    Panicked(String),
}

/// What a small picture of a patient is made of.
#[derive(Debug)]
pub(super) struct ThumbnailOf {
    /// The item, where it was scanned in this session.
    pub item: Option<Arc<Item>>,
    /// Its files.
    pub source: SeriesSource,
    /// Fingerprint of them.
    pub fingerprint: String,
    /// How it is read.
    pub read_as: ReadAs,
    /// Artifact of the mask through which the slice goes.
    pub mask: Option<String>,
}

/// What of a series is read, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ReadAs {
    /// Zero-based volume of a series over time, phase or weighting.
    pub frame: usize,
    /// What a reader stated of a PET series.
    pub pet: Option<PetStatement>,
}

impl ReadAs {
    /// As the record says.
    pub(super) fn of(series: &Series) -> Self {
        Self {
            frame: series.frame_index(),
            pet: series.pet,
        }
    }
}

/// A loaded series.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The item, as it was scanned.
    pub item: Arc<Item>,
    /// What was read, and how.
    pub read_as: ReadAs,
    /// The image.
    pub volume: Arc<Volume>,
    /// The window to show it with.
    pub window: WindowLevel,
    /// Fingerprint of the files as they are now.
    pub fingerprint: String,
}

/// A mask with its measurement, already on disk as an artifact.
#[derive(Debug)]
pub(super) struct MadeMask {
    /// The mask.
    pub mask: Arc<Mask>,
    /// The artifact that holds it.
    pub artifact_sha256: String,
    /// The run of the stage that made it.
    pub stage: StageRun,
    /// What was measured.
    pub measured: Measured,
    /// Volume with shares of voxels at the border.
    pub partial_volume: Option<Bulk>,
    /// Slices that were filled from their neighbours.
    pub propagated: Vec<usize>,
    /// A slice in which the same gesture would fit better.
    pub better_slice: Option<BetterSlice>,
    /// What the last step changed, where it was an edit.
    pub delta: Option<DeltaRef>,
    /// The engine's confidence, 0–1.
    pub confidence: f64,
    /// Warnings of engine and measurement.
    pub warnings: Vec<Warning>,
}

/// A whole lesion divided in another way.
#[derive(Clone, Debug)]
pub(super) struct Divided {
    /// In which.
    pub way: Prompt,
    /// Its mask.
    pub mask: Arc<Mask>,
    /// Its volume.
    pub volume: Bulk,
}

/// How much a mask depends on just where the hand was.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    /// Mean Dice with the masks of gestures a pixel or two beside, 0–1.
    pub consistency: f64,
    /// The run of the stage that worked it out.
    pub stage: StageRun,
}

/// What all steps of a mark but the last have made.
#[derive(Clone, Debug)]
pub(super) struct Previous {
    /// The mask.
    pub mask: Arc<Mask>,
    /// Slices of it that were filled from their neighbours.
    pub propagated: Vec<usize>,
}

impl Previous {
    /// As steps take it.
    pub(super) fn before(&self) -> Before<'_> {
        Before {
            mask: &self.mask,
            propagated: &self.propagated,
        }
    }
}

/// Which run of which stage made a result.
#[derive(Clone, Debug)]
pub(super) struct StageRun {
    /// Name of the stage.
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// Key under which the result is cached (hex).
    pub key: String,
    /// Parameters beside the gesture.
    pub params: serde_json::Value,
}

/// A failure in words: what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// What happened, where.
    pub text: String,
    /// What to do; may be empty.
    pub hint: String,
}

impl Failure {
    /// A failure without advice.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            hint: String::new(),
        }
    }
}

/// The answer of a job, matching its [`Work`].
#[derive(Debug)]
pub(super) enum Answer {
    /// Items found, each with the fingerprint of its files (empty for items without pixels), and
    /// what sidecars say of treatments.
    Scanned(Result<Scanned, Refusal>),
    /// What stacks of a visit were joined to.
    Joined(TimePointId, Result<Scanned, Failure>),
    /// A colour picture.
    Picture(Result<ColourImage, Failure>),
    /// A small picture of a patient.
    Thumbnail(Result<Arc<Picture>, Failure>),
    /// Header of a file.
    Header(Result<open::Header, Failure>),
    /// Pixels of a series.
    Loaded(SeriesId, Result<Loaded, Failure>),
    /// Where a series lies beside that of the first time point, or why that was not found.
    Registered(SeriesId, Result<Box<Registration>, String>),
    /// Mask of a gesture.
    Segmented(AnnotationId, Result<MadeMask, Failure>),
    /// How much a mask depends on the hand; `None` where its gestures do not make it again.
    Checked(Option<Checked>),
    /// The whole lesion divided in another way; `None` where that cannot be, or changes hardly anything.
    Divided(Option<Divided>),
    /// Mask of a gesture under way.
    Previewed(Result<Arc<Mask>, Failure>),
    /// Mask read back.
    MaskLoaded(AnnotationId, Result<Arc<Mask>, Failure>),
    /// Twin of a lesion.
    Twin(LesionId, Result<Box<TwinResult>, Failure>),
    /// Forecast of the sum of a patient's target lesions.
    Sum(PatientId, Result<Box<SumResult>, Failure>),
    /// Steps of a patient's record, oldest first.
    History(PatientId, Result<Vec<store::Step>, Failure>),
    /// Values of a slab.
    Layered(Vec<f32>),
    /// The surface of a mask.
    Surfaced(Result<Surface, Cancelled>),
    /// Masks that were made, oldest first.
    Versions(Result<Vec<Version>, Failure>),
    /// Two masks compared.
    Compared(Result<Box<Compared>, Failure>),
    /// What is wrong with the database.
    DatabaseChecked(Result<Vec<String>, Failure>),
    /// Where a number comes from.
    Traced(Result<TraceView, Failure>),
    /// Models that were found, and what there is for them; `None` without a folder for them.
    Models(Option<(Vec<draft::Offer>, draft::Resources)>),
    /// What a model wrote about a patient.
    Drafted(PatientId, Result<Box<draft::Draft>, Failure>),
    /// The model was let go, if there was one.
    ModelClosed(bool),
    /// Files written.
    Exported(Result<Exported, Failure>),
}

/// What a scan found.
#[derive(Debug)]
pub(super) struct Scanned {
    /// What was opened.
    pub roots: Vec<PathBuf>,
    /// Items with fingerprints.
    pub items: Vec<(Item, String)>,
    /// Treatments of sidecars, with the patient number they belong to (empty: the only patient).
    pub treatments: Vec<open::SidecarTreatment>,
}

/// What a draft is to be made of.
#[derive(Debug)]
pub(super) struct DraftInput {
    /// By which model.
    pub model: draft::Found,
    /// What it is to do.
    pub task: draft::Task,
    /// For models that see: the largest lesion at its visits, or the image that is to be described.
    pub slices: Vec<ShownSlice>,
    /// How much is read and written.
    pub extent: draft::Extent,
    /// Where words appear as they are written.
    pub words: draft::Words,
}

/// A slice as it is shown.
#[derive(Debug)]
pub(super) struct ShownSlice {
    /// Of this image.
    pub volume: Arc<Volume>,
    /// Its number.
    pub slice: usize,
    /// In this window.
    pub window: WindowLevel,
}

/// What an export wrote.
#[derive(Debug)]
pub(super) struct Exported {
    /// The folder.
    pub dir: PathBuf,
    /// SHA-256 (hex) of the files, in the order written.
    pub sha256: Vec<String>,
    /// SHA-256 (hex) of the sentences, a line each.
    pub narrative_sha256: String,
}
