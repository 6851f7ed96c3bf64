//! Arguments of the verbs that ask a model.

use std::path::PathBuf;

use clap::{ArgGroup, Args as ClapArgs, ValueEnum};

use crate::nn::plan::{Place, Wish};

/// Which model, and where it runs.
#[derive(ClapArgs)]
pub(in crate::cli) struct ModelArgs {
    /// A GGUF file, a safetensors file beside its config.json, a folder with both, or the name of an
    /// installed model (see `models list`).
    #[arg(long, value_name = "FILE|DIR|NAME")]
    pub model: PathBuf,
    /// Folder of installed models (default: ONCOTWIN_MODELS, else the platform's data directory).
    #[arg(long, value_name = "DIR")]
    pub models: Option<PathBuf>,
    /// The second file of a multimodal GGUF (default: that of the installed model).
    #[arg(long, value_name = "FILE")]
    pub mmproj: Option<PathBuf>,
    /// tokenizer.json (default: that of the installed model, else the vocabulary inside the GGUF file, else
    /// the file in the folder).
    #[arg(long, value_name = "FILE")]
    pub tokenizer: Option<PathBuf>,
    /// In how many bits safetensors are computed with; what suits model and memory unless stated.
    #[arg(long, value_enum, default_value = "auto")]
    pub precision: PrecisionArg,
    /// Where the model is computed; where it suits unless stated.
    #[arg(long, value_enum, default_value = "auto")]
    pub device: DeviceArg,
}

/// Where a model is computed.
#[derive(Clone, Copy, ValueEnum)]
pub(in crate::cli) enum DeviceArg {
    /// Graphics cards where there are any with room, else the processor.
    Auto,
    /// The processor.
    Cpu,
    /// Graphics cards, at least for a part of the layers.
    Cuda,
}

impl From<DeviceArg> for Place {
    fn from(device: DeviceArg) -> Self {
        match device {
            DeviceArg::Auto => Self::Auto,
            DeviceArg::Cpu => Self::Processor,
            DeviceArg::Cuda => Self::Cards,
        }
    }
}

/// In how many bits.
#[derive(Clone, Copy, ValueEnum)]
pub(in crate::cli) enum PrecisionArg {
    /// What suits model and memory.
    Auto,
    /// As many as there are; halves on graphics cards.
    Floats,
    /// Four, quantised on first use and kept.
    FourBits,
}

impl From<PrecisionArg> for Wish {
    fn from(precision: PrecisionArg) -> Self {
        match precision {
            PrecisionArg::Auto => Self::Auto,
            PrecisionArg::Floats => Self::Floats,
            PrecisionArg::FourBits => Self::FourBits,
        }
    }
}

/// `oncotwin generate`
#[derive(ClapArgs)]
#[command(group = ArgGroup::new("what").required(true))]
pub(in crate::cli) struct GenerateArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    /// What to answer.
    #[arg(long, value_name = "TEXT", group = "what")]
    pub prompt: Option<String>,
    /// The same from a file.
    #[arg(long, value_name = "FILE", group = "what")]
    pub prompt_file: Option<PathBuf>,
    /// A conversation: JSON list of {"role", "content"}.
    #[arg(long, value_name = "FILE.json", group = "what")]
    pub messages: Option<PathBuf>,
    /// An image (PNG), before the words of a prompt, or for each place that the messages have for one.
    #[arg(long, value_name = "FILE")]
    pub image: Vec<PathBuf>,
    /// At most so many new tokens.
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub max_new: usize,
    /// 0 takes the likeliest token each time.
    #[arg(long, default_value_t = 0.0)]
    pub temperature: f64,
    /// Only so many of the likeliest tokens; 0 for all.
    #[arg(long, default_value_t = 0)]
    pub top_k: usize,
    /// Only the likeliest tokens that together have this share.
    #[arg(long, default_value_t = 1.0)]
    pub top_p: f64,
    /// Makes what was written less likely; 1 does not.
    #[arg(long, default_value_t = 1.0)]
    pub repetition_penalty: f64,
    /// Where chance begins.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Continue the text as it is, without a conversation around it.
    #[arg(long)]
    pub raw: bool,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// `oncotwin score`
#[derive(ClapArgs)]
pub(in crate::cli) struct ScoreArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    /// The text.
    #[arg(long, value_name = "FILE")]
    pub text_file: PathBuf,
    /// Also write the logits of the next token at each position, (tokens, vocabulary), float32.
    #[arg(long, value_name = "FILE.npy")]
    pub logits: Option<PathBuf>,
    /// Answer with one JSON document.
    #[arg(long)]
    pub json: bool,
}
