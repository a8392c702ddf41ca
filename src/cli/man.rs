//! `man`: one manual page with every subcommand, or a page for each in a directory.

use std::{io, path::PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use super::output;

/// The section of programs for administrators.
const SECTION: &str = "8";

/// `changeover man`
#[derive(Debug, Args)]
pub(super) struct Manual {
    /// Write a page for each subcommand into this directory instead.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints the page, or writes the pages.
pub(super) fn main(asked: &Manual, command: Command) -> u8 {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let done = match &asked.dir {
        Some(dir) => pages(&command).iter().try_for_each(|page| page.generate_to(dir).map(drop)),
        None => whole(&command).map(|page| output::data(String::from_utf8_lossy(&page).trim_end())),
    };
    match done {
        Ok(()) => 0,
        Err(error) => {
            let dir = asked.dir.as_deref().unwrap_or_else(|| ".".as_ref()).display();
            output::talk(&format!("the pages cannot be written to {dir}: {error}"));
            output::USAGE
        }
    }
}

fn page(command: &Command) -> Man {
    Man::new(command.clone()).section(SECTION)
}

fn pages(command: &Command) -> Vec<Man> {
    std::iter::once(command).chain(command.get_subcommands()).map(page).collect()
}

/// One page: the sections of a subcommand stand as subsections under its name.
fn whole(command: &Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let top = page(command);
    top.render_title(&mut text)?;
    top.render_name_section(&mut text)?;
    top.render_synopsis_section(&mut text)?;
    top.render_options_section(&mut text)?;
    for subcommand in command.get_subcommands() {
        let man = page(subcommand);
        let mut part = Vec::new();
        man.render_description_section(&mut part)?;
        man.render_synopsis_section(&mut part)?;
        man.render_options_section(&mut part)?;
        let part = String::from_utf8_lossy(&part).replace("\n.SH ", "\n.SS ");
        let name = subcommand.get_name().to_uppercase();
        text.extend_from_slice(format!(".SH {name}\n{part}").as_bytes());
    }
    top.render_version_section(&mut text)?;
    Ok(text)
}
