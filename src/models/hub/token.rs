//! The key to repositories behind licences.

use std::path::PathBuf;

use ureq::http::HeaderValue;

/// A token; nothing prints it.
#[derive(Clone)]
pub(in crate::models) struct Token(HeaderValue);

impl Token {
    /// What a text or file holds, if it can be a token.
    pub(in crate::models) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut header = HeaderValue::from_str(&format!("Bearer {text}")).ok()?;
        header.set_sensitive(true);
        (!text.is_empty()).then_some(Self(header))
    }

    pub(super) fn of_system() -> Option<Self> {
        if let Some(token) = std::env::var("HF_TOKEN").ok().and_then(|t| Self::parse(&t)) {
            return Some(token);
        }
        let home = std::env::var_os("HF_HOME").filter(|home| !home.is_empty());
        let usual = || {
            Some(
                directories::BaseDirs::new()?
                    .home_dir()
                    .join(".cache/huggingface"),
            )
        };
        let home = home.map(PathBuf::from).or_else(usual)?;
        Self::parse(&std::fs::read_to_string(home.join("token")).ok()?)
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}
