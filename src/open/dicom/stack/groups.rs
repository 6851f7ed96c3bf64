//! Which slices of a series belong to one stack.

use super::Slice;
use crate::geometry::Vec3;
use crate::open::dicom::geometry;

/// Direction cosines nearer than this belong to one stack (about 0.06°).
const ORIENTATION_TOLERANCE: f64 = 1e-3;

/// What slices of one stack share. Values of ImageType beyond the third, acquisition and temporal
/// position are left to [`phases`], which looks at them only where positions repeat.
pub(super) fn stack_key(slice: &Slice, orientations: &mut Vec<[Vec3; 2]>) -> String {
    let frame = slice.frame;
    let placed = frame
        .position
        .and(frame.orientation)
        .filter(|o| geometry::orthonormal(*o).is_some());
    let orientation = placed.map(|o| {
        let near =
            |p: &[Vec3; 2]| (p[0] - o[0]).amax().max((p[1] - o[1]).amax()) <= ORIENTATION_TOLERANCE;
        orientations.iter().position(near).unwrap_or_else(|| {
            orientations.push(o);
            orientations.len() - 1
        })
    });
    let spacing = frame.spacing.map(|s| s.map(|v| (v * 1e4).round() as i64));
    format!(
        "{:?}|{}|{}|{}|{:?}|{:?}|{}|{}|{}",
        orientation,
        slice.instance.format.rows,
        slice.instance.format.columns,
        frame.image_type,
        spacing,
        frame.echo_time.map(|t| (t * 1e3).round() as i64),
        slice.instance.kernel,
        frame.stack,
        slice.instance.frame_of_reference,
    )
}
