//! Matrices, in floats or quantised, and the table of embeddings.

use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{D, DType, Device, Module as _, Tensor};

use super::kernels::{Factor, Finish, gelu, has_unit, products};
use super::weights::Target;
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

    /// Of a tensor of a GGUF file; what is not quantised there becomes the type of floats, or stays as it is where the
    /// kernels can work with it.
    pub(super) fn of_ggml(weight: QTensor, bias: Option<Tensor>, target: &Target) -> Result<Self> {
        let Target { device, float } = target;
        let stored = match weight.dtype() {
            GgmlDType::F32 => DType::F32,
            GgmlDType::F16 => DType::F16,
            GgmlDType::BF16 => DType::BF16,
            _ => {
                let shared = Arc::new(weight);
                let weight = Weight::Quantised(shared.clone(), QMatMul::from_arc(shared)?);
                return Ok(Self { weight, bias });
            }
        };
        let weight = weight.dequantize(&weight.device())?;
        let weight = weight.to_dtype(kept(stored, *float, device))?;
        let weight = Weight::Float(weight.to_device(device)?);
        Ok(Self { weight, bias })
    }

    /// x·Wᵀ + b
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if let Some(products) = products(x, &[(self.factor(), self.finish())])? {
            return Ok(only(products));
        }
        let product = match &self.weight {
            Weight::Float(weight) if weight.dtype() == DType::F16 => scaled_product(x, weight)?,
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

    /// gelu(x·Wᵀ + b), by tanh.
    pub(super) fn forward_bent(&self, x: &Tensor) -> Result<Tensor> {
        let finish = Finish {
            gelu: true,
            ..self.finish()
        };
        match products(x, &[(self.factor(), finish)])? {
            Some(products) => Ok(only(products)),
            None => gelu(&self.forward(x)?),
        }
    }

    /// x·Wᵀ + b + what was there, (rows, out).
    pub(super) fn forward_onto(&self, x: &Tensor, before: &Tensor) -> Result<Tensor> {
        let before = before.contiguous()?;
        let finish = Finish {
            add: Some(&before),
            ..self.finish()
        };
        match products(x, &[(self.factor(), finish)])? {
            Some(products) => Ok(only(products)),
            None => Ok((&before + self.forward(x)?)?),
        }
    }

    fn factor(&self) -> Factor<'_> {
        match &self.weight {
            Weight::Float(weight) => Factor::Float(weight),
            Weight::Quantised(weight, _) => Factor::Quantised(weight),
        }
    }

    fn finish(&self) -> Finish<'_> {
        Finish {
            bias: self.bias.as_ref(),
            ..Finish::default()
        }
    }
}

/// x·Wᵀ with halves of 11 bits. Activations of the model leave their range (up to 65504), so each row is scaled to
/// one before and back behind.
fn scaled_product(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let largest = x.abs()?.max_keepdim(D::Minus1)?;
    let scale = largest.clamp(f32::MIN_POSITIVE, f32::MAX)?;
    let rows = x.broadcast_div(&scale)?.to_dtype(DType::F16)?;
    let product = rows.matmul(&weight.t()?)?.to_dtype(DType::F32)?;
    Ok(product.broadcast_mul(&scale)?)
}

fn only(mut products: Vec<Tensor>) -> Tensor {
    products
        .pop()
        .unwrap_or_else(|| unreachable!("one product for each matrix"))
}

/// The type in which a matrix of floats stays in memory: kernels of the processor read it as it is stored
/// and still sum in single precision.
pub(super) fn kept(stored: DType, float: DType, device: &Device) -> DType {
    let is_half = matches!(stored, DType::F16 | DType::BF16);
    if device.is_cpu() && float == DType::F32 && is_half && has_unit() {
        stored
    } else {
        float
    }
}

/// Products of several matrices with the same rows, which are prepared once where possible.
pub(super) fn together<const N: usize>(layers: [&Linear; N], x: &Tensor) -> Result<[Tensor; N]> {
    let all = layers.map(|layer| (layer.factor(), layer.finish()));
    if let Some(Ok(products)) = products(x, &all)?.map(<[Tensor; N]>::try_from) {
        return Ok(products);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_hold_products_that_leave_their_range() {
        let row = |factor: f32| (0..64).map(move |n| factor * ((n * 37 % 64) as f32 / 32.0 - 1.0));
        let x: Vec<f32> = row(3e7)
            .chain(row(1.0))
            .chain(row(1e-6))
            .chain(row(0.0))
            .collect();
        let x = Tensor::from_vec(x, (4, 64), &Device::Cpu).unwrap();
        let weight: Vec<f32> = (0..8 * 64)
            .map(|n| (n * 29 % 64) as f32 / 64.0 - 0.4)
            .collect();
        let weight = Tensor::from_vec(weight, (8, 64), &Device::Cpu).unwrap();
        let halves = weight.to_dtype(DType::F16).unwrap();
        let weight = halves.to_dtype(DType::F32).unwrap();
        let wanted: Vec<Vec<f32>> = x.matmul(&weight.t().unwrap()).unwrap().to_vec2().unwrap();
        let found: Vec<Vec<f32>> = scaled_product(&x, &halves).unwrap().to_vec2().unwrap();
        for (wanted, found) in wanted.iter().zip(&found) {
            let largest = wanted.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
            for (wanted, found) in wanted.iter().zip(found) {
                assert!((wanted - found).abs() <= 2e-3 * largest, "{wanted} {found}");
            }
        }
    }
}
