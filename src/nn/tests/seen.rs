//! A tower of the published size (SigLIP at 896 × 896, random weights in half precision) beside torch in single
//! precision: `vision_f32.f32` holds the soft tokens that it gives for the picture that `bench llm` looks at.

use super::common::model;
use crate::jobs::JobContext;
use crate::nn::config::vision_of_gguf;
use crate::nn::processor::{Rgb, pixels};
use crate::nn::vision::Vision;
use crate::nn::weights::{Target, Weights};

#[test]
#[ignore = "5.5 TFLOP: half a minute to several; needs synth-mmproj-f16.gguf and vision_f32.f32 in ONCOTWIN_MODELS"]
fn soft_tokens_of_a_whole_picture_are_those_of_torch() {
    let (Some(weights), Some(reference)) =
        (model("synth-mmproj-f16.gguf"), model("vision_f32.f32"))
    else {
        return;
    };
    let bytes = std::fs::read(reference).unwrap();
    let reference: Vec<f32> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .collect();
    let weights = Weights::open(&weights, Target::cpu()).unwrap();
    let config = vision_of_gguf(weights.gguf().unwrap(), 256).unwrap();
    let job = JobContext::default();
    let size = [256, reference.len() / 256];
    let vision = Vision::load(&weights, config, size, 1e-6, &job).unwrap();
    let side = 896usize;
    let pixel = |n: usize| {
        let (x, y) = (n % side, n / side);
        let last = side - 1;
        [x * 255 / last, y * 255 / last, (x * y / 64) % 256].map(|v| v as u8)
    };
    let picture = Rgb {
        size: [side, side],
        pixels: (0..side * side).flat_map(pixel).collect(),
    };
    let states = vision.look(&pixels(&picture, side).unwrap(), &job);
    let soft = vision.project(&states.unwrap()).unwrap();
    let soft: Vec<f32> = soft.flatten_all().unwrap().to_vec1().unwrap();
    let square = |x: f64| x * x;
    let apart = soft.iter().zip(&reference);
    let apart: f64 = apart.map(|(a, b)| square(f64::from(a - b))).sum();
    let all: f64 = reference.iter().map(|b| square(f64::from(*b))).sum();
    let off = (apart / all).sqrt();
    eprintln!("relative difference {off:.1e}");
    assert!(off < 1e-4, "{off}");
}
