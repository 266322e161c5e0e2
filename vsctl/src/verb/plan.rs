//! What a change of nodes would move: asked of the cluster before anything is changed, told in one line, and held
//! against the room there is.

use std::time::Duration;

use vs_client::{Client, cli::OutputFormat};
use vs_core::{
    error::{Code, Failure},
    id::NodeId,
    limit::WEIGHT_MILLI,
    placement::virtual_nodes,
    text::shown,
    unit::human_duration,
};
use vs_wire::v1::{self, NodeChange, NodeWish, PlannedNode};

use crate::{
    desk::Desk,
    out::{
        self, Style,
        human::{self, count},
    },
    row::{self, PLAN, PLANNED},
};

/// Changes and what they would come to.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    changes: Vec<NodeChange>,
    /// The changes are of nodes that are added, whether they have joined already or not.
    adds: bool,
    pub(super) answer: v1::PlanLayoutResponse,
}

impl Plan {
    pub(super) async fn ask(changes: Vec<NodeChange>, desk: &Desk) -> Result<Self, Failure> {
        let request = v1::PlanLayoutRequest { changes: changes.clone() };
        let plan = |client: Client, request| async move { client.admin().plan_layout(request).await };
        let answer = desk.ask_patiently("PlanLayout", request, plan).await?;
        Ok(Self { changes, adds: false, answer })
    }

    /// Of one node that joins, or has joined.
    pub(super) async fn of_joining(change: NodeChange, desk: &Desk) -> Result<Self, Failure> {
        Ok(Self { adds: true, ..Self::ask(vec![change], desk).await? })
    }

    /// Of one node that becomes what is wished for.
    pub(super) async fn of(node: NodeId, wish: NodeWish, desk: &Desk) -> Result<Self, Failure> {
        Self::ask(vec![NodeChange { node: node.0, wish: wish.into(), ..NodeChange::default() }], desk).await
    }

    /// The changes in words: `+n6 (150 virtual nodes, weight 1.0)`.
    fn what(&self) -> String {
        let newcomers = self.answer.nodes.iter().filter(|node| node.newcomer).map(added);
        let known = self.changes.iter().filter(|change| change.node > 0).map(|change| {
            match self.answer.nodes.iter().find(|node| node.node == change.node) {
                Some(planned) if self.adds => added(planned),
                planned => changed(change, planned),
            }
        });
        let words: Vec<_> = newcomers.chain(known).collect();
        if words.is_empty() { "as it is".to_owned() } else { words.join(", ") }
    }

    /// `plan: +n6 (150 virtual nodes, weight 1.0) → 8 035 chunks, 15.7 GiB move; n1 2 011 n2 1 998`.
    pub(super) fn line(&self, style: &Style) -> String {
        match self.answer.chunks {
            0 => format!("plan: {} → nothing moves", self.what()),
            _ => format!("plan: {} → {} move{}", self.what(), self.amount(style), self.others()),
        }
    }

    /// `8 035 chunks, 15.7 GiB`.
    fn amount(&self, style: &Style) -> String {
        if self.answer.chunks == 0 {
            return "nothing".to_owned();
        }
        format!("{} chunks, {}", count(self.answer.chunks), human::bytes(style, self.answer.bytes))
    }

    /// What the nodes that were not asked about give or take. All the same way it needs no sign.
    fn others(&self) -> String {
        let is_about = |node: &PlannedNode| node.newcomer || self.changes.iter().any(|change| change.node == node.node);
        let others: Vec<_> = self.answer.nodes.iter().filter(|node| !is_about(node)).collect();
        let (gives, takes) = (others.iter().any(|n| n.chunks_out > 0), others.iter().any(|n| n.chunks_in > 0));
        let told = |node: &&&PlannedNode| {
            let (chunks_in, chunks_out) = (node.chunks_in, node.chunks_out);
            let numbers = match (takes && gives, chunks_in, chunks_out) {
                (_, 0, 0) => return None,
                (false, chunks_in, chunks_out) => count(chunks_in + chunks_out),
                (true, chunks_in, 0) => format!("+{}", count(chunks_in)),
                (true, 0, chunks_out) => format!("-{}", count(chunks_out)),
                (true, chunks_in, chunks_out) => format!("+{} -{}", count(chunks_in), count(chunks_out)),
            };
            Some(format!("{} {numbers}", NodeId(node.node)))
        };
        let told: Vec<_> = others.iter().filter_map(|node| told(&node)).collect();
        if told.is_empty() { String::new() } else { format!("; {}", told.join(" ")) }
    }

