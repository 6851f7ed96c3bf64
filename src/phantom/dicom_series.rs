//! Slices of the phantom as DICOM CT images (Explicit VR Little Endian).

use std::path::Path;

use dicom::core::{DataElement, PrimitiveValue, VR};
use dicom::dictionary_std::{tags, uids};
use dicom::object::{FileMetaTableBuilder, InMemDicomObject};
use jiff::civil::Date;

use super::{Error, PhantomParams, write_error};
use crate::geometry::Grid;

/// What all slices of a series share.
pub(super) struct SeriesTags {
    study_uid: String,
    series_uid: String,
    frame_of_reference: String,
    seed: u64,
    time_point: usize,
    date: String,
    slice_mm: f64,
    spacing_mm: [f64; 2],
}

/// HU of a stored zero.
const INTERCEPT: f64 = -1024.0;

/// A UID of its own for each kind of object of a phantom, the same on every run.
fn uid(seed: u64, time_point: usize, kind: &str, slice: usize) -> String {
    let hash =
        blake3::hash(format!("oncotwin phantom {seed} {time_point} {kind} {slice}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    format!(
        "2.25.{}",
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .as_u128()
    )
}

impl SeriesTags {
    pub(super) fn new(params: &PhantomParams, time_point: usize, date: Date) -> Self {
        let uid = |kind| uid(params.seed, time_point, kind, 0);
        Self {
            study_uid: uid("study"),
            series_uid: uid("series"),
            frame_of_reference: uid("frame of reference"),
            seed: params.seed,
            time_point,
            date: date.strftime("%Y%m%d").to_string(),
            slice_mm: params.spacing[2].0,
            spacing_mm: [params.spacing[1].0, params.spacing[0].0],
        }
    }
}

/// A decimal string of at most 16 characters (DICOM VR DS).
fn decimal(v: f64) -> String {
    (0..=10)
        .rev()
        .map(|digits| format!("{v:.digits$}"))
        .find(|s| s.len() <= 16)
        .unwrap_or_else(|| format!("{v:e}"))
}

fn decimals(values: &[f64]) -> String {
    values
        .iter()
        .map(|v| decimal(*v))
        .collect::<Vec<_>>()
        .join("\\")
}

pub(super) fn write_slice(
    series: &SeriesTags,
    grid: &Grid,
    k: usize,
    values: &[f32],
    folder: &Path,
) -> Result<(), Error> {
    let instance = uid(series.seed, series.time_point, "slice", k);
    let [columns, rows, _] = grid.shape();
    let position: [f64; 3] = grid.slice_origins()[k].into();
    let mut image = InMemDicomObject::new_empty();
    let mut text = |tag, vr, value: &str| {
        image.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    };
    text(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL");
    text(tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE);
    text(tags::SOP_INSTANCE_UID, VR::UI, &instance);
    text(tags::STUDY_DATE, VR::DA, &series.date);
    text(tags::SERIES_DATE, VR::DA, &series.date);
    text(tags::ACQUISITION_DATE, VR::DA, &series.date);
    text(tags::CONTENT_DATE, VR::DA, &series.date);
    text(tags::STUDY_TIME, VR::TM, "100000");
    text(tags::SERIES_TIME, VR::TM, "100500");
    text(tags::ACQUISITION_TIME, VR::TM, "100500");
    text(tags::CONTENT_TIME, VR::TM, "100500");
    text(tags::ACCESSION_NUMBER, VR::SH, "");
    text(tags::MODALITY, VR::CS, "CT");
    text(tags::MANUFACTURER, VR::LO, "OncoTwin phantom");
    text(tags::REFERRING_PHYSICIAN_NAME, VR::PN, "");
    text(
        tags::STUDY_DESCRIPTION,
        VR::LO,
        "Synthetic chest and upper abdomen",
    );
    text(
        tags::SERIES_DESCRIPTION,
        VR::LO,
        "Synthetic CT portal venous",
    );
    text(tags::PATIENT_NAME, VR::PN, "Phantom^Synthetic");
    text(
        tags::PATIENT_ID,
        VR::LO,
        &format!("PHANTOM-{}", series.seed),
    );
    text(tags::PATIENT_BIRTH_DATE, VR::DA, "19600101");
    text(tags::PATIENT_SEX, VR::CS, "O");
    text(tags::SLICE_THICKNESS, VR::DS, &decimal(series.slice_mm));
    text(tags::KVP, VR::DS, "120");
    text(tags::PATIENT_POSITION, VR::CS, "HFS");
    text(tags::STUDY_INSTANCE_UID, VR::UI, &series.study_uid);
    text(tags::SERIES_INSTANCE_UID, VR::UI, &series.series_uid);
    text(tags::STUDY_ID, VR::SH, &series.time_point.to_string());
    text(tags::SERIES_NUMBER, VR::IS, "1");
    text(tags::ACQUISITION_NUMBER, VR::IS, "1");
    text(tags::INSTANCE_NUMBER, VR::IS, &(k + 1).to_string());
    text(tags::IMAGE_POSITION_PATIENT, VR::DS, &decimals(&position));
    text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0");
    text(
        tags::FRAME_OF_REFERENCE_UID,
        VR::UI,
        &series.frame_of_reference,
    );
    text(tags::POSITION_REFERENCE_INDICATOR, VR::LO, "");
    text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    text(tags::PIXEL_SPACING, VR::DS, &decimals(&series.spacing_mm));
    text(tags::WINDOW_CENTER, VR::DS, "40");
    text(tags::WINDOW_WIDTH, VR::DS, "400");
    text(tags::RESCALE_INTERCEPT, VR::DS, &decimal(INTERCEPT));
    text(tags::RESCALE_SLOPE, VR::DS, "1");
    text(tags::RESCALE_TYPE, VR::LO, "HU");
    let mut number = |tag, value: u16| {
        image.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    };
    number(tags::SAMPLES_PER_PIXEL, 1);
    number(tags::ROWS, rows as u16);
    number(tags::COLUMNS, columns as u16);
    number(tags::BITS_ALLOCATED, 16);
    number(tags::BITS_STORED, 16);
    number(tags::HIGH_BIT, 15);
    number(tags::PIXEL_REPRESENTATION, 1);
    // Signed samples in the 16-bit words of an OW element.
    let stored: Vec<u16> = values
        .iter()
        .map(|v| (f64::from(*v) - INTERCEPT).round().clamp(-32768.0, 32767.0) as i16 as u16)
        .collect();
    image.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OW,
        PrimitiveValue::U16(stored.into()),
    ));

    let path = folder.join(format!("{k:04}.dcm"));
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .media_storage_sop_class_uid(uids::CT_IMAGE_STORAGE)
        .media_storage_sop_instance_uid(&instance);
    let file = image.with_meta(meta).map_err(|e| write_error(&path, &e))?;
    file.write_to_file(&path)
        .map_err(|e| write_error(&path, &e))
}
