//! The model that is open, what it has read of a case, and drafts that it writes.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use parking_lot::Mutex;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::describe;
use super::find::Found;
use super::prompt::{Budget, Prompt};
use super::{Extent, Rendering, Request, Task};
use crate::jobs::JobContext;
use crate::narrate::FactTable;
use crate::nn::cache::Cache;
use crate::nn::chat::{self, Message};
use crate::nn::engine::Engine;
use crate::nn::gemma::{Files, Input, Options};
use crate::nn::generate::{self, Step, Stop, generate};
use crate::nn::plan::{Failed, Plan};
use crate::nn::processor::{Rgb, pixels};
use crate::nn::sampling::Sampling;
use crate::nn::weights::{Target, Weights};
use crate::nn::{Error, Result};

/// Bytes that are hashed between two looks at whether to go on.
const PIECE: usize = 1 << 20;
/// Tokens around the words of a prompt: marks of turns and images.
const AROUND: usize = 24;

/// Words as they are written; read by the window while the model writes.
#[derive(Clone, Debug, Default)]
pub struct Words(Arc<Mutex<String>>);

impl Words {
    /// What was written so far.
    #[must_use]
    pub fn read(&self) -> String {
        self.0.lock().clone()
    }

    fn begin_anew(&self) {
        self.0.lock().clear();
    }

    fn add(&self, words: &str) {
        self.0.lock().push_str(words);
    }
}

/// A file with its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Read {
    /// Name without its folder.
    pub name: String,
    /// SHA-256, hex.
    pub sha256: String,
}

/// What a draft was made of, and by what.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Provenance {
    /// Name of the model.
    pub model: String,
    /// Its files.
    pub weights: Vec<Read>,
    /// How its weights are held.
    pub precision: String,
    /// Memory that they were expected to take, bytes.
    pub memory: u64,
    /// Where it was computed.
    pub device: String,
    /// The same as a code word.
    pub place: String,
    /// What had failed before, as code words: precision and place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<String>,
    /// How pictures were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendering: Option<Rendering>,
    /// Name and version of the prompt.
    pub prompt: &'static str,
    /// Hash of the tokens that were read.
    pub prompt_sha256: String,
    /// Facts in the prompt.
    pub facts: usize,
    /// Facts that did not fit.
    pub facts_left_out: usize,
    /// Hashes of the pictures.
    pub images: Vec<String>,
    /// How much was read and written at most.
    pub extent: Extent,
    /// How words were chosen.
    pub sampling: Sampling,
    /// Tokens of the prompt, images among them.
    pub prompt_tokens: usize,
    /// Of these, tokens that had been read for an earlier draft.
    pub known_tokens: usize,
    /// Tokens that were written.
    pub new_tokens: usize,
    /// Seconds until the first new token.
    pub read_s: f64,
    /// Seconds from there on.
    pub write_s: f64,
    /// What had failed before, where another precision or another place had to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// Hash of the text.
    pub text_sha256: String,
}

impl Provenance {
    /// New tokens in a second, but the first.
    #[must_use]
    pub fn speed(&self) -> Option<f64> {
        let n = self.new_tokens.checked_sub(1).filter(|n| *n > 0)?;
        (self.write_s > 0.0).then(|| n as f64 / self.write_s)
    }
}

/// What a model wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Its words, unchecked.
    pub text: String,
    /// It was not finished when it had written as much as it may.
    pub is_cut: bool,
    /// What it was made of, and by what.
    pub provenance: Provenance,
}

/// The model that is open.
#[derive(Clone, Debug)]
pub struct OpenModel {
    /// Its name.
    pub name: String,
    /// Where and how it is held.
    pub plan: Plan,
}

/// Keeps one model open from draft to draft.
#[derive(Default)]
pub struct Host {
    open: Option<Open>,
}

struct Open {
    name: String,
    stamps: Vec<Stamp>,
    engine: Engine,
    weights: Vec<Read>,
    prefix: Option<Prefix>,
}

