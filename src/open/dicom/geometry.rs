//! From positions of slices to a grid, with everything odd about them named.

use super::instance::Frame;
use crate::geometry::{Grid, GridError, Point, Spacing, Vec3, is_spacing_mm};
use crate::warning::{Warning, WarningCode};

/// Slices nearer than this along the normal are at one position, mm.
pub(super) const POSITION_TOLERANCE_MM: f64 = 0.01;
/// A shift within the plane, beside the straight line of the stack, below this is rounding, mm.
const SIDEWAYS_TOLERANCE_MM: f64 = 0.05;
/// Tilt below this is rounding, degrees.
const TILT_TOLERANCE_DEG: f64 = 0.1;

/// Unit direction cosines made perpendicular, or `None` when they do not span a plane.
pub(super) fn orthonormal([row, column]: [Vec3; 2]) -> Option<[Vec3; 2]> {
    let row = row.try_normalize(1e-3)?;
    let column = column.try_normalize(1e-3)?;
    let column = (column - row * row.dot(&column)).try_normalize(0.5)?;
    Some([row, column])
}

/// How far direction cosines are from orthonormal.
fn defect([row, column]: [Vec3; 2]) -> f64 {
    [row.norm() - 1.0, column.norm() - 1.0, row.dot(&column)]
        .iter()
        .fold(0.0, |worst: f64, d| worst.max(d.abs()))
}

/// Forms the grid of slices that are sorted along the normal and all have a position and nearly the
/// same orientation. Slices that are missing in an otherwise even stack become void slices.
pub(super) fn grid(
    frames: &[&Frame],
    [columns, rows]: [usize; 2],
) -> Result<(Grid, Vec<Warning>), GridError> {
    let mut warnings = Vec::new();
    let (cosines, odd) = common_orientation(frames, [columns, rows]);
    warnings.extend(odd);
    let [row, column] = orthonormal(cosines).unwrap_or([Vec3::x(), Vec3::y()]);
    let (spacing, mut known) = match frames[0].spacing {
        Some(spacing) => (spacing, Spacing::Known),
        None => ([1.0, 1.0], Spacing::Unknown),
    };
    let origins: Vec<Point> = frames
        .iter()
        .filter_map(|f| f.position)
        .map(|p| Point(p.into()))
        .collect();
    let normal = row.cross(&column);
    let mut thicknesses: Vec<f64> = frames.iter().filter_map(|f| f.thickness).collect();
    thicknesses.sort_by(f64::total_cmp);
    let thickness = thicknesses.get(thicknesses.len() / 2).copied();
    let (origins, void) = with_missing(origins, normal);
    let n = origins.len();
    let grid = Grid::new(
        [columns, rows, n],
        row * spacing[1],
        column * spacing[0],
        origins,
        thickness.map(|t| normal * t),
    )?
    .with_void_slices(void);
    if known == Spacing::Unknown {
        warnings.push(spacing_unknown());
    } else if n == 1 && thickness.is_none() {
        warnings.push(Warning::new(
            WarningCode::SpacingUnknown,
            "a single slice without SliceThickness (0018,0050) has no known depth: sizes are given \
             in pixels and voxels only",
        ));
        known = Spacing::Unknown;
    } else if !is_spacing_mm(grid.median_gap().0) {
        warnings.push(Warning::new(
            WarningCode::SpacingUnknown,
            format!(
                "slices (0020,0032) are {:.3e} mm apart, which no scan has: sizes are given in \
                 pixels and voxels only",
                grid.median_gap().0
            ),
        ));
        known = Spacing::Unknown;
    }
    warnings.extend(along_normal(&grid, thickness));
    Ok((grid.with_spacing(known), warnings))
}

