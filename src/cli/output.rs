//! How a verb answers: text for people or one JSON document, and an exit code.

#![expect(clippy::print_stderr, reason = "this is where a verb speaks")]

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use serde_json::{Value, json};

use crate::jobs::JobContext;

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

/// Between two looks at a job's progress: on a terminal, and where lines are kept.
const LOOKS: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(10)];

/// Does long work and tells on standard error how far it is: on a terminal in one line that changes, else
/// in a line now and then.
pub(super) fn watched<R: Send>(work: impl FnOnce(&JobContext) -> R + Send) -> R {
    let job = JobContext::default();
    let is_terminal = std::io::stderr().is_terminal();
    let look = LOOKS[usize::from(!is_terminal)];
    let (done, is_done) = crossbeam_channel::bounded::<()>(0);
    std::thread::scope(|scope| {
        let progress = job.progress.clone();
        scope.spawn(move || {
            let mut told = String::new();
            while is_done.recv_timeout(look) == Err(RecvTimeoutError::Timeout) {
                let (step, share) = progress.read();
                let line = format!("{step} ({:.0} %)", share * 100.0);
                if step.is_empty() || line == told {
                    continue;
                }
                if is_terminal {
                    eprint!("\r\x1b[2K{line}");
                } else {
                    eprintln!("{line}");
                }
                told = line;
            }
            if is_terminal && !told.is_empty() {
                eprint!("\r\x1b[2K");
            }
        });
        let result = work(&job);
        drop(done);
        result
    })
}

/// Asks on the terminal; `None` where nobody sits at one.
pub(super) fn asked(question: &str) -> Option<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).ok()?;
    Some(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Says something beside the answer.
pub(super) fn beside(text: &str) {
    eprintln!("{text}");
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
