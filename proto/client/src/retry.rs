//! Whom to ask again, after how long, and when to stop asking. What happened and a random number go in, what to do next
//! comes out: no clock, no socket.
//!
//! Invariants:
//! - Only what may pass is tried again: a broken connection, silence, and answers that say so.
//! - A round asks every known endpoint; the one that failed is asked twice before the next, unless it is silent or has no quorum.
//! - When every endpoint that can be reached says that there is no quorum, that is the answer: a minority says so at once.

use std::time::Duration;

use vs_core::error::Code;

/// The first wait, and the longest; each is twice the one before.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(50);
pub const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The node answered with this.
    Answered(Code),
    /// The connection broke, or there was none.
    Lost,
    /// Nothing came in time: the node may be frozen.
    Silent,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask the same endpoint once more, after this long.
    Same { wait: Duration },
    /// Ask whichever of these can be connected to first, the best named first.
    Any { addrs: Vec<String>, wait: Duration },
    /// The last failure is the answer.
    Stop,
    /// That there is no quorum is the answer.
    NoQuorum,
}

/// The endpoints of a cluster and what each said to one call.
#[derive(Clone, Debug)]
pub struct Retry {
    endpoints: Vec<Endpoint>,
    waits: u32,
    /// Somebody could be connected to.
    met: bool,
}

#[derive(Clone, Debug)]
struct Endpoint {
    addr: String,
    /// In this round, the latest.
    said: Option<Trouble>,
}

impl Trouble {
    /// Whether another try, here or elsewhere, may end better.
    #[must_use]
    pub fn may_pass(self) -> bool {
        use Code::{Busy, NoQuorum, NotLeader, Timeout, Unreachable};
        match self {
            Self::Answered(code) => matches!(code, NoQuorum | NotLeader | Busy | Unreachable | Timeout),
            Self::Lost | Self::Silent => true,
        }
    }

    /// Whether a change may have been applied all the same.
    #[must_use]
    pub fn is_unclear(self) -> bool {
        matches!(self, Self::Lost | Self::Silent | Self::Answered(Code::Timeout))
    }
}

impl Retry {
    #[must_use]
    pub fn new(addrs: &[String]) -> Self {
        let endpoints = addrs.iter().map(|addr| Endpoint { addr: addr.clone(), said: None }).collect();
        Self { endpoints, waits: 0, met: false }
    }