/// The orientation that most slices state (the first of them where several do), and what is odd
/// about it. One grid has one orientation; where slices differ so that a corner moves, it is named.
fn common_orientation(frames: &[&Frame], [columns, rows]: [usize; 2]) -> ([Vec3; 2], Vec<Warning>) {
    let stated: Vec<[Vec3; 2]> = frames.iter().filter_map(|f| f.orientation).collect();
    let mut counted: Vec<([Vec3; 2], usize)> = Vec::new();
    for cosines in &stated {
        match counted.iter_mut().find(|(known, _)| known == cosines) {
            Some((_, n)) => *n += 1,
            None => counted.push((*cosines, 1)),
        }
    }
    let common = counted
        .iter()
        .rev()
        .max_by_key(|(_, n)| *n)
        .map_or([Vec3::x(), Vec3::y()], |(cosines, _)| *cosines);
    let mut warnings = Vec::new();
    let worst = stated.iter().copied().map(defect).fold(0.0, f64::max);
    if worst > 1e-3 {
        warnings.push(Warning::new(
            WarningCode::DirectionCosines,
            format!(
                "direction cosines (0020,0037) are off by {worst:.4} and were made orthonormal"
            ),
        ));
    }
    let spacing = frames[0].spacing.unwrap_or([1.0, 1.0]);
    let across = [columns as f64 * spacing[1], rows as f64 * spacing[0]];
    let moved = counted
        .iter()
        .map(|(o, _)| (o[0] - common[0]).norm() * across[0] + (o[1] - common[1]).norm() * across[1])
        .fold(0.0, f64::max);
    if moved > POSITION_TOLERANCE_MM {
        warnings.push(Warning::new(
            WarningCode::DirectionCosines,
            format!(
                "direction cosines (0020,0037) differ between slices, by up to {moved:.2} mm at a \
                 corner; those of most slices are used for all"
            ),
        ));
    }
    (common, warnings)
}

/// Distances nearer to a multiple of the step than this share of it count as that multiple.
const MULTIPLE_TOLERANCE: f64 = 0.05;

/// Where all distances are multiples of one step, fills the holes with the places of the missing
/// slices; returns all origins and which of them are void.
///
/// The step is the median of the distances about as small as the smallest. A stack that would need
/// more void slices than it has real ones (two slabs far apart) is left as it is.
fn with_missing(origins: Vec<Point>, normal: Vec3) -> (Vec<Point>, Vec<usize>) {
    let gaps: Vec<f64> = origins
        .windows(2)
        .map(|w| (w[1].0 - w[0].0).dot(&normal))
        .collect();
    let smallest = gaps.iter().copied().fold(f64::INFINITY, f64::min);
    let mut typical: Vec<f64> = gaps
        .iter()
        .copied()
        .filter(|g| *g <= 1.5 * smallest)
        .collect();
    typical.sort_by(f64::total_cmp);
    let Some(&step) = typical.get(typical.len() / 2).filter(|s| **s > 0.0) else {
        return (origins, Vec::new());
    };
    let steps: Vec<f64> = gaps.iter().map(|g| (g / step).round()).collect();
    let even = gaps
        .iter()
        .zip(&steps)
        .all(|(g, n)| *n >= 1.0 && (g / step - n).abs() <= MULTIPLE_TOLERANCE);
    let missing: f64 = steps.iter().map(|n| n - 1.0).sum();
    if !even || missing < 1.0 || missing > origins.len() as f64 {
        return (origins, Vec::new());
    }
    let (mut filled, mut void) = (vec![origins[0]], Vec::new());
    for (pair, n) in origins.windows(2).zip(steps) {
        let [a, b] = [pair[0].0, pair[1].0];
        for m in 1..n as usize {
            void.push(filled.len());
            filled.push(Point(a + (b - a) * (m as f64 / n)));
        }
        filled.push(pair[1]);
    }
    (filled, void)
}

fn spacing_unknown() -> Warning {
    Warning::new(
        WarningCode::SpacingUnknown,
        "no PixelSpacing (0028,0030) that pixels can have: sizes are given in pixels and voxels only",
    )
}

/// The first places of a list, and how many more there are.
pub(super) fn places(positions: &[f64]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = positions
        .iter()
        .take(SHOWN)
        .map(|z| format!("{z:.2}"))
        .collect();
    match positions.len().checked_sub(SHOWN + 1) {
        Some(more) => format!("{} mm and {} more", shown.join(", "), more + 1),
        None => format!("{} mm", shown.join(", ")),
    }
}

