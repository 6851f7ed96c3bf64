//! Gemma 3 and MedGemma: text and images in, logits out.

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};

use super::attention::Blocks;
use super::cache::Cache;
use super::config::{Config, ImageTokens, TextConfig, VisionConfig, text_of_gguf, vision_of_gguf};
use super::placement::Placement;
use super::plan::{Failed, Machine, Place, Plan, Precision, Stored, Wish, plans};
use super::quantise;
use super::text::Text;
use super::vision::Vision;
use super::weights::{Part, Target, Weights};
use crate::jobs::JobContext;
use crate::nn::{Error, Result};

/// Tokens that are read in one go. More fill the processor no better and need more memory.
const CHUNK: usize = 512;

/// Where a model's pieces are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// A GGUF file, a safetensors file beside its `config.json`, or a folder with both.
    pub weights: PathBuf,
    /// The second file of a multimodal GGUF (mmproj).
    pub vision: Option<PathBuf>,
}

/// How a model is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Longest context, tokens.
    pub positions: usize,
    /// In how many bits.
    pub wish: Wish,
    /// Where it is computed.
    pub place: Place,
    /// Ways that were tried and failed.
    pub failed: Vec<Failed>,
    /// Folder for quantised weights, where it is not [`quantise::default_folder`].
    pub kept: Option<PathBuf>,
}

impl Options {
    /// Where and in as many bits as suit.
    #[must_use]
    pub const fn auto(positions: usize) -> Self {
        Self {
            positions,
            wish: Wish::Auto,
            place: Place::Auto,
            failed: Vec::new(),
            kept: None,
        }
    }
}

/// A model, ready to compute.
pub struct Gemma {
    text: Text,
    vision: Option<Vision>,
    images: Option<ImageTokens>,
    precision: String,
    positions: usize,
}

/// What opening a model would take.
pub struct Estimate {
    /// Rows of its vocabulary.
    pub vocabulary: usize,
    /// It sees images.
    pub sees: bool,
    /// How it would be opened; [`Error::NoRoom`] where it does not fit.
    pub plan: Result<Plan>,
}

/// A model that was opened.
pub struct Opened {
    /// The model.
    pub model: Gemma,
    /// Where and how it is held.
    pub plan: Plan,
    /// Better ways that failed.
    pub failed: Vec<Failed>,
}

/// A piece of context: tokens, and what stands in the places of soft ones.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Tokens, each soft one in its place.
    pub tokens: Vec<u32>,
    /// Soft tokens of the images, in order: (tokens, hidden) each, from [`Gemma::see`].
    pub images: Vec<Tensor>,
}

impl Gemma {
    /// Opens a model, where and in as many bits as suit it and the machine. A way that fails on a card although
    /// it was expected to work gives way to the next.
    ///
    /// # Errors
    /// What is wrong with the files, [`Error::NoRoom`], [`Error::DiskFull`], or [`Error::Cancelled`].
    pub fn open(files: &Files, options: &Options, job: &JobContext) -> Result<Opened> {
        let described = described(files)?;
        let mut failed = options.failed.clone();
        loop {
            let plan = best(&described, options, &failed, &Machine::here())?;
            match Self::open_as(&plan, &described, options, job) {
                Ok(model) => {
                    return Ok(Opened {
                        model,
                        plan,
                        failed,
                    });
                }
                Err(Error::Tensor(error)) if plan.uses_cards() => failed.push(Failed {
                    plan,
                    reason: error.to_string(),
                    is_non_finite: false,
                }),
                Err(error) => return Err(error),
            }
        }
    }

