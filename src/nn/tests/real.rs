//! Real weights (Gemma 3 270M, four bits) beside transformers in single precision on a text of 2010
//! tokens, four times its window: `gemma270m_reference.safetensors`, made by
//! `make_gemma_reference.py` beside it, which says what is in it and how the divergence is worked out.

use candle_core::{Device, Tensor};

use super::tensors;
use super::tokens::oracle;
use crate::jobs::JobContext;
use crate::nn::engine::Engine;
use crate::nn::gemma::{Files, Input, Options};
use crate::nn::generate::{Request, Step, Stop, generate};

fn engine() -> Option<Engine> {
    let files = Files {
        weights: super::common::model("gemma-3-270m-q4_k_m.gguf")?,
        vision: None,
    };
    Some(Engine::open(&files, None, &Options::auto(4096), &JobContext::default()).unwrap())
}

fn rows(t: &Tensor) -> Vec<Vec<f32>> {
    t.to_vec2().unwrap()
}

fn ids(t: &Tensor) -> Vec<Vec<usize>> {
    let t = t.to_dtype(candle_core::DType::I64).unwrap();
    let rows = t.to_vec2::<i64>().unwrap();
    rows.into_iter()
        .map(|row| row.into_iter().map(|id| id as usize).collect())
        .collect()
}

/// Kullback–Leibler divergence of logits from a row of the reference, nats.
fn divergence(logits: &[f32], top: (&[usize], &[f32]), rest: f32, tail: (&[usize], &[f32])) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let all: f64 = logits.iter().map(|l| f64::from(l - most).exp()).sum();
    let q = |id: usize| f64::from(logits[id] - most) - all.ln();
    let (mut head, mut kept) = (0.0, 0.0);
    for (id, p) in top.0.iter().zip(top.1) {
        head += f64::from(*p).exp() * (f64::from(*p) - q(*id));
        kept += q(*id).exp();
    }
    let (p, q_rest) = (f64::from(rest).exp(), 1.0 - kept);
    let beyond = |(id, log): (&usize, &f32)| {
        let x = q(*id) - f64::from(*log);
        x.exp_m1() - x
    };
    let terms: Vec<f64> = tail.0.iter().zip(tail.1).map(beyond).collect();
    head + (p - q_rest) + p * terms.iter().sum::<f64>() / terms.len() as f64
}

#[test]
fn real_weights_say_what_the_reference_says() {
    let Some(engine) = engine() else { return };
    let reference = tensors(&oracle("gemma270m_reference.safetensors"));
    let tokens: Vec<u32> = reference["ids"].to_vec1().unwrap();
    let text = std::fs::read_to_string(oracle("score_text.txt")).unwrap();
    let mut own = vec![engine.tokenizer.specials().bos];
    own.extend(engine.tokenizer.encode(&text).unwrap());
    assert_eq!(own, tokens);
    let (n, job) = (tokens.len(), JobContext::default());
    let mut cache = engine.model.cache(n).unwrap();
    let input = Input {
        tokens,
        images: Vec::new(),
    };
    let states = engine.model.read(&input, n, &mut cache, &job).unwrap();
    let (top_ids, top) = (ids(&reference["top_ids"]), rows(&reference["top_logprob"]));
    let (tail_ids, tail) = (
        ids(&reference["tail_ids"]),
        rows(&reference["tail_logprob"]),
    );
    let rest: Vec<f32> = reference["rest_logprob"].to_vec1().unwrap();
    let theirs: Vec<u32> = reference["llamacpp_top1"].to_vec1().unwrap();
    let (mut kl, mut same, mut same_peer) = (0.0, 0, 0);
    for from in (0..n).step_by(64) {
        let part = states.narrow(0, from, 64.min(n - from)).unwrap();
        for (row, logits) in rows(&engine.model.logits(&part).unwrap())
            .iter()
            .enumerate()
        {
            let at = from + row;
            let (top, tail) = ((&*top_ids[at], &*top[at]), (&*tail_ids[at], &*tail[at]));
            kl += divergence(logits, top, rest[at], tail);
            let best = logits
                .iter()
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(b.1))
                .unwrap()
                .0;
            same += usize::from(best == top_ids[at][0]);
            same_peer += usize::from(theirs[at] as usize == top_ids[at][0]);
        }
    }
    let percent = |count: usize| 100.0 * count as f64 / n as f64;
    let kl = kl / n as f64;
    eprintln!(
        "KL {kl:.5}, top-1 {:.2} % (llama.cpp {:.2} %)",
        percent(same),
        percent(same_peer)
    );
    assert!(kl < 0.01, "{kl}");
    assert!(
        percent(same) >= percent(same_peer) - 0.5,
        "{same} {same_peer}"
    );
}

#[test]
fn a_prompt_is_answered_step_by_step_and_can_be_stopped() {
    let Some(engine) = engine() else { return };
    let mut tokens = vec![engine.tokenizer.specials().bos];
    tokens.extend(engine.tokenizer.encode("The capital of France is").unwrap());
    let request = Request {
        input: Input {
            tokens,
            images: Vec::new(),
        },
        new_tokens: 12,
        ..Request::default()
    };
    let job = JobContext::default();
    let ask = |request: &Request, tell: &mut dyn FnMut(Step<'_>)| {
        let mut cache = engine.model.cache(64).unwrap();
        generate(
            &engine.model,
            &engine.tokenizer,
            request,
            &mut cache,
            &job,
            tell,
        )
    };
    let (mut words, mut read) = (String::new(), 0);
    let answer = ask(&request, &mut |step| match step {
        Step::Read => read += 1,
        Step::Wrote(text) => words.push_str(text),
    });
    let answer = answer.unwrap();
    assert_eq!((read, words.as_str()), (1, answer.text.as_str()));
    assert!(answer.text.contains("capital"), "{}", answer.text);
    assert_eq!((answer.stop, answer.tokens.len()), (Stop::Length, 12));
    let too_long = Request {
        new_tokens: 100,
        ..request.clone()
    };
    let refused = ask(&too_long, &mut |_| panic!("nothing is read")).unwrap_err();
    assert_eq!(refused.code(), "E-CONTEXT");
    let cancel = job.cancel.clone();
    let stopped = ask(&request, &mut |step| {
        if matches!(step, Step::Wrote(_)) {
            cancel.cancel();
        }
    });
    assert_eq!(stopped.unwrap_err().code(), "E-CANCELLED");
    assert_eq!(engine.model.device().location(), Device::Cpu.location());
}
