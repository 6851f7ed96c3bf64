//! Models on their way: a hub on this computer, packages made on the spot, files that are damaged.

mod fetching;
mod importing;
mod loopback;
mod packages;
mod parsing;
mod refusals;
mod resuming;
mod verifying;
mod weights;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::hub::Token;
use super::plan::Wanted;
use super::*;
use crate::jobs::JobContext;

use loopback::{COMMIT, REPOSITORY, Stage};

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// Bytes that compress badly and differ everywhere.
fn noise(n: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..n).map(step).collect()
}

fn plenty(_: &Path) -> std::io::Result<u64> {
    Ok(u64::MAX)
}

fn library(dir: &tempfile::TempDir) -> Library {
    Library::choose(Some(dir.path()), None).unwrap()
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// A hub at this address, with a token, and no clients of packages.
fn means(endpoint: &str) -> Means {
    let token = Token::parse("hf_secret");
    Means {
        hub: Hub::new(endpoint, token, None, Duration::from_millis(1)),
        clients: Clients {
            pip: Vec::new(),
            npm: Vec::new(),
        },
        free: plenty,
    }
}

fn job() -> JobContext {
    JobContext::default()
}

fn planned(library: &Library, means: &Means) -> Result<Plan> {
    let wish: Wish = format!("hub:{REPOSITORY}").parse()?;
    plan(library, &wish, None, &[], means, &job())
}

fn fetched(library: &Library, means: &Means) -> Result<Receipt> {
    let plan = planned(library, means)?;
    fetch(library, &plan, true, means, now(), &job())
}

fn text(error: &Error) -> String {
    format!("{}: {error} / {}", error.code(), error.hint())
}
