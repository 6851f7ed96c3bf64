//! What a person (or a review script) can ask for. The window sends nothing else.

use std::path::PathBuf;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::layout::Layout;
pub use super::state::fusion::Fusion;
use super::treatments::TreatmentEntry;
use crate::case::{
    AnnotationId, ImportedSize, LesionId, LesionRole, MaskStep, Meaning, MeasurementId, PatientId,
    ReaderId, ReaderRole, Schedule, SeriesId, StepId, TimePointId, TreatmentId, TreatmentKind,
    ValueSource,
};
use crate::draft::Found;
use crate::edit::{Edit, Operation};
use crate::geometry::Point;
use crate::jobs::JobId;
use crate::keymap;
use crate::measure::Figure;
use crate::reformat::Slab;
use crate::report::Format;
use crate::segment::Prompt;
use crate::twin::{PriorSet, ScenarioChange};
use crate::units::Mm;
use crate::volume::{ColourMap, PetStatement, WindowLevel};

/// How a series follows the other time points when one of them is turned or pointed at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkMode {
    /// To the same place of the body, as far as that is known.
    #[default]
    Position,
    /// Slices keep their distance.
    Offset,
    /// Not at all.
    Off,
}

/// A request. `State::apply` turns it into changes of state and effects.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Ask the user for files or a folder, then open them.
    ChooseOpen {
        /// Ask for a folder instead of files.
        folder: bool,
    },
    /// Open files or folders (drag and drop, command line, dialog).
    Open {
        /// What to open.
        paths: Vec<PathBuf>,
    },
    /// The system showed no dialog for files or folders: say what else can be done.
    NoDialog {
        /// It was to ask where the report goes.
        export: bool,
    },
    /// Look again into what was opened last; only what changed is read.
    LookAgain,
    /// Show or hide the list of files that were opened.
    ShowFiles {
        /// Show.
        shown: bool,
    },
    /// Show what a file holds: the series it belongs to, or its header where it belongs to none.
    LookAt {
        /// The file.
        path: PathBuf,
    },
    /// Show the header of a file.
    ShowHeader {
        /// Of which.
        of: HeaderOf,
    },
    /// Show a colour picture of what was opened last.
    ShowPicture {
        /// Zero-based item of the scan.
        item: usize,
        /// Zero-based picture of the item.
        frame: usize,
    },
    /// Close what [`Command::ShowPicture`] shows.
    HidePicture,
    /// Close what [`Command::ShowHeader`] shows.
    HideHeader,
    /// State why the studies of the shown patient, whose identities differ, belong to one person.
    StateOnePerson {
        /// Why; must not be empty.
        reason: String,
    },
    /// State how a PET series is counted, and what to believe in place of its header.
    StatePet {
        /// Which series.
        series: SeriesId,
        /// The statement; an empty one leaves all to the header.
        stated: PetStatement,
        /// Why; must not be empty where values of the header are replaced.
        reason: String,
    },
    /// Show another volume of a series over time, phase or weighting.
    ChooseFrame {
        /// Which series.
        series: SeriesId,
        /// Zero-based volume.
        frame: usize,
    },
    /// Join the stacks that a series was split into.
    JoinStacks {
        /// One of them.
        series: SeriesId,
    },
    /// Open one of the sample patients.
    OpenSample {
        /// Position in the chooser's list of samples.
        sample: usize,
    },
    /// Go back to the list of patients.
    ShowChooser,
    /// Show a patient of this workspace.
    ShowPatient {
        /// Whom.
        patient: PatientId,
    },
    /// Show a series in the column of its time point.
    ShowSeries {
        /// Which.
        series: SeriesId,
    },
    /// Show a slice of a series.
    SetSlice {
        /// Which series.
        series: SeriesId,
        /// Zero-based slice; clamped to the series.
        slice: usize,
    },
    /// Change the window of a series; `None` returns to the file's own.
    SetWindow {
        /// Which series.
        series: SeriesId,
        /// The new window.
        window: Option<WindowLevel>,
    },
    /// Set the window of a series by the values of its slice.
    AutoWindow {
        /// Which series.
        series: SeriesId,
        /// Opposite corners of a rectangle in the slice, LPS mm; `None` for the whole slice.
        region: Option<[Point; 2]>,
    },
    /// Show what was white black, and back.
    Invert {
        /// Which series.
        series: SeriesId,
    },
    /// Magnify and shift the picture of a series.
    SetZoom {
        /// Which series.
        series: SeriesId,
        /// Magnification; 1 fits the view.
        zoom: f64,
        /// Shift in picture pixels.
        pan: [f64; 2],
    },
    /// Say how a series follows the other time points.
    SetLink {
        /// Which.
        series: SeriesId,
        /// How.
        mode: LinkMode,
    },
    /// Find where a series lies beside that of the first time point; the result is proposed.
    Register {
        /// Which.
        series: SeriesId,
    },
    /// Find where every series that is shown and not linked by position lies beside that of the first
    /// time point.
    RegisterAll,
    /// The registration that is proposed of a series holds.
    AcceptRegistration {
        /// Which.
        series: SeriesId,
    },
    /// The registration of a series, proposed or accepted, goes.
    RemoveRegistration {
        /// Which.
        series: SeriesId,
    },
    /// Bring a place of a series into all planes that are shown of it, and of those linked to it.
    PointAt {
        /// Which series.
        series: SeriesId,
        /// The place, LPS mm.
        place: Point,
    },
    /// Show three planes of each time point, or slices alone.
    ShowPlanes {
        /// Whether three.
        three: bool,
    },
    /// Show lesions in space beside the pictures, or not.
    ShowThreeD {
        /// Whether.
        on: bool,
    },
    /// Magnify and shift a plane across the slices of a series.
    SetSectionZoom {
        /// Which series.
        series: SeriesId,
        /// Which of its two planes, from 0.
        across: usize,
        /// Magnification; 1 fits the view.
        zoom: f64,
        /// Shift in picture pixels.
        pan: [f64; 2],
    },
    /// Turn a plane across the slices of a series about an axis through the place where its planes
    /// meet.
    TurnPlane {
        /// Which series.
        series: SeriesId,
        /// Which of its two planes, from 0.
        across: usize,
        /// The axis, LPS; its length does not matter.
        about: [f64; 3],
        /// By how much, to the right about the axis.
        degrees: f64,
    },
    /// Lay the planes of a series straight across its slices again.
    StraightenPlanes {
        /// Which series.
        series: SeriesId,
    },
    /// Show slabs of a series in place of planes and slices.
    SetSlab {
        /// Which series.
        series: SeriesId,
        /// The slab; `None` for planes and slices.
        slab: Option<Slab>,
    },
    /// Leave out of everything that is shown who the patients are.
    HideIdentity {
        /// Whether it is left out.
        hidden: bool,
    },
    /// Lay another image of the patient in colour over a series.
    SetFusion {
        /// Which series.
        series: SeriesId,
        /// What lies over it; `None` for nothing.
        fusion: Option<Fusion>,
    },
    /// Show a series in colours.
    SetColours {
        /// Which series.
        series: SeriesId,
        /// Which colours.
        colours: ColourMap,
    },
    /// Select a lesion and bring it into view in every column, or select none, so that the next
    /// diameter starts a new lesion.
    SelectLesion {
        /// Which.
        lesion: Option<LesionId>,
    },
    /// A gesture was made: record it and make a mask of it, or correct the one that stands.
    Prompt {
        /// On which series.
        series: SeriesId,
        /// For which lesion; `None` starts a new one.
        lesion: Option<LesionId>,
        /// What was drawn.
        prompt: Prompt,
    },
    /// A mask was edited by hand.
    Edit {
        /// On which series.
        series: SeriesId,
        /// Of which lesion; `None` starts a new one, where the edit paints.
        lesion: Option<LesionId>,
        /// What was done.
        edit: Edit,
    },
    /// Join a mask with that of another lesion on the same image, or compare it with that. What is
    /// joined is one lesion from then on.
    Combine {
        /// The mark that is changed.
        annotation: AnnotationId,
        /// The mark of the other lesion.
        other: AnnotationId,
        /// How.
        op: Operation,
    },
    /// Cut a mask in two along a line in its slice, through all slices; the far side becomes a lesion
    /// of its own.
    SplitLesion {
        /// The mark.
        annotation: AnnotationId,
        /// The line, LPS mm.
        line: [Point; 2],
    },
    /// Show what the gesture under way would give.
    Preview {
        /// On which series.
        series: SeriesId,
        /// For which lesion; `None` for a new one.
        lesion: Option<LesionId>,
        /// What was drawn so far.
        step: MaskStep,
    },
    /// The gesture under way was called off.
    EndPreview,
    /// What the last gesture made stays.
    Accept,
    /// What the last gesture made goes, and what stood before comes back.
    Reject,
    /// Do what was offered with the mask: draw the diameter again in another slice, or divide the
    /// lesion in another way (slice by slice, or anew with the strokes in mind).
    TakeOffer,
    /// A line was drawn by hand, to be measured without a mask.
    Caliper {
        /// On which series.
        series: SeriesId,
        /// For which lesion; `None` starts a new one.
        lesion: Option<LesionId>,
        /// Its ends, LPS mm.
        line: [Point; 2],
    },
    /// A figure was drawn to measure something that is no lesion.
    AddMeasurement {
        /// On which series.
        series: SeriesId,
        /// The figure, LPS mm.
        figure: Figure,
        /// What it is of; may be empty.
        label: String,
    },
    /// A handle of a figure was dragged to a place.
    MoveHandle {
        /// Of which measurement.
        measurement: MeasurementId,
        /// Which handle, from 0, as [`Figure::handles`] lists them.
        handle: usize,
        /// The place, LPS mm.
        to: Point,
    },
    /// An end of the lines drawn by hand across a lesion was dragged to a place. The short axis stays
    /// at right angles to the long one; longer than that it becomes the long one.
    MoveCaliper {
        /// The mark that has the lines.
        annotation: AnnotationId,
        /// Which end, from 0: those of the longest diameter, then those of the short axis.
        handle: usize,
        /// The place, LPS mm.
        to: Point,
    },
    /// Say what a measurement is of.
    LabelMeasurement {
        /// Which.
        measurement: MeasurementId,
        /// In words; may be empty.
        label: String,
    },
    /// Take a measurement back.
    RemoveMeasurement {
        /// Which.
        measurement: MeasurementId,
    },
    /// Enter a size that somebody else measured.
    EnterSize {
        /// Of which lesion.
        lesion: LesionId,
        /// At which time point.
        time_point: TimePointId,
        /// The size.
        size: ImportedSize,
        /// Where it comes from, in words.
        reason: String,
    },
    /// Say which size of a mark RECIST counts; `None` leaves it to the rule.
    CountBy {
        /// Which mark.
        annotation: AnnotationId,
        /// The source.
        source: Option<ValueSource>,
    },
    /// Take a gesture and its mask back.
    RemoveAnnotation {
        /// Which.
        annotation: AnnotationId,
    },
    /// Let a gesture belong to another lesion; `None` gives it a lesion of its own.
    LinkAnnotation {
        /// Which.
        annotation: AnnotationId,
        /// The lesion it shall belong to.
        lesion: Option<LesionId>,
    },
    /// Edit what is said of a lesion.
    EditLesion {
        /// Which.
        lesion: LesionId,
        /// New label.
        label: String,
        /// Organ or site.
        organ: String,
        /// How RECIST counts it.
        role: LesionRole,
        /// Lymph node.
        nodal: bool,
    },
    /// Remove a lesion with all its gestures and masks.
    RemoveLesion {
        /// Which.
        lesion: LesionId,
    },
    /// Give the studies of a series' date a time point of their own.
    SplitTimePoint {
        /// A series of those to move.
        series: SeriesId,
    },
    /// Join two time points into one.
    MergeTimePoints {
        /// The one that stays.
        into: TimePointId,
        /// The one whose series move.
        from: TimePointId,
    },
    /// State the date of a time point whose files carry none.
    SetDate {
        /// Which.
        time_point: TimePointId,
        /// When.
        date: Date,
    },
    /// Enter a treatment.
    AddTreatment {
        /// What is known of it.
        treatment: TreatmentEntry,
    },
    /// Remove a treatment.
    RemoveTreatment {
        /// Which.
        treatment: TreatmentId,
    },
    /// Ask a what-if question; `None` takes it away.
    SetScenario {
        /// What shall be different.
        change: Option<ScenarioChange>,
    },
    /// Fit the lesions of the shown patient with other priors.
    ChoosePrior {
        /// Where they come from.
        prior: PriorSet,
    },
    /// Ask the user where to put the report, then write it.
    ChooseExport,
    /// Write the report of the shown patient.
    Export {
        /// Folder, made if absent.
        dir: PathBuf,
        /// What to write.
        formats: Vec<Format>,
    },
    /// Stop a running job.
    CancelJob {
        /// Which.
        job: JobId,
    },
    /// Take a message off the screen.
    DismissMessage {
        /// Position in the list shown.
        index: usize,
    },
    /// Take the last step of the shown patient back.
    Undo,
    /// Bring the step that was taken back last again.
    Redo,
    /// Undo or redo until this step is the last one that stands; `None` undoes all.
    JumpTo {
        /// Which.
        step: Option<StepId>,
    },
    /// Let this reader be the one who acts from now on; `None` for no named one.
    SetReader {
        /// Who.
        reader: Option<ReaderId>,
    },
    /// Enter a reader (or find the one of that name and role), who acts from now on.
    EnterReader {
        /// Name as printed in reports.
        name: String,
        /// Role.
        role: ReaderRole,
    },
    /// Mark the reading of a time point as reviewed.
    MarkReviewed {
        /// Which.
        time_point: TimePointId,
    },
    /// Sign the reading of a time point, which locks it.
    Sign {
        /// Which.
        time_point: TimePointId,
        /// What the signature means.
        meaning: Meaning,
    },
    /// Unlock a signed reading in order to change it.
    Amend {
        /// Which.
        time_point: TimePointId,
        /// Why; must not be empty.
        reason: String,
    },
    /// List the masks that were ever made of a lesion at the time point of this gesture.
    ShowVersions {
        /// The standing gesture.
        annotation: AnnotationId,
    },
    /// Close the list of masks.
    HideVersions,
    /// Compare two masks of the list: numbers, and both outlines on the slice.
    CompareVersions {
        /// Entry that made the first.
        a: StepId,
        /// Entry that made the second.
        b: StepId,
    },
    /// Let an earlier mask stand again, as a new step.
    RestoreVersion {
        /// Entry that made it.
        version: StepId,
    },
    /// Show where a number comes from.
    Trace {
        /// Which.
        subject: Subject,
    },
    /// Close what [`Command::Trace`] shows.
    HideTrace,
    /// Erase a patient for good: identity, images' places, lesions, masks and what the audit trail's
    /// journal holds.
    ErasePatient {
        /// Whom.
        patient: PatientId,
        /// Why; must not be empty.
        reason: String,
    },
    /// Put the crash report of an earlier session away.
    SettleCrash {
        /// Keep the file instead of deleting it.
        keep: bool,
    },
    /// Read the workspace again that was opened for reading only.
    Reload,
    /// Try again to save what could not be saved.
    RetrySave,
    /// Choose the light or the dark theme.
    SetDark {
        /// Dark.
        dark: bool,
    },
    /// Make the small picture of a patient for the list.
    MakeThumbnail {
        /// Of whom.
        patient: PatientId,
    },
    /// Arrange the panels, and choose how large everything is.
    SetLayout {
        /// How.
        layout: Layout,
    },
    /// Look for language models again.
    LookForModels,
    /// Let a language model draft a narrative of the shown patient; it enters no report.
    Draft {
        /// Which.
        model: Found,
    },
    /// Let a language model say what it sees on the slice of a series that is shown; it enters no report.
    Describe {
        /// Which model.
        model: Found,
        /// Which series.
        series: SeriesId,
    },
    /// Offer descriptions of images, which are an experiment.
    OfferDescriptions {
        /// Offer them.
        on: bool,
    },
    /// Put the description away, or stop writing it.
    DropDescription,
    /// Choose how much drafts are made of.
    SetDraftExtent {
        /// With more facts.
        long: bool,
    },
    /// Put the draft away, or stop writing it.
    DropDraft,
    /// Let go of the language model that is open.
    CloseModel,
    /// Choose what keys and mouse do; kept for this person, not for the workspace.
    SetKeys {
        /// Profile and own changes.
        settings: keymap::Settings,
    },
}

