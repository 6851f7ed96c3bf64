//! What was opened: the tree of files, their headers, and looking again.

use std::path::PathBuf;
use std::sync::Arc;

use super::State;
use crate::app::command::HeaderOf;
use crate::app::effect::{Effect, Failure, Work};
use crate::app::files;
use crate::app::lookup;
use crate::app::view::{FileList, FileState, FilesView, HeaderView, PictureView, Severity};
use crate::case::SeriesId;
use crate::jobs::{JobId, Lane};
use crate::open::{Header, Refusal, Watch};
use crate::texts::{mark, tr};
use crate::volume::ColourImage;

/// The last scan.
#[derive(Debug)]
pub(in crate::app) struct Files {
    roots: Vec<PathBuf>,
    watch: Watch,
    /// The scan, while it runs.
    job: Option<JobId>,
    shown: bool,
    /// Somebody asked to see it, so that it does not go away by itself.
    by_hand: bool,
    /// The whole tree, once the headers are read.
    list: Option<Arc<FileList>>,
}

/// The header that is shown.
#[derive(Debug)]
pub(in crate::app) struct ShownHeader {
    job: Option<JobId>,
    view: HeaderView,
}

/// The colour picture that is shown.
#[derive(Debug)]
pub(in crate::app) struct ShownPicture {
    job: Option<JobId>,
    view: PictureView,
}

impl State {
    /// Looks into files; what is found is shown while it is found.
    pub(super) fn look_into(&mut self, paths: Vec<PathBuf>, effects: &mut Vec<Effect>) {
        let watch = Watch::default();
        let work = Work::Scan {
            paths: paths.clone(),
            watch: watch.clone(),
        };
        let job = self.start(mark!("Looking into files"), Lane::Io, work, effects);
        self.shown_picture = None;
        self.files = Some(Files {
            roots: paths,
            watch,
            job: Some(job),
            shown: true,
            by_hand: self.files.as_ref().is_some_and(|f| f.shown && f.by_hand),
            list: None,
        });
    }

    /// Without a desktop portal and without zenity, Linux has no dialog to show.
    pub(super) fn say_no_dialog(&mut self, export: bool) {
        let hint = if export {
            tr!("Write the report from a terminal: oncotwin report --case WORKSPACE --out FOLDER.")
        } else {
            tr!(
                "Drop files or a folder on this window, or name them in a terminal: oncotwin FOLDER. On Linux, xdg-desktop-portal or zenity brings the dialog back."
            )
        };
        self.say(
            Severity::Warning,
            tr!("The system showed no dialog to choose files"),
            hint,
        );
    }

    pub(super) fn look_again(&mut self, effects: &mut Vec<Effect>) {
        let Some(files) = &self.files else { return };
        let roots = files.roots.clone();
        if let Some(job) = files.job {
            self.cancel(job);
        }
        self.look_into(roots, effects);
    }

    pub(super) fn show_files(&mut self, shown: bool) {
        if let Some(files) = &mut self.files {
            files.shown = shown;
            files.by_hand = shown;
        }
    }

    /// The scan has ended, perhaps because nothing could be looked into. The list stays where there
    /// is something in it to be seen to.
    pub(super) fn files_ended(&mut self, job: JobId, refusal: Option<Refusal>) {
        let Some(files) = self.files.as_mut().filter(|f| f.job == Some(job)) else {
            return;
        };
        files.job = None;
        if let Some(refusal) = refusal {
            files.list = Some(Arc::new(files::refused(refusal)));
        }
        let list = files.list();
        if !files.by_hand && list.count(FileState::Refused) == 0 && !list.rows.is_empty() {
            files.shown = false;
        }
    }

    pub(in crate::app) fn files_view(&mut self) -> Option<FilesView> {
        let files = self.files.as_mut()?;
        let list = files.list();
        let listing = files.watch.listing();
        Some(FilesView {
            shown: files.shown,
            roots: files
                .roots
                .iter()
                .map(|r| r.display().to_string())
                .collect(),
            scanning: files.job,
            n_found: listing.n_found,
            n_read: listing.n_read,
            list,
        })
    }

    /// Shows the series that a file belongs to, or its header where it belongs to none.
    pub(super) fn look_at(&mut self, path: PathBuf, effects: &mut Vec<Effect>) {
        let mut sources = self.records.sources.iter();
        let series = sources.find(|s| s.files.contains(&path)).map(|s| s.series);
        let patient = series.and_then(|id| self.series(id)).map(|s| s.patient);
        let (Some(series), Some(patient)) = (series, patient) else {
            self.show_header(HeaderOf::File(path), effects);
            return;
        };
        if self.shown != Some(patient) {
            self.show_patient(patient, effects);
        }
        self.show_series(series, effects);
    }

