//! One DICOM file as plain values: identity, pixel format, and geometry of each frame.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dicom::core::Tag;
use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;
use jiff::civil::{Date, Time};

use super::contours;
use super::dates;
use super::format::{LOSSY_SYNTAXES, PixelFormat, bits, check_size, refusal};
use super::frames;
use super::lut::{self, ModalityLut};
use super::marks::Marks;
use super::mosaic;
use super::pet::{self, PetHeader};
use super::place::PixelFile;
use super::read::{self, Header};
use super::scaling::FrameScaling;
use super::values::{integer, items, number, numbers, text, texts};
use super::voi::{self, Preset};
use crate::geometry::Vec3;
use crate::open::{PatientInfo, Refusal, Segment};
use crate::volume::{Rescale, VoiLut};
use crate::warning::{Warning, WarningCode};

/// What kind of object a file holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Class {
    Image,
    RtStruct,
    Segmentation,
    Report,
    Other,
}

/// Geometry and rescale of one frame, after shared and per-frame functional groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Frame {
    pub(super) position: Option<Vec3>,
    /// Direction cosines of rows and of columns.
    pub(super) orientation: Option<[Vec3; 2]>,
    /// Row spacing, column spacing (mm), in the order of the attribute.
    pub(super) spacing: Option<[f64; 2]>,
    pub(super) thickness: Option<f64>,
    pub(super) rescale: Option<Rescale>,
    /// Whether slope and intercept are both readable, or both absent.
    pub(super) rescale_is_whole: bool,
    /// What rescaled values are, as the file says (`HU`, …).
    pub(super) rescale_type: String,
    pub(super) echo_time: Option<f64>,
    pub(super) stack: String,
    /// Third value of ImageType.
    pub(super) image_type: String,
    /// What may tell this frame from others at its position.
    pub(super) marks: Marks,
    pub(super) windows: Vec<Preset>,
    pub(super) scalings: Vec<FrameScaling>,
}

/// One DICOM file.
#[derive(Clone, Debug)]
pub(in crate::open) struct Instance {
    pub(super) path: PathBuf,
    pub(super) class: Class,
    pub(super) sop_class: String,
    pub(super) sop_instance: String,
    pub(super) transfer_syntax: String,
    pub(super) patient: PatientInfo,
    pub(super) study_date: Option<Date>,
    pub(super) study_time: Option<Time>,
    pub(super) study_uid: String,
    pub(super) series_number: Option<i64>,
    pub(super) modality: String,
    pub(super) series_uid: String,
    pub(super) series_description: String,
    pub(super) frame_of_reference: String,
    pub(super) kernel: String,
    pub(super) format: PixelFormat,
    pub(super) frames: Vec<Frame>,
    /// Where the pixels are.
    pub(super) pixels: Option<Arc<PixelFile>>,
    /// Why pixels that can be placed cannot be decoded.
    pub(super) undecodable: Option<Refusal>,
    /// Why the frames of a multi-frame file cannot be placed.
    pub(super) refused: Option<Refusal>,
    pub(super) voi_luts: Vec<VoiLut>,
    pub(super) padding: Option<RangeInclusive<f64>>,
    pub(super) lossy: bool,
    /// The table from stored values to values, or what is wrong with it.
    pub(super) modality_lut: Option<Result<ModalityLut, String>>,
    /// Compression ratio as stated.
    pub(super) lossy_ratio: Option<f64>,
    pub(super) pet: Option<PetHeader>,
    pub(super) segments: Vec<Segment>,
    pub(super) warnings: Vec<Warning>,
}

const RT_STRUCTURE_SET: &str = "1.2.840.10008.5.1.4.1.1.481.3";
const SEGMENTATIONS: [&str; 3] = [
    "1.2.840.10008.5.1.4.1.1.66.4",
    "1.2.840.10008.5.1.4.1.1.66.5",
    "1.2.840.10008.5.1.4.1.1.66.7",
];
/// Structured reports and encapsulated documents.
const REPORT_ROOTS: [&str; 2] = [
    "1.2.840.10008.5.1.4.1.1.88.",
    "1.2.840.10008.5.1.4.1.1.104.",
];
/// Objects with rows and columns that are not images to look at in the sense of this program:
/// dose, parametric maps, spectroscopy, raw data.
const OTHER_WITH_PIXELS: [&str; 4] = [
    "1.2.840.10008.5.1.4.1.1.481.2",
    "1.2.840.10008.5.1.4.1.1.30",
    "1.2.840.10008.5.1.4.1.1.4.2",
    "1.2.840.10008.5.1.4.1.1.66",
];
/// Storage classes of CT, MR, PET, NM, ultrasound, secondary capture and radiography; each is the
/// root of its enhanced and multi-frame kin.
const IMAGE_ROOTS: [&str; 9] = [
    "1.2.840.10008.5.1.4.1.1.1",
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.3.1",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.6.1",
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.20",
    "1.2.840.10008.5.1.4.1.1.128",
    "1.2.840.10008.5.1.4.1.1.130",
];

