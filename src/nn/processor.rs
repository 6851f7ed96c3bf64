//! From pictures to what the model sees.

mod resize;

use candle_core::{Device, Tensor};

use crate::nn::{Error, Result};

/// An RGB picture, row by row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rgb {
    /// Columns and rows.
    pub size: [usize; 2],
    /// Three bytes for each pixel.
    pub pixels: Vec<u8>,
}

/// Windows that MedGemma 1.5 sees computed tomography through, one for each colour, HU: all of the
/// scale, soft tissue, brain (model card and notebooks of MedGemma 1.5).
const CT_WINDOWS: [[f32; 2]; 3] = [[-1024.0, 1024.0], [-135.0, 215.0], [0.0, 80.0]];

/// Computed tomography as MedGemma 1.5 sees it; what is no number is as dark as air.
#[must_use]
pub fn ct_windows(size: [usize; 2], hu: &[f32]) -> Rgb {
    let channel = |value: f32, [low, high]: [f32; 2]| {
        let value = if value.is_nan() {
            low
        } else {
            value.clamp(low, high)
        };
        ((value - low) / (high - low) * 255.0).round_ties_even() as u8
    };
    let pixels = hu
        .iter()
        .flat_map(|v| CT_WINDOWS.map(|window| channel(*v, window)));
    Rgb {
        size,
        pixels: pixels.collect(),
    }
}

/// A picture as (3, side, side) from −1 to 1: squeezed to a square whatever its shape, by linear
/// interpolation over all that a pixel covers, as Pillow does.
///
/// # Errors
/// [`Error::Request`] where there are no pixels or not as many as the size says.
pub fn pixels(picture: &Rgb, side: usize) -> Result<Tensor> {
    let [width, height] = picture.size;
    let wanted = width.checked_mul(height).and_then(|n| n.checked_mul(3));
    if wanted.is_none_or(|n| n == 0 || n != picture.pixels.len()) {
        let n = picture.pixels.len();
        let reason = format!("a picture of {width} × {height} pixels has {n} bytes");
        return Err(Error::Request { reason });
    }
    let bytes = resize::square(picture, side);
    let mut values = vec![0.0f32; 3 * side * side];
    for (channel, plane) in values.chunks_exact_mut(side * side).enumerate() {
        for (value, pixel) in plane.iter_mut().zip(bytes.chunks_exact(3)) {
            *value = (f32::from(pixel[channel]) / 255.0 - 0.5) / 0.5;
        }
    }
    Ok(Tensor::from_vec(values, (3, side, side), &Device::Cpu)?)
}
