//! `vsctl node set` and `vsctl node rm`: where a machine stands and how much it takes, and that it has gone for good.

use clap::Args;
use clap_complete::ArgValueCompleter;
use vs_client::Client;
use vs_core::{
    error::{Code, Exit, Failure},
    id::NodeId,
    text::shown,
};
use vs_wire::v1;

use crate::{
    complete,
    desk::Desk,
    out::{self, human::text},
    row::{self, NODES},
};

const SET_AFTER_HELP: &str = "\
Examples:
  vsctl node set n2 --zone eu-2
  vsctl node set n2 --weight 0.5 --dry-run

It outlives restarts, whatever the node's own configuration says.";
const RM_AFTER_HELP: &str = "\
Examples:
  vsctl node rm n5 --dry-run
  vsctl node rm n5 --yes

Refused while the node may hold chunks. Its id is never used again.";

/// Thousandths in a weight of one.
const MILLI: f64 = 1_000.0;
/// Greatest weight, far above any machine beside others.
const WEIGHT_MAX: f64 = 1_000.0;

/// Change a node's zone, or its share of the data
#[derive(Args, Debug)]
#[command(after_help = SET_AFTER_HELP)]
pub(crate) struct SetArgs {
    /// Which node
    #[arg(value_name = "NODE", add = ArgValueCompleter::new(complete::nodes))]
    node: NodeId,
    /// What fails together with it, as in eu-2
    #[arg(long, value_name = "Z")]
    zone: Option<String>,
    /// Share of the data, 1 for an ordinary node
    #[arg(long, value_name = "W", value_parser = weight)]
    weight: Option<u32>,
}

/// Remove a node for good; asks first
#[derive(Args, Debug)]
#[command(after_help = RM_AFTER_HELP)]
pub(crate) struct RmArgs {
    /// Which node
    #[arg(value_name = "NODE", add = ArgValueCompleter::new(complete::nodes))]
    node: NodeId,
}

/// A decimal in thousandths.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
fn weight(text: &str) -> Result<u32, String> {
    let milli = text.parse::<f64>().ok().filter(|weight| (0.0..=WEIGHT_MAX).contains(weight)).map(|w| w * MILLI);
    match milli {
        Some(milli) if (milli - milli.round()).abs() < 1e-6 => Ok(milli.round() as u32),
        _ => Err(format!("a weight is 0 to {WEIGHT_MAX} with at most three decimals, as in 0.5")),
    }
}

pub(super) async fn set(args: SetArgs, desk: &Desk) -> anyhow::Result<Exit> {
    NODES.check(&desk.style)?;
    if args.zone.is_none() && args.weight.is_none() {
        return Err(Failure::new(Code::Invalid, "nothing to change")
            .hint(format!("name what: `vsctl node set {} --weight 0.5`", args.node))
            .into());
    }
    let (node, zone, weight_milli) = (args.node.0, args.zone, args.weight);
    let request = v1::SetNodeRequest { node, zone, weight_milli, dry_run: desk.dry_run };
    let set = |client: Client, request| async move { client.admin().set_node(request).await };
    let answer = desk.change("SetNode", request, set).await?;
    let item = row::node(&answer.node.unwrap_or_default(), None);
    out::one(&desk.style, &NODES, &item, |_| {
        let told = format!("{}: zone {}, weight {}", args.node, text(&item, "zone"), text(&item, "weight"));
        match (answer.changed, desk.dry_run) {
            (false, _) => format!("{told}: nothing to change\n"),
            (true, true) => format!("plan: {told}, layout epoch {}\n", answer.epoch),
            (true, false) => format!("✓ {told}, layout epoch {}\n", answer.epoch),
        }
    })?;
    Ok(Exit::Ok)
}

pub(super) async fn rm(args: &RmArgs, desk: &Desk) -> anyhow::Result<Exit> {
    NODES.check(&desk.style)?;
    let call = |client: Client, request| async move { client.admin().remove_node(request).await };
    // Refused before anybody is asked: a yes would be of no use.
    let request = v1::RemoveNodeRequest { node: args.node.0, dry_run: true };
    let planned = desk.ask("RemoveNode", request, call).await?;
    let named = format!("{} ({})", args.node, shown(&planned.node.clone().unwrap_or_default().addr));
    if !planned.changed {
        desk.say(&format!("{named} was removed before"));
        return write(&planned, desk);
    }
    if desk.dry_run {
        desk.plan(&format!("plan: remove {named} for good"));
        return write(&planned, desk);
    }
    desk.confirm(&format!("remove {named} for good?")).await?;
    let request = v1::RemoveNodeRequest { node: args.node.0, dry_run: false };
    let removed = desk.change("RemoveNode", request, call).await?;
    desk.say(&format!("✓ removed {named}"));
    write(&removed, desk)
}

/// The node as data; people were told already.
fn write(answer: &v1::RemoveNodeResponse, desk: &Desk) -> anyhow::Result<Exit> {
    let item = row::node(&answer.node.clone().unwrap_or_default(), None);
    out::one(&desk.style, &NODES, &item, |_| String::new())?;
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_decimals() {
        for (text, milli) in [("1", 1_000), ("0.5", 500), ("0.001", 1), ("0", 0), ("2.125", 2_125), ("1000", 1_000_000)]
        {
            assert_eq!(weight(text), Ok(milli));
        }
        for bad in ["", "x", "-1", "0.0001", "NaN", "inf", "1000.5", "1,5"] {
            assert!(weight(bad).is_err(), "{bad}");
        }
    }
}
