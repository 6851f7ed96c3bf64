//! `study.toml`: what a person states about files that carry no patient, date or spacing.
//!
//! ```toml
//! [patient]
//! id = "01"
//!
//! [[image]]
//! file = "Pre_Scan_T1.nii.gz"
//! date = "2024-03-01"
//! modality = "MR"
//! description = "T1 with contrast"
//! spacing = "unknown"          # "known", "unknown" or [x, y, z] in mm
//! role = "image"               # "image" or "segmentation"
//!
//! [[treatment]]
//! date = "2024-03-10"
//! kind = "radiotherapy"        # systemic, radiotherapy, surgery, stop or note
//! name = "IMRT"
//! dose = 60.0
//! unit = "Gy"
//! duration_days = 42.0
//! ```

use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;

use super::bytes::{Bytes, is_file};
use super::{Error, Item, PatientInfo};
use crate::geometry::{Spacing, is_spacing_mm};
use crate::volume::Modality;
use crate::warning::WarningCode;

/// Name of the file.
pub(super) const FILE_NAME: &str = "study.toml";

/// What a `study.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// Whose images these are.
    #[serde(default)]
    pub patient: SidecarPatient,
    /// What is known of single files.
    #[serde(default, rename = "image")]
    pub images: Vec<SidecarImage>,
    /// Treatment events.
    #[serde(default, rename = "treatment")]
    pub treatments: Vec<SidecarTreatment>,
}

/// A patient as stated beside the images; empty text where not stated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SidecarPatient {
    /// Patient ID.
    pub id: String,
    /// Name.
    pub name: String,
    /// Birth date.
    pub birth_date: Option<Date>,
    /// Sex code (M, F, O).
    pub sex: String,
}

/// What is stated about one file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SidecarImage {
    /// The file, relative to the sidecar.
    pub file: String,
    /// Date of the study.
    pub date: Option<Date>,
    /// DICOM modality code.
    pub modality: Option<String>,
    /// Series description.
    pub description: Option<String>,
    /// Whether and how the spacing is known.
    pub spacing: Option<SidecarSpacing>,
    /// Whether voxels are grey values or labels.
    pub role: Option<SidecarRole>,
}

/// What is stated about the spacing.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "SpacingText")]
pub enum SidecarSpacing {
    /// The header is right.
    Known,
    /// The header is wrong and the truth is not known.
    Unknown,
    /// The true spacing along (i, j, k), mm.
    Mm([f64; 3]),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SpacingText {
    Word(String),
    Mm([f64; 3]),
}

impl TryFrom<SpacingText> for SidecarSpacing {
    type Error = String;

    fn try_from(text: SpacingText) -> Result<Self, String> {
        match text {
            SpacingText::Word(word) if word == "known" => Ok(Self::Known),
            SpacingText::Word(word) if word == "unknown" => Ok(Self::Unknown),
            SpacingText::Mm(mm) if mm.iter().all(|v| is_spacing_mm(*v)) => Ok(Self::Mm(mm)),
            _ => Err(
                "spacing must be \"known\", \"unknown\" or three lengths from 0.0001 to 10 000 mm"
                    .to_owned(),
            ),
        }
    }
}

/// What voxels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SidecarRole {
    /// Grey values.
    Image,
    /// Labels.
    Segmentation,
}

/// Kind of a stated treatment event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SidecarTreatmentKind {
    /// Drug treatment.
    Systemic,
    /// Radiotherapy.
    Radiotherapy,
    /// Surgery.
    Surgery,
    /// End of a treatment.
    Stop,
    /// A remark with a date.
    Note,
}

/// A stated treatment event.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SidecarTreatment {
    /// First day.
    pub date: Date,
    /// Kind of event.
    pub kind: SidecarTreatmentKind,
    /// Name of drug or technique.
    #[serde(default)]
    pub name: String,
    /// Dose, in `unit`.
    pub dose: Option<f64>,
    /// Unit of `dose`, for example `Gy`.
    #[serde(default)]
    pub unit: String,
    /// Length in days; 0 for a single day.
    #[serde(default)]
    pub duration_days: f64,
}

/// Reads the `study.toml` of a folder; `None` where there is none.
///
/// # Errors
/// When the file cannot be read, holds an unknown key or a bad value, or names a file that is not
/// there. The message names file, line and key.
pub fn read_sidecar(folder: &Path) -> Result<Option<Sidecar>, Error> {
    let path = folder.join(FILE_NAME);
    let mut text = String::new();
    match Bytes::open(&path).and_then(|mut file| file.read_to_string(&mut text)) {
        Ok(_) => {}
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(e) => return Err(Error::io(&path, e)),
    }
    let malformed = |message: String| Error::Sidecar {
        path: path.clone(),
        message,
    };
    let sidecar: Sidecar =
        toml::from_str(&text).map_err(|e| malformed(e.to_string().trim_end().to_owned()))?;
    for image in &sidecar.images {
        if !is_file(&folder.join(&image.file)) {
            return Err(malformed(format!(
                "image.file = {:?}: no such file",
                image.file
            )));
        }
    }
    for treatment in &sidecar.treatments {
        let finite = treatment.dose.is_none_or(|d| d.is_finite() && d >= 0.0)
            && treatment.duration_days.is_finite()
            && treatment.duration_days >= 0.0;
        if !finite {
            return Err(malformed(format!(
                "treatment of {}: dose and duration_days must be numbers from 0 up",
                treatment.date
            )));
        }
    }
    Ok(Some(sidecar))
}

/// Fills in what an item itself does not carry. What a file states is never overruled, spacing
/// excepted.
pub(super) fn apply(item: &mut Item, sidecar: &Sidecar, image: Option<&SidecarImage>) {
    let patient = &sidecar.patient;
    if item.patient.id.is_empty() && !patient.id.is_empty() {
        item.patient = PatientInfo {
            id: patient.id.clone(),
            name: patient.name.clone(),
            birth_date: patient.birth_date,
            sex: patient.sex.clone(),
        };
    }
    let Some(image) = image else {
        return;
    };
    if item.study_date.is_none() && image.date.is_some() {
        item.study_date = image.date;
        item.warnings.retain(|w| w.code != WarningCode::Date);
        item.warn(WarningCode::Date, "the date was supplied beside the image");
    }
    if let (true, Some(code)) = (item.modality.code().is_empty(), &image.modality) {
        item.modality = Modality::from_code(code);
    }
    if let (true, Some(text)) = (item.series_description.is_empty(), &image.description) {
        item.series_description.clone_from(text);
    }
    // Items without a series took the spacing into account when their grid was formed.
    let is_dicom = !item.series_uid.is_empty();
    match (&image.spacing, &item.grid) {
        (Some(SidecarSpacing::Unknown), Some(grid)) if is_dicom && grid.is_calibrated() => {
            item.grid = Some(Arc::new((**grid).clone().with_spacing(Spacing::Unknown)));
            item.warn(
                WarningCode::SpacingUnknown,
                "the sidecar says that the spacing is unknown: sizes are given in pixels and voxels",
            );
        }
        (Some(SidecarSpacing::Mm(_)), Some(_)) if is_dicom => item.warn(
            WarningCode::UnevenSpacing,
            "a spacing stated beside a DICOM series is not used; the positions of the slices count",
        ),
        _ => {}
    }
}
