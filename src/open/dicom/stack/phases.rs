//! Slices by position, and what copies of one position are: phases, several stacks, or a riddle.

use std::collections::BTreeMap;

use super::{Slice, same_place};
use crate::geometry::Vec3;
use crate::open::dicom::geometry::{self, POSITION_TOLERANCE_MM};
use crate::open::dicom::marks::{Mark, MarkValue};

/// The normal of a stack whose slices all have a place.
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
    placed.sort_by(|a, b| {
        a.0.total_cmp(&b.0)
            .then_with(|| a.1.path().cmp(b.1.path()))
            .then(a.1.index.cmp(&b.1.index))
    });
    let mut positions: Vec<(f64, Vec<Slice>)> = Vec::new();
    for (depth, slice) in placed {
        match positions.last_mut() {
            Some((first, here)) if depth - *first <= POSITION_TOLERANCE_MM => here.push(slice),
            _ => positions.push((depth, vec![slice])),
        }
    }
    positions.into_iter().map(|(_, here)| here).collect()
}

/// What a series says about whose and which examination a slice is.
fn origin<'a>(slice: &Slice<'a>) -> (&'a str, &'a str, Option<i64>) {
    let instance = slice.instance;
    (
        &instance.patient.id,
        &instance.study_uid,
        instance.series_number,
    )
}

/// Slices by origin, where copies of a position come from several patients, studies or series.
pub(super) fn by_origin<'a>(positions: &[Vec<Slice<'a>>]) -> Option<Vec<Vec<Slice<'a>>>> {
    let mixed = positions
        .iter()
        .any(|here| here.iter().any(|s| origin(s) != origin(&here[0])));
    mixed.then(|| {
        let mut parts: BTreeMap<_, Vec<Slice>> = BTreeMap::new();
        for slice in positions.iter().flatten() {
            parts.entry(origin(slice)).or_default().push(*slice);
        }
        parts.into_values().collect()
    })
}

/// What several slices at the same positions are.
pub(super) enum Phases<'a> {
    /// One volume, or several on the same positions, each in order of position.
    Volumes(Vec<Vec<Slice<'a>>>),
    /// Several stacks on different positions.
    Separate(Vec<Vec<Slice<'a>>>),
    /// Copies that nothing tells apart.
    Hopeless(Vec<Slice<'a>>),
}

/// Tells copies of positions apart by the first mark, or by all of them together, that differs
/// between the copies of every position.
pub(super) fn phases(positions: Vec<Vec<Slice>>) -> Phases {
    if positions.iter().all(|p| p.len() == 1) {
        return Phases::Volumes(vec![positions.into_iter().flatten().collect()]);
    }
    let every: Vec<Mark> = Mark::ALL.into_iter().filter(|m| !m.is_running()).collect();
    let (running, telling): (Vec<Mark>, Vec<Mark>) =
        Mark::ALL.into_iter().partition(|m| m.is_running());
    // A mark that parts the series into whole volumes is the best answer, then one that parts it
    // into unequal stacks, then one that at least counts up in step.
    let candidates: Vec<Vec<Mark>> = telling
        .into_iter()
        .map(|m| vec![m])
        .chain([every])
        .chain(running.into_iter().map(|m| vec![m]))
        .filter(|marks| tell_apart(&positions, marks))
        .collect();
    let n_copies = positions.iter().map(Vec::len).max().unwrap_or(0);
    let parts: Vec<Vec<Vec<Slice>>> = candidates.iter().map(|m| parts(&positions, m)).collect();
    let whole = |parts: &&Vec<Vec<Slice>>| {
        parts.len() == n_copies && parts.iter().all(|p| p.len() == positions.len())
    };
    if let Some(volumes) = parts.iter().find(whole) {
        return aligned(volumes.clone());
    }
    if positions.iter().all(|p| p.len() == n_copies)
        && let Some(volumes) = candidates.iter().find_map(|m| by_rank(&positions, m))
    {
        return aligned(volumes);
    }
    // As many parts as there are slices would be no stacks.
    let n_slices: usize = positions.iter().map(Vec::len).sum();
    match parts.into_iter().find(|p| p.len() * 2 <= n_slices) {
        Some(stacks) => Phases::Separate(stacks),
        None => Phases::Hopeless(positions.into_iter().flatten().collect()),
    }
}

type Key<'a> = Vec<Option<&'a MarkValue>>;

fn key<'a>(slice: &Slice<'a>, marks: &[Mark]) -> Key<'a> {
    marks.iter().map(|m| slice.frame.marks.get(*m)).collect()
}

