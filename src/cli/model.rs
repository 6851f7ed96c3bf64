//! `generate` and `score`: what a model on this machine makes of a text.

mod npy;

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::args::{GenerateArgs, ModelArgs, ScoreArgs};
use super::output::{Failure, Output};
use crate::jobs::JobContext;
use crate::models::{self, Found, Library};
use crate::nn::chat::{self, Content, Message, Role};
use crate::nn::engine::Engine;
use crate::nn::gemma::{Files, Input, Options};
use crate::nn::generate::{Answer, Request, Step, Stop, generate as write_answer};
use crate::nn::plan::Failed;
use crate::nn::processor::{Rgb, pixels};
use crate::nn::sampling::Sampling;
use crate::nn::{Error, Tensor};

/// Positions of which logits are worked out together: a vocabulary is 1 MB for each.
const ROWS: usize = 64;

pub(super) fn failure(error: &Error) -> Failure {
    let code = error.code();
    Failure::new(code, error.to_string())
        .hint(format!("`oncotwin explain {code}` says what can be done."))
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let path = path.to_owned();
    move |e| Failure::new("E-READ", e.to_string()).at(path.display())
}

/// The installed model of that name, where no file has it.
fn installed(args: &ModelArgs) -> Result<Option<Found>, Failure> {
    let name = args.model.to_str().filter(|_| !args.model.exists());
    let Some(name) = name else {
        return Ok(None);
    };
    // Who names a file that is not there need not have a folder of models.
    let library = match Library::at(args.models.as_deref()) {
        Err(models::Error::NoHome) => return Ok(None),
        library => library,
    };
    library
        .and_then(|library| library.find(name))
        .map_err(|e| super::models::failure(&e))
}

/// Why work with a model ended.
enum Halt {
    /// The model's fault, perhaps that of the way in which it was computed.
    Model(Error),
    /// Another one's.
    Said(Failure),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Model(error)
    }
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Said(failure)
    }
}

/// Opens a model and works with it; a way of computing it that fails gives way to the next.
fn with<T>(
    args: &ModelArgs,
    work: impl Fn(&Engine) -> Result<T, Halt>,
) -> Result<(T, Engine), Failure> {
    let (weights, vision, tokenizer) = match installed(args)? {
        Some(found) => (found.weights, found.vision, found.tokenizer),
        None => (args.model.clone(), None, None),
    };
    let files = Files {
        weights,
        vision: args.mmproj.clone().or(vision),
    };
    let tokenizer = args.tokenizer.clone().or(tokenizer);
    let mut options = Options {
        wish: args.precision.into(),
        place: args.device.into(),
        ..Options::auto(POSITIONS)
    };
    let mut before: Option<Error> = None;
    loop {
        let job = JobContext::default();
        let engine = match Engine::open(&files, tokenizer.as_deref(), &options, &job) {
            Ok(engine) => engine,
            Err(no_way @ Error::NoWay { .. }) => {
                return Err(failure(before.as_ref().unwrap_or(&no_way)));
            }
            Err(error) => return Err(failure(&error)),
        };
        match work(&engine) {
            Ok(done) => return Ok((done, engine)),
            Err(Halt::Said(failure)) => return Err(failure),
            Err(Halt::Model(error)) => {
                options.failed = engine.give_up(&error).ok_or_else(|| failure(&error))?;
                before = Some(error);
            }
        }
    }
}

/// Ways that were tried before the one that worked.
fn tried(engine: &Engine) -> Vec<String> {
    engine.failed.iter().map(Failed::told).collect()
}

