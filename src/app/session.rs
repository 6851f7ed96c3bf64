//! The one interpreter of effects: state, store and job lanes joined. The window and the command
//! line drive the program through the same session.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::select;
use jiff::Timestamp;

use super::command::Command;
use super::effect::{Answer, Effect, Event, JobResult, Request};
use super::preferences;
use super::state::{Sample, State};
use super::view::View;
use super::work::{self, Tools};
use crate::crash;
use crate::jobs::{Finished, JobSpec, Outcome, Queue, Wake};
use crate::keymap;
use crate::store::{self, Access, OpenOptions, Workspace};
use crate::texts::tr;

/// Tells the time. Only the session and the store ask it; stages get times as arguments.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a session needs to start.
pub struct SessionConfig {
    /// The workspace folder, made if absent.
    pub workspace: PathBuf,
    /// Sample patients for the chooser.
    pub samples: Vec<Sample>,
    /// Version of the program, for the audit trail and reports.
    pub version: String,
    /// Folder of the key that anchors the audit trail; `None` for no anchor.
    pub anchors: Option<PathBuf>,
    /// The user's configuration folder, where keys are kept; `None` to forget them at the end.
    pub preferences: Option<PathBuf>,
    /// Whether the workspace is to be written or only read.
    pub access: Access,
    /// Folder of language models; `None` not to offer any.
    pub models: Option<PathBuf>,
    /// Folder of crash reports that may wait to be dealt with; `None` to leave them alone.
    pub crashes: Option<PathBuf>,
    /// Seed of identifiers; random in use, fixed in tests.
    pub seed: [u8; 32],
    /// Tells the time.
    pub clock: Clock,
    /// Called after each finished job or commit, so that a sleeping window wakes up.
    pub wake: Wake,
}

/// Why a session could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The workspace could not be opened.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The system refused a thread.
    #[error("the system refused a worker thread: {0}")]
    Threads(#[from] std::io::Error),
}

/// Something that only the window can do for the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Let the user choose files or a folder; answer with [`Command::Open`].
    Open {
        /// A folder instead of files.
        folder: bool,
    },
    /// Let the user choose a folder for the report; answer with [`Command::Export`].
    Export,
}

/// A running program without its window.
pub struct Session {
    state: State,
    asks: Vec<Ask>,
    tools: Tools,
    // Dropped in this order: jobs end before the store flushes and unlocks.
    queue: Queue<Answer>,
    workspace: Workspace,
    config: SessionConfig,
}

impl Session {
    /// Opens the workspace and takes up where the last session ended.
    ///
    /// # Errors
    /// When the workspace cannot be opened or no thread can be had.
    pub fn start(config: SessionConfig) -> Result<Self, SessionError> {
        let (state, tools, queue, workspace) = begin(&config)?;
        let mut session = Self {
            state,
            asks: Vec::new(),
            tools,
            queue,
            workspace,
            config,
        };
        session.resume();
        Ok(session)
    }

    fn resume(&mut self) {
        let mut effects = self.state.resume((self.config.clock)());
        if self.config.models.is_some() {
            self.state.look_for_models(&mut effects);
        }
        self.perform(effects);
    }

    /// Opens the workspace anew, as when it could only be read and now perhaps can be written.
    fn reload(&mut self) {
        match begin(&self.config) {
            Ok((state, tools, queue, workspace)) => {
                self.state.cancel_all();
                self.state = state;
                self.tools = tools;
                self.queue = queue;
                self.workspace = workspace;
                self.state.say_reloaded();
                self.resume();
            }
            Err(error) => self.state.complain(error.to_string()),
        }
    }

    /// Does what a person asked; answers arrive through [`Session::poll`].
    pub fn send(&mut self, command: Command) {
        let now = (self.config.clock)();
        self.state.set_audit_head(self.workspace.audit_head());
        let effects = self.state.apply(command, now);
        self.perform(effects);
    }

    /// Takes in everything that finished since the last call; true when something did.
    pub fn poll(&mut self) -> bool {
        let mut events: Vec<Event> = self
            .workspace
            .answers()
            .try_iter()
            .map(commit_event)
            .collect();
        events.extend(self.queue.drain().into_iter().map(job_event));
        let any = !events.is_empty();
        for event in events {
            self.absorb(event);
        }
        any
    }

