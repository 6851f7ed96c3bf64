//! The command line: the same stages and the same session as the window, without it.
//!
//! Without `--json` a verb prints for people; with it, standard output is exactly one JSON document.
//! Exit codes: 0 done, 1 refused or failed, 2 wrong usage.

mod args;
mod audit;
mod bench;
mod caliper;
mod draft;
mod figures;
mod files;
mod headers;
mod keep;
mod lesion;
mod memory;
mod model;
mod models;
mod output;
mod record;
mod register;
mod session;
mod steps;
mod tables;
mod trace;

use std::process::ExitCode;

use clap::Parser as _;

pub use args::WindowArgs;
use args::{Args, Verb};
use output::{Failure, Output};

/// What the program was asked to do.
pub enum Run {
    /// A verb was given; this is the exit code it ended with.
    Ended(ExitCode),
    /// No verb was given: open the window on these paths.
    Window(WindowArgs),
}

/// Reads the command line and runs the verb in it. Wrong usage ends the process with code 2. Before
/// anything else is done, `begin` hears whether `-v` was given.
#[must_use]
pub fn run(begin: impl FnOnce(bool)) -> Run {
    let args = Args::parse();
    begin(args.verbose);
    match args.verb {
        Some(verb) => Run::Ended(run_verb(verb)),
        None => Run::Window(args.window),
    }
}

fn run_verb(verb: Verb) -> ExitCode {
    let is_json = verb.is_json();
    let result: Result<Output, Failure> = match verb {
        Verb::Inspect(args) => files::inspect(&args),
        Verb::Header(args) => headers::header(&args),
        Verb::Explain(args) => headers::explain(&args),
        Verb::Convert(args) => files::convert(&args),
        Verb::Segment(args) => lesion::segment(&args),
        Verb::Measure(args) if args.figures.is_empty() => lesion::measure(&args),
        Verb::Measure(args) => figures::measure(&args),
        Verb::Register(args) => register::register(&args),
        Verb::Fit(args) => tables::fit(&args),
        Verb::Project(args) => tables::project(&args),
        Verb::Report(args) => session::report(&args),
        Verb::Review(args) => session::review(&args),
        Verb::Phantom(args) => files::phantom(&args),
        Verb::Audit(args) => audit::audit(&args),
        Verb::Backup(args) => keep::backup(&args),
        Verb::Restore(args) => keep::restore(&args),
        Verb::Salvage(args) => keep::salvage(&args),
        Verb::Crashes(args) => keep::crashes(&args),
        Verb::Trace(args) => trace::trace(&args),
        Verb::History(args) => record::history(&args),
        Verb::Versions(args) => record::versions(&args),
        Verb::Erase(args) => record::erase(&args),
        Verb::Draft(args) => draft::draft(&args),
        Verb::Models(args) => models::models(&args),
        Verb::Generate(args) => model::generate(&args),
        Verb::Score(args) => model::score(&args),
        Verb::Bench(args) => bench::bench(&args),
    };
    output::finish(result, is_json)
}
