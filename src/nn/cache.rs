//! Keys and values of what was read: all of them where a layer attends to all, a ring of the last ones
//! where it has a window.

use candle_core::{DType, Device, Tensor};

use super::config::{Reach, TextConfig};
use crate::nn::Result;

/// The type in which keys and values are kept: on cards in halves, since memory is scarce there and what is kept
/// is small numbers behind norms.
pub(super) const fn kept(on_card: bool) -> DType {
    if on_card { DType::F16 } else { DType::F32 }
}

/// What a model remembers of a context. Independent of the model: a copy of it is a point to come back
/// to.
pub struct Cache {
    layers: Vec<Layer>,
    length: usize,
    limit: usize,
}

impl Cache {
    /// For layers that are on the devices given, in order.
    pub(super) fn new<'a>(
        config: &TextConfig,
        limit: usize,
        devices: impl Iterator<Item = &'a Device>,
    ) -> Result<Self> {
        let layer = |(reach, device): (&Reach, &Device)| {
            let slots = match reach {
                Reach::Global => limit,
                Reach::Window(window) => (*window).min(limit),
            };
            Layer::new(config.kv_heads, slots, config.head_dim, device)
        };
        Ok(Self {
            layers: config
                .layers
                .iter()
                .zip(devices)
                .map(layer)
                .collect::<Result<_>>()?,
            length: 0,
            limit,
        })
    }

    /// Tokens that were read.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Tokens that it can hold.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// A copy with memory of its own.
    ///
    /// # Errors
    /// [`crate::nn::Error::Tensor`] where there is no memory for it.
    pub fn fork(&self) -> Result<Self> {
        let copy = |layer: &Layer| {
            Ok(Layer {
                keys: layer.keys.copy()?,
                values: layer.values.copy()?,
                slots: layer.slots,
            })
        };
        Ok(Self {
            layers: self.layers.iter().map(copy).collect::<Result<_>>()?,
            length: self.length,
            limit: self.limit,
        })
    }

    pub(super) fn layer(&mut self, number: usize) -> &mut Layer {
        &mut self.layers[number]
    }

    pub(super) const fn advance(&mut self, tokens: usize) {
        self.length += tokens;
    }
}

/// Keys and values of a layer, (heads, slots, head) each; a position lies in the slot of its remainder.
pub(super) struct Layer {
    keys: Tensor,
    values: Tensor,
    slots: usize,
}

/// What queries attend to.
pub(super) struct Attended {
    /// (heads, positions, head), single precision
    pub(super) keys: Tensor,
    /// As the keys.
    pub(super) values: Tensor,
    /// Position of the first key; of one query over a ring, whose keys lie in no order, of no meaning.
    pub(super) first: usize,
}

impl Layer {
    fn new(heads: usize, slots: usize, head: usize, device: &Device) -> Result<Self> {
        let kept = kept(!device.is_cpu());
        let zeros = || Tensor::zeros((heads, slots, head), kept, device);
        Ok(Self {
            keys: zeros()?,
            values: zeros()?,
            slots,
        })
    }

    /// Remembers keys and values, (heads, tokens, head), of tokens from a position on, and gives all that
    /// these tokens may attend to.
    pub(super) fn extend(
        &mut self,
        keys: &Tensor,
        values: &Tensor,
        position: usize,
    ) -> Result<Attended> {
        let tokens = keys.dim(1)?;
        let kept = self.keys.dtype();
        let (keys, values) = (&keys.to_dtype(kept)?, &values.to_dtype(kept)?);
        let fits = position + tokens <= self.slots;
        if fits || tokens == 1 {
            self.write(keys, values, position)?;
            let n = (position + tokens).min(self.slots);
            return Ok(Attended {
                keys: self.keys.narrow(1, 0, n)?.to_dtype(DType::F32)?,
                values: self.values.narrow(1, 0, n)?.to_dtype(DType::F32)?,
                first: 0,
            });
        }
        let before = position.min(self.slots - 1);
        let with_last = |ring, new| {
            let all = self.with_last(ring, before, position, new)?;
            Ok::<_, crate::nn::Error>(all.to_dtype(DType::F32)?)
        };
        let attended = Attended {
            keys: with_last(&self.keys, keys)?,
            values: with_last(&self.values, values)?,
            first: position - before,
        };
        let kept = tokens.min(self.slots);
        let last = tokens - kept;
        self.write(
            &keys.narrow(1, last, kept)?.contiguous()?,
            &values.narrow(1, last, kept)?.contiguous()?,
            position + last,
        )?;
        Ok(attended)
    }

    /// The last so many before a position, in order, and what follows them.
    fn with_last(
        &self,
        ring: &Tensor,
        before: usize,
        position: usize,
        new: &Tensor,
    ) -> Result<Tensor> {
        let start = (position - before) % self.slots;
        let to_end = before.min(self.slots - start);
        let mut parts = Vec::with_capacity(3);
        for (at, n) in [(start, to_end), (0, before - to_end)] {
            if n > 0 {
                parts.push(ring.narrow(1, at, n)?);
            }
        }
        parts.push(new.clone());
        Ok(Tensor::cat(&parts, 1)?)
    }

    fn write(&self, keys: &Tensor, values: &Tensor, position: usize) -> Result<()> {
        let tokens = keys.dim(1)?;
        let start = position % self.slots;
        let to_end = tokens.min(self.slots - start);
        for (at, from, n) in [(start, 0, to_end), (0, to_end, tokens - to_end)] {
            if n > 0 {
                self.keys
                    .slice_set(&keys.narrow(1, from, n)?.contiguous()?, 1, at)?;
                self.values
                    .slice_set(&values.narrow(1, from, n)?.contiguous()?, 1, at)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of tokens through a ring of five slots, kept in halves: what comes back is single precision, in order,
    /// and as far off as halves are.
    #[test]
    fn halves_come_back_as_what_they_were() {
        let all: Vec<f32> = (0..2 * 12 * 4)
            .map(|n| ((n * 37) % 101) as f32 / 7.0 - 7.0)
            .collect();
        let all = Tensor::from_vec(all, (2, 12, 4), &Device::Cpu).unwrap();
        let zeros = || Tensor::zeros((2, 5, 4), DType::F16, &Device::Cpu).unwrap();
        let mut layer = Layer {
            keys: zeros(),
            values: zeros(),
            slots: 5,
        };
        let mut at = 0;
        for n in [3, 4, 5] {
            let new = all.narrow(1, at, n).unwrap();
            let back = layer.extend(&new, &new, at).unwrap();
            assert_eq!(back.keys.dtype(), DType::F32);
            let length = back.keys.dim(1).unwrap();
            let wanted = all.narrow(1, back.first, length).unwrap();
            assert_eq!(back.first + length, at + n);
            let apart = (&back.keys - wanted).unwrap().abs().unwrap();
            let apart: f32 = apart
                .flatten_all()
                .unwrap()
                .max(0)
                .unwrap()
                .to_scalar()
                .unwrap();
            assert!(apart < 7.5 / 2048.0, "{apart}");
            at += n;
        }
    }
}
