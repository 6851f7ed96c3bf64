//! `generate` and `score`: what a model on this machine makes of a text.

mod npy;

use std::path::Path;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use super::args::{GenerateArgs, ModelArgs, ScoreArgs};
use super::output::{Failure, Output};
use crate::jobs::JobContext;
use crate::models::{self, Found, Library};
use crate::nn::chat::{self, Content, Message, Role};
use crate::nn::engine::Engine;
use crate::nn::gemma::{Files, Input, Options};
use crate::nn::generate::{Request, Step, Stop, generate as write_answer};
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

fn open(args: &ModelArgs, positions: usize) -> Result<Engine, Failure> {
    let found = installed(args)?;
    let (weights, vision, tokenizer) = match found {
        Some(found) => (found.weights, found.vision, found.tokenizer),
        None => (args.model.clone(), None, None),
    };
    let files = Files {
        weights,
        vision: args.mmproj.clone().or(vision),
    };
    let tokenizer = args.tokenizer.clone().or(tokenizer);
    let options = Options {
        wish: args.precision.into(),
        place: args.device.into(),
        ..Options::auto(positions)
    };
    let job = JobContext::default();
    Engine::open(&files, tokenizer.as_deref(), &options, &job).map_err(|e| failure(&e))
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
    let engine = open(&args.model, POSITIONS)?;
    let tokens = tokens(args, &engine)?;
    let job = JobContext::default();
    let mut images = Vec::new();
    for picture in &pictures {
        let side = engine.model.vision().map_or(0, |(config, _)| config.image);
        let seen = pixels(picture, side).and_then(|p| engine.model.see(&p, &job));
        images.push(seen.map_err(failed)?);
    }
    let request = Request {
        input: Input { tokens, images },
        new_tokens: args.max_new,
        sampling,
    };
    let prompt_tokens = request.input.tokens.len();
    let mut cache = engine
        .model
        .cache((prompt_tokens + args.max_new).min(POSITIONS))
        .map_err(failed)?;
    // How long it took is part of the answer; it enters no result.
    let begin = Instant::now();
    let mut read = begin.elapsed();
    let mut tell = |step: Step<'_>| {
        if step == Step::Read {
            read = begin.elapsed();
        }
    };
    let (model, tokenizer) = (&engine.model, &engine.tokenizer);
    let answer =
        write_answer(model, tokenizer, &request, &mut cache, &job, &mut tell).map_err(failed)?;
    let wrote = begin.elapsed().saturating_sub(read);
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
        "precision": model.precision(), "expected_mib": engine.plan.bytes() >> 20, "stop_reason": stop,
    });
    Ok(Output::new(answer.text, json))
}

/// Longest context, prompt and answer.
const POSITIONS: usize = 8192;

pub(super) fn score(args: &ScoreArgs) -> Result<Output, Failure> {
    let failed = |e: Error| failure(&e);
    let path = &args.text_file;
    let text = std::fs::read_to_string(path).map_err(unreadable(path))?;
    let engine = open(&args.model, POSITIONS)?;
    let mut tokens = vec![engine.tokenizer.specials().bos];
    tokens.extend(engine.tokenizer.encode(&text).map_err(failed)?);
    let n = tokens.len();
    let job = JobContext::default();
    let mut cache = engine.model.cache(n).map_err(failed)?;
    let input = Input {
        tokens: tokens.clone(),
        images: Vec::new(),
    };
    let states = engine
        .model
        .read(&input, n, &mut cache, &job)
        .map_err(failed)?;
    let mut file = match &args.logits {
        Some(path) => Some(npy::Writer::create(path, [n, engine.model.vocabulary()])?),
        None => None,
    };
    let (mut nll, mut top1) = (0.0, Vec::with_capacity(n));
    for from in (0..n).step_by(ROWS) {
        for (row, logits) in rows(&engine, &states, from..(from + ROWS).min(n))
            .map_err(failed)?
            .iter()
            .enumerate()
        {
            if let Some(file) = &mut file {
                file.row(logits)?;
            }
            let best = logits
                .iter()
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
            top1.push(best.map_or(0, |(token, _)| token));
            if let Some(next) = tokens.get(from + row + 1) {
                nll -= log_share(logits, *next as usize);
            }
        }
    }
    if let Some(file) = file {
        file.finish()?;
    }
    let mean_nll = nll / (n.max(2) - 1) as f64;
    let text = format!(
        "{n} tokens, mean negative log likelihood {mean_nll:.4}, perplexity {:.2}",
        mean_nll.exp()
    );
    Ok(Output::new(
        text,
        json!({"n_tokens": n, "mean_nll": mean_nll, "top1": top1}),
    ))
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
