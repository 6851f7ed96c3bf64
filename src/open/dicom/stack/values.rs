//! What the values of a stack mean, and the type that holds them.

use super::Slice;
use crate::open::Item;
use crate::open::dicom::SampleKind;
use crate::open::dicom::instance::{Frame, Instance};
use crate::open::dicom::pet::{self, PetHeader, Uptake};
use crate::volume::{IntensityUnit, Modality, Rescale};
use crate::warning::WarningCode;

pub(super) fn valid_rescale(frame: &Frame) -> Option<Rescale> {
    frame
        .rescale
        .filter(|r| r.slope != 0.0 && r.slope.is_finite() && r.intercept.is_finite())
}

/// Sets unit and rescale warnings; returns the factor from rescaled values to the unit.
pub(super) fn values(item: &mut Item, slices: &[&Slice]) -> f64 {
    let first = slices[0];
    let stated = slices.iter().filter(|s| s.frame.rescale.is_some()).count();
    let invalid = slices
        .iter()
        .any(|s| s.frame.rescale.is_some() && valid_rescale(s.frame).is_none());
    if invalid {
        item.warn(WarningCode::Rescale, "a rescale slope of 0 was taken as 1");
    }
    if slices.iter().any(|s| s.instance.modality_lut) {
        item.warn(
            WarningCode::Rescale,
            "values pass through a modality LUT (0028,3000) that is not applied: they are as stored",
        );
    }
    let varies = slices
        .iter()
        .any(|s| s.frame.rescale != first.frame.rescale);
    match item.modality {
        Modality::PT => {
            let headers: Vec<&PetHeader> = slices
                .iter()
                .filter_map(|s| s.instance.pet.as_ref())
                .collect();
            match pet::uptake(&headers) {
                Uptake::Suv(factor) => {
                    item.unit = IntensityUnit::SuvBodyWeight;
                    return factor;
                }
                Uptake::Activity(reason) => {
                    item.unit = IntensityUnit::BecquerelPerMl;
                    item.warn(
                        WarningCode::NoSuv,
                        format!("no SUV, values are in Bq/mL: {reason}"),
                    );
                }
                Uptake::Unknown(reason) => {
                    item.warn(
                        WarningCode::NoSuv,
                        format!("no SUV, values have no physical unit: {reason}"),
                    );
                }
            }
        }
        Modality::CT => {
            let kind = &first.instance.rescale_type;
            let localizer = first.frame.image_type == "LOCALIZER";
            if stated < slices.len() {
                item.warn(
                    WarningCode::Rescale,
                    "RescaleSlope/Intercept (0028,1053/1052) are missing: values are as stored, \
                     not Hounsfield units",
                );
            } else if (kind.is_empty() || kind == "HU") && !localizer {
                item.unit = IntensityUnit::Hounsfield;
            }
            if varies {
                item.warn(
                    WarningCode::Rescale,
                    "the rescale differs between slices and is applied to each",
                );
            }
        }
        _ if varies => item.warn(
            WarningCode::Rescale,
            "the rescale differs between slices and is applied to each",
        ),
        _ => {}
    }
    1.0
}

pub(super) fn sample_kind(members: &[&Instance]) -> SampleKind {
    if members.iter().all(|m| !m.format.signed) {
        SampleKind::U16
    } else if members
        .iter()
        .all(|m| m.format.signed || m.format.bits_stored <= 15)
    {
        SampleKind::I16
    } else {
        SampleKind::F32
    }
}
