//! Reading voxels: sizes are checked before memory is taken, gzip streams to their checksum.

use std::io::Read;
use std::path::Path;

use ndarray::Array3;
use nifti::NiftiType;

use super::damaged;
use super::header::{self, Layout};
use crate::jobs::JobContext;
use crate::open::bytes::Bytes;
use crate::open::{Error, Refusal};
use crate::volume::Samples;

/// Deflate cannot do better than this (zlib's technical notes).
const MAX_DEFLATE_RATIO: u64 = 1032;
/// Memory taken ahead of data that has arrived.
const CHUNK: usize = 1 << 22;

/// One volume as read.
pub(super) struct Read1 {
    pub(super) samples: Samples,
    /// Whether integers lost digits in single precision.
    pub(super) is_rounded: bool,
}

/// Reads volume `frame`; with `to_the_end`, reads on to the end so that a truncated file or a wrong
/// checksum is noticed.
pub(super) fn read(
    path: &Path,
    layout: &Layout,
    frame: usize,
    to_the_end: bool,
    job: &JobContext,
) -> Result<Read1, Error> {
    let io = |e: std::io::Error| -> Error { damaged(path, e.to_string()).into() };
    let length = Bytes::open(path).map_err(io)?.len();
    let (mut input, gzipped) = header::open(path).map_err(io)?;
    let total = layout.frame_bytes * layout.n_frames as u64;
    let most = if gzipped {
        length.saturating_mul(MAX_DEFLATE_RATIO)
    } else {
        length
    };
    if total.saturating_add(layout.offset) > most {
        return Err(too_short(path, total, most.saturating_sub(layout.offset)).into());
    }
    let before = layout.offset + layout.frame_bytes * frame as u64;
    let skipped = skip(&mut input, before, job, path)?;
    if skipped < before {
        return Err(too_short(path, total, skipped.saturating_sub(layout.offset)).into());
    }
    let mut bytes = Vec::new();
    let wanted = layout.frame_bytes as usize;
    while bytes.len() < wanted {
        job.check()?;
        let next = CHUNK.min(wanted - bytes.len());
        bytes
            .try_reserve(next)
            .map_err(|_| out_of_memory(path, total))?;
        let n = input
            .by_ref()
            .take(next as u64)
            .read_to_end(&mut bytes)
            .map_err(io)?;
        if n < next {
            let had = frame as u64 * layout.frame_bytes + bytes.len() as u64;
            return Err(too_short(path, total, had).into());
        }
        job.progress.set(bytes.len(), wanted);
    }
    if to_the_end {
        let rest = total - layout.frame_bytes * (frame as u64 + 1);
        let had = skip(&mut input, u64::MAX, job, path)?;
        if had < rest {
            return Err(too_short(path, total, total - rest + had).into());
        }
    }
    samples(&bytes, layout).ok_or_else(|| out_of_memory(path, total).into())
}

fn too_short(path: &Path, expected: u64, found: u64) -> Refusal {
    damaged(
        path,
        format!("the header promises {expected} bytes of voxels, the file holds at most {found}"),
    )
}

fn out_of_memory(path: &Path, bytes: u64) -> Refusal {
    Refusal::new(
        "E-MEMORY",
        format!("{bytes} bytes of voxels do not fit into memory"),
        path.display().to_string(),
        "close other series, or use a machine with more memory",
    )
}

/// Reads over up to `n` bytes; returns how many there were.
fn skip(input: &mut dyn Read, n: u64, job: &JobContext, path: &Path) -> Result<u64, Error> {
    let mut buffer = vec![0; 1 << 16];
    let mut done = 0;
    while done < n {
        job.check()?;
        let next = buffer
            .len()
            .min(usize::try_from(n - done).unwrap_or(usize::MAX));
        match input.read(&mut buffer[..next]) {
            Ok(0) => break,
            Ok(k) => done += k as u64,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(damaged(path, e.to_string()).into()),
        }
    }
    Ok(done)
}

/// Decodes bytes (i fastest) into samples; `None` when memory runs out.
fn samples(bytes: &[u8], layout: &Layout) -> Option<Read1> {
    let big = layout.big_endian;
    let [ni, nj, nk] = layout.shape;
    macro_rules! decode {
        ($stored:ty, $as:ty) => {{
            const N: usize = size_of::<$stored>();
            let mut out: Vec<$as> = Vec::new();
            out.try_reserve_exact(bytes.len() / N).ok()?;
            out.extend(bytes.chunks_exact(N).map(|chunk| {
                let mut b = [0u8; N];
                b.copy_from_slice(chunk);
                let v = if big {
                    <$stored>::from_be_bytes(b)
                } else {
                    <$stored>::from_le_bytes(b)
                };
                v as $as
            }));
            Array3::from_shape_vec((nk, nj, ni), out).ok()?
        }};
    }
    macro_rules! wide {
        ($stored:ty) => {{
            let all = decode!($stored, i128);
            let low = all.iter().copied().min().unwrap_or(0);
            let high = all.iter().copied().max().unwrap_or(0);
            let samples = if low >= 0 && high <= i128::from(u16::MAX) {
                Samples::U16(all.mapv(|v| v as u16))
            } else if low >= i128::from(i16::MIN) && high <= i128::from(i16::MAX) {
                Samples::I16(all.mapv(|v| v as i16))
            } else {
                Samples::F32(all.mapv(|v| v as f32))
            };
            return Some(Read1 {
                samples,
                is_rounded: low < -(1 << 24) || high > 1 << 24,
            });
        }};
    }
    let samples = match layout.data_type {
        NiftiType::Uint8 => Samples::U16(decode!(u8, u16)),
        NiftiType::Int8 => Samples::I16(decode!(i8, i16)),
        NiftiType::Int16 => Samples::I16(decode!(i16, i16)),
        NiftiType::Uint16 => Samples::U16(decode!(u16, u16)),
        NiftiType::Float32 => Samples::F32(decode!(f32, f32)),
        NiftiType::Float64 => Samples::F32(decode!(f64, f32)),
        NiftiType::Int32 => wide!(i32),
        NiftiType::Uint32 => wide!(u32),
        NiftiType::Int64 => wide!(i64),
        NiftiType::Uint64 => wide!(u64),
        // Other types are refused when the layout is formed.
        _ => return None,
    };
    Some(Read1 {
        samples,
        is_rounded: false,
    })
}
