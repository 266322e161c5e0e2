//! What `vsctl scrub` and `vsctl compact` share: orders to the background care of one node, and how it stands on all.

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use vs_client::cli::OutputFormat;
use vs_core::{
    error::{Code, Exit, Failure},
    id::{DirId, NodeId},
    unit::human_bytes,
};
use vs_wire::v1::{self, CareAction, CareJob, CareState};

use super::node::{At, NodeArgs};
use crate::{
    desk::Desk,
    out::{
        self, Kind,
        human::{self, text},
    },
    progress::{Board, Task},
    row,
};

/// How often somebody who waits looks how far it is.
const POLL: Duration = Duration::from_millis(500);

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    Scrub,
    Compact,
}

impl Job {
    fn wire(self) -> CareJob {
        match self {
            Self::Scrub => CareJob::Scrub,
            Self::Compact => CareJob::Compact,
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Scrub => "scrub",
            Self::Compact => "compaction",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Scrub => "scrub",
            Self::Compact => "compact",
        }
    }

    pub(crate) fn kind(self) -> &'static Kind {
        match self {
            Self::Scrub => &row::SCRUBS,
            Self::Compact => &row::COMPACTIONS,
        }
    }

    fn rows(self, items: &[v1::CareStatus], node: NodeId) -> Vec<Value> {
        let row = match self {
            Self::Scrub => row::scrub,
            Self::Compact => row::compact,
        };
        items.iter().map(|status| row(status, node)).collect()
    }
}

/// How it stands on the node named, or on every node that can be reached.
pub(crate) async fn status(job: Job, node: &NodeArgs, desk: &Desk) -> anyhow::Result<Exit> {
    job.kind().check(&desk.style)?;
    let nodes = match node.node {
        Some(_) => vec![At::reach(node, desk).await],
        None => At::reach_all(desk).await?,
    };
    let ask = async |at: Result<At, Failure>| {
        let at = at?;
        Ok::<_, Failure>((at.node, ask(job, &at, desk).await?))
    };
    let (mut rows, mut exit) = (Vec::new(), Exit::Ok);
    for answer in join_all(nodes.into_iter().map(ask)).await {
        match answer {
            Ok((node, items)) => rows.extend(job.rows(&items, node)),
            Err(failure) if node.node.is_some() => return Err(failure.into()),
            Err(failure) => {
                desk.say(&format!("not asked: {failure}"));
                exit = Exit::Partial;
            }
        }
    }
    out::list(&desk.style, job.kind(), &rows, None)?;
    for row in rows.iter().filter(|_| desk.style.format == OutputFormat::Table) {
        for note in row["notes"].as_array().into_iter().flatten() {
            desk.say(&format!("{} {}: {}", text(row, "node"), text(row, "dir"), human::plain(note)));
        }
    }
    Ok(exit)
}

async fn ask(job: Job, at: &At, desk: &Desk) -> Result<Vec<v1::CareStatus>, Failure> {
    let request = v1::GetCareRequest { job: job.wire().into() };
    Ok(desk.call("GetCare", at.client.admin().get_care(request)).await?.items)
}

/// Orders, and says what came of it.
pub(crate) async fn order(
    job: Job,
    action: CareAction,
    garbage_percent: Option<u32>,
    at: &At,
    desk: &Desk,
) -> anyhow::Result<Vec<v1::CareStatus>> {
    let request =
        v1::OrderCareRequest { job: job.wire().into(), action: action.into(), garbage_percent, dry_run: desk.dry_run };
    let answer = desk.call("OrderCare", at.client.admin().order_care(request)).await?;
    if desk.dry_run {
        tell_plan(job, action, &answer, at, desk)?;
    } else {
        desk.say(&told(job, action, answer.changed, at.node));
    }
    Ok(answer.items)
}

/// A verb that only orders.
pub(crate) async fn run(
    job: Job,
    action: CareAction,
    garbage_percent: Option<u32>,
    node: &NodeArgs,
    desk: &Desk,
) -> anyhow::Result<Exit> {
    job.kind().check(&desk.style)?;
    let at = At::reach(node, desk).await?;
    let items = order(job, action, garbage_percent, &at, desk).await?;
    let is_exact = !matches!(desk.style.format, OutputFormat::Table | OutputFormat::Wide);
    let is_plan = desk.dry_run && (job, action) == (Job::Compact, CareAction::Start);
    if is_exact && !is_plan {
        out::list(&desk.style, job.kind(), &job.rows(&items, at.node), None)?;
    }
    Ok(Exit::Ok)
}

