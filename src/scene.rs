//! Surfaces and pictures in space, drawn as seen from one side. To look at: nothing is measured on it.
//!
//! Drawn by the processor, so that it looks the same over remote desktops and without graphics card.

mod raster;

use rayon::prelude::*;

use crate::geometry::{Point, Vec3};
use crate::surface::Surface;

/// From where a scene is seen. Far things are as large as near ones, so that sizes can be compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// What is in the middle of the picture.
    pub about: Point,
    /// Directions in the patient, of length 1 and perpendicular: to the right of the picture,
    /// downwards, and away from who looks.
    pub axes: [Vec3; 3],
    /// Millimetres to a pixel.
    pub mm_per_pixel: f64,
}

impl Camera {
    /// Pixel of a place, from the middle of the picture, and how far behind it lies, mm.
    #[must_use]
    pub fn seen(&self, place: Point) -> [f64; 3] {
        let from = place.0 - self.about.0;
        let [x, y, z] = self.axes.map(|axis| from.dot(&axis));
        [x / self.mm_per_pixel, y / self.mm_per_pixel, z]
    }
}

/// A surface with its colour.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    /// Which triangles.
    pub surface: &'a Surface,
    /// Red, green, blue where it faces who looks.
    pub color: [u8; 3],
}

/// A picture that stands in space.
#[derive(Clone, Copy, Debug)]
pub struct Sheet<'a> {
    /// Columns and rows.
    pub size: [usize; 2],
    /// Grey levels, rows from the top.
    pub gray: &'a [u8],
    /// Centre of the first pixel.
    pub origin: Point,
    /// Steps to the next column and to the next row, mm.
    pub steps: [Vec3; 2],
}

/// A drawn scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Columns and rows.
    pub size: [usize; 2],
    /// Red, green, blue and opacity of pixels, not multiplied, rows from the top.
    pub rgba: Vec<u8>,
    /// Which body each pixel shows, in front or behind a sheet.
    bodies: Vec<u8>,
}

impl Drawn {
    /// Which body is at a pixel.
    #[must_use]
    pub fn body_at(&self, [x, y]: [usize; 2]) -> Option<usize> {
        let inside = x < self.size[0] && y < self.size[1];
        let n = *self.bodies.get(y * self.size[0] + x).filter(|_| inside)?;
        (n != NOTHING).then_some(usize::from(n))
    }
}

/// No body.
const NOTHING: u8 = u8::MAX;
/// So many bodies are told from each other; of more, the others are drawn but not found.
pub const MAX_BODIES: usize = NOTHING as usize;
/// How much of a body behind a sheet shines through.
const SHINES: f32 = 0.35;
/// Darker pixels of a sheet are air and let everything through.
const AIR: u8 = 12;

/// Draws bodies and sheets in a picture of `size` pixels, `fine` by `fine` samples to each (1 to 4).
#[must_use]
pub fn draw(
    camera: &Camera,
    bodies: &[Body<'_>],
    sheets: &[Sheet<'_>],
    size: [usize; 2],
    fine: usize,
) -> Drawn {
    let fine = fine.clamp(1, 4);
    let [width, height] = size.map(|n| n * fine);
    let closer = Camera {
        mm_per_pixel: camera.mm_per_pixel / fine as f64,
        ..*camera
    };
    let middle = [width as f64 / 2.0, height as f64 / 2.0];
    let meshes: Vec<raster::Mesh> = bodies
        .par_iter()
        .map(|body| raster::Mesh::seen(body.surface, &closer, middle))
        .collect();
    let sheets: Vec<raster::Facing<'_>> = sheets
        .iter()
        .filter_map(|sheet| raster::Facing::seen(sheet, &closer, middle))
        .collect();
    let mut rgba = vec![0; 4 * size[0] * size[1]];
    let mut shown = vec![NOTHING; size[0] * size[1]];
    // Bands of rows are drawn beside each other.
    let rows = size[1].div_ceil(4 * rayon::current_num_threads()).max(8);
    rgba.par_chunks_mut((4 * size[0] * rows).max(1))
        .zip(shown.par_chunks_mut((size[0] * rows).max(1)))
        .enumerate()
        .for_each(|(n, (rgba, shown))| {
            let first = n * rows * fine;
            let n_rows = shown.len() / size[0] * fine;
            let mut band = raster::Band::new(width, first, n_rows);
            for (index, (mesh, body)) in meshes.iter().zip(bodies).enumerate() {
                let index = u8::try_from(index).unwrap_or(NOTHING);
                band.add(mesh, index, body.color);
            }
            band.finish(&sheets, fine, rgba, shown);
        });
    Drawn {
        size,
        rgba,
        bodies: shown,
    }
}

#[cfg(test)]
mod tests;
