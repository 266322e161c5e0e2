//! `vsctl node add`: gives a machine that runs and joins its zone and weight, and waits until it holds its share.

use std::{collections::HashMap, time::Instant};

use clap::Args;
use clap_complete::ArgValueCompleter;
use vs_client::Client;
use vs_core::{
    error::{Code, Exit, Failure},
    id::NodeId,
    text::shown,
    unit::human_duration,
};
use vs_wire::v1::{self, NodeChange};

use super::{
    job,
    job_watch::{POLL, tell},
    node::listed,
    node_change::weight,
    node_drain::{WATCH_MOVE, WaitArgs, kind, told_moved, write},
    plan::Plan,
    rebalance,
};
use crate::{
    complete,
    desk::{Desk, millis},
    out::human::quoted,
    progress::Board,
    row::Moved,
};

const AFTER_HELP: &str = "\
Examples:
  vsctl node add 10.0.0.16:7400 --zone eu-2 --dry-run
  vsctl node add 10.0.0.16:7400 --zone eu-2 --weight 2

Start it with `vsd serve --join` first, or meanwhile: it is waited for as long
as --timeout says. The move goes on when this is interrupted. A dry run needs
no machine.";

/// Give a joining node its zone and weight, and wait until it is filled
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct AddArgs {
    /// The address that it advertises
    #[arg(value_name = "HOST:PORT", add = ArgValueCompleter::new(complete::addresses))]
    addr: String,
    /// What fails together with it, as in eu-2
    #[arg(long, value_name = "Z")]
    zone: Option<String>,
    /// Share of the data, 1 for an ordinary node
    #[arg(long, value_name = "W", value_parser = weight)]
    weight: Option<u32>,
    #[command(flatten)]
    pub(super) wait: WaitArgs,
}

impl AddArgs {
    fn change(&self, node: u64) -> NodeChange {
        NodeChange { node, zone: self.zone.clone(), weight_milli: self.weight, ..NodeChange::default() }
    }
}

pub(super) async fn run(args: &AddArgs, desk: &Desk) -> anyhow::Result<Exit> {
    kind(desk).check(&desk.style)?;
    if desk.dry_run {
        let node = registered(&listed(desk).await?, &args.addr).map_or(0, |info| info.id);
        Plan::of_joining(args.change(node), desk).await?.tell(desk)?;
        return Ok(Exit::Ok);
    }
    let info = wait_until_registered(&args.addr, desk).await?;
    let node = NodeId(info.id);
    if info.state == "draining" {
        let failure = Failure::new(Code::Conflict, format!("{node} is draining"));
        return Err(failure.hint(format!("let it take data again: `vsctl node undrain {node}`")).into());
    }
    let (before, began) = (moves(desk).await?, Instant::now());
    Plan::of_joining(args.change(info.id), desk).await?.tell(desk)?;
    let (info, epoch) = set(info, args, desk).await?;
    if !args.wait.waits() {
        write(&info, None, &Moved::default(), desk, || format!("✓ {node} takes its share\n"))?;
        desk.say(WATCH_MOVE);
        return Ok(Exit::Ok);
    }
    desk.at_interrupt(Some("interrupted; the move goes on: vsctl rebalance status".to_owned()));
    let epoch = wait_until_listed(&info, epoch, desk).await?;
    wait_until_moved(node, epoch, desk).await?;
    desk.at_interrupt(None);
    let moved = Moved { took_ms: millis(began.elapsed()), ..since(&before, &moves(desk).await?) };
    let now = listed(desk).await?;
    let info = now.iter().find(|now| now.id == info.id).unwrap_or(&info);
    write(info, None, &moved, desk, || told_moved("added", node, &moved, desk))
}

/// The node of that address. One that was removed may have had it before.
fn registered<'a>(nodes: &'a [v1::NodeInfo], addr: &str) -> Option<&'a v1::NodeInfo> {
    nodes.iter().find(|info| info.addr == addr && info.state != "out")
}

