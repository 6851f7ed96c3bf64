//! Norms of rows, in single precision.

use candle_core::Tensor;

use super::kernels::rms_norm;
use crate::nn::Result;

/// x / √(mean x² + ε) · factor.
pub(super) struct RmsNorm {
    factor: Tensor,
    epsilon: f32,
}

impl RmsNorm {
    pub(super) const fn new(factor: Tensor, epsilon: f64) -> Self {
        Self {
            factor,
            epsilon: epsilon as f32,
        }
    }

    /// Over the last axis.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if x.device().is_cpu() {
            return rms_norm(x, &self.factor, self.epsilon);
        }
        Ok(candle_nn::ops::rms_norm(
            &x.contiguous()?,
            &self.factor,
            self.epsilon,
        )?)
    }
}

/// (x − mean) / √(variance + ε) · factor + shift.
pub(super) struct LayerNorm {
    factor: Tensor,
    shift: Tensor,
    epsilon: f32,
}

impl LayerNorm {
    pub(super) const fn new(factor: Tensor, shift: Tensor, epsilon: f64) -> Self {
        Self {
            factor,
            shift,
            epsilon: epsilon as f32,
        }
    }

    /// Over the last axis.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(candle_nn::ops::layer_norm(
            &x.contiguous()?,
            &self.factor,
            &self.shift,
            self.epsilon,
        )?)
    }
}
