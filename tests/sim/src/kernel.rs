//! Simulated time, and the tasks that run in it: one thread, one queue of events in the order of (time, number).
//!
//! A task belongs to a process. Killing a process drops its tasks where they stand; a frozen one polls nothing until it is
//! thawed, and then everything that has happened meanwhile reaches it at once, as it is after `SIGSTOP` and `SIGCONT`.
//!
//! Invariant: nothing depends on anything but the order of calls: no clock, no threads, no addresses, no hashing by a
//! random key.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
    fmt,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures::future::{Either, select};

/// Polls without time passing after which tasks go round in a circle.
const POLLS_MAX: u64 = 200_000;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What can be killed and frozen. 0 is the world itself: hardware and people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId(u64);

pub const WORLD: ProcessId = ProcessId(0);

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;
type Call = Box<dyn FnOnce() + Send>;

enum Action {
    Wake(Waker),
    Call(Call),
}

struct Event {
    at: Duration,
    number: u64,
    action: Action,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

type TaskId = u64;

struct Task {
    process: ProcessId,
    /// None while it is polled.
    job: Option<Job>,
    waker: Arc<TaskWaker>,
}

struct TaskWaker {
    id: TaskId,
    queued: AtomicBool,
    ready: Arc<Mutex<VecDeque<TaskId>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Relaxed) {
            lock(&self.ready).push_back(self.id);
        }
    }
}

#[derive(Default)]
struct Process {
    frozen: bool,
    /// What was woken meanwhile.
    waiting: Vec<TaskId>,
}

#[derive(Default)]
struct State {
    now: Duration,
    events: BinaryHeap<Reverse<Event>>,
    numbers: u64,
    tasks: BTreeMap<TaskId, Task>,
    processes: BTreeMap<ProcessId, Process>,
    /// Events and polls so far.
    steps: u64,
}

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    ready: Arc<Mutex<VecDeque<TaskId>>>,
}

/// Clones share it.
#[derive(Clone, Default)]
pub struct Kernel(Arc<Inner>);

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl Kernel {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }

    #[must_use]
    pub fn now(&self) -> Duration {
        self.state().now
    }

    #[must_use]
    pub fn steps(&self) -> u64 {
        self.state().steps
    }

    #[must_use]
    pub fn new_process(&self) -> ProcessId {
        let mut state = self.state();
        state.numbers += 1;
        let id = ProcessId(state.numbers);
        state.processes.insert(id, Process::default());
        id
    }

    /// Begins a task. Of a process that is gone nothing begins.
    pub fn spawn(&self, process: ProcessId, job: impl Future<Output = ()> + Send + 'static) {
        let mut state = self.state();
        if process != WORLD && !state.processes.contains_key(&process) {
            return;
        }
        state.numbers += 1;
        let id = state.numbers;
        let waker = Arc::new(TaskWaker { id, queued: AtomicBool::new(true), ready: Arc::clone(&self.0.ready) });
        state.tasks.insert(id, Task { process, job: Some(Box::pin(job)), waker });
        lock(&self.0.ready).push_back(id);
    }

    /// Calls this after so long: the network and the hardware, which no process holds up.
    pub fn after(&self, wait: Duration, call: impl FnOnce() + Send + 'static) {
        let mut state = self.state();
        let at = state.now + wait;
        state.add(at, Action::Call(Box::new(call)));
    }

    pub fn sleep(&self, wait: Duration) -> Sleep {
        Sleep { kernel: self.clone(), until: self.now() + wait, is_set: false }
    }

    /// What comes of it within this time.
    pub async fn timeout<T>(&self, wait: Duration, of: impl Future<Output = T>) -> Option<T> {
        match select(pin!(of), pin!(self.sleep(wait))).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }

    #[must_use]
    pub fn is_alive(&self, process: ProcessId) -> bool {
        process == WORLD || self.state().processes.contains_key(&process)
    }

    #[must_use]
    pub fn is_frozen(&self, process: ProcessId) -> bool {
        self.state().processes.get(&process).is_some_and(|process| process.frozen)
    }

    /// Its tasks end where they stand.
    pub fn kill(&self, process: ProcessId) {
        let mut state = self.state();
        state.processes.remove(&process);
        let ids: Vec<_> = state.tasks.iter().filter(|(_, task)| task.process == process).map(|(id, _)| *id).collect();
        let tasks: Vec<_> = ids.iter().filter_map(|id| state.tasks.remove(id)).collect();
        drop(state);
        // what they drop may call back
        drop(tasks);
    }

    pub fn freeze(&self, process: ProcessId) {
        if let Some(process) = self.state().processes.get_mut(&process) {
            process.frozen = true;
        }
    }

    pub fn thaw(&self, process: ProcessId) {
        if let Some(process) = self.state().processes.get_mut(&process) {
            process.frozen = false;
            lock(&self.0.ready).extend(std::mem::take(&mut process.waiting));
        }
    }

    /// Goes on until `stop` says so, which is asked before every event, or nothing is left to happen.
    ///
    /// # Panics
    /// When tasks wake one another for ever without time passing.
    pub fn run(&self, mut stop: impl FnMut() -> bool) {
        loop {
            let mut polls = 0;
            loop {
                // not in the condition of the loop: the lock would be held while the task runs
                let next = lock(&self.0.ready).pop_front();
                let Some(id) = next else { break };
                self.poll(id);
                polls += 1;
                assert!(polls < POLLS_MAX, "tasks wake one another for ever at {:?}", self.now());
            }
            if stop() {
                return;
            }
            let mut state = self.state();
            let Some(Reverse(event)) = state.events.pop() else { return };
            state.now = event.at;
            state.steps += 1;
            drop(state);
            match event.action {
                Action::Wake(waker) => waker.wake(),
                Action::Call(call) => call(),
            }
        }
    }

    /// Ends every task: what they hold on to is let go.
    pub fn end(&self) {
        let mut state = self.state();
        let tasks = std::mem::take(&mut state.tasks);
        let events = std::mem::take(&mut state.events);
        state.processes.clear();
        drop(state);
        drop((tasks, events));
    }

    fn poll(&self, id: TaskId) {
        let mut state = self.state();
        state.steps += 1;
        let Some(task) = state.tasks.get_mut(&id) else { return };
        let (process, waker) = (task.process, Arc::clone(&task.waker));
        if let Some(process) = state.processes.get_mut(&process)
            && process.frozen
        {
            process.waiting.push(id);
            return;
        }
        let job = state.tasks.get_mut(&id).and_then(|task| task.job.take());
        drop(state);
        let Some(mut job) = job else { return };
        waker.queued.store(false, Relaxed);
        let polled = job.as_mut().poll(&mut Context::from_waker(&Waker::from(waker)));
        let mut state = self.state();
        let rest = match state.tasks.get_mut(&id) {
            Some(task) if polled.is_pending() => {
                task.job = Some(job);
                None
            }
            Some(_) => {
                state.tasks.remove(&id);
                Some(job)
            }
            // its process was killed by what it did
            None => Some(job),
        };
        drop(state);
        drop(rest);
    }
}

