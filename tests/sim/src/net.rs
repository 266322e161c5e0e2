//! The network: messages are delayed, lost, doubled, overtaken, and arrive when nobody expects them any more.
//!
//! A call is a message and its answer. Whoever serves it does so in a task of the node's own process: that of a frozen one
//! waits there, and is served when the node is thawed, however late that is.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::channel::oneshot;

use crate::{
    kernel::{ProcessId, lock},
    message::{Reply, Request},
    random::Stream,
    world::World,
};

/// One end of a link: a machine, or a client somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    Machine(usize),
    Client(usize),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine(at) => write!(f, "m{at}"),
            Self::Client(at) => write!(f, "c{at}"),
        }
    }
}

/// How the network is while nothing in particular is wrong with it.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    pub delay_min: Duration,
    pub delay_max: Duration,
    pub lost_permille: u64,
    pub doubled_permille: u64,
    /// Messages that turn up long after they were sent, and how long at most.
    pub late_permille: u64,
    pub late_max: Duration,
}

impl Weather {
    pub const CALM: Self = Self {
        delay_min: Duration::from_micros(200),
        delay_max: Duration::from_millis(2),
        lost_permille: 0,
        doubled_permille: 0,
        late_permille: 0,
        late_max: Duration::ZERO,
    };
}

/// Of messages that are doubled, how many arrive together.
const TOGETHER_PERMILLE: u64 = 500;

/// Why a call has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// Nobody listens there: it was not taken.
    Refused,
    /// Whether it was served is not known.
    Silence,
}

#[derive(Debug)]
pub struct Net(Mutex<State>);

/// Bits of a number that parts everybody in two.
pub(crate) const SIDES: usize = 64;

/// On which side somebody is.
pub(crate) fn side(sides: u64, of: End) -> u64 {
    match of {
        End::Machine(at) => sides >> (at % SIDES) & 1,
        End::Client(at) => sides.swap_bytes() >> (at % SIDES) & 1,
    }
}

#[derive(Debug)]
struct State {
    weather: Weather,
    dice: Stream,
    /// What is sent from the first to the second does not arrive.
    cut: BTreeSet<(End, End)>,
    /// How everybody is parted in two, each time.
    parted: Vec<u64>,
    /// Machines that everything takes longer to and from, in milliseconds.
    slow: Vec<(usize, u64)>,
    /// The weather stays as it is.
    is_calm: bool,
}

impl State {
    fn is_cut(&self, from: End, to: End) -> bool {
        self.cut.contains(&(from, to)) || self.parted.iter().any(|sides| side(*sides, from) != side(*sides, to))
    }

    fn is_fair(&self) -> bool {
        self.weather.lost_permille == 0 && self.weather.late_permille == 0
    }
}

impl Net {
    pub(crate) fn new(weather: Weather, dice: Stream) -> Self {
        Self(Mutex::new(State {
            weather,
            dice,
            cut: BTreeSet::new(),
            parted: Vec::new(),
            slow: Vec::new(),
            is_calm: false,
        }))
    }

    pub(crate) fn set_weather(&self, weather: Weather) {
        let mut state = lock(&self.0);
        if !state.is_calm {
            state.weather = weather;
        }
    }

    pub(crate) fn cut(&self, from: End, to: End) {
        lock(&self.0).cut.insert((from, to));
    }

    pub(crate) fn mend(&self, from: End, to: End) {
        lock(&self.0).cut.remove(&(from, to));
    }

    /// Who is on different sides does not hear each other: machines, and clients too.
    pub(crate) fn part(&self, sides: u64) {
        lock(&self.0).parted.push(sides);
    }

    pub(crate) fn unite(&self, sides: u64) {
        let parted = &mut lock(&self.0).parted;
        if let Some(at) = parted.iter().position(|of| *of == sides) {
            parted.remove(at);
        }
    }

    /// From now on messages to and from the machine take so much longer.
    pub(crate) fn slow_down(&self, machine: usize, by_ms: u64) {
        lock(&self.0).slow.push((machine, by_ms));
    }

    pub(crate) fn speed_up(&self, machine: usize) {
        lock(&self.0).slow.retain(|(slow, _)| *slow != machine);
    }

    /// Ends all that is wrong with it, for good.
    pub(crate) fn heal(&self) {
        let mut state = lock(&self.0);
        state.cut.clear();
        state.parted.clear();
        state.slow.clear();
        (state.weather, state.is_calm) = (Weather::CALM, true);
    }

    pub(crate) fn is_cut(&self, from: End, to: End) -> bool {
        lock(&self.0).is_cut(from, to)
    }

