//! Structure sets: contours of each region and the volume they enclose (PS3.3 C.8.8.6).

use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;

use super::values::{integer, items, numbers, text};
use crate::geometry::Vec3;
use crate::open::Segment;
use crate::units::Mm3;
use crate::warning::{Warning, WarningCode};

/// Contours nearer than this along the normal lie in one plane, mm.
const PLANE_TOLERANCE_MM: f64 = 0.01;

/// The regions of a structure set with their contour volumes.
pub(super) fn segments(set: &InMemDicomObject) -> (Vec<Segment>, Vec<Warning>) {
    let mut warnings = Vec::new();
    let contours = items(set, tags::ROI_CONTOUR_SEQUENCE);
    let segments = items(set, tags::STRUCTURE_SET_ROI_SEQUENCE)
        .iter()
        .map(|roi| {
            let number = integer(roi, tags::ROI_NUMBER);
            let label = text(roi, tags::ROI_NAME);
            let own = contours
                .iter()
                .filter(|c| integer(c, tags::REFERENCED_ROI_NUMBER) == number);
            let polygons: Vec<Vec<Vec3>> = own
                .flat_map(|c| items(c, tags::CONTOUR_SEQUENCE))
                .filter(|c| text(c, tags::CONTOUR_GEOMETRIC_TYPE).starts_with("CLOSED"))
                .filter_map(|c| numbers(c, tags::CONTOUR_DATA))
                .map(|data| {
                    data.chunks_exact(3)
                        .map(|p| Vec3::new(p[0], p[1], p[2]))
                        .collect::<Vec<_>>()
                })
                .filter(|polygon| polygon.len() >= 3)
                .collect();
            let contour_volume = volume(&polygons);
            if let Err(reason) = &contour_volume {
                warnings.push(Warning::new(
                    WarningCode::Partial,
                    format!(
                        "region {}: no volume from contours, {reason}",
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

/// Σ polygon area (holes by XOR) × plane spacing, every plane counting one full spacing: the
/// median distance of neighbouring planes.
fn volume(polygons: &[Vec<Vec3>]) -> Result<Mm3, &'static str> {
    // Newell's method: the normal, with twice the area as its length.
    let newell = |polygon: &Vec<Vec3>| {
        let next = polygon.iter().cycle().skip(1);
        polygon
            .iter()
            .zip(next)
            .fold(Vec3::zeros(), |sum, (a, b)| sum + a.cross(b))
    };
    let largest = polygons
        .iter()
        .map(newell)
        .max_by(|a, b| a.norm().total_cmp(&b.norm()))
        .filter(|n| n.norm() > 1e-9)
        .ok_or("it has no closed contours")?;
    let normal = largest.normalize();
    // Any two directions in the plane will do.
    let across = if normal.x.abs() < 0.9 {
        Vec3::x()
    } else {
        Vec3::y()
    };
    let u = normal.cross(&across).normalize();
    let v = normal.cross(&u);
    let mut planes: Vec<(f64, Vec<Vec<[f64; 2]>>)> = Vec::new();
    for polygon in polygons {
        let depth = polygon[0].dot(&normal);
        if polygon.iter().any(|p| (p.dot(&normal) - depth).abs() > 0.1) {
            return Err("its contours are not parallel planes");
        }
        let flat: Vec<[f64; 2]> = polygon.iter().map(|p| [p.dot(&u), p.dot(&v)]).collect();
        match planes
            .iter_mut()
            .find(|(d, _)| (d - depth).abs() <= PLANE_TOLERANCE_MM)
        {
            Some((_, members)) => members.push(flat),
            None => planes.push((depth, vec![flat])),
        }
    }
    planes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut gaps: Vec<f64> = planes.windows(2).map(|w| w[1].0 - w[0].0).collect();
    if gaps.is_empty() {
        return Err("it has a single plane, so that no plane spacing is known");
    }
    let middle = gaps.len() / 2;
    let spacing = *gaps.select_nth_unstable_by(middle, f64::total_cmp).1;
    let area: f64 = planes.iter().map(|(_, members)| xor_area(members)).sum();
    Ok(Mm3(area * spacing))
}

/// Area covered an odd number of times, by a sweep over the strips between vertices. Exact where
/// edges do not cross each other.
fn xor_area(polygons: &[Vec<[f64; 2]>]) -> f64 {
    if let [polygon] = polygons
        && polygon.len() > 20_000
    {
        return shoelace(polygon);
    }
    let mut edges: Vec<[[f64; 2]; 2]> = polygons
        .iter()
        .flat_map(|p| p.iter().zip(p.iter().cycle().skip(1)))
        .filter(|(a, b)| a[1] != b[1])
        .map(|(a, b)| if a[1] < b[1] { [*a, *b] } else { [*b, *a] })
        .collect();
    edges.sort_by(|a, b| a[0][1].total_cmp(&b[0][1]));
    let mut levels: Vec<f64> = edges.iter().flat_map(|e| [e[0][1], e[1][1]]).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let (mut area, mut next) = (0.0, 0);
    let mut active: Vec<[[f64; 2]; 2]> = Vec::new();
    for strip in levels.windows(2) {
        let middle = (strip[0] + strip[1]) / 2.0;
        while next < edges.len() && edges[next][0][1] <= strip[0] {
            active.push(edges[next]);
            next += 1;
        }
        active.retain(|e| e[1][1] > strip[0]);
        let mut crossings: Vec<f64> = active
            .iter()
            .map(|[a, b]| a[0] + (b[0] - a[0]) * (middle - a[1]) / (b[1] - a[1]))
            .collect();
        crossings.sort_by(f64::total_cmp);
        let width: f64 = crossings
            .chunks_exact(2)
            .map(|pair| pair[1] - pair[0])
            .sum();
        area += width * (strip[1] - strip[0]);
    }
    area
}

fn shoelace(polygon: &[[f64; 2]]) -> f64 {
    let next = polygon.iter().cycle().skip(1);
    let twice: f64 = polygon
        .iter()
        .zip(next)
        .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
        .sum();
    twice.abs() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let Mm3(v) = volume(&polygons).expect("planes");
        assert!((v - 3.0 * 96.0 * 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_polygon_has_its_shoelace_area() {
        let star: Vec<[f64; 2]> = (0..40)
            .map(|k| {
                let (r, a) = (
                    if k % 2 == 0 { 9.0 } else { 4.0 },
                    f64::from(k) * 0.157_079_6,
                );
                [r * f64::cos(a), r * f64::sin(a)]
            })
            .collect();
        assert!((xor_area(std::slice::from_ref(&star)) - shoelace(&star)).abs() < 1e-9);
    }

    #[test]
    fn one_plane_has_no_volume() {
        assert!(volume(&[square(0.0, 1.0, 0.0)]).is_err());
        assert!(volume(&[]).is_err());
    }
}