/// Whether a UID is `root` or one of its branches.
fn is_or_below(uid: &str, root: &str) -> bool {
    uid.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Reads the header of one file.
pub(in crate::open) fn read_instance(path: &Path) -> Result<Instance, Refusal> {
    let header = read::header(path)?;
    read::guard(path, || instance(path, &header))
}

fn instance(path: &Path, header: &Header) -> Result<Instance, Refusal> {
    let set = &header.set;
    let transfer_syntax = header.transfer_syntax().to_owned();
    let mut sop_class = text(set, tags::SOP_CLASS_UID);
    if sop_class.is_empty() {
        sop_class = set
            .meta()
            .media_storage_sop_class_uid
            .trim_end_matches(['\0', ' '])
            .to_owned();
    }
    let modality = text(set, tags::MODALITY);
    let rows = integer(set, tags::ROWS);
    let columns = integer(set, tags::COLUMNS);
    let class = if sop_class == RT_STRUCTURE_SET {
        Class::RtStruct
    } else if SEGMENTATIONS.contains(&&*sop_class) {
        Class::Segmentation
    } else if REPORT_ROOTS.iter().any(|r| sop_class.starts_with(r)) {
        Class::Report
    } else if OTHER_WITH_PIXELS.contains(&&*sop_class) || rows.is_none() || columns.is_none() {
        Class::Other
    } else {
        Class::Image
    };
    if class == Class::Other
        && !OTHER_WITH_PIXELS.contains(&&*sop_class)
        && IMAGE_ROOTS.iter().any(|r| is_or_below(&sop_class, r))
    {
        return Err(read::damaged(
            path,
            "an image without Rows and Columns (0028,0010/0011): the file ends before its pixels",
        ));
    }
    let mut warnings = Vec::new();
    let name = text(set, tags::PATIENT_NAME);
    if !header.text_exact {
        warnings.push(Warning::new(
            WarningCode::CharacterSet,
            "some text could not be decoded with the declared character set (0008,0005)",
        ));
    }
    let mut segments = Vec::new();
    match class {
        Class::RtStruct => {
            let (found, odd) = contours::segments(set);
            segments = found;
            warnings.extend(odd);
        }
        Class::Segmentation => segments = listed_segments(set),
        _ => {}
    }
    if let Some(found) = header.contradiction {
        warnings.push(Warning::new(
            WarningCode::Syntax,
            format!("the file is written in {found}, which is not what it declares (0002,0010)"),
        ));
    }
    let bits_allocated = integer(set, tags::BITS_ALLOCATED).unwrap_or(16);
    let bits_stored = integer(set, tags::BITS_STORED).unwrap_or(bits_allocated);
    let mut format = PixelFormat {
        rows: rows.and_then(|n| usize::try_from(n).ok()).unwrap_or(0),
        columns: columns.and_then(|n| usize::try_from(n).ok()).unwrap_or(0),
        samples_per_pixel: integer(set, tags::SAMPLES_PER_PIXEL).unwrap_or(1),
        photometric: text(set, tags::PHOTOMETRIC_INTERPRETATION),
        bits_allocated,
        bits_stored,
        high_bit: integer(set, tags::HIGH_BIT).unwrap_or(bits_stored - 1),
        signed: integer(set, tags::PIXEL_REPRESENTATION) == Some(1),
        planar: integer(set, tags::PLANAR_CONFIGURATION) == Some(1),
    };
    let n_frames = integer(set, tags::NUMBER_OF_FRAMES).unwrap_or(1);
    let mut refused = None;
    let mut frames = if class == Class::Image {
        check_size(
            path,
            &format,
            n_frames,
            &transfer_syntax,
            header.store.len(),
        )?;
        let found = if frames::holds(header, &format, n_frames) {
            frames::read(set, n_frames as usize)
        } else {
            // Why the pixels are not found is said below.
            Ok(Vec::new())
        };
        found.unwrap_or_else(|message| {
            refused = Some(Refusal::new(
                "E-MULTIFRAME",
                message,
                path.display().to_string(),
                "export the series as single-frame DICOM or NIfTI",
            ));
            Vec::new()
        })
    } else {
        Vec::new()
    };
    let mut pixels = None;
    let mut undecodable = None;
    if class == Class::Image && bits(&format).is_none() {
        match PixelFile::find(path, header, &transfer_syntax, &format, n_frames as usize) {
            Ok(found) => {
                warnings.extend(found.odd());
                pixels = Some(found);
            }
            Err(refused) => undecodable = Some(refused),
        }
    }
    let image_type = texts(set, tags::IMAGE_TYPE);
    if class == Class::Image
        && image_type.iter().any(|t| t == "MOSAIC")
        && let [frame] = frames.as_slice()
    {
        match mosaic::untile(set, &format, frame) {
            Ok((tiles, slice, cut)) => {
                format = slice;
                frames = cut;
                if let Some(file) = &mut pixels {
                    file.tiles = Some(tiles);
                }
            }
            Err(message) => {
                undecodable = Some(refusal(
                    "E-MOSAIC",
                    format!("slices are tiled into one picture (Siemens mosaic), and {message}"),
                    &[path],
                    "export the series as single or enhanced DICOM, or as NIfTI",
                ));
            }
        }
    }
    let coded = pixels.as_ref().and_then(|p| p.stream?.lossy);
    Ok(Instance {
        path: path.to_owned(),
        sop_instance: text(set, tags::SOP_INSTANCE_UID),
        patient: PatientInfo {
            id: text(set, tags::PATIENT_ID),
            name,
            birth_date: dates::date(&text(set, tags::PATIENT_BIRTH_DATE)),
            sex: text(set, tags::PATIENT_SEX),
        },
        study_date: dates::date(&text(set, tags::STUDY_DATE)),
        study_time: dates::time(&text(set, tags::STUDY_TIME)),
        study_uid: text(set, tags::STUDY_INSTANCE_UID),
        series_number: integer(set, tags::SERIES_NUMBER),
        series_uid: text(set, tags::SERIES_INSTANCE_UID),
        series_description: text(set, tags::SERIES_DESCRIPTION),
        frame_of_reference: text(set, tags::FRAME_OF_REFERENCE_UID),
        kernel: text(set, tags::CONVOLUTION_KERNEL),
        voi_luts: voi::luts(set, format.signed),
        padding: padding(set, &format),
        lossy: text(set, tags::LOSSY_IMAGE_COMPRESSION) == "01"
            || coded.unwrap_or_else(|| LOSSY_SYNTAXES.contains(&&*transfer_syntax)),
        lossy_ratio: numbers(set, tags::LOSSY_IMAGE_COMPRESSION_RATIO)
            .map(|ratios| ratios.into_iter().fold(0.0, f64::max)),
        modality_lut: lut::modality(set, format.signed),
        pet: (modality == "PT").then(|| pet::header(set, &sop_class)),
        class,
        sop_class,
        transfer_syntax,
        modality,
        format,
        frames,
        pixels: pixels.map(Arc::new),
        undecodable,
        refused,
        segments,
        warnings,
    })
}

impl Instance {
    /// Whether stored values do not fit 16 bits.
    pub(super) fn is_wide(&self) -> bool {
        self.format.bits_stored > 16
    }
}

/// A padding value as its pixels are read: cut to the stored bits, with their sign, whatever VR it
/// was written with.
fn as_stored(value: f64, format: &PixelFormat) -> f64 {
    if format.high_bit + 1 != format.bits_stored || value.fract() != 0.0 {
        return value;
    }
    format.value(value as i64 as u64) as f64
}

/// Stored values that mark pixels outside the scanned field: a value or a range (PS3.3 C.7.5.1.1.2),
/// for floating point pixels in attributes of their own (C.7.6.24).
fn padding(set: &InMemDicomObject, format: &PixelFormat) -> Option<RangeInclusive<f64>> {
    let floats = [Tag(0x0028, 0x0122), Tag(0x0028, 0x0123)];
    let integers = [tags::PIXEL_PADDING_VALUE, Tag(0x0028, 0x0121)];
    let range = |[value, limit]: [Tag; 2]| {
        let value = number(set, value)?;
        Some([value, number(set, limit).unwrap_or(value)])
    };
    let [a, b] = match range(integers) {
        Some(range) => range.map(|v| as_stored(v, format)),
        None => range(floats)?,
    };
    Some(a.min(b)..=a.max(b))
}

fn listed_segments(set: &InMemDicomObject) -> Vec<Segment> {
    items(set, tags::SEGMENT_SEQUENCE)
        .iter()
        .map(|item| Segment {
            label: text(item, tags::SEGMENT_LABEL),
            number: integer(item, tags::SEGMENT_NUMBER)
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(0),
            layer: 0,
            voxels: None,
            volume: None,
            contour_volume: None,
        })
        .collect()
}