    /// Whether nothing that is sent is lost or late.
    pub(crate) fn is_calm(&self) -> bool {
        let state = lock(&self.0);
        state.is_fair() && state.slow.is_empty() && state.cut.is_empty() && state.parted.is_empty()
    }

    /// The same of one machine and whoever is on its side.
    pub(crate) fn is_parted_only(&self, machine: usize) -> bool {
        let (state, machine) = (lock(&self.0), End::Machine(machine));
        let is_slow = state.slow.iter().any(|(slow, _)| End::Machine(*slow) == machine);
        state.is_fair() && !is_slow && state.parted.len() == 1
    }

    /// After how long each copy of a message arrives that is sent now.
    fn copies(&self, from: End, to: End) -> Vec<Duration> {
        let mut state = lock(&self.0);
        let is_cut = state.is_cut(from, to);
        let State { weather, dice, slow, .. } = &mut *state;
        if is_cut || dice.permille(weather.lost_permille) {
            return Vec::new();
        }
        let ends = [from, to];
        let more_ms: u64 =
            slow.iter().filter(|(slow, _)| ends.contains(&End::Machine(*slow))).map(|(_, by_ms)| by_ms).sum();
        let is_doubled = dice.permille(weather.doubled_permille);
        let delay = |dice: &mut Stream| {
            let late = dice.permille(weather.late_permille);
            let late = if late { dice.duration(Duration::ZERO, weather.late_max) } else { Duration::ZERO };
            let own = Duration::from_millis(if more_ms == 0 { 0 } else { dice.between(more_ms / 2, more_ms) });
            dice.duration(weather.delay_min, weather.delay_max) + late + own
        };
        let first = delay(dice);
        match is_doubled {
            false => vec![first],
            // one right behind the other: the second finds the first at work
            true if dice.permille(TOGETHER_PERMILLE) => vec![first, first],
            true => vec![first, delay(dice)],
        }
    }
}

type Told = Arc<Mutex<Option<oneshot::Sender<Result<Reply, NoAnswer>>>>>;

impl World {
    /// Asks the node on a machine, and waits for its answer.
    pub async fn call(
        self: &Arc<Self>,
        from: End,
        to: usize,
        request: Request,
        within: Duration,
    ) -> Result<Reply, NoAnswer> {
        let (tell, told) = oneshot::channel();
        let tell = Arc::new(Mutex::new(Some(tell)));
        for delay in self.net.copies(from, End::Machine(to)) {
            let (world, request, tell) = (Arc::clone(self), request.clone(), Arc::clone(&tell));
            self.kernel.after(delay, move || world.arrive(from, to, request, tell));
        }
        drop(tell);
        let lost = async {
            match told.await {
                Ok(answer) => answer,
                // lost on the way, there or back: that is not heard of
                Err(oneshot::Canceled) => futures::future::pending().await,
            }
        };
        self.kernel.timeout(within, lost).await.unwrap_or(Err(NoAnswer::Silence))
    }

    fn arrive(self: &Arc<Self>, from: End, to: usize, request: Request, tell: Told) {
        if self.net.is_cut(from, End::Machine(to)) {
            return;
        }
        let Some(machine) = self.machine(to) else { return };
        let Some(node) = machine.node().filter(|node| node.listens()) else {
            if machine.is_powered() {
                self.answer(to, from, Err(NoAnswer::Refused), tell);
            }
            return;
        };
        let world = Arc::clone(self);
        self.kernel.spawn(node.process(), async move {
            let reply = node.serve(request).await;
            world.answer(to, from, Ok(reply), tell);
        });
    }

    fn answer(self: &Arc<Self>, machine: usize, to: End, answer: Result<Reply, NoAnswer>, tell: Told) {
        let from = End::Machine(machine);
        let Some(delay) = self.net.copies(from, to).into_iter().min() else { return };
        let world = Arc::clone(self);
        self.kernel.after(delay, move || {
            if !world.net.is_cut(from, to)
                && let Some(tell) = lock(&tell).take()
            {
                // whoever asked may have given up
                let _ = tell.send(answer);
            }
        });
    }

    /// Whether machines hear each other now.
    pub(crate) fn hear_each_other(&self, a: usize, b: usize) -> bool {
        let (a, b) = (End::Machine(a), End::Machine(b));
        a == b || !(self.net.is_cut(a, b) || self.net.is_cut(b, a))
    }

    /// A task of a process that may be gone by now.
    pub(crate) fn begin(&self, process: ProcessId, job: impl Future<Output = ()> + Send + 'static) {
        self.kernel.spawn(process, job);
    }
}
