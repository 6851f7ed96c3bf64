//! What the tensor library does on one core, done on all of them.

mod gelu;

pub(super) use gelu::{gelu, gelu_times};

use std::ops::Range;

use parking_lot::Mutex;

/// Values that one core works on at a time.
const CHUNK: usize = 8192;

/// Fills `out` piece by piece on all cores; `fill` gets the place of a piece and the piece. The pool is
/// the one that multiplies matrices: a second one would wait for its threads, which spin.
fn fill_chunks(out: &mut [f32], fill: impl Fn(Range<usize>, &mut [f32]) + Sync) {
    if out.len() <= 2 * CHUNK {
        fill(0..out.len(), out);
        return;
    }
    // Each is locked once, by the core that gets it.
    let pieces: Vec<Mutex<&mut [f32]>> = out.chunks_mut(CHUNK).map(Mutex::new).collect();
    candle_core::utils::barrier_pool().execute_chunked(pieces.len(), |numbers| {
        for number in numbers {
            let mut piece = pieces[number].lock();
            let start = number * CHUNK;
            let end = start + piece.len();
            fill(start..end, &mut piece);
        }
    });
}