/// Slices as the window counts them, from 1.
fn numbers(slices: &[usize]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = slices
        .iter()
        .take(SHOWN)
        .map(|k| (k + 1).to_string())
        .collect();
    let more = match slices.len().saturating_sub(SHOWN) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let noun = if slices.len() == 1 { "slice" } else { "slices" };
    format!("{noun} {}{more}", shown.join(", "))
}

/// What is odd along the normal: holes, unevenness, overlap, tilt.
fn along_normal(grid: &Grid, thickness: Option<f64>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let gaps: Vec<f64> = grid.slice_gaps().iter().map(|g| g.0).collect();
    if gaps.is_empty() {
        return warnings;
    }
    let median = grid.median_gap().0;
    let void = grid.void_slices();
    if !void.is_empty() {
        let at: Vec<f64> = void.iter().map(|k| grid.slice_position(*k).0).collect();
        let one = void.len() == 1;
        warnings.push(Warning::new(
            WarningCode::Gap,
            format!(
                "{} of {} slices {} missing: {}, at {} along the normal; {} empty and {} nothing to \
                 a volume",
                void.len(),
                grid.shape()[2],
                if one { "is" } else { "are" },
                numbers(void),
                places(&at),
                if one { "its place stays" } else { "their places stay" },
                if one { "adds" } else { "add" },
            ),
        ));
    }
    let even = (0.01 * median).max(0.01);
    let low = gaps.iter().copied().fold(f64::INFINITY, f64::min);
    let high = gaps.iter().copied().fold(0.0, f64::max);
    if gaps.iter().any(|gap| (gap - median).abs() > even) {
        warnings.push(Warning::new(
            WarningCode::UnevenSpacing,
            format!("slices are {low:.3} to {high:.3} mm apart; measured at their true positions"),
        ));
        let holes: Vec<usize> = gaps
            .iter()
            .enumerate()
            .filter(|(_, gap)| {
                let steps = (*gap / median).round();
                steps >= 2.0 && (*gap / median - steps).abs() <= MULTIPLE_TOLERANCE
            })
            .map(|(k, _)| k)
            .collect();
        if !holes.is_empty() {
            let at: Vec<f64> = holes.iter().map(|k| grid.slice_position(*k).0).collect();
            warnings.push(Warning::new(
                WarningCode::Gap,
                format!(
                    "holes as of missing slices beyond {} ({} along the normal) are left as holes",
                    numbers(&holes),
                    places(&at)
                ),
            ));
        }
    }
    if let Some(thickness) = thickness
        && thickness > median * 1.01 + 0.01
    {
        warnings.push(Warning::new(
            WarningCode::Overlap,
            format!(
                "slices are {thickness:.2} mm thick and {median:.2} mm apart: they overlap; \
                 the distance is what is measured with"
            ),
        ));
    }
    let tilt = grid.tilt_deg();
    if tilt > TILT_TOLERANCE_DEG {
        warnings.push(Warning::new(
            WarningCode::Tilt,
            format!("slices are sheared by {tilt:.1}° (gantry tilt); measured in true geometry"),
        ));
    }
    let sideways = sideways(grid);
    if sideways > SIDEWAYS_TOLERANCE_MM {
        warnings.push(Warning::new(
            WarningCode::Tilt,
            format!(
                "slices are shifted within their plane, by up to {sideways:.2} mm; measured in true \
                 geometry"
            ),
        ));
    }
    warnings
}

/// The largest departure of a slice, within its plane, from the line through first and last.
fn sideways(grid: &Grid) -> f64 {
    let origins = grid.slice_origins();
    let normal = grid.normal();
    let step = grid.slice_step();
    let rise = step.dot(&normal);
    origins
        .iter()
        .map(|p| {
            let from_first = p.0 - origins[0].0;
            (from_first - step * (from_first.dot(&normal) / rise)).norm()
        })
        .fold(0.0, f64::max)
}

/// Whether positions make a volume of slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// Each slice has a place of its own.
    Each,
    /// Positions or orientation are not stated, or differ from slice to slice.
    Unstated,
    /// Several slices lie at one place, and nothing tells them apart.
    Repeated,
}

