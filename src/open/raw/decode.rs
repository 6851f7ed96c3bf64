//! Reading the samples of one volume: bytes arrive in chunks and are converted as they come.

use ndarray::Array3;

use super::sizes::{self, Sizes};
use super::{Encoding, RawLayout, Stored, stream};
use crate::jobs::JobContext;
use crate::open::Error;
use crate::volume::Samples;

/// Memory taken ahead of data that has arrived.
const CHUNK: u64 = 1 << 22;
/// Integers up to here are exact in single precision.
const EXACT: i128 = 1 << 24;

/// One volume as read.
pub(super) struct Volume {
    pub(super) samples: Samples,
    /// What was lost in single precision.
    pub(super) rounding: Rounding,
    /// Bytes in the files beyond what the header promises, as far as files were read to the end.
    pub(super) surplus: u64,
}

/// What single precision did to stored values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rounding {
    /// Integers beyond 2^24 lost digits.
    pub(super) integers: bool,
    /// Real numbers of double precision lost digits.
    pub(super) reals: bool,
    /// Real numbers beyond 3.4 · 10^38 are no values any more.
    pub(super) overflow: bool,
}

/// Reads volume `frame`. `to_the_end`: encoded files are read to their end, so that a truncated one
/// or a wrong checksum is noticed.
pub(super) fn read(
    layout: &RawLayout,
    frame: usize,
    to_the_end: bool,
    job: &JobContext,
) -> Result<Volume, Error> {
    let sizes = sizes::check(layout)?;
    let mut sink = Sink::new(layout, frame)?;
    let first = sizes.block * (frame / layout.inner) as u64;
    let last = first + sizes.block;
    let mut surplus = sizes.surplus;
    for (n, part) in layout.parts.iter().enumerate() {
        let begins = sizes.part * n as u64;
        let ends = begins + sizes.part;
        let from = first.clamp(begins, ends) - begins;
        let to = last.clamp(begins, ends) - begins;
        let check_rest = to_the_end && layout.encoding != Encoding::Raw;
        if from == to && !check_rest {
            continue;
        }
        let mut input = stream::open(layout, part, sizes.part, from, job)?;
        let short = |found: u64| sizes::too_short(layout, part, sizes.part, found);
        let mut at = from;
        let mut buffer = Vec::new();
        while at < to {
            job.check()?;
            let next = CHUNK.min(to - at) as usize;
            buffer.resize(next, 0);
            let n = stream::fill(&mut *input, &mut buffer)
                .map_err(|e| stream::broken(layout, part, &e))?;
            at += n as u64;
            if n < next {
                return Err(short(at).into());
            }
            sink.push(&buffer)
                .ok_or_else(|| sizes::out_of_memory(layout, sizes.block))?;
            job.progress.set(sink.seen, sink.expected(&sizes));
        }
        if check_rest {
            let had = at + stream::skip(&mut *input, u64::MAX, layout, part, job)?;
            if had < sizes.part {
                return Err(short(had).into());
            }
            surplus = surplus.saturating_add(had - sizes.part);
        }
    }
    let (samples, rounding) = sink
        .finish()
        .ok_or_else(|| sizes::out_of_memory(layout, sizes.block))?;
    Ok(Volume {
        samples,
        rounding,
        surplus,
    })
}

/// Hands every value of every volume to `take`, with the number of its volume, in one pass over the
/// files: to read one volume after the other would decode what lies before it anew each time.
pub(super) fn each(
    layout: &RawLayout,
    job: &JobContext,
    mut take: impl FnMut(usize, f64) -> Result<(), Error>,
) -> Result<(), Error> {
    let sizes = sizes::check(layout)?;
    let mut sinks: Vec<Sink> = (0..layout.inner).map(|n| Sink::empty(layout, n)).collect();
    // Bytes that went by, in all parts.
    let mut seen = 0u64;
    for part in &layout.parts {
        let mut input = stream::open(layout, part, sizes.part, 0, job)?;
        let mut at = 0;
        let mut buffer = Vec::new();
        while at < sizes.part {
            job.check()?;
            let next = CHUNK
                .min(sizes.part - at)
                .min(sizes.block - seen % sizes.block) as usize;
            buffer.resize(next, 0);
            let n = stream::fill(&mut *input, &mut buffer)
                .map_err(|e| stream::broken(layout, part, &e))?;
            if n < next {
                let found = at + n as u64;
                return Err(sizes::too_short(layout, part, sizes.part, found).into());
            }
            let first = (seen / sizes.block) as usize * layout.inner;
            for (n, sink) in sinks.iter_mut().enumerate() {
                sink.push(&buffer)
                    .ok_or_else(|| sizes::out_of_memory(layout, sizes.block))?;
                sink.drain(|value| take(first + n, value))?;
            }
            at += next as u64;
            seen += next as u64;
        }
    }
    Ok(())
}

enum Values {
    I16(Vec<i16>),
    U16(Vec<u16>),
    F32(Vec<f32>),
}

/// Collects the samples of one frame.
struct Sink {
    stored: Stored,
    big: bool,
    shape: [usize; 3],
    inner: usize,
    /// The interleaved frame that is wanted.
    wanted: usize,
    /// Samples that went by.
    seen: usize,
    values: Values,
    low: i128,
    high: i128,
    rounding: Rounding,
}

