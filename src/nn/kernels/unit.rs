//! What the matrix unit does for tensors. Each answers `None` where it cannot: there the library multiplies.

use std::ops::{Deref, Range};

use candle_core::{CpuStorage, Device, Layout, Storage, Tensor};

use super::amx::{self, DEPTH, Parts};
use super::dots::{self, Few, Stored};
use super::flash::{self, Attention, Heads};
use super::matrix::Matrix;
use super::product::{self, Task};
use super::tiled::Tiled;
use super::{Factor, Finish};
use crate::nn::Result;

/// Rows up to which quantised matrices are multiplied as they are stored; more are worth unpacking them.
const FEW: usize = 4;
/// Rows from which on kinds that only the library can multiply as they are stored are worth unpacking.
const MANY: usize = 16;

/// Whether this processor has a matrix unit, and these kernels multiply.
pub(in crate::nn) fn has_unit() -> bool {
    amx::available()
}

/// Values of a tensor on the processor.
struct Values<'a, S> {
    storage: S,
    layout: &'a Layout,
}

fn values(tensor: &Tensor) -> Values<'_, impl Deref<Target = Storage>> {
    let (storage, layout) = tensor.storage_and_layout();
    Values { storage, layout }
}

impl<S: Deref<Target = Storage>> Values<'_, S> {
    /// From the first value of the tensor on.
    fn floats(&self) -> Option<&[f32]> {
        match &*self.storage {
            Storage::Cpu(CpuStorage::F32(all)) => Some(&all[self.layout.start_offset()..]),
            _ => None,
        }
    }

    fn matrix(&self) -> Option<Matrix<'_>> {
        let (start, end) = self.layout.contiguous_offsets()?;
        match &*self.storage {
            Storage::Cpu(CpuStorage::F16(all)) => Some(Matrix::F16(&all[start..end])),
            Storage::Cpu(CpuStorage::BF16(all)) => Some(Matrix::Bf16(&all[start..end])),
            _ => None,
        }
    }
}

/// x·Wᵀ and what finishes it, for several matrices W and the same rows x of single precision.
pub(in crate::nn) fn products(
    x: &Tensor,
    factors: &[(Factor, Finish)],
) -> Result<Option<Vec<Tensor>>> {
    if !amx::available() || !x.device().is_cpu() {
        return Ok(None);
    }
    let x = x.contiguous()?;
    let (rows, width) = x.dims2()?;
    let x = values(&x);
    let Some(x) = x.floats().map(|x| &x[..rows * width]) else {
        return Ok(None);
    };
    if rows <= FEW
        && let Some(products) = of_few(x, rows, factors)?
    {
        return Ok(Some(products));
    }
    let is_plain = |factor: &Factor| match factor {
        Factor::Float(_) => true,
        Factor::Quantised(w) => Stored::of(w.dtype(), &[]).is_some(),
    };
    if rows < MANY && !factors.iter().all(|(factor, _)| is_plain(factor)) {
        return Ok(None);
    }
    let mut tiled: Option<Tiled> = None;
    let mut done = Vec::with_capacity(factors.len());
    for (factor, finish) in factors {
        let Some(product) = of_many(x, [rows, width], factor, finish, &mut tiled)? else {
            return Ok(None);
        };
        done.push(product);
    }
    Ok(Some(done))
}

fn of_few(x: &[f32], rows: usize, factors: &[(Factor, Finish)]) -> Result<Option<Vec<Tensor>>> {
    let mut data = Vec::with_capacity(factors.len());
    for (factor, finish) in factors {
        match factor {
            Factor::Quantised(w) if finish.is_none() => data.push((w, w.data()?)),
            _ => return Ok(None),
        }
    }
    let stored = data.iter().map(|(w, data)| Stored::of(w.dtype(), data));
    let Some(stored) = stored.collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let products = dots::products(&Few::of(x, rows), &stored);
    let tensors = products.into_iter().map(|product| {
        let height = product.len() / rows;
        Ok(Tensor::from_vec(product, (rows, height), &Device::Cpu)?)
    });
    tensors.collect::<Result<Vec<_>>>().map(Some)
}

fn of_many(
    x: &[f32],
    [rows, width]: [usize; 2],
    factor: &Factor,
    finish: &Finish,
    tiled: &mut Option<Tiled>,
) -> Result<Option<Tensor>> {
    let (float, data);
    let (matrix, height) = match factor {
        Factor::Float(w) => {
            float = values(w);
            match float.matrix() {
                Some(matrix) => (matrix, w.dim(0)?),
                None => return Ok(None),
            }
        }
        Factor::Quantised(w) => {
            data = w.data()?;
            (Matrix::quantised(w.dtype(), &data), w.shape().dims()[0])
        }
    };
    let parts: Parts = matrix.parts_beside();
    let tiled = match tiled {
        Some(tiled) if tiled.parts == parts => tiled,
        _ => tiled.insert(Tiled::of(x, rows, width, parts)),
    };
    let (bias, add) = (finish.bias.map(values), finish.add.map(values));
    let task = Task {
        tiled,
        rows,
        matrix,
        height,
        width,
        finish: product::Finish {
            bias: bias.as_ref().and_then(|b| b.floats()),
            gelu: finish.gelu,
            add: add.as_ref().and_then(|a| a.floats()),
        },
    };
    let mut out = vec![0.0; rows * height];
    product::product(&task, &mut out);
    Ok(Some(Tensor::from_vec(out, (rows, height), &Device::Cpu)?))
}

/// softmax(q·kᵀ · scale)·v of queries (tokens, heads, head) and keys and values (fewer heads, keys, head),
/// each query with a run of keys: (tokens, heads · head).
pub(in crate::nn) fn attend(
    queries: &Tensor,
    [keys, of_keys]: [&Tensor; 2],
    scale: f32,
    spans: &[Range<usize>],
) -> Result<Option<Tensor>> {
    let (tokens, heads, length) = queries.dims3()?;
    let (kv_heads, held, _) = keys.dims3()?;
    let lies = [queries, keys, of_keys].map(|t| t.stride()[2] == 1);
    // Shorter heads leave tiles mostly empty.
    let fits = (DEPTH..=flash::HEAD).contains(&length);
    if !amx::available() || !fits || lies.contains(&false) {
        return Ok(None);
    }
    let all = [queries, keys, of_keys].map(values);
    let [Some(q), Some(k), Some(v)] = all.each_ref().map(|t| t.floats()) else {
        return Ok(None);
    };
    let of_kept = |values, tensor: &Tensor| Heads {
        values,
        head_stride: tensor.stride()[0],
        token_stride: tensor.stride()[1],
    };
    let attention = Attention {
        queries: Heads {
            values: q,
            head_stride: queries.stride()[1],
            token_stride: queries.stride()[0],
        },
        keys: of_kept(k, keys),
        values: of_kept(v, of_keys),
        heads,
        group: heads / kv_heads,
        length,
        held,
        scale,
        spans,
    };
    let width = heads * length;
    let mut out = vec![0.0; tokens * width];
    attention.attend(&mut out);
    Ok(Some(Tensor::from_vec(out, (tokens, width), &Device::Cpu)?))
}
