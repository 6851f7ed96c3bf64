//! The `oncotwin` program: a verb on the command line, or the window.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use oncotwin::app::VERSION;
use oncotwin::cli::{self, Run};
use oncotwin::crash;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// What is logged unless `ONCOTWIN_LOG` says otherwise. What the DICOM libraries remark on odd files is
/// said better by the warnings and refusals of those files, so that it takes `-v` to see it.
const LOGGED: &str = "warn,dicom=off";

/// Put on top of a wish to see everything, since the addresses that files of models come from are signed
/// and only then written out.
const WITHHELD: &str = "ureq=debug";

fn filter(verbose: bool) -> EnvFilter {
    let usual = if verbose { "warn" } else { LOGGED };
    let filter = EnvFilter::try_from_env("ONCOTWIN_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    match WITHHELD.parse() {
        Ok(withheld) if filter.max_level_hint() == Some(LevelFilter::TRACE) => {
            filter.add_directive(withheld)
        }
        _ => filter,
    }
}

fn start_log(verbose: bool) {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(filter(verbose))
        .init();
}

fn main() -> ExitCode {
    if let Some(dir) = crash::default_dir() {
        crash::install(dir, VERSION);
    }
    match cli::run(start_log) {
        Run::Ended(code) => code,
        Run::Window(args) => open_window(args),
    }
}

#[cfg(feature = "gui")]
fn open_window(args: cli::WindowArgs) -> ExitCode {
    match oncotwin::window::run(args.workspace, args.paths) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(feature = "gui"))]
fn open_window(_args: cli::WindowArgs) -> ExitCode {
    tracing::error!("this build has no window; `oncotwin --help` lists the verbs that need none");
    ExitCode::from(2)
}
