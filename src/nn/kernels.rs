//! What the tensor library does on one core, done on all of them.

#![allow(
    unsafe_code,
    reason = "processors do what they can only through intrinsics and assembly"
)]

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod dots;
mod exp;
#[cfg(target_arch = "x86_64")]
mod flash;
mod gelu;
#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(target_arch = "x86_64")]
mod matrix;
#[cfg(target_arch = "x86_64")]
mod other;
#[cfg(target_arch = "x86_64")]
mod product;
mod rows;
#[cfg(target_arch = "x86_64")]
mod tiled;
#[cfg(target_arch = "x86_64")]
mod unit;
#[cfg(not(target_arch = "x86_64"))]
#[path = "kernels/no_unit.rs"]
mod unit;

pub(super) use gelu::{gelu, gelu_times};
pub(super) use rows::{attend_one, rms_norm, turn};
pub(super) use unit::{attend, has_unit, products};

use std::ops::Range;

use candle_core::Tensor;
use candle_core::quantized::QTensor;
use parking_lot::Mutex;

/// A matrix W, (out, in), to be multiplied with.
#[derive(Clone, Copy)]
pub(super) enum Factor<'a> {
    Float(&'a Tensor),
    Quantised(&'a QTensor),
}

/// What becomes of a product before it is written, in this order.
#[derive(Clone, Copy, Default)]
pub(super) struct Finish<'a> {
    /// Added to each row: (out), single precision.
    pub(super) bias: Option<&'a Tensor>,
    /// gelu(x), by tanh.
    pub(super) gelu: bool,
    /// Added: contiguous, shaped as the product, single precision.
    pub(super) add: Option<&'a Tensor>,
}

impl Finish<'_> {
    #[cfg(target_arch = "x86_64")]
    const fn is_none(&self) -> bool {
        self.bias.is_none() && !self.gelu && self.add.is_none()
    }
}

/// Values that one core works on at a time.
const CHUNK: usize = 8192;

/// Fills `out` piece by piece on all cores; `fill` gets the place of a piece and the piece. The pool is
/// the one that multiplies matrices: a second one would wait for its threads, which spin.
fn fill_chunks(out: &mut [f32], fill: impl Fn(Range<usize>, &mut [f32]) + Sync) {
    fill_rows(out, 1, fill);
}

/// As [`fill_chunks`], in pieces of whole rows.
fn fill_rows(out: &mut [f32], width: usize, fill: impl Fn(Range<usize>, &mut [f32]) + Sync) {
    let is_shared = out.len() > 2 * CHUNK;
    fill_pieces(out, CHUNK.next_multiple_of(width), is_shared, fill);
}

/// As [`fill_chunks`], in pieces of a size; on one core unless they are worth sharing.
fn fill_pieces(
    out: &mut [f32],
    size: usize,
    is_shared: bool,
    fill: impl Fn(Range<usize>, &mut [f32]) + Sync,
) {
    if !is_shared {
        fill(0..out.len(), out);
        return;
    }
    // Each is locked once, by the core that gets it.
    let pieces: Vec<Mutex<&mut [f32]>> = out.chunks_mut(size).map(Mutex::new).collect();
    candle_core::utils::barrier_pool().execute_chunked(pieces.len(), |numbers| {
        for number in numbers {
            let mut piece = pieces[number].lock();
            let start = number * size;
            let end = start + piece.len();
            fill(start..end, &mut piece);
        }
    });
}

/// Numbers from −1 to 1, the same each time.
#[cfg(test)]
fn noise(n: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(n).collect()
}
