//! What every verb works at: the connection, how to write, what may be asked and changed, and how much time is left.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    sync::Mutex,
    time::{Duration, Instant},
};

use clap::ArgMatches;
use tonic::{Response, Status};
use tracing::{debug, info};
use vs_client::{
    Client, Reach, Session,
    channel::call,
    cli::{self, Connection, Origin, OutputFormat, ProgressWhen, Setting},
    reach::Answer,
};
use vs_core::{
    error::{Code, Failure},
    text::shown,
};
use vs_wire::v1;

use crate::{
    args::{Cli, global_twin},
    out::Style,
};

/// How long one call of a command without a bound may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) connection: Connection,
    pub(crate) style: Style,
    pub(crate) output: Setting<OutputFormat>,
    pub(crate) progress: Setting<ProgressWhen>,
    pub(crate) exact_bytes: Setting<bool>,
    pub(crate) exact_times: Setting<bool>,
    pub(crate) dry_run: bool,
    yes: bool,
    may_ask: bool,
    deadline: Option<Instant>,
    reach: Reach,
    session: Session,
    at_interrupt: Mutex<Option<String>>,
}

impl Desk {
    pub(crate) fn new(connection: Connection, cli: &Cli, matches: &ArgMatches) -> Result<Self, Failure> {
        let global = &cli.global;
        let origin = |id: &str| cli::given(matches, id, global_twin(id));
        let context = connection.context_name();
        let config = &connection.config;
        let given = asked_format(global.output.zip(origin("output")), global.json.then(|| origin("json")).flatten())?;
        let output = config.layered(given, context, |s| s.output, OutputFormat::Table);
        let progress =
            config.layered(global.progress.zip(origin("progress")), context, |s| s.progress, ProgressWhen::Auto);
        let exact_bytes = config.layered(Some(global.bytes).zip(origin("bytes")), context, |s| s.bytes, false);
        let exact_times = config.layered(Some(global.utc).zip(origin("utc")), context, |s| s.utc, false);
        let style = Style {
            format: if global.quiet { OutputFormat::Name } else { output.value },
            columns: global.columns.clone(),
            headers: !global.no_headers,
            exact_bytes: exact_bytes.value,
            exact_times: exact_times.value,
            color: connection.color.value.applies_to(&io::stdout()),
            quiet: global.quiet,
            now_ms: u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0),
        };
        let reach = connection.reach();
        let explicit = matches!(connection.timeout.origin, Origin::Flag(_) | Origin::Environment(_));
        let bounded = explicit || !cli.verb.is_unbounded();
        Ok(Self {
            style,
            output,
            progress,
            exact_bytes,
            exact_times,
            dry_run: global.dry_run,
            yes: global.yes,
            may_ask: !global.no_input && io::stdin().is_terminal() && io::stderr().is_terminal(),
            deadline: bounded.then(|| Instant::now() + connection.timeout.value),
            connection,
            session: Session::new(reach.clone()),
            reach,
            at_interrupt: Mutex::new(None),
        })
    }

    /// A desk for something that goes on beside the command: with its own way to these nodes, without a bound, and silent.
    pub(crate) fn aside(&self, endpoints: &[String]) -> Self {
        let reach = Reach::new(endpoints.to_vec());
        let mut connection = self.connection.clone();
        connection.endpoints.value = endpoints.to_vec();
        Self {
            connection,
            style: Style { quiet: true, ..self.style.clone() },
            output: self.output.clone(),
            progress: self.progress.clone(),
            exact_bytes: self.exact_bytes.clone(),
            exact_times: self.exact_times.clone(),
            dry_run: self.dry_run,
            yes: false,
            may_ask: false,
            deadline: None,
            session: Session::new(reach.clone()),
            reach,
            at_interrupt: Mutex::new(None),
        }
    }

    /// When the command must be over, if ever.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// What one call may take now.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.map_or(CALL_TIMEOUT, |deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The way to the cluster: whichever of its nodes answers.
    pub(crate) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The connection, made when it is first needed, for what concerns the answering node alone.
    pub(crate) async fn client(&self) -> Result<Client, Failure> {
        self.reach.client(self.left()).await
    }

    /// A connection of its own, to the first of these nodes that answers.
    pub(crate) async fn connect_to(&self, endpoints: &[String]) -> Result<Client, Failure> {
        let started = Instant::now();
        let client = Client::connect(endpoints, self.left()).await?;
        info!(addr = client.addr(), took_ms = millis(started.elapsed()), "connected");
        Ok(client)
    }

    /// One call to one node within what is left of the time.
    pub(crate) async fn call<T>(
        &self,
        name: &'static str,
        answer: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Failure> {
        timed(name, call(self.left(), answer)).await
    }

    /// Asks the cluster for something that changes nothing; another node answers where one cannot.
    pub(crate) async fn ask<Q: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        name: &'static str,
        request: Q,
        ask: impl Fn(Client, Q) -> F,
    ) -> Result<T, Failure> {
        timed(name, self.reach.ask(self.left(), request, ask)).await.map(|answer| answer.value).map_err(with_way_out)
    }

    /// The same, for what may take a node long.
    pub(crate) async fn ask_patiently<Q: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        name: &'static str,
        request: Q,
        ask: impl Fn(Client, Q) -> F,
    ) -> Result<T, Failure> {
        let answer = timed(name, self.reach.ask_patiently(self.left(), request, ask)).await;
        answer.map(|answer| answer.value).map_err(with_way_out)
    }

    /// Changes something, once (CON-3). A dry run changes nothing, and needs no session.
    pub(crate) async fn change<Q: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        name: &'static str,
        request: Q,
        ask: impl Fn(Client, Q) -> F,
    ) -> Result<T, Failure> {
        if self.dry_run {
            return self.ask(name, request, ask).await;
        }
        let answer = timed(name, self.session.change(self.left(), request, ask)).await;
        answer.map(|answer| answer.value).map_err(with_way_out)
    }

    /// The same, for what may take a node long.
    pub(crate) async fn change_patiently<Q: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        name: &'static str,
        request: Q,
        ask: impl Fn(Client, Q) -> F,
    ) -> Result<T, Failure> {
        if self.dry_run {
            return self.ask_patiently(name, request, ask).await;
        }
        let answer = timed(name, self.session.change_patiently(self.left(), request, ask)).await;
        answer.map(|answer| answer.value).map_err(with_way_out)
    }

    /// Changes something, asking `first` before the others; and which node answered.
    pub(crate) async fn change_at<Q: Clone, T, F: Future<Output = Result<Response<T>, Status>>>(
        &self,
        name: &'static str,
        first: &Client,
        request: Q,
        ask: impl Fn(Client, Q) -> F,
    ) -> Result<Answer<T>, Failure> {
        timed(name, self.session.change_at(first, self.left(), request, ask)).await
    }

    /// Gives back what the command held in the cluster.
    pub(crate) async fn close(&self) {
        self.session.close().await;
    }

    pub(crate) fn consistency(&self) -> i32 {
        let stale = self.connection.stale.value;
        if stale { v1::Consistency::Stale.into() } else { v1::Consistency::Linearizable.into() }
    }

    /// The name to send for what a person typed where a video is meant.
    pub(crate) async fn video_name(&self, typed: &str) -> Result<String, Failure> {
        cli::video_name(&self.reach, typed, self.connection.stale.value, self.left()).await.map_err(with_way_out)
    }

    /// Says something to the person; never data, and nothing when quiet was asked for.
    pub(crate) fn say(&self, text: &str) {
        if !self.style.quiet {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Prints what would be done: the answer of a dry run. Exact formats have their items instead.
    pub(crate) fn plan(&self, text: &str) {
        if matches!(self.style.format, OutputFormat::Table | OutputFormat::Wide) {
            let _ = writeln!(io::stdout().lock(), "{text}");
        }
    }

    /// Says how old a stale answer is (CON-1).
    pub(crate) fn say_age(&self, age_ms: Option<u64>) {
        if let Some(age_ms) = age_ms {
            let age = vs_core::unit::human_duration(Duration::from_millis(age_ms));
            self.say(&format!("stale: the answering node last knew itself up to date {age} ago"));
        }
    }

    /// Lets a severe act pass: by `--yes`, or by a `y` typed on a terminal. Anything else changes nothing.
    pub(crate) async fn confirm(&self, question: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        let refused = |what: &str| Failure::new(Code::NotConfirmed, what).because("nothing was changed");
        if !self.may_ask {
            let failure = refused("not confirmed, and nobody to ask").because(question);
            return Err(failure.hint("add `--yes` to do it without being asked"));
        }
        let _ = write!(io::stderr(), "{question} [y/N] ");
        let _ = io::stderr().flush();
        // On a thread of its own, so that Ctrl-C is heard meanwhile.
        let read = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            let _ = io::stdin().lock().read_line(&mut answer);
            answer
        });
        let answer = read.await.unwrap_or_default();
        if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
            Ok(())
        } else {
            Err(refused("not confirmed"))
        }
    }

    /// What to say if the command is interrupted from here on.
    pub(crate) fn at_interrupt(&self, text: Option<String>) {
        if let Ok(mut kept) = self.at_interrupt.lock() {
            *kept = text;
        }
    }

    pub(crate) fn say_interrupted(&self) {
        let kept = self.at_interrupt.lock().ok().and_then(|mut kept| kept.take());
        if let Some(text) = kept {
            let _ = writeln!(io::stderr().lock(), "\n{}", shown(&text));
        }
    }
}

