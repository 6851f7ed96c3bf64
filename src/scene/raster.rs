//! Triangles and sheets to pixels, with what is nearest in front.

use super::{AIR, Camera, NOTHING, SHINES, Sheet};
use crate::geometry::{Point, Vec3};
use crate::surface::Surface;

/// A surface as it is seen.
pub(super) struct Mesh {
    /// Pixel and depth of corners.
    corners: Vec<[f32; 3]>,
    /// How bright corners are, 0–1.
    light: Vec<f32>,
    triangles: Vec<[u32; 3]>,
}

impl Mesh {
    pub(super) fn seen(surface: &Surface, camera: &Camera, middle: [f64; 2]) -> Self {
        let away = camera.axes[2].map(|c| c as f32);
        let corner = |v: &[f32; 3]| {
            let [x, y, z] = v.map(f64::from);
            let [x, y, z] = camera.seen(Point::new(x, y, z));
            [(x + middle[0]) as f32, (y + middle[1]) as f32, z as f32]
        };
        // The lamp is at the head of who looks; what faces aside is dim and never black.
        let light = |n: &[f32; 3]| {
            let facing = (n[0] * away.x + n[1] * away.y + n[2] * away.z).abs();
            0.22 + 0.66 * facing + 0.12 * facing.powi(16)
        };
        Self {
            corners: surface.vertices.iter().map(corner).collect(),
            light: surface.normals.iter().map(light).collect(),
            triangles: surface.triangles.clone(),
        }
    }
}

/// A sheet as it is seen: for each pixel of the scene, where on the sheet and how deep.
pub(super) struct Facing<'a> {
    size: [usize; 2],
    gray: &'a [u8],
    /// Value at the corner of the scene, and its change to the right and downwards, of column, row
    /// and depth.
    lines: [[f64; 3]; 3],
}

impl<'a> Facing<'a> {
    /// `None` where it is seen from the edge, or has no pixels.
    pub(super) fn seen(sheet: &Sheet<'a>, camera: &Camera, middle: [f64; 2]) -> Option<Self> {
        let [width, height] = sheet.size;
        if width == 0 || height == 0 || sheet.gray.len() != width * height {
            return None;
        }
        let [right, down, away] = camera.axes;
        let [u, v] = sheet.steps;
        let normal = u.cross(&v);
        let facing = normal.dot(&away);
        // A degree from the edge there is nothing to be seen on it.
        if facing.abs() < 0.02 * normal.norm() {
            return None;
        }
        // The place on the plane that a pixel shows moves by this where the pixel moves.
        let along = |step| step - away * (normal.dot(&step) / facing);
        let on = |place: Vec3| {
            let (uu, uv, vv) = (u.dot(&u), u.dot(&v), v.dot(&v));
            let (pu, pv) = (place.dot(&u), place.dot(&v));
            let det = uu * vv - uv * uv;
            [(pu * vv - pv * uv) / det, (pv * uu - pu * uv) / det]
        };
        let from = camera.about.0 - sheet.origin.0;
        let [x, y] = [right, down].map(|axis| along(axis * camera.mm_per_pixel));
        let start = along(from) - x * middle[0] - y * middle[1];
        let depth = |place: Vec3, base: Vec3| (place - base).dot(&away);
        let zero = Vec3::zeros();
        let line = |place, base| {
            let [column, row] = on(place);
            [column, row, depth(place, base)]
        };
        Some(Self {
            size: sheet.size,
            gray: sheet.gray,
            lines: [line(start, from), line(x, zero), line(y, zero)],
        })
    }

    /// Grey level and depth at a pixel of the scene; `None` beside the sheet.
    fn at(&self, x: usize, y: usize) -> Option<(f32, f32)> {
        let [start, dx, dy] = &self.lines;
        let (x, y) = (x as f64 + 0.5, y as f64 + 0.5);
        let [column, row, depth] = [0, 1, 2].map(|n| start[n] + dx[n] * x + dy[n] * y);
        let [width, height] = self.size;
        let inside = (-0.5..width as f64 - 0.5).contains(&column)
            && (-0.5..height as f64 - 0.5).contains(&row);
        if !inside {
            return None;
        }
        let split = |at: f64, n: usize| {
            let at = at.clamp(0.0, n as f64 - 1.0);
            let low = (at as usize).min(n.saturating_sub(2));
            (low, (low + 1).min(n - 1), (at - low as f64) as f32)
        };
        let ((c0, c1, fc), (r0, r1, fr)) = (split(column, width), split(row, height));
        let level = |c: usize, r: usize| f32::from(self.gray[r * width + c]);
        let upper = level(c0, r0) + (level(c1, r0) - level(c0, r0)) * fc;
        let lower = level(c0, r1) + (level(c1, r1) - level(c0, r1)) * fc;
        Some((upper + (lower - upper) * fr, depth as f32))
    }
}