    /// Tells before something is done what that moves and what will have no room: as the answer of a dry run, or beside
    /// the data.
    pub(super) fn tell(&self, desk: &Desk) -> anyhow::Result<()> {
        if desk.dry_run {
            self.print(desk, desk.style.format == OutputFormat::Wide, |style| self.line(style))?;
        } else {
            desk.say(&self.line(&desk.style));
            self.say_time(desk);
        }
        for why in &self.answer.why {
            desk.say(&format!("warning: {}", shown(why)));
        }
        Ok(())
    }

    fn say_time(&self, desk: &Desk) {
        if let Some(ms) = self.answer.eta_ms.filter(|ms| *ms > 0) {
            desk.say(&format!("  about {} at the rate that moves may have", human_duration(Duration::from_millis(ms))));
        }
    }

    /// Prints it with what each node gives and takes.
    pub(super) fn write_whole(&self, desk: &Desk) -> anyhow::Result<()> {
        self.print(desk, true, |style| self.line(style))
    }

    /// Prints it in words about what is still to move.
    pub(super) fn write_rest(&self, desk: &Desk, words: impl FnOnce(&str) -> String) -> anyhow::Result<()> {
        self.print(desk, desk.style.format == OutputFormat::Wide, |style| words(&self.amount(style)) + &self.others())
    }

    fn print(&self, desk: &Desk, with_nodes: bool, line: impl FnOnce(&Style) -> String) -> anyhow::Result<()> {
        out::one(&desk.style, &PLAN, &row::plan(&self.answer), |style| {
            let rows: Vec<_> = self.answer.nodes.iter().map(row::planned).collect();
            let nodes = if with_nodes { out::table(style, &PLANNED, &rows) } else { String::new() };
            nodes + &line(style) + "\n"
        })?;
        self.say_time(desk);
        Ok(())
    }

    /// Fails where some node would be too full.
    pub(super) fn check_room(&self) -> Result<(), Failure> {
        if self.answer.fits {
            return Ok(());
        }
        let mut failure = Failure::new(Code::NoSpace, "there is no room for that");
        failure.why.clone_from(&self.answer.why);
        Err(failure.hint("see what another machine would do: `vsctl layout plan --add ZONE`"))
    }
}

fn added(node: &PlannedNode) -> String {
    format!("+{} ({}, weight {})", NodeId(node.node), virtual_of(node), weight_of(node))
}

fn changed(change: &NodeChange, planned: Option<&PlannedNode>) -> String {
    let id = NodeId(change.node);
    let none = PlannedNode { zone: change.zone.clone().unwrap_or_default(), ..PlannedNode::default() };
    let node = planned.unwrap_or(&none);
    match change.wish() {
        NodeWish::Out => return format!("-{id}"),
        NodeWish::Draining => return format!("drain {id}"),
        NodeWish::In if change.zone.is_none() && change.weight_milli.is_none() => {
            return format!("undrain {id} ({}, weight {})", virtual_of(node), weight_of(node));
        }
        NodeWish::In | NodeWish::Unspecified => {}
    }
    let zone = change.zone.as_ref().map(|zone| format!("zone {}", shown(zone)));
    let weight = change.weight_milli.map(|_| format!("weight {} ({})", weight_of(node), virtual_of(node)));
    format!("{id}: {}", zone.into_iter().chain(weight).collect::<Vec<_>>().join(", "))
}

