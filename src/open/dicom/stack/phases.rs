//! Slices by position, and what copies of one position are: phases, several stacks, or a riddle.

use std::collections::BTreeMap;

use super::Slice;
use crate::geometry::Vec3;
use crate::open::dicom::geometry::{self, POSITION_TOLERANCE_MM};
use crate::open::dicom::instance::Phase;

pub(super) fn placed_normal(slices: &[Slice]) -> Option<Vec3> {
    let all_placed = slices.iter().all(|s| s.frame.position.is_some());
    let [row, column] = geometry::orthonormal(slices.first()?.frame.orientation?)?;
    all_placed.then(|| row.cross(&column))
}

/// Slices by position along the normal, ascending, so that i × j points along k.
pub(super) fn by_position(slices: Vec<Slice<'_>>, normal: Vec3) -> Vec<Vec<Slice<'_>>> {
    let mut placed: Vec<(f64, Slice)> = slices
        .into_iter()
        .filter_map(|s| Some((s.frame.position?.dot(&normal), s)))
        .collect();
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut positions: Vec<(f64, Vec<Slice>)> = Vec::new();
    for (depth, slice) in placed {
        match positions.last_mut() {
            Some((first, here)) if depth - *first <= POSITION_TOLERANCE_MM => here.push(slice),
            _ => positions.push((depth, vec![slice])),
        }
    }
    positions
        .into_iter()
        .map(|(_, mut here)| {
            here.sort_by(|a, b| {
                order(&a.frame.phase, &b.frame.phase)
                    .then_with(|| a.path().cmp(b.path()))
                    .then(a.index.cmp(&b.index))
            });
            here
        })
        .collect()
}

/// The order of copies of one position.
fn order(a: &Phase, b: &Phase) -> std::cmp::Ordering {
    let number = |x: Option<f64>, y: Option<f64>| {
        x.unwrap_or(f64::NEG_INFINITY)
            .total_cmp(&y.unwrap_or(f64::NEG_INFINITY))
    };
    (a.temporal, a.acquisition)
        .cmp(&(b.temporal, b.acquisition))
        .then_with(|| number(a.trigger, b.trigger))
        .then_with(|| number(a.b_value, b.b_value))
        .then_with(|| a.image_type.cmp(&b.image_type))
        .then_with(|| a.instance.cmp(&b.instance))
}

pub(super) enum Phases<'a> {
    /// One volume, or several on the same positions.
    Volumes(Vec<Vec<Slice<'a>>>),
    /// Several stacks on different positions.
    Separate(Vec<Vec<Slice<'a>>>),
    /// Copies that nothing tells apart.
    Hopeless(Vec<Slice<'a>>),
}

pub(super) fn phases(positions: Vec<Vec<Slice>>) -> Phases {
    let n = positions.iter().map(Vec::len).max().unwrap_or(0);
    if positions.iter().all(|p| p.len() == n) {
        let volumes = (0..n)
            .map(|phase| positions.iter().map(|p| p[phase]).collect())
            .collect();
        return Phases::Volumes(volumes);
    }
    type Discriminator = fn(&Phase) -> String;
    let discriminators: [Discriminator; 5] = [
        |p| format!("{:?}", p.temporal),
        |p| format!("{:?}", p.acquisition),
        |p| format!("{:?}", p.trigger),
        |p| format!("{:?}", p.b_value),
        |p| p.image_type.clone(),
    ];
    for discriminator in discriminators {
        let unique = positions.iter().all(|here| {
            let mut keys: Vec<String> =
                here.iter().map(|s| discriminator(&s.frame.phase)).collect();
            keys.sort();
            keys.windows(2).all(|w| w[0] != w[1])
        });
        if unique {
            let mut parts: BTreeMap<String, Vec<Slice>> = BTreeMap::new();
            for slice in positions.into_iter().flatten() {
                parts
                    .entry(discriminator(&slice.frame.phase))
                    .or_default()
                    .push(slice);
            }
            return Phases::Separate(parts.into_values().collect());
        }
    }
    Phases::Hopeless(positions.into_iter().flatten().collect())
}
