//! The part that reads and writes text: embeddings, layers, logits.

use candle_core::{DType, Device, Tensor};

use super::attention::{Blocks, attend};
use super::cache::Cache;
use super::config::{Activation, Reach, TextConfig};
use super::kernels::gelu_times;
use super::linear::{Linear, Table, together};
use super::norm::RmsNorm;
use super::placement::Placement;
use super::rope::Rope;
use super::weights::{Part, Weights};
use crate::jobs::JobContext;
use crate::nn::Result;

/// Weights and angles, ready to compute.
pub(super) struct Text {
    config: TextConfig,
    table: Table,
    /// Where it is not the table of embeddings.
    head: Option<Table>,
    layers: Vec<Layer>,
    norm: RmsNorm,
    places: Vec<Place>,
    device: Device,
}

/// What layers on a device share.
struct Place {
    device: Device,
    global: Rope,
    local: Rope,
}

struct Layer {
    reach: Reach,
    /// Number of its place.
    place: usize,
    queries: Linear,
    keys: Linear,
    values: Linear,
    output: Linear,
    query_norm: RmsNorm,
    key_norm: RmsNorm,
    gate: Linear,
    up: Linear,
    down: Linear,
    before_attention: RmsNorm,
    behind_attention: RmsNorm,
    before_feed: RmsNorm,
    behind_feed: RmsNorm,
}

impl Text {
    /// Reads all weights; `positions` is the longest context that will be asked for.
    pub(super) fn load(
        weights: &Weights,
        config: TextConfig,
        positions: usize,
        placement: &Placement,
        job: &JobContext,
    ) -> Result<Self> {
        let hidden = config.hidden;
        let mut places = Vec::new();
        let shape = [config.vocabulary, hidden];
        let mut layers = Vec::with_capacity(config.layers.len());
        for number in 0..config.layers.len() {
            job.check()?;
            job.progress.set(number, config.layers.len());
            let target = placement.layer(number);
            let is_here = |place: &Place| place.device.same_device(&target.device);
            let place = match places.iter().position(is_here) {
                Some(place) => place,
                None => {
                    places.push(Place::new(&config, positions, &target.device)?);
                    places.len() - 1
                }
            };
            let weights = weights.onto(target.clone());
            layers.push(Layer::load(&weights, &config, number, place)?);
        }
        let home = placement.home();
        let weights = &weights.onto(home.clone());
        let head = if weights.has(Part::Head, "lm_head.weight") {
            Some(weights.table(Part::Head, "lm_head", shape)?)
        } else {
            None
        };
        Ok(Self {
            table: weights.table(Part::Text, "embed_tokens", shape)?,
            head,
            norm: weights.rms_norm(Part::Text, "norm", hidden, config.epsilon)?,
            places,
            layers,
            device: home.device.clone(),
            config,
        })
    }

    pub(super) const fn config(&self) -> &TextConfig {
        &self.config
    }

    /// Where embeddings and logits are.
    pub(super) const fn device(&self) -> &Device {
        &self.device
    }

    /// Where each layer is.
    pub(super) fn devices(&self) -> impl Iterator<Item = &Device> {
        let place = |layer: &Layer| &self.places[layer.place];
        self.layers.iter().map(move |layer| &place(layer).device)
    }

    /// Scaled embeddings of tokens, (tokens, hidden).
    pub(super) fn embed(&self, tokens: &[u32]) -> Result<Tensor> {
        let rows = self.table.rows(&Tensor::new(tokens, &self.device)?)?;
        Ok((rows * (self.config.hidden as f64).sqrt())?)
    }

    /// States behind all layers, (tokens, hidden), of embeddings that follow what the cache holds.
    pub(super) fn forward(
        &self,
        x: Tensor,
        blocks: &Blocks,
        cache: &mut Cache,
        job: &JobContext,
    ) -> Result<Tensor> {
        let (tokens, position) = (x.dim(0)?, cache.length());
        let mut x = x;
        for number in 0..self.layers.len() {
            job.check()?;
            x = self.layer(number, &x, position, blocks, cache)?;
        }
        cache.advance(tokens);
        Ok(x.to_device(&self.device)?)
    }