/// A nominal grid for images whose positions make no volume.
pub(super) fn nominal(
    frames: &[&Frame],
    [columns, rows]: [usize; 2],
    placed: Placed,
) -> Result<(Grid, Vec<Warning>), GridError> {
    let first = frames[0];
    let spacing = first.spacing.unwrap_or([1.0, 1.0]);
    let single = frames.len() == 1;
    let step = first.thickness.filter(|_| single).unwrap_or(1.0);
    let origins = (0..frames.len())
        .map(|k| Point::new(0.0, 0.0, k as f64 * step))
        .collect();
    let grid = Grid::new(
        [columns, rows, frames.len()],
        Vec3::x() * spacing[1],
        Vec3::y() * spacing[0],
        origins,
        Some(Vec3::z() * step),
    )?
    .with_orientation_known(false);
    let repeated = placed == Placed::Repeated;
    let orientation = if repeated {
        "positions that repeat are not used: left and right are not shown"
    } else {
        "no usable position and orientation (0020,0032/0037): left and right are not known"
    };
    let mut warnings = vec![Warning::new(WarningCode::OrientationUnknown, orientation)];
    // In-plane millimetres of a single image are believed; a stack has none along z.
    let known = single && first.spacing.is_some() && first.thickness.is_some();
    // Which positions repeat was said where it was found.
    if !single && !repeated {
        warnings.push(Warning::new(
            WarningCode::Order,
            "slices have no positions: they are shown in the order of their instance numbers, and \
             nothing is measured in millimetres",
        ));
    }
    if !known {
        warnings.push(Warning::new(
            WarningCode::SpacingUnknown,
            "the distance of pixels or slices is not stated: sizes are given in pixels and voxels",
        ));
    }
    let spacing = if known {
        Spacing::Known
    } else {
        Spacing::Unknown
    };
    Ok((grid.with_spacing(spacing), warnings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn origins(z: &[f64]) -> Vec<Point> {
        z.iter().map(|z| Point::new(-100.0, 0.2 * z, *z)).collect()
    }

    fn void(z: &[f64]) -> Vec<usize> {
        with_missing(origins(z), Vec3::z()).1
    }

    #[test]
    fn missing_slices_are_found_even_in_the_shortest_stacks() {
        assert_eq!(void(&[0.0, 5.0, 15.0]), [2]);
        assert_eq!(void(&[0.0, 10.0, 15.0]), [1]);
        assert_eq!(void(&[0.0, 10.0, 15.0, 30.0]), [1, 4, 5]);
        assert_eq!(void(&[0.0, 3.01, 6.0, 12.02, 15.0]), [3]);
    }

    #[test]
    fn uneven_slabs_and_pairs_have_no_missing_slices() {
        // GE: 1.081, 4.002 and 6.999 mm apart.
        assert!(void(&[0.0, 1.081, 5.083, 12.082]).is_empty());
        // Two slabs of three slices, far apart.
        assert!(void(&[0.0, 5.0, 10.0, 100.0, 105.0, 110.0]).is_empty());
        assert!(void(&[0.0, 10.0]).is_empty());
        assert!(void(&[0.0, 0.02, 5.0, 10.0, 15.0]).is_empty());
        assert!(void(&[7.0]).is_empty());
    }

    proptest! {
        #[test]
        fn deleting_inner_slices_leaves_the_grid_as_it_was(
            n in 8usize..60,
            step in 0.3f64..10.0,
            gone in prop::collection::btree_set(1usize..59, 1..6),
        ) {
            let gone: Vec<usize> = gone.into_iter().filter(|k| *k + 1 < n).collect();
            let all = origins(&(0..n).map(|k| k as f64 * step).collect::<Vec<_>>());
            let kept: Vec<Point> = (0..n).filter(|k| !gone.contains(k)).map(|k| all[k]).collect();
            let steps_by_one = kept.windows(2).any(|w| (w[1].0.z - w[0].0.z) < 1.5 * step);
            prop_assume!(steps_by_one && gone.len() <= kept.len());
            let (filled, void) = with_missing(kept, Vec3::z());
            prop_assert_eq!(void, gone);
            prop_assert!(filled.iter().zip(&all).all(|(a, b)| a.distance(*b).0 < 1e-9));
        }
    }
}
