//! Commands and events taken in: which part of the state deals with which.

use jiff::Timestamp;

use super::{DARK, State};
use crate::app::command::Command;
use crate::app::effect::{Effect, Event};
use crate::app::view::Severity;
use crate::case::{Change, MaskStep};
use crate::draft::Extent;

/// Whether what the last gesture made still waits to be accepted or rejected: looking at it from
/// other slices is no answer.
const fn stays_with_proposal(command: &Command) -> bool {
    matches!(
        command,
        Command::SetSlice { .. }
            | Command::SetWindow { .. }
            | Command::AutoWindow { .. }
            | Command::Invert { .. }
            | Command::SetZoom { .. }
            | Command::PointAt { .. }
            | Command::ShowPlanes { .. }
            | Command::ShowThreeD { .. }
            | Command::SetSectionZoom { .. }
            | Command::TurnPlane { .. }
            | Command::StraightenPlanes { .. }
            | Command::SetSlab { .. }
            | Command::SetFusion { .. }
            | Command::HideIdentity { .. }
            | Command::SetColours { .. }
            | Command::SetLink { .. }
            | Command::Preview { .. }
            | Command::EndPreview
            | Command::Accept
            | Command::Reject
            | Command::TakeOffer
            | Command::Trace { .. }
            | Command::HideTrace
            | Command::CancelJob { .. }
            | Command::DismissMessage { .. }
            | Command::RetrySave
            | Command::SetDark { .. }
            | Command::SetKeys { .. }
            | Command::SetLayout { .. }
            | Command::MakeThumbnail { .. }
            | Command::LookForModels
            | Command::Draft { .. }
            | Command::Describe { .. }
            | Command::OfferDescriptions { .. }
            | Command::DropDescription
            | Command::SetDraftExtent { .. }
            | Command::DropDraft
            | Command::CloseModel
    )
}