/// The format out of `-o` and `--json`: the one closer to the person wins, and both on one line must agree.
fn asked_format(
    output: Option<(OutputFormat, Origin)>,
    json: Option<Origin>,
) -> Result<Option<(OutputFormat, Origin)>, Failure> {
    match (output, json) {
        (Some((format, Origin::Flag(_))), Some(Origin::Flag(_))) if format != OutputFormat::Json => {
            Err(Failure::new(Code::Invalid, format!("`--json` and `-o {format}` contradict each other")))
        }
        (Some(given @ (_, Origin::Flag(_))), _) | (Some(given), None) => Ok(Some(given)),
        (_, Some(origin)) => Ok(Some((OutputFormat::Json, origin))),
        (None, None) => Ok(None),
    }
}

/// What a call came to and how long it took, for `-vv`.
async fn timed<T>(name: &'static str, answer: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let started = Instant::now();
    let answered = answer.await;
    let outcome = answered.as_ref().map_or_else(|failure| failure.code.name(), |_| "ok");
    debug!(call = name, took_ms = millis(started.elapsed()), outcome, "answered");
    answered
}

/// Without a quorum there is one thing left to do.
pub(crate) fn with_way_out(failure: Failure) -> Failure {
    if failure.code == Code::NoQuorum && failure.hint.is_none() {
        return failure.hint("reads still work with --stale; see `vsctl help consistency`");
    }
    failure
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