    fn open_as(
        plan: &Plan,
        Described {
            config,
            weights,
            vision,
        }: &Described,
        options: &Options,
        job: &JobContext,
    ) -> Result<Self> {
        let placement = Placement::of(plan)?;
        let (config, positions) = (config.clone(), options.positions);
        let vision = vision.as_ref().unwrap_or(weights);
        if plan.precision != Precision::FourBits {
            let model = Self::load_onto(config, [weights, vision], positions, &placement, job)?;
            let precision = match plan.precision {
                Precision::Bf16 => "BF16".to_owned(),
                Precision::F16 => "F16".to_owned(),
                Precision::Floats => weights.kept_floats().as_str().to_uppercase(),
                Precision::AsStored | Precision::FourBits => weights.precision(),
            };
            return Ok(Self { precision, ..model });
        }
        let folder = options.kept.clone().or_else(quantise::default_folder);
        let folder = folder.ok_or_else(|| Error::Request {
            reason: "the system names no folder where quantised weights could be kept".to_owned(),
        })?;
        let path = quantise::four_bits(weights, &config.text, &folder, job)?;
        let text = Weights::open(&path, Target::cpu())?;
        Self::load_onto(config, [&text, vision], positions, &placement, job)
    }

    /// How a model would be opened on a machine; only headers and settings are read.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn estimate(files: &Files, options: &Options, machine: &Machine) -> Result<Estimate> {
        let described = described(files)?;
        Ok(Estimate {
            vocabulary: described.config.text.vocabulary,
            sees: described.config.vision.is_some(),
            plan: best(&described, options, &options.failed, machine),
        })
    }

    /// Whether these are files of a model that can be run; only headers and settings are read.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn check(files: &Files) -> Result<()> {
        described(files).map(|_| ())
    }

    /// Of open weights, where these go; those of the vision part are in the same files unless given.
    ///
    /// # Errors
    /// What is wrong with the weights, or [`Error::Cancelled`].
    pub fn load(
        config: Config,
        weights: &Weights,
        vision_weights: Option<&Weights>,
        positions: usize,
        job: &JobContext,
    ) -> Result<Self> {
        let placement = Placement::whole(weights.target().clone());
        let vision = vision_weights.unwrap_or(weights);
        Self::load_onto(config, [weights, vision], positions, &placement, job)
    }

    fn load_onto(
        config: Config,
        [weights, vision_weights]: [&Weights; 2],
        positions: usize,
        placement: &Placement,
        job: &JobContext,
    ) -> Result<Self> {
        let (hidden, epsilon) = (config.text.hidden, config.text.epsilon);
        let positions = positions.min(config.text.positions);
        job.progress.step("Reading the model");
        let text = Text::load(weights, config.text, positions, placement, job)?;
        let vision = match &config.vision {
            Some((vision, tokens)) => {
                job.progress.step("Reading the part for images");
                let weights = &vision_weights.onto(placement.home().clone());
                let size = [tokens.per_image, hidden];
                Some(Vision::load(weights, vision.clone(), size, epsilon, job)?)
            }
            None => None,
        };
        Ok(Self {
            text,
            vision,
            images: config.vision.map(|(_, tokens)| tokens),
            precision: weights.precision(),
            positions,
        })
    }

    /// How most of the weights are held.
    #[must_use]
    pub fn precision(&self) -> &str {
        &self.precision
    }

    /// Where embeddings and logits are computed.
    #[must_use]
    pub const fn device(&self) -> &Device {
        self.text.device()
    }

    /// Rows of its vocabulary.
    #[must_use]
    pub const fn vocabulary(&self) -> usize {
        self.text.config().vocabulary
    }

    /// Longest context: what it was opened for, at most what it was made for.
    #[must_use]
    pub const fn positions(&self) -> usize {
        self.positions
    }

    /// How images are looked at, if they are.
    #[must_use]
    pub fn vision(&self) -> Option<(&VisionConfig, ImageTokens)> {
        Some((self.vision.as_ref()?.config(), self.images?))
    }

    /// A cache for so many tokens, at most the longest context.
    ///
    /// # Errors
    /// [`Error::Tensor`] where there is no memory for it.
    pub fn cache(&self, limit: usize) -> Result<Cache> {
        let limit = limit.min(self.positions);
        Cache::new(self.text.config(), limit, self.text.devices())
    }

    /// Soft tokens of an image, (tokens, hidden), from pixels (3, side, side) from −1 to 1.
    ///
    /// # Errors
    /// [`Error::Request`] where the model sees no images, or images of another size.
    pub fn see(&self, pixels: &Tensor, job: &JobContext) -> Result<Tensor> {
        let Some(vision) = &self.vision else {
            let reason =
                "this model reads text only; for images it needs its vision part".to_owned();
            return Err(Error::Request { reason });
        };
        job.progress.step("Looking at an image");
        let pixels = pixels.to_device(self.device())?;
        vision.project(&vision.look(&pixels, job)?)
    }

    /// Reads a piece that follows what the cache holds, and gives the finished states of its last
    /// `wanted` tokens, (wanted, hidden).
    ///
    /// # Errors
    /// [`Error::TooLong`] where the cache has no room, [`Error::Request`] where soft tokens and images do
    /// not agree, [`Error::Cancelled`]. The cache then holds a part of the piece and is to be dropped.
    pub fn read(
        &self,
        input: &Input,
        wanted: usize,
        cache: &mut Cache,
        job: &JobContext,
    ) -> Result<Tensor> {
        self.read_in(CHUNK, input, wanted, cache, job)
    }

    /// As [`Self::read`], so many tokens at a time.
    pub(super) fn read_in(
        &self,
        chunk: usize,
        input: &Input,
        wanted: usize,
        cache: &mut Cache,
        job: &JobContext,
    ) -> Result<Tensor> {
        let tokens = input.tokens.as_slice();
        let end = cache.length() + tokens.len();
        if end > cache.limit() {
            return Err(Error::TooLong {
                tokens: end,
                room: 0,
                limit: cache.limit(),
            });
        }
        if tokens.is_empty() {
            return Err(Error::Request {
                reason: "there is nothing to read".to_owned(),
            });
        }
        if let Some(token) = tokens
            .iter()
            .find(|t| **t as usize >= self.vocabulary() && Some(**t) != self.soft())
        {
            let reason = format!(
                "token {token} is beyond the vocabulary of {}",
                self.vocabulary()
            );
            return Err(Error::Request { reason });
        }
        let mut images = input.images.iter();
        let mut finished = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let n = self.whole_images(tokens, at, chunk);
            let piece = &tokens[at..at + n];
            let blocks = Blocks::of(piece, self.soft(), cache.length());
            let x = self.merge(piece, &mut images)?;
            let x = self.text.forward(x, &blocks, cache, job)?;
            at += n;
            // Of what was not asked for nothing is kept.
            let left = tokens.len() - at;
            let kept = n.min(wanted.saturating_sub(left));
            if kept > 0 {
                finished.push(self.text.finish(&x.narrow(0, n - kept, kept)?)?);
            }
            job.progress.set(at, tokens.len());
        }
        if images.next().is_some() {
            return Err(disagree());
        }
        Ok(Tensor::cat(&finished, 0)?)
    }

    /// Logits of finished states, (rows, vocabulary).
    ///
    /// # Errors
    /// [`Error::Tensor`].
    pub fn logits(&self, finished: &Tensor) -> Result<Tensor> {
        self.text.logits(finished)
    }

    #[cfg(test)]
    pub(super) const fn text_part(&self) -> &Text {
        &self.text
    }

    #[cfg(test)]
    pub(super) fn vision_part(&self) -> &Vision {
        self.vision.as_ref().expect("a part for images")
    }

    fn soft(&self) -> Option<u32> {
        self.images.map(|tokens| tokens.soft)
    }

    /// How many tokens from a place on are read in one go: a chunk, and then on to the end of an image
    /// that it would cut, whose tokens see each other.
    fn whole_images(&self, tokens: &[u32], at: usize, chunk: usize) -> usize {
        let mut end = (at + chunk).min(tokens.len());
        let is_soft = |n: usize| tokens.get(n).copied() == self.soft() && self.images.is_some();
        while end < tokens.len() && is_soft(end - 1) && is_soft(end) {
            end += 1;
        }
        end - at
    }

    /// Embeddings with soft tokens in their places.
    pub(super) fn merge<'a>(
        &self,
        piece: &[u32],
        images: &mut impl Iterator<Item = &'a Tensor>,
    ) -> Result<Tensor> {
        let Some(soft) = self.soft().filter(|soft| piece.contains(soft)) else {
            return self.text.embed(piece);
        };
        let mut parts = Vec::new();
        for run in piece.chunk_by(|a, b| (*a == soft) == (*b == soft)) {
            if run[0] != soft {
                parts.push(self.text.embed(run)?);
                continue;
            }
            let mut left = run.len();
            while left > 0 {
                let image = images
                    .next()
                    .filter(|i| i.dims()[0] <= left)
                    .ok_or_else(disagree)?;
                left -= image.dims()[0];
                parts.push(image.clone());
            }
        }
        Ok(Tensor::cat(&parts, 0)?)
    }
}

