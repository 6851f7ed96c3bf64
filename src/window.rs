//! Joins a session to the window: dialogs, wake-ups, and starting both.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use jiff::Timestamp;

use crate::app::view::View;
use crate::app::{
    Ask, Command, Session, SessionConfig, SessionError, VERSION, random_seed, samples,
};
use crate::crash;
use crate::draft;
use crate::report::Format;
use crate::store;
use crate::texts;
use crate::ui::{self, Backend, Wake};

/// Nobody calls a dialog off sooner than this after it was asked for.
const SOONEST: Duration = Duration::from_millis(400);

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The workspace could not be opened.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The platform names no data directory.
    #[error(transparent)]
    Workspace(#[from] store::Error),
    /// No window could be had.
    #[error(transparent)]
    Window(#[from] ui::Error),
}

/// Opens the window on a workspace (default: the platform's data directory) and on these paths.
///
/// # Errors
/// When the workspace or a window cannot be had. A workspace that cannot be opened is also said in
/// a dialog, since whoever started the program from a menu sees no terminal.
pub fn run(workspace: Option<PathBuf>, paths: Vec<PathBuf>) -> Result<(), Error> {
    let workspace = workspace.map_or_else(store::Workspace::default_dir, Ok)?;
    // Filled once there is a window. What is finished before is taken in with the first frame.
    let window: Arc<OnceLock<Wake>> = Arc::default();
    let wake: Wake = {
        let window = Arc::clone(&window);
        Arc::new(move || {
            if let Some(wake) = window.get() {
                wake();
            }
        })
    };
    let configuration = store::default_anchor_folder();
    if let Some(folder) = &configuration {
        texts::begin(&folder.join("translations"));
    }
    let session = Session::start(SessionConfig {
        samples: samples(&workspace),
        workspace,
        version: VERSION.to_owned(),
        anchors: configuration.clone(),
        preferences: configuration,
        access: store::Access::WriteOrRead,
        models: draft::default_folder(),
        crashes: crash::default_dir(),
        seed: random_seed(),
        clock: Arc::new(Timestamp::now),
        wake,
    })
    .inspect_err(|error| {
        rfd::MessageDialog::new()
            .set_level(rfd::MessageLevel::Error)
            .set_title("OncoTwin")
            .set_description(error.to_string())
            .show();
    })?;
    ui::run(move |wake| {
        window.set(Arc::clone(&wake)).ok();
        let (answers, chosen) = unbounded();
        let mut desk = Desk {
            session,
            wake,
            answers,
            chosen,
        };
        if !paths.is_empty() {
            desk.send(Command::Open { paths });
        }
        Box::new(desk)
    })?;
    Ok(())
}

/// The session as the window sees it.
struct Desk {
    session: Session,
    wake: Wake,
    /// Where dialogs put what was chosen.
    answers: Sender<Command>,
    chosen: Receiver<Command>,
}

impl Backend for Desk {
    fn logic(&mut self) {
        let chosen: Vec<Command> = self.chosen.try_iter().collect();
        for command in chosen {
            self.session.send(command);
        }
        self.session.poll();
        for ask in self.session.take_asks() {
            self.show_dialog(ask);
        }
    }

    fn view(&mut self) -> View {
        self.session.view()
    }

    fn send(&mut self, command: Command) {
        self.session.send(command);
    }
}

impl Desk {
    /// Dialogs wait on a thread of their own; the window goes on.
    fn show_dialog(&self, ask: Ask) {
        let (answers, wake) = (self.answers.clone(), Arc::clone(&self.wake));
        let proposed = self.session.state().export_folder();
        std::thread::spawn(move || {
            let asked = Instant::now();
            let dialog = rfd::FileDialog::new();
            let command = match ask {
                Ask::Open { folder: true } => dialog
                    .pick_folder()
                    .map(|path| Command::Open { paths: vec![path] }),
                // A dialog that is called off names no files.
                Ask::Open { folder: false } => dialog
                    .pick_files()
                    .filter(|paths| !paths.is_empty())
                    .map(|paths| Command::Open { paths }),
                Ask::Export => {
                    std::fs::create_dir_all(&proposed).ok();
                    let dialog = dialog
                        .set_title(texts::tr!("Folder for the report"))
                        .set_directory(&proposed);
                    dialog.pick_folder().map(|dir| Command::Export {
                        dir,
                        formats: vec![Format::Html, Format::Md, Format::Csv],
                    })
                }
            };
            // A dialog that could not be shown answers like one that was called off, but sooner than
            // anybody could.
            let missing = asked.elapsed() < SOONEST;
            let command = command.or_else(|| {
                missing.then_some(Command::NoDialog {
                    export: ask == Ask::Export,
                })
            });
            if let Some(command) = command {
                answers.send(command).ok();
                wake();
            }
        });
    }
}
