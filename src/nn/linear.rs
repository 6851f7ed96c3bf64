//! Matrices, in floats or quantised, and the table of embeddings.

use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{DType, Module as _, Tensor};

use crate::nn::Result;

/// Rows up to which matrices that share their input are multiplied in one go; beyond that each fills
/// the processor by itself.
const FEW_ROWS: usize = 32;

/// x ↦ x·Wᵀ + b for single-precision rows x, shape (rows, in) to (rows, out).
pub(super) struct Linear {
    weight: Weight,
    bias: Option<Tensor>,
}

enum Weight {
    /// (out, in)
    Float(Tensor),
    Quantised(Arc<QTensor>, QMatMul),
}

impl Linear {
    pub(super) const fn float(weight: Tensor, bias: Option<Tensor>) -> Self {
        Self {
            weight: Weight::Float(weight),
            bias,
        }
    }

    /// Of a tensor of a GGUF file; what is not quantised there becomes `float`.
    pub(super) fn of_ggml(weight: QTensor, bias: Option<Tensor>, float: DType) -> Result<Self> {
        let weight = match weight.dtype() {
            GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16 => {
                Weight::Float(weight.dequantize(&weight.device())?.to_dtype(float)?)
            }
            _ => {
                let shared = Arc::new(weight);
                Weight::Quantised(shared.clone(), QMatMul::from_arc(shared)?)
            }
        };
        Ok(Self { weight, bias })
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let product = match &self.weight {
            Weight::Float(weight) => {
                let product = x.to_dtype(weight.dtype())?.matmul(&weight.t()?)?;
                product.to_dtype(DType::F32)?
            }
            Weight::Quantised(_, weight) => weight.forward(&x.contiguous()?)?,
        };
        Ok(match &self.bias {
            Some(bias) => product.broadcast_add(bias)?,
            None => product,
        })
    }
}

/// Products of several matrices with the same rows, which are quantised once where possible.
pub(super) fn together<const N: usize>(layers: [&Linear; N], x: &Tensor) -> Result<[Tensor; N]> {
    if x.dim(0)? < FEW_ROWS {
        let shared = layers.map(|layer| match (&layer.weight, &layer.bias) {
            (Weight::Quantised(weight, _), None) => Some(weight.as_ref()),
            _ => None,
        });
        if shared.iter().all(Option::is_some) {
            let weights: Vec<&QTensor> = shared.into_iter().flatten().collect();
            let products = QTensor::gemv_fused_shared_lhs(&weights, x)?;
            if let Some(Ok(products)) = products.map(<[Tensor; N]>::try_from) {
                return Ok(products);
            }
        }
    }
    let mut products = Vec::with_capacity(N);
    for layer in layers {
        products.push(layer.forward(x)?);
    }
    Ok(products
        .try_into()
        .unwrap_or_else(|_| unreachable!("one product for each layer")))
}

/// A table of embeddings, (vocabulary, width), which is the last matrix as well.
pub(super) struct Table(Linear);

impl Table {
    pub(super) const fn of(table: Linear) -> Self {
        Self(table)
    }

    /// Rows of tokens, (tokens, width), single precision.
    pub(super) fn rows(&self, tokens: &Tensor) -> Result<Tensor> {
        let rows = match &self.0.weight {
            Weight::Float(table) => table.index_select(tokens, 0)?,
            Weight::Quantised(table, _) => table.embedding(tokens)?,
        };
        Ok(rows.to_dtype(DType::F32)?)
    }

    /// Logits, (rows, vocabulary).
    pub(super) fn logits(&self, x: &Tensor) -> Result<Tensor> {
        self.0.forward(x)
    }
}
