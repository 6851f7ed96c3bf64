//! Segmenting a lesion from one gesture: the drag along its longest diameter.
//!
//! Works on the image's own grid; nothing is resampled. Where the spacing is unknown, "mm" below are
//! the grid's nominal units.

mod confidence;
mod grow;
mod region;
mod shape;

use serde::Serialize;

use crate::geometry::Point;
use crate::jobs::{Cancelled, JobContext};
use crate::measure;
use crate::units::Mm;
use crate::volume::{Mask, Volume};
use crate::warning::{Warning, WarningCode};

/// Name and version of the engine, written with every mask it makes.
pub const ENGINE: &str = "growcut/1";

/// Parameters of GrowCut from a drawn diameter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GrowCutParams {
    /// Radius of the region in drawn lengths; everything beyond is background (Tumor-Cut uses 1.35
    /// diameters, Hamamci et al. 2012, doi 10.1109/TMI.2011.2181857).
    pub region_per_length: f64,
    /// Added to that radius, mm.
    pub region_margin: f64,
    /// Share of the drawn line, from its middle, that is certainly lesion.
    pub seed_share: f64,
    /// Radius of the tube of foreground seeds around it, mm.
    pub seed_radius: f64,
    /// Standard deviation of the smoothing before growing, mm.
    pub smoothing: f64,
    /// Cost of a step of 1 mm, in units of 2 σ of the lesion's values.
    pub cost_per_mm: f64,
}

impl GrowCutParams {
    /// The parameters in use.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            region_per_length: 0.675,
            region_margin: 2.0,
            seed_share: 0.84,
            seed_radius: 1.0,
            smoothing: 0.5,
            cost_per_mm: 0.005,
        }
    }
}

/// A mask and how far it can be trusted.
#[derive(Clone, Debug)]
pub struct Segmentation {
    /// The lesion.
    pub mask: Mask,
    /// 0–1: contrast against surroundings, agreement with the drawn line, contact with the border.
    pub confidence: f64,
    /// What to know before using the mask.
    pub warnings: Vec<Warning>,
}

/// Why no mask was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An end of the line lies outside the image.
    #[error("an end of the diameter lies outside the image; draw it inside")]
    Outside,
    /// The line is too short to say where a lesion is.
    #[error("the diameter is shorter than {minimum:.1} mm (two pixels); zoom in and draw it again")]
    TooShort {
        /// Shortest usable length.
        minimum: f64,
    },
    /// The region around the line is too large to work on.
    #[error(
        "the diameter of {length:.0} mm asks for a region of {voxels} voxels, the limit is {limit}; measure parts of it"
    )]
    TooLarge {
        /// Drawn length, mm.
        length: f64,
        /// Voxels of the region.
        voxels: usize,
        /// Largest region.
        limit: usize,
    },
    /// There are no values under the line.
    #[error("there are no image values under the diameter (padding or missing); draw it on tissue")]
    NoValues,
    /// The lesion could not be told from its surroundings.
    #[error(
        "the lesion could not be told from its surroundings; draw the diameter on the slice where it is seen best"
    )]
    NothingFound,
    /// The mask could not be formed or measured.
    #[error("the mask could not be formed: {0}")]
    Mask(String),
    /// Stopped on request.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Segments the lesion whose longest diameter was drawn from `p0` to `p1` (LPS mm).
///
/// Two labels compete for the voxels of a sphere around the line: foreground grows from a tube
/// around the line's middle part, background from everything outside the sphere. Growing follows
/// GrowCut (Vezhnevets & Konouchine 2005), whose fixed point is a shortest path: a voxel belongs to
/// the label that reaches it at the lower sum of |ΔI| / 2σ plus a small cost per mm (the form of Zhu
/// et al. 2014), σ being the spread of values along the line. A median, hole filling and keeping
/// the part that holds the seeds follow.
///
/// Equal input gives equal masks, whatever the number of threads.
///
/// # Errors
/// When the line lies outside the image or on no values, is too short or too long, or nothing
/// stands out.
pub fn grow_cut(
    volume: &Volume,
    p0: Point,
    p1: Point,
    params: &GrowCutParams,
    job: &JobContext,
) -> Result<Segmentation, Error> {
    let grid = volume.grid();
    let ends = [p0, p1].map(|p| grid.voxel_from_patient(p));
    if ends.iter().any(|v| !grid.contains(*v)) {
        return Err(Error::Outside);
    }
    let drawn = p0.distance(p1);
    let [di, dj, _] = grid.spacing_mm().map(|s| s.0);
    let minimum = 2.0 * di.max(dj);
    if drawn.0.is_nan() || drawn.0 < minimum {
        return Err(Error::TooShort { minimum });
    }
    let region = region::Region::around(volume, p0, p1, params, job)?;
    job.check()?;
    let seeds = region.seeds(p0, p1, params, grid);
    let sigma = region.spread(&seeds.foreground).ok_or(Error::NoValues)?;
    let mut inside = grow::compete(&region, &seeds, sigma, params.cost_per_mm, job)?;
    job.check()?;
    shape::median_in_plane(&mut inside);
    shape::fill_holes(&mut inside);
    // Median and filling know neither the sphere nor padding.
    inside.zip_mut_with(&region.free, |inside, free| *inside &= *free);
    if !shape::keep_seeded(&mut inside, &seeds.foreground) {
        return Err(Error::NothingFound);
    }
    let found = confidence::contrast(&region, &inside);
    for k in grid.void_slices() {
        if let Some(k) = k.checked_sub(region.origin[2])
            && k < inside.dim().0
        {
            inside.index_axis_mut(ndarray::Axis(0), k).fill(false);
        }
    }
    let mask = Mask::from_box(grid.clone(), region.origin, &inside)
        .map_err(|e| Error::Mask(e.to_string()))?;
    let (confidence, warnings) = judge(volume, &mask, drawn, found)?;
    Ok(Segmentation {
        mask,
        confidence,
        warnings,
    })
}

/// Below this contrast-to-noise ratio a boundary is doubtful.
const DOUBTFUL_CONTRAST: f64 = 2.0;
/// Above this disagreement of drawn and measured long axis a mask is doubtful.
const DOUBTFUL_AXIS: f64 = 0.25;

/// Confidence and warnings of a mask.
///
/// The confidence is the product of three terms: 1 − exp(−(c/2)²) for the contrast c of the boundary
/// in units of the noise; 1 less twice the disagreement of measured and drawn long axis beyond 5 %;
/// and 0.7 where the mask touches the image's border.
fn judge(
    volume: &Volume,
    mask: &Mask,
    drawn: Mm,
    contrast: Option<f64>,
) -> Result<(f64, Vec<Warning>), Error> {
    let measured = measure::measure(mask, Some(volume)).map_err(|e| Error::Mask(e.to_string()))?;
    let grid = mask.grid();
    let [first, last] = measured.long_axis.ends;
    let disagreement = (first.distance(last).0 / drawn.0 - 1.0).abs();
    let contrast = contrast.unwrap_or(0.0);
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
    let by_contrast = 1.0 - (-(contrast / 2.0).powi(2)).exp();
    let by_axis = (1.0 - 2.0 * (disagreement - 0.05).max(0.0)).clamp(0.05, 1.0);
    let by_border = if touches { 0.7 } else { 1.0 };
    Ok((by_contrast * by_axis * by_border, warnings))
}
