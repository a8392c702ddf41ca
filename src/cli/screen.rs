//! A run on standard output: lines as they come, and on a terminal one last line that is redrawn while the run waits.

use std::{cell::RefCell, rc::Rc, time::Duration};

use tokio::{
    task::{AbortHandle, spawn_local},
    time::{MissedTickBehavior, interval},
};

use super::{output, printer::Printer};
use crate::{
    engine::Record,
    host::clock::Clock,
    report::Human,
    run::{Teller, millis},
};

/// The time between two drawings of the live line.
const TURN: Duration = Duration::from_millis(100);

/// What is on the screen.
struct Screen {
    human: Human,
    printer: Printer,
    clock: Clock,
    /// The run's clock at the last record, less this one's: the live line counts on from there.
    ahead: f64,
    /// The live line that was drawn last.
    drawn: String,
}

/// Redraws the live line until it is dropped.
pub(super) struct Ticker(AbortHandle);

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Prints each record as it comes. The ticker is given on a terminal only; it must be made inside a `LocalSet`.
pub(super) fn shown(human: Human, printer: Printer, live: bool) -> (Teller, Option<Ticker>) {
    let screen = Screen { human, printer, clock: Clock::start(), ahead: 0.0, drawn: String::new() };
    let screen = Rc::new(RefCell::new(screen));
    let ticker = live.then(|| Ticker(spawn_local(redraw(Rc::clone(&screen))).abort_handle()));
    let teller = move |record: &Record| {
        let mut screen = screen.borrow_mut();
        screen.tell(record);
        if live {
            screen.draw();
        }
    };
    (Box::new(teller), ticker)
}

async fn redraw(screen: Rc<RefCell<Screen>>) {
    let mut turns = interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        screen.borrow_mut().draw();
    }
}

impl Screen {
    fn tell(&mut self, record: &Record) {
        self.ahead = record.ms - millis(self.clock.elapsed());
        self.human.resize(output::width());
        let human = &mut self.human;
        if self.printer.print(record, |record| human.event(record)) {
            // What was drawn gave way to the lines.
            self.drawn.clear();
        }
    }

    fn draw(&mut self) {
        self.human.resize(output::width());
        let line = self.human.live_line(millis(self.clock.elapsed()) + self.ahead);
        // Below the prompt of a shell it would only be in the way.
        let line = line.filter(|_| output::in_foreground()).unwrap_or_default();
        if line != self.drawn {
            self.printer.live(&line);
            self.drawn = line;
        }
    }
}

impl Drop for Screen {
    /// Also when the run panics: the prompt stands on a clean line.
    fn drop(&mut self) {
        if !self.drawn.is_empty() {
            self.printer.live("");
        }
    }
}
