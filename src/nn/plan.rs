//! In how many bits a model is computed on a machine: estimated before anything is read, so that a model that
//! does not fit is refused with numbers and does not end the program.

use super::config::{Config, Reach, TextConfig, VisionConfig};
use super::kernels::has_unit;
use crate::nn::{Error, Result};

/// What a user wants of the precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// What suits model and machine.
    #[default]
    Auto,
    /// Floats, as many bits as there are.
    Floats,
    /// Four bits.
    FourBits,
}

/// How weights are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// As the GGUF file has them.
    AsStored,
    /// Floats, in single precision or as they are stored where kernels can work with that.
    Floats,
    /// Four bits, quantised here.
    FourBits,
}

/// How a model is to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Plan {
    /// How its weights are held.
    pub precision: Precision,
    /// Bytes of memory that it is expected to take.
    pub bytes: u64,
}

/// A model that reads few words at a time is as fast as its weights are small: above this many values four
/// bits are chosen where both fit.
const MANY_VALUES: u64 = 500_000_000;
/// Bits of a value in four bits: scales, and six bits here and there.
const FOUR_BITS: f64 = 4.85;
/// Memory of quantised weights, as a multiple of their file, measured with a model of 4 billion values' shape:
/// where kernels read them as they are stored, and where they are laid out anew for products of one row and
/// of many.
const COPIES: [f64; 2] = [1.35, 2.8];
/// What is computed with at the same time, beside weights and cache.
const WORKING: u64 = 300_000_000;

/// Values of the text part.
fn text_values(config: &TextConfig) -> u64 {
    let (queries, keys) = (
        config.heads * config.head_dim,
        config.kv_heads * config.head_dim,
    );
    let attention = config.hidden * (2 * queries + 2 * keys);
    let layer = attention + 3 * config.hidden * config.intermediate;
    (config.layers.len() * layer + config.vocabulary * config.hidden) as u64
}

fn vision_values(config: &VisionConfig) -> u64 {
    let layer = 4 * config.hidden * config.hidden + 2 * config.hidden * config.intermediate;
    (config.layers * layer + config.patches().pow(2) * config.hidden) as u64
}

/// Bytes of keys and values of so many positions.
fn cache_bytes(config: &TextConfig, positions: usize) -> u64 {
    let slots = |reach: &Reach| match reach {
        Reach::Global => positions,
        Reach::Window(window) => positions.min(*window),
    };
    let slots: usize = config.layers.iter().map(slots).sum();
    (2 * slots * config.kv_heads * config.head_dim * size_of::<f32>()) as u64
}

/// Weights as they lie in their files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// GGUF, so many bytes.
    Gguf(u64),
    /// Safetensors, whose values take so many bytes each in memory.
    Floats(u64),
}

/// What a machine can give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// Bytes of memory that may be taken; `None` where the system does not tell, and nothing is refused.
    pub free: Option<u64>,
    /// Memory of quantised weights, as a multiple of their file.
    pub copies: f64,
}

impl Machine {
    /// This one, now.
    #[must_use]
    pub fn here() -> Self {
        let [as_stored, laid_out] = COPIES;
        Self {
            free: free_memory(),
            copies: if has_unit() { as_stored } else { laid_out },
        }
    }
}

/// Chooses how a model is opened.
///
/// # Errors
/// [`Error::NoRoom`] with the least that is needed, [`Error::Request`] for a wish that the file cannot fulfil.
pub fn plan(
    config: &Config,
    stored: Stored,
    positions: usize,
    wish: Wish,
    machine: Machine,
) -> Result<Plan> {
    let Machine { free, copies } = machine;
    let vision = config
        .vision
        .as_ref()
        .map_or(0, |(v, _)| 4 * vision_values(v));
    let beside = vision + cache_bytes(&config.text, positions) + WORKING;
    let values = text_values(&config.text);
    let of = |precision| {
        let weights = match (precision, stored) {
            (Precision::FourBits, _) => values as f64 * FOUR_BITS / 8.0 * copies,
            (_, Stored::Gguf(bytes)) => bytes as f64 * copies,
            (_, Stored::Floats(each)) => (values * each) as f64,
        };
        Plan {
            precision,
            bytes: weights as u64 + beside,
        }
    };
    let order: &[Precision] = match (stored, wish) {
        (Stored::Gguf(_), Wish::Auto) => &[Precision::AsStored],
        (Stored::Gguf(_), _) => {
            let reason = "the weights of a GGUF file are computed with as they are stored";
            return Err(Error::Request {
                reason: reason.to_owned(),
            });
        }
        (Stored::Floats(_), Wish::Floats) => &[Precision::Floats],
        (Stored::Floats(_), Wish::FourBits) => &[Precision::FourBits],
        (Stored::Floats(_), Wish::Auto) if values <= MANY_VALUES => {
            &[Precision::Floats, Precision::FourBits]
        }
        (Stored::Floats(_), Wish::Auto) => &[Precision::FourBits, Precision::Floats],
    };
    let options: Vec<Plan> = order.iter().map(|precision| of(*precision)).collect();
    let fits = |plan: &&Plan| free.is_none_or(|free| plan.bytes <= free);
    if let Some(plan) = options.iter().find(fits) {
        return Ok(*plan);
    }
    let needed = options.iter().map(|plan| plan.bytes).min().unwrap_or(0);
    Err(Error::NoRoom {
        needed,
        free: free.unwrap_or(0),
    })
}

