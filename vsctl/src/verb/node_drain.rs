//! `vsctl node drain`, `undrain` and `rm`: a machine is emptied, takes data again, or goes for good. Each says first
//! what that moves and refuses what there is no room for; those that move wait until it is done.

use clap::Args;
use clap_complete::ArgValueCompleter;
use vs_client::Client;
use vs_core::{
    error::{Code, Exit, Failure},
    id::{JobId, NodeId},
    text::shown,
    unit::human_duration,
};
use vs_wire::v1::{self, NodeWish};

use super::{
    job_watch::{ended, follow, moved},
    plan::Plan,
};
use crate::{
    complete,
    desk::Desk,
    out::{
        self, Kind,
        human::{self, count},
    },
    row::{self, MOVED_NODE, Moved, PLAN},
};

const DRAIN_AFTER_HELP: &str = "\
Examples:
  vsctl node drain n5 --dry-run
  vsctl node drain n5

What it holds is moved to the others, and it takes nothing more until undrain.
The move goes on when this is interrupted. Exits 11 when the others have no room.";
const UNDRAIN_AFTER_HELP: &str = "\
Examples:
  vsctl node undrain n5 --dry-run
  vsctl node undrain n5

Its share is moved back in the background.";
const RM_AFTER_HELP: &str = "\
Examples:
  vsctl node rm n5 --dry-run
  vsctl node rm n5 --yes

It is drained first. Its id is never used again, and it stays listed as out.
With --lost what it held is rebuilt from the other nodes, where they can.";

/// Move everything off a node
#[derive(Args, Debug)]
#[command(after_help = DRAIN_AFTER_HELP)]
pub(crate) struct DrainArgs {
    #[command(flatten)]
    node: WhichArgs,
    #[command(flatten)]
    pub(super) wait: WaitArgs,
}

/// Let a node take data again
#[derive(Args, Debug)]
#[command(after_help = UNDRAIN_AFTER_HELP)]
pub(crate) struct UndrainArgs {
    #[command(flatten)]
    node: WhichArgs,
}

/// Remove a node for good; asks first
#[derive(Args, Debug)]
#[command(after_help = RM_AFTER_HELP)]
pub(crate) struct RmArgs {
    #[command(flatten)]
    node: WhichArgs,
    /// It is down and will not come back
    #[arg(long)]
    lost: bool,
    #[command(flatten)]
    pub(super) wait: WaitArgs,
}

#[derive(Args, Debug)]
struct WhichArgs {
    /// Which node
    #[arg(value_name = "NODE", add = ArgValueCompleter::new(complete::nodes))]
    node: NodeId,
}

#[derive(Args, Debug)]
pub(super) struct WaitArgs {
    /// Do not wait until everything is moved
    #[arg(long)]
    no_wait: bool,
}

impl WaitArgs {
    pub(super) fn waits(&self) -> bool {
        !self.no_wait
    }
}

/// What to type after something that moves by itself.
pub(super) const WATCH_MOVE: &str = "  watch the move: vsctl rebalance status";

/// What the verb writes: a plan, or the node and what was moved for it.
pub(super) fn kind(desk: &Desk) -> &'static Kind {
    if desk.dry_run { &PLAN } else { &MOVED_NODE }
}

pub(super) async fn drain(args: &DrainArgs, desk: &Desk) -> anyhow::Result<Exit> {
    kind(desk).check(&desk.style)?;
    let node = args.node.node;
    let plan = Plan::of(node, NodeWish::Draining, desk).await?;
    plan.tell(desk)?;
    let answer = ask_to_drain(node, false, desk).await?;
    if desk.dry_run {
        return Ok(Exit::Ok);
    }
    let info = answer.node.unwrap_or_default();
    finish(&info, answer.job, "drained", !args.wait.waits(), desk).await
}

async fn ask_to_drain(node: NodeId, undrain: bool, desk: &Desk) -> Result<v1::DrainNodeResponse, Failure> {
    let request = v1::DrainNodeRequest { node: node.0, undrain, dry_run: desk.dry_run };
    let drain = |client: Client, request| async move { client.admin().drain_node(request).await };
    desk.change("DrainNode", request, drain).await
}

pub(super) async fn undrain(args: &UndrainArgs, desk: &Desk) -> anyhow::Result<Exit> {
    kind(desk).check(&desk.style)?;
    let node = args.node.node;
    let plan = Plan::of(node, NodeWish::In, desk).await?;
    plan.tell(desk)?;
    let answer = ask_to_drain(node, true, desk).await?;
    if desk.dry_run {
        return Ok(Exit::Ok);
    }
    let info = answer.node.unwrap_or_default();
    if !answer.changed {
        return write(&info, None, &Moved::default(), desk, || format!("{node} is not draining: nothing to change\n"));
    }
    write(&info, None, &Moved::default(), desk, || format!("✓ {node} takes data again\n"))?;
    desk.say(WATCH_MOVE);
    Ok(Exit::Ok)
}

