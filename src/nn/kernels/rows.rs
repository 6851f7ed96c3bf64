//! Work on rows of single precision, of any processor: norms, rotary positions, and attention of one query.
//! The library gives each to a pool of its own, which costs more than the work when there is one row.

use candle_core::{CpuStorage, Device, Layout, Storage, Tensor};

use super::exp::exp;
use super::fill_rows;
use crate::nn::Result;

/// Sums that are kept beside each other, so that they are worked out at once.
const LANES: usize = 16;

/// What a closure gets of a tensor: its values from the first on, and how they lie.
fn look<R>(tensor: &Tensor, see: impl FnOnce(&[f32], &Layout) -> R) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(CpuStorage::F32(all)) => Ok(see(&all[layout.start_offset()..], layout)),
        _ => Err(candle_core::Error::Msg(
            "rows on the processor, single precision".to_owned(),
        ))?,
    }
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

struct Norm<'a> {
    rows: &'a [f32],
    factor: &'a [f32],
    epsilon: f32,
    out: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Norm<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let width = self.factor.len();
        let rows = self.rows.chunks_exact(width);
        for (out, row) in self.out.chunks_exact_mut(width).zip(rows) {
            let scale = 1.0 / (dot(row, row) / width as f32 + self.epsilon).sqrt();
            for ((out, x), factor) in out.iter_mut().zip(row).zip(self.factor) {
                *out = x * scale * factor;
            }
        }
    }
}

/// x / √(mean x² + ε) · factor over the last axis, on the processor.
pub(in crate::nn) fn rms_norm(x: &Tensor, factor: &Tensor, epsilon: f32) -> Result<Tensor> {
    let x = x.contiguous()?;
    let (arch, count) = (pulp::Arch::new(), x.elem_count());
    let mut normed = vec![0.0; count];
    look(&x, |x, _| {
        look(factor, |factor, layout| {
            let factor = &factor[..layout.shape().elem_count()];
            fill_rows(&mut normed, factor.len(), |span, out| {
                arch.dispatch(Norm {
                    rows: &x[span],
                    factor,
                    epsilon,
                    out,
                });
            });
        })
    })??;
    Ok(Tensor::from_vec(normed, x.shape(), &Device::Cpu)?)
}

struct Turn<'a> {
    heads: &'a [f32],
    /// Of each token, half a head each.
    cos: &'a [f32],
    sin: &'a [f32],
    half: usize,
    scale: f32,
    out: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let half = self.half;
        let width = self.heads.len() / (self.cos.len() / half);
        let angles = self.cos.chunks_exact(half).zip(self.sin.chunks_exact(half));
        let tokens = self.heads.chunks_exact(width).zip(angles);
        for (out, (token, (cos, sin))) in self.out.chunks_exact_mut(width).zip(tokens) {
            let heads = token.chunks_exact(2 * half);
            for (out, head) in out.chunks_exact_mut(2 * half).zip(heads) {
                let (a, b) = head.split_at(half);
                let (to_a, to_b) = out.split_at_mut(half);
                for n in 0..half {
                    to_a[n] = (a[n] * cos[n] - b[n] * sin[n]) * self.scale;
                    to_b[n] = (a[n] * sin[n] + b[n] * cos[n]) * self.scale;
                }
            }
        }
    }
}

/// Turns the halves of heads, (tokens, heads, head), by angles of each token, (tokens, head/2), and scales
/// them, on the processor.
pub(in crate::nn) fn turn(x: &Tensor, [cos, sin]: [&Tensor; 2], scale: f32) -> Result<Tensor> {
    let x = x.contiguous()?;
    let (_, heads, head) = x.dims3()?;
    let (width, half) = (heads * head, head / 2);
    let (arch, count) = (pulp::Arch::new(), x.elem_count());
    let mut turned = vec![0.0; count];
    look(&x, |x, _| {
        look(cos, |cos, _| {
            look(sin, |sin, _| {
                fill_rows(&mut turned, width, |span, out| {
                    let angles = span.start / width * half..span.end / width * half;
                    arch.dispatch(Turn {
                        heads: &x[span],
                        cos: &cos[angles.clone()],
                        sin: &sin[angles],
                        half,
                        scale,
                        out,
                    });
                });
            })
        })
    })???;
    Ok(Tensor::from_vec(turned, x.shape(), &Device::Cpu)?)
}

/// Queries of one token that share keys, and what they attend to.
struct One<'a> {
    queries: &'a [f32],
    keys: &'a [f32],
    values: &'a [f32],
    /// From a key to the next.
    stride: usize,
    held: usize,
    out: &'a mut [f32],
    head: usize,
}

