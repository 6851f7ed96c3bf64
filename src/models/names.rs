//! Which names are safe to make folders and files of, and which files belong to a model.

use super::{Error, Result};

/// Longest name of a model or file.
const LONGEST: usize = 120;

/// Whether this can be the name of a file or folder on every system, and leads nowhere else.
pub(super) fn is_plain(name: &str) -> bool {
    let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    begins && name.len() <= LONGEST && name.chars().all(is_known) && !name.ends_with('.')
}

/// Refuses names of models that are not plain.
pub(super) fn check(name: &str) -> Result<()> {
    if is_plain(name) {
        return Ok(());
    }
    Err(Error::NameForm {
        name: name.to_owned(),
    })
}

/// A plain name made of another text, for files that were called anything.
pub(super) fn plain(text: &str) -> String {
    let swap = |c: char| match c {
        c if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') => c,
        _ => '-',
    };
    let name: String = text.chars().map(swap).take(LONGEST).collect();
    let is_edge = |c: char| !c.is_ascii_alphanumeric();
    name.trim_matches(is_edge).to_owned()
}

/// Whether this is 40 digits of a commit or checksum.
pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    text.len() == digits && text.chars().all(is_digit)
}

pub(super) fn is_safetensors(name: &str) -> bool {
    name.ends_with(".safetensors")
}

pub(super) fn is_gguf(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".gguf")
}

/// Whether this GGUF file is the part for images; publishers name it so.
pub(super) fn is_vision(name: &str) -> bool {
    is_gguf(name) && name.to_ascii_lowercase().contains("mmproj")
}

/// Whether a file in a folder of safetensors belongs to the model.
pub(super) fn belongs(name: &str) -> bool {
    let settings = [
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "preprocessor_config.json",
        "processor_config.json",
        "chat_template.json",
        "chat_template.jinja",
    ];
    is_plain(name)
        && (is_safetensors(name)
            || name.ends_with(".safetensors.index.json")
            || settings.contains(&name))
}