impl State {
    fn add(&mut self, at: Duration, action: Action) {
        self.numbers += 1;
        self.events.push(Reverse(Event { at, number: self.numbers, action }));
    }
}

/// Ready when its time has come.
pub struct Sleep {
    kernel: Kernel,
    until: Duration,
    is_set: bool,
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("until", &self.until).finish_non_exhaustive()
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let kernel = self.kernel.clone();
        let mut state = kernel.state();
        if state.now >= self.until {
            return Poll::Ready(());
        }
        if !self.is_set {
            self.is_set = true;
            let until = self.until;
            state.add(until, Action::Wake(cx.waker().clone()));
        }
        Poll::Pending
    }
}

/// A value that others wait for to change.
#[derive(Debug)]
pub struct Watched<T>(Mutex<(T, Vec<Waker>)>);

impl<T: Clone> Watched<T> {
    pub fn new(value: T) -> Self {
        Self(Mutex::new((value, Vec::new())))
    }

    pub fn get(&self) -> T {
        lock(&self.0).0.clone()
    }

    /// Changes it; whoever waits looks again.
    pub fn change(&self, change: impl FnOnce(&mut T)) {
        let mut inner = lock(&self.0);
        change(&mut inner.0);
        let wakers = std::mem::take(&mut inner.1);
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Waits until it is as wanted.
    pub fn wait_for<F: Fn(&T) -> bool>(&self, wanted: F) -> WaitFor<'_, T, F> {
        WaitFor { of: self, wanted }
    }
}

#[derive(Debug)]
pub struct WaitFor<'a, T, F> {
    of: &'a Watched<T>,
    wanted: F,
}

impl<T: Clone, F: Fn(&T) -> bool> Future for WaitFor<'_, T, F> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut inner = lock(&self.of.0);
        if (self.wanted)(&inner.0) {
            return Poll::Ready(inner.0.clone());
        }
        inner.1.push(cx.waker().clone());
        Poll::Pending
    }
}
