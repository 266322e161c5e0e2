//! `vsctl layout …`: the cluster map that every client places chunks by, how evenly it fills the nodes, and where
//! chunks belong.

use clap::{Args, Subcommand};
use serde_json::Value;
use vs_client::Client;
use vs_core::{
    error::{Code, Exit, Failure},
    id::{Epoch, NodeId},
    layout::Layout,
};
use vs_wire::v1;

use super::{layout_locate, layout_plan, node::listed};
use crate::{
    desk::Desk,
    out::{self, Style},
    row::{self, BALANCE, BALANCED, LAYOUT, LAYOUT_NODES},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl layout show
  vsctl layout locate @last --track v0 --segment 3";
const SHOW_AFTER_HELP: &str = "\
Examples:
  vsctl layout show
  vsctl layout show --epoch 4 -o json

JSON has the nodes of every slot.";
const BALANCE_AFTER_HELP: &str = "\
Examples:
  vsctl layout balance
  vsctl layout balance -o json

A node's ideal share is that of its weight; its actual one that of the bytes of
all chunks on nodes of the layout.";

/// Where data belongs
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum LayoutVerb {
    #[command(aliases = ["get", "describe"])]
    Show(ShowArgs),
    Plan(layout_plan::PlanArgs),
    Locate(layout_locate::LocateArgs),
    Balance(BalanceArgs),
}

/// Show the nodes of the layout and their shares
#[derive(Args, Debug)]
#[command(after_help = SHOW_AFTER_HELP)]
pub(crate) struct ShowArgs {
    /// Show this epoch, while something still needs it [default: the current]
    #[arg(long, value_name = "N")]
    epoch: Option<Epoch>,
}

/// Compare what nodes hold with what they should
#[derive(Args, Debug)]
#[command(after_help = BALANCE_AFTER_HELP)]
pub(crate) struct BalanceArgs {}

pub(crate) async fn run(verb: LayoutVerb, desk: &Desk) -> anyhow::Result<Exit> {
    match verb {
        LayoutVerb::Show(args) => show(&args, desk).await,
        LayoutVerb::Plan(args) => layout_plan::run(&args, desk).await,
        LayoutVerb::Locate(args) => layout_locate::run(&args, desk).await,
        LayoutVerb::Balance(BalanceArgs {}) => balance(desk).await,
    }
}

async fn read(epoch: Option<Epoch>, desk: &Desk) -> Result<(v1::GetLayoutResponse, Layout), Failure> {
    let request = v1::GetLayoutRequest { consistency: desk.consistency(), epoch: epoch.map(|epoch| epoch.0) };
    let get = |client: Client, request| async move { client.admin().get_layout(request).await };
    let mut answer = desk.ask("GetLayout", request, get).await?;
    desk.say_age(answer.age_ms);
    let unsound = |why: String| Failure::new(Code::Integrity, "the layout does not hold together").because(why);
    let layout = answer.layout.take().ok_or_else(|| unsound("there is none".to_owned()))?;
    let layout = Layout::try_from(layout).map_err(|error| unsound(error.to_string()))?;
    Ok((answer, layout))
}

async fn show(args: &ShowArgs, desk: &Desk) -> anyhow::Result<Exit> {
    LAYOUT.check(&desk.style)?;
    let (answer, layout) = read(args.epoch, desk).await?;
    let item = row::layout(&answer, &layout);
    out::one(&desk.style, &LAYOUT, &item, |style| tell(&answer, &layout, style))?;
    Ok(Exit::Ok)
}

fn tell(answer: &v1::GetLayoutResponse, layout: &Layout, style: &Style) -> String {
    let (slots, width) = (layout.slots().len(), layout.slots().first().map_or(0, Vec::len));
    let mut words = vec![format!("epoch {}", layout.epoch.0), format!("{slots} slots of {width} nodes")];
    if layout.epoch.0 != answer.current {
        words.insert(1, format!("the current one is {}", answer.current));
    }
    let uses = answer.epochs.iter().filter(|used| used.assets > 0);
    let uses: Vec<_> = uses.map(|used| format!("{} by e{}", used.assets, used.epoch)).collect();
    if !uses.is_empty() {
        words.push(format!("assets placed: {}", uses.join(", ")));
    }
    out::table(style, &LAYOUT_NODES, &row::layout_nodes(layout)) + &words.join(" · ") + "\n"
}

async fn balance(desk: &Desk) -> anyhow::Result<Exit> {
    BALANCE.check(&desk.style)?;
    let (_, layout) = read(None, desk).await?;
    let infos = listed(desk).await?;
    let rows = balanced(&layout, &infos);
    let spread = std_over_mean(&rows);
    let item = row::balance(layout.epoch, &rows, spread);
    out::one(&desk.style, &BALANCE, &item, |style| {
        let spread = spread.map_or_else(|| "nothing is stored".to_owned(), |spread| format!("{:.1} %", spread * 100.0));
        let epoch = layout.epoch.0;
        out::table(style, &BALANCED, &rows) + &format!("epoch {epoch} · standard deviation over mean: {spread}\n")
    })?;
    Ok(Exit::Ok)
}

fn balanced(layout: &Layout, infos: &[v1::NodeInfo]) -> Vec<Value> {
    let info = |id: NodeId| infos.iter().find(|info| info.id == id.0);
    let stored = layout.nodes.iter().filter_map(|node| info(node.id)).map(|info| info.chunk_bytes).sum();
    let weights = layout.nodes.iter().map(|node| u64::from(node.weight_milli)).sum();
    let row = |(node, row): (&vs_core::layout::LayoutNode, Value)| {
        row::balanced(&row, row::share(node.weight_milli.into(), weights), info(node.id), stored)
    };
    layout.nodes.iter().zip(row::layout_nodes(layout)).map(row).collect()
}

/// Of what nodes hold for their weight.
#[allow(clippy::cast_precision_loss, reason = "a handful of nodes")]
fn std_over_mean(rows: &[Value]) -> Option<f64> {
    let filled: Vec<f64> = rows.iter().filter_map(|row| row["deviation"].as_f64()).map(|off| 1.0 + off).collect();
    let mean = filled.iter().sum::<f64>() / filled.len() as f64;
    let variance = filled.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / filled.len() as f64;
    (!filled.is_empty() && mean > 0.0).then(|| variance.sqrt() / mean)
}

#[cfg(test)]
mod tests {
    use vs_core::layout::{LayoutNode, NodeWish};

    use super::*;

    #[test]
    fn a_node_of_twice_the_weight_is_even_with_twice_the_bytes() {
        let node =
            |id, weight_milli| LayoutNode { id: NodeId(id), zone: String::new(), weight_milli, wish: NodeWish::In };
        let layout = Layout::new(Epoch(1), vec![node(1, 2_000), node(2, 1_000)], vec![vec![0, 1]]).expect("valid");
        let info = |id, chunk_bytes| v1::NodeInfo { id, chunk_bytes, ..v1::NodeInfo::default() };
        let even = balanced(&layout, &[info(1, 200), info(2, 100), info(3, 999)]);
        assert_eq!(std_over_mean(&even).map(|spread| spread < 1e-9), Some(true), "{even:?}");
        let all_on_one = balanced(&layout, &[info(1, 0), info(2, 300)]);
        assert_eq!(all_on_one[1]["deviation"].as_f64().map(f64::round), Some(2.0));
        assert_eq!(std_over_mean(&all_on_one).map(f64::round), Some(1.0));
        assert_eq!(std_over_mean(&balanced(&layout, &[])), None);
    }
}