/// A turn as other programs write it.
#[derive(Deserialize)]
struct Turn {
    role: Role,
    content: Said,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Part {
    Text { text: String },
    Image,
}

fn conversation(args: &GenerateArgs) -> Result<Vec<Message>, Failure> {
    if let Some(path) = &args.messages {
        let text = std::fs::read_to_string(path).map_err(unreadable(path))?;
        let turns: Vec<Turn> = serde_json::from_str(&text)
            .map_err(|e| Failure::new("E-GENERATE", e.to_string()).at(path.display()))?;
        let part = |part| match part {
            Part::Text { text } => Content::Text(text),
            Part::Image => Content::Image,
        };
        let message = |turn: Turn| Message {
            role: turn.role,
            content: match turn.content {
                Said::Text(text) => vec![Content::Text(text)],
                Said::Parts(parts) => parts.into_iter().map(part).collect(),
            },
        };
        return Ok(turns.into_iter().map(message).collect());
    }
    let mut content = vec![Content::Image; args.image.len()];
    content.push(Content::Text(prompt(args)?));
    Ok(vec![Message {
        role: Role::User,
        content,
    }])
}

fn prompt(args: &GenerateArgs) -> Result<String, Failure> {
    match (&args.prompt, &args.prompt_file) {
        (Some(text), _) => Ok(text.clone()),
        (None, Some(path)) => std::fs::read_to_string(path).map_err(unreadable(path)),
        (None, None) => Err(Failure::new("E-GENERATE", "there is nothing to answer")),
    }
}

fn picture(path: &Path) -> Result<Rgb, Failure> {
    let wrong = |e: image::ImageError| {
        let failure = Failure::new("E-READ", e.to_string()).at(path.display());
        failure.hint("Images are read as PNG.")
    };
    let picture = image::open(path).map_err(wrong)?.to_rgb8();
    let (width, height) = picture.dimensions();
    Ok(Rgb {
        size: [width as usize, height as usize],
        pixels: picture.into_raw(),
    })
}

/// Tokens of what was asked; those of the conversation with places for images.
fn tokens(args: &GenerateArgs, engine: &Engine) -> Result<Vec<u32>, Failure> {
    let failed = |e: Error| failure(&e);
    if args.raw {
        if !args.image.is_empty() || args.messages.is_some() {
            let reason = "--raw continues a text; conversations and images need their template";
            return Err(Failure::new("E-GENERATE", reason));
        }
        let mut tokens = vec![engine.tokenizer.specials().bos];
        tokens.extend(engine.tokenizer.encode(&prompt(args)?).map_err(failed)?);
        return Ok(tokens);
    }
    let messages = conversation(args)?;
    let marks = engine.model.vision().map(|(_, marks)| marks);
    let places = messages
        .iter()
        .flat_map(|m| &m.content)
        .filter(|c| **c == Content::Image);
    let n = places.count();
    if n != args.image.len() {
        let reason = format!(
            "the messages have places for {n} images; {} were given",
            args.image.len()
        );
        return Err(Failure::new("E-GENERATE", reason).hint("Give one --image for each place."));
    }
    chat::encode(&messages, &engine.tokenizer, marks).map_err(failed)
}

pub(super) fn generate(args: &GenerateArgs) -> Result<Output, Failure> {
    let failed = |e: Error| failure(&e);
    let sampling = Sampling {
        temperature: args.temperature,
        top_k: args.top_k,
        top_p: args.top_p,
        repetition_penalty: args.repetition_penalty,
        seed: args.seed,
    };
    sampling.check().map_err(failed)?;
    let pictures: Vec<Rgb> = args
        .image
        .iter()
        .map(|p| picture(p))
        .collect::<Result<_, _>>()?;
    let (written, engine) = with(&args.model, |engine| {
        write(args, sampling, &pictures, engine)
    })?;
    let Written {
        answer,
        prompt_tokens,
        read,
        wrote,
    } = written;
    let rate = |n: usize, seconds: f64| (n > 0 && seconds > 0.0).then(|| n as f64 / seconds);
    let stop = match answer.stop {
        Stop::End => "end",
        Stop::Length => "length",
    };
    let json = json!({
        "text": answer.text, "token_ids": answer.tokens, "prompt_tokens": prompt_tokens,
        "prefill_tokens_per_s": rate(prompt_tokens, read.as_secs_f64()),
        "decode_tokens_per_s": rate(answer.tokens.len().saturating_sub(1), wrote.as_secs_f64()),
        "peak_rss_mib": super::memory::peak_mib(), "device": engine.plan.place(),
        "precision": engine.model.precision(), "expected_mib": engine.plan.bytes() >> 20,
        "tried_before": tried(&engine), "stop_reason": stop,
    });
    let mut text = answer.text;
    for way in tried(&engine) {
        text.push_str(&format!("\n(tried before in vain: {way})"));
    }
    Ok(Output::new(text, json))
}

/// What was written, and how long it took.
struct Written {
    answer: Answer,
    prompt_tokens: usize,
    read: Duration,
    wrote: Duration,
}

fn write(
    args: &GenerateArgs,
    sampling: Sampling,
    pictures: &[Rgb],
    engine: &Engine,
) -> Result<Written, Halt> {
    let Engine {
        model, tokenizer, ..
    } = engine;
    let tokens = tokens(args, engine)?;
    let job = JobContext::default();
    let mut images = Vec::new();
    for picture in pictures {
        let side = model.vision().map_or(0, |(config, _)| config.image);
        images.push(model.see(&pixels(picture, side)?, &job)?);
    }
    let request = Request {
        input: Input { tokens, images },
        new_tokens: args.max_new,
        sampling,
    };
    let prompt_tokens = request.input.tokens.len();
    let limit = prompt_tokens.saturating_add(args.max_new).min(POSITIONS);
    let mut cache = model.cache(limit)?;
    // How long it took is part of the answer; it enters no result.
    let begin = Instant::now();
    let mut read = begin.elapsed();
    let mut tell = |step: Step<'_>| {
        if step == Step::Read {
            read = begin.elapsed();
        }
    };
    let answer = write_answer(model, tokenizer, &request, &mut cache, &job, &mut tell)?;
    Ok(Written {
        answer,
        prompt_tokens,
        read,
        wrote: begin.elapsed().saturating_sub(read),
    })
}