/// What files hold by their headers and settings: the weights of the vision part apart where they have a
/// file of their own.
struct Described {
    config: Config,
    weights: Weights,
    vision: Option<Weights>,
}

/// The best way that is left.
fn best(
    described: &Described,
    options: &Options,
    failed: &[Failed],
    machine: &Machine,
) -> Result<Plan> {
    let Described {
        config, weights, ..
    } = described;
    let positions = options.positions.min(config.text.positions);
    let wishes = (options.wish, options.place);
    let mut stored = weights.stored();
    if let Stored::Floats { is_kept, .. } = &mut stored {
        let folder = options.kept.clone().or_else(quantise::default_folder);
        *is_kept = folder.is_some_and(|folder| quantise::is_kept(weights, &folder));
    }
    let mut plans = plans(config, stored, positions, wishes, machine, failed)?;
    Ok(plans.swap_remove(0))
}

fn disagree() -> Error {
    Error::Request {
        reason: "places for images and images do not agree".to_owned(),
    }
}

fn described(files: &Files) -> Result<Described> {
    let weights = Weights::open(&files.weights, Target::cpu())?;
    let (config, vision) = match weights.gguf() {
        Some(_) => of_gguf(&weights, files)?,
        None => (config_beside(&files.weights)?, None),
    };
    let TextConfig {
        vocabulary, hidden, ..
    } = config.text;
    // Settings of another model are noticed before anything is read.
    weights.check(Part::Text, "embed_tokens.weight", &[vocabulary, hidden])?;
    Ok(Described {
        config,
        weights,
        vision,
    })
}

