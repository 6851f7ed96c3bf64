//! Dividing a whole lesion again with a reader's strokes in mind.

use ndarray::Array3;

use super::brush::Brush;
use super::{Error, Params, Prompt, first};
use crate::jobs::JobContext;
use crate::volume::parts::{self, Touch};
use crate::volume::{Mask, Volume};

/// A stroke's own change, and with it what the whole lesion divided anew with all strokes in mind
/// would change alike (add or take away) in connection with it. Nothing under earlier strokes of the
/// other kind changes. Where the lesion did not begin with a drag, or cannot be divided anew, the
/// stroke's own change stands.
pub(super) fn widened(
    volume: &Volume,
    mask: &Mask,
    (earlier, last): (&[Prompt], &Prompt),
    own: Vec<[usize; 3]>,
    params: &Params,
    job: &JobContext,
) -> Result<Vec<[usize; 3]>, Error> {
    let (Some(Prompt::Drag { ends }), Some(adds)) = (earlier.first(), stroke_adds(last)) else {
        return Ok(own);
    };
    let strokes: Vec<(Brush, bool)> = earlier
        .iter()
        .chain([last])
        .filter_map(|p| Some((Brush::new(volume, p), stroke_adds(p)?)))
        .collect();
    let made = match first::of_drag(volume, *ends, &strokes, params, job) {
        Ok(lesion) => lesion.mask(volume)?,
        Err(Error::Cancelled(c)) => return Err(c.into()),
        Err(_) => return Ok(own),
    };
    let (from, to) = if adds { (&made, mask) } else { (mask, &made) };
    let more: Vec<[usize; 3]> = from
        .voxels()
        .filter(|[i, j, k]| !to.contains(*i, *j, *k))
        .collect();
    let (mut low, mut high) = ([usize::MAX; 3], [0usize; 3]);
    for v in own.iter().chain(&more) {
        for a in 0..3 {
            low[a] = low[a].min(v[a]);
            high[a] = high[a].max(v[a] + 1);
        }
    }
    if own.is_empty() {
        return Ok(own);
    }
    let size = [0, 1, 2].map(|a| high[a] - low[a]);
    let at = |v: &[usize; 3]| [v[2] - low[2], v[1] - low[1], v[0] - low[0]];
    let mut bits = Array3::from_elem([size[2], size[1], size[0]], false);
    for v in &more {
        bits[at(v)] = true;
    }
    for (brush, _) in strokes.iter().filter(|s| s.1 != adds) {
        for v in brush.covered(volume, (low, size), job)? {
            bits[at(&v)] = false;
        }
    }
    let seeds: Vec<[usize; 3]> = own.iter().map(at).collect();
    for seed in &seeds {
        bits[*seed] = true;
    }
    parts::keep_seeded(&mut bits, &seeds, Touch::Faces);
    let marked = bits.indexed_iter().filter(|(_, b)| **b);
    Ok(marked
        .map(|((k, j, i), _)| [low[0] + i, low[1] + j, low[2] + k])
        .collect())
}

/// Whether a gesture is a stroke that adds, or one that takes away.
const fn stroke_adds(prompt: &Prompt) -> Option<bool> {
    match prompt {
        Prompt::Scribble { adds, .. } | Prompt::Point { adds, .. } => Some(*adds),
        _ => None,
    }
}
