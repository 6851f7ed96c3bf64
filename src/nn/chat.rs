//! Conversations in the form that Gemma 3 was taught.

use super::config::ImageTokens;
use super::tokenizer::Tokenizer;
use crate::nn::{Error, Result};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// What holds for the whole conversation; only at its beginning.
    System,
    /// Who asks.
    User,
    /// The model.
    #[serde(alias = "model")]
    Assistant,
}

/// A part of what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Words.
    Text(String),
    /// The next image.
    Image,
}

/// A turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub content: Vec<Content>,
}

impl Message {
    /// A turn of words.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            content: vec![Content::Text(text.into())],
        }
    }
}

/// A rendered template: words, special tokens and places of images.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Words(String),
    Special(&'static str),
    Image,
}

fn wrong(reason: &str) -> Error {
    Error::Request {
        reason: reason.to_owned(),
    }
}

/// Without the white space around it, by Python's idea of it: the separators of teletypes are among it.
fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

/// The conversation, and the beginning of the model's answer.
fn pieces(messages: &[Message]) -> Result<Vec<Piece>> {
    let mut pieces = vec![Piece::Special("<bos>")];
    let words = |pieces: &mut Vec<Piece>, text: &str| match pieces.last_mut() {
        Some(Piece::Words(before)) => before.push_str(text),
        _ => pieces.push(Piece::Words(text.to_owned())),
    };
    let mut first_words = String::new();
    let mut turns = messages;
    if let Some((system, rest)) = messages
        .split_first()
        .filter(|(m, _)| m.role == Role::System)
    {
        for part in &system.content {
            match part {
                Content::Text(text) => first_words.push_str(text),
                Content::Image => return Err(wrong("a system message holds no images")),
            }
        }
        first_words.push_str("\n\n");
        turns = rest;
    }
    for (n, turn) in turns.iter().enumerate() {
        let expected = if n.is_multiple_of(2) {
            Role::User
        } else {
            Role::Assistant
        };
        if turn.role != expected {
            return Err(wrong(
                "user and assistant have to speak in turns, the user first",
            ));
        }
        pieces.push(Piece::Special("<start_of_turn>"));
        words(
            &mut pieces,
            if turn.role == Role::User {
                "user\n"
            } else {
                "model\n"
            },
        );
        words(&mut pieces, &std::mem::take(&mut first_words));
        for part in &turn.content {
            match part {
                Content::Text(text) => words(&mut pieces, strip(text)),
                Content::Image => pieces.push(Piece::Image),
            }
        }
        pieces.push(Piece::Special("<end_of_turn>"));
        words(&mut pieces, "\n");
    }
    if turns.is_empty() {
        return Err(wrong("there is nothing to answer"));
    }
    pieces.push(Piece::Special("<start_of_turn>"));
    words(&mut pieces, "model\n");
    Ok(pieces)
}

/// The conversation as text, as the model's own template renders it.
///
/// # Errors
/// [`Error::Request`] where turns do not alternate.
pub fn render(messages: &[Message]) -> Result<String> {
    let text = |piece: Piece| match piece {
        Piece::Words(words) => words,
        Piece::Special(name) => name.to_owned(),
        Piece::Image => "<start_of_image>".to_owned(),
    };
    Ok(pieces(messages)?.into_iter().map(text).collect())
}

/// Tokens of the conversation, with the places of images filled with soft tokens. Nothing that is said
/// can pass for a special token.
///
/// # Errors
/// [`Error::Request`] where turns do not alternate or the model sees no images.
pub fn encode(
    messages: &[Message],
    tokenizer: &Tokenizer,
    images: Option<ImageTokens>,
) -> Result<Vec<u32>> {
    let mut tokens = Vec::new();
    let mut pending = String::new();
    let flush = |pending: &mut String, tokens: &mut Vec<u32>| -> Result<()> {
        if !pending.is_empty() {
            tokens.extend(tokenizer.encode_words(&std::mem::take(pending))?);
        }
        Ok(())
    };
    for piece in pieces(messages)? {
        match piece {
            Piece::Words(words) => pending.push_str(&words),
            Piece::Special(name) => {
                flush(&mut pending, &mut tokens)?;
                let id = tokenizer.token(name);
                tokens.push(id.ok_or_else(|| wrong(&format!("the tokenizer has no {name}")))?);
            }
            Piece::Image => {
                let marks = images.ok_or_else(|| wrong("this model reads text only"))?;
                pending.push_str("\n\n");
                flush(&mut pending, &mut tokens)?;
                tokens.push(marks.begin);
                tokens.extend(std::iter::repeat_n(marks.soft, marks.per_image));
                tokens.push(marks.end);
                pending.push_str("\n\n");
            }
        }
    }
    flush(&mut pending, &mut tokens)?;
    Ok(tokens)
}
