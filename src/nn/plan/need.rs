//! How much memory a model takes, and how many of its layers fit.

use super::{Plan, Precision, Share, Spot, Stored};
use crate::nn::cache::kept;
use crate::nn::cards::Card;
use crate::nn::config::{Config, Reach, TextConfig, VisionConfig};

/// Bits of a value of a layer in four bits: scales, and six bits here and there.
const LAYER_BITS: f64 = 4.83;
/// Bits of a value of the table of embeddings then: six, and scales.
const TABLE_BITS: f64 = 6.5625;
/// Memory of quantised weights on the processor, as a multiple of their file, measured with a model of 4 billion
/// values' shape: where kernels read them as they are stored, and where they are laid out anew for products of
/// one row and of many.
pub(super) const COPIES: [f64; 2] = [1.35, 2.8];
/// The same on a card, where rows are padded.
const COPIES_ON_CARD: f64 = 1.05;
/// What is computed with at the same time, beside weights and cache: on the processor, on a card.
const WORKING: [u64; 2] = [300_000_000, 900_000_000];
/// The share of a card's free memory that is planned with: the rest is for kernels, and for gaps between tensors.
const USABLE: f64 = 0.93;
/// What was read is remembered twice: as it is, and as far as the next prompt will begin alike.
const CACHES: usize = 2;

/// Bytes of a card's free memory that may be planned with.
pub(super) fn usable(free: u64) -> u64 {
    (free as f64 * USABLE) as u64
}

/// Values of a layer.
fn layer_values(config: &TextConfig) -> u64 {
    let (queries, keys) = (
        config.heads * config.head_dim,
        config.kv_heads * config.head_dim,
    );
    let attention = config.hidden * (2 * queries + 2 * keys);
    (attention + 3 * config.hidden * config.intermediate) as u64
}

/// Values of the text part.
pub(super) fn text_values(config: &TextConfig) -> u64 {
    let table = (config.vocabulary * config.hidden) as u64;
    config.layers.len() as u64 * layer_values(config) + table
}

pub(super) fn vision_values(config: &VisionConfig) -> u64 {
    let layer = 4 * config.hidden * config.hidden + 2 * config.hidden * config.intermediate;
    (config.layers * layer + config.patches().pow(2) * config.hidden) as u64
}

/// Bytes of keys and values of so many positions in a layer.
fn cache_bytes(config: &TextConfig, reach: Reach, positions: usize, on_card: bool) -> u64 {
    let slots = match reach {
        Reach::Global => positions,
        Reach::Window(window) => positions.min(window),
    };
    let each = kept(on_card).size_in_bytes();
    (CACHES * 2 * slots * config.kv_heads * config.head_dim * each) as u64
}

/// What a model needs.
pub(super) struct Needs<'a> {
    config: &'a Config,
    stored: Stored,
    positions: usize,
    copies: f64,
}

impl<'a> Needs<'a> {
    pub(super) const fn of(
        config: &'a Config,
        stored: Stored,
        positions: usize,
        copies: f64,
    ) -> Self {
        Self {
            config,
            stored,
            positions,
            copies,
        }
    }

    /// Values of the text part.
    pub(super) fn values(&self) -> u64 {
        text_values(&self.config.text)
    }

    /// Bytes of a value of the text part, which has so many bits in four bits.
    fn each(&self, precision: Precision, on_card: bool, bits: f64) -> f64 {
        let copies = if on_card { COPIES_ON_CARD } else { self.copies };
        match (precision, self.stored) {
            (Precision::Bf16 | Precision::F16, _) => 2.0,
            (Precision::FourBits, _) => bits / 8.0 * copies,
            (_, Stored::Gguf(bytes)) => bytes as f64 / self.values() as f64 * copies,
            (_, Stored::Floats { each, .. }) => each as f64,
        }
    }

    /// Values of the table of embeddings.
    fn table_values(&self) -> f64 {
        (self.config.text.vocabulary * self.config.text.hidden) as f64
    }

    /// Bytes of main memory that quantising takes, where that was not done before: all in four bits, and the table
    /// as it was stored and in single precision.
    pub(super) fn quantising(&self) -> u64 {
        let Stored::Floats {
            each,
            is_kept: false,
        } = self.stored
        else {
            return 0;
        };
        let table = self.table_values();
        let layers = self.values() as f64 - table;
        let quantised = layers * LAYER_BITS / 8.0 + table * TABLE_BITS / 8.0;
        (quantised + table * (each as f64 + 4.0)) as u64 + WORKING[0]
    }

    /// What is no layer.
    fn home(&self, precision: Precision, on_card: bool) -> u64 {
        let vision = &self.config.vision;
        let table = self.table_values() * self.each(precision, on_card, TABLE_BITS);
        let float = if on_card { 2 } else { 4 };
        let vision = vision.as_ref().map_or(0, |(v, _)| vision_values(v));
        table as u64 + float * vision
    }

    fn layer(&self, number: usize, precision: Precision, on_card: bool) -> u64 {
        let text = &self.config.text;
        let weights = layer_values(text) as f64 * self.each(precision, on_card, LAYER_BITS);
        weights as u64 + cache_bytes(text, text.layers[number], self.positions, on_card)
    }

    /// Puts as many layers as fit into each room in turn: cards, or the processor (`None`), each with the bytes
    /// that it can give.
    ///
    /// # Errors
    /// Where they are too small: bytes that the model needs.
    pub(super) fn fill(
        &self,
        precision: Precision,
        rooms: &[(Option<&Card>, u64)],
    ) -> Result<Plan, u64> {
        let layers = self.config.text.layers.len();
        let (mut shares, mut at, mut all) = (Vec::<Share>::new(), 0, 0);
        for (number, (card, room)) in rooms.iter().enumerate() {
            let (on_card, is_last) = (card.is_some(), number + 1 == rooms.len());
            let mut bytes = WORKING[usize::from(on_card)];
            if shares.is_empty() {
                bytes += self.home(precision, on_card);
            }
            let start = at;
            while at < layers {
                let after = bytes + self.layer(at, precision, on_card);
                if after > *room && !is_last {
                    break;
                }
                bytes = after;
                at += 1;
            }
            if at == start {
                continue;
            }
            all += bytes;
            if bytes > *room {
                return Err(all);
            }
            shares.push(Share {
                spot: card.map_or(Spot::Processor, |card| Spot::Card(card.number)),
                name: card.map_or_else(|| "cpu".to_owned(), |card| card.name.clone()),
                layers: at - start,
                bytes,
            });
        }
        Ok(Plan { precision, shares })
    }

    /// The least that a card must have free.
    pub(super) fn least_on_a_card(&self) -> u64 {
        let precision = match self.stored {
            Stored::Gguf(_) => Precision::AsStored,
            Stored::Floats { .. } => Precision::FourBits,
        };
        let working = WORKING[1] + self.home(precision, true);
        let layers = self.config.text.layers.len();
        let layers: u64 = (0..layers).map(|n| self.layer(n, precision, true)).sum();
        ((working + layers) as f64 / USABLE) as u64
    }
}