impl State {
    /// Does what a person asked. `now` is the time of the request.
    pub(in crate::app) fn apply(&mut self, command: Command, now: Timestamp) -> Vec<Effect> {
        self.now = now;
        let mut effects = Vec::new();
        let e = &mut effects;
        if !stays_with_proposal(&command) {
            self.end_proposal();
            // No gesture is under way any more.
            self.previewed_last = self.end_preview();
        }
        match command {
            Command::ChooseOpen { .. }
            | Command::Open { .. }
            | Command::OpenSample { .. }
            | Command::LookAgain
                if self.refuses_to_write() => {}
            Command::Prompt { .. }
            | Command::Edit { .. }
            | Command::Combine { .. }
            | Command::SplitLesion { .. }
            | Command::Caliper { .. }
            | Command::AddMeasurement { .. }
            | Command::MoveHandle { .. }
            | Command::MoveCaliper { .. }
            | Command::EnterSize { .. }
            | Command::Sign { .. }
            | Command::ChooseExport
            | Command::Export { .. }
                if self.must_state_identity() => {}
            Command::ChooseOpen { folder } => e.push(Effect::AskOpen { folder }),
            Command::Open { paths } => self.look_into(paths, e),
            Command::NoDialog { export } => self.say_no_dialog(export),
            Command::LookAgain => self.look_again(e),
            Command::ShowFiles { shown } => self.show_files(shown),
            Command::LookAt { path } => self.look_at(path, e),
            Command::ShowHeader { of } => self.show_header(of, e),
            Command::HideHeader => self.hide_header(),
            Command::ShowPicture { item, frame } => self.show_picture(item, frame, e),
            Command::HidePicture => self.shown_picture = None,
            Command::StateOnePerson { reason } => self.state_one_person(&reason, e),
            Command::StatePet {
                series,
                stated,
                reason,
            } => self.state_pet(series, stated, &reason, e),
            Command::ChooseFrame { series, frame } => self.choose_frame(series, frame, now, e),
            Command::JoinStacks { series } => self.join_stacks(series, e),
            Command::OpenSample { sample } => self.open_sample(sample, e),
            Command::ShowChooser => self.show_chooser(e),
            Command::ShowPatient { patient } => self.show_patient(patient, e),
            Command::ShowSeries { series } => self.show_series(series, e),
            Command::SetSlice { series, slice } => {
                self.set_slice(series, slice, e);
                self.follow_place(series, e);
            }
            Command::SetLink { series, mode } => self.set_link(series, mode, e),
            Command::Register { series } => self.register(series, e),
            Command::RegisterAll => self.register_all(e),
            Command::AcceptRegistration { series } => self.accept_registration(series, e),
            Command::RemoveRegistration { series } => self.remove_registration(series, e),
            Command::SetWindow { series, window } => self.set_window(series, window, e),
            Command::AutoWindow { series, region } => self.auto_window(series, region, e),
            Command::Invert { series } => self.invert(series, e),
            Command::SetZoom { series, zoom, pan } => self.edit_view(series, e, |view| {
                view.zoom = zoom.clamp(0.1, 40.0);
                view.pan = pan;
            }),
            Command::PointAt { series, place } => self.point_at(series, place, e),
            Command::ShowPlanes { three } => self.show_planes(three, e),
            Command::ShowThreeD { on } => self.show_three_d(on, e),
            Command::SetSectionZoom {
                series,
                across,
                zoom,
                pan,
            } => self.look_at_planes(series, e, |look| {
                if let (Some(z), Some(p)) = (look.zoom.get_mut(across), look.pan.get_mut(across)) {
                    (*z, *p) = (zoom.clamp(0.1, 40.0), pan);
                }
            }),
            Command::TurnPlane {
                series,
                across,
                about,
                degrees,
            } => self.turn_plane((series, across), about.into(), degrees, e),
            Command::StraightenPlanes { series } => self.straighten_planes(series, e),
            Command::SetSlab { series, slab } => self.set_slab(series, slab, e),
            Command::HideIdentity { hidden } => self.hide_identity(hidden, e),
            Command::SetFusion { series, fusion } => self.set_fusion(series, fusion, e),
            Command::SetColours { series, colours } => self.set_colours(series, colours, e),
            Command::SelectLesion { lesion } => self.select_lesion(lesion, e),
            Command::Prompt {
                series,
                lesion,
                prompt,
            } => self.draw(series, lesion, MaskStep::Prompt { prompt }, now, e),
            Command::Edit {
                series,
                lesion,
                edit,
            } => {
                let step = MaskStep::edit(edit);
                self.draw(series, lesion, step, now, e);
            }
            Command::Combine {
                annotation,
                other,
                op,
            } => self.combine(annotation, other, op, now, e),
            Command::SplitLesion { annotation, line } => {
                self.split_lesion(annotation, line, now, e);
            }
            Command::Preview {
                series,
                lesion,
                step,
            } => self.preview(series, lesion, step, e),
            Command::EndPreview => drop(self.end_preview()),
            Command::Accept => self.accept(e),
            Command::Reject => self.reject(e),
            Command::TakeOffer => self.take_offer(now, e),
            Command::Caliper {
                series,
                lesion,
                line,
            } => self.caliper(series, lesion, line, now, e),
            Command::EnterSize {
                lesion,
                time_point,
                size,
                reason,
            } => self.enter_size(lesion, time_point, size, &reason, now, e),
            Command::AddMeasurement {
                series,
                figure,
                label,
            } => self.add_measurement(series, figure, label, now, e),
            Command::MoveHandle {
                measurement,
                handle,
                to,
            } => self.move_handle(measurement, handle, to, e),
            Command::MoveCaliper {
                annotation,
                handle,
                to,
            } => self.move_caliper(annotation, handle, to, e),
            Command::LabelMeasurement { measurement, label } => {
                self.label_measurement(measurement, &label, e);
            }
            Command::RemoveMeasurement { measurement } => self.remove_measurement(measurement, e),
            Command::CountBy { annotation, source } => self.count_by(annotation, source, e),
            Command::RemoveAnnotation { annotation } => self.remove_annotation(annotation, e),
            Command::LinkAnnotation { annotation, lesion } => {
                self.link_annotation(annotation, lesion, now, e);
            }
            Command::EditLesion {
                lesion,
                label,
                organ,
                role,
                nodal,
            } => self.edit_lesion(lesion, &label, organ, role, nodal, e),
            Command::RemoveLesion { lesion } => self.remove_lesion(lesion, e),
            Command::SplitTimePoint { series } => self.split_time_point(series, now, e),
            Command::MergeTimePoints { into, from } => self.merge_time_points(into, from, e),
            Command::SetDate { time_point, date } => self.set_date(time_point, date, e),
            Command::AddTreatment { treatment } => self.take_entry(treatment, now, e),
            Command::RemoveTreatment { treatment } => self.remove_treatment(treatment, e),
            Command::SetScenario { change } => self.set_scenario(change, now, e),
            Command::ChoosePrior { prior } => self.choose_prior(prior, e),
            Command::ChooseExport if self.refuses_to_write() => {}
            Command::ChooseExport => e.push(Effect::AskExport),
            Command::Export { dir, formats } => self.export(dir, formats, now, e),
            Command::LookForModels => self.look_for_models(e),
            Command::Draft { model } => self.draft(model, e),
            Command::Describe { model, series } => self.describe(model, series, e),
            Command::OfferDescriptions { on } => self.drafts.offers_descriptions = on,
            Command::DropDescription => self.drop_description(),
            Command::SetDraftExtent { long } => self.set_draft_extent(if long {
                Extent::Comprehensive
            } else {
                Extent::Routine
            }),
            Command::DropDraft => self.drop_draft(),
            Command::CloseModel => self.close_model(e),
            Command::CancelJob { job } => {
                self.cancel(job);
            }
            Command::DismissMessage { index } => {
                if index < self.messages.len() {
                    self.messages.remove(index);
                }
            }
            Command::Undo => self.undo(e),
            Command::Redo => self.redo(e),
            Command::JumpTo { step } => self.jump_to(step, e),
            Command::SetReader { reader } => self.set_reader(reader, e),
            Command::EnterReader { name, role } => self.enter_reader(&name, role, e),
            Command::MarkReviewed { time_point } => self.mark_reviewed(time_point, e),
            Command::Sign {
                time_point,
                meaning,
            } => self.sign(time_point, meaning, e),
            Command::Amend { time_point, reason } => self.amend(time_point, &reason, e),
            Command::ShowVersions { annotation } => self.show_versions(annotation, e),
            Command::HideVersions => self.versions = None,
            Command::CompareVersions { a, b } => self.compare_versions(a, b, e),
            Command::RestoreVersion { version } => self.restore_version(version, e),
            Command::Trace { subject } => self.trace(subject, e),
            Command::HideTrace => self.traced = None,
            Command::ErasePatient { patient, reason } => self.erase_patient(patient, &reason, e),
            Command::SettleCrash { keep } => self.settle_crash(keep, e),
            Command::Reload if self.read_only.is_some() => e.push(Effect::Reload),
            Command::Reload => {}
            Command::RetrySave => self.retry_save(e),
            Command::MakeThumbnail { patient } => self.make_thumbnail(patient, e),
            Command::SetLayout { layout } => self.set_layout(layout, e),
            Command::SetKeys { settings } => self.set_keys(settings, e),
            Command::SetDark { dark } => {
                self.dark = dark;
                self.commit_unaudited(Change::PutSetting(DARK.to_owned(), dark.into()), e);
            }
        }
        self.refresh_versions(&mut effects);
        self.read_trace(&mut effects);
        self.make_surfaces(&mut effects);
        self.refresh_sum(&mut effects);
        self.check_next(&mut effects);
        effects
    }

    /// Takes in what the world answered. `now` is the time of the answer.
    pub(in crate::app) fn absorb(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        self.now = now;
        let mut effects = Vec::new();
        match event {
            Event::Job { job, result } => {
                let running = self.jobs.remove(&job);
                self.absorb_job(job, running.as_ref(), result, now, &mut effects);
            }
            Event::Committed => {
                self.under_way.pop_front();
            }
            Event::CommitFailed { reason } => {
                self.unsaved.extend(self.under_way.pop_front());
                self.save_error = reason;
            }
            Event::Trouble { reason } => self.say(Severity::Warning, reason, ""),
        }
        self.finish_erasing(&mut effects);
        self.refresh_versions(&mut effects);
        self.read_trace(&mut effects);
        self.make_surfaces(&mut effects);
        self.refresh_sum(&mut effects);
        self.check_next(&mut effects);
        effects
    }
}