fn free_memory() -> Option<u64> {
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory();
    Some(system.available_memory()).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::config::{Activation, ImageTokens, Rotation};

    const GB: u64 = 1_000_000_000;

    fn machine(free: u64) -> Machine {
        Machine {
            free: Some(free),
            copies: COPIES[1],
        }
    }

    fn config(
        layers: usize,
        hidden: usize,
        inner: usize,
        heads: [usize; 2],
        head: usize,
    ) -> Config {
        let reach = |n: usize| match (n + 1) % 6 {
            0 => Reach::Global,
            _ => Reach::Window(1024),
        };
        let angles = Rotation {
            base: 1e4,
            factor: 1.0,
        };
        let text = TextConfig {
            hidden,
            intermediate: inner,
            heads: heads[0],
            kv_heads: heads[1],
            head_dim: head,
            vocabulary: 262_208,
            layers: (0..layers).map(reach).collect(),
            query_scalar: 256.0,
            epsilon: 1e-6,
            global: angles,
            local: angles,
            activation: Activation::GeluTanh,
            positions: 131_072,
        };
        let tower = VisionConfig {
            hidden: 1152,
            intermediate: 4304,
            layers: 27,
            heads: 16,
            image: 896,
            patch: 14,
            epsilon: 1e-6,
        };
        let tokens = ImageTokens {
            begin: 0,
            end: 1,
            soft: 2,
            per_image: 256,
        };
        Config {
            text,
            vision: Some((tower, tokens)),
        }
    }

    fn of_4b() -> Config {
        config(34, 2560, 10_240, [8, 4], 256)
    }

    fn of_27b() -> Config {
        config(62, 5376, 21_504, [32, 16], 128)
    }

    #[test]
    fn sizes_are_those_of_the_published_models() {
        // Gemma 3 Technical Report, table 1: 3.88 and 27.0 billion, 417 million for images.
        let billions = |config: &Config| text_values(&config.text) as f64 / 1e9;
        assert!((billions(&of_4b()) - 3.88).abs() < 0.02);
        assert!((billions(&of_27b()) - 27.0).abs() < 0.1);
        let (tower, _) = of_4b().vision.unwrap();
        assert!((vision_values(&tower) as f64 / 1e9 - 0.417).abs() < 0.01);
    }

    #[test]
    fn what_fits_is_chosen_and_what_does_not_is_refused_with_numbers() {
        let chosen = |config: &Config, free: u64| {
            plan(config, Stored::Floats(4), 4096, Wish::Auto, machine(free))
        };
        assert_eq!(
            chosen(&of_4b(), 64 * GB).unwrap().precision,
            Precision::FourBits
        );
        assert!(matches!(
            chosen(&of_4b(), 6 * GB),
            Err(Error::NoRoom { needed, free }) if free == 6 * GB && needed > 8 * GB
        ));
        assert!(chosen(&of_27b(), 32 * GB).is_err());
        assert!(chosen(&of_27b(), 64 * GB).is_ok());
        let small = config(18, 640, 2048, [4, 1], 256);
        assert_eq!(chosen(&small, 8 * GB).unwrap().precision, Precision::Floats);
        let full = plan(
            &of_4b(),
            Stored::Floats(4),
            4096,
            Wish::Floats,
            machine(64 * GB),
        )
        .unwrap();
        assert!(full.bytes > 15 * GB && full.precision == Precision::Floats);
        let stored = plan(
            &of_4b(),
            Stored::Gguf(2_490_000_000),
            4096,
            Wish::Auto,
            machine(12 * GB),
        )
        .unwrap();
        assert_eq!(stored.precision, Precision::AsStored);
        let silent = Machine {
            free: None,
            ..machine(0)
        };
        assert!(plan(&of_4b(), Stored::Gguf(GB), 4096, Wish::Floats, silent).is_err());
        // A system that does not tell refuses nothing.
        assert!(plan(&of_27b(), Stored::Floats(4), 4096, Wish::Floats, silent).is_ok());
    }
}