fn told(job: Job, action: CareAction, changed: bool, node: NodeId) -> String {
    let (noun, verb) = (job.noun(), job.verb());
    match (action, changed) {
        (CareAction::Start, true) => {
            format!("✓ the {noun} of {node} has started\n  watch it: vsctl {verb} status --node {node}")
        }
        (CareAction::Start, false) => {
            format!("the {noun} of {node} runs already\n  watch it: vsctl {verb} status --node {node}")
        }
        (CareAction::Pause, true) => format!(
            "✓ the {noun} of {node} is paused, over restarts too\n  go on with: vsctl {verb} resume --node {node}"
        ),
        (CareAction::Pause, false) => format!("the {noun} of {node} is paused already"),
        (CareAction::Resume, true) => format!("✓ the {noun} of {node} goes on"),
        (CareAction::Resume, false) => format!("the {noun} of {node} was not paused"),
        (_, true) => format!(
            "✓ the {noun} of {node} is stopped; the next begins when it is due\n  \
             keep it from that: vsctl {verb} pause --node {node}"
        ),
        (_, false) => format!("no {noun} of {node} is under way"),
    }
}

fn tell_plan(job: Job, action: CareAction, answer: &v1::OrderCareResponse, at: &At, desk: &Desk) -> anyhow::Result<()> {
    let node = at.node;
    match (job, action) {
        (Job::Scrub, CareAction::Start) => {
            for status in &answer.items {
                let (chunks, size) = (status.chunks_total, human::bytes(&desk.style, status.bytes_total));
                let (dir, rate) = (DirId(status.dir), status.bytes_per_s_max);
                let seconds = Duration::from_secs(status.bytes_total.div_ceil(rate.max(1)));
                let about = vs_core::unit::human_duration(seconds);
                let rate = human_bytes(rate);
                desk.plan(&format!("plan: check {chunks} chunks, {size}, on {node} {dir} at {rate}/s: about {about}"));
            }
        }
        (Job::Compact, CareAction::Start) => {
            let rows: Vec<_> = answer.plan.iter().map(|plan| row::compact_plan(plan, node)).collect();
            if !matches!(desk.style.format, OutputFormat::Table | OutputFormat::Wide) {
                return out::list(&desk.style, &row::COMPACT_PLANS, &rows, None);
            }
            for plan in &answer.plan {
                let [moved, freed] = [plan.move_bytes, plan.free_bytes].map(|bytes| human::bytes(&desk.style, bytes));
                let (dir, superblock) = (DirId(plan.dir), plan.superblock);
                desk.plan(&format!("plan: superblock {superblock} of {node} {dir}: move {moved}, free {freed}"));
            }
            if answer.plan.is_empty() {
                desk.plan(&format!("plan: no superblock of {node} is worth it"));
            }
        }
        (_, action) => {
            let act = match action {
                CareAction::Pause => "pause",
                CareAction::Resume => "resume",
                _ => "stop",
            };
            desk.plan(&format!("plan: {act} the {} of {node}", job.noun()));
        }
    }
    Ok(())
}

/// Waits until the runs that are under way now are over; fails when one was held up, and when one found damage.
pub(crate) async fn wait(job: Job, at: &At, begun: &[v1::CareStatus], desk: &Desk) -> anyhow::Result<Vec<Value>> {
    let (node, verb) = (at.node, job.verb());
    desk.at_interrupt(Some(format!("interrupted; the {} goes on: vsctl {verb} status --node {node}", job.noun())));
    let board = Board::new(desk);
    let tasks: Vec<Task> = begun
        .iter()
        .map(|status| {
            let task = board.task(&format!("{node} {}", DirId(status.dir)));
            task.stage("checking", &format!("{node} {}", DirId(status.dir)), 0, status.bytes_total, "bytes");
            task
        })
        .collect();
    let items = loop {
        let items = ask(job, at, desk).await?;
        let mut running = 0;
        for ((status, task), was) in items.iter().zip(&tasks).zip(begun) {
            if status.state() == CareState::Paused {
                return Err(Failure::new(Code::Conflict, format!("the {} of {node} was paused", job.noun()))
                    .hint(format!("vsctl {verb} resume --node {node}"))
                    .into());
            }
            if is_same_run(status, was) {
                running += 1;
                task.set(status.bytes_done, status.bytes_total);
            } else if let Some(last) = &status.last {
                task.set(last.bytes, last.bytes);
            }
        }
        if running == 0 {
            break items;
        }
        tokio::time::sleep(POLL).await;
    };
    drop((tasks, board));
    desk.at_interrupt(None);
    if items.iter().any(|status| status.last.as_ref().is_some_and(|last| !last.whole)) {
        return Err(Failure::new(Code::Conflict, format!("the {} of {node} was stopped", job.noun()))
            .hint(format!("vsctl {verb} start --node {node}"))
            .into());
    }
    Ok(job.rows(&items, node))
}

fn is_same_run(now: &v1::CareStatus, then: &v1::CareStatus) -> bool {
    let began = |status: &v1::CareStatus| status.run.as_ref().map(|run| run.began_at_ms);
    began(now).is_some() && began(now) == began(then)
}
