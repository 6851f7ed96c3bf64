//! What the model sees, beside Pillow and the processor of transformers.

use super::{common, tensors};
use crate::nn::processor::{Rgb, ct_windows, pixels};
use candle_core::{DType, IndexOp as _, Tensor};

/// One of 255 steps from −1 to 1.
const STEP: f32 = 2.0 / 255.0 + 1e-6;

fn png(name: &str) -> Option<Rgb> {
    let picture = image::open(common::shared(&format!("goldens/{name}"))?)
        .unwrap()
        .to_rgb8();
    let (width, height) = picture.dimensions();
    Some(Rgb {
        size: [width as usize, height as usize],
        pixels: picture.into_raw(),
    })
}

fn close(found: &Tensor, wanted: &Tensor) {
    assert_eq!(found.dims(), wanted.dims());
    let off = (found - wanted)
        .unwrap()
        .abs()
        .unwrap()
        .flatten_all()
        .unwrap();
    let (most, mean) = (off.max(0).unwrap(), off.mean(0).unwrap());
    let (most, mean): (f32, f32) = (most.to_scalar().unwrap(), mean.to_scalar().unwrap());
    assert!(
        most <= STEP && mean <= 5e-4,
        "{most} at most, {mean} on average"
    );
}

#[test]
fn pictures_are_resized_as_pillow_does() {
    let (Some(small), Some(large)) = (png("proc_input.png"), png("proc_input_big_src.png")) else {
        return;
    };
    let io = tensors(&common::shared("goldens/processing.safetensors").unwrap());
    let up = pixels(&small, 896).unwrap();
    let sum: f32 = up.sum_all().unwrap().to_scalar().unwrap();
    let wanted: f32 = io["gemma_pil_896_sum"].i(0).unwrap().to_scalar().unwrap();
    assert!(
        (sum - wanted).abs() < 1e-3 * 3.0 * 896.0 * 896.0,
        "{sum} {wanted}"
    );
    let every = Tensor::arange_step(0u32, 896, 7, up.device()).unwrap();
    let up = up
        .index_select(&every, 1)
        .unwrap()
        .index_select(&every, 2)
        .unwrap();
    close(&up, &io["gemma_pil_896_stride7"]);
    close(&pixels(&large, 56).unwrap(), &io["gemma_pil_56_downscale"]);
}

#[test]
fn tomography_is_seen_through_three_windows() {
    let Some(path) = common::shared("goldens/processing.safetensors") else {
        return;
    };
    let io = tensors(&path);
    let hu: Vec<f32> = io["ct_hu"].flatten_all().unwrap().to_vec1().unwrap();
    let wanted: Vec<u8> = io["ct_rgb"]
        .flatten_all()
        .unwrap()
        .to_dtype(DType::U8)
        .unwrap()
        .to_vec1()
        .unwrap();
    assert_eq!(ct_windows([24, 24], &hu).pixels, wanted);
    assert_eq!(ct_windows([1, 1], &[f32::NAN]).pixels, [0, 0, 0]);
}

#[test]
fn pictures_without_pixels_are_refused() {
    for (size, bytes) in [([0, 3], 0), ([2, 2], 11), ([1 << 20, 1 << 20], 12)] {
        let picture = Rgb {
            size,
            pixels: vec![0; bytes],
        };
        assert!(pixels(&picture, 56).is_err());
    }
}