/// Whose header is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderOf {
    /// Of a file, which may lie in a zip archive.
    File(PathBuf),
    /// Of the slice that a series shows.
    Series(SeriesId),
}

/// A number on screen whose making can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Sizes of a lesion at a time point: drawn diameter, axes, volume, confidence.
    Size(AnnotationId),
    /// Sum of diameters, change and response at a time point.
    Response(TimePointId),
    /// Growth curve, doubling time and forecast of a lesion.
    Growth(LesionId),
    /// A fact of the narrative, by its number (`F12`).
    Fact(u32),
    /// The state of a reading.
    Reading(TimePointId),
}

/// The verbs of a review script (`oncotwin review`), in JSON `{"do": "open", …}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Open a file or folder.
    Open {
        /// What; relative paths are relative to the script.
        path: PathBuf,
    },
    /// Drag a diameter.
    Drag {
        /// Zero-based time point, in order of date.
        timepoint: usize,
        /// Zero-based series of that time point.
        #[serde(default)]
        item: usize,
        /// Start, LPS mm.
        p0: Point,
        /// End, LPS mm.
        p1: Point,
        /// Label of the lesion; created when new.
        lesion: String,
    },
    /// Make a gesture: the first makes a mask, later ones correct it.
    Prompt {
        /// Zero-based time point, in order of date.
        timepoint: usize,
        /// Zero-based series of that time point.
        #[serde(default)]
        item: usize,
        /// Label of the lesion; created when new.
        lesion: String,
        /// What is drawn (LPS mm).
        prompt: Prompt,
    },
    /// Edit a mask by hand.
    Edit {
        /// Zero-based time point, in order of date.
        timepoint: usize,
        /// Zero-based series of that time point.
        #[serde(default)]
        item: usize,
        /// Label of the lesion.
        lesion: String,
        /// What is done (LPS mm).
        edit: Edit,
    },
    /// Join the mask of a lesion with that of another, or compare it with that.
    Combine {
        /// Zero-based time point.
        timepoint: usize,
        /// Label of the lesion that is changed.
        lesion: String,
        /// Label of the other one.
        with: String,
        /// How.
        op: Operation,
    },
    /// Cut a lesion in two along a line in a slice.
    Cut {
        /// Zero-based time point.
        timepoint: usize,
        /// Label of the lesion.
        lesion: String,
        /// The line, LPS mm.
        line: [Point; 2],
    },
    /// Accept what the last gesture made.
    Accept,
    /// Reject what the last gesture made.
    Reject,
    /// Draw the diameter again in the slice that was offered.
    BetterSlice,
    /// Draw a line to be measured without a mask; across a line that stands it is the short axis.
    Caliper {
        /// Zero-based time point, in order of date.
        timepoint: usize,
        /// Zero-based series of that time point.
        #[serde(default)]
        item: usize,
        /// Label of the lesion; created when new.
        lesion: String,
        /// Its ends, LPS mm.
        line: [Point; 2],
    },
    /// Enter a size that somebody else measured.
    Size {
        /// Zero-based time point.
        timepoint: usize,
        /// Label of the lesion.
        lesion: String,
        /// The longest diameter, mm.
        long_mm: Mm,
        /// The short axis, mm.
        #[serde(default)]
        short_mm: Option<Mm>,
        /// Where it comes from, in words.
        #[serde(default)]
        reason: String,
    },
    /// Draw a figure to measure something that is no lesion.
    Measure {
        /// Zero-based time point, in order of date.
        timepoint: usize,
        /// Zero-based series of that time point.
        #[serde(default)]
        item: usize,
        /// The figure, LPS mm.
        figure: Figure,
        /// What it is of.
        #[serde(default)]
        label: String,
    },
    /// Drag a handle of a figure to a place.
    MoveHandle {
        /// Zero-based measurement, in the order in which they were drawn.
        measurement: usize,
        /// Which handle, from 0.
        handle: usize,
        /// The place, LPS mm.
        to: Point,
    },
    /// Drag an end of the lines drawn by hand across a lesion to a place.
    MoveCaliper {
        /// Zero-based time point.
        timepoint: usize,
        /// Label of the lesion.
        lesion: String,
        /// Which end, from 0: those of the longest diameter, then those of the short axis.
        handle: usize,
        /// The place, LPS mm.
        to: Point,
    },
    /// Say what a measurement is of.
    LabelMeasurement {
        /// Zero-based measurement.
        measurement: usize,
        /// In words.
        label: String,
    },
    /// Take a measurement back.
    RemoveMeasurement {
        /// Zero-based measurement.
        measurement: usize,
    },
    /// Say which size of a mark counts.
    Counts {
        /// Zero-based time point.
        timepoint: usize,
        /// Label of the lesion.
        lesion: String,
        /// The source; without one the rule decides.
        #[serde(default)]
        by: Option<ValueSource>,
    },
    /// Say what a lesion is.
    Lesion {
        /// Its label.
        lesion: String,
        /// Organ or site.
        #[serde(default)]
        organ: String,
        /// How RECIST counts it.
        #[serde(default = "target")]
        role: LesionRole,
        /// Lymph node.
        #[serde(default)]
        nodal: bool,
    },
    /// Let several labels be one lesion (the first).
    Link {
        /// Labels.
        lesions: Vec<String>,
    },
    /// Enter a treatment.
    Treatment {
        /// First day.
        date: Date,
        /// Kind.
        kind: TreatmentKind,
        /// Drug or technique.
        #[serde(default)]
        name: String,
        /// Dose.
        #[serde(default)]
        dose: Option<f64>,
        /// Unit of the dose.
        #[serde(default)]
        unit: String,
        /// Length in days.
        #[serde(default)]
        duration_days: f64,
        /// How a drug is given; where it is not said, dose and length have to tell.
        #[serde(default)]
        schedule: Option<Schedule>,
        /// Number of fractions of radiotherapy.
        #[serde(default)]
        fractions: Option<u32>,
    },
    /// State how a PET series is counted, and what to believe in place of its header.
    Pet {
        /// Zero-based time point.
        timepoint: usize,
        /// Zero-based series of that time point.
        #[serde(default)]
        item: usize,
        /// The statement.
        stated: PetStatement,
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// Show another volume of a series over time, phase or weighting.
    Frame {
        /// Zero-based time point.
        timepoint: usize,
        /// Zero-based series of that time point.
        #[serde(default)]
        item: usize,
        /// Zero-based volume.
        frame: usize,
    },
    /// Join the stacks that a series was split into.
    Join {
        /// Zero-based time point.
        timepoint: usize,
        /// Zero-based series of that time point: one of the stacks.
        #[serde(default)]
        item: usize,
    },
    /// Give the studies of one series a time point of their own.
    Split {
        /// Zero-based time point.
        timepoint: usize,
        /// Zero-based series of that time point.
        item: usize,
    },
    /// Join two time points.
    Merge {
        /// Zero-based time points; the first stays.
        timepoints: [usize; 2],
    },
    /// State the date of a time point.
    Date {
        /// Zero-based time point.
        timepoint: usize,
        /// When.
        date: Date,
    },
    /// Fit the twin (also done whenever a measurement changes).
    Fit,
    /// Fit with other priors.
    Prior {
        /// Where they come from.
        prior: PriorSet,
    },
    /// Ask a what-if question.
    WhatIf {
        /// What shall be different.
        scenario: ScenarioChange,
    },
    /// Write the report.
    Report {
        /// What to write.
        formats: Vec<Format>,
    },
    /// Take the last step back.
    Undo,
    /// Bring the step that was taken back last again.
    Redo,
    /// Undo or redo until this step is the last one that stands.
    Jump {
        /// Where to.
        to: JumpTo,
    },
    /// Say who acts from now on.
    Reader {
        /// Name as printed in reports.
        name: String,
        /// Role.
        #[serde(default = "radiologist")]
        role: ReaderRole,
    },
    /// Mark the reading of a time point as reviewed.
    Review {
        /// Zero-based time point.
        timepoint: usize,
    },
    /// Sign the reading of a time point.
    Sign {
        /// Zero-based time point.
        timepoint: usize,
        /// What the signature means.
        meaning: Meaning,
    },
    /// Unlock a signed reading.
    Amend {
        /// Zero-based time point.
        timepoint: usize,
        /// Why.
        reason: String,
    },
    /// Remove a lesion, or its mark at one time point.
    Remove {
        /// Its label.
        lesion: String,
        /// Zero-based time point; without one the whole lesion.
        #[serde(default)]
        timepoint: Option<usize>,
    },
    /// Let an earlier mask stand again.
    Restore {
        /// Label of the lesion.
        lesion: String,
        /// Zero-based time point.
        timepoint: usize,
        /// Zero-based mask, the oldest first.
        version: usize,
    },
    /// Erase the shown patient for good.
    Erase {
        /// Why.
        reason: String,
    },
}

/// Where a script jumps to in the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum JumpTo {
    /// Zero-based step, which then is the last one that stands.
    Step(usize),
    /// Before every step.
    Beginning(Beginning),
}

/// The word for the state before every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beginning {
    /// `"beginning"`
    Beginning,
}

const fn radiologist() -> ReaderRole {
    ReaderRole::Radiologist
}

const fn target() -> LesionRole {
    LesionRole::Target
}

/// A review script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Steps, in order.
    pub commands: Vec<Step>,
}
