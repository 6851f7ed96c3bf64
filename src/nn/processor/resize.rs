//! Resizing as Pillow does it, bit by bit: linear weights over all that a pixel of the result covers, in
//! fixed point with 22 bits behind the point, columns first, whole numbers between the passes. Models saw
//! pictures that were made so, and libraries that round elsewhere change every fifth value by one.

use super::Rgb;

/// Bits behind the point of weights.
const BITS: u32 = 22;

/// What a pixel of the result is made of: the first source pixel and the weights of it and those after.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

fn taps(from: usize, to: usize) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    // Smaller pictures average over all that a pixel covers; larger ones interpolate.
    let reach = scale.max(1.0);
    let of = |n: usize| {
        let middle = (n as f64 + 0.5) * scale;
        let first = (middle - reach + 0.5).max(0.0) as usize;
        let end = ((middle + reach + 0.5) as usize).min(from);
        let weight = |at: usize| (1.0 - ((at as f64 - middle + 0.5) / reach).abs()).max(0.0);
        let raw: Vec<f64> = (first..end).map(weight).collect();
        let all: f64 = raw.iter().sum();
        let fixed = |w: &f64| (w / all * f64::from(1 << BITS) + 0.5) as i32;
        Taps {
            first,
            weights: raw.iter().map(fixed).collect(),
        }
    };
    (0..to).map(of).collect()
}

/// A weighted sum as a byte.
fn byte(sum: i32) -> u8 {
    ((sum + (1 << (BITS - 1))) >> BITS).clamp(0, 255) as u8
}

/// A picture squeezed or stretched to a square; its size has to agree with its pixels.
pub(super) fn square(picture: &Rgb, side: usize) -> Vec<u8> {
    let [width, height] = picture.size;
    let (across, down) = (taps(width, side), taps(height, side));
    let mut narrow = Vec::with_capacity(side * height * 3);
    for row in picture.pixels.chunks_exact(width * 3) {
        for tap in &across {
            for channel in 0..3 {
                let terms = tap.weights.iter().enumerate();
                let sum: i32 = terms
                    .map(|(n, w)| w * i32::from(row[(tap.first + n) * 3 + channel]))
                    .sum();
                narrow.push(byte(sum));
            }
        }
    }
    let line = side * 3;
    let mut square = Vec::with_capacity(side * line);
    for tap in &down {
        for column in 0..line {
            let terms = tap.weights.iter().enumerate();
            let sum: i32 = terms
                .map(|(n, w)| w * i32::from(narrow[(tap.first + n) * line + column]))
                .sum();
            square.push(byte(sum));
        }
    }
    square
}
