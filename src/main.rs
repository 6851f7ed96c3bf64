//! The `oncotwin` program: a verb on the command line, or the window.

use std::process::ExitCode;

use oncotwin::app::VERSION;
use oncotwin::cli::{self, Run};
use oncotwin::crash;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("ONCOTWIN_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .init();
    if let Some(dir) = crash::default_dir() {
        crash::install(dir, VERSION);
    }
    match cli::run() {
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
