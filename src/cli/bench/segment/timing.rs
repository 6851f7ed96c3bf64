//! How long gestures take on a lesion of 60 mm, and whether threads change masks.

use std::time::Instant;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::user::{self, Hand};
use crate::cli::output::Failure;
use crate::jobs::JobContext;
use crate::phantom::suite::{CaseSpec, Class};
use crate::segment::{Params, Prompt, segment};
use crate::units::Mm;

/// How often each gesture is timed on each lesion.
const REPEATS: usize = 8;
/// Threads that are compared.
const THREADS: [usize; 3] = [1, 2, 4];

/// A time, or that masks are equal.
#[derive(Serialize)]
pub(super) struct Time {
    pub(super) what: &'static str,
    pub(super) median_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) limit_ms: f64,
    pub(super) n: usize,
    /// Whether masks were equal for 1, 2 and 4 threads.
    pub(super) equal: bool,
}

pub(super) fn measure() -> Result<Vec<Time>, Failure> {
    let job = JobContext::default();
    let params = Params::standard();
    let (mut drags, mut clicks, mut strokes) = (Vec::new(), Vec::new(), Vec::new());
    let mut equal = [true; 3];
    for (class, seed) in [
        (Class::LungSolid, 1),
        (Class::LiverBright, 2),
        (Class::Sarcoma, 3),
    ] {
        let spec = CaseSpec {
            number: 0,
            class,
            radius: Mm(30.0),
            spacing: [Mm(0.7), Mm(0.7), Mm(1.25)],
            noise: 15.0,
            point_spread: Mm(0.6),
            seed,
        };
        let case = spec
            .make(&job)
            .map_err(|e| Failure::new("E-PHANTOM", e.to_string()))?;
        let volume = &case.volume;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let Some(ends) = user::line(&case.truth, Hand::TwoPixels, &mut random) else {
            continue;
        };
        let first = vec![Prompt::Drag { ends }];
        let made = segment(volume, &first, None, &params, &job);
        let made = made.map_err(|e| Failure::new("E-SEGMENT", e.to_string()))?;
        let mut second = first.clone();
        second.extend(user::correction(&case.truth, &made.mask));
        let click: Vec<Prompt> = user::clicks(&case.truth, 1, &mut random)
            .into_iter()
            .map(|at| Prompt::Point { at, adds: true })
            .collect();
        let gestures = [(&first, None), (&click, None), (&second, Some(&made.mask))];
        for (n, (prompts, previous)) in gestures.into_iter().enumerate() {
            let go = || segment(volume, prompts, previous, &params, &job);
            let pools =
                THREADS.map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build());
            let mut hashes = Vec::new();
            for pool in pools.iter().flatten() {
                hashes.push(pool.install(go).map(|made| made.mask.sha256()).ok());
            }
            equal[n] &= hashes.len() == THREADS.len() && hashes.windows(2).all(|h| h[0] == h[1]);
            if let Some(pool) = pools.iter().flatten().nth(1) {
                for _ in 0..REPEATS {
                    let begin = Instant::now();
                    let done = pool.install(go);
                    let ms = begin.elapsed().as_secs_f64() * 1000.0;
                    drop(done);
                    [&mut drags, &mut clicks, &mut strokes][n].push(ms);
                }
            }
        }
    }
    let row = |what, mut times: Vec<f64>, limit_ms, equal| {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let rank = (share * times.len() as f64).ceil() as usize;
            times
                .get(rank.saturating_sub(1))
                .copied()
                .unwrap_or(f64::NAN)
        };
        Time {
            what,
            median_ms: at(0.5),
            p95_ms: at(0.95),
            limit_ms,
            n: times.len(),
            equal,
        }
    };
    Ok(vec![
        row("drag", drags, 150.0, equal[0]),
        row("click", clicks, 250.0, equal[1]),
        row("stroke", strokes, 16.0, equal[2]),
    ])
}
