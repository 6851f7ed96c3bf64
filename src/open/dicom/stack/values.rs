//! What the values of a stack mean, and the type that holds them.

use std::sync::Arc;

use super::Slice;
use crate::open::dicom::SampleKind;
use crate::open::dicom::instance::{Frame, Instance};
use crate::open::dicom::lut::ModalityLut;
use crate::open::dicom::pet::{self, PetHeader};
use crate::open::dicom::scaling::FrameScaling;
use crate::open::item::Scaling;
use crate::open::{Item, Refusal};
use crate::volume::UptakeKind;
use crate::volume::{IntensityUnit, Modality, Rescale, WindowLevel};
use crate::warning::WarningCode;

pub(super) fn valid_rescale(frame: &Frame) -> Option<Rescale> {
    frame
        .rescale
        .filter(|r| r.slope != 0.0 && r.slope.is_finite() && r.intercept.is_finite())
}

/// Sets unit and rescale warnings; returns the rescale of each slice, to the item's unit.
pub(super) fn rescales(item: &mut Item, slices: &[&Slice], lut: bool) -> Vec<Rescale> {
    let mut rescales: Vec<Rescale> = slices
        .iter()
        .map(|s| valid_rescale(s.frame).unwrap_or(Rescale::IDENTITY))
        .collect();
    let invalid = slices
        .iter()
        .any(|s| s.frame.rescale.is_some() && valid_rescale(s.frame).is_none());
    if invalid {
        item.warn(WarningCode::Rescale, "a rescale slope of 0 was taken as 1");
    }
    let torn = slices.iter().filter(|s| !s.frame.rescale_is_whole).count();
    if torn > 0 {
        item.warn(
            WarningCode::Rescale,
            format!(
                "RescaleSlope/Intercept (0028,1053/1052) of {torn} slices are incomplete or no \
                 numbers: what is missing was taken as 1 and 0, and values have no unit"
            ),
        );
    }
    let is_rescaled = |s: &&&Slice| s.frame.rescale_is_whole && valid_rescale(s.frame).is_some();
    let rescaled = slices.iter().filter(is_rescaled).count();
    let varies = slices
        .iter()
        .any(|s| s.frame.rescale != slices[0].frame.rescale);
    match item.modality {
        Modality::PT => {
            // PET is rescaled slice by slice by rule (PS3.3 C.8.9.4); without it values are as stored.
            match mapped(slices) {
                Some(mapped) => rescales = mapped,
                None if rescaled < slices.len() || slices.iter().any(|s| is_mapped(s)) => {
                    let n = slices.len() - rescaled;
                    if n > 0 {
                        item.warn(
                            WarningCode::Rescale,
                            format!("{n} slices state no rescale (0028,1053/1052)"),
                        );
                    }
                    item.warn(
                        WarningCode::NoSuv,
                        "no SUV, values have no physical unit: not every slice states a rescale",
                    );
                    return rescales;
                }
                None => {}
            }
            uptake(item, slices, &mut rescales);
            return rescales;
        }
        Modality::CT => ct(item, slices, rescaled == slices.len(), lut),
        _ => {}
    }
    if varies {
        item.warn(
            WarningCode::Rescale,
            "the rescale differs between slices and is applied to each",
        );
    }
    if lut {
        item.warn(
            WarningCode::Rescale,
            "values come out of a table (0028,3000) in place of a rescale",
        );
        return vec![Rescale::IDENTITY; slices.len()];
    }
    rescales
}

fn ct(item: &mut Item, slices: &[&Slice], all_rescaled: bool, lut: bool) {
    let first = slices[0];
    let localizer = first.frame.image_type == "LOCALIZER";
    let stated = |s: &&Slice| {
        let kind = match &s.instance.modality_lut {
            Some(Ok(lut)) => &lut.kind,
            _ => &s.frame.rescale_type,
        };
        kind == "HU" || (kind.is_empty() && !lut)
    };
    if !all_rescaled && !lut {
        item.warn(
            WarningCode::Rescale,
            "RescaleSlope/Intercept (0028,1053/1052) are missing: values are as stored, not \
             Hounsfield units",
        );
    } else if slices.iter().all(stated) && !localizer {
        item.unit = IntensityUnit::Hounsfield;
    }
}

/// Whether the unit of a slice belongs to a mapping to real world values.
fn is_mapped(slice: &Slice) -> bool {
    let pet = slice.instance.pet.as_ref();
    pet.is_some_and(|pet| !pet.mapped_unit.is_empty())
}

/// The mapping to real world values that an enhanced PET takes its unit from, for each slice.
fn mapped(slices: &[&Slice]) -> Option<Vec<Rescale>> {
    slices
        .iter()
        .map(|s| {
            let unit = &s.instance.pet.as_ref()?.mapped_unit;
            let mut of_unit = s.frame.scalings.iter().filter(|f| f.unit == *unit);
            of_unit
                .next()
                .filter(|_| !unit.is_empty())
                .map(|f| f.rescale)
        })
        .collect()
}