/// What every prompt of a case begins with, as the model remembers it.
struct Prefix {
    extent: Extent,
    tokens: Vec<u32>,
    images: Vec<String>,
    cache: Cache,
}

/// A prompt as the model reads it.
struct Asked {
    prompt: Prompt,
    tokens: Vec<u32>,
    /// So many of them are the same for all facts.
    fixed: usize,
}

impl Host {
    /// What is open.
    #[must_use]
    pub fn open_model(&self) -> Option<OpenModel> {
        let open = self.open.as_ref()?;
        Some(OpenModel {
            name: open.name.clone(),
            plan: open.engine.plan.clone(),
        })
    }

    /// Lets go of the model and its memory.
    pub fn close(&mut self) {
        self.open = None;
    }

    /// Writes a draft with a model, which is opened where another one is open.
    ///
    /// # Errors
    /// What [`Engine::open`] and [`generate()`] refuse, or [`Error::Cancelled`].
    pub fn draft(
        &mut self,
        model: &Found,
        request: &Request,
        words: &Words,
        job: &JobContext,
    ) -> Result<Draft> {
        let stamps = stamps(&model.files);
        if self.open.as_ref().is_none_or(|open| open.stamps != stamps) {
            // Two models need not fit.
            self.open = None;
            self.open = Some(Open::of(model, stamps, job)?);
        }
        loop {
            let Some(open) = &mut self.open else {
                unreachable!("opened above and below")
            };
            let error = match open.draft(request, words, job) {
                Err(error) if !matches!(error, Error::Cancelled(_)) => error,
                ended => return ended,
            };
            let failed = open.engine.give_up(&error);
            let before = self.open.take();
            let (Some(failed), Some(before)) = (failed, before) else {
                return Err(error);
            };
            // What this way cannot hold, another may: floats for four bits, the processor for a card.
            words.begin_anew();
            match before.another(&model.files, failed, job) {
                Ok(open) => self.open = Some(open),
                Err(Error::NoWay { .. }) => return Err(error),
                Err(other) => return Err(other),
            }
        }
    }
}

impl Open {
    fn of(model: &Found, stamps: Vec<Stamp>, job: &JobContext) -> Result<Self> {
        let files = &model.files;
        let weights = fingerprints(files, job)?;
        for (path, read) in &weights {
            let arrived = model.arrived.iter().find(|a| a.name == read.name);
            if let Some(arrived) = arrived.filter(|a| a.sha256 != read.sha256) {
                return Err(Error::Damaged {
                    path: path.clone(),
                    reason: format!(
                        "is not what it was when it arrived (SHA-256 {} in place of {})",
                        read.sha256, arrived.sha256
                    ),
                });
            }
        }
        let weights = weights.into_iter().map(|(_, read)| read).collect();
        Ok(Self {
            name: model.name.clone(),
            stamps,
            engine: engine(files, Vec::new(), job)?,
            weights,
            prefix: None,
        })
    }

    /// The same model in another way than those that failed.
    fn another(self, files: &Files, failed: Vec<Failed>, job: &JobContext) -> Result<Self> {
        let Self {
            name,
            stamps,
            weights,
            engine: before,
            ..
        } = self;
        // Two ways need not fit.
        drop(before);
        Ok(Self {
            name,
            stamps,
            engine: engine(files, failed, job)?,
            weights,
            prefix: None,
        })
    }

