//! Values, layer by layer, and what every known mistake would make of them.

use candle_core::Tensor;

use super::{apart, common, tensors, tiny};
use crate::jobs::JobContext;
use crate::nn::attention::Blocks;
use crate::nn::cache::Cache;
use crate::nn::config::{Activation, Config, Reach};
use crate::nn::gemma::{Gemma, Input};

/// Largest difference from a reference in single precision. Of the known mistakes the smallest, the gate
/// by the error function, makes fourteen times as much.
const EQUAL: f32 = 1e-4;

struct Case {
    input: Input,
    /// Behind the embeddings, each layer but the last, and the last norm.
    hidden: Vec<Tensor>,
    logits: Tensor,
    generated: Vec<u32>,
    generated_logits: Tensor,
}

fn ids(t: &Tensor) -> Vec<u32> {
    let ids = t.flatten_all().unwrap().to_vec1::<i64>().unwrap();
    ids.into_iter()
        .map(|id| u32::try_from(id).unwrap())
        .collect()
}

/// The reference for words and two images, or for words alone.
fn case(model: &Gemma, with_images: bool) -> Case {
    let path = common::shared("goldens/gemma3_tiny_io.safetensors").unwrap();
    let io = tensors(&path);
    let prefix = if with_images { "" } else { "text_" };
    let get = |name: &str| io[&format!("{prefix}{name}")].clone();
    let tokens = ids(&io[if with_images { "input_ids" } else { "text_ids" }]);
    let images = if with_images { seen(model) } else { Vec::new() };
    Case {
        input: Input { tokens, images },
        hidden: (0..=7)
            .map(|n| get(&format!("hidden.{n}")).squeeze(0).unwrap())
            .collect(),
        logits: get("logits").squeeze(0).unwrap(),
        generated: ids(&get("gen_ids")),
        generated_logits: get("gen_logits").squeeze(0).unwrap(),
    }
}

fn seen(model: &Gemma) -> Vec<Tensor> {
    let io = tensors(&common::shared("goldens/gemma3_tiny_io.safetensors").unwrap());
    let pixels = &io["pixel_values"];
    let job = JobContext::default();
    (0..2)
        .map(|n| model.see(&pixels.get(n).unwrap(), &job).unwrap())
        .collect()
}

fn logits(model: &Gemma, input: &Input, chunk: usize) -> Tensor {
    let mut cache = model.cache(64).unwrap();
    let (job, n) = (JobContext::default(), input.tokens.len());
    let states = model.read_in(chunk, input, n, &mut cache, &job).unwrap();
    assert_eq!(cache.length(), n);
    model.logits(&states).unwrap()
}

#[test]
fn soft_tokens_are_those_of_the_reference() {
    let Some(model) = tiny(|_| {}) else { return };
    let io = tensors(&common::shared("goldens/gemma3_tiny_io.safetensors").unwrap());
    let job = JobContext::default();
    for n in 0..2 {
        let pixels = io["pixel_values"].get(n).unwrap();
        let states = model.vision_part().look(&pixels, &job).unwrap();
        assert!(apart(&states, &io["vision_last_hidden"].get(n).unwrap()) < EQUAL);
        let soft = model.see(&pixels, &job).unwrap();
        assert!(apart(&soft, &io["image_features"].get(n).unwrap()) < EQUAL);
    }
}

#[test]
fn every_layer_is_that_of_the_reference() {
    let Some(model) = tiny(|_| {}) else { return };
    for with_images in [false, true] {
        let case = case(&model, with_images);
        let text = model.text_part();
        let tokens = &case.input.tokens;
        let blocks = Blocks::of(tokens, model.vision().map(|(_, t)| t.soft), 0);
        let mut cache = Cache::new(text.config(), 64, text.devices()).unwrap();
        let mut x = model.merge(tokens, &mut case.input.images.iter()).unwrap();
        for number in 0..7 {
            assert!(
                apart(&x, &case.hidden[number]) < EQUAL,
                "before layer {number}"
            );
            x = text.layer(number, &x, 0, &blocks, &mut cache).unwrap();
        }
        let finished = text.finish(&x).unwrap();
        assert!(apart(&finished, &case.hidden[7]) < EQUAL);
        assert!(apart(&model.logits(&finished).unwrap(), &case.logits) < EQUAL);
    }
}

