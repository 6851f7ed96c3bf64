//! Stored matrices as the left factor of tiles, made of what is stored whenever it is needed: that costs
//! less than reading anything larger from memory.

pub(super) mod q4k;
pub(super) mod q6k;

use std::ops::Range;

use candle_core::quantized::GgmlDType;
use half::{bf16, f16};

use super::amx::{DEPTH, Parts, Tile};
use super::lanes;

/// Values of a block of the quantised kinds, and of a piece of a row that is unpacked at a time.
pub(super) const BLOCK: usize = 256;

/// Rows of values, one behind the other. Matrices of single precision are left to the library: halves are
/// exact in two parts, they are not.
#[derive(Clone, Copy)]
pub(super) enum Matrix<'a> {
    F16(&'a [f16]),
    Bf16(&'a [bf16]),
    Q4K(&'a [u8]),
    Q6K(&'a [u8]),
    /// Of another quantised kind.
    Other(GgmlDType, &'a [u8]),
}

/// Where a row of a matrix goes: into row `row` of a tile for each 32 values, or of two.
pub(super) struct Row<'a> {
    tiles: &'a mut [Tile],
    parts: Parts,
    row: usize,
}

impl Row<'_> {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn put(&mut self, step: usize, part: usize, bits: std::arch::x86_64::__m512i) {
        let tile = &mut self.tiles[step * self.parts.count() + part];
        lanes::store(&mut tile.0[self.row], bits);
    }

    /// Floats from the first step on; behind them comes nought.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    fn put_floats(&mut self, values: &[f32]) {
        let (whole, rest) = values.as_chunks::<DEPTH>();
        let mut last = [0.0; DEPTH];
        last[..rest.len()].copy_from_slice(rest);
        let last = (!rest.is_empty()).then_some(&last);
        for (step, values) in whole.iter().chain(last).enumerate() {
            let [low, high] = lanes::load(values);
            let split = lanes::split(low, high);
            for (part, bits) in split.iter().enumerate().take(self.parts.count()) {
                self.put(step, part, *bits);
            }
        }
    }
}

impl<'a> Matrix<'a> {
    /// Whole blocks of a quantised kind.
    pub(super) const fn quantised(kind: GgmlDType, bytes: &'a [u8]) -> Self {
        match kind {
            GgmlDType::Q4K => Self::Q4K(bytes),
            GgmlDType::Q6K => Self::Q6K(bytes),
            kind => Self::Other(kind, bytes),
        }
    }

    /// What keeps products as exact as the stored values are: a quantised value is off by far more than
    /// rounding takes from it.
    pub(super) const fn parts(&self) -> Parts {
        match self {
            Self::F16(_) => Parts::Two,
            Self::Bf16(_) | Self::Q4K(_) | Self::Q6K(_) | Self::Other(..) => Parts::One,
        }
    }

    /// Parts of what it is multiplied with: values that stand beside quantised ones need no rest either;
    /// others round them to eight bits.
    pub(super) const fn parts_beside(&self) -> Parts {
        match self {
            Self::F16(_) | Self::Bf16(_) => Parts::Two,
            Self::Q4K(_) | Self::Q6K(_) | Self::Other(..) => Parts::One,
        }
    }

    /// Rows of `width` values, as far as there are, some columns of them, 16 rows of all steps behind each
    /// other. Columns begin with a block.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16,avx512vl,f16c")]
    pub(super) fn fill(
        &self,
        width: usize,
        rows: Range<usize>,
        columns: Range<usize>,
        tiles: &mut [Tile],
    ) {
        let parts = self.parts();
        let strip = columns.len().div_ceil(DEPTH) * parts.count();
        for (n, number) in rows.enumerate() {
            let mut row = Row {
                tiles: &mut tiles[n / 16 * strip..][..strip],
                parts,
                row: n % 16,
            };
            self.fill_row(number * width + columns.start, columns.len(), &mut row);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16,avx512vl,f16c")]
    fn fill_row(&self, start: usize, n: usize, row: &mut Row) {
        let mut floats = [0.0; BLOCK];
        let floats = &mut floats[..n];
        let span = start..start + n;
        match self {
            Self::F16(values) => {
                widen(&values[span], floats);
                row.put_floats(floats);
            }
            Self::Bf16(values) => {
                for (step, values) in values[span].chunks(DEPTH).enumerate() {
                    for (to, value) in row.tiles[step].0[row.row].iter_mut().zip(values) {
                        *to = value.to_bits();
                    }
                    row.tiles[step].0[row.row][values.len()..].fill(0);
                }
            }
            Self::Q4K(bytes) => {
                let (blocks, _) = bytes.as_chunks::<{ q4k::BYTES }>();
                q4k::fill(&blocks[start / BLOCK], row);
            }
            Self::Q6K(bytes) => {
                let (blocks, _) = bytes.as_chunks::<{ q6k::BYTES }>();
                q6k::fill(&blocks[start / BLOCK], row);
            }
            Self::Other(kind, bytes) => {
                let size = kind.type_size();
                let block = kind.block_size();
                let bytes = &bytes[start / block * size..(start + n) / block * size];
                super::other::to_floats(*kind, bytes, floats);
                row.put_floats(floats);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,f16c")]
fn widen(values: &[f16], floats: &mut [f32]) {
    use std::arch::x86_64::*;
    let (whole, rest) = values.as_chunks::<16>();
    let (floats, last) = floats.as_chunks_mut::<16>();
    for (floats, values) in floats.iter_mut().zip(whole) {
        // SAFETY: 16 halves are 256 bits.
        let bits = unsafe { _mm256_loadu_si256(values.as_ptr().cast()) };
        lanes::store_half(floats, _mm512_cvtph_ps(bits));
    }
    for (float, value) in last.iter_mut().zip(rest) {
        *float = value.to_f32();
    }
}
