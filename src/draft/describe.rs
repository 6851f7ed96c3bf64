//! What a model is asked about an image alone.

use super::prompt::Prompt;
use crate::nn::chat::{Content, Message, Role};

/// Name and version of the prompt; another text gets another name.
const PROMPT: &str = "describe-1";

const ASKED: &str = include_str!("../../assets/prompts/describe-1.txt");

/// A conversation about one image, of which `known` is told.
pub(super) fn prompt(known: &str) -> Prompt {
    let about = Message {
        role: Role::User,
        content: vec![Content::Image, Content::Text(format!("Known: {known}."))],
    };
    Prompt {
        name: PROMPT,
        messages: vec![Message::text(Role::System, ASKED.trim_end()), about],
        shown: 0,
        left_out: 0,
    }
}
