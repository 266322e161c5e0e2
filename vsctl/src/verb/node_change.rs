//! `vsctl node set`: where a machine stands and how much it takes.

use clap::Args;
use clap_complete::ArgValueCompleter;
use vs_client::Client;
use vs_core::{
    error::{Code, Exit, Failure},
    id::NodeId,
};
use vs_wire::v1::{self, NodeChange};

use super::{node_drain::WATCH_MOVE, plan::Plan};
use crate::{
    complete,
    desk::Desk,
    out::{self, human::text},
    row::{self, NODES, PLAN},
};

const SET_AFTER_HELP: &str = "\
Examples:
  vsctl node set n2 --zone eu-2
  vsctl node set n2 --weight 0.5 --dry-run

It outlives restarts, whatever the node's own configuration says. What has to
move for it moves in the background.";
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

/// A decimal in thousandths.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
pub(super) fn weight(text: &str) -> Result<u32, String> {
    let milli = text.parse::<f64>().ok().filter(|weight| (0.0..=WEIGHT_MAX).contains(weight)).map(|w| w * MILLI);
    match milli {
        Some(milli) if milli >= 0.5 && (milli - milli.round()).abs() < 1e-6 => Ok(milli.round() as u32),
        _ => Err(format!("a weight is 0.001 to {WEIGHT_MAX} with at most three decimals, as in 0.5")),
    }
}

pub(super) async fn set(args: SetArgs, desk: &Desk) -> anyhow::Result<Exit> {
    let kind = if desk.dry_run { &PLAN } else { &NODES };
    kind.check(&desk.style)?;
    if args.zone.is_none() && args.weight.is_none() {
        return Err(Failure::new(Code::Invalid, "nothing to change")
            .hint(format!("name what: `vsctl node set {} --weight 0.5`", args.node))
            .into());
    }
    let (node, zone, weight_milli) = (args.node.0, args.zone, args.weight);
    let change = NodeChange { node, zone: zone.clone(), weight_milli, ..NodeChange::default() };
    let request = v1::SetNodeRequest { node, zone, weight_milli, dry_run: desk.dry_run };
    let set = |client: Client, request| async move { client.admin().set_node(request).await };
    let answer = desk.change("SetNode", request, set).await?;
    if desk.dry_run {
        Plan::ask(vec![change], desk).await?.tell(desk)?;
        return Ok(Exit::Ok);
    }
    let item = row::node(&answer.node.unwrap_or_default(), None);
    out::one(&desk.style, &NODES, &item, |_| {
        let told = format!("{}: zone {}, weight {}", args.node, text(&item, "zone"), text(&item, "weight"));
        match answer.changed {
            false => format!("{told}: nothing to change\n"),
            true => format!("✓ {told}\n"),
        }
    })?;
    if answer.changed {
        desk.say(WATCH_MOVE);
    }
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_decimals() {
        for (text, milli) in [("1", 1_000), ("0.5", 500), ("0.001", 1), ("2.125", 2_125), ("1000", 1_000_000)] {
            assert_eq!(weight(text), Ok(milli));
        }
        for bad in ["", "x", "-1", "0", "0.0001", "NaN", "inf", "1000.5", "1,5"] {
            assert!(weight(bad).is_err(), "{bad}");
        }
    }
}