    /// Waits until no job runs and every commit is answered.
    pub fn settle(&mut self) {
        while !self.state.is_settled() {
            let event = select! {
                recv(self.workspace.answers()) -> answer => answer.ok().map(commit_event),
                recv(self.queue.finished()) -> finished => finished.ok().map(job_event),
            };
            match event {
                Some(event) => self.absorb(event),
                // Both ends live in this session, so this is not reached while it does.
                None => return,
            }
        }
    }

    /// What only the window can do, taken off the list.
    pub fn take_asks(&mut self) -> Vec<Ask> {
        std::mem::take(&mut self.asks)
    }

    /// Everything the window draws.
    pub fn view(&mut self) -> View {
        let view = self.state.view();
        let effects = self.state.start_slabs();
        self.perform(effects);
        view
    }

    /// The state, for reading.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    fn absorb(&mut self, event: Event) {
        let now = (self.config.clock)();
        let effects = self.state.absorb(event, now);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Commit(transaction) => {
                    self.workspace.commit(*transaction);
                }
                Effect::Start(request) => self.submit(request),
                Effect::AskOpen { folder } => self.asks.push(Ask::Open { folder }),
                Effect::AskExport => self.asks.push(Ask::Export),
                Effect::Reload => self.reload(),
                Effect::KeepKeys(settings) => self.keep_keys(&settings),
                Effect::SettleCrash { path, keep } => {
                    if let Err(error) = crash::settle(&path, keep) {
                        let what = tr!(
                            "The crash report {path} was not put away: {error}",
                            path = path.display(),
                            error
                        );
                        self.state.complain(what);
                    }
                }
            }
        }
    }

    fn keep_keys(&mut self, settings: &keymap::Settings) {
        let Some(folder) = &self.config.preferences else {
            return;
        };
        if let Err(error) = preferences::write(folder, settings) {
            let at = folder.display();
            self.state.complain(tr!(
                "The keys hold until the program ends; they were not kept in {at}: {error}",
                at,
                error
            ));
        }
    }

    fn submit(&self, request: Request) {
        let tools = self.tools.clone();
        self.queue.submit(JobSpec {
            id: request.job,
            name: request.name.to_owned(),
            lane: request.lane,
            context: request.context,
            work: Box::new(move |context| work::run(request.work, &tools, context)),
        });
    }
}

/// Opens what a session works with.
fn begin(config: &SessionConfig) -> Result<(State, Tools, Queue<Answer>, Workspace), SessionError> {
    let clock = Arc::clone(&config.clock);
    let options = OpenOptions {
        clock: Box::new(move || clock()),
        app_version: config.version.clone(),
        anchors: config.anchors.clone(),
        access: config.access,
        file_system: None,
    };
    let (workspace, opened) = Workspace::open(&config.workspace, options)?;
    workspace.wake_with(Arc::clone(&config.wake));
    let queue = Queue::start(&config.wake)?;
    let samples = config.samples.clone();
    let mut state = State::new(opened, config.seed, samples, config.workspace.clone());
    if let Some(folder) = &config.preferences {
        let read = preferences::read(folder);
        state.take_keys(read.settings, &read.wrong);
    }
    if let Some(dir) = &config.crashes {
        state.set_crashes(crash::pending(dir));
    }
    let tools = Tools {
        artifacts: workspace.artifacts().clone(),
        cache: workspace.cache().clone(),
        query: workspace.query(),
        index: Arc::default(),
        models: config.models.clone(),
        host: Arc::default(),
    };
    Ok((state, tools, queue, workspace))
}

impl Drop for Session {
    fn drop(&mut self) {
        self.state.cancel_all();
    }
}

fn commit_event(answer: store::Answer) -> Event {
    match answer {
        store::Answer::Committed { .. } => Event::Committed,
        store::Answer::Failed { error, .. } => Event::CommitFailed {
            reason: error.to_string(),
        },
        store::Answer::Trouble { error } => Event::Trouble {
            reason: error.to_string(),
        },
    }
}

fn job_event(finished: Finished<Answer>) -> Event {
    let result = match finished.outcome {
        Outcome::Done(answer) => JobResult::Done(answer),
        Outcome::Cancelled => JobResult::Cancelled,
        Outcome::Panicked(message) => JobResult::Panicked(message),
    };
    Event::Job {
        job: finished.id,
        result,
    }
}
