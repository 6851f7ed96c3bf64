//! From positions of slices to a grid, with everything odd about them named.

use super::instance::Frame;
use crate::geometry::{Grid, GridError, Point, Spacing, Vec3};
use crate::warning::{Warning, WarningCode};

/// Slices nearer than this along the normal are at one position, mm.
pub(super) const POSITION_TOLERANCE_MM: f64 = 0.01;
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

/// Forms the grid of slices that are sorted along the normal and all have a position and the same
/// orientation.
pub(super) fn grid(
    frames: &[&Frame],
    [columns, rows]: [usize; 2],
) -> Result<(Grid, Vec<Warning>), GridError> {
    let mut warnings = Vec::new();
    let cosines = frames[0].orientation.unwrap_or([Vec3::x(), Vec3::y()]);
    let worst = frames
        .iter()
        .filter_map(|f| f.orientation)
        .map(defect)
        .fold(0.0, f64::max);
    if worst > 1e-3 {
        warnings.push(Warning::new(
            WarningCode::DirectionCosines,
            format!(
                "direction cosines (0020,0037) are off by {worst:.4} and were made orthonormal"
            ),
        ));
    }
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
    let n = frames.len();
    let grid = Grid::new(
        [columns, rows, n],
        row * spacing[1],
        column * spacing[0],
        origins,
        thickness.map(|t| normal * t),
    )?;
    if known == Spacing::Unknown {
        warnings.push(spacing_unknown());
    } else if n == 1 && thickness.is_none() {
        warnings.push(Warning::new(
            WarningCode::SpacingUnknown,
            "a single slice without SliceThickness (0018,0050) has no known depth: sizes are given \
             in pixels and voxels only",
        ));
        known = Spacing::Unknown;
    }
    warnings.extend(along_normal(&grid, thickness));
    Ok((grid.with_spacing(known), warnings))
}

fn spacing_unknown() -> Warning {
    Warning::new(
        WarningCode::SpacingUnknown,
        "no PixelSpacing (0028,0030): sizes are given in pixels and voxels only",
    )
}

/// What is odd along the normal: holes, unevenness, overlap, tilt.
fn along_normal(grid: &Grid, thickness: Option<f64>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let gaps: Vec<f64> = grid.slice_gaps().iter().map(|g| g.0).collect();
    if gaps.is_empty() {
        return warnings;
    }
    let median = grid.median_gap().0;
    let even = (0.01 * median).max(0.01);
    let (mut missing, mut holes, mut uneven) = (0usize, Vec::new(), 0usize);
    for (k, gap) in gaps.iter().enumerate() {
        let steps = (gap / median).round();
        if steps >= 2.0 && (gap / median - steps).abs() <= 0.05 {
            missing += steps as usize - 1;
            holes.push(format!("{:.2}", grid.slice_position(k).0));
        } else if (gap - median).abs() > even {
            uneven += 1;
        }
    }
    if missing > 0 {
        warnings.push(Warning::new(
            WarningCode::Gap,
            format!(
                "{missing} slices are missing beyond position {} mm; the holes are left as holes",
                holes.join(", ")
            ),
        ));
    }
    if uneven > 0 {
        let low = gaps.iter().copied().fold(f64::INFINITY, f64::min);
        let high = gaps.iter().copied().fold(0.0, f64::max);
        warnings.push(Warning::new(
            WarningCode::UnevenSpacing,
            format!("slices are {low:.3} to {high:.3} mm apart; measured at their true positions"),
        ));
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
    } else if sideways(grid) > 0.05 {
        warnings.push(Warning::new(
            WarningCode::Tilt,
            "slices are shifted against each other within their plane; measured in true geometry",
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

/// A nominal grid for images without usable positions.
pub(super) fn nominal(
    frames: &[&Frame],
    [columns, rows]: [usize; 2],
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
    let mut warnings = vec![Warning::new(
        WarningCode::OrientationUnknown,
        "no usable position and orientation (0020,0032/0037): left and right are not known",
    )];
    // In-plane millimetres of a single image are believed; a stack has none along z.
    let known = single && first.spacing.is_some() && first.thickness.is_some();
    if !single {
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
