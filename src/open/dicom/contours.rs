//! Structure sets: contours of each region and the volume they enclose (PS3.3 C.8.8.6).

use std::collections::BTreeMap;

use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;

use super::values::{integer, items, numbers, text};
use crate::geometry::Vec3;
use crate::open::Segment;
use crate::units::Mm3;
use crate::warning::{Warning, WarningCode};

mod area;

/// A vertex may lie this far from the plane of its contour, and contours this far from each other
/// may lie in one plane, mm: coordinates are often written with one or two decimals.
const FLATNESS_MM: f64 = 0.1;
/// Planes nearer to each other than this share of the usual distance are not of one stack.
const LEAST_SHARE: f64 = 0.4;
/// Crossings of edges and strips that are worked through in any structure set, and for each vertex
/// that it holds: more takes seconds and is no outline of an organ.
const WORK: usize = 4_000_000;
const WORK_PER_VERTEX: usize = 64;

/// The regions of a structure set with their contour volumes.
pub(super) fn segments(set: &InMemDicomObject) -> (Vec<Segment>, Vec<Warning>) {
    let mut warnings = Vec::new();
    let regions = regions(items(set, tags::ROI_CONTOUR_SEQUENCE));
    let n_vertices: usize = regions.values().flatten().map(Vec::len).sum();
    let mut work = WORK.saturating_add(n_vertices.saturating_mul(WORK_PER_VERTEX));
    // Once per number: any count of regions may claim the same contours.
    let volumes: BTreeMap<Option<i64>, Result<Mm3, &str>> = regions
        .iter()
        .map(|(number, polygons)| (*number, volume(polygons, &mut work)))
        .collect();
    let segments = items(set, tags::STRUCTURE_SET_ROI_SEQUENCE)
        .iter()
        .map(|roi| {
            let number = integer(roi, tags::ROI_NUMBER);
            let label = text(roi, tags::ROI_NAME);
            let contour_volume = volumes.get(&number).copied().unwrap_or(Err(NO_CONTOURS));
            if let Err(reason) = contour_volume {
                warnings.push(Warning::new(
                    WarningCode::Partial,
                    format!(
                        "region {} ({label}): no volume from contours, {reason}",
                        number.unwrap_or(0)
                    ),
                ));
            }
            Segment {
                label,
                number: number.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
                layer: 0,
                voxels: None,
                volume: None,
                contour_volume: contour_volume.ok(),
            }
        })
        .collect();
    (segments, warnings)
}

/// The closed contours of each region, by its number.
fn regions(contours: &[InMemDicomObject]) -> BTreeMap<Option<i64>, Vec<Vec<Vec3>>> {
    let mut regions: BTreeMap<Option<i64>, Vec<Vec<Vec3>>> = BTreeMap::new();
    for region in contours {
        let polygons = items(region, tags::CONTOUR_SEQUENCE)
            .iter()
            .filter(|c| text(c, tags::CONTOUR_GEOMETRIC_TYPE).starts_with("CLOSED"))
            .filter_map(|c| numbers(c, tags::CONTOUR_DATA))
            .map(|data| {
                data.chunks_exact(3)
                    .map(|p| Vec3::new(p[0], p[1], p[2]))
                    .collect::<Vec<_>>()
            })
            .filter(|polygon| polygon.len() >= 3);
        regions
            .entry(integer(region, tags::REFERENCED_ROI_NUMBER))
            .or_default()
            .extend(polygons);
    }
    regions
}

const NO_CONTOURS: &str = "it has no closed contours";

/// Contours in one plane, flat.
struct Plane {
    /// The first and the last of their depths along the normal, mm.
    depths: [f64; 2],
    members: Vec<Vec<[f64; 2]>>,
}

/// Σ polygon area (holes by XOR) × plane spacing, every plane counting one full spacing: the
/// median distance of neighbouring planes. Takes what it costs from `work`.
fn volume(polygons: &[Vec<Vec3>], work: &mut usize) -> Result<Mm3, &'static str> {
    let normal = normal(polygons).ok_or(NO_CONTOURS)?;
    let planes = planes(polygons, normal)?;
    let spacing = spacing(&planes)?;
    let mut area = 0.0;
    for plane in &planes {
        area += area::covered(&plane.members, work).ok_or(
            "its contours have too many vertices above each other to tell what they enclose",
        )?;
    }
    let volume = area * spacing;
    if volume.is_finite() {
        Ok(Mm3(volume))
    } else {
        Err("its coordinates are no places in a patient")
    }
}

/// The common normal: of all contours, so that rounding of one does not tilt it.
fn normal(polygons: &[Vec<Vec3>]) -> Option<Vec3> {
    // Newell's method: the normal, with twice the area as its length.
    let each: Vec<Vec3> = polygons
        .iter()
        .map(|polygon| {
            let next = polygon.iter().cycle().skip(1);
            polygon
                .iter()
                .zip(next)
                .fold(Vec3::zeros(), |sum, (a, b)| sum + a.cross(b))
        })
        .collect();
    let largest = each
        .iter()
        .max_by(|a, b| a.norm().total_cmp(&b.norm()))
        .filter(|n| n.norm() > 1e-9)?;
    let sum = each.iter().fold(Vec3::zeros(), |sum, n| {
        sum + n * if n.dot(largest) < 0.0 { -1.0 } else { 1.0 }
    });
    Some(sum.normalize())
}