/// Longest context, prompt and answer.
const POSITIONS: usize = 8192;

pub(super) fn score(args: &ScoreArgs) -> Result<Output, Failure> {
    let path = &args.text_file;
    let text = std::fs::read_to_string(path).map_err(unreadable(path))?;
    let (scored, engine) = with(&args.model, |engine| scored(args, &text, engine))?;
    let Scored { n, mean_nll, top1 } = scored;
    let mut text = format!(
        "{n} tokens, mean negative log likelihood {mean_nll:.4}, perplexity {:.2}",
        mean_nll.exp()
    );
    for way in tried(&engine) {
        text.push_str(&format!("\n(tried before in vain: {way})"));
    }
    Ok(Output::new(
        text,
        json!({"n_tokens": n, "mean_nll": mean_nll, "top1": top1, "tried_before": tried(&engine)}),
    ))
}

/// How likely a text is.
struct Scored {
    n: usize,
    mean_nll: f64,
    top1: Vec<usize>,
}

fn scored(args: &ScoreArgs, text: &str, engine: &Engine) -> Result<Scored, Halt> {
    let mut tokens = vec![engine.tokenizer.specials().bos];
    tokens.extend(engine.tokenizer.encode(text)?);
    let n = tokens.len();
    let job = JobContext::default();
    let mut cache = engine.model.cache(n)?;
    let input = Input {
        tokens: tokens.clone(),
        images: Vec::new(),
    };
    let states = engine.model.read(&input, n, &mut cache, &job)?;
    let mut file = match &args.logits {
        Some(path) => Some(npy::Writer::create(path, [n, engine.model.vocabulary()])?),
        None => None,
    };
    let (mut nll, mut top1) = (0.0, Vec::with_capacity(n));
    for from in (0..n).step_by(ROWS) {
        let logits = rows(engine, &states, from..(from + ROWS).min(n))?;
        for (row, logits) in logits.iter().enumerate() {
            let position = from + row;
            if logits.iter().any(|logit| !logit.is_finite()) {
                let precision = engine.model.precision().to_owned();
                return Err(Halt::Model(Error::NonFinite {
                    position,
                    precision,
                }));
            }
            if let Some(file) = &mut file {
                file.row(logits)?;
            }
            let best = logits
                .iter()
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
            top1.push(best.map_or(0, |(token, _)| token));
            if let Some(next) = tokens.get(position + 1) {
                nll -= log_share(logits, *next as usize);
            }
        }
    }
    if let Some(file) = file {
        file.finish()?;
    }
    let mean_nll = nll / (n.max(2) - 1) as f64;
    Ok(Scored { n, mean_nll, top1 })
}

fn rows(
    engine: &Engine,
    states: &Tensor,
    span: std::ops::Range<usize>,
) -> crate::nn::Result<Vec<Vec<f32>>> {
    let logits = engine
        .model
        .logits(&states.narrow(0, span.start, span.len())?)?;
    Ok(logits.to_vec2()?)
}

/// Logarithm of a token's share.
fn log_share(logits: &[f32], token: usize) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let all: f64 = logits.iter().map(|l| f64::from(l - most).exp()).sum();
    f64::from(logits[token] - most) - all.ln()
}