impl Sink {
    fn new(layout: &RawLayout, frame: usize) -> Result<Self, Error> {
        let mut sink = Self::empty(layout, frame);
        // The file was seen to be long enough: one allocation of the right size.
        if layout.encoding == Encoding::Raw {
            let n: usize = layout.shape.iter().product();
            let reserved = match &mut sink.values {
                Values::I16(v) => v.try_reserve_exact(n),
                Values::U16(v) => v.try_reserve_exact(n),
                Values::F32(v) => v.try_reserve_exact(n),
            };
            reserved.map_err(|_| sizes::out_of_memory(layout, n as u64 * 4))?;
        }
        Ok(sink)
    }

    /// A sink without memory of its own.
    fn empty(layout: &RawLayout, frame: usize) -> Self {
        Self {
            stored: layout.stored,
            big: layout.big_endian,
            shape: layout.shape,
            inner: layout.inner,
            wanted: frame % layout.inner,
            seen: 0,
            values: match layout.stored {
                Stored::I8 | Stored::I16 => Values::I16(Vec::new()),
                Stored::U8 | Stored::U16 => Values::U16(Vec::new()),
                _ => Values::F32(Vec::new()),
            },
            low: i128::MAX,
            high: i128::MIN,
            rounding: Rounding::default(),
        }
    }

    /// Gives away the samples that were taken.
    fn drain(&mut self, mut take: impl FnMut(f64) -> Result<(), Error>) -> Result<(), Error> {
        match &mut self.values {
            Values::I16(v) => v.drain(..).try_for_each(|v| take(f64::from(v))),
            Values::U16(v) => v.drain(..).try_for_each(|v| take(f64::from(v))),
            Values::F32(v) => v.drain(..).try_for_each(|v| take(f64::from(v))),
        }
    }

    fn expected(&self, sizes: &Sizes) -> usize {
        usize::try_from(sizes.block).unwrap_or(usize::MAX) / self.stored.size()
    }

    /// Takes whole samples; `None` when memory runs out.
    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let (inner, wanted, seen, big) = (self.inner, self.wanted, self.seen, self.big);
        self.seen += bytes.len() / self.stored.size();
        macro_rules! each {
            ($t:ty, $out:expr, $convert:expr) => {{
                const N: usize = size_of::<$t>();
                let first = (wanted + inner - seen % inner) % inner;
                let n = (bytes.len() / N).saturating_sub(first).div_ceil(inner);
                $out.try_reserve(n).ok()?;
                let convert = &mut $convert;
                let chosen = bytes.chunks_exact(N).skip(first).step_by(inner);
                $out.extend(chosen.map(|chunk| {
                    let mut b = [0u8; N];
                    b.copy_from_slice(chunk);
                    convert(if big {
                        <$t>::from_be_bytes(b)
                    } else {
                        <$t>::from_le_bytes(b)
                    })
                }));
            }};
        }
        macro_rules! wide {
            ($t:ty, $out:expr) => {{
                let (mut low, mut high) = (<$t>::MAX, <$t>::MIN);
                each!($t, $out, |v: $t| {
                    low = low.min(v);
                    high = high.max(v);
                    v as f32
                });
                self.low = self.low.min(i128::from(low));
                self.high = self.high.max(i128::from(high));
            }};
        }
        let rounding = &mut self.rounding;
        match (&mut self.values, self.stored) {
            (Values::U16(out), Stored::U8) => each!(u8, out, u16::from),
            (Values::U16(out), Stored::U16) => each!(u16, out, |v| v),
            (Values::I16(out), Stored::I8) => each!(i8, out, i16::from),
            (Values::I16(out), Stored::I16) => each!(i16, out, |v| v),
            (Values::F32(out), Stored::F32) => each!(f32, out, |v| v),
            (Values::F32(out), Stored::F64) => each!(f64, out, |v: f64| {
                let single = v as f32;
                if v.is_finite() {
                    rounding.reals |= f64::from(single) != v;
                    rounding.overflow |= !single.is_finite();
                }
                single
            }),
            (Values::F32(out), Stored::U32) => wide!(u32, out),
            (Values::F32(out), Stored::I32) => wide!(i32, out),
            (Values::F32(out), Stored::U64) => wide!(u64, out),
            (Values::F32(out), Stored::I64) => wide!(i64, out),
            // `new` pairs them as above.
            _ => return None,
        }
        Some(())
    }

    fn finish(mut self) -> Option<(Samples, Rounding)> {
        let [ni, nj, nk] = self.shape;
        let shape = (nk, nj, ni);
        let is_wide = self.low <= self.high;
        let fits = |low: i128, high: i128| is_wide && self.low >= low && self.high <= high;
        let samples = match self.values {
            Values::I16(v) => Samples::I16(Array3::from_shape_vec(shape, v).ok()?),
            Values::U16(v) => Samples::U16(Array3::from_shape_vec(shape, v).ok()?),
            // Wide integers in a small range are as exact and half as large in 16 bits.
            Values::F32(v) if fits(0, i128::from(u16::MAX)) => {
                let v = v.into_iter().map(|v| v as u16).collect();
                Samples::U16(Array3::from_shape_vec(shape, v).ok()?)
            }
            Values::F32(v) if fits(i128::from(i16::MIN), i128::from(i16::MAX)) => {
                let v = v.into_iter().map(|v| v as i16).collect();
                Samples::I16(Array3::from_shape_vec(shape, v).ok()?)
            }
            Values::F32(v) => Samples::F32(Array3::from_shape_vec(shape, v).ok()?),
        };
        self.rounding.integers = is_wide && (self.low < -EXACT || self.high > EXACT);
        Some((samples, self.rounding))
    }
}
