//! Rows of activations as the right factor of tiles.

use candle_core::utils::barrier_pool;
use parking_lot::Mutex;

use super::amx::{DEPTH, Parts, SIDE, Tile};
use super::lanes;

/// Rows of values, 16 beside each other in a tile; missing ones are nought.
pub(super) struct Tiled {
    tiles: Vec<Tile>,
    pub(super) parts: Parts,
    /// Pairs of 16 rows.
    pub(super) pairs: usize,
    /// Tiles along a row.
    pub(super) steps: usize,
}

impl Tiled {
    /// Of rows of `width` values, one behind the other.
    pub(super) fn of(values: &[f32], rows: usize, width: usize, parts: Parts) -> Self {
        assert_eq!(values.len(), rows * width, "whole rows");
        let (pairs, steps) = (rows.div_ceil(2 * SIDE), width.div_ceil(DEPTH));
        let strip = steps * parts.count();
        let mut tiles = vec![Tile::ZERO; 2 * pairs * strip];
        let strips: Vec<Mutex<&mut [Tile]>> = tiles.chunks_mut(strip).map(Mutex::new).collect();
        barrier_pool().execute_chunked(strips.len(), |numbers| {
            for number in numbers {
                let first = (number * SIDE).min(rows);
                let last = (first + SIDE).min(rows);
                let part = &values[first * width..last * width];
                // SAFETY: who makes tiles has asked for the unit, with which these instructions come.
                unsafe { fill(part, width, parts, &mut strips[number].lock()) };
            }
        });
        drop(strips);
        Self {
            tiles,
            parts,
            pairs,
            steps,
        }
    }

    /// Tiles of 16 rows, of some steps along them.
    pub(super) fn strip(&self, number: usize, steps: std::ops::Range<usize>) -> &[Tile] {
        let start = number * self.steps;
        let parts = self.parts.count();
        &self.tiles[(start + steps.start) * parts..(start + steps.end) * parts]
    }
}

/// A strip of at most 16 rows.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn fill(values: &[f32], width: usize, parts: Parts, tiles: &mut [Tile]) {
    for (step, tiles) in tiles.chunks_exact_mut(parts.count()).enumerate() {
        let mut square = [[0.0; DEPTH]; SIDE];
        let from = step * DEPTH;
        let n = DEPTH.min(width - from);
        for (square, row) in square.iter_mut().zip(values.chunks_exact(width)) {
            if n == DEPTH {
                square.copy_from_slice(&row[from..from + DEPTH]);
            } else {
                square[..n].copy_from_slice(&row[from..from + n]);
            }
        }
        lanes::columns_of(&square, parts, tiles);
    }
}