    pub(super) fn show_header(&mut self, of: HeaderOf, effects: &mut Vec<Effect>) {
        let path = match of {
            HeaderOf::File(path) => path,
            HeaderOf::Series(series) => match self.file_shown(series) {
                Some(path) => path,
                None => return,
            },
        };
        let view = HeaderView {
            path: path.display().to_string(),
            pending: true,
            ..HeaderView::default()
        };
        let job = self.start(
            mark!("Reading a header"),
            Lane::Io,
            Work::Header { path },
            effects,
        );
        self.header = Some(ShownHeader {
            job: Some(job),
            view,
        });
    }

    pub(super) fn show_picture(&mut self, index: usize, frame: usize, effects: &mut Vec<Effect>) {
        let items = self.files.as_ref().and_then(|f| f.watch.listing().items);
        let item = items.as_ref().and_then(|items| items.get(index));
        let Some(item) = item.filter(|i| i.is_colour()) else {
            return;
        };
        let frame = frame.min(item.n_frames_4d.saturating_sub(1));
        let before = self.shown_picture.take();
        if let Some(job) = before.as_ref().and_then(|b| b.job) {
            self.cancel(job);
        }
        let before = before.map(|b| b.view).filter(|v| v.item == index);
        let view = PictureView {
            item: index,
            frame,
            n_frames: item.n_frames_4d,
            title: files::item_title(item),
            // The one before stays until the next is there.
            image: before.and_then(|v| v.image),
            pending: true,
            error: String::new(),
        };
        let work = Work::Picture {
            item: Box::new(item.clone()),
            frame,
        };
        let job = self.start(mark!("Reading a picture"), Lane::Io, work, effects);
        self.shown_picture = Some(ShownPicture {
            job: Some(job),
            view,
        });
    }

    pub(super) fn absorb_picture(&mut self, job: JobId, read: Result<ColourImage, Failure>) {
        let Some(shown) = self.shown_picture.as_mut().filter(|s| s.job == Some(job)) else {
            return;
        };
        shown.job = None;
        shown.view.pending = false;
        match read {
            Ok(image) => shown.view.image = Some(Arc::new(image)),
            Err(failure) => shown.view.error = format!("{}\n{}", failure.text, failure.hint),
        }
    }

    pub(in crate::app) fn picture_view(&self) -> Option<PictureView> {
        self.shown_picture.as_ref().map(|s| s.view.clone())
    }

    /// The file of the slice shown, where each slice has one.
    fn file_shown(&self, series: SeriesId) -> Option<PathBuf> {
        let source = lookup::source(&self.records, series)?;
        let n_slices = lookup::series(&self.records, series)?.shape[2];
        let slice = self.view_of(series).slice;
        let at = if source.files.len() == n_slices {
            slice
        } else {
            0
        };
        source.files.get(at).or(source.files.first()).cloned()
    }

    pub(super) fn hide_header(&mut self) {
        self.header = None;
    }

    pub(super) fn absorb_header(&mut self, job: JobId, read: Result<Header, Failure>) {
        let Some(shown) = self.header.as_mut().filter(|h| h.job == Some(job)) else {
            return;
        };
        shown.job = None;
        shown.view.pending = false;
        match read {
            Ok(header) => {
                shown.view.format = header.format;
                shown.view.rows = header.rows.into();
            }
            Err(failure) => shown.view.error = format!("{}\n{}", failure.text, failure.hint),
        }
    }

    /// Whoever waited for this job waits no longer.
    pub(super) fn forget_files_job(&mut self, job: JobId, why: &Failure) {
        self.files_ended(job, None);
        if let Some(shown) = self.header.as_mut().filter(|h| h.job == Some(job)) {
            shown.job = None;
            shown.view.pending = false;
            shown.view.error.clone_from(&why.text);
        }
        if let Some(shown) = self.shown_picture.as_mut().filter(|s| s.job == Some(job)) {
            shown.job = None;
            shown.view.pending = false;
            shown.view.error.clone_from(&why.text);
        }
    }

    pub(in crate::app) fn header_view(&self) -> Option<HeaderView> {
        self.header.as_ref().map(|h| h.view.clone())
    }
}

impl Files {
    /// The tree as far as it is known.
    fn list(&mut self) -> Arc<FileList> {
        if let Some(list) = &self.list {
            return Arc::clone(list);
        }
        let listing = self.watch.listing();
        match &listing.items {
            Some(items) => Arc::clone(self.list.insert(Arc::new(files::tree(items)))),
            None => Arc::new(files::growing(&listing)),
        }
    }
}
