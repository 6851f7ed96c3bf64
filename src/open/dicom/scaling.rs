//! Scalings beside the plain rescale: real world values and the private scale of Philips.
//!
//! Philips MR (private block of "Philips MR Imaging DD 001"): display value `DV = PV · RS + RI`,
//! precise value `FP = DV / (RS · SS) = PV / SS + RI / (RS · SS)` with the scale slope SS in
//! (2005,100E). Precise values are comparable between series of one scanner, display values are not.

use dicom::core::Tag;
use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;

use super::values::{find, is_private_of, items, number, private_number, text};
use crate::volume::Rescale;

/// A named scaling of one frame.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FrameScaling {
    pub(super) name: String,
    /// Unit as the file codes it; empty where it is not stated.
    pub(super) unit: String,
    pub(super) rescale: Rescale,
}

const SCALE_SLOPE: Tag = Tag(0x2005, 0x100E);
const REAL_WORLD: Tag = Tag(0x0040, 0x9096);

pub(super) fn read(levels: &[&InMemDicomObject]) -> Vec<FrameScaling> {
    let mut scalings: Vec<FrameScaling> = levels
        .iter()
        .map(|level| items(level, REAL_WORLD))
        .find(|mappings| !mappings.is_empty())
        .unwrap_or_default()
        .iter()
        .filter_map(real_world)
        .collect();
    scalings.extend(philips(levels));
    scalings
}

/// A linear real world value mapping (PS3.3 C.7.6.16.2.11).
fn real_world(mapping: &InMemDicomObject) -> Option<FrameScaling> {
    let slope = number(mapping, Tag(0x0040, 0x9225)).filter(|s| *s != 0.0)?;
    let label = text(mapping, Tag(0x0040, 0x9210));
    let unit = items(mapping, Tag(0x0040, 0x08EA))
        .first()
        .map(|code| text(code, tags::CODE_VALUE))
        .unwrap_or_default();
    Some(FrameScaling {
        name: if label.is_empty() {
            "real world".to_owned()
        } else {
            format!("real world: {label}")
        },
        unit,
        rescale: Rescale {
            slope,
            intercept: number(mapping, Tag(0x0040, 0x9224)).unwrap_or(0.0),
        },
    })
}

fn philips(levels: &[&InMemDicomObject]) -> Option<FrameScaling> {
    let scale = find(levels, Tag(0x2005, 0x140F), |g| {
        is_private_of(g, SCALE_SLOPE, "Philips")
            .then(|| private_number(g, SCALE_SLOPE))
            .flatten()
            .filter(|s| *s > 0.0)
    })?;
    let shown = find(levels, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, |g| {
        Some((
            number(g, tags::RESCALE_SLOPE).filter(|s| *s != 0.0)?,
            number(g, tags::RESCALE_INTERCEPT).unwrap_or(0.0),
        ))
    });
    let (slope, intercept) = shown.unwrap_or((1.0, 0.0));
    Some(FrameScaling {
        name: "precise".to_owned(),
        unit: String::new(),
        rescale: Rescale {
            slope: 1.0 / scale,
            intercept: intercept / (slope * scale),
        },
    })
}