fn order(a: &Key, b: &Key) -> std::cmp::Ordering {
    a.iter()
        .zip(b)
        .map(|(a, b)| match (a, b) {
            (Some(a), Some(b)) => a.order(b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
        .find(|o| o.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

/// Whether no two copies of a position agree in all these marks.
fn tell_apart(positions: &[Vec<Slice>], marks: &[Mark]) -> bool {
    positions.iter().all(|here| {
        let mut keys: Vec<Key> = here.iter().map(|s| key(s, marks)).collect();
        keys.sort_by(order);
        keys.windows(2).all(|w| order(&w[0], &w[1]).is_ne())
    })
}

/// Slices of equal marks, in order of the marks; within each by position.
fn parts<'a>(positions: &[Vec<Slice<'a>>], marks: &[Mark]) -> Vec<Vec<Slice<'a>>> {
    let mut slices: Vec<(Key, Slice)> = positions
        .iter()
        .flatten()
        .map(|s| (key(s, marks), *s))
        .collect();
    slices.sort_by(|a, b| order(&a.0, &b.0));
    slices
        .chunk_by(|a, b| order(&a.0, &b.0).is_eq())
        .map(|part| part.iter().map(|(_, s)| *s).collect())
        .collect()
}

/// Volumes by the rank of copies at each position, where marks count up in step: through one volume
/// after the other, or through one position after the other. Otherwise the n-th copies of two
/// positions need not belong together.
fn by_rank<'a>(positions: &[Vec<Slice<'a>>], marks: &[Mark]) -> Option<Vec<Vec<Slice<'a>>>> {
    let mut ranked = positions.to_vec();
    for here in &mut ranked {
        here.sort_by(|a, b| order(&key(a, marks), &key(b, marks)));
    }
    let volumes: Vec<Vec<Slice>> = (0..ranked[0].len())
        .map(|n| ranked.iter().map(|here| here[n]).collect())
        .collect();
    // Trigger times of one phase differ a little from slice to slice; their rank is the phase.
    let trusted = marks == [Mark::Trigger];
    (trusted || are_blocks(&volumes, marks) || are_blocks(&ranked, marks)).then_some(volumes)
}

/// Whether the spans of marks of these groups do not overlap.
fn are_blocks(groups: &[Vec<Slice>], marks: &[Mark]) -> bool {
    let mut spans: Vec<[Key; 2]> = groups
        .iter()
        .filter_map(|group| {
            let keys = || group.iter().map(|s| key(s, marks));
            Some([keys().min_by(order)?, keys().max_by(order)?])
        })
        .collect();
    spans.sort_by(|a, b| order(&a[0], &b[0]));
    spans.windows(2).all(|w| order(&w[0][1], &w[1][0]).is_lt())
}

/// Volumes whose slices lie at the very same places are phases of one grid; where they are shifted
/// within the plane each needs a grid of its own.
pub(super) fn aligned(volumes: Vec<Vec<Slice>>) -> Phases {
    let same = volumes
        .iter()
        .all(|v| v.iter().zip(&volumes[0]).all(|(a, b)| same_place(a, b)));
    if same {
        Phases::Volumes(volumes)
    } else {
        Phases::Separate(volumes)
    }
}
