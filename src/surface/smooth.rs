//! Smoothing of triangles, and their directions.

use nalgebra::Vector3;

use crate::jobs::{Cancelled, JobContext};

/// Towards the mean of the neighbours, and away from it again: the pass band of Taubin, "A signal
/// processing approach to fair surface design", SIGGRAPH 1995, with which volumes stay.
const STEPS: [f32; 2] = [0.5, -0.53];
const TIMES: usize = 12;

/// Smooths in place. Each part that hangs together keeps its volume, however small it is.
pub(super) fn smooth(
    vertices: &mut [[f32; 3]],
    triangles: &[[u32; 3]],
    job: &JobContext,
) -> Result<(), Cancelled> {
    let parts = Parts::of(vertices.len(), triangles);
    let before = parts.measured(vertices, triangles);
    flatten(vertices, triangles, job)?;
    let after = parts.measured(vertices, triangles);
    let scales: Vec<f32> = before
        .iter()
        .zip(&after)
        .map(|(before, after)| {
            let scale = (before.volume / after.volume).abs().cbrt();
            // What has become flat altogether has no size to be given back.
            if scale.is_finite() {
                scale.clamp(0.5, 8.0)
            } else {
                1.0
            }
        })
        .collect();
    for (vertex, part) in vertices.iter_mut().zip(&parts.of_vertex) {
        let (middle, scale) = (after[*part].middle, scales[*part]);
        for (c, m) in vertex.iter_mut().zip(middle) {
            *c = m + (*c - m) * scale;
        }
    }
    Ok(())
}

/// Which vertices hang together.
struct Parts {
    of_vertex: Vec<usize>,
    n: usize,
}

/// Middle of the vertices of a part, and six times the volume that it encloses.
#[derive(Clone, Copy, Default)]
struct Measured {
    middle: [f32; 3],
    volume: f32,
}

impl Parts {
    fn of(n_vertices: usize, triangles: &[[u32; 3]]) -> Self {
        let mut leader: Vec<usize> = (0..n_vertices).collect();
        let find = |leader: &mut Vec<usize>, mut v: usize| {
            while leader[v] != v {
                leader[v] = leader[leader[v]];
                v = leader[v];
            }
            v
        };
        for [a, b, c] in triangles {
            for other in [b, c] {
                let (a, b) = (
                    find(&mut leader, *a as usize),
                    find(&mut leader, *other as usize),
                );
                leader[b] = a;
            }
        }
        let mut number = vec![usize::MAX; n_vertices];
        let mut n = 0;
        let of_vertex = (0..n_vertices)
            .map(|v| {
                let first = find(&mut leader, v);
                if number[first] == usize::MAX {
                    number[first] = n;
                    n += 1;
                }
                number[first]
            })
            .collect();
        Self { of_vertex, n }
    }

    fn measured(&self, vertices: &[[f32; 3]], triangles: &[[u32; 3]]) -> Vec<Measured> {
        let mut counts = vec![0.0_f32; self.n];
        let mut found = vec![Measured::default(); self.n];
        for (vertex, part) in vertices.iter().zip(&self.of_vertex) {
            counts[*part] += 1.0;
            for (sum, c) in found[*part].middle.iter_mut().zip(vertex) {
                *sum += c;
            }
        }
        for (part, n) in found.iter_mut().zip(counts) {
            part.middle = part.middle.map(|sum| sum / n);
        }
        for t in triangles {
            let part = &mut found[self.of_vertex[t[0] as usize]];
            let from = Vector3::from(part.middle);
            let [a, b, c] = t.map(|v| Vector3::from(vertices[v as usize]) - from);
            part.volume += a.dot(&b.cross(&c));
        }
        found
    }
}

fn flatten(
    vertices: &mut [[f32; 3]],
    triangles: &[[u32; 3]],
    job: &JobContext,
) -> Result<(), Cancelled> {
    let mut sums = vec![[0.0_f32; 4]; vertices.len()];
    for _ in 0..TIMES {
        job.check()?;
        for step in STEPS {
            sums.fill([0.0; 4]);
            for t in triangles {
                for (of, by) in [(0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)] {
                    let [x, y, z] = vertices[t[by] as usize];
                    let sum = &mut sums[t[of] as usize];
                    for (total, part) in sum.iter_mut().zip([x, y, z, 1.0]) {
                        *total += part;
                    }
                }
            }
            for (vertex, [x, y, z, n]) in vertices.iter_mut().zip(&sums) {
                if *n > 0.0 {
                    for (c, mean) in vertex.iter_mut().zip([x, y, z].map(|sum| sum / n)) {
                        *c += step * (mean - *c);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Directions across the surface at its corners: means over their triangles, by area.
pub(super) fn normals(vertices: &[[f32; 3]], triangles: &[[u32; 3]]) -> Vec<[f32; 3]> {
    let mut sums = vec![Vector3::<f32>::zeros(); vertices.len()];
    for t in triangles {
        let [a, b, c] = t.map(|v| Vector3::from(vertices[v as usize]));
        let across = (b - a).cross(&(c - a));
        for v in t {
            sums[*v as usize] += across;
        }
    }
    let unit = |sum: Vector3<f32>| sum.try_normalize(f32::MIN_POSITIVE).unwrap_or(Vector3::z());
    sums.into_iter().map(|sum| unit(sum).into()).collect()
}
