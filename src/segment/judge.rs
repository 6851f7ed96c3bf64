//! How far a mask can be trusted.

use super::border::Border;
use super::frame::Frame;
use super::outline::Outline;
use super::{Error, Params, middle_of};
use crate::geometry::Point;
use crate::measure;
use crate::volume::{Mask, Volume};
use crate::warning::{Warning, WarningCode};

/// Below this contrast-to-noise ratio a boundary is doubtful.
const DOUBTFUL_CONTRAST: f64 = 2.0;
/// Above this disagreement of drawn and measured long axis a mask is doubtful.
const DOUBTFUL_AXIS: f64 = 0.25;

/// From this share of the border on that stands out the right way, edges leave no doubt.
const ENOUGH_EDGES: f64 = 0.6;
/// From this Dice on, the outline that a line suggests speaks for the mask that was made of it.
const NEAR_OUTLINE: f64 = 0.6;
/// Factor where the spacing is unknown.
const UNKNOWN_SPACING: f64 = 0.6;
/// Factor where no division tells how sharp it was.
const UNKNOWN_SHARPNESS: f64 = 0.9;
/// A reader may have meant what an edit made of the drawn length: it counts, but does not pass
/// for certain.
const EDITED_AXIS: f64 = 0.65;
/// A factor below this is told.
const TOLD: f64 = 0.75;

/// How a mask came about.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    /// By a division, and how sharp that was: part of the mask that stays when it is asked for more
    /// certainty.
    Divided(f64),
    /// By corrections of the mask of a division.
    Corrected,
    /// By edits, or elsewhere.
    Edited,
}

/// Confidence and warnings of a mask.
///
/// The confidence is a product: 1 − exp(−(c/1.2)²) for the contrast c of the boundary in units of
/// the noise; 1 less twice the disagreement of measured and drawn long axis beyond 10 %, at least
/// 0.65 once edited; the sharpness of the division to the power ½, and 0.9 where that is not known;
/// the share of the border that stands out the same way, over 0.6; for a division, the Dice of the
/// mask with the ellipsoid that the line suggests, over 0.6; 0.6 where the spacing is unknown, for the
/// distance of slices is then a guess; and 0.7 where the mask touches the image's border. `line` is
/// the diameter that was drawn, where there is one.
pub(super) fn judge(
    volume: &Volume,
    mask: &Mask,
    line: Option<[Point; 2]>,
    origin: Origin,
) -> Result<(f64, Vec<Warning>), Error> {
    if mask.grid().shape() != volume.grid().shape() {
        return Err(Error::OtherGrid);
    }
    let measured = measure::measure(mask, None).map_err(|e| Error::Mask(e.to_string()))?;
    let grid = mask.grid();
    let [first, last] = measured.long_axis.ends;
    let disagreement = line.map_or(0.0, |[a, b]| {
        (first.distance(last).0 / a.distance(b).0 - 1.0).abs()
    });
    let border = Border::of(volume, mask);
    let contrast = border.contrast.unwrap_or(0.0);
    let by_edges = (border.edges / ENOUGH_EDGES).min(1.0);
    let by_outline = match (line, origin) {
        (Some(ends), Origin::Divided(_)) => {
            (near_outline(volume, mask, ends) / NEAR_OUTLINE).min(1.0)
        }
        _ => 1.0,
    };
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
    if by_edges < TOLD {
        warn(
            WarningCode::Doubtful,
            format!(
                "Only {:.0} % of the mask's border lies along an edge of the image",
                100.0 * border.edges
            ),
        );
    }
    if by_outline < TOLD {
        warn(
            WarningCode::Doubtful,
            "The mask is far from the shape that the drawn diameter suggests".to_owned(),
        );
    }
    let by_contrast = 1.0 - (-(contrast / 1.2).powi(2)).exp();
    let (least, by_sharpness) = match origin {
        Origin::Divided(sharpness) => (0.05, sharpness.clamp(0.0, 1.0).sqrt()),
        Origin::Corrected => (0.05, UNKNOWN_SHARPNESS),
        Origin::Edited => (EDITED_AXIS, UNKNOWN_SHARPNESS),
    };
    let by_axis = (1.0 - 2.0 * (disagreement - 0.1).max(0.0)).clamp(least, 1.0);
    let by_border = if touches { 0.7 } else { 1.0 };
    let by_spacing = if grid.is_calibrated() {
        1.0
    } else {
        UNKNOWN_SPACING
    };
    let of_image = by_contrast * by_edges * by_spacing * by_border;
    Ok((of_image * by_axis * by_outline * by_sharpness, warnings))
}

/// Dice of a mask with the ellipsoid that a line suggests.
fn near_outline(volume: &Volume, mask: &Mask, ends: [Point; 2]) -> f64 {
    let frame = Frame::new(volume);
    let outline = Outline::of_line(&frame, ends, &Params::standard());
    let voxel: f64 = frame.steps().iter().product();
    let whole = 4.0 / 3.0 * std::f64::consts::PI * outline.half.iter().product::<f64>() / voxel;
    // Of large masks some voxels are enough.
    let every = mask.n_voxels().div_ceil(MANY_VOXELS).max(1);
    let some: Vec<[usize; 3]> = mask.voxels().step_by(every).collect();
    let is_within =
        |v: &&[usize; 3]| outline.reach(frame.of_patient(middle_of(volume, **v))) <= 1.0;
    let share = some.iter().filter(is_within).count() as f64 / some.len().max(1) as f64;
    let marked = mask.n_voxels() as f64;
    2.0 * share * marked / (whole + marked).max(1.0)
}

/// From so many voxels on only some are compared with the outline.
const MANY_VOXELS: usize = 50_000;
