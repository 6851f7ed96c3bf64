//! Structures as 3D Slicer names them in `.seg.nrrd` files (`Segment0_Name`, …).

use super::header::Header;
use crate::open::raw::NamedSegment;

/// More structures than this are not looked for.
const MAX_SEGMENTS: usize = 65_535;

/// The structures of a segmentation in the order of their numbers; empty for any other image.
///
/// Before labels could share a layer, Slicer wrote neither value nor layer: each structure had a
/// layer of its own and the value 1.
pub(super) fn read(header: &Header, n_layers: usize) -> Vec<NamedSegment> {
    let mut numbers: Vec<usize> = header
        .keys()
        .filter_map(|key| key.strip_prefix("Segment")?.strip_suffix("_ID"))
        .filter_map(|number| number.parse().ok())
        .filter(|n| *n < MAX_SEGMENTS)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
        .into_iter()
        .map(|n| {
            let of = |what: &str| header.key(&format!("Segment{n}_{what}"));
            let layered = n_layers > 1;
            let own_value = if layered {
                1
            } else {
                u32::try_from(n + 1).unwrap_or(u32::MAX)
            };
            NamedSegment {
                name: of("Name")
                    .or_else(|| of("ID"))
                    .map(str::trim)
                    .unwrap_or_default()
                    .to_owned(),
                value: of("LabelValue")
                    .and_then(|v| v.trim().parse().ok())
                    .unwrap_or(own_value),
                layer: of("Layer")
                    .and_then(|v| v.trim().parse().ok())
                    .unwrap_or(if layered { n } else { 0 }),
            }
        })
        .collect()
}