    pub(super) fn layer(
        &self,
        number: usize,
        x: &Tensor,
        position: usize,
        blocks: &Blocks,
        cache: &mut Cache,
    ) -> Result<Tensor> {
        let layer = &self.layers[number];
        let config = &self.config;
        let place = &self.places[layer.place];
        let rope = match layer.reach {
            Reach::Global => &place.global,
            Reach::Window(_) => &place.local,
        };
        let x = &x.to_device(&place.device)?;
        let tokens = x.dim(0)?;
        let split = |t: &Tensor, heads: usize| t.reshape((tokens, heads, config.head_dim));
        let h = layer.before_attention.forward(x)?;
        let [q, k, v] = together([&layer.queries, &layer.keys, &layer.values], &h)?;
        let q = layer.query_norm.forward(&split(&q, config.heads)?)?;
        let q = rope.turn(&q, position, config.query_scalar.powf(-0.5))?;
        let k = layer.key_norm.forward(&split(&k, config.kv_heads)?)?;
        let k = rope
            .turn(&k, position, 1.0)?
            .transpose(0, 1)?
            .contiguous()?;
        let v = split(&v, config.kv_heads)?.transpose(0, 1)?.contiguous()?;
        let attended = cache.layer(number).extend(&k, &v, position)?;
        let taken = attend(&q, &attended, position, layer.reach, blocks)?;
        let taken = layer.output.forward(&taken)?;
        let x = (x + layer.behind_attention.forward(&taken)?)?;
        let h = layer.before_feed.forward(&x)?;
        let [gate, up] = together([&layer.gate, &layer.up], &h)?;
        let gated = match config.activation {
            Activation::GeluTanh => gelu_times(&gate, &up)?,
            Activation::Gelu => (gate.gelu_erf()? * up)?,
            Activation::Silu => (gate.silu()? * up)?,
        };
        let fed = layer.down.forward(&gated)?;
        Ok((x + layer.behind_feed.forward(&fed)?)?)
    }

    /// The last norm.
    pub(super) fn finish(&self, x: &Tensor) -> Result<Tensor> {
        self.norm.forward(x)
    }

    /// Logits of finished states, (rows, vocabulary), single precision.
    pub(super) fn logits(&self, finished: &Tensor) -> Result<Tensor> {
        let head = self.head.as_ref().unwrap_or(&self.table);
        Ok(head.logits(finished)?.to_dtype(DType::F32)?)
    }
}

impl Place {
    fn new(config: &TextConfig, positions: usize, device: &Device) -> Result<Self> {
        let rope = |rotation| Rope::new(rotation, config.head_dim, positions, device);
        Ok(Self {
            device: device.clone(),
            global: rope(config.global)?,
            local: rope(config.local)?,
        })
    }
}

impl Layer {
    fn load(weights: &Weights, config: &TextConfig, number: usize, place: usize) -> Result<Self> {
        let TextConfig {
            hidden,
            intermediate,
            head_dim,
            ..
        } = *config;
        let (queries, keys) = (config.heads * head_dim, config.kv_heads * head_dim);
        let linear = |name: &str, shape| {
            weights.linear(Part::Text, &format!("layers.{number}.{name}"), shape)
        };
        let norm = |name: &str, width| {
            weights.rms_norm(
                Part::Text,
                &format!("layers.{number}.{name}"),
                width,
                config.epsilon,
            )
        };
        Ok(Self {
            reach: config.layers[number],
            place,
            queries: linear("self_attn.q_proj", [queries, hidden])?,
            keys: linear("self_attn.k_proj", [keys, hidden])?,
            values: linear("self_attn.v_proj", [keys, hidden])?,
            output: linear("self_attn.o_proj", [hidden, queries])?,
            query_norm: norm("self_attn.q_norm", head_dim)?,
            key_norm: norm("self_attn.k_norm", head_dim)?,
            gate: linear("mlp.gate_proj", [intermediate, hidden])?,
            up: linear("mlp.up_proj", [intermediate, hidden])?,
            down: linear("mlp.down_proj", [hidden, intermediate])?,
            before_attention: norm("input_layernorm", hidden)?,
            behind_attention: norm("post_attention_layernorm", hidden)?,
            before_feed: norm("pre_feedforward_layernorm", hidden)?,
            behind_feed: norm("post_feedforward_layernorm", hidden)?,
        })
    }
}