    fn draft(&mut self, request: &Request, words: &Words, job: &JobContext) -> Result<Draft> {
        let extent = request.extent;
        let images = self.pictures(request);
        let hashes: Vec<String> = images
            .iter()
            .map(|i| hex(&Sha256::digest(&i.pixels)))
            .collect();
        let asked = self.ask(request, images.len())?;
        let start = Instant::now();
        let (mut cache, known_tokens) = self.begin(&asked, extent, images, &hashes, job)?;
        let rest = generate::Request {
            input: Input {
                tokens: asked.tokens[asked.fixed..].to_vec(),
                images: Vec::new(),
            },
            new_tokens: extent.answer(),
            sampling: request.sampling,
        };
        let mut read = start.elapsed();
        let mut tell = |step: Step<'_>| match step {
            Step::Read => read = start.elapsed(),
            Step::Wrote(new) => words.add(new),
        };
        let Engine {
            model, tokenizer, ..
        } = &self.engine;
        let answer = generate(model, tokenizer, &rest, &mut cache, job, &mut tell)?;
        let wrote = start.elapsed().saturating_sub(read);
        let ids: Vec<u8> = asked.tokens.iter().flat_map(|t| t.to_le_bytes()).collect();
        let text = answer.text.trim().to_owned();
        Ok(Draft {
            is_cut: answer.stop == Stop::Length,
            provenance: Provenance {
                model: self.name.clone(),
                weights: self.weights.clone(),
                precision: model.precision().to_owned(),
                memory: self.engine.plan.bytes(),
                device: self.engine.plan.place(),
                place: self.engine.plan.code(),
                tried: self.engine.failed.iter().map(|f| f.plan.words()).collect(),
                rendering: (!hashes.is_empty()).then_some(request.rendering),
                prompt: asked.prompt.name,
                prompt_sha256: hex(&Sha256::digest(&ids)),
                facts: asked.prompt.shown,
                facts_left_out: asked.prompt.left_out,
                images: hashes,
                extent,
                sampling: request.sampling,
                prompt_tokens: asked.tokens.len(),
                known_tokens,
                new_tokens: answer.tokens.len(),
                read_s: read.as_secs_f64(),
                write_s: wrote.as_secs_f64(),
                instead_of: self.instead_of(),
                text_sha256: hex(&Sha256::digest(&text)),
            },
            text,
        })
    }

    /// The pictures that the model is shown.
    fn pictures<'a>(&self, request: &'a Request) -> &'a [Rgb] {
        let n = match self.engine.model.vision() {
            Some(_) => request.extent.images().min(request.images.len()),
            None => 0,
        };
        &request.images[..n]
    }

    /// Ways that were tried before this one.
    fn instead_of(&self) -> Option<String> {
        let told: Vec<String> = self.engine.failed.iter().map(Failed::told).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    fn ask(&self, request: &Request, images: usize) -> Result<Asked> {
        if images == 0 && matches!(request.task, Task::Description(_)) {
            let reason = "this model reads text only, and sees no image".to_owned();
            return Err(Error::Request { reason });
        }
        let marks = self.engine.model.vision().map(|(_, marks)| marks);
        let each = marks.map_or(0, |marks| marks.per_image + 4);
        let tokenizer = &self.engine.tokenizer;
        let budget = Budget {
            tokens: request
                .extent
                .prompt()
                .saturating_sub(images * each + AROUND),
            count: &|text| Ok(tokenizer.encode_words(text)?.len()),
        };
        let encode = |messages: &[Message]| chat::encode(messages, tokenizer, marks);
        let [prompt, bare] = match &request.task {
            Task::Narrative(facts) => {
                let of = |facts| Prompt::of(facts, images, &budget);
                [of(facts)?, of(&FactTable::default())?]
            }
            Task::Description(known) => [describe::prompt(known), describe::prompt("")],
        };
        let (tokens, bare) = (encode(&prompt.messages)?, encode(&bare.messages)?);
        let same = tokens.iter().zip(&bare).take_while(|(a, b)| a == b);
        Ok(Asked {
            fixed: same.count().min(tokens.len() - 1),
            prompt,
            tokens,
        })
    }

    /// A cache that holds what is the same for all facts, and how much of that was known. It is read by
    /// itself whether it is known or not, so that a draft does not depend on that.
    fn begin(
        &mut self,
        asked: &Asked,
        extent: Extent,
        images: &[Rgb],
        hashes: &[String],
        job: &JobContext,
    ) -> Result<(Cache, usize)> {
        let tokens = &asked.tokens[..asked.fixed];
        if let Some(known) = &self.prefix
            && known.extent == extent
            && known.tokens == tokens
            && known.images == hashes
        {
            return Ok((known.cache.fork()?, tokens.len()));
        }
        self.prefix = None;
        let model = &self.engine.model;
        let mut seen = Vec::with_capacity(images.len());
        for image in images {
            let side = model.vision().map_or(0, |(config, _)| config.image);
            seen.push(model.see(&pixels(image, side)?, job)?);
        }
        let mut cache = model.cache(extent.positions())?;
        let input = Input {
            tokens: tokens.to_vec(),
            images: seen,
        };
        job.progress.step("Reading the prompt");
        model.read(&input, 1, &mut cache, job)?;
        let fork = cache.fork()?;
        self.prefix = Some(Prefix {
            extent,
            tokens: tokens.to_vec(),
            images: hashes.to_vec(),
            cache,
        });
        Ok((fork, 0))
    }
}

