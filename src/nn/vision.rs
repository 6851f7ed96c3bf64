//! The part that looks at images: SigLIP without its head (Zhai et al., arXiv:2303.15343), and the way
//! from its patches to soft tokens.

use candle_core::Tensor;

use super::attention::attend_all;
use super::config::VisionConfig;
use super::linear::{Linear, together};
use super::norm::{LayerNorm, RmsNorm};
use super::weights::{Part, Weights};
use crate::jobs::JobContext;
use crate::nn::{Error, Result};

/// Patches that pass the feed-forward layers together: what lies between the two stays in the caches.
const TOGETHER: usize = 1024;

/// Tower and projector.
pub(super) struct Vision {
    config: VisionConfig,
    patches: Linear,
    /// (patches, width)
    places: Tensor,
    layers: Vec<Layer>,
    last_norm: LayerNorm,
    soft_norm: RmsNorm,
    projection: Linear,
    /// Soft tokens along a side.
    side: usize,
}

struct Layer {
    queries: Linear,
    keys: Linear,
    values: Linear,
    output: Linear,
    first: Linear,
    second: Linear,
    before_attention: LayerNorm,
    before_feed: LayerNorm,
}

impl Vision {
    pub(super) fn load(
        weights: &Weights,
        config: VisionConfig,
        [soft, hidden]: [usize; 2],
        epsilon: f64,
        job: &JobContext,
    ) -> Result<Self> {
        let (width, patch, count) = (config.hidden, config.patch, config.patches().pow(2));
        let kernel = weights.tensor(
            Part::Vision,
            "embeddings.patch_embedding.weight",
            &[width, 3, patch, patch],
        )?;
        let bias = weights.tensor(Part::Vision, "embeddings.patch_embedding.bias", &[width])?;
        let projection = weights.tensor(
            Part::Projector,
            "mm_input_projection_weight",
            &[width, hidden],
        )?;
        let mut layers = Vec::with_capacity(config.layers);
        for number in 0..config.layers {
            job.check()?;
            job.progress.set(number, config.layers);
            layers.push(Layer::load(weights, &config, number)?);
        }
        Ok(Self {
            patches: Linear::float(kernel.reshape((width, 3 * patch * patch))?, Some(bias)),
            places: weights.tensor(
                Part::Vision,
                "embeddings.position_embedding.weight",
                &[count, width],
            )?,
            layers,
            last_norm: layer_norm(weights, "post_layernorm", &config)?,
            soft_norm: weights.rms_norm(Part::Projector, "mm_soft_emb_norm", width, epsilon)?,
            projection: Linear::float(projection.t()?.contiguous()?, None),
            side: soft.isqrt(),
            config,
        })
    }

    pub(super) const fn config(&self) -> &VisionConfig {
        &self.config
    }

    /// States behind the tower, (patches, width), of an image (3, side, side) from −1 to 1.
    pub(super) fn look(&self, image: &Tensor, job: &JobContext) -> Result<Tensor> {
        let (side, n, patch) = (self.config.image, self.config.patches(), self.config.patch);
        if image.dims() != [3, side, side] {
            let reason = format!(
                "an image of the shape {:?}; the model sees (3, {side}, {side})",
                image.dims()
            );
            return Err(Error::Request { reason });
        }
        let cut = image
            .reshape((3, n, patch, n, patch))?
            .permute((1, 3, 0, 2, 4))?;
        let rows = cut.contiguous()?.reshape((n * n, 3 * patch * patch))?;
        let mut x = (self.patches.forward(&rows)? + &self.places)?;
        for (number, layer) in self.layers.iter().enumerate() {
            job.check()?;
            job.progress.set(number, self.layers.len());
            x = layer.forward(&x, self.config.heads, job)?;
        }
        self.last_norm.forward(&x)
    }

    /// Soft tokens, (tokens, hidden of the text), of states behind the tower.
    pub(super) fn project(&self, states: &Tensor) -> Result<Tensor> {
        let (n, width) = (self.config.patches(), self.config.hidden);
        let tile = n / self.side;
        let grid = states.reshape((self.side, tile, self.side, tile, width))?;
        let pooled = grid
            .mean(3)?
            .mean(1)?
            .reshape((self.side * self.side, width))?;
        self.projection.forward(&self.soft_norm.forward(&pooled)?)
    }
}

fn layer_norm(weights: &Weights, layer: &str, config: &VisionConfig) -> Result<LayerNorm> {
    let part =
        |kind: &str| weights.tensor(Part::Vision, &format!("{layer}.{kind}"), &[config.hidden]);
    Ok(LayerNorm::new(
        part("weight")?,
        part("bias")?,
        config.epsilon,
    ))
}

impl Layer {
    fn load(weights: &Weights, config: &VisionConfig, number: usize) -> Result<Self> {
        let (width, inner) = (config.hidden, config.intermediate);
        let name = |layer: &str| format!("encoder.layers.{number}.{layer}");
        let linear = |layer: &str, shape| weights.linear(Part::Vision, &name(layer), shape);
        // llama.cpp's first converters called the first matrix “down” and the second “up”.
        let is_swapped = weights.shape(Part::Vision, &name("mlp.fc1.weight"))? == [width, inner];
        let [first, second] = if is_swapped {
            ["mlp.fc2", "mlp.fc1"]
        } else {
            ["mlp.fc1", "mlp.fc2"]
        };
        Ok(Self {
            queries: linear("self_attn.q_proj", [width, width])?,
            keys: linear("self_attn.k_proj", [width, width])?,
            values: linear("self_attn.v_proj", [width, width])?,
            output: linear("self_attn.out_proj", [width, width])?,
            first: linear(first, [inner, width])?,
            second: linear(second, [width, inner])?,
            before_attention: layer_norm(weights, &name("layer_norm1"), config)?,
            before_feed: layer_norm(weights, &name("layer_norm2"), config)?,
        })
    }

    /// A layer takes a good part of a second: who stops it does not wait for its end.
    fn forward(&self, x: &Tensor, heads: usize, job: &JobContext) -> Result<Tensor> {
        let (patches, width) = x.dims2()?;
        let split = |t: &Tensor| t.reshape((patches, heads, width / heads));
        let h = self.before_attention.forward(x)?;
        let [q, k, v] = together([&self.queries, &self.keys, &self.values], &h)?;
        job.check()?;
        let taken = attend_all(&split(&q)?, &split(&k)?, &split(&v)?, job)?;
        job.check()?;
        let x = self.output.forward_onto(&taken, x)?;
        let h = self.before_feed.forward(&x)?;
        let mut fed = Vec::with_capacity(patches.div_ceil(TOGETHER));
        for from in (0..patches).step_by(TOGETHER) {
            job.check()?;
            let n = TOGETHER.min(patches - from);
            let inner = self.first.forward_bent(&h.narrow(0, from, n)?)?;
            fed.push(self.second.forward_onto(&inner, &x.narrow(0, from, n)?)?);
        }
        Ok(Tensor::cat(&fed, 0)?)
    }
}
