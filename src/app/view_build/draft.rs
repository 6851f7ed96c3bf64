//! Drafts as the window shows them.

use crate::app::state::drafts::{About, Made};
use crate::app::state::{Slot, State};
use crate::app::view::{DescriptionView, DraftModel, DraftState, DraftView};
use crate::case::PatientId;
use crate::draft::{Draft, Extent, Resources};
use crate::nn::plan::{Plan, Precision};
use crate::texts::{self, tr};

impl State {
    /// Models and what they wrote about a patient; `None` where nobody looks for models.
    pub(super) fn draft_view(&mut self, patient: PatientId) -> Option<DraftView> {
        let drafts = &self.drafts;
        let models = drafts.models.as_ref()?;
        let models = models.iter().map(|offer| DraftModel {
            name: offer.found.name.clone(),
            size: gigabytes(offer.found.bytes),
            needs: offer.plan.as_ref().map(needs).map_err(String::clone),
            sees: offer.sees,
            found: offer.found.clone(),
        });
        let models = models.collect();
        let is_long = drafts.extent == Extent::Comprehensive;
        let resources = drafts.resources.as_ref();
        let is_open = resources.is_some_and(|r| r.open.is_some());
        let resources = resources.map(resource_lines).unwrap_or_default();
        let description = drafts
            .offers_descriptions
            .then(|| self.description_view(patient));
        let is_case = |about: &About| matches!(about, About::Case(_));
        let made = self.made_draft(patient);
        let state = self.under_way(patient, is_case, made);
        Some(DraftView {
            models,
            is_long,
            state,
            description,
            resources,
            is_open,
        })
    }

    fn description_view(&self, patient: PatientId) -> DescriptionView {
        let shown = |visit| {
            let series = self.series_shown_in(visit)?;
            self.images.get(&series).and_then(Slot::ready)?;
            Some((self.visit_title(visit), series))
        };
        let is_image = |about: &About| matches!(about, About::Image { .. });
        let under_way = self.drafts.under_way.as_ref();
        let of_patient = under_way.filter(|u| u.patient == patient && is_image(&u.about));
        let made = self.drafts.described.get(&patient);
        let about = of_patient.map(|u| &u.about).or(made.map(|m| &m.about));
        let title = match about {
            Some(About::Image { title, .. }) => title.clone(),
            _ => String::new(),
        };
        let made = made.map_or(DraftState::None, |made| ended(made, false));
        DescriptionView {
            images: self.visits(patient).into_iter().filter_map(shown).collect(),
            title,
            state: self.under_way(patient, is_image, made),
        }
    }

    /// What is being written; else what was made before.
    fn under_way(
        &self,
        patient: PatientId,
        is_it: impl Fn(&About) -> bool,
        made: DraftState,
    ) -> DraftState {
        let Some(under_way) = self.drafts.under_way.as_ref() else {
            return made;
        };
        if under_way.patient != patient || !is_it(&under_way.about) {
            return match made {
                DraftState::None => DraftState::Busy,
                made => made,
            };
        }
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

    fn made_draft(&mut self, patient: PatientId) -> DraftState {
        let summary = self.summary(patient);
        let Some(made) = self.drafts.made.get(&patient) else {
            return DraftState::None;
        };
        let is_old = matches!(&made.about, About::Case(facts) if *facts != summary.facts);
        ended(made, is_old)
    }
}

fn ended(made: &Made, is_old: bool) -> DraftState {
    match &made.draft {
        Ok(draft) => DraftState::Made {
            text: draft.text.clone(),
            is_cut: draft.is_cut,
            is_old,
            provenance: provenance(draft),
        },
        Err(failure) => DraftState::Failed {
            text: failure.text.clone(),
            hint: failure.hint.clone(),
        },
    }
}

fn resource_lines(resources: &Resources) -> Vec<String> {
    let mut lines = Vec::new();
    let free_of = |free, all| [gigabytes(free), gigabytes(all)];
    if let Some([all, free]) = resources.memory {
        let [free, all] = free_of(free, all);
        lines.push(tr!("Memory: {free} of {all} free", free, all));
    }
    for card in &resources.cards {
        let [free, all] = free_of(card.free, card.bytes);
        lines.push(tr!(
            "{card}: {free} of {all} free",
            card = card.name,
            free,
            all
        ));
    }
    for name in &resources.unused {
        lines.push(tr!("{card}: not used by this program", card = name));
    }
    lines.push(match &resources.open {
        Some(open) => tr!(
            "Open: {model}, {how}",
            model = open.name,
            how = needs(&open.plan)
        ),
        None => tr!("No model is open.").to_owned(),
    });
    lines
}

fn needs(plan: &Plan) -> String {
    let precision = match plan.precision {
        Precision::AsStored => tr!("as stored"),
        Precision::Floats => tr!("floats"),
        Precision::Bf16 | Precision::F16 => tr!("halves"),
        Precision::FourBits => tr!("four bits"),
    };
    let memory = gigabytes(plan.bytes());
    if plan.uses_cards() {
        let place = plan.place();
        return tr!(
            "on {place}, {precision}, about {memory} of memory",
            place,
            precision,
            memory
        );
    }
    tr!(
        "on the processor, {precision}, about {memory} of memory",
        precision,
        memory
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
        lines.push(tr!("Tried before in vain: {reason}", reason));
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