fn virtual_of(node: &PlannedNode) -> String {
    let count = if node.weight_milli == 0 { 0 } else { virtual_nodes(node.weight_milli) };
    format!("{count} virtual nodes")
}

/// With a decimal at least, as tables have it.
fn weight_of(node: &PlannedNode) -> String {
    format!("{:?}", f64::from(node.weight_milli) / f64::from(WEIGHT_MILLI))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::tests::style;

    fn node(id: u64, chunks_in: u64, chunks_out: u64) -> PlannedNode {
        PlannedNode { node: id, weight_milli: 1_000, chunks_in, chunks_out, ..PlannedNode::default() }
    }

    fn line(changes: &[NodeChange], chunks: u64, bytes: u64, nodes: &[PlannedNode]) -> String {
        let answer = v1::PlanLayoutResponse { chunks, bytes, nodes: nodes.to_vec(), ..Default::default() };
        Plan { changes: changes.to_vec(), adds: false, answer }.line(&style(OutputFormat::Table))
    }

    #[test]
    fn plans_are_told_as_the_contract_has_them() {
        let newcomer = PlannedNode { newcomer: true, ..node(6, 8_035, 0) };
        let nodes = [node(1, 0, 2_011), node(2, 0, 1_998), node(3, 0, 2_040), node(4, 0, 1_986), newcomer];
        let add = NodeChange { zone: Some("eu-2".to_owned()), ..NodeChange::default() };
        let expected = "plan: +n6 (150 virtual nodes, weight 1.0) → 8 035 chunks, 15.7 GiB move; \
                        n1 2 011 n2 1 998 n3 2 040 n4 1 986";
        assert_eq!(line(&[add], 8_035, 16_858_000_000, &nodes), expected);

        let change = |node, wish: NodeWish| NodeChange { node, wish: wish.into(), ..NodeChange::default() };
        let leaves = [node(1, 2, 0), node(2, 1, 0), node(3, 0, 0), PlannedNode { weight_milli: 0, ..node(5, 0, 3) }];
        for (wish, what) in [(NodeWish::Out, "-n5"), (NodeWish::Draining, "drain n5")] {
            let expected = format!("plan: {what} → 3 chunks, 6.0 MiB move; n1 2 n2 1");
            assert_eq!(line(&[change(5, wish)], 3, 6 << 20, &leaves), expected);
        }
        let back = line(&[change(5, NodeWish::In)], 0, 0, &[node(5, 0, 0)]);
        assert_eq!(back, "plan: undrain n5 (150 virtual nodes, weight 1.0) → nothing moves");
    }

    #[test]
    fn whoever_gives_and_takes_is_told_with_signs() {
        let half = PlannedNode { weight_milli: 500, ..node(2, 0, 9) };
        let set = NodeChange { node: 2, weight_milli: Some(500), zone: Some("b".to_owned()), ..NodeChange::default() };
        let told = line(&[set], 11, 11 << 20, &[node(1, 9, 2), half, node(3, 2, 0), node(4, 0, 0)]);
        let expected = "plan: n2: zone b, weight 0.5 (75 virtual nodes) → 11 chunks, 11.0 MiB move; n1 +9 -2 n3 +2";
        assert_eq!(told, expected);
        let still = line(&[], 5, 5 << 20, &[node(1, 0, 5), node(2, 5, 0)]);
        assert_eq!(still, "plan: as it is → 5 chunks, 5.0 MiB move; n1 -5 n2 +5");
    }

    #[test]
    fn what_has_no_room_is_refused_with_the_node_that_has_none() {
        let why = vec!["n3 would be 97 % full (limit 95 %)".to_owned()];
        let answer = v1::PlanLayoutResponse { why: why.clone(), ..Default::default() };
        let mut plan = Plan { changes: vec![], adds: false, answer };
        let refused = plan.check_room().unwrap_err();
        assert_eq!((refused.code, &refused.why), (Code::NoSpace, &why));
        plan.answer.fits = true;
        assert!(plan.check_room().is_ok());
    }
}
