//! What a scan finds: one item per stack of slices, file or structure set.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::{Date, Time};
use serde::Serialize;

use super::bytes::Bytes;
use super::dicom::{DicomSource, PictureRef};
use super::raw::{PictureSource, RawSource};
use super::uptake::Uptake;
use super::{Error, Refusal};
use crate::geometry::Grid;
use crate::jobs::JobContext;
use crate::units::{Bulk, Mm3};
use crate::volume::{IntensityUnit, Modality, Rescale, UptakeKind, VoiLut, WindowLevel};
use crate::warning::{Warning, WarningCode};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    /// A stack with positions: also tilted and uneven ones.
    Volume,
    /// Several images without usable positions along the normal.
    Stack,
    /// A single image, or colour images.
    Image2d,
    /// A label map.
    Segmentation,
    /// A DICOM RT structure set (contours).
    RtStruct,
    /// A structured report or document.
    Report,
    /// A table.
    Table,
    /// Something that this program has no use for.
    Other,
    /// Something that belongs here but could not be accepted; the error says why.
    Refused,
}

impl ItemKind {
    /// The name in the command-line contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Volume => "volume",
            Self::Stack => "stack",
            Self::Image2d => "image2d",
            Self::Segmentation => "segmentation",
            Self::RtStruct => "rtstruct",
            Self::Report => "report",
            Self::Table => "table",
            Self::Other => "other",
            Self::Refused => "refused",
        }
    }
}

/// Who the files say the patient is. Identifying: never logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PatientInfo {
    /// Patient ID (0010,0020).
    pub id: String,
    /// Patient's name, decoded, components separated by `^` as stored.
    pub name: String,
    /// Birth date.
    pub birth_date: Option<Date>,
    /// Sex code.
    pub sex: String,
}

/// One structure of a label map, segmentation or structure set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Segment {
    /// Name; for a label map without names the number in words.
    pub label: String,
    /// Number in the file: the value of its voxels.
    pub number: u32,
    /// The frame (counted from 0) that holds it. Structures that overlap lie in different layers,
    /// where they may have the same number.
    pub layer: usize,
    /// Marked voxels, where the item has voxels.
    pub voxels: Option<usize>,
    /// Sum of voxel volumes (a voxel count where the spacing is unknown).
    pub volume: Option<Bulk>,
    /// Sum of contour areas (holes by XOR) times the plane spacing.
    pub contour_volume: Option<Mm3>,
}

/// A named way from stored values to values, beside the one that is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// `raw` (as stored), `display` (the rescale of the file, which is shown), `precise` (Philips),
    /// or a real world mapping by its label.
    pub name: String,
    /// Unit as the file codes it; may be empty.
    pub unit: String,
    /// One rescale per real slice of the first volume, or one for all of them.
    pub rescale: Vec<Rescale>,
}

impl Scaling {
    pub(super) fn new(name: &str, unit: &str, mut rescale: Vec<Rescale>) -> Self {
        if rescale.windows(2).all(|w| w[0] == w[1]) {
            rescale.truncate(1);
        }
        Self {
            name: name.to_owned(),
            unit: unit.to_owned(),
            rescale,
        }
    }
}

/// One loadable or listed thing.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Source files, in slice order (frame by frame for 4-D); each once.
    pub paths: Vec<PathBuf>,
    /// Number of source files.
    pub n_files: usize,
    /// Whose it is.
    pub patient: PatientInfo,
    /// Date of the study.
    pub study_date: Option<Date>,
    /// Time of the study.
    pub study_time: Option<Time>,
    /// Study Instance UID; empty for formats without one.
    pub study_uid: String,
    /// Modality.
    pub modality: Modality,
    /// Series Instance UID; empty for formats without one.
    pub series_uid: String,
    /// Series description.
    pub series_description: String,
    /// Frame of Reference UID; empty where none is stated.
    pub frame_of_reference: String,
    /// Transfer Syntax UID, or the name of a format without one (`NIfTI-1`, `NRRD`, …).
    pub transfer_syntax: String,
    /// Where the voxels are.
    pub grid: Option<Arc<Grid>>,
    /// Number of volumes on the same grid (phases, time points, echoes).
    pub n_frames_4d: usize,
    /// What values mean.
    pub unit: IntensityUnit,
    /// Windows that the file proposes, best first.
    pub windows: Vec<WindowLevel>,
    /// What the file calls each window; empty where it does not.
    pub window_names: Vec<String>,
    /// Tables that the file proposes in place of a window.
    pub voi_luts: Vec<VoiLut>,
    /// Whether the smallest value is to be shown white (MONOCHROME1); values are as in the file.
    pub inverted: bool,
    /// Scalings beside the one that is shown; empty where there is no other.
    pub scalings: Vec<Scaling>,
    /// Factors of a PET series.
    pub uptake: Option<Uptake>,
    /// Which of them the values are multiplied by.
    pub uptake_kind: Option<UptakeKind>,
    /// Structures in it.
    pub segments: Vec<Segment>,
    /// What was odd.
    pub warnings: Vec<Warning>,
    /// Why it cannot be loaded.
    pub error: Option<Refusal>,
    /// BLAKE3 over which frames of its files it is made of, where these hold others as well.
    pub(super) part: Option<[u8; 32]>,
    pub(super) source: Source,
}

