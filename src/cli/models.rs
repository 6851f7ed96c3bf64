//! `models list`, `models fetch`, `models import` and `models verify`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::{FetchArgs, ImportArgs, ModelsArgs, ModelsVerb};
use super::output::{self, Failure, Output};
use crate::draft::{Host, Resources};
use crate::models::{
    self, Checked, Error, Finding, Import, Library, Listed, Means, Receipt, State, Wish, size,
};

pub(super) fn failure(error: &Error) -> Failure {
    let place = error.place();
    let place = place.map_or_else(String::new, |path| path.display().to_string());
    Failure::new(error.code(), error.to_string())
        .at(place)
        .hint(error.hint())
}

pub(super) fn models(args: &ModelsArgs) -> Result<Output, Failure> {
    let library = Library::at(args.models.as_deref()).map_err(|e| failure(&e))?;
    let answer = match &args.verb {
        ModelsVerb::List => list(&library),
        ModelsVerb::Fetch(fetch) => return self::fetch(&library, fetch),
        ModelsVerb::Import(import) => self::import(&library, import),
        ModelsVerb::Verify { names } => verify(&library, names),
    };
    answer.map_err(|e| failure(&e))
}

fn row(listed: &Listed) -> String {
    let state = match &listed.state {
        State::Known { bytes: Some(bytes) } => format!("not here, {}", size(*bytes)),
        State::Known { bytes: None } => "not here".to_owned(),
        State::Partial { present, bytes } => {
            let share = *present as f64 / (*bytes).max(1) as f64 * 100.0;
            let (present, bytes) = (size(*present), size(*bytes));
            format!("broken off at {share:.0} % ({present} of {bytes})")
        }
        State::Installed {
            bytes,
            date,
            faults,
        } => {
            let date = date.strftime("%Y-%m-%d");
            let faults: String = faults.iter().map(|fault| format!("; {fault}")).collect();
            format!("installed {date}, {}{faults}", size(*bytes))
        }
        State::Unreadable { reason } => format!("its receipt {reason}"),
    };
    let mut lines = format!("{}: {state}\n", listed.name);
    let mut line = |name: &str, text: &str| {
        if !text.is_empty() {
            lines.push_str(&format!("    {name:<9}{text}\n"));
        }
    };
    line("what", &listed.title);
    line("for", listed.purpose.as_deref().unwrap_or_default());
    if let Some(licence) = &listed.licence {
        line("licence", &format!("{}, {}", licence.name, licence.url));
    }
    line("source", &listed.source);
    if let Some(path) = &listed.path {
        line("where", &path.display().to_string());
    }
    lines
}

fn list(library: &Library) -> models::Result<Output> {
    let rows = library.list()?;
    let mut text: String = rows.iter().map(row).collect();
    text.push_str(&format!("Folder of models: {}\n", library.dir().display()));
    let (resources, _) = Resources::now(&Host::default());
    let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    if let Some([all, free]) = resources.memory {
        let [all, free] = [all, free].map(gigabytes);
        text.push_str(&format!("Memory: {free} of {all} free\n"));
    }
    for card in &resources.cards {
        let [all, free] = [card.bytes, card.free].map(gigabytes);
        text.push_str(&format!("{}: {free} of {all} free\n", card.name));
    }
    for name in &resources.unused {
        text.push_str(&format!("{name}: not used by this program\n"));
    }
    let [all, free] = resources
        .memory
        .map_or([None; 2], |memory| memory.map(Some));
    Ok(Output::new(
        text,
        json!({
            "dir": library.dir(), "models": rows,
            "machine": {
                "memory_bytes": all, "free_bytes": free, "cards": resources.cards,
                "cards_not_used": resources.unused,
            },
        }),
    ))
}

fn arrived(library: &Library, receipt: &Receipt) -> Output {
    let folder = library.folder(&receipt.name);
    let text = format!(
        "{} is installed: {} in {} files, {}\n`oncotwin generate --model {}` runs it.\n",
        receipt.name,
        size(receipt.bytes()),
        receipt.files.len(),
        folder.display(),
        receipt.name
    );
    let mut json = json!(receipt);
    if let Value::Object(fields) = &mut json {
        fields.remove("format");
        fields.insert("dir".to_owned(), json!(folder));
        fields.insert("bytes".to_owned(), json!(receipt.bytes()));
    }
    Output::new(text, json)
}

fn fetch(library: &Library, args: &FetchArgs) -> Result<Output, Failure> {
    let means = Means::of_system();
    let wish: Wish = args.wish.parse().map_err(|e| failure(&e))?;
    let name = args.name.as_deref();
    let plan = output::watched(|job| models::plan(library, &wish, name, &args.files, &means, job));
    let plan = plan.map_err(|e| failure(&e))?;
    output::beside(&format!(
        "{}: {} in {} files\nLicence: {}\n         {}",
        plan.title,
        size(plan.bytes()),
        plan.files.len(),
        plan.licence.name,
        plan.licence.url
    ));
    let accepted = args.accept_licence || output::asked("Is the licence accepted?") == Some(true);
    let receipt = output::watched(|job| {
        models::fetch(library, &plan, accepted, &means, Timestamp::now(), job)
    });
    let receipt = receipt.map_err(|e| failure(&e))?;
    Ok(arrived(library, &receipt))
}

fn import(library: &Library, args: &ImportArgs) -> models::Result<Output> {
    let what = Import {
        path: &args.path,
        name: args.name.as_deref(),
        in_place: args.in_place,
    };
    let (means, now) = (Means::of_system(), Timestamp::now());
    let receipt = output::watched(|job| models::import(library, &what, &means, now, job))?;
    Ok(arrived(library, &receipt))
}

fn said(file: &Checked) -> String {
    let said = match &file.finding {
        Finding::Ok => "ok".to_owned(),
        Finding::Missing => "missing".to_owned(),
        Finding::OtherSize { found } => {
            format!("other size: {found} bytes instead of {}", file.bytes)
        }
        Finding::OtherContent { found } => {
            format!("other content: sha256 {found} instead of {}", file.sha256)
        }
        Finding::Unreadable { reason } => format!("unreadable: {reason}"),
    };
    format!("    {}: {said}\n", file.path)
}

fn verify(library: &Library, names: &[String]) -> models::Result<Output> {
    let installed =
        |row: &Listed| !matches!(row.state, State::Known { .. } | State::Partial { .. });
    let mut names = names.to_vec();
    if names.is_empty() {
        let rows = library.list()?;
        names.extend(rows.into_iter().filter(installed).map(|row| row.name));
    }
    let (mut text, mut rows, mut is_whole) = (String::new(), Vec::new(), true);
    for name in &names {
        let files = output::watched(|job| models::verify(library, name, job))?;
        let is_ok = files.iter().all(|file| file.finding == Finding::Ok);
        let verdict = if is_ok { "whole" } else { "NOT whole" };
        text.push_str(&format!("{name}: {verdict}\n"));
        text.extend(files.iter().map(said));
        rows.push(json!({"name": name, "whole": is_ok, "files": files}));
        is_whole &= is_ok;
    }
    match (names.is_empty(), is_whole) {
        (true, _) => text.push_str("No model is installed.\n"),
        (false, true) => {}
        (false, false) => text.push_str("`oncotwin models fetch NAME` mends what was fetched.\n"),
    }
    Ok(Output {
        text,
        json: json!({"dir": library.dir(), "whole": is_whole, "models": rows}),
        is_refusal: !is_whole,
    })
}