    /// Whether somebody else could be asked.
    #[must_use]
    pub fn has_others(&self, addr: &str) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.addr != addr)
    }

    /// After a call to `addr`; `leader` is where the answer says the leader is, `jitter` is drawn from 0..1.
    pub fn failed(&mut self, addr: &str, trouble: Trouble, leader: Option<&str>, jitter: f64) -> Next {
        self.met = true;
        let said = self.endpoint(addr).said.replace(trouble);
        if !trouble.may_pass() {
            return Next::Stop;
        }
        if let Some(leader) = leader.filter(|leader| *leader != addr)
            && self.endpoint(leader).said.is_none()
        {
            return Next::Any { addrs: vec![leader.to_owned()], wait: Duration::ZERO };
        }
        let ask_again = !matches!(trouble, Trouble::Silent | Trouble::Answered(Code::NoQuorum));
        if ask_again && said.is_none() {
            return Next::Same { wait: self.wait(jitter) };
        }
        self.others(jitter)
    }

    /// After none of `addrs` could be connected to.
    pub fn unreached(&mut self, addrs: &[String], jitter: f64) -> Next {
        for addr in addrs {
            self.endpoint(addr).said = Some(Trouble::Lost);
        }
        if self.met { self.others(jitter) } else { Next::Stop }
    }

    fn others(&mut self, jitter: f64) -> Next {
        let unasked = self.endpoints.iter().filter(|endpoint| endpoint.said.is_none());
        let addrs: Vec<_> = unasked.map(|endpoint| endpoint.addr.clone()).collect();
        if !addrs.is_empty() {
            return Next::Any { addrs, wait: Duration::ZERO };
        }
        let no_quorum = |said: Option<Trouble>| said == Some(Trouble::Answered(Code::NoQuorum));
        let is_away = |said: Option<Trouble>| matches!(said, Some(Trouble::Lost | Trouble::Silent));
        let mut said = self.endpoints.iter().map(|endpoint| endpoint.said);
        if said.clone().any(no_quorum) && said.all(|said| no_quorum(said) || is_away(said)) {
            return Next::NoQuorum;
        }
        self.endpoints.iter_mut().for_each(|endpoint| endpoint.said = None);
        let addrs = self.endpoints.iter().map(|endpoint| endpoint.addr.clone()).collect();
        Next::Any { addrs, wait: self.wait(jitter) }
    }

    /// Between half and all of the back-off, so that many clients do not come back in step.
    fn wait(&mut self, jitter: f64) -> Duration {
        let full = BACKOFF_FIRST.saturating_mul(1 << self.waits.min(16)).min(BACKOFF_MAX);
        self.waits += 1;
        full.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }

    fn endpoint(&mut self, addr: &str) -> &mut Endpoint {
        let at = self.endpoints.iter().position(|endpoint| endpoint.addr == addr).unwrap_or_else(|| {
            self.endpoints.push(Endpoint { addr: addr.to_owned(), said: None });
            self.endpoints.len() - 1
        });
        &mut self.endpoints[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_QUORUM: Trouble = Trouble::Answered(Code::NoQuorum);
    const BUSY: Trouble = Trouble::Answered(Code::Busy);

    fn retry() -> Retry {
        Retry::new(&["a", "b", "c"].map(str::to_owned))
    }

    fn any(addrs: &[&str], wait_ms: u64) -> Next {
        let addrs = addrs.iter().map(|addr| (*addr).to_owned()).collect();
        Next::Any { addrs, wait: Duration::from_millis(wait_ms) }
    }

    fn same(wait_ms: u64) -> Next {
        Next::Same { wait: Duration::from_millis(wait_ms) }
    }

    #[test]
    fn the_same_is_asked_once_more_then_the_others_then_all_again() {
        let mut retry = retry();
        assert_eq!(retry.failed("a", Trouble::Lost, None, 1.0), same(50));
        assert_eq!(retry.failed("a", Trouble::Lost, None, 1.0), any(&["b", "c"], 0));
        assert_eq!(retry.failed("c", BUSY, None, 1.0), same(100));
        assert_eq!(retry.failed("c", BUSY, None, 1.0), any(&["b"], 0));
        assert_eq!(retry.unreached(&["b".to_owned()], 0.0), any(&["a", "b", "c"], 100));
        assert_eq!(retry.failed("a", BUSY, None, 0.0), same(200), "a round later it is asked twice again");
    }

    #[test]
    fn waits_double_to_a_limit_and_jitter_takes_up_to_half() {
        let mut retry = Retry::new(&["a".to_owned()]);
        let mut waits = Vec::new();
        for _ in 0..10 {
            match retry.failed("a", BUSY, None, 1.0) {
                Next::Same { wait } | Next::Any { wait, .. } => waits.push(wait),
                ended => panic!("{ended:?}"),
            }
        }
        assert!(waits.windows(2).all(|pair| pair[1] == (pair[0] * 2).min(BACKOFF_MAX)), "{waits:?}");
        assert_eq!(waits.last(), Some(&BACKOFF_MAX));
    }

    #[test]
    fn a_leader_that_is_named_is_asked_next_and_once() {
        let mut retry = retry();
        let not_leader = Trouble::Answered(Code::NotLeader);
        assert_eq!(retry.failed("a", not_leader, Some("d"), 0.5), any(&["d"], 0));
        assert_eq!(
            retry.failed("d", Trouble::Silent, None, 0.5),
            any(&["b", "c"], 0),
            "silence is not waited for twice"
        );
        assert!(matches!(retry.failed("b", not_leader, Some("d"), 0.5), Next::Same { .. }));
    }

    #[test]
    fn no_quorum_everywhere_ends_it_and_a_majority_that_may_be_there_does_not() {
        let mut minority = retry();
        assert_eq!(minority.failed("a", NO_QUORUM, None, 0.5), any(&["b", "c"], 0));
        assert_eq!(minority.unreached(&["b".to_owned(), "c".to_owned()], 0.5), Next::NoQuorum);
        let mut alone = Retry::new(&["a".to_owned()]);
        assert_eq!(alone.failed("a", NO_QUORUM, None, 0.5), Next::NoQuorum);
        let mut electing = retry();
        electing.failed("a", NO_QUORUM, None, 0.5);
        electing.failed("b", BUSY, None, 0.5);
        electing.failed("b", BUSY, None, 0.5);
        assert!(matches!(electing.failed("c", NO_QUORUM, None, 0.5), Next::Any { .. }), "b was not cut off");
    }

    #[test]
    fn an_answer_is_an_answer_and_nobody_home_is_told_at_once() {
        for &code in Code::ALL {
            let next = retry().failed("a", Trouble::Answered(code), None, 0.5);
            assert_eq!(next == Next::Stop, !Trouble::Answered(code).may_pass(), "{code}");
        }
        assert_eq!(retry().failed("a", Trouble::Answered(Code::WrongOffset), None, 0.5), Next::Stop);
        assert_eq!(retry().unreached(&["a", "b", "c"].map(str::to_owned), 0.5), Next::Stop);
    }
}