/// How to get at the voxels.
#[derive(Clone, Debug)]
pub(super) enum Source {
    None,
    Dicom(DicomSource),
    Raw(RawSource),
    Colour(ColourSource),
}

/// Where colour pictures are, in order.
#[derive(Clone, Debug)]
pub(super) enum ColourSource {
    Dicom(Vec<PictureRef>),
    Raw(PictureSource),
}

impl Item {
    pub(super) fn new(kind: ItemKind, paths: Vec<PathBuf>) -> Self {
        Self {
            kind,
            n_files: paths.len(),
            paths,
            patient: PatientInfo::default(),
            study_date: None,
            study_time: None,
            study_uid: String::new(),
            modality: Modality::Other(String::new()),
            series_uid: String::new(),
            series_description: String::new(),
            frame_of_reference: String::new(),
            transfer_syntax: String::new(),
            grid: None,
            n_frames_4d: 1,
            unit: IntensityUnit::Arbitrary,
            windows: Vec::new(),
            window_names: Vec::new(),
            voi_luts: Vec::new(),
            inverted: false,
            scalings: Vec::new(),
            uptake: None,
            uptake_kind: None,
            segments: Vec::new(),
            warnings: Vec::new(),
            error: None,
            part: None,
            source: Source::None,
        }
    }

    pub(super) fn with_error(mut self, error: Refusal) -> Self {
        self.error = Some(error);
        self
    }

    pub(super) fn warn(&mut self, code: WarningCode, message: impl Into<String>) {
        self.warnings.push(Warning::new(code, message));
    }

    pub(super) fn first_path(&self) -> String {
        self.paths
            .first()
            .map(|p| p.display().to_string())
            .unwrap_or_default()
    }

    /// Name of the first file, without its folder.
    #[must_use]
    pub fn file_name(&self) -> String {
        self.paths
            .first()
            .and_then(|p| p.file_name())
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// Whether [`super::load`] can give voxels.
    #[must_use]
    pub const fn is_loadable(&self) -> bool {
        self.error.is_none() && !matches!(self.source, Source::None | Source::Colour(_))
    }

    /// Whether it holds colour pictures, which [`super::load_colour`] gives; there are
    /// [`Item::n_frames_4d`] of them.
    #[must_use]
    pub const fn is_colour(&self) -> bool {
        self.error.is_none() && matches!(self.source, Source::Colour(_))
    }

    /// Whether it is a grey image with voxels that can be shown and measured.
    #[must_use]
    pub const fn is_image(&self) -> bool {
        self.is_loadable()
            && matches!(
                self.kind,
                ItemKind::Volume | ItemKind::Stack | ItemKind::Image2d
            )
    }

    /// BLAKE3 (hex) over the bytes of the source files in order, and over which of their frames this
    /// is where they hold others as well.
    ///
    /// # Errors
    /// When a file cannot be read or the job is cancelled.
    pub fn fingerprint(&self, job: &JobContext) -> Result<String, Error> {
        job.progress.step("Fingerprinting files");
        let mut hasher = blake3::Hasher::new();
        for (n, path) in self.paths.iter().enumerate() {
            job.check()?;
            let file = Bytes::open(path).map_err(|e| Error::io(path, e))?;
            hasher.update_reader(file).map_err(|e| Error::io(path, e))?;
            job.progress.set(n + 1, self.paths.len());
        }
        if let Some(part) = &self.part {
            hasher.update(part);
        }
        Ok(hasher.finalize().to_hex().to_string())
    }
}
