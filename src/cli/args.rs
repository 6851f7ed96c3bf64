//! The shape of the command line.

mod model;
mod models;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::case::MaskStep;
use crate::geometry::Point;
use crate::measure::Figure;
use crate::report::Format;
use crate::twin::Model;
pub(super) use model::{GenerateArgs, ModelArgs, ScoreArgs};
pub(super) use models::{FetchArgs, ImportArgs, ModelsArgs, ModelsVerb};

/// Tumour digital twins on one workstation. Research use only, not for diagnosis.
#[derive(Parser)]
#[command(name = "oncotwin", version = crate::app::VERSION, args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    /// What to do without a window.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// For the window.
    #[command(flatten)]
    pub window: WindowArgs,
    /// Also print what the libraries that read files remark.
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// Arguments of the window.
#[derive(ClapArgs)]
pub struct WindowArgs {
    /// Workspace folder (default: the platform's data directory).
    #[arg(long = "case", value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Files and folders to open.
    pub paths: Vec<PathBuf>,
}

/// The verbs.
#[derive(Subcommand)]
pub(super) enum Verb {
    /// List what files and folders hold.
    Inspect(InspectArgs),
    /// List the header of a file: every element before the pixels.
    Header(HeaderArgs),
    /// Print the page about a warning or refusal.
    Explain(ExplainArgs),
    /// Write a series or a mask as NIfTI.
    Convert(ConvertArgs),
    /// Segment a lesion from a drawn diameter.
    Segment(SegmentArgs),
    /// Measure a mask, or figures.
    Measure(MeasureArgs),
    /// Align two images of the same body by a rotation and a translation.
    Register(RegisterArgs),
    /// Fit growth models to a table of sizes.
    Fit(FitArgs),
    /// Project sizes into the future, with and without a change of treatment.
    Project(ProjectArgs),
    /// Write the report of a patient of a workspace.
    Report(ReportArgs),
    /// Replay a scripted review without a window.
    Review(ReviewArgs),
    /// Make a synthetic longitudinal study.
    Phantom(PhantomArgs),
    /// Check or export the audit trail of a workspace.
    Audit(AuditArgs),
    /// Write a workspace as one file.
    Backup(BackupArgs),
    /// Unpack a backup as a new workspace.
    Restore(RestoreArgs),
    /// Copy what can be read of a damaged workspace into a new one.
    Salvage(SalvageArgs),
    /// Look through the reports of crashes.
    Crashes(CrashesArgs),
    /// Show where a number, a mask or an audit entry comes from.
    Trace(TraceArgs),
    /// List the steps of a patient's record.
    History(HistoryArgs),
    /// List the masks that were ever made of a lesion at a time point.
    Versions(VersionsArgs),
    /// Erase a patient for good; the audit trail stays whole.
    Erase(EraseArgs),
    /// Let a language model on this machine draft the narrative of a patient, unchecked.
    Draft(DraftArgs),
    /// List, fetch, take over and check the models on this machine.
    Models(ModelsArgs),
    /// Let a model on this machine answer a prompt.
    Generate(GenerateArgs),
    /// How likely a model on this machine finds a text, token by token.
    Score(ScoreArgs),
    /// Measure the program, or prove what it claims.
    Bench(BenchArgs),
}

impl Verb {
    /// Whether the answer is one JSON document.
    #[must_use]
    pub(super) const fn is_json(&self) -> bool {
        match self {
            Self::Inspect(a) => a.json,
            Self::Header(a) => a.json,
            Self::Explain(a) => a.json,
            Self::Convert(a) => a.json,
            Self::Segment(a) => a.json,
            Self::Measure(a) => a.json,
            Self::Register(a) => a.json,
            Self::Fit(a) => a.json,
            Self::Project(a) => a.json,
            Self::Report(a) => a.json,
            Self::Review(a) => a.json,
            Self::Phantom(a) => a.json,
            Self::Audit(a) => a.json,
            Self::Backup(a) => a.json,
            Self::Restore(a) => a.json,
            Self::Salvage(a) => a.json,
            Self::Crashes(a) => a.json,
            Self::Trace(a) => a.json,
            Self::History(a) => a.json,
            Self::Versions(a) => a.json,
            Self::Erase(a) => a.json,
            Self::Draft(a) => a.json,
            Self::Models(a) => a.json,
            Self::Generate(a) => a.json,
            Self::Score(a) => a.json,
            Self::Bench(a) => a.json,
        }
    }
}

