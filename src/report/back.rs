//! The way back, move by move: a move's line is printed when its effect was waited for.

use super::{
    human::{Human, Rest},
    layout::Line,
    style::{Mark, Style},
    words,
};
use crate::{
    engine::{Event, units},
    protocol::{Move, Waiting},
};

/// The way back so far.
#[derive(Clone, Debug)]
pub(super) struct WayBack {
    /// When it began, milliseconds.
    since: f64,
    /// The moves made, oldest first.
    moves: Vec<String>,
    /// The last move, when it was made, and what was seen since.
    in_hand: Option<(String, f64, String)>,
    /// What is waited for.
    waiting: Option<Waiting>,
}

impl WayBack {
    const fn new(since: f64) -> Self {
        Self { since, moves: Vec::new(), in_hand: None, waiting: None }
    }

    /// A move was made: the one before it has had its time.
    fn made(&mut self, style: Style, what: &Move, pid: Option<i32>, now: f64) -> Vec<String> {
        let lines = self.finish(style, Mark::Good, now);
        let text = words::movement(what, pid);
        self.moves.push(text.clone());
        self.in_hand = Some((text, now, String::new()));
        lines
    }

    /// Workers were counted while a move takes effect.
    pub(super) fn saw(&mut self, text: String) {
        if let Some((_, _, seen)) = &mut self.in_hand {
            *seen = text;
        }
    }

    /// The move in hand has started the old binary.
    fn started(&mut self, pid: i32) {
        if let Some((text, ..)) = &mut self.in_hand {
            *text = format!("{text} starts old master {pid}");
        }
    }

    const fn waits(&mut self, waiting: Waiting) {
        self.waiting = Some(waiting);
    }

    /// The line of the move in hand, which is over.
    fn finish(&mut self, style: Style, mark: Mark, now: f64) -> Vec<String> {
        self.waiting = None;
        let Some((text, since, seen)) = self.in_hand.take() else { return Vec::new() };
        let text = if seen.is_empty() { text } else { format!("{text}, {seen}") };
        Line { mark, title: "way back", text: &text, time: Some(units::time(now - since)) }.lines(style)
    }

    /// What a terminal's last line says.
    pub(super) fn live(&self) -> (String, f64) {
        let (text, since) = match &self.in_hand {
            Some((text, since, seen)) if seen.is_empty() => (text.clone(), *since),
            Some((text, since, seen)) => (format!("{text}, {seen}"), *since),
            None => (String::new(), self.since),
        };
        match self.waiting.map(Waiting::in_words) {
            Some(waiting) if text.is_empty() => (waiting.to_owned(), since),
            Some(waiting) => (format!("{text}, {waiting}"), since),
            None => (text, since),
        }
    }

    /// The moves in one sentence.
    pub(super) fn done(&self) -> String {
        if self.moves.is_empty() { "nothing had to be put back".into() } else { self.moves.join("; ") }
    }

    const fn since(&self) -> f64 {
        self.since
    }
}

impl Human {
    /// The lines of an event of the way back.
    pub(super) fn back(&mut self, event: &Event, now: f64) -> Vec<String> {
        let style = self.style;
        match event {
            Event::MoveMade { what, pid, .. } => self.gone_back(now).made(style, what, *pid, now),
            Event::WayBackWaits { waiting } => {
                self.gone_back(now).waits(*waiting);
                Vec::new()
            }
            Event::BackMaster { pid } => {
                self.gone_back(now).started(*pid);
                Vec::new()
            }
            Event::MoveRefused { what, text } => {
                let text = format!("{}: refused, {text}", words::movement(what, None));
                self.line(Mark::Warn, "way back", &text, None)
            }
            Event::RolledBack => self.back_ends(now, Mark::Good, "old serves alone, from the old binary"),
            Event::Stuck { why } => self.back_ends(now, Mark::Bad, words::stuck(*why)),
            _ => {
                self.way_back = Some(WayBack::new(now));
                Vec::new()
            }
        }
    }

    fn gone_back(&mut self, now: f64) -> &mut WayBack {
        self.way_back.get_or_insert_with(|| WayBack::new(now))
    }

    fn back_ends(&mut self, now: f64, mark: Mark, text: &str) -> Vec<String> {
        self.rest = Some(Rest::Over);
        let Some(way_back) = &mut self.way_back else { return self.line(mark, "way back", text, None) };
        let in_hand = if mark == Mark::Good { mark } else { Mark::Warn };
        let (lines, took) = (way_back.finish(self.style, in_hand, now), now - way_back.since());
        [lines, self.line(mark, "way back", text, Some(took))].concat()
    }
}