fn of_gguf(weights: &Weights, files: &Files) -> Result<(Config, Option<Weights>)> {
    let kind = |weights: &Weights| {
        let value = weights
            .gguf()
            .and_then(|c| c.metadata.get("general.architecture"));
        value
            .and_then(|v| v.to_string().ok())
            .cloned()
            .unwrap_or_default()
    };
    let refuse = |path: &Path, found: String, wanted| Error::Architecture {
        path: path.to_owned(),
        found,
        wanted,
    };
    let found = kind(weights);
    if found != "gemma3" {
        return Err(refuse(&files.weights, found, "gemma3"));
    }
    let content = weights
        .gguf()
        .unwrap_or_else(|| unreachable!("asked for above"));
    let rows = weights.shape(Part::Text, "embed_tokens.weight")?;
    let text = text_of_gguf(content, rows.first().copied().unwrap_or(0))?;
    let Some(path) = &files.vision else {
        return Ok((Config { text, vision: None }, None));
    };
    let vision = Weights::open(path, Target::cpu())?;
    let found = kind(&vision);
    let projector = vision
        .gguf()
        .and_then(|c| c.metadata.get("clip.projector_type"));
    let is_gemma = projector.is_none_or(|p| p.to_string().is_ok_and(|p| p == "gemma3"));
    let content = match vision.gguf() {
        Some(content) if found == "clip" && is_gemma => content,
        _ => return Err(refuse(path, found, "clip with a projector of Gemma 3")),
    };
    let tokens = ImageTokens {
        begin: 255_999,
        end: 256_000,
        soft: 262_144,
        per_image: 256,
    };
    let config = vision_of_gguf(content, tokens.per_image)?;
    let config = Config {
        text,
        vision: Some((config, tokens)),
    };
    Ok((config, Some(vision)))
}

fn config_beside(weights: &Path) -> Result<Config> {
    let folder = if weights.is_dir() {
        weights
    } else {
        weights.parent().unwrap_or_else(|| Path::new("."))
    };
    let path = folder.join("config.json");
    let text = std::fs::read_to_string(&path).map_err(|source| Error::File { path, source })?;
    Config::from_json(&text)
}
