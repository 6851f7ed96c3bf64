//! How a verb answers: text for people or one JSON document, and an exit code.

#![expect(clippy::print_stderr, reason = "this is where a verb speaks")]

use std::io::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

/// What a verb has to say, both for people and for programs.
pub(super) struct Output {
    /// For people; may span lines.
    pub(super) text: String,
    /// For programs.
    pub(super) json: Value,
    /// Whether the answer is a refusal or a finding of defects (exit code 1).
    pub(super) is_refusal: bool,
}

impl Output {
    pub(super) const fn new(text: String, json: Value) -> Self {
        Self {
            text,
            json,
            is_refusal: false,
        }
    }
}

/// Why a verb failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) location: String,
    pub(super) hint: String,
}

impl Failure {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            location: String::new(),
            hint: String::new(),
        }
    }

    pub(super) fn at(mut self, location: impl ToString) -> Self {
        self.location = location.to_string();
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// Prints a line. Whoever reads it may have stopped listening, as `head` does.
fn say(line: impl std::fmt::Display) {
    writeln!(std::io::stdout(), "{line}").ok();
}

/// Prints an answer and gives its exit code.
pub(super) fn finish(result: Result<Output, Failure>, is_json: bool) -> ExitCode {
    match result {
        Ok(output) => {
            if is_json {
                say(&output.json);
            } else {
                say(output.text.trim_end());
            }
            ExitCode::from(u8::from(output.is_refusal))
        }
        Err(failure) => {
            if is_json {
                say(json!({"error": {
                    "code": failure.code, "message": failure.message,
                    "where": failure.location, "hint": failure.hint,
                }}));
            } else {
                let at = if failure.location.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", failure.location)
                };
                eprintln!("{}: {}{at}", failure.code, failure.message);
                if !failure.hint.is_empty() {
                    eprintln!("{}", failure.hint);
                }
            }
            ExitCode::FAILURE
        }
    }
}