fn engine(files: &Files, failed: Vec<Failed>, job: &JobContext) -> Result<Engine> {
    let options = Options {
        failed,
        ..Options::auto(Extent::Comprehensive.positions())
    };
    Engine::open(files, None, &options, job)
}

/// A file with its size and the time of its last change.
type Stamp = (PathBuf, u64, Option<SystemTime>);

/// Files of a model, and what lies beside them: a file that is put in the place of another is noticed.
fn stamps(files: &Files) -> Vec<Stamp> {
    let folder = if files.weights.is_dir() {
        Some(files.weights.as_path())
    } else {
        files.weights.parent()
    };
    let beside = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let is_of_model = |path: &PathBuf| {
        let is = |kind: &str| {
            path.extension()
                .is_some_and(|e| e.eq_ignore_ascii_case(kind))
        };
        ["gguf", "safetensors", "json"].into_iter().any(is)
    };
    let beside = beside.into_iter().flatten().flatten();
    let beside = beside.map(|e| e.path()).filter(is_of_model);
    let mut paths: Vec<PathBuf> = beside.chain(files.vision.clone()).collect();
    paths.push(files.weights.clone());
    paths.sort();
    paths.dedup();
    let stamp = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok();
        let size = metadata.as_ref().map_or(0, std::fs::Metadata::len);
        (path, size, metadata.and_then(|m| m.modified().ok()))
    };
    let mut stamps: Vec<Stamp> = paths.into_iter().map(stamp).collect();
    // Two files of one folder are told apart by this.
    stamps.push((files.weights.clone(), 0, None));
    stamps
}

fn fingerprints(files: &Files, job: &JobContext) -> Result<Vec<(PathBuf, Read)>> {
    job.progress.step("Taking the fingerprint of the weights");
    let mut paths = Weights::open(&files.weights, Target::cpu())?.files();
    paths.extend(files.vision.clone());
    let sizes: Vec<u64> = paths
        .iter()
        .map(|path| std::fs::metadata(path).map_or(0, |m| m.len()))
        .collect();
    let total: u64 = sizes.iter().sum();
    let mut done = 0;
    let mut hashed = Vec::with_capacity(paths.len());
    for path in paths {
        let sha256 = hash(&path, |n| {
            job.check()?;
            done += n as u64;
            job.progress
                .set((done >> 10) as usize, (total >> 10) as usize);
            Ok(())
        })?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy().into_owned();
        hashed.push((path, Read { name, sha256 }));
    }
    Ok(hashed)
}

fn hash(path: &Path, mut went_on: impl FnMut(usize) -> Result<()>) -> Result<String> {
    let failed = |source| Error::File {
        path: PathBuf::from(path),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        let n = file.read(&mut piece).map_err(failed)?;
        if n == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&piece[..n]);
        went_on(n)?;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
