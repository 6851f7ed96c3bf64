//! Rotary positions (Su et al., arXiv:2104.09864), halves of a head as pairs.

use candle_core::{Device, Tensor};

use super::config::Rotation;
use super::kernels;
use crate::nn::Result;

/// Cosines and sines of all positions of a context: (positions, head/2) each. Worked out in double
/// precision: at position 4000 the rounding of single precision is already four in the last shown digit.
pub(super) struct Rope {
    cos: Tensor,
    sin: Tensor,
}

impl Rope {
    pub(super) fn new(
        rotation: Rotation,
        head_dim: usize,
        positions: usize,
        device: &Device,
    ) -> Result<Self> {
        let half = head_dim / 2;
        let steps: Vec<f64> = (0..half)
            .map(|i| rotation.base.powf(-2.0 * i as f64 / head_dim as f64) / rotation.factor)
            .collect();
        let angles = || (0..positions).flat_map(|p| steps.iter().map(move |step| p as f64 * step));
        let cos: Vec<f32> = angles().map(|a| a.cos() as f32).collect();
        let sin: Vec<f32> = angles().map(|a| a.sin() as f32).collect();
        Ok(Self {
            cos: Tensor::from_vec(cos, (positions, half), device)?,
            sin: Tensor::from_vec(sin, (positions, half), device)?,
        })
    }

    /// Turns heads, (tokens, heads, head), of tokens that begin at a position, and scales them.
    pub(super) fn turn(&self, x: &Tensor, position: usize, scale: f64) -> Result<Tensor> {
        let n = x.dim(0)?;
        let (cos, sin) = (
            self.cos.narrow(0, position, n)?,
            self.sin.narrow(0, position, n)?,
        );
        if x.device().is_cpu() {
            return kernels::turn(x, [&cos, &sin], scale as f32);
        }
        let turned = candle_nn::rotary_emb::rope_thd(&x.unsqueeze(0)?.contiguous()?, &cos, &sin)?;
        Ok((turned.squeeze(0)? * scale)?)
    }
}
