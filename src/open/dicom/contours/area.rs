//! The area that polygons of one plane enclose.

/// An edge, its lower end first.
type Edge = [[f64; 2]; 2];

/// Area covered an odd number of times, mm², by a sweep over the strips between vertices. Exact
/// where edges do not cross each other.
///
/// An edge costs one crossing for each strip that it spans; `None` when that is more than is left
/// of `work`, known before the sweep begins.
pub(super) fn covered(polygons: &[Vec<[f64; 2]>], work: &mut usize) -> Option<f64> {
    let mut edges: Vec<Edge> = polygons
        .iter()
        .flat_map(|p| p.iter().zip(p.iter().cycle().skip(1)))
        .filter(|(a, b)| a[1] != b[1])
        .map(|(a, b)| if a[1] < b[1] { [*a, *b] } else { [*b, *a] })
        .collect();
    edges.sort_by(|a, b| a[0][1].total_cmp(&b[0][1]));
    let mut levels: Vec<f64> = edges.iter().flat_map(|e| [e[0][1], e[1][1]]).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    *work = work.checked_sub(cost(&edges, &levels))?;
    Some(sweep(&edges, &levels))
}

/// Crossings of edges and strips.
fn cost(edges: &[Edge], levels: &[f64]) -> usize {
    let below = |y: f64| levels.partition_point(|l| *l < y);
    edges
        .iter()
        .map(|[a, b]| below(b[1]).saturating_sub(below(a[1])))
        .fold(0, usize::saturating_add)
}

fn sweep(edges: &[Edge], levels: &[f64]) -> f64 {
    let mut coming = edges.iter().peekable();
    let mut active: Vec<Edge> = Vec::new();
    let mut crossings: Vec<f64> = Vec::new();
    let mut area = 0.0;
    for strip in levels.windows(2) {
        let middle = f64::midpoint(strip[0], strip[1]);
        while let Some(edge) = coming.next_if(|e| e[0][1] <= strip[0]) {
            active.push(*edge);
        }
        active.retain(|e| e[1][1] > strip[0]);
        crossings.clear();
        crossings.extend(
            active
                .iter()
                .map(|[a, b]| a[0] + (b[0] - a[0]) * (middle - a[1]) / (b[1] - a[1])),
        );
        crossings.sort_by(f64::total_cmp);
        let width: f64 = crossings
            .chunks_exact(2)
            .map(|pair| pair[1] - pair[0])
            .sum();
        area += width * (strip[1] - strip[0]);
    }
    area
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shoelace(polygon: &[[f64; 2]]) -> f64 {
        let next = polygon.iter().cycle().skip(1);
        let twice: f64 = polygon
            .iter()
            .zip(next)
            .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
            .sum();
        twice.abs() / 2.0
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
        let area = covered(std::slice::from_ref(&star), &mut 10_000).expect("little work");
        assert!((area - shoelace(&star)).abs() < 1e-9);
    }

    /// Every edge spans every strip: the square of their number.
    #[test]
    fn a_comb_costs_too_much_before_it_is_swept() {
        let comb = |n: u32| -> Vec<[f64; 2]> {
            (0..n)
                .map(|t| {
                    let t = f64::from(t);
                    let far = if t % 2.0 == 0.0 { 100.0 } else { 0.0 };
                    [t * 0.01, far + t * 1e-4]
                })
                .collect()
        };
        let mut work = 15_000_000;
        assert!(covered(&[comb(20_000)], &mut work).is_none());
        assert_eq!(work, 15_000_000);
        assert!(covered(&[comb(200)], &mut work).is_some());
        assert!(work < 15_000_000);
    }
}
