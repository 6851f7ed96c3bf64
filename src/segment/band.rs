//! What lies near a surface and has the values of the tissue within.

use rayon::prelude::*;

use super::star::{Star, Surroundings, Tissue};

/// How far from the surface values decide, mm, and the same in radii of the lesion; the larger counts.
const MARGIN_MM: f64 = 1.2;
const MARGIN_RADII: f64 = 0.12;

/// How likely each voxel of a field is lesion, 0–1, by a star-shaped surface and the band of the
/// tissue's values: 1 where it lies deeper within the surface than the margin, 0 where it lies farther
/// beyond or has no value, and between them how much its value belongs to the tissue (½ at the limits
/// of the band).
///
/// `reach` is the distance of each voxel from the star's centre in units of the surface's.
pub(super) fn likely(
    around: &Surroundings<'_>,
    tissue: &Tissue,
    star: &Star,
    reach: &[f32],
) -> Vec<f32> {
    let margin = (MARGIN_RADII * star.radius()).max(MARGIN_MM);
    let told = |n: usize| {
        let far = around.places[n].distance(star.center).0;
        // Along the ray; the centre itself is as deep as can be.
        let beyond = far - far / f64::from(reach[n]).max(1e-3);
        if !around.field.values[n].is_finite() || beyond > margin {
            0.0
        } else if beyond <= -margin {
            1.0
        } else {
            tissue.member(n)
        }
    };
    (0..reach.len()).into_par_iter().map(told).collect()
}
