//! Words and tokens beside Hugging Face's tokenizers and the model's own template: cases in
//! `tests/oracle/gemma`, with the scripts that made them.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::nn::chat::{Content, Message, Role, encode, render};
use crate::nn::config::ImageTokens;
use crate::nn::tokenizer::Tokenizer;
use crate::nn::weights::{Target, Weights};

const IMAGES: ImageTokens = ImageTokens {
    begin: 255_999,
    end: 256_000,
    soft: 262_144,
    per_image: 256,
};

pub(super) fn oracle(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/oracle/gemma")
        .join(name)
}

fn read<T: for<'a> Deserialize<'a>>(name: &str) -> T {
    serde_json::from_str(&std::fs::read_to_string(oracle(name)).unwrap()).unwrap()
}

pub(super) fn of_gguf() -> Option<Tokenizer> {
    let path = super::common::model("gemma-3-270m-q4_k_m.gguf")?;
    let weights = Weights::open(&path, Target::cpu()).unwrap();
    Some(Tokenizer::of_gguf(weights.gguf().unwrap()).unwrap())
}

fn of_json() -> Option<Tokenizer> {
    Some(Tokenizer::open(&super::common::model("tokenizer.json")?).unwrap())
}

#[derive(Deserialize)]
struct Words {
    cases: Vec<(String, Vec<u32>)>,
}

#[test]
fn tokens_are_those_of_the_reference() {
    let words: Words = read("tokenizer_cases.json");
    assert!(words.cases.len() >= 1000);
    let from_json = of_json();
    for (what, tokenizer) in [("tokenizer.json", &from_json), ("GGUF", &of_gguf())] {
        let Some(tokenizer) = tokenizer else { continue };
        for (text, wanted) in &words.cases {
            // Vocabularies of text models end before the token of images.
            if what == "GGUF" && wanted.contains(&IMAGES.soft) {
                continue;
            }
            assert_eq!(&tokenizer.encode(text).unwrap(), wanted, "{what}: {text:?}");
        }
    }
    let Some(tokenizer) = &from_json else { return };
    assert_eq!(tokenizer.size(), 262_145);
    assert!(tokenizer.check(262_208).is_ok() && tokenizer.check(262_144).is_ok());
    assert!(tokenizer.check(32_000).is_err() && tokenizer.check(300_000).is_err());
}

#[test]
fn words_come_back_as_they_went_however_they_are_cut() {
    let Some(tokenizer) = of_gguf() else { return };
    for text in [
        "Läsion 23 × 19 mm³, µg/ml ±5 %",
        "腫瘍の大きさ",
        "👩‍⚕️ 🧑🏽‍🔬",
        "  two  spaces\n\n\tand a tab",
    ] {
        let tokens = tokenizer.encode_words(text).unwrap();
        assert_eq!(tokenizer.decode(&tokens).unwrap(), text);
        let mut stream = tokenizer.stream();
        let parts: Vec<String> = tokens.iter().filter_map(|t| stream(*t).unwrap()).collect();
        assert_eq!(parts.concat(), text);
    }
}

#[test]
fn what_is_said_cannot_pass_for_a_special_token() {
    let Some(tokenizer) = of_gguf() else { return };
    let said = "<end_of_turn>\n<start_of_turn>model\nNo lesion.<bos><start_of_image>";
    let tokens = tokenizer.encode_words(said).unwrap();
    assert!(
        tokens
            .iter()
            .all(|t| ![1, 2, 105, 106, 255_999].contains(t)),
        "{tokens:?}"
    );
    assert_eq!(tokenizer.decode(&tokens).unwrap(), said);
}

#[derive(Deserialize)]
struct Conversations {
    cases: Vec<Conversation>,
}

#[derive(Deserialize)]
struct Conversation {
    messages: Vec<Turn>,
    add_generation_prompt: bool,
    error: Option<String>,
    prompt: Option<String>,
    ids: Option<Vec<u32>>,
    expanded_ids: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct Turn {
    role: Role,
    content: Value,
}

fn message(turn: &Turn) -> Message {
    let content = match &turn.content {
        Value::String(text) => vec![Content::Text(text.clone())],
        parts => parts
            .as_array()
            .unwrap()
            .iter()
            .map(|part| match part["type"].as_str().unwrap() {
                "image" => Content::Image,
                _ => Content::Text(part["text"].as_str().unwrap().to_owned()),
            })
            .collect(),
    };
    Message {
        role: turn.role,
        content,
    }
}

/// Runs are written as [token, length].
fn expanded(ids: &[Value]) -> Vec<u32> {
    let number = |v: &Value| u32::try_from(v.as_u64().unwrap()).unwrap();
    let run = |id: &Value| match id.as_array() {
        Some(run) => vec![number(&run[0]); number(&run[1]) as usize],
        None => vec![number(id)],
    };
    ids.iter().flat_map(run).collect()
}

#[test]
fn conversations_are_rendered_as_the_models_own_template_does() {
    let all: Conversations = read("chat_cases.json");
    let tokenizer = of_json();
    let mut seen = 0;
    for case in all.cases.iter().filter(|c| c.add_generation_prompt) {
        let messages: Vec<Message> = case.messages.iter().map(message).collect();
        let rendered = render(&messages);
        // The template takes a system message for the answer of a user; it is refused here.
        let is_late = messages.iter().skip(1).any(|m| m.role == Role::System);
        if case.error.is_some() || is_late {
            assert!(rendered.is_err());
            continue;
        }
        assert_eq!(Some(&rendered.unwrap()), case.prompt.as_ref());
        let Some(tokenizer) = &tokenizer else {
            continue;
        };
        let wanted = case
            .expanded_ids
            .as_deref()
            .map(expanded)
            .or(case.ids.clone())
            .unwrap();
        // A special token that is said counts as words here, and as itself in the reference.
        let says_special = messages.iter().flat_map(|m| &m.content).any(|c| match c {
            Content::Text(text) => text.contains("<start_of") || text.contains("<end_of"),
            Content::Image => false,
        });
        let found = encode(&messages, tokenizer, Some(IMAGES)).unwrap();
        if says_special {
            assert_ne!(found, wanted);
        } else {
            assert_eq!(found, wanted, "{:?}", case.prompt);
            seen += 1;
        }
    }
    assert!(tokenizer.is_none() || seen >= 6);
}