/// Arguments of `oncotwin header`.
#[derive(ClapArgs)]
pub(super) struct HeaderArgs {
    /// A DICOM, NIfTI, NRRD or MetaImage file, also inside a zip archive (`study.zip/series/1.dcm`).
    pub path: PathBuf,
    /// Only rows whose tag, keyword, private creator or value hold this text.
    #[arg(long, value_name = "TEXT")]
    pub find: Option<String>,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `oncotwin explain`.
#[derive(ClapArgs)]
pub(super) struct ExplainArgs {
    /// Code of the warning or refusal, for example `W-GAP` or `E-DICOM`.
    pub code: String,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin inspect`
#[derive(ClapArgs)]
pub(super) struct InspectArgs {
    /// Files and folders.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Join stacks of one series that differ only in image type, echo, kernel, stack or weighting.
    #[arg(long)]
    pub join: bool,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Which image is meant.
#[derive(ClapArgs)]
pub(super) struct ImageArgs {
    /// Image: file or folder.
    pub path: PathBuf,
    /// Which item of it (see `inspect`).
    #[arg(long)]
    pub item: Option<usize>,
    /// Which volume of a 4-D item, counted from 0.
    #[arg(long, default_value_t = 0)]
    pub frame: usize,
    /// Join stacks of one series that differ only in image type, echo, kernel, stack or weighting;
    /// items are then counted as `inspect --join` lists them.
    #[arg(long)]
    pub join: bool,
}

/// `oncotwin convert`
#[derive(ClapArgs)]
pub(super) struct ConvertArgs {
    #[command(flatten)]
    pub image: ImageArgs,
    /// File to write, `.nii.gz`.
    #[arg(long)]
    pub out: PathBuf,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// How a lesion is pointed at.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Tool {
    /// Drag along the longest diameter, from p0 to p1.
    Drag,
    /// Click at p0.
    Point,
    /// Box from corner p0 to corner p1.
    Box,
    /// Longest diameter from p0 to p1, and the short axis from q0 to q1: measured without a mask.
    Caliper,
}

/// `oncotwin segment`
#[derive(ClapArgs)]
pub(super) struct SegmentArgs {
    #[command(flatten)]
    pub image: ImageArgs,
    /// First gesture, of one or two points.
    #[arg(long, value_enum, default_value = "drag")]
    pub tool: Tool,
    /// Its first point: x,y,z in LPS mm.
    #[arg(long, value_parser = parse_point, allow_hyphen_values = true)]
    pub p0: Option<Point>,
    /// Its second point: x,y,z in LPS mm.
    #[arg(long, value_parser = parse_point, allow_hyphen_values = true)]
    pub p1: Option<Point>,
    /// First end of a caliper's second line.
    #[arg(long, value_parser = parse_point, allow_hyphen_values = true)]
    pub q0: Option<Point>,
    /// Second end of a caliper's second line.
    #[arg(long, value_parser = parse_point, allow_hyphen_values = true)]
    pub q1: Option<Point>,
    /// A step, in the order given: KIND:x,y,z;x,y,z… (drag, box, point+, point-, lasso+, lasso-, and
    /// with @RADIUS in mm scribble+, scribble-, brush, eraser), fill-between, fill-holes, largest-part,
    /// smooth@MM, grow@MM, shrink@MM, or JSON as in the `steps` of the answer.
    #[arg(long = "step", value_name = "STEP", value_parser = super::steps::parse, allow_hyphen_values = true)]
    pub steps: Vec<MaskStep>,
    /// File with a JSON list of steps, done before those of --step.
    #[arg(long, value_name = "FILE")]
    pub steps_file: Option<PathBuf>,
    /// Mask to correct, on the image's grid; without it the first step makes one.
    #[arg(long, value_name = "MASK")]
    pub mask: Option<PathBuf>,
    /// Which label of that mask, by number or by name; needed where there are several.
    #[arg(long, requires = "mask")]
    pub label: Option<crate::export::Label>,
    /// Points are voxel indices i,j,k instead of mm.
    #[arg(long)]
    pub ijk: bool,
    /// Mask to add to the result of all steps, on the image's grid; may be given several times.
    #[arg(long, value_name = "MASK")]
    pub merge: Vec<PathBuf>,
    /// Mask to take away from it.
    #[arg(long, value_name = "MASK")]
    pub subtract: Vec<PathBuf>,
    /// Mask to keep what it shares with.
    #[arg(long, value_name = "MASK")]
    pub intersect: Vec<PathBuf>,
    /// Engine.
    #[arg(long, default_value = "auto", value_parser = ["auto", "growcut"])]
    pub engine: String,
    /// Mask to write, `.nii.gz`; needed but for a caliper.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin measure`
#[derive(ClapArgs)]
pub(super) struct MeasureArgs {
    #[command(flatten)]
    pub image: ImageArgs,
    /// Mask, NIfTI, on the image's grid.
    #[arg(required_unless_present = "figures")]
    pub mask: Option<PathBuf>,
    /// A figure to measure in place of a mask, as JSON (see `figures.schema.json`): length,
    /// bidirectional, angle, ellipse, polygon, sphere or probe.
    #[arg(long = "figure", id = "figures", value_name = "JSON", value_parser = super::figures::parse, conflicts_with = "mask")]
    pub figures: Vec<Figure>,
    /// Places of figures are voxels (i, j, k), counted from 0, instead of LPS mm.
    #[arg(long, requires = "figures")]
    pub ijk: bool,
    /// Which label of the mask, by number or by name; needed where there are several.
    #[arg(long, conflicts_with = "figures")]
    pub label: Option<crate::export::Label>,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// How likeness is measured.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum MetricArg {
    /// Correlation within CT and within PET, mutual information otherwise.
    Auto,
    /// Normalised cross-correlation.
    Ncc,
    /// Mutual information.
    Mi,
}

/// `oncotwin register`
#[derive(ClapArgs)]
pub(super) struct RegisterArgs {
    /// Image whose points are mapped: file or folder.
    pub fixed: PathBuf,
    /// Image that they are mapped to.
    pub moving: PathBuf,
    /// Which item of the fixed image's path (see `inspect`).
    #[arg(long)]
    pub item_fixed: Option<usize>,
    /// Which item of the moving image's path.
    #[arg(long)]
    pub item_moving: Option<usize>,
    /// Which volume of a fixed 4-D item, counted from 0.
    #[arg(long, default_value_t = 0)]
    pub frame_fixed: usize,
    /// Which volume of a moving 4-D item.
    #[arg(long, default_value_t = 0)]
    pub frame_moving: usize,
    /// Join stacks of one series, as `inspect --join` lists them.
    #[arg(long)]
    pub join: bool,
    /// How likeness is measured.
    #[arg(long, value_enum, default_value = "auto")]
    pub metric: MetricArg,
    /// Seed of the sample points.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// File to write: `.tfm` (ITK, maps fixed points to moving points) or `.json`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// How lesions are fitted.
#[derive(ClapArgs)]
pub(super) struct TwinArgs {
    /// Model; `auto` averages several that suit what was given.
    #[arg(long, default_value = "auto", value_parser = model_names())]
    pub model: String,
    /// Population that priors come from.
    #[arg(long, default_value = "generic", value_parser = prior_names())]
    pub prior: String,
    /// How well sizes are read; `auto` goes by the columns reader and slice_mm.
    #[arg(
        long,
        default_value = "auto",
        value_parser = ["auto", "same-reader", "different-readers", "same-algorithm"]
    )]
    pub noise: String,
    /// Seed of the posterior.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

fn model_names() -> clap::builder::PossibleValuesParser {
    std::iter::once("auto")
        .chain(crate::twin::Model::ALL.map(crate::twin::Model::name))
        .collect::<Vec<_>>()
        .into()
}

fn prior_names() -> clap::builder::PossibleValuesParser {
    crate::twin::PriorSet::ALL
        .map(crate::twin::PriorSet::name)
        .to_vec()
        .into()
}

/// `oncotwin fit`
#[derive(ClapArgs)]
pub(super) struct FitArgs {
    /// Table: patient,lesion,day,value,unit.
    pub table: PathBuf,
    /// Treatments: patient,day,kind,name,dose,unit,duration_days; fractions if known.
    #[arg(long)]
    pub events: Option<PathBuf>,
    #[command(flatten)]
    pub twin: TwinArgs,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin project`
#[derive(ClapArgs)]
pub(super) struct ProjectArgs {
    /// Table: patient,lesion,day,value,unit.
    pub table: PathBuf,
    /// Treatments: patient,day,kind,name,dose,unit,duration_days; fractions if known.
    #[arg(long)]
    pub events: Option<PathBuf>,
    /// Days to project to.
    #[arg(
        long = "at-days",
        value_delimiter = ',',
        required = true,
        allow_hyphen_values = true
    )]
    pub at_days: Vec<f64>,
    /// What shall be different, JSON.
    #[arg(long)]
    pub scenario: Option<PathBuf>,
    #[command(flatten)]
    pub twin: TwinArgs,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin report`
#[derive(ClapArgs)]
pub(super) struct ReportArgs {
    /// Workspace folder (default: the platform's data directory).
    #[arg(long = "case", value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Folder to write into.
    #[arg(long)]
    pub out: PathBuf,
    /// Documents to write.
    #[arg(long, value_delimiter = ',', value_parser = parse_format, default_value = "html,md,csv")]
    pub format: Vec<Format>,
    /// Patient number, where the workspace holds several.
    #[arg(long)]
    pub patient: Option<String>,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin draft`
#[derive(ClapArgs)]
pub(super) struct DraftArgs {
    /// Workspace folder (default: the platform's data directory).
    #[arg(long = "case", value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// A GGUF file, a folder with safetensors, or the name of a model in `ONCOTWIN_MODELS`.
    #[arg(long, value_name = "FILE|DIR|NAME")]
    pub model: PathBuf,
    /// Patient number, where the workspace holds several.
    #[arg(long)]
    pub patient: Option<String>,
    /// With more facts: a context of 4096 tokens in place of 2048.
    #[arg(long)]
    pub long: bool,
    /// Instead of a narrative, say what is seen on the slice through the first lesion: an experiment, no finding.
    #[arg(long)]
    pub describe: bool,
    /// Time point of that slice, counted from 1 (default: the last one that shows an image).
    #[arg(long, value_name = "N", requires = "describe")]
    pub visit: Option<usize>,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin review`
#[derive(ClapArgs)]
pub(super) struct ReviewArgs {
    /// Workspace folder (default: the platform's data directory).
    #[arg(long = "case", value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// The script, JSON.
    #[arg(long)]
    pub script: PathBuf,
    /// Folder for reports and masks.
    #[arg(long)]
    pub out: PathBuf,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin phantom`
#[derive(ClapArgs)]
pub(super) struct PhantomArgs {
    /// Folder to write into.
    #[arg(long)]
    pub out: PathBuf,
    /// Seed of noise and shapes.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Size.
    #[arg(long, default_value = "small", value_parser = ["small", "ct500", "ct1000"])]
    pub preset: String,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin audit`
#[derive(ClapArgs)]
pub(super) struct AuditArgs {
    /// What to do with the audit trail.
    #[command(subcommand)]
    pub verb: AuditVerb,
    /// Answer with one JSON document.
    #[arg(long, global = true)]
    pub json: bool,
}

/// Verbs of `oncotwin audit`.
#[derive(Subcommand)]
pub(super) enum AuditVerb {
    /// Walk the chain and recompute every hash.
    Verify {
        /// Workspace folder (default: the platform's data directory).
        #[arg(long = "case", value_name = "DIR")]
        workspace: Option<PathBuf>,
        /// A hash printed in a report; it must be in the trail.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// Write the whole trail to a file for other programs.
    Export {
        /// Workspace folder (default: the platform's data directory).
        #[arg(long = "case", value_name = "DIR")]
        workspace: Option<PathBuf>,
        /// Form of the file.
        #[arg(long, value_enum)]
        format: TrailFormat,
        /// File to write.
        #[arg(long)]
        out: PathBuf,
    },
}

/// `oncotwin trace`
#[derive(ClapArgs)]
pub(super) struct TraceArgs {
    /// Id or hash (6 digits or more), audit entry (#12), fact (F12), or lesion at a time point (L1@2).
    pub id: String,
    /// Workspace folder (default: the platform's data directory).
    #[arg(long = "case", value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Patient number, where the workspace holds several.
    #[arg(long)]
    pub patient: Option<String>,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin history`
#[derive(ClapArgs)]
pub(super) struct HistoryArgs {
    /// Workspace folder (default: the platform's data directory).
    #[arg(long = "case", value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Patient number, where the workspace holds several.
    #[arg(long)]
    pub patient: Option<String>,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin versions`
#[derive(ClapArgs)]
pub(super) struct VersionsArgs {
    /// Workspace folder (default: the platform's data directory).
    #[arg(long = "case", value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Patient number, where the workspace holds several.
    #[arg(long)]
    pub patient: Option<String>,
    /// Label of the lesion.
    #[arg(long)]
    pub lesion: String,
    /// Zero-based time point, in order of date.
    #[arg(long)]
    pub timepoint: usize,
    /// Two zero-based versions to compare.
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    pub compare: Vec<usize>,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin erase`
#[derive(ClapArgs)]
pub(super) struct EraseArgs {
    /// Workspace folder (default: the platform's data directory).
    #[arg(long = "case", value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Patient number.
    #[arg(long)]
    pub patient: String,
    /// Why; kept in the audit trail, so it must not name anybody.
    #[arg(long)]
    pub reason: String,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin backup`
#[derive(ClapArgs)]
pub(super) struct BackupArgs {
    /// Workspace folder (default: the platform's data directory).
    #[arg(long = "case", value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// File to write, `NAME.oncotwin-backup`; it must not exist.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin restore`
#[derive(ClapArgs)]
pub(super) struct RestoreArgs {
    /// The backup.
    pub backup: PathBuf,
    /// Workspace folder to make, absent or empty (default: the platform's data directory).
    #[arg(long = "case", value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin salvage`
#[derive(ClapArgs)]
pub(super) struct SalvageArgs {
    /// The damaged workspace, which is only read (default: the platform's data directory).
    #[arg(long = "case", value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Workspace folder to make, absent or empty.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin crashes`
#[derive(ClapArgs)]
pub(super) struct CrashesArgs {
    /// What to do with the reports.
    #[command(subcommand)]
    pub verb: CrashVerb,
    /// Answer with one JSON document.
    #[arg(long, global = true)]
    pub json: bool,
}

/// Verbs of `oncotwin crashes`.
#[derive(Subcommand)]
pub(super) enum CrashVerb {
    /// List the reports that were not dealt with, newest first.
    List,
    /// Print a report.
    Show {
        /// The report.
        path: PathBuf,
    },
    /// Move a report to those that were dealt with.
    Keep {
        /// The report.
        path: PathBuf,
    },
    /// Delete a report.
    Delete {
        /// The report.
        path: PathBuf,
    },
}

/// Forms of an exported audit trail.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum TrailFormat {
    /// A table; with names, reasons and what changed.
    Csv,
    /// JSON Lines; with names, reasons and what changed.
    Json,
    /// DICOM audit messages, one per line; ids and codes only.
    Dicom,
}

/// `oncotwin bench`
#[derive(ClapArgs)]
pub(super) struct BenchArgs {
    /// What to measure.
    #[command(subcommand)]
    pub verb: BenchVerb,
    /// Answer with one JSON document.
    #[arg(long, global = true)]
    pub json: bool,
}

/// Verbs of `oncotwin bench`.
#[derive(Clone, Subcommand)]
pub(super) enum BenchVerb {
    /// Open series beside SimpleITK and dcm2niix.
    Load {
        /// Folder of image sets (default: the folder `data` of ONCOTWIN_SHARED or ../shared).
        #[arg(long)]
        data: Option<PathBuf>,
        /// Environment of the peers, made by benches/peers/setup.sh.
        #[arg(long, default_value = "target/peers")]
        peers: PathBuf,
        /// How often to measure.
        #[arg(long, default_value_t = 5)]
        repeats: usize,
    },
    /// Segment real and synthetic lesions as a simulated reader would, beside references and peers.
    Segment {
        /// Folder of image sets (default: the folder `data` of ONCOTWIN_SHARED or ../shared).
        #[arg(long)]
        data: Option<PathBuf>,
        /// Environment of the peers, made by benches/peers/setup.sh.
        #[arg(long, default_value = "target/peers")]
        peers: PathBuf,
        /// Write the tables to this file.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Only the half of the cases on which parameters are chosen.
        #[arg(long)]
        tuning: bool,
        /// Largest radius of synthetic lesions, mm.
        #[arg(long, default_value_t = 40.0)]
        largest: f64,
    },
    /// Cut planes out of images and align images moved by known transforms, beside SimpleITK.
    View {
        /// Folder of image sets (default: the folder `data` of ONCOTWIN_SHARED or ../shared).
        #[arg(long)]
        data: Option<PathBuf>,
        /// Environment of the peers, made by benches/peers/setup.sh.
        #[arg(long, default_value = "target/peers")]
        peers: PathBuf,
        /// How many random starts of each case test the search.
        #[arg(long, default_value_t = 8)]
        starts: usize,
        /// Without aligning images, which takes minutes.
        #[arg(long)]
        pictures: bool,
        /// Only aligning images.
        #[arg(long, conflicts_with = "pictures")]
        registration: bool,
        /// How often a study is opened and closed, to see whether memory grows.
        #[arg(long, default_value_t = 500)]
        cycles: usize,
        /// What `cargo bench --bench window -- --out FILE` and `-- --desktop --out FILE` have written, for
        /// the document.
        #[arg(long)]
        window: Vec<PathBuf>,
        /// File for the figures as a document.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Forecast the last scans of lesions in five trials, beside published laws of growth.
    Laleh {
        /// Folder of data sets (default: the folder `data` of ONCOTWIN_SHARED or ../shared).
        #[arg(long)]
        data: Option<PathBuf>,
        /// With rows of how the program itself forecasts these lesions, which takes minutes.
        #[arg(long)]
        program: bool,
        /// File for the figures as a document.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Fit untreated tumours of mice by laws of growth, and rates as tumgr does, beside published figures
    /// and SciPy.
    Mice {
        /// Folder of data sets (default: the folder `data` of ONCOTWIN_SHARED or ../shared).
        #[arg(long)]
        data: Option<PathBuf>,
        /// Environment of the peers, made by benches/peers/setup.sh.
        #[arg(long, default_value = "target/peers")]
        peers: PathBuf,
        /// Without the ages of tumours, for which each population is fitted without each of its tumours.
        #[arg(long)]
        without_ages: bool,
        /// File for the figures as a document.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Make lesions up and see whether posteriors hold the truth as often as they say, and how fast they are
    /// beside SciPy and emcee.
    Sbc {
        /// Lesions made up for each model; other parts are in proportion.
        #[arg(long, default_value_t = 1000, value_parser = parse_draws)]
        draws: usize,
        /// Seed of the lesions; this one was fixed beforehand.
        #[arg(long, default_value_t = 20_261_123)]
        seed: u64,
        /// Seed of a second table.
        #[arg(long, default_value_t = 424_242)]
        second_seed: u64,
        /// Only these models.
        #[arg(long, value_delimiter = ',', value_name = "NAME", value_parser = parse_law)]
        models: Vec<Model>,
        /// As many draws of the model that needs a solver as of the others, which takes many times as long.
        #[arg(long)]
        all_draws: bool,
        /// Environment of the peers, made by benches/peers/setup.sh.
        #[arg(long, default_value = "target/peers")]
        peers: PathBuf,
        /// File for the figures as a document.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Read, write and look with a model beside llama.cpp.
    Llm {
        /// A GGUF file.
        #[arg(long, value_name = "FILE")]
        model: PathBuf,
        /// Its second file, to look at a picture as well.
        #[arg(long, value_name = "FILE")]
        mmproj: Option<PathBuf>,
        /// Folder of llama.cpp and its programs, made by benches/peers/llama/setup.sh.
        #[arg(long, default_value = "target/peers-llama")]
        peers: PathBuf,
        /// How often each side is measured, in turns.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Tokens of the prompt.
        #[arg(long, default_value_t = 512)]
        prompt: usize,
        /// Tokens that are written.
        #[arg(long, default_value_t = 32)]
        new: usize,
        /// File for the figures as a document.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Tamper with a workspace in every way known, and list what finds it.
    Tamper {
        /// Seed of the positions of flipped bits.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Fill a workspace with gestures and measure opening, undoing, committing and checking.
    Record {
        /// How many.
        #[arg(long, default_value_t = 100_000)]
        gestures: usize,
    },
}

pub(super) fn parse_point(text: &str) -> Result<Point, String> {
    let parts: Vec<f64> = text
        .split(',')
        .map(|part| {
            part.trim()
                .parse::<f64>()
                .map_err(|e| format!("{part:?}: {e}"))
        })
        .collect::<Result<_, _>>()?;
    match parts[..] {
        [x, y, z] if parts.iter().all(|v| v.is_finite()) => Ok(Point::new(x, y, z)),
        _ => Err("three finite numbers are needed: x,y,z".to_owned()),
    }
}

fn parse_law(text: &str) -> Result<Model, String> {
    Model::by_name(text.trim()).ok_or_else(|| {
        let names: Vec<&str> = Model::ALL.iter().map(|m| m.name()).collect();
        format!("{text:?} is not one of {}", names.join(", "))
    })
}

/// At least one for each number of scans.
fn parse_draws(text: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(n) if (4..=1_000_000).contains(&n) => Ok(n),
        _ => Err(format!("{text:?} is not a number from 4 to 1000000")),
    }
}

fn parse_format(text: &str) -> Result<Format, String> {
    match text.trim() {
        "html" => Ok(Format::Html),
        "md" => Ok(Format::Md),
        "csv" => Ok(Format::Csv),
        other => Err(format!("{other:?} is not one of html, md, csv")),
    }
}