async fn wait_until_registered(addr: &str, desk: &Desk) -> Result<v1::NodeInfo, Failure> {
    let limit = desk.connection.timeout.value;
    let (began, mut is_said) = (Instant::now(), false);
    loop {
        let nodes = listed(desk).await?;
        if let Some(info) = registered(&nodes, addr) {
            return Ok(info.clone());
        }
        if began.elapsed() + POLL >= limit {
            let limit = human_duration(limit);
            let mut failure = Failure::new(Code::Timeout, format!("no node joined as {} within {limit}", shown(addr)));
            failure.why.extend(nodes.iter().map(|info| format!("{}  {}", NodeId(info.id), shown(&info.addr))));
            let (member, addr) = (desk.reach().addr(), quoted(addr));
            return Err(failure.hint(format!("start it there: `vsd serve --join {member} --advertise {addr}`")));
        }
        if !is_said {
            desk.say(&format!("waiting for {} to join", shown(addr)));
            is_said = true;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Changes what was asked for; the node then, and the epoch at the time.
async fn set(info: v1::NodeInfo, args: &AddArgs, desk: &Desk) -> Result<(v1::NodeInfo, Option<u64>), Failure> {
    if args.zone.is_none() && args.weight.is_none() {
        return Ok((info, None));
    }
    let request =
        v1::SetNodeRequest { node: info.id, zone: args.zone.clone(), weight_milli: args.weight, dry_run: false };
    let set = |client: Client, request| async move { client.admin().set_node(request).await };
    let answer = desk.change("SetNode", request, set).await?;
    Ok((answer.node.unwrap_or(info), answer.changed.then_some(answer.epoch)))
}

/// The epoch of the layout that has the node as it was set. `changed_at` is the epoch at which that was asked.
async fn wait_until_listed(info: &v1::NodeInfo, changed_at: Option<u64>, desk: &Desk) -> Result<u64, Failure> {
    let node = NodeId(info.id);
    if !info.roles.iter().any(|role| role == "storage") {
        let failure = Failure::new(Code::Conflict, format!("{node} takes no data: it does not have the storage role"));
        return Err(failure.hint("start it with `--role` that names storage"));
    }
    let mut is_said = false;
    loop {
        let request = v1::GetLayoutRequest { consistency: desk.consistency(), epoch: None };
        let get = |client: Client, request| async move { client.admin().get_layout(request).await };
        let answer = desk.ask("GetLayout", request, get).await?;
        let layout = answer.layout.unwrap_or_default();
        let has = |node: &v1::LayoutNode| {
            // A node that fills up has a lower weight there than was asked for.
            let is_weighed =
                node.weight_milli == info.weight_milli || changed_at.is_none_or(|epoch| layout.epoch > epoch);
            node.id == info.id && node.zone == info.zone && is_weighed
        };
        if layout.nodes.iter().any(has) {
            return Ok(layout.epoch);
        }
        if !is_said {
            desk.say(&format!("waiting for a layout with {node}"));
            is_said = true;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Returns once everything is where that layout, or a later one, has it.
async fn wait_until_moved(node: NodeId, epoch: u64, desk: &Desk) -> Result<(), Failure> {
    let board = Board::new(desk);
    let task = board.task(&node.to_string());
    loop {
        let status = rebalance::ask(desk).await?;
        let progress = (status.bytes_done, status.bytes_total);
        task.stage("moving", &node.to_string(), progress.0, progress.1, "bytes");
        tell(&task, progress, status.bytes_per_s, status.eta_ms, status.waiting.first());
        if status.oldest_epoch >= epoch {
            return Ok(());
        }
        if matches!(status.state.as_str(), "paused" | "stopped") {
            let state = &status.state;
            return Err(Failure::new(Code::Conflict, format!("the move is {state}")).hint("vsctl rebalance start"));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// What each move has moved so far.
async fn moves(desk: &Desk) -> Result<HashMap<u64, Moved>, Failure> {
    let jobs = job::all(desk).await?;
    let moves = jobs.iter().filter(|job| job.kind == "move");
    Ok(moves.map(|job| (job.id, super::job_watch::moved(job))).collect())
}

/// What was moved between two looks.
fn since(before: &HashMap<u64, Moved>, now: &HashMap<u64, Moved>) -> Moved {
    let mut sum = Moved::default();
    for (id, now) in now {
        let was = before.get(id).copied().unwrap_or_default();
        sum.chunks += now.chunks.saturating_sub(was.chunks);
        sum.bytes += now.bytes.saturating_sub(was.bytes);
        if let Some(failed) = now.reads_failed {
            let failed = failed.saturating_sub(was.reads_failed.unwrap_or(0));
            sum.reads_failed = Some(sum.reads_failed.unwrap_or(0) + failed);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_moved_before_does_not_count() {
        let moved = |chunks, reads_failed| Moved { chunks, bytes: chunks << 20, took_ms: 9, reads_failed };
        let before = HashMap::from([(1, moved(7, Some(2))), (2, moved(5, Some(1)))]);
        let now = HashMap::from([(1, moved(7, Some(2))), (2, moved(8, Some(2))), (3, moved(2, None))]);
        assert_eq!(since(&before, &now), Moved { chunks: 5, bytes: 5 << 20, took_ms: 0, reads_failed: Some(1) });
        assert_eq!(since(&now, &now).chunks, 0);
        assert_eq!(since(&HashMap::new(), &HashMap::from([(3, moved(2, None))])).reads_failed, None);
    }

    #[test]
    fn an_address_means_the_node_that_is_there_now() {
        let node = |id, state: &str| v1::NodeInfo {
            id,
            addr: "h:1".to_owned(),
            state: state.to_owned(),
            ..v1::NodeInfo::default()
        };
        let nodes = [node(2, "out"), node(6, "up")];
        assert_eq!(registered(&nodes, "h:1").map(|info| info.id), Some(6));
        assert_eq!(registered(&nodes[..1], "h:1"), None);
    }
}