impl pulp::NullaryFnOnce for One<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let queries = self.queries.chunks_exact(self.head);
        for (out, query) in self.out.chunks_exact_mut(self.head).zip(queries) {
            let key = |n: usize| &self.keys[n * self.stride..][..self.head];
            let mut shares: Vec<f32> = (0..self.held).map(|n| dot(query, key(n))).collect();
            let most = shares.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            for share in &mut shares {
                *share = exp(*share - most);
            }
            let all: f32 = shares.iter().sum();
            out.fill(0.0);
            for (n, share) in shares.iter().enumerate() {
                let value = &self.values[n * self.stride..][..self.head];
                let share = share / all;
                for (out, value) in out.iter_mut().zip(value) {
                    *out += share * value;
                }
            }
        }
    }
}

/// softmax(q·kᵀ)·v of one token, (1, heads, head), and all keys and values, (fewer heads, keys, head) that lie
/// alike: (1, heads · head), on the processor.
pub(in crate::nn) fn attend_one(query: &Tensor, [keys, values]: [&Tensor; 2]) -> Result<Tensor> {
    let query = query.contiguous()?;
    let (_, heads, head) = query.dims3()?;
    let (kv_heads, held, _) = keys.dims3()?;
    let group = heads / kv_heads * head;
    let arch = pulp::Arch::new();
    let mut taken = vec![0.0; heads * head];
    look(&query, |query, _| {
        look(keys, |keys, layout| {
            look(values, |values, _| {
                let (next_head, stride) = (layout.stride()[0], layout.stride()[1]);
                let fill = |span: std::ops::Range<usize>, out: &mut [f32]| {
                    let spans = span.step_by(group).zip(out.chunks_exact_mut(group));
                    for (start, out) in spans {
                        let from = start / group * next_head;
                        arch.dispatch(One {
                            queries: &query[start..start + group],
                            keys: &keys[from..],
                            values: &values[from..],
                            stride,
                            held,
                            out,
                            head,
                        });
                    }
                };
                super::fill_pieces(&mut taken, group, held >= MANY_KEYS, fill);
            })
        })
    })???;
    Ok(Tensor::from_vec(taken, (1, heads * head), &Device::Cpu)?)
}

/// Keys from which on heads are shared out between cores.
const MANY_KEYS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::kernels::noise;

    fn tensor(shape: impl Into<candle_core::Shape>, seed: u32) -> Tensor {
        let shape = shape.into();
        Tensor::from_vec(noise(shape.elem_count(), seed), shape, &Device::Cpu).unwrap()
    }

    fn apart(a: &Tensor, b: &Tensor) -> f32 {
        let apart = (a - b).unwrap().abs().unwrap().flatten_all().unwrap();
        apart.max(0).unwrap().to_scalar().unwrap()
    }

    #[test]
    fn norms_and_turns_are_those_of_the_library() {
        for rows in [1, 3, 200] {
            let (x, factor) = (tensor((rows, 300), 1), tensor(300, 2));
            let found = rms_norm(&x, &factor, 1e-6).unwrap();
            let wanted = candle_nn::ops::rms_norm(&x, &factor, 1e-6).unwrap();
            assert!(apart(&found, &wanted) < 1e-5);
            let (x, cos, sin) = (
                tensor((rows, 4, 64), 3),
                tensor((rows, 32), 4),
                tensor((rows, 32), 5),
            );
            let found = turn(&x, [&cos, &sin], 0.5).unwrap();
            let wide = x.unsqueeze(0).unwrap();
            let wanted = candle_nn::rotary_emb::rope_thd(&wide, &cos, &sin).unwrap();
            let wanted = (wanted.squeeze(0).unwrap() * 0.5).unwrap();
            assert!(apart(&found, &wanted) < 1e-6);
        }
    }

    #[test]
    fn one_query_attends_as_the_library_says() {
        for held in [1, 40, 300] {
            let query = tensor((1, 4, 72), 1);
            let all = [tensor((2, 512, 72), 2), tensor((2, 512, 72), 3)];
            let kept = all.each_ref().map(|t| t.narrow(1, 0, held).unwrap());
            let found = attend_one(&query, [&kept[0], &kept[1]]).unwrap();
            let rows = query.reshape((2, 2, 72)).unwrap();
            let [keys, values] = kept.map(|t| t.contiguous().unwrap());
            let scores = rows.matmul(&keys.t().unwrap()).unwrap();
            let shares = candle_nn::ops::softmax_last_dim(&scores).unwrap();
            let wanted = shares.matmul(&values).unwrap().reshape((1, 288)).unwrap();
            assert!(apart(&found, &wanted) < 1e-5);
        }
    }
}
