//! `run`: loads the plan, and hands every event to the report.

use std::{io, path::PathBuf, rc::Rc, time::Duration};

use super::{
    Run, RunFormat, Way, inputs,
    load::{load, unusable},
    outlet::Outlet,
    output,
    printer::Printer,
    screen::{self, Ticker},
    seal, state, warnings,
};
use crate::{
    engine::{Event, FindingReport, Record},
    plan::Loaded,
    preflight::Seal,
    report::{Human, PlanView, Salt, json_line},
    run::{Input, NoRollback, Rollback, Run as Execution, Started, Teller, start},
};

/// Exit code 1: a bug, or a system that gives the process no runtime.
const BUG: u8 = 1;
/// How long a reader may take to read the last lines.
pub(super) const LAST_LINES: Duration = Duration::from_secs(2);
/// How long one may take to read that the run is suspended, before it is.
const SUSPENDED: Duration = Duration::from_millis(200);

/// Does what the plan says; the exit code tells the state of the machine.
pub(super) fn main(run: &Run) -> u8 {
    let (loaded, verified) = match load(&run.plan) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let Some(state) = state::directory(run.way.state_dir.as_deref()) else {
        return unusable(&run.plan, state::HOMELESS.to_owned());
    };
    let sealed =
        match run.sealed.as_deref().map(|file| seal::read(file).map_err(|error| (file, error))).transpose() {
            Ok(sealed) => sealed,
            Err((file, error)) => {
                return unusable(&run.plan, format!("{} cannot be read: {error}", inputs::name(file)));
            }
        };
    // People are told here what the verifier warns of, programs by the run's own events.
    let warnings: Vec<_> = verified.warnings().map(|finding| finding.report(&loaded.document)).collect();
    if run.plan.format == RunFormat::Human && !run.way.quiet {
        warnings::tell(&run.plan.plan, &warnings);
    }
    let (file, format) = (inputs::name(&run.plan.plan), run.plan.format);
    carry_out(Order { file, loaded, warnings, state, sealed, rollback: None, format }, &run.way)
}

/// What is carried out.
pub(super) struct Order {
    /// What the plan is called.
    pub(super) file: String,
    pub(super) loaded: Loaded,
    pub(super) warnings: Vec<FindingReport>,
    pub(super) state: PathBuf,
    pub(super) sealed: Option<Seal>,
    pub(super) rollback: Option<Result<Rollback, NoRollback>>,
    pub(super) format: RunFormat,
}

/// Carries it out; the exit code.
pub(super) fn carry_out(order: Order, way: &Way) -> u8 {
    match runtime() {
        Ok(runtime) => tokio::task::LocalSet::new().block_on(&runtime, execute(order, way)),
        Err(exit) => exit,
    }
}

/// One thread: what waits is one `select!`. Another one only writes what is printed.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, u8> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| cannot_start(&error))
}

pub(super) fn cannot_start(error: &io::Error) -> u8 {
    output::talk(&format!("changeover cannot start: {error}"));
    BUG
}

async fn execute(order: Order, way: &Way) -> u8 {
    let outlet = match Outlet::of(io::stdout()) {
        Ok(outlet) => Rc::new(outlet),
        Err(error) => return cannot_start(&error),
    };
    let Order { file, loaded, warnings, state, sealed, rollback, format } = order;
    let (teller, _ticker) = teller(format, way.quiet, &loaded, &outlet);
    let input = Input {
        file,
        text: loaded.document.text().to_owned(),
        inputs: loaded.inputs,
        plan: loaded.plan,
        warnings,
        state,
        sealed,
        rollback,
        guarded: !way.no_guardian,
        teller,
    };
    let exit = match start(input).await {
        Started::Ended(exit) => exit,
        Started::Ready(mut live, given) => Execution::new(&mut *live, *given).execute().await.exit,
    };
    outlet.wait(LAST_LINES);
    exit
}

/// Prints each record as it comes.
pub(super) fn teller(
    format: RunFormat,
    quiet: bool,
    loaded: &Loaded,
    outlet: &Rc<Outlet>,
) -> (Teller, Option<Ticker>) {
    let printer = Printer::new(Rc::clone(outlet));
    let (mut teller, ticker) = match format {
        RunFormat::Json => (json_lines(printer, quiet), None),
        RunFormat::Salt => (salt_line(printer), None),
        RunFormat::Human => {
            let style = output::style();
            let view = PlanView::of(&loaded.document, loaded.plan.steps.len());
            screen::shown(Human::new(style, view, quiet), printer, style.live && !quiet)
        }
    };
    let outlet = Rc::clone(outlet);
    let teller = move |record: &Record| {
        teller(record);
        if matches!(record.event, Event::Suspended) {
            // The other thread stops with this one.
            outlet.wait(SUSPENDED);
        }
    };
    (Box::new(teller), ticker)
}

fn json_lines(mut printer: Printer, quiet: bool) -> Teller {
    let shown = move |event: &Event| !quiet || matches!(event, Event::Verdict(_));
    Box::new(move |record| {
        printer.print(record, |record| shown(&record.event).then(|| json_line(record)).into_iter().collect());
    })
}

/// Only the verdict says something.
fn salt_line(mut printer: Printer) -> Teller {
    let mut salt = Salt::default();
    Box::new(move |record| {
        printer.print(record, |record| salt.event(record).into_iter().collect());
    })
}
