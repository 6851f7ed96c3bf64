//! Windows and tables that a file proposes for display (PS3.3 C.11.2).

use dicom::core::Tag;
use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;

use super::lut;
use super::values::{find, items, numbers, text, texts};
use crate::volume::{VoiLut, WindowFunction, WindowLevel};

/// A window with its explanation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Preset {
    pub(super) window: WindowLevel,
    pub(super) name: String,
}

/// The windows of a frame, in the order of the file.
pub(super) fn presets(levels: &[&InMemDicomObject]) -> Vec<Preset> {
    find(levels, Tag(0x0028, 0x9132), |g| {
        Some(pairs(g)).filter(|p| !p.is_empty())
    })
    .unwrap_or_default()
}

fn pairs(set: &InMemDicomObject) -> Vec<Preset> {
    let centers = numbers(set, tags::WINDOW_CENTER).unwrap_or_default();
    let widths = numbers(set, tags::WINDOW_WIDTH).unwrap_or_default();
    let names = texts(set, tags::WINDOW_CENTER_WIDTH_EXPLANATION);
    let function = match &*text(set, tags::VOILUT_FUNCTION) {
        "SIGMOID" => WindowFunction::Sigmoid,
        "LINEAR_EXACT" => WindowFunction::LinearExact,
        _ => WindowFunction::Linear,
    };
    let valid = |width: f64| match function {
        WindowFunction::Linear => width >= 1.0,
        _ => width > 0.0,
    };
    centers
        .into_iter()
        .zip(widths)
        .enumerate()
        .map(|(n, (center, width))| Preset {
            // A width below 1 has no meaning as LINEAR; such files mean fractions.
            window: WindowLevel::new(center, width).with_function(if valid(width) {
                function
            } else {
                WindowFunction::LinearExact
            }),
            name: names.get(n).cloned().unwrap_or_default(),
        })
        .filter(|p| p.window.width > 1e-6)
        .collect()
}

/// The VOI LUTs of a file; tables that cannot be read are left out.
pub(super) fn luts(set: &InMemDicomObject, signed: bool) -> Vec<VoiLut> {
    items(set, tags::VOILUT_SEQUENCE)
        .iter()
        .filter_map(|item| {
            let table = lut::table(item, signed).ok()?;
            Some(VoiLut {
                name: text(item, tags::LUT_EXPLANATION),
                first: table.first,
                bits: table.bits,
                entries: table.entries,
            })
        })
        .collect()
}
