//! Deltas as bytes.
//!
//! `OTMD`, a version (1), then numbers of seven bits a byte, lowest first (LEB128): shape (i, j, k),
//! voxels before, voxels after, number of runs, and for each the voxels skipped and its length. The
//! first eight bytes of the SHA-256 of all that end it.

use sha2::{Digest as _, Sha256};

use super::{Delta, DeltaError};
use crate::volume::MaskRuns;

const MAGIC: &[u8] = b"OTMD";
const VERSION: u8 = 1;
const CHECK_BYTES: usize = 8;

impl Delta {
    /// The stored form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        for n in self.runs.shape {
            put(&mut bytes, n);
        }
        for n in [self.n_before, self.n_after, self.runs.runs.len()] {
            put(&mut bytes, n);
        }
        let mut end = 0;
        for &(start, length) in &self.runs.runs {
            put(&mut bytes, start - end);
            put(&mut bytes, length);
            end = start + length;
        }
        let check = Sha256::digest(&bytes);
        bytes.extend(check.iter().take(CHECK_BYTES));
        bytes
    }

    /// From the stored form.
    ///
    /// # Errors
    /// When the bytes are not those of a delta, were damaged, or are of a later version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DeltaError> {
        let refused = DeltaError::Bytes;
        let at = bytes.len().checked_sub(CHECK_BYTES);
        let (body, check) = at
            .and_then(|at| bytes.split_at_checked(at))
            .ok_or(refused("too short"))?;
        let rest = body.strip_prefix(MAGIC).ok_or(refused("not a step"))?;
        let (version, mut rest) = rest.split_first().ok_or(refused("too short"))?;
        if *version != VERSION {
            return Err(refused("of a version that is not known here"));
        }
        if !Sha256::digest(body).starts_with(check) {
            return Err(refused("damaged"));
        }
        let mut next = || take(&mut rest).ok_or(refused("a number is cut off or too large"));
        let shape = [next()?, next()?, next()?];
        let [n_before, n_after, n_runs] = [next()?, next()?, next()?];
        let n_voxels = shape.iter().try_fold(1usize, |n, s| n.checked_mul(*s));
        let n_voxels = n_voxels.ok_or(refused("impossible shape"))?;
        // Two bytes a run at least: a false count must not ask for memory.
        let mut runs = Vec::with_capacity(n_runs.min(body.len() / 2));
        let (mut end, mut n_changed) = (0usize, 0usize);
        for n in 0..n_runs {
            let (skipped, length) = (next()?, next()?);
            let start = end.checked_add(skipped);
            let stop = start.and_then(|s| s.checked_add(length));
            let (Some(start), Some(stop)) = (start, stop.filter(|s| *s <= n_voxels)) else {
                return Err(refused("a run leaves the grid"));
            };
            if length == 0 || (n > 0 && skipped == 0) {
                return Err(refused("an empty run, or two that touch"));
            }
            runs.push((start, length));
            end = stop;
            n_changed += length;
        }
        if !rest.is_empty() {
            return Err(refused("more bytes than runs"));
        }
        let difference = n_before.abs_diff(n_after);
        if n_before.max(n_after) > n_voxels
            || difference > n_changed
            || (n_changed - difference) % 2 > 0
        {
            return Err(refused("counts and runs disagree"));
        }
        Ok(Self {
            runs: MaskRuns { shape, runs },
            n_before,
            n_after,
        })
    }
}

fn put(bytes: &mut Vec<u8>, mut n: usize) {
    while n > 0x7f {
        bytes.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
}

/// The next number; `None` where it is cut off, too large, or longer than it need be.
fn take(bytes: &mut &[u8]) -> Option<usize> {
    let (mut n, mut shift) = (0usize, 0u32);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = usize::from(byte & 0x7f);
        if shift >= usize::BITS || part.checked_shl(shift)? >> shift != part {
            return None;
        }
        n |= part << shift;
        if byte & 0x80 == 0 {
            let is_shortest = *byte > 0 || shift == 0;
            return is_shortest.then_some(n);
        }
        shift += 7;
    }
}