/// PET: to SUV by body weight where it is known, to activity where not.
fn uptake(item: &mut Item, slices: &[&Slice], rescales: &mut [Rescale]) {
    let headers: Vec<&PetHeader> = slices
        .iter()
        .filter_map(|s| s.instance.pet.as_ref())
        .collect();
    let found = pet::uptake(&headers);
    for note in &found.notes {
        item.warn(WarningCode::NoSuv, note.clone());
    }
    // Philips counts: each slice has its own factor from rescaled counts to activity.
    if let Some(factors) = &found.to_activity {
        for (rescale, factor) in rescales.iter_mut().zip(factors) {
            *rescale = scaled(*rescale, *factor);
        }
    }
    let kind = UptakeKind::ALL
        .into_iter()
        .find(|kind| found.factors.factor(*kind).is_some());
    item.unit = kind.map_or(IntensityUnit::Arbitrary, UptakeKind::unit);
    if let Some(factor) = kind.and_then(|kind| found.factors.factor(kind)) {
        for rescale in rescales.iter_mut() {
            *rescale = scaled(*rescale, factor);
        }
        for window in &mut item.windows {
            *window = window.scaled(factor);
        }
    }
    if kind.is_some_and(|kind| kind != UptakeKind::Activity) {
        // Tables of stored activity do not speak of uptake.
        item.voi_luts.clear();
    }
    item.uptake_kind = kind;
    item.uptake = Some(found.factors);
}

fn scaled(rescale: Rescale, factor: f64) -> Rescale {
    Rescale {
        slope: rescale.slope * factor,
        intercept: rescale.intercept * factor,
    }
}

/// The windows of a stack: those of its middle slice first, then other ones that slices propose.
pub(super) fn windows(slices: &[&Slice]) -> (Vec<WindowLevel>, Vec<String>) {
    const MOST: usize = 8;
    let middle = slices.get(slices.len() / 2).into_iter();
    let mut windows: Vec<WindowLevel> = Vec::new();
    let mut names = Vec::new();
    for preset in middle.chain(slices).flat_map(|s| &s.frame.windows) {
        if windows.len() < MOST && !windows.contains(&preset.window) {
            windows.push(preset.window);
            names.push(preset.name.clone());
        }
    }
    (windows, names)
}

/// Scalings beside the one that is shown, by name, one rescale per slice (one in all where all are
/// the same), and that one as "raw" (stored values) and "display".
pub(super) fn scalings(slices: &[&Slice]) -> Vec<Scaling> {
    let Some(first) = slices.first() else {
        return Vec::new();
    };
    let named = |scaling: &FrameScaling| {
        let all: Option<Vec<Rescale>> = slices
            .iter()
            .map(|s| {
                s.frame
                    .scalings
                    .iter()
                    .find(|o| o.name == scaling.name)
                    .map(|o| o.rescale)
            })
            .collect();
        all.map(|rescale| Scaling::new(&scaling.name, &scaling.unit, rescale))
    };
    let beside: Vec<Scaling> = first.frame.scalings.iter().filter_map(named).collect();
    if beside.is_empty() {
        return beside;
    }
    let display = slices
        .iter()
        .map(|s| valid_rescale(s.frame).unwrap_or(Rescale::IDENTITY))
        .collect();
    [
        Scaling::new("raw", "", vec![Rescale::IDENTITY]),
        Scaling::new("display", &first.frame.rescale_type, display),
    ]
    .into_iter()
    .chain(beside)
    .collect()
}

/// The table that all slices share, in place of a rescale.
pub(super) fn modality_lut(
    item: &Item,
    slices: &[&Slice],
) -> Result<Option<Arc<ModalityLut>>, Refusal> {
    let refuse = |what: String| {
        Refusal::new(
            "E-LUT",
            what,
            item.first_path(),
            "export the series with RescaleSlope and RescaleIntercept",
        )
    };
    let first = &slices[0].instance.modality_lut;
    if slices.iter().any(|s| s.instance.modality_lut != *first) {
        return Err(refuse(
            "slices pass through different modality LUTs (0028,3000)".to_owned(),
        ));
    }
    match first {
        None => Ok(None),
        Some(Ok(lut)) => Ok(Some(Arc::new(lut.clone()))),
        Some(Err(what)) => Err(refuse(format!("the modality LUT (0028,3000): {what}"))),
    }
}

pub(super) fn sample_kind(members: &[&Instance]) -> SampleKind {
    if members.iter().any(|m| m.is_wide()) {
        SampleKind::F32
    } else if members.iter().all(|m| !m.format.signed) {
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
