//! The values of a plan's inputs, and reading plans and files of inputs: bounded, once.

use std::{
    env,
    ffi::OsString,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    nginx::printable,
    plan::{self, InputsFile, Values},
};

/// Values for the plan's inputs.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Given {
    /// A value for an input of the plan; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = name_and_value)]
    set: Vec<(String, String)>,
    /// A file of values for the plan's inputs, TOML or JSON; `-` is standard input. `--set` wins over it.
    #[arg(long = "inputs", value_name = "FILE")]
    file: Option<PathBuf>,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("give it as NAME=VALUE".to_owned()),
    }
}

impl Given {
    /// Reads the file, if there is one; the error says which could not be read. `plans` are read too, and standard
    /// input can be read once.
    pub(super) fn read(&self, plans: &[PathBuf]) -> Result<Taken<'_>, String> {
        if plans.iter().chain(&self.file).filter(|path| is_stdin(path)).count() > 1 {
            return Err("standard input cannot be read twice: `-` stands for one file only".to_owned());
        }
        let file = self.file.as_deref().map(inputs_file).transpose()?;
        Ok(Taken { set: &self.set, file })
    }
}

/// What was given, once it is read: standard input has an end.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    set: &'a [(String, String)],
    file: Option<InputsFile>,
}

impl Taken<'_> {
    /// For a plan; it says itself which variables of the environment it wants.
    pub(super) fn values(&self) -> Values<'_> {
        self.over(&[])
    }

    /// For a plan whose inputs an earlier run has recorded.
    pub(super) fn over<'a>(&'a self, recorded: &'a [(String, String)]) -> Values<'a> {
        Values { recorded, sets: self.set, file: self.file.as_ref(), environment: &variable }
    }
}

#[expect(clippy::disallowed_methods, reason = "`from-env` is read here and nowhere else")]
pub(super) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

fn inputs_file(path: &Path) -> Result<InputsFile, String> {
    let name = name(path);
    match read(path) {
        Ok(bytes) => Ok(InputsFile { name, bytes }),
        Err(error) => Err(format!("{name} cannot be read: {error}")),
    }
}

/// The bytes of a plan or of inputs; one more than the largest plan at the most, so that a larger one is told from it.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    if is_stdin(path) { bounded(io::stdin().lock()) } else { bounded(File::open(path)?) }
}

fn bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(plan::LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    from.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a file is called in messages.
pub(super) fn name(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".to_owned()
    } else {
        printable(&path.display().to_string(), usize::MAX)
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}
