//! A run on standard output: lines as they come, and on a terminal one last line that is redrawn while the run waits.

use std::{cell::RefCell, rc::Rc, time::Duration};

use tokio::{
    task::{AbortHandle, spawn_local},
    time::{MissedTickBehavior, interval},
};

use super::output;
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
    clock: Clock,
    /// The run's clock at the last record, less this one's: the live line counts on from there.
    ahead: f64,
    /// The live line that stands on the terminal now.
    drawn: Option<String>,
}

/// Redraws the live line until it is dropped.
pub(super) struct Ticker(AbortHandle);

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Prints each record as it comes. The ticker is given on a terminal only; it must be made inside a `LocalSet`.
pub(super) fn shown(human: Human, live: bool) -> (Teller, Option<Ticker>) {
    let screen = Screen { human, clock: Clock::start(), ahead: 0.0, drawn: None };
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
        let lines = self.human.event(record);
        if !lines.is_empty() {
            self.erase();
        }
        for line in lines {
            output::data(&line);
        }
    }

    fn draw(&mut self) {
        let line = self.human.live_line(millis(self.clock.elapsed()) + self.ahead);
        if line == self.drawn {
            return;
        }
        match line {
            Some(line) => {
                output::last_line(&line);
                self.drawn = Some(line);
            }
            None => self.erase(),
        }
    }

    fn erase(&mut self) {
        if self.drawn.take().is_some() {
            output::last_line("");
        }
    }
}

impl Drop for Screen {
    /// Also when the run panics: the prompt stands on a clean line.
    fn drop(&mut self) {
        self.erase();
    }
}
