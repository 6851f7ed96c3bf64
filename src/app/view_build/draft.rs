//! Drafts as the window shows them.

use crate::app::state::State;
use crate::app::view::{DraftModel, DraftState, DraftView};
use crate::case::PatientId;
use crate::draft::{Draft, Extent};
use crate::nn::plan::{Plan, Precision};
use crate::texts::{self, tr};

impl State {
    /// Models and the draft of a patient; `None` where nobody looks for models.
    pub(super) fn draft_view(&mut self, patient: PatientId) -> Option<DraftView> {
        let drafts = &self.drafts;
        let models = drafts.models.as_ref()?;
        let models = models.iter().map(|offer| DraftModel {
            name: offer.found.name.clone(),
            size: gigabytes(offer.found.bytes),
            needs: offer.plan.as_ref().map(needs).map_err(String::clone),
            found: offer.found.clone(),
        });
        let models = models.collect();
        let extent = drafts.extent;
        let state = match &drafts.under_way {
            Some(under_way) if under_way.patient == patient => {
                let running = self.jobs.get(&under_way.job);
                let (step, fraction) = running.map_or_else(
                    || (String::new(), 0.0),
                    |running| running.context.progress.read(),
                );
                DraftState::UnderWay {
                    text: under_way.words.read(),
                    step: texts::text(&step).to_owned(),
                    fraction,
                }
            }
            Some(_) => DraftState::Busy,
            None => self.made_draft(patient),
        };
        Some(DraftView {
            models,
            is_long: extent == Extent::Comprehensive,
            state,
        })
    }

    fn made_draft(&mut self, patient: PatientId) -> DraftState {
        let facts = self.summary(patient);
        let Some(made) = self.drafts.made.get(&patient) else {
            return DraftState::None;
        };
        match &made.draft {
            Ok(draft) => DraftState::Made {
                text: draft.text.clone(),
                is_cut: draft.is_cut,
                is_old: made.facts != facts.facts,
                provenance: provenance(draft),
            },
            Err(failure) => DraftState::Failed {
                text: failure.text.clone(),
                hint: failure.hint.clone(),
            },
        }
    }
}

fn needs(plan: &Plan) -> String {
    let precision = match plan.precision {
        Precision::AsStored => tr!("as stored"),
        Precision::Floats => tr!("floats"),
        Precision::FourBits => tr!("four bits"),
    };
    tr!(
        "on the processor, {precision}, about {memory} of memory",
        precision,
        memory = gigabytes(plan.bytes)
    )
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

/// What the draft was made of, line by line.
fn provenance(draft: &Draft) -> Vec<String> {
    let p = &draft.provenance;
    let mut lines = vec![
        tr!(
            "{model}, {precision}, on {device}, about {gigabytes:.1} GB of memory",
            model = p.model,
            precision = p.precision,
            device = p.device,
            gigabytes = p.memory as f64 / 1e9
        ),
        tr!(
            "{n} facts read, {left} did not fit; {images} images",
            n = p.facts,
            left = p.facts_left_out,
            images = p.images.len()
        ),
        tr!(
            "Prompt {prompt}, {n} tokens in {read:.1} s, {new} written",
            prompt = p.prompt,
            n = p.prompt_tokens,
            read = p.read_s,
            new = p.new_tokens
        ),
    ];
    if let Some(reason) = &p.instead_of {
        lines.push(tr!(
            "Computed with floats, since four bits failed: {reason}",
            reason
        ));
    }
    if let Some(speed) = p.speed() {
        lines.push(tr!("{speed:.1} tokens per second", speed));
    }
    lines.push(tr!(
        "Temperature {temperature}, repetition {penalty}, seed {seed}",
        temperature = p.sampling.temperature,
        penalty = p.sampling.repetition_penalty,
        seed = p.sampling.seed
    ));
    for file in &p.weights {
        lines.push(format!("{} · SHA-256 {}", file.name, file.sha256));
    }
    lines
}
