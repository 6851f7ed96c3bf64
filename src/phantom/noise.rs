//! Blur and noise of a slice.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use crate::units::Hu;

/// Gaussian weights out to 3 σ, σ in pixels.
fn kernel(sigma: f64) -> Vec<f64> {
    let reach = (3.0 * sigma).ceil() as i64;
    let weight = |d: i64| (-0.5 * (d as f64 / sigma).powi(2)).exp();
    let weights: Vec<f64> = (-reach..=reach).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / sum).collect()
}

/// Separable Gaussian blur of a slice of (i, j) pixels; edges are repeated. σ per axis in pixels.
pub(super) fn blur(values: &mut [f32], [ni, nj]: [usize; 2], sigma: [f64; 2]) {
    let mut line = Vec::new();
    let mut pass = |start: usize, stride: usize, n: usize, kernel: &[f64], values: &mut [f32]| {
        line.clear();
        line.extend((0..n).map(|a| f64::from(values[start + a * stride])));
        let reach = kernel.len() as i64 / 2;
        for a in 0..n {
            let at = |o: usize| line[(a as i64 + o as i64 - reach).clamp(0, n as i64 - 1) as usize];
            let sum: f64 = kernel.iter().enumerate().map(|(o, w)| w * at(o)).sum();
            values[start + a * stride] = sum as f32;
        }
    };
    if sigma[0] > 0.0 {
        let weights = kernel(sigma[0]);
        (0..nj).for_each(|j| pass(j * ni, 1, ni, &weights, values));
    }
    if sigma[1] > 0.0 {
        let weights = kernel(sigma[1]);
        (0..ni).for_each(|i| pass(i, ni, nj, &weights, values));
    }
}

/// Correlation of the noise, σ in pixels.
const NOISE_SIGMA: f64 = 0.5;

/// Adds noise of the given standard deviation; every (time point, slice) has noise of its own.
pub(super) fn add(values: &mut [f32], size: [usize; 2], sd: Hu, seed: u64, (n, k): (usize, usize)) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((n as u64) << 32) | k as u64);
    let mut noise: Vec<f32> = (0..values.len())
        .map(|_| StandardNormal.sample(&mut rng))
        .collect();
    blur(&mut noise, size, [NOISE_SIGMA; 2]);
    // Blurring lowers the variance by the sum of squared weights along each axis.
    let loss: f64 = kernel(NOISE_SIGMA).iter().map(|w| w * w).sum();
    let gain = (sd.0 / loss) as f32;
    for (value, noise) in values.iter_mut().zip(noise) {
        *value += gain * noise;
    }
}
