//! Products of rows of activations with stored matrices, on the matrix unit.
//!
//! A core takes some rows of the matrix, unpacks a block of their columns into tiles that stay in its cache,
//! and multiplies these with all activations before it goes on.

use std::cell::RefCell;
use std::ops::Range;

use candle_core::utils::barrier_pool;

use super::amx::{self, DEPTH, SIDE, Sums, Tile, Unit};
use super::gelu::bend;
use super::lanes;
use super::matrix::{BLOCK, Matrix};
use super::tiled::Tiled;

/// Most rows of a matrix that a core takes at a time: tiles of a block of them and sums with
/// [`ROWS`] activations fit its second cache.
const TAKEN: usize = 256;
/// Rows of activations that are worked on together.
pub(super) const ROWS: usize = 512;

/// What becomes of a product x before it is written.
#[derive(Clone, Copy, Default)]
pub(super) struct Finish<'a> {
    /// x + bias, for each row of the matrix.
    pub(super) bias: Option<&'a [f32]>,
    /// gelu(x), by tanh.
    pub(super) gelu: bool,
    /// x + what was there, shaped as the product.
    pub(super) add: Option<&'a [f32]>,
}

/// Rows that cores write in parts.
struct Out {
    start: *mut f32,
    length: usize,
}

// SAFETY: each core writes columns of its own.
unsafe impl Sync for Out {}

impl Out {
    /// Up to 16 values from a place on, which no other core writes.
    #[inline]
    fn write(&self, at: usize, values: &[f32]) {
        assert!(at + values.len() <= self.length, "inside");
        // SAFETY: inside, as was checked, and of this core alone, as `product` shares the columns out.
        unsafe {
            std::ptr::copy_nonoverlapping(values.as_ptr(), self.start.add(at), values.len());
        }
    }
}

#[derive(Default)]
struct Scratch {
    tiles: Vec<Tile>,
    sums: Vec<Sums>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// A product to be worked out: activations, `rows` of them, and a matrix of `height` rows of `width`.
pub(super) struct Task<'a> {
    pub(super) tiled: &'a Tiled,
    pub(super) rows: usize,
    pub(super) matrix: Matrix<'a>,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) finish: Finish<'a>,
}

/// x·Wᵀ and what finishes it, (rows, height).
pub(super) fn product(task: &Task, out: &mut [f32]) {
    assert_eq!(out.len(), task.rows * task.height, "a place for each value");
    let cores = barrier_pool().n_workers() + 1;
    // Some pieces for each core, so that none waits long for the last.
    let even = task.height.div_ceil(4 * cores).next_multiple_of(2 * SIDE);
    let taken = even.clamp(2 * SIDE, TAKEN);
    let out = Out {
        start: out.as_mut_ptr(),
        length: out.len(),
    };
    barrier_pool().execute_chunked(task.height.div_ceil(taken), |pieces| {
        let Some(unit) = Unit::take() else {
            unreachable!("tiles are made only where the unit is")
        };
        for piece in pieces {
            let rows = piece * taken..((piece + 1) * taken).min(task.height);
            SCRATCH.with_borrow_mut(|scratch| {
                // SAFETY: the unit is there, with which these instructions come.
                unsafe { task.work_out(&unit, rows, scratch, &out) };
            });
        }
    });
}