pub(super) async fn rm(args: &RmArgs, desk: &Desk) -> anyhow::Result<Exit> {
    kind(desk).check(&desk.style)?;
    let (node, lost) = (args.node.node, args.lost);
    let call = |client: Client, request| async move { client.admin().remove_node(request).await };
    // Refused before anybody is asked: a yes would be of no use. What there is no room for is told with its plan.
    let request = v1::RemoveNodeRequest { node: node.0, dry_run: true, lost };
    let expected = match desk.ask("RemoveNode", request, call).await {
        Err(failure) if failure.code != Code::NoSpace => return Err(failure.into()),
        expected => expected,
    };
    let was_removed = |answer: &v1::RemoveNodeResponse| !answer.changed && node_state(answer) == "out";
    if let Some(answer) = expected.as_ref().ok().filter(|answer| was_removed(answer)) {
        let info = answer.node.clone().unwrap_or_default();
        return write(&info, None, &Moved::default(), desk, || format!("{node} was removed before\n"));
    }
    Plan::of(node, NodeWish::Out, desk).await?.tell(desk)?;
    let info = expected?.node.unwrap_or_default();
    if desk.dry_run {
        return Ok(Exit::Ok);
    }
    let named = format!("{node} ({})", shown(&info.addr));
    desk.confirm(&format!("remove {named} for good?")).await?;
    let request = v1::RemoveNodeRequest { node: node.0, dry_run: false, lost };
    let answer = desk.change("RemoveNode", request, call).await?;
    let info = answer.node.unwrap_or_default();
    if answer.job.is_none() {
        write(&info, None, &Moved::default(), desk, || format!("✓ removed {named}\n"))?;
        if lost {
            desk.say("  watch what is rebuilt: vsctl repair status");
        }
        return Ok(Exit::Ok);
    }
    finish(&info, answer.job, "removed", !args.wait.waits(), desk).await
}

fn node_state(answer: &v1::RemoveNodeResponse) -> &str {
    answer.node.as_ref().map_or("", |info| &info.state)
}

/// Waits for the job of a node, if there is one and it is to be waited for, and ends with what was moved.
async fn finish(
    info: &v1::NodeInfo,
    job: Option<u64>,
    done: &'static str,
    is_left_alone: bool,
    desk: &Desk,
) -> anyhow::Result<Exit> {
    let node = NodeId(info.id);
    let Some(job) = job.map(JobId) else {
        return write(info, None, &Moved::default(), desk, || format!("✓ {node} is {done} already\n"));
    };
    if is_left_alone {
        write(info, Some(job), &Moved::default(), desk, || format!("✓ {node} will be {done} by {job}\n"))?;
        desk.say(&format!("  watch it: vsctl job watch {job}"));
        return Ok(Exit::Ok);
    }
    let over = follow(job, desk).await?;
    match ended(&over, desk)? {
        Exit::Ok => {
            let moved = moved(&over);
            let now = super::node::listed(desk).await?;
            let info = now.iter().find(|now| now.id == info.id).unwrap_or(info);
            write(info, Some(job), &moved, desk, || told_moved(done, node, &moved, desk))
        }
        exit => Ok(exit),
    }
}

/// `✓ removed n5: 3 102 chunks (6.1 GiB) moved, 0 failed reads, 1m12s`.
pub(super) fn told_moved(done: &str, node: NodeId, moved: &Moved, desk: &Desk) -> String {
    let failed = moved.reads_failed.map_or_else(String::new, |failed| format!(", {failed} failed reads"));
    let (chunks, size) = (count(moved.chunks), human::bytes(&desk.style, moved.bytes));
    let took = human_duration(std::time::Duration::from_millis(moved.took_ms));
    format!("✓ {done} {node}: {chunks} chunks ({size}) moved{failed}, {took}\n")
}

/// The node and what was moved for it.
pub(super) fn write(
    info: &v1::NodeInfo,
    job: Option<JobId>,
    moved: &Moved,
    desk: &Desk,
    told: impl FnOnce() -> String,
) -> anyhow::Result<Exit> {
    out::one(&desk.style, &MOVED_NODE, &row::moved_node(info, job, moved), |_| told())?;
    Ok(Exit::Ok)
}