/// Sorts contours into planes by their mean depth. A plane reaches no farther than the tolerance
/// from its first contour, so that no chain of small steps joins planes.
fn planes(polygons: &[Vec<Vec3>], normal: Vec3) -> Result<Vec<Plane>, &'static str> {
    // Any two directions in the plane will do.
    let across = if normal.x.abs() < 0.9 {
        Vec3::x()
    } else {
        Vec3::y()
    };
    let u = normal.cross(&across).normalize();
    let v = normal.cross(&u);
    let mut flat: Vec<(f64, Vec<[f64; 2]>)> = Vec::new();
    for polygon in polygons {
        let depths = || polygon.iter().map(|p| p.dot(&normal));
        let mean = depths().sum::<f64>() / polygon.len() as f64;
        if !depths().all(|d| (d - mean).abs() <= FLATNESS_MM) {
            return Err("its contours are not parallel planes");
        }
        let flattened = polygon.iter().map(|p| [p.dot(&u), p.dot(&v)]).collect();
        flat.push((mean, flattened));
    }
    flat.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut planes: Vec<Plane> = Vec::new();
    for (depth, polygon) in flat {
        match planes.last_mut() {
            Some(Plane {
                depths: [first, last],
                members,
            }) if depth - *first <= FLATNESS_MM => {
                *last = depth;
                members.push(polygon);
            }
            _ => planes.push(Plane {
                depths: [depth; 2],
                members: vec![polygon],
            }),
        }
    }
    Ok(planes)
}

/// The distance of neighbouring planes, mm, where it is clear.
fn spacing(planes: &[Plane]) -> Result<f64, &'static str> {
    let depth = |p: &Plane| f64::midpoint(p.depths[0], p.depths[1]);
    let mut gaps: Vec<f64> = planes
        .windows(2)
        .map(|w| depth(&w[1]) - depth(&w[0]))
        .collect();
    gaps.sort_by(f64::total_cmp);
    let Some(&spacing) = gaps.get(gaps.len() / 2) else {
        return Err("it has a single plane, so that no plane spacing is known");
    };
    let nearest = LEAST_SHARE * spacing;
    let spread = planes
        .iter()
        .map(|p| p.depths[1] - p.depths[0])
        .fold(0.0, f64::max);
    // A few wide gaps are holes; as many as a third of all are the distance of slices, of which
    // each holds two planes.
    let n_wide = gaps.iter().filter(|g| **g * LEAST_SHARE > spacing).count();
    let is_mixed = n_wide >= 2 && n_wide * 3 >= gaps.len();
    if is_mixed || spread > nearest || gaps.iter().any(|g| *g < nearest) {
        return Err(
            "its planes lie at uneven distances, some much nearer to each other than others, so \
             that no plane spacing is known",
        );
    }
    Ok(spacing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(polygons: &[Vec<Vec3>]) -> Result<Mm3, &'static str> {
        let mut work = WORK;
        volume(polygons, &mut work)
    }

    fn square(low: f64, high: f64, z: f64) -> Vec<Vec3> {
        [(low, low), (high, low), (high, high), (low, high)]
            .map(|(x, y)| Vec3::new(x, y, z))
            .to_vec()
    }

    #[test]
    fn a_hole_is_left_out_and_each_plane_counts_once() {
        let polygons: Vec<_> = [0.0, 2.0, 4.0]
            .into_iter()
            .flat_map(|z| [square(0.0, 10.0, z), square(4.0, 6.0, z)])
            .collect();
        let Mm3(v) = measured(&polygons).expect("planes");
        assert!((v - 3.0 * 96.0 * 2.0).abs() < 1e-9);
    }

    #[test]
    fn one_plane_has_no_volume() {
        assert!(measured(&[square(0.0, 1.0, 0.0)]).is_err());
        assert!(measured(&[]).is_err());
    }

    /// Two lobes in each plane, 3 mm apart, the second `off` mm beside its plane.
    fn lobes(off: f64) -> Vec<Vec<Vec3>> {
        (0..6)
            .map(|k| f64::from(k) * 3.0)
            .flat_map(|z| [square(0.0, 10.0, z), square(20.0, 25.0, z + off)])
            .collect()
    }

    #[test]
    fn lobes_of_one_plane_may_be_rounded_apart() {
        for off in [0.0, 0.02, -0.02, 0.09] {
            let Mm3(v) = measured(&lobes(off)).expect("planes");
            assert!((v - 6.0 * 125.0 * 3.0).abs() < 1e-6, "{off}: {v}");
        }
        for off in [0.15, 0.5, -0.8] {
            assert!(measured(&lobes(off)).is_err(), "{off}");
        }
    }

    #[test]
    fn small_steps_do_not_join_planes_and_holes_are_no_spacing() {
        let stack = |z: &[f64]| -> Vec<_> { z.iter().map(|z| square(0.0, 10.0, *z)).collect() };
        let fine: Vec<f64> = (0..40).map(|k| f64::from(k) * 0.05).collect();
        assert!(measured(&stack(&fine)).is_err());
        let Mm3(v) = measured(&stack(&[0.0, 3.0, 6.0, 9.0, 60.0, 63.0])).expect("planes");
        assert!((v - 6.0 * 100.0 * 3.0).abs() < 1e-6);
    }
}