impl Task<'_> {
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16,avx512vl,f16c,fma")]
    fn work_out(&self, unit: &Unit, rows: Range<usize>, scratch: &mut Scratch, out: &Out) {
        let parts = self.matrix.parts();
        let strips = rows.len().div_ceil(2 * SIDE) * 2;
        let strip = BLOCK / DEPTH * parts.count();
        scratch.tiles.resize(strips * strip, Tile::ZERO);
        for from in (0..self.tiled.pairs).step_by(ROWS / (2 * SIDE)) {
            let pairs = from..(from + ROWS / (2 * SIDE)).min(self.tiled.pairs);
            let across = 2 * pairs.len();
            scratch.sums.clear();
            scratch.sums.resize(strips * across, Sums::ZERO);
            for column in (0..self.width).step_by(BLOCK) {
                let columns = column..(column + BLOCK).min(self.width);
                let steps = column / DEPTH..columns.end.div_ceil(DEPTH);
                let strip = steps.len() * parts.count();
                let tiles = &mut scratch.tiles[..strips * strip];
                self.matrix.fill(self.width, rows.clone(), columns, tiles);
                for (n, pair) in pairs.clone().enumerate() {
                    let b = [
                        self.tiled.strip(2 * pair, steps.clone()),
                        self.tiled.strip(2 * pair + 1, steps.clone()),
                    ];
                    for two in 0..strips / 2 {
                        let (first, second) = tiles[2 * two * strip..][..2 * strip].split_at(strip);
                        let (upper, lower) =
                            scratch.sums[2 * two * across..][..2 * across].split_at_mut(across);
                        let [c00, c01] = &mut upper.as_chunks_mut::<2>().0[n];
                        let [c10, c11] = &mut lower.as_chunks_mut::<2>().0[n];
                        amx::multiply(
                            unit,
                            ([first, second], parts),
                            (b, self.tiled.parts),
                            [c00, c01, c10, c11],
                        );
                    }
                }
            }
            for strip in 0..strips {
                let sums = &scratch.sums[strip * across..][..across];
                for (n, sums) in sums.iter().enumerate() {
                    self.write(
                        sums,
                        rows.start + strip * SIDE,
                        (2 * pairs.start + n) * SIDE,
                        out,
                    );
                }
            }
        }
    }

    /// Finishes and writes the product of 16 rows of the matrix with 16 activations, as far as there are.
    #[inline]
    #[target_feature(enable = "avx512f,fma")]
    fn write(&self, sums: &Sums, row: usize, activation: usize, out: &Out) {
        let n = SIDE.min(self.height.saturating_sub(row));
        if n == 0 {
            return;
        }
        let mut bias = [0.0; SIDE];
        if let Some(values) = self.finish.bias {
            bias[..n].copy_from_slice(&values[row..row + n]);
        }
        let last = self.rows.saturating_sub(activation).min(SIDE);
        for (number, column) in lanes::turned(sums).into_iter().enumerate().take(last) {
            let mut values = [0.0; SIDE];
            lanes::store_half(&mut values, column);
            for (value, bias) in values.iter_mut().zip(&bias) {
                *value += bias;
            }
            if self.finish.gelu {
                for value in &mut values {
                    *value = bend(*value);
                }
            }
            let at = (activation + number) * self.height + row;
            if let Some(before) = self.finish.add {
                for (value, before) in values.iter_mut().zip(&before[at..at + n]) {
                    *value += before;
                }
            }
            out.write(at, &values[..n]);
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::{GgmlDType, QTensor};
    use candle_core::{Device, Tensor};
    use half::{bf16, f16};

    use super::*;
    use crate::nn::kernels::noise;

    /// Root mean square of the difference from products in double precision, of the products themselves.
    fn off(matrix: Matrix, stored: &[f32], [rows, width, height]: [usize; 3]) -> f64 {
        let x = noise(rows * width, 1);
        let tiled = Tiled::of(&x, rows, width, matrix.parts_beside());
        let mut out = vec![f32::NAN; rows * height];
        let task = Task {
            tiled: &tiled,
            rows,
            matrix,
            height,
            width,
            finish: Finish::default(),
        };
        product(&task, &mut out);
        let (mut apart, mut size) = (0.0, 0.0);
        for (row, x) in out.chunks(height).zip(x.chunks(width)) {
            for (found, w) in row.iter().zip(stored.chunks(width)) {
                let pairs = x.iter().zip(w);
                let wanted: f64 = pairs.map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
                apart += (f64::from(*found) - wanted).powi(2);
                size += wanted * wanted;
            }
        }
        (apart / size).sqrt()
    }

    #[test]
    fn products_of_halves_are_exact_to_seventeen_bits() {
        if !amx::available() {
            return;
        }
        // Whole tiles; then none of the sizes.
        for size in [[64, 512, 64], [37, 300, 41], [1, 72, 5], [530, 40, 33]] {
            let stored = noise(size[1] * size[2], 2);
            let halves: Vec<f16> = stored.iter().map(|v| f16::from_f32(*v)).collect();
            let stored: Vec<f32> = halves.iter().map(|v| v.to_f32()).collect();
            assert!(off(Matrix::F16(&halves), &stored, size) < 1e-5);
            let halves: Vec<bf16> = stored.iter().map(|v| bf16::from_f32(*v)).collect();
            let stored: Vec<f32> = halves.iter().map(|v| v.to_f32()).collect();
            assert!(off(Matrix::Bf16(&halves), &stored, size) < 1e-5);
        }
    }

    #[test]
    fn quantised_matrices_are_unpacked_as_the_library_does_it() {
        if !amx::available() {
            return;
        }
        let [rows, width, height] = [33, 512, 48];
        let weights = Tensor::from_vec(noise(width * height, 3), (height, width), &Device::Cpu);
        for kind in [
            GgmlDType::Q4K,
            GgmlDType::Q6K,
            GgmlDType::Q8_0,
            GgmlDType::Q5_0,
        ] {
            let stored = QTensor::quantize(weights.as_ref().unwrap(), kind).unwrap();
            let floats = stored
                .dequantize(&Device::Cpu)
                .unwrap()
                .flatten_all()
                .unwrap();
            let floats: Vec<f32> = floats.to_vec1().unwrap();
            let data = stored.data().unwrap();
            let matrix = Matrix::quantised(kind, &data);
            // Rounding to eight bits of each factor, no more.
            assert!(
                off(matrix, &floats, [rows, width, height]) < 3e-3,
                "{kind:?}"
            );
            let mut tiles = vec![Tile::ZERO; 3 * 8];
            // SAFETY: the unit is there, with which these instructions come.
            unsafe { matrix.fill(width, 0..height, 256..512, &mut tiles) };
            for (n, wanted) in floats.iter().enumerate() {
                let (row, column) = (n / width, n % width);
                if column < 256 {
                    continue;
                }
                let tile = &tiles[row / 16 * 8 + (column - 256) / 32];
                let found = tile.0[row % 16][column % 32];
                // Of one rounding or two, where a sum and a product are one step here.
                let wanted = bf16::from_f32(*wanted).to_bits();
                assert!(
                    found.abs_diff(wanted) <= 1
                        || *wanted.to_le_bytes().last().unwrap() & 0x7f == 0,
                    "{kind:?} {found} {wanted}"
                );
            }
        }
    }

    #[test]
    fn products_are_finished_as_asked() {
        if !amx::available() {
            return;
        }
        let [rows, width, height] = [35, 64, 50];
        let (x, stored) = (noise(rows * width, 1), noise(width * height, 2));
        let stored: Vec<f16> = stored.iter().map(|v| f16::from_f32(*v)).collect();
        let (bias, before) = (noise(height, 3), noise(rows * height, 4));
        let tiled = Tiled::of(&x, rows, width, amx::Parts::Two);
        let run = |finish| {
            let mut out = vec![0.0; rows * height];
            let task = Task {
                tiled: &tiled,
                rows,
                matrix: Matrix::F16(&stored),
                height,
                width,
                finish,
            };
            product(&task, &mut out);
            out
        };
        let plain = run(Finish::default());
        let finished = run(Finish {
            bias: Some(&bias),
            gelu: true,
            add: Some(&before),
        });
        for (n, found) in finished.iter().enumerate() {
            let wanted = bend(plain[n] + bias[n % height]) + before[n];
            assert!((found - wanted).abs() < 1e-6);
        }
    }
}
