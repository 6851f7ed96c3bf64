//! Keys and values of what was read: all of them where a layer attends to all, a ring of the last ones
//! where it has a window.

use candle_core::{DType, Device, Tensor};

use super::config::{Reach, TextConfig};
use crate::nn::Result;

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

    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.layers
            .iter()
            .map(|l| 2 * l.keys.elem_count() * size_of::<f32>())
            .sum()
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
    /// (heads, positions, head)
    pub(super) keys: Tensor,
    /// As the keys.
    pub(super) values: Tensor,
    /// Position of the first key; of one query over a ring, whose keys lie in no order, of no meaning.
    pub(super) first: usize,
}

impl Layer {
    fn new(heads: usize, slots: usize, head: usize, device: &Device) -> Result<Self> {
        let zeros = || Tensor::zeros((heads, slots, head), DType::F32, device);
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
        let fits = position + tokens <= self.slots;
        if fits || tokens == 1 {
            self.write(keys, values, position)?;
            let n = (position + tokens).min(self.slots);
            return Ok(Attended {
                keys: self.keys.narrow(1, 0, n)?,
                values: self.values.narrow(1, 0, n)?,
                first: 0,
            });
        }
        let before = position.min(self.slots - 1);
        let attended = Attended {
            keys: self.with_last(&self.keys, before, position, keys)?,
            values: self.with_last(&self.values, before, position, values)?,
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