/// Some rows of a scene, at all samples.
pub(super) struct Band {
    width: usize,
    first: usize,
    n_rows: usize,
    depth: Vec<f32>,
    color: Vec<[u8; 3]>,
    body: Vec<u8>,
}

impl Band {
    pub(super) fn new(width: usize, first: usize, n_rows: usize) -> Self {
        let n = width * n_rows;
        Self {
            width,
            first,
            n_rows,
            depth: vec![f32::INFINITY; n],
            color: vec![[0; 3]; n],
            body: vec![NOTHING; n],
        }
    }

    /// Draws the triangles of a surface that touch the band.
    pub(super) fn add(&mut self, mesh: &Mesh, body: u8, color: [u8; 3]) {
        for triangle in &mesh.triangles {
            self.triangle(mesh, triangle.map(|v| v as usize), body, color);
        }
    }

    fn triangle(&mut self, mesh: &Mesh, t: [usize; 3], body: u8, color: [u8; 3]) {
        let [a, b, c] = t.map(|v| mesh.corners[v]);
        let (first, end) = (self.first as f32, (self.first + self.n_rows) as f32);
        let low = a[1].min(b[1]).min(c[1]).max(first);
        let high = a[1].max(b[1]).max(c[1]).min(end);
        let left = a[0].min(b[0]).min(c[0]).max(0.0);
        let right = a[0].max(b[0]).max(c[0]).min(self.width as f32);
        let area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        if low >= high || left >= right || area == 0.0 || !area.is_finite() {
            return;
        }
        let (rows, columns) = (
            (low as usize)..(high.ceil() as usize),
            (left as usize)..(right.ceil() as usize),
        );
        let light = t.map(|v| mesh.light[v]);
        for y in rows {
            let py = y as f32 + 0.5;
            for x in columns.clone() {
                let px = x as f32 + 0.5;
                let share = |p: [f32; 3], q: [f32; 3]| {
                    ((q[0] - p[0]) * (py - p[1]) - (q[1] - p[1]) * (px - p[0])) / area
                };
                let w = [share(b, c), share(c, a), share(a, b)];
                if w.iter().any(|w| *w < 0.0) {
                    continue;
                }
                let depth = w[0] * a[2] + w[1] * b[2] + w[2] * c[2];
                let at = (y - self.first) * self.width + x;
                if depth < self.depth[at] {
                    let light = w[0] * light[0] + w[1] * light[1] + w[2] * light[2];
                    self.depth[at] = depth;
                    self.color[at] = color.map(|c| (f32::from(c) * light).min(255.0) as u8);
                    self.body[at] = body;
                }
            }
        }
    }

    /// Puts the sheets in, and the means of samples into pixels.
    pub(super) fn finish(
        &self,
        sheets: &[Facing<'_>],
        fine: usize,
        rgba: &mut [u8],
        shown: &mut [u8],
    ) {
        let columns = self.width / fine;
        for (n, (pixel, shown)) in rgba.chunks_exact_mut(4).zip(shown).enumerate() {
            let [x, y] = [n % columns * fine, n / columns * fine];
            let mut sum = [0.0_f32; 4];
            for row in y..y + fine {
                for column in x..x + fine {
                    let sample = self.sample(sheets, column, row);
                    for (total, part) in sum.iter_mut().zip(sample) {
                        *total += part;
                    }
                }
            }
            let [r, g, b, opaque] = sum;
            if opaque > 0.0 {
                let samples = (fine * fine) as f32;
                let level = |c: f32| (c / opaque).round().min(255.0) as u8;
                let opacity = (opaque / samples * 255.0).round() as u8;
                pixel.copy_from_slice(&[level(r), level(g), level(b), opacity]);
            }
            *shown = self.body[(y + fine / 2) * self.width + x + fine / 2];
        }
    }

    /// Colour and opacity (0 or 1) of a sample.
    fn sample(&self, sheets: &[Facing<'_>], x: usize, y: usize) -> [f32; 4] {
        let at = y * self.width + x;
        let mut nearest: Option<(f32, f32)> = None;
        for sheet in sheets {
            let found = sheet.at(x, y + self.first);
            let found = found.filter(|(level, _)| *level >= f32::from(AIR));
            if let Some((level, depth)) = found
                && nearest.is_none_or(|(_, first)| depth < first)
            {
                nearest = Some((level, depth));
            }
        }
        let body = (self.body[at] != NOTHING || self.depth[at].is_finite())
            .then(|| (self.color[at].map(f32::from), self.depth[at]));
        match (body, nearest) {
            (None, None) => [0.0; 4],
            (None, Some((level, _))) => [level, level, level, 1.0],
            (Some(([r, g, b], depth)), Some((level, in_front))) if in_front < depth => {
                let mix = |c: f32| level + (c - level) * SHINES;
                [mix(r), mix(g), mix(b), 1.0]
            }
            (Some(([r, g, b], _)), _) => [r, g, b, 1.0],
        }
    }
}
