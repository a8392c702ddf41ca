//! Getting a connection to the wanted generation: one by one first, then in bursts, bounded by number and time.

use std::{cell::LazyCell, time::Duration};

use super::{
    answer::AnsweredBy,
    attribute::{Accepted, Found, attribute},
    connect::{Link, Target},
    crew::Crew,
    outcome::{Outcome, Unattributed},
    together::together,
};
use crate::{
    host::{clock::Clock, sock_diag::SockDiag, timer},
    protocol::Generation,
};

/// How many connections are opened one after the other before the first burst.
const ONE_BY_ONE: u32 = 8;
const BURST: u32 = 32;
/// From nginx 1.21.6 a worker accepts runs of 16 connections before another one's turn comes.
const RUN: u32 = 16;
const SPARE: u32 = 64;
/// On a busy machine the wanted workers may not have run at all while the others took everything: so long is
/// gone on with bursts and rests between them.
const PATIENCE: Duration = Duration::from_millis(500);
const REST: Duration = Duration::from_millis(20);
/// The longest that is looked for the wanted generation.
const CHOOSE_WITHIN: Duration = Duration::from_secs(2);
/// How many connections the server may end at once, before that is the outcome.
const ENDED_AT_ONCE: u32 = 3;

/// The connection that the request will be sent on.
pub(super) struct Chosen {
    pub(super) link: Link,
    pub(super) by: Option<AnsweredBy>,
    pub(super) unattributed: Option<Unattributed>,
    /// How long it waited to be accepted.
    pub(super) accepted: Duration,
}

/// What is looked for, and where.
pub(super) struct Search<'a, C> {
    pub(super) diag: Result<&'a SockDiag, &'a str>,
    pub(super) target: &'a Target,
    pub(super) wanted: Option<Generation>,
    pub(super) crew: &'a C,
    /// The probe's `request-timeout`.
    pub(super) within: Duration,
}

/// What one connection is good for.
enum Good {
    /// The request goes here.
    Take(Chosen),
    /// Dropped, and another one is tried.
    Other,
    /// The server ended it at once.
    Ended(Outcome),
    /// Another one would not do better.
    Hopeless(Outcome),
}

impl<C: Fn() -> Crew> Search<'_, C> {
    /// Opens connections until one is the wanted generation's; counts them in `opened`.
    pub(super) async fn choose(&self, opened: &mut u32) -> Result<Chosen, Outcome> {
        let diag = match (self.diag, self.wanted) {
            (Ok(diag), _) => diag,
            (Err(why), Some(_)) => return Err(impossible(Unattributed::NoDiagnosis(why.to_owned()))),
            (Err(why), None) => return self.unattributed(why, opened).await,
        };
        let clock = Clock::start();
        // The first one is mostly taken: the workers are counted only where eight were not.
        let enough = LazyCell::new(|| self.enough());
        let are_enough = |opened: u32| opened >= ONE_BY_ONE && opened >= *enough;
        let mut ended = 0;
        while clock.elapsed() < if are_enough(*opened) { PATIENCE } else { CHOOSE_WITHIN } {
            if are_enough(*opened) {
                timer::after(REST).await;
            }
            let count = if *opened < ONE_BY_ONE { 1 } else { BURST };
            let links = self.open(diag, count).await?;
            *opened += count;
            // Judged in order; the first good one is taken, and the rest is closed by being dropped.
            let mut hopeless = None;
            for good in self.judge(diag, links).await? {
                match good {
                    Good::Take(chosen) => return Ok(chosen),
                    Good::Other => {}
                    Good::Ended(outcome) => {
                        ended += 1;
                        if self.wanted.is_none() || ended >= ENDED_AT_ONCE {
                            hopeless = Some(outcome);
                        }
                    }
                    Good::Hopeless(outcome) => hopeless = Some(outcome),
                }
            }
            if let Some(outcome) = hopeless {
                return Err(outcome);
            }
        }
        let wanted = self.wanted.unwrap_or(Generation::New);
        Err(Outcome::NotReached { wanted, connections: *opened, took: clock.elapsed() })
    }

    /// How many connections show that nobody of the wanted generation takes any: every worker of the other one
    /// may take a whole run first.
    fn enough(&self) -> u32 {
        self.wanted.map_or(1, |wanted| {
            let others = u32::try_from((self.crew)().others(wanted)).unwrap_or(u32::MAX);
            others.saturating_mul(RUN).saturating_add(SPARE)
        })
    }

    async fn unattributed(&self, why: &str, opened: &mut u32) -> Result<Chosen, Outcome> {
        let link = self.target.connect(self.within, None).await?;
        *opened += 1;
        let unattributed = Some(Unattributed::NoDiagnosis(why.to_owned()));
        Ok(Chosen { link, by: None, unattributed, accepted: Duration::ZERO })
    }

    async fn open(&self, diag: &SockDiag, count: u32) -> Result<Vec<Link>, Outcome> {
        let connecting = (0..count).map(|_| self.target.connect(self.within, Some(diag)));
        together(connecting).await.into_iter().collect()
    }

    async fn judge(&self, diag: &SockDiag, mut links: Vec<Link>) -> Result<Vec<Good>, Outcome> {
        let mut found = self.attribute(diag, &links).await?;
        if found.iter().any(|it| it.accepted == Accepted::Deferred) {
            let mut woken = Vec::with_capacity(links.len());
            for (link, it) in links.into_iter().zip(&found) {
                let deferred = it.accepted == Accepted::Deferred;
                woken.push(if deferred { link.nudge(&self.target.speech).await } else { link });
            }
            links = woken;
            found = self.attribute(diag, &links).await?;
        }
        let mut goods = Vec::with_capacity(links.len());
        for (link, it) in links.into_iter().zip(found) {
            goods.push(self.good(link, it).await);
        }
        Ok(goods)
    }

    async fn attribute(&self, diag: &SockDiag, links: &[Link]) -> Result<Vec<Found>, Outcome> {
        let ends: Vec<_> = links.iter().map(|link| link.end).collect();
        let left = links.iter().map(|link| link.since.left(self.within)).max().unwrap_or_default();
        let found = attribute(diag, &ends, self.crew, left).await;
        found.map_err(|error| impossible(Unattributed::NoDiagnosis(error.to_string())))
    }

    async fn good(&self, link: Link, found: Found) -> Good {
        let unattributed = match found.accepted {
            Accepted::By(by) if self.wanted.is_none_or(|wanted| wanted == by.generation) => {
                return Good::Take(Chosen { link, by: Some(by), unattributed: None, accepted: found.after });
            }
            Accepted::By(_) => return Good::Other,
            Accepted::Queued | Accepted::Deferred => {
                return Good::Hopeless(Outcome::Queued { waited: link.since.elapsed() });
            }
            Accepted::Gone => match link.ended().await {
                Some(error) => {
                    return Good::Ended(Outcome::Reset { how: error.to_string(), received: 0 });
                }
                None => Unattributed::Invisible,
            },
            Accepted::Denied => Unattributed::Denied,
            Accepted::Unknown => Unattributed::Stranger,
        };
        if self.wanted.is_some() {
            return Good::Hopeless(impossible(unattributed));
        }
        Good::Take(Chosen { link, by: None, unattributed: Some(unattributed), accepted: found.after })
    }
}

const fn impossible(why: Unattributed) -> Outcome {
    Outcome::AttributionImpossible { why }
}