#[test]
fn however_a_prompt_is_cut_the_answer_is_the_same() {
    let Some(model) = tiny(|_| {}) else { return };
    for with_images in [false, true] {
        let case = case(&model, with_images);
        // Token by token, across the window of eight, with a rest, and in one piece.
        for chunk in [1, 3, 5, 7, 8, 9, 11, 16, 23, 24, 512] {
            let found = logits(&model, &case.input, chunk);
            let off = apart(&found, &case.logits);
            assert!(off < EQUAL, "{chunk} at a time: {off}");
        }
    }
}

#[test]
fn greedy_words_are_those_of_the_reference_with_and_without_a_cache() {
    let Some(model) = tiny(|_| {}) else { return };
    let job = JobContext::default();
    for with_images in [false, true] {
        let case = case(&model, with_images);
        let n = case.input.tokens.len();
        let mut cache = model.cache(64).unwrap();
        let mut state = model.read(&case.input, 1, &mut cache, &job).unwrap();
        let mut whole = case.input.clone();
        for (step, wanted) in case.generated[n..].iter().enumerate() {
            let found = model.logits(&state).unwrap();
            let reference = case.generated_logits.narrow(0, step, 1).unwrap();
            assert!(apart(&found, &reference) < EQUAL, "step {step}");
            let again = logits(&model, &whole, 512);
            let last = again.narrow(0, again.dim(0).unwrap() - 1, 1).unwrap();
            assert!(
                apart(&found, &last) < EQUAL,
                "step {step} without the cache"
            );
            let token = found.argmax(1).unwrap().to_vec1::<u32>().unwrap()[0];
            assert_eq!(token, *wanted, "step {step}");
            whole.tokens.push(token);
            let next = Input {
                tokens: vec![token],
                images: Vec::new(),
            };
            state = model.read(&next, 1, &mut cache, &job).unwrap();
        }
    }
}

#[test]
fn a_fork_goes_its_own_way() {
    let Some(model) = tiny(|_| {}) else { return };
    let (case, job) = (case(&model, false), JobContext::default());
    let (first, rest) = case.input.tokens.split_at(13);
    let input = |tokens: &[u32]| Input {
        tokens: tokens.to_vec(),
        images: Vec::new(),
    };
    let mut prefix = model.cache(64).unwrap();
    model.read(&input(first), 1, &mut prefix, &job).unwrap();
    let mut other = prefix.fork().unwrap();
    let strange: Vec<u32> = rest.iter().rev().copied().collect();
    model.read(&input(&strange), 1, &mut other, &job).unwrap();
    let states = model
        .read(&input(rest), rest.len(), &mut prefix, &job)
        .unwrap();
    let reference = case.logits.narrow(0, 13, rest.len()).unwrap();
    assert!(apart(&model.logits(&states).unwrap(), &reference) < EQUAL);
}

/// How far the logits are from the reference with a mistake built in.
fn with_mistake(mistake: fn(&mut Config)) -> Option<f32> {
    let model = tiny(mistake)?;
    let case = case(&model, true);
    Some(apart(&logits(&model, &case.input, 512), &case.logits))
}

#[test]
fn every_known_mistake_is_seen() {
    if tiny(|_| {}).is_none() {
        return;
    }
    type Mistake = fn(&mut Config);
    let mistakes: [(&str, Mistake); 5] = [
        ("SiLU", |c| c.text.activation = Activation::Silu),
        ("GELU by the error function", |c| {
            c.text.activation = Activation::Gelu
        }),
        ("scaled by the width of a head", |c| {
            c.text.query_scalar = c.text.head_dim as f64
        }),
        ("positions not stretched", |c| c.text.global.factor = 1.0),
        ("window off by one", |c| {
            for reach in &mut c.text.layers {
                if let Reach::Window(window) = reach {
                    *window += 1;
                }
            }
        }),
    ];
    for (what, mistake) in mistakes {
        let off = with_mistake(mistake).unwrap();
        assert!(off > 10.0 * EQUAL, "{what}: only {off}");
    }
}

#[test]
fn images_whose_tokens_do_not_see_each_other_are_seen() {
    let Some(model) = tiny(|_| {}) else { return };
    let case = case(&model, true);
    let text = model.text_part();
    let mut cache = model.cache(64).unwrap();
    let mut x = model
        .merge(&case.input.tokens, &mut case.input.images.iter())
        .unwrap();
    for number in 0..7 {
        x = text
            .layer(number, &x, 0, &Blocks::default(), &mut cache)
            .unwrap();
    }
    let found = model.logits(&text.finish(&x).unwrap()).unwrap();
    assert!(apart(&found, &case.logits) > 10.0 * EQUAL);
}
