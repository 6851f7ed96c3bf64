//! What vector registers of 512 bits do for tiles: single precision to two parts of bfloat16, and sixteen
//! rows of sixteen turned over.

use std::arch::x86_64::*;

use super::amx::{DEPTH, Parts, SIDE, Sums, Tile};

/// Rounds 32 values, and gives the rounded ones and what rounding left.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn split(low: __m512, high: __m512) -> [__m512i; 2] {
    let rounded = as_bits(_mm512_cvtne2ps_pbh(high, low));
    let back =
        |half: __m256i| _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(half)));
    let rest_low = _mm512_sub_ps(low, back(_mm512_castsi512_si256(rounded)));
    let rest_high = _mm512_sub_ps(high, back(_mm512_extracti64x4_epi64::<1>(rounded)));
    [rounded, as_bits(_mm512_cvtne2ps_pbh(rest_high, rest_low))]
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn as_bits(x: __m512bh) -> __m512i {
    // SAFETY: both are 512 bits without invalid patterns.
    unsafe { std::mem::transmute(x) }
}

/// 32 values as they lie.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(values: &[f32; DEPTH]) -> [__m512; 2] {
    // SAFETY: there are 32.
    unsafe {
        [
            _mm512_loadu_ps(values.as_ptr()),
            _mm512_loadu_ps(values.as_ptr().add(16)),
        ]
    }
}

/// 16 values as they lie.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load_half(values: &[f32; SIDE]) -> __m512 {
    // SAFETY: there are 16.
    unsafe { _mm512_loadu_ps(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store_half(values: &mut [f32; SIDE], x: __m512) {
    // SAFETY: there is room for 16.
    unsafe { _mm512_storeu_ps(values.as_mut_ptr(), x) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store(row: &mut [u16; DEPTH], x: __m512i) {
    // SAFETY: a row has 512 bits.
    unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), x) }
}

/// Rows become columns, of 16 rows of 16 words of 32 bits.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn turn(rows: [__m512i; SIDE]) -> [__m512i; SIDE] {
    let mut pairs = rows;
    for n in (0..16).step_by(2) {
        pairs[n] = _mm512_unpacklo_epi32(rows[n], rows[n + 1]);
        pairs[n + 1] = _mm512_unpackhi_epi32(rows[n], rows[n + 1]);
    }
    // Each lane of 128 bits of `fours[4 g + c]` holds column 4·lane + c of rows 4 g to 4 g + 3.
    let mut fours = pairs;
    for g in (0..16).step_by(4) {
        fours[g] = _mm512_unpacklo_epi64(pairs[g], pairs[g + 2]);
        fours[g + 1] = _mm512_unpackhi_epi64(pairs[g], pairs[g + 2]);
        fours[g + 2] = _mm512_unpacklo_epi64(pairs[g + 1], pairs[g + 3]);
        fours[g + 3] = _mm512_unpackhi_epi64(pairs[g + 1], pairs[g + 3]);
    }
    let mut turned = rows;
    for c in 0..4 {
        let [a, b, e, f] = [fours[c], fours[4 + c], fours[8 + c], fours[12 + c]];
        let (ab_even, ab_odd) = (
            _mm512_shuffle_i32x4::<0x88>(a, b),
            _mm512_shuffle_i32x4::<0xdd>(a, b),
        );
        let (ef_even, ef_odd) = (
            _mm512_shuffle_i32x4::<0x88>(e, f),
            _mm512_shuffle_i32x4::<0xdd>(e, f),
        );
        turned[c] = _mm512_shuffle_i32x4::<0x88>(ab_even, ef_even);
        turned[8 + c] = _mm512_shuffle_i32x4::<0xdd>(ab_even, ef_even);
        turned[4 + c] = _mm512_shuffle_i32x4::<0x88>(ab_odd, ef_odd);
        turned[12 + c] = _mm512_shuffle_i32x4::<0xdd>(ab_odd, ef_odd);
    }
    turned
}

/// Sums with rows and columns exchanged.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn turned(sums: &Sums) -> [__m512; SIDE] {
    let mut rows = [_mm512_setzero_si512(); SIDE];
    for (row, values) in rows.iter_mut().zip(&sums.0) {
        *row = _mm512_castps_si512(load_half(values));
    }
    let mut columns = [_mm512_setzero_ps(); SIDE];
    for (column, bits) in columns.iter_mut().zip(turn(rows)) {
        *column = _mm512_castsi512_ps(bits);
    }
    columns
}

/// Writes 16 rows as a right factor: of one part or two, in as many tiles.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn columns_of(rows: &[[f32; DEPTH]; SIDE], parts: Parts, tiles: &mut [Tile]) {
    let mut split_rows = [[_mm512_setzero_si512(); SIDE]; 2];
    for (n, row) in rows.iter().enumerate() {
        let [low, high] = load(row);
        let [whole, rest] = split(low, high);
        split_rows[0][n] = whole;
        split_rows[1][n] = rest;
    }
    for (tile, rows) in tiles[..parts.count()].iter_mut().zip(split_rows) {
        for (row, bits) in tile.0.iter_mut().zip(turn(rows)) {
            store(row, bits);
        }
    }
}
