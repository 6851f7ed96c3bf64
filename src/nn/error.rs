//! What can go wrong between a file of weights and a word.

use std::path::PathBuf;

use crate::jobs::Cancelled;

/// Result of this module.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a model could not be opened or could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file is not there or could not be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what its name promises, or is cut short.
    #[error("{}: {reason}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong in it.
        reason: String,
    },
    /// The file holds a model of another kind.
    #[error("{}: holds a model of the kind “{found}”; {wanted} is needed", path.display())]
    Architecture {
        /// Which.
        path: PathBuf,
        /// What the file calls itself.
        found: String,
        /// What can be run.
        wanted: &'static str,
    },
    /// A setting of the model is missing or beyond what can be computed.
    #[error("setting {key} of the model: {reason}")]
    Config {
        /// As the file names it.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// A tensor is not among the weights.
    #[error("the weights have no tensor {name}")]
    Missing {
        /// By the name that the file's layout gives it.
        name: String,
    },
    /// A tensor has another shape than the settings say.
    #[error("tensor {name} has the shape {found:?}; the settings of the model say {wanted:?}")]
    Shape {
        /// By the name that the file's layout gives it.
        name: String,
        /// In the file.
        found: Vec<usize>,
        /// By the settings.
        wanted: Vec<usize>,
    },
    /// The tokenizer does not belong to the model, or cannot be read.
    #[error("tokenizer: {reason}")]
    Tokenizer {
        /// What is wrong.
        reason: String,
    },
    /// The prompt is longer than the context.
    #[error(
        "the prompt has {tokens} tokens with room for {room} new ones; the context holds {limit}"
    )]
    TooLong {
        /// Tokens of the prompt, images included.
        tokens: usize,
        /// New tokens asked for.
        room: usize,
        /// What the context holds.
        limit: usize,
    },
    /// A request that makes no sense.
    #[error("{reason}")]
    Request {
        /// Why.
        reason: String,
    },
    /// The model answered with something that is no number.
    #[error("the model's answer is not a number (token {position}); precision {precision}")]
    NonFinite {
        /// Position in the context.
        position: usize,
        /// What was computed with.
        precision: String,
    },
    /// There is no memory for the model.
    #[error(
        "the model needs about {:.1} GB of memory, and {:.1} GB are free{}",
        *needed as f64 / 1e9,
        *free as f64 / 1e9,
        on_cards(cards)
    )]
    NoRoom {
        /// Bytes that it takes at least.
        needed: u64,
        /// Bytes of main memory that are free.
        free: u64,
        /// Bytes that are free on graphics cards.
        cards: Vec<u64>,
    },
    /// Every way of computing the model has failed.
    #[error("no way of computing the model is left: {}", tried.join("; "))]
    NoWay {
        /// What was tried, and what happened.
        tried: Vec<String>,
    },
    /// There is no room for weights that are to be kept.
    #[error(
        "{}: the disk is full; {:.1} GB are needed for the quantised weights",
        path.display(),
        *needed as f64 / 1e9
    )]
    DiskFull {
        /// The folder.
        path: PathBuf,
        /// Bytes that are needed.
        needed: u64,
    },
    /// Stopped by the user.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The tensor library refused.
    #[error("tensors: {0}")]
    Tensor(#[from] candle_core::Error),
}

fn on_cards(cards: &[u64]) -> String {
    let told = cards
        .iter()
        .map(|free| format!("{:.1} GB", *free as f64 / 1e9));
    let told: Vec<String> = told.collect();
    match told.is_empty() {
        true => String::new(),
        false => format!("; on graphics cards {}", told.join(" and ")),
    }
}

impl Error {
    /// The code of the refusal, with a page in `docs/refusals`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "E-MODEL-FILE",
            Self::Damaged { .. } | Self::Missing { .. } | Self::Shape { .. } => "E-MODEL-DAMAGED",
            Self::Architecture { .. } | Self::Config { .. } => "E-MODEL-KIND",
            Self::Tokenizer { .. } => "E-TOKENIZER",
            Self::TooLong { .. } => "E-CONTEXT",
            Self::Request { .. } => "E-GENERATE",
            Self::NonFinite { .. } => "E-NON-FINITE",
            Self::NoRoom { .. } => "E-MODEL-MEMORY",
            Self::DiskFull { .. } => "E-DISK-FULL",
            Self::Cancelled(_) => "E-CANCELLED",
            Self::Tensor(_) | Self::NoWay { .. } => "E-MODEL",
        }
    }

    pub(crate) fn config(key: &str, reason: impl Into<String>) -> Self {
        Self::Config {
            key: key.to_owned(),
            reason: reason.into(),
        }
    }
}
