//! How two lines drawn by hand become a longest diameter and a short axis.

use crate::case::Caliper;
use crate::geometry::{Grid, Point};

/// A line drawn where another stands. Across that one in the same slice the two are a pair, the longer
/// of which is the longest diameter; `None` where they are none.
pub(crate) fn paired(
    standing: [Point; 2],
    line: [Point; 2],
    grid: Option<&Grid>,
) -> Option<Caliper> {
    // Without the image nothing speaks against one slice.
    let together = grid.is_none_or(|grid| slice_of(grid, standing) == slice_of(grid, line));
    if !together || !is_across(standing, line) {
        return None;
    }
    let (long, short) = if standing[0].distance(standing[1]) >= line[0].distance(line[1]) {
        (standing, line)
    } else {
        (line, standing)
    };
    Some(Caliper {
        long,
        short: Some(short),
    })
}

/// Zero-based slice in which the middle of a line lies; outside the image too.
fn slice_of(grid: &Grid, line: [Point; 2]) -> i64 {
    grid.voxel_from_patient(line[0].midpoint(line[1])).k.round() as i64
}

/// Whether a line crosses another, at more than 45°, near its plane.
fn is_across(long: [Point; 2], line: [Point; 2]) -> bool {
    let (u, v) = (long[1].0 - long[0].0, line[1].0 - line[0].0);
    let (a, b) = (u.norm(), v.norm());
    if a <= 0.0 || b <= 0.0 || u.dot(&v).abs() > a * b * std::f64::consts::FRAC_1_SQRT_2 {
        return false;
    }
    long[0]
        .midpoint(long[1])
        .distance(line[0].midpoint(line[1]))
        .0
        <= a.max(b) / 2.0
}
