//! How far a mask can be trusted.

use super::Error;
use super::model::{median, spread};
use crate::geometry::Point;
use crate::measure;
use crate::volume::{Mask, Volume};
use crate::warning::{Warning, WarningCode};

/// Below this contrast-to-noise ratio a boundary is doubtful.
const DOUBTFUL_CONTRAST: f64 = 2.0;
/// Above this disagreement of drawn and measured long axis a mask is doubtful.
const DOUBTFUL_AXIS: f64 = 0.25;

/// Confidence and warnings of a mask.
///
/// The confidence is a product: 1 − exp(−(c/1.2)²) for the contrast c of the boundary in units of
/// the noise; 1 less twice the disagreement of measured and drawn long axis beyond 10 %; the
/// sharpness of the division to the power ½ (how much of the mask stays when it is asked for more
/// certainty); and 0.7 where the mask touches the image's border. `line` and `sharpness` where there
/// are any.
pub(super) fn judge(
    volume: &Volume,
    mask: &Mask,
    line: Option<[Point; 2]>,
    sharpness: Option<f64>,
) -> Result<(f64, Vec<Warning>), Error> {
    let measured = measure::measure(mask, Some(volume)).map_err(|e| Error::Mask(e.to_string()))?;
    let grid = mask.grid();
    let [first, last] = measured.long_axis.ends;
    let disagreement = line.map_or(0.0, |[a, b]| {
        (first.distance(last).0 / a.distance(b).0 - 1.0).abs()
    });
    let contrast = contrast(volume, mask).unwrap_or(0.0);
    let (low, size) = mask.bounds();
    let shape = grid.shape();
    let touches = (0..3).any(|a| shape[a] > 1 && (low[a] == 0 || low[a] + size[a] == shape[a]));

    let mut warnings = Vec::new();
    let mut warn = |code, text: String| warnings.push(Warning::new(code, text));
    if touches {
        warn(
            WarningCode::Border,
            "The mask reaches the border of the image: the lesion may go on outside".to_owned(),
        );
    }
    if size[2] < 3 && shape[2] > 1 {
        warn(
            WarningCode::Small,
            match size[2] {
                1 => "The lesion covers only 1 slice: its volume is uncertain".to_owned(),
                n => format!("The lesion covers only {n} slices: its volume is uncertain"),
            },
        );
    }
    let n_missing = (low[2]..low[2] + size[2])
        .filter(|k| grid.is_void(*k))
        .count();
    if n_missing > 0 {
        warn(
            WarningCode::Gap,
            match n_missing {
                1 => "The lesion reaches across 1 missing slice, which counts for nothing: it is \
                      larger than measured"
                    .to_owned(),
                n => format!(
                    "The lesion reaches across {n} missing slices, which count for nothing: it is \
                     larger than measured"
                ),
            },
        );
    }
    if contrast < DOUBTFUL_CONTRAST {
        warn(
            WarningCode::Doubtful,
            format!("The boundary stands out by only {contrast:.1} standard deviations"),
        );
    }
    if disagreement > DOUBTFUL_AXIS {
        warn(
            WarningCode::Doubtful,
            format!(
                "The mask's longest diameter differs from the drawn one by {:.0} %",
                100.0 * disagreement
            ),
        );
    }
    let by_contrast = 1.0 - (-(contrast / 1.2).powi(2)).exp();
    let by_axis = (1.0 - 2.0 * (disagreement - 0.1).max(0.0)).clamp(0.05, 1.0);
    let by_sharpness = sharpness.map_or(1.0, |s| s.clamp(0.0, 1.0).sqrt());
    let by_border = if touches { 0.7 } else { 1.0 };
    Ok((by_contrast * by_axis * by_sharpness * by_border, warnings))
}

/// How far beyond a mask its surroundings are looked at, mm: what is nearer holds a part of the
/// lesion by blur. From one to four pixels.
const BESIDE_MM: f64 = 1.5;

/// Contrast in units of noise: the difference of the median values of the marked voxels and of those
/// beside them in the slice, [`BESIDE_MM`] off, over the smaller of both spreads. `None` when a side
/// has no values.
fn contrast(volume: &Volume, mask: &Mask) -> Option<f64> {
    let grid = volume.grid();
    let shape = grid.shape();
    let [di, dj, _] = grid.spacing_mm().map(|s| s.0);
    let off = ((BESIDE_MM / di.min(dj)).round() as isize).clamp(1, 4);
    let (low, size) = mask.bounds();
    // Of large masks every other row and column is enough.
    let every = if mask.n_voxels() > MANY_VOXELS { 2 } else { 1 };
    let more = off as usize;
    let (mut within, mut beyond) = (Vec::new(), Vec::new());
    let range = |a: usize, more: usize| {
        let end = (low[a] + size[a] + more).min(shape[a]);
        (low[a].saturating_sub(more)..end).step_by(if a == 2 { 1 } else { every })
    };
    for k in range(2, 0) {
        for j in range(1, more) {
            for i in range(0, more) {
                let marked = |di: isize, dj: isize| {
                    let at = (i.checked_add_signed(di), j.checked_add_signed(dj));
                    matches!(at, (Some(i), Some(j)) if mask.contains(i, j, k))
                };
                let cross =
                    |d: isize| marked(d, 0) || marked(-d, 0) || marked(0, d) || marked(0, -d);
                if marked(0, 0) {
                    within.extend(volume.value(i, j, k));
                } else if cross(off) && !(1..off).any(cross) {
                    beyond.extend(volume.value(i, j, k));
                }
            }
        }
    }
    let difference = f64::from((median(&within)? - median(&beyond)?).abs());
    let noise = f64::from(spread(&within)?.min(spread(&beyond)?));
    Some(difference / noise.max(1e-6))
}

/// From so many voxels on only some are looked at for the contrast.
const MANY_VOXELS: usize = 50_000;
