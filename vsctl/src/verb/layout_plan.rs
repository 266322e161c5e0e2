//! `vsctl layout plan`: what would move where if machines came, went or counted otherwise. It changes nothing.

use std::collections::BTreeMap;

use clap::Args;
use clap_complete::ArgValueCompleter;
use vs_core::{
    error::{Code, Exit, Failure},
    id::NodeId,
};
use vs_wire::v1::{NodeChange, NodeWish};

use super::{node_change::weight, plan::Plan};
use crate::{complete, desk::Desk, row::PLAN};

const AFTER_HELP: &str = "\
Examples:
  vsctl layout plan --add eu-2 --add eu-3=2
  vsctl layout plan --drain n3 --weight n2=0.5 -o wide

Nothing is changed. Without flags: what is still to move to the current layout.
Flags can be given several times. Exits 11 when some node would be too full.";

/// Tell what would move if nodes were added, drained or weighed otherwise
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct PlanArgs {
    /// Another machine in this zone, of weight W if not 1
    #[arg(long, value_name = "ZONE[=W]", value_parser = newcomer)]
    add: Vec<NodeChange>,
    /// Everything moves off this node
    #[arg(long, value_name = "NODE", add = ArgValueCompleter::new(complete::nodes))]
    drain: Vec<NodeId>,
    /// This node takes data again
    #[arg(long, value_name = "NODE", add = ArgValueCompleter::new(complete::nodes))]
    undrain: Vec<NodeId>,
    /// This node is gone
    #[arg(long, value_name = "NODE", add = ArgValueCompleter::new(complete::nodes))]
    rm: Vec<NodeId>,
    /// This node has another share of the data
    #[arg(long, value_name = "NODE=W", value_parser = node_share, add = ArgValueCompleter::new(complete::nodes_to_set))]
    weight: Vec<NodeChange>,
    /// This node stands elsewhere
    #[arg(long, value_name = "NODE=Z", value_parser = node_zone, add = ArgValueCompleter::new(complete::nodes_to_set))]
    zone: Vec<NodeChange>,
}

pub(super) async fn run(args: &PlanArgs, desk: &Desk) -> anyhow::Result<Exit> {
    PLAN.check(&desk.style)?;
    let plan = Plan::ask(args.changes()?, desk).await?;
    plan.write_whole(desk)?;
    plan.check_room()?;
    Ok(Exit::Ok)
}

impl PlanArgs {
    /// One change a node.
    fn changes(&self) -> Result<Vec<NodeChange>, Failure> {
        let wish = |wish: NodeWish| {
            move |node: &NodeId| NodeChange { node: node.0, wish: wish.into(), ..NodeChange::default() }
        };
        let wishes = self.drain.iter().map(wish(NodeWish::Draining));
        let wishes = wishes.chain(self.undrain.iter().map(wish(NodeWish::In)));
        let wishes = wishes.chain(self.rm.iter().map(wish(NodeWish::Out)));
        let mut known = BTreeMap::new();
        for change in wishes.chain(self.weight.iter().cloned()).chain(self.zone.iter().cloned()) {
            let kept = known.entry(change.node).or_insert_with(NodeChange::default);
            let is_told_before = (kept.wish() != NodeWish::Unspecified && change.wish() != NodeWish::Unspecified)
                || (kept.weight_milli.is_some() && change.weight_milli.is_some())
                || (kept.zone.is_some() && change.zone.is_some());
            if is_told_before {
                let node = NodeId(change.node);
                return Err(Failure::new(Code::Invalid, format!("{node} cannot be changed in two ways at once")));
            }
            *kept = NodeChange {
                node: change.node,
                zone: change.zone.or(kept.zone.take()),
                weight_milli: change.weight_milli.or(kept.weight_milli),
                wish: kept.wish.max(change.wish),
            };
        }
        Ok(self.add.iter().cloned().chain(known.into_values()).collect())
    }
}

fn newcomer(text: &str) -> Result<NodeChange, String> {
    let (zone, weight_milli) = match text.rsplit_once('=') {
        Some((zone, share)) => (zone, Some(weight(share)?)),
        None => (text, None),
    };
    let zone = named("zone", zone)?;
    Ok(NodeChange { zone: Some(zone), weight_milli, wish: NodeWish::In.into(), ..NodeChange::default() })
}

fn node_share(text: &str) -> Result<NodeChange, String> {
    let (node, share) = node_and(text, "n2=0.5")?;
    Ok(NodeChange { node: node.0, weight_milli: Some(weight(share)?), ..NodeChange::default() })
}

fn node_zone(text: &str) -> Result<NodeChange, String> {
    let (node, zone) = node_and(text, "n2=eu-2")?;
    Ok(NodeChange { node: node.0, zone: Some(named("zone", zone)?), ..NodeChange::default() })
}

fn node_and<'a>(text: &'a str, example: &str) -> Result<(NodeId, &'a str), String> {
    let (node, value) = text.split_once('=').ok_or_else(|| format!("a node and a value, as in {example}"))?;
    Ok((node.parse().map_err(|error| format!("{error}"))?, value))
}

fn named(what: &str, text: &str) -> Result<String, String> {
    if text.is_empty() { Err(format!("the {what} is empty")) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        plan: PlanArgs,
    }

    fn changes(line: &str) -> Option<Vec<NodeChange>> {
        let words = std::iter::once("plan").chain(line.split_whitespace());
        Line::try_parse_from(words).ok()?.plan.changes().ok()
    }

    #[test]
    fn a_node_has_one_change_and_each_newcomer_its_own() {
        let change = |node, zone: Option<&str>, weight_milli, wish: NodeWish| NodeChange {
            node,
            zone: zone.map(str::to_owned),
            weight_milli,
            wish: wish.into(),
        };
        let all = changes("--add eu-2 --weight n2=0.5 --add eu-2=2 --zone n2=a=b --drain n3 --weight n3=2 --rm n4");
        let expected = [
            change(0, Some("eu-2"), None, NodeWish::In),
            change(0, Some("eu-2"), Some(2_000), NodeWish::In),
            change(2, Some("a=b"), Some(500), NodeWish::Unspecified),
            change(3, None, Some(2_000), NodeWish::Draining),
            change(4, None, None, NodeWish::Out),
        ];
        assert_eq!(all.as_deref(), Some(expected.as_slice()));
        assert_eq!(changes(""), Some(vec![]));
        for bad in
            ["--drain n3 --rm n3", "--weight n2=1 --weight n2=2", "--add =2", "--weight n2", "--zone n2=", "--add a=-1"]
        {
            assert_eq!(changes(bad), None, "{bad}");
        }
    }
}
