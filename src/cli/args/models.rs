//! Arguments of `oncotwin models`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

/// `oncotwin models`
#[derive(ClapArgs)]
pub(in crate::cli) struct ModelsArgs {
    /// What to do with models.
    #[command(subcommand)]
    pub verb: ModelsVerb,
    /// Folder of models (default: ONCOTWIN_MODELS, else the platform's data directory).
    #[arg(long, value_name = "DIR", global = true)]
    pub models: Option<PathBuf>,
    /// Answer with one JSON document.
    #[arg(long, global = true)]
    pub json: bool,
}

/// Verbs of `oncotwin models`.
#[derive(Subcommand)]
pub(in crate::cli) enum ModelsVerb {
    /// List known and installed models.
    List,
    /// Fetch a model from the network.
    Fetch(FetchArgs),
    /// Take over a model whose files are on this computer.
    Import(ImportArgs),
    /// Read every file of installed models anew and compare it with what arrived.
    Verify {
        /// Names (default: all that are installed).
        names: Vec<String>,
    },
}

/// `oncotwin models fetch`
#[derive(ClapArgs)]
pub(in crate::cli) struct FetchArgs {
    /// A name of `models list`, or `hub:OWNER/REPO[@REVISION]` of the Hugging Face hub.
    #[arg(value_name = "NAME")]
    pub wish: String,
    /// What it shall be called here.
    #[arg(long)]
    pub name: Option<String>,
    /// A file of the repository, in place of all safetensors; may be given several times.
    #[arg(long = "file", value_name = "FILE")]
    pub files: Vec<String>,
    /// The licence was read and is accepted.
    #[arg(long)]
    pub accept_licence: bool,
}

/// `oncotwin models import`
#[derive(ClapArgs)]
pub(in crate::cli) struct ImportArgs {
    /// A GGUF file, or a folder with the files of a model.
    pub path: PathBuf,
    /// What it shall be called here.
    #[arg(long)]
    pub name: Option<String>,
    /// Leave the files where they are and only note that.
    #[arg(long)]
    pub in_place: bool,
}
