//! Rigid registration: where a point of one image lies in another of the same body.
//!
//! Both images are averaged to three resolutions on their own grids; slices keep their own places, void
//! voxels stay void. Points of the smaller body are compared with the other image, by correlation within
//! one modality and by mutual information across two. All shifts along the body, shifts sideways and modest
//! turns are tried coarsely, the best climb to the top of the likeness from one resolution to the next, and
//! what comes out is checked: against chance, against the runner-up, and block by block against the
//! images themselves. What does not pass is refused.
//!
//! The smaller body is sampled whichever image is called fixed, so that exchanging the two gives the inverse
//! transform.

mod body;
mod climb;
mod error;
mod judge;
mod level;
mod likeness;
mod map;
mod mutual;
mod ncc;
mod params;
mod pose;
mod residual;
mod rigid;
mod samples;
mod scan;
mod search;
#[cfg(test)]
mod tests;
mod tone;

pub use error::Error;
pub use params::{Metric, Params};
pub use residual::Residual;
pub use rigid::{Rigid, RigidError};

use level::Level;
use samples::Image;
use tone::Tone;

use crate::jobs::JobContext;
use crate::volume::Volume;
use crate::warning::Warning;

/// Name and version of the engine, written with every transform it finds.
pub const ENGINE: &str = "rigid/2";

/// Finest resolution: this part of the smaller field of view (cube root of its volume), and at most so many
/// mm. Averages over 2 mm place an image of a body to a small part of a millimetre.
const FINEST_SHARE: f64 = 1.0 / 128.0;
const FINEST_MM: f64 = 2.0;
/// Fewest voxels along each axis, and least values' extent in voxels of the finest resolution.
const FEWEST_VOXELS: [usize; 3] = [8, 8, 3];

/// A transform and how far it can be trusted.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Maps points of the fixed image to points of the moving image, LPS mm.
    pub transform: Rigid,
    /// How likeness was measured.
    pub metric: Metric,
    /// The likeness reached, on the scale that [`Metric`] states.
    pub value: f64,
    /// How far local anatomy lies off; `None` where too few parts of the images could be found again.
    pub residual: Option<Residual>,
    /// Share of the smaller body that lies on the other image, 0–1.
    pub overlap: f64,
    /// What to know before using the transform.
    pub warnings: Vec<Warning>,
}

/// Finds the rigid transform that maps points of `fixed` to the same anatomy in `moving`.
///
/// Equal input gives equal transforms, whatever the number of threads. Exchanging the images gives the
/// inverse.
///
/// # Errors
/// When millimetres of an image are not to be believed, an image is too small or flat, the bodies do not
/// meet, or what was found is no better than chance, than another place, or than its parts allow; or on
/// request.
pub fn register(
    fixed: &Volume,
    moving: &Volume,
    params: &Params,
    job: &JobContext,
) -> Result<Registration, Error> {
    job.check()?;
    for (volume, name) in [(fixed, "fixed"), (moving, "moving")] {
        check(volume, name)?;
    }
    let metric = params
        .metric
        .unwrap_or_else(|| Metric::suiting(fixed, moving));
    let finest = field_size(fixed).min(field_size(moving)) * FINEST_SHARE;
    let finest = finest.min(FINEST_MM);
    job.progress.step("reading the images");
    let fixed_image = image(fixed, finest, job)?;
    let moving_image = image(moving, finest, job)?;
    let is_swapped = moving_image.body_volume() < fixed_image.body_volume();
    let (own, other, names) = if is_swapped {
        (moving_image, fixed_image, ["moving", "fixed"])
    } else {
        (fixed_image, moving_image, ["fixed", "moving"])
    };
    let task = search::Task {
        own: &own,
        other: &other,
        names,
        metric,
        seed: params.seed,
        finest,
    };
    let near = params
        .same_frame_of_reference
        .then(|| search::search(&task, true, job))
        .transpose();
    let found = match near {
        Ok(Some(found)) => found,
        Err(Error::Cancelled(cancelled)) => return Err(cancelled.into()),
        Ok(None) | Err(_) => search::search(&task, false, job)?,
    };
    let transform = found.pose.rigid();
    Ok(Registration {
        transform: if is_swapped {
            transform.inverse()
        } else {
            transform
        },
        metric,
        value: found.value,
        warnings: judge::warnings(&found, [fixed, moving]),
        residual: found.residual,
        overlap: found.overlap,
    })
}

fn check(volume: &Volume, image: &'static str) -> Result<(), Error> {
    let grid = volume.grid();
    if !grid.is_calibrated() {
        return Err(Error::Uncalibrated { image });
    }
    let shape = grid.shape();
    let real = shape[2] - grid.void_slices().len();
    let [ni, nj, nk] = FEWEST_VOXELS;
    if shape[0] < ni || shape[1] < nj || real < nk {
        return Err(Error::TooSmall { image, shape });
    }
    Ok(())
}

/// Cube root of the volume of the field of view, mm.
fn field_size(volume: &Volume) -> f64 {
    let (shape, spacing) = (volume.grid().shape(), volume.grid().spacing_mm());
    let sides = shape.iter().zip(spacing).map(|(n, s)| *n as f64 * s.0);
    sides.product::<f64>().cbrt()
}

fn image(volume: &Volume, finest: f64, job: &JobContext) -> Result<Image, Error> {
    let tone = Tone::suiting(volume);
    let fine = Level::of(volume, tone, finest, job)?;
    let middle = fine.coarser(2.0 * finest);
    let coarse = middle.coarser(4.0 * finest);
    job.check()?;
    Ok(Image::new([fine, middle, coarse], tone))
}
