//! The gate of feed-forward layers: the Gaussian error linear unit by its approximation with tanh
//! (Hendrycks and Gimpel, arXiv:1606.08415), alone or times what it gates.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Shape, Tensor};

use super::exp::exp;
use super::fill_chunks;
use crate::nn::Result;

/// √(2/π)
const ROOT: f32 = 0.797_884_6;

/// ½x·(1 + tanh u) = x / (1 + e⁻²ᵘ) with u = √(2/π)·(x + 0.044715 x³).
#[inline(always)]
pub(super) fn bend(x: f32) -> f32 {
    let u = ROOT * x * (1.0 + 0.044_715 * x * x);
    x / (1.0 + exp(-2.0 * u))
}

/// A piece, with all that the processor can do.
struct Piece<'a> {
    gate: &'a [f32],
    up: Option<&'a [f32]>,
    out: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Piece<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        match self.up {
            Some(up) => {
                for ((out, gate), up) in self.out.iter_mut().zip(self.gate).zip(up) {
                    *out = bend(*gate) * up;
                }
            }
            None => {
                for (out, gate) in self.out.iter_mut().zip(self.gate) {
                    *out = bend(*gate);
                }
            }
        }
    }
}

fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("the gate needs rows that lie one behind the other")
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

fn bent(gate: &[f32], up: Option<&[f32]>) -> CpuStorage {
    let arch = pulp::Arch::new();
    let mut out = vec![0.0f32; gate.len()];
    fill_chunks(&mut out, |span, out| {
        let up = up.map(|up| &up[span.clone()]);
        arch.dispatch(Piece {
            gate: &gate[span],
            up,
            out,
        });
    });
    CpuStorage::F32(out)
}

struct Gelu;

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, s: &CpuStorage, l: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        Ok((bent(values(s, l)?, None), l.shape().clone()))
    }
}

impl CustomOp2 for Gelu {
    fn name(&self) -> &'static str {
        "gelu-times"
    }

    fn cpu_fwd(
        &self,
        gate: &CpuStorage,
        gate_layout: &Layout,
        up: &CpuStorage,
        up_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (gate, up) = (values(gate, gate_layout)?, values(up, up_layout)?);
        if gate.len() != up.len() {
            candle_core::bail!("gate and what it gates differ in size")
        }
        Ok((bent(gate, Some(up)), gate_layout.shape().clone()))
    }
}

/// gelu(x), single precision.
pub(in crate::nn) fn gelu(x: &Tensor) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return Ok(x.gelu()?);
    }
    Ok(x.contiguous()?.apply_op1_no_bwd(&Gelu)?)
}

/// gelu(gate) · up, single precision.
pub(in crate::nn) fn gelu_times(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    if !gate.device().is_cpu() {
        return Ok((gate.gelu()? * up)?);
    }
    Ok(gate
        .contiguous()?
        .apply_op2_no_bwd(&up.contiguous()?, &Gelu)?)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    #[test]
    fn gates_are_those_of_the_library() {
        // Odd sizes, so that pieces end within a row; far values, where the tails are flat.
        let n = 3 * 20_011;
        let x: Vec<f32> = (0..n)
            .map(|i| (i as f32 - 30_000.0) * 5e-4)
            .chain([-1e4, 1e4, 0.0])
            .collect();
        let rows = x.len();
        let x = Tensor::from_vec(x, rows, &Device::Cpu).unwrap();
        let up = (&x * 0.3).unwrap();
        let off = |a: &Tensor, b: &Tensor| -> f32 {
            // Relative to the size of the value, at least one.
            let size = b.abs().unwrap().maximum(1.0).unwrap();
            let apart = ((a - b).unwrap().abs().unwrap() / size).unwrap();
            apart.max(0).unwrap().to_scalar().unwrap()
        };
        let reference = x.gelu().unwrap();
        assert!(off(&gelu(&x).unwrap(), &reference) < 1e-6);
        let times = (&reference * &up).unwrap();
        assert!(off(&gelu_times(&x, &up).unwrap(), &times) < 1e-6);
    }
}
