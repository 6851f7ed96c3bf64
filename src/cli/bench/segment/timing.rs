//! How long gestures take on a lesion of 60 mm, and whether threads change masks.

use std::time::Instant;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::user::{self, Hand};
use crate::cli::output::Failure;
use crate::geometry::{Point, Vec3};
use crate::jobs::JobContext;
use crate::phantom::suite::{CaseSpec, Class};
use crate::segment::{Params, Prompt, segment};
use crate::units::Mm;

/// How often each gesture is timed on each lesion.
const REPEATS: usize = 8;
/// Threads that are compared.
const THREADS: [usize; 3] = [1, 2, 4];

/// How long a gesture takes, and whether masks are equal.
#[derive(Serialize)]
pub(super) struct Time {
    pub(super) what: &'static str,
    pub(super) median_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) limit_ms: Option<f64>,
    /// Processor time of all threads, median; where the system tells.
    pub(super) processor_ms: Option<f64>,
    pub(super) n: usize,
    /// Whether masks were equal for 1, 2 and 4 threads.
    pub(super) equal: bool,
}

/// Times of one kind of gesture.
struct Kind {
    what: &'static str,
    limit_ms: Option<f64>,
    wall: Vec<f64>,
    processor: Vec<f64>,
    equal: bool,
}

pub(super) fn measure() -> Result<Vec<Time>, Failure> {
    let job = JobContext::default();
    let params = Params::standard();
    let kind = |what, limit_ms| Kind {
        what,
        limit_ms,
        wall: Vec::new(),
        processor: Vec::new(),
        equal: true,
    };
    let mut kinds = [
        kind("drag", Some(150.0)),
        kind("click", Some(250.0)),
        kind("stroke", Some(16.0)),
        kind("freehand stroke of 200 points", None),
        kind("whole lesion divided anew, in the background", None),
    ];
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
        let made = made.map_err(|e| Failure::new("E-PHANTOM", e.to_string()))?;
        let mut second = first.clone();
        second.extend(user::correction(&case.truth, &made.mask));
        let stroked = segment(volume, &second, Some(&made.mask), &params, &job);
        let stroked = stroked.map_err(|e| Failure::new("E-PHANTOM", e.to_string()))?;
        let anew: Vec<Prompt> = second.iter().cloned().chain([Prompt::Anew]).collect();
        let mut freehand = first.clone();
        freehand.push(arc(ends));
        let click: Vec<Prompt> = user::clicks(&case.truth, 1, &mut random)
            .into_iter()
            .map(|at| Prompt::Point { at, adds: true })
            .collect();
        let gestures = [
            (&first, None),
            (&click, None),
            (&second, Some(&made.mask)),
            (&freehand, Some(&made.mask)),
            (&anew, Some(&stroked.mask)),
        ];
        for (kind, (prompts, previous)) in kinds.iter_mut().zip(gestures) {
            let go = || segment(volume, prompts, previous, &params, &job);
            let pools =
                THREADS.map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build());
            let mut hashes = Vec::new();
            for pool in pools.iter().flatten() {
                hashes.push(pool.install(go).map(|made| made.mask.sha256()).ok());
            }
            kind.equal &= hashes.len() == THREADS.len() && hashes.windows(2).all(|h| h[0] == h[1]);
            if let Some(pool) = pools.iter().flatten().nth(1) {
                for _ in 0..REPEATS {
                    let (begin, before) = (Instant::now(), processor_ms());
                    let done = pool.install(go);
                    kind.wall.push(begin.elapsed().as_secs_f64() * 1000.0);
                    let after = processor_ms();
                    kind.processor
                        .extend(after.zip(before).map(|(after, before)| after - before));
                    drop(done);
                }
            }
        }
    }
    let at = |times: &mut Vec<f64>, share: f64| {
        times.sort_by(f64::total_cmp);
        let rank = (share * times.len() as f64).ceil() as usize;
        times.get(rank.saturating_sub(1)).copied()
    };
    Ok(kinds
        .into_iter()
        .map(|mut kind| Time {
            what: kind.what,
            median_ms: at(&mut kind.wall, 0.5).unwrap_or(f64::NAN),
            p95_ms: at(&mut kind.wall, 0.95).unwrap_or(f64::NAN),
            limit_ms: kind.limit_ms,
            processor_ms: at(&mut kind.processor, 0.5),
            n: kind.wall.len(),
            equal: kind.equal,
        })
        .collect())
}

/// A freehand stroke of 200 points that adds along one side of a drawn line.
fn arc([a, b]: [Point; 2]) -> Prompt {
    let along = (b.0 - a.0) / 2.0;
    let across = Vec3::new(-along.y, along.x, 0.0);
    let middle = a.midpoint(b);
    let points = (0..200).map(|n| {
        let turn = std::f64::consts::FRAC_PI_2 * (f64::from(n) / 200.0 + 0.25);
        Point(middle.0 + along * turn.cos() + across * turn.sin())
    });
    Prompt::Scribble {
        points: points.collect(),
        radius: Mm(2.0),
        adds: true,
    }
}

/// Processor time that the program's threads have had, ms; `None` where the system does not tell.
fn processor_ms() -> Option<f64> {
    let mut sum = 0.0;
    for task in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
        let told = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        sum += told.split_whitespace().next()?.parse::<f64>().ok()?;
    }
    Some(sum / 1e6)
}
