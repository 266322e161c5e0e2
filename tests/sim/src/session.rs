//! Sessions of clients: commands with numbers, which are sent again until they are answered, by whichever node, and are
//! applied once (CON-3). One command at a time; what was answered is asked for again now and then, as by a client that
//! does not know that it was.

use std::time::Duration;

use uuid::Uuid;
use vsd_core::meta::{ClientId, Command, Refused, Response};

use crate::{
    client::Client,
    invariant::con3,
    message::{Reply, Request},
    random::Stream,
};

/// Between two attempts, and how often a client tries.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);
pub(crate) const ATTEMPTS_MAX: usize = 40;
/// How often an answered command is sent again, and the last one after the session was closed.
const AGAIN_PERMILLE: u64 = 200;

/// What a client knows of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done(Response),
    Refused(Refused),
    /// Nobody was ever asked.
    Unsent,
    Unknown,
}

#[derive(Debug)]
pub(crate) struct Session<'a> {
    of: &'a Client,
    id: ClientId,
    seq: u64,
    last: Option<Command>,
    dice: Stream,
}

impl Client {
    /// Opens a session, unless nobody answers.
    pub(crate) async fn session(&self) -> Option<Session<'_>> {
        let number = self.world.oracle.next_session();
        let id = ClientId(Uuid::from_u128(number.into()));
        self.until_answered(None, &Command::ClientOpen { client: id }).await?;
        let dice = Stream::of(self.world.seed(), &format!("session {number}"));
        Some(Session { of: self, id, seq: 0, last: None, dice })
    }

    /// Has a command applied in a session of its own.
    pub(crate) async fn order(&self, command: Command) -> Outcome {
        let Some(mut session) = self.session().await else { return Outcome::Unsent };
        let outcome = session.order(command).await;
        session.close().await;
        outcome
    }

    /// Asks one node after the other until one answers.
    async fn until_answered(&self, client: Option<(ClientId, u64)>, command: &Command) -> Option<Response> {
        for attempt in 0..ATTEMPTS_MAX {
            let machine = self.choose((self.number + attempt) as u64);
            let order = Request::Order { client, command: command.clone() };
            if let Some(Reply::Ordered(Ok(response))) = self.ask(machine, order).await {
                self.say(|| format!("is answered {response:?}"));
                return Some(response);
            }
            self.world.kernel.sleep(PAUSE).await;
        }
        None
    }
}

impl Session<'_> {
    pub(crate) async fn order(&mut self, command: Command) -> Outcome {
        self.seq += 1;
        let answer = self.of.until_answered(Some((self.id, self.seq)), &command).await;
        if let Some(response) = &answer
            && *response != Response::SessionExpired
            && self.dice.permille(AGAIN_PERMILLE)
            && let Some(again) = self.of.until_answered(Some((self.id, self.seq)), &command).await
        {
            con3::answered_again(&self.of.world, response, &again);
        }
        self.last = Some(command);
        match answer {
            // an attempt before may have been in time
            None | Some(Response::SessionExpired) => Outcome::Unknown,
            Some(response) => response.accepted().map_or_else(Outcome::Refused, Outcome::Done),
        }
    }

    pub(crate) async fn close(mut self) {
        let closed = self.of.until_answered(None, &Command::ClientClose { client: self.id }).await;
        if closed.is_some()
            && let Some(last) = self.last.take().filter(|_| self.dice.permille(AGAIN_PERMILLE))
            && let Some(again) = self.of.until_answered(Some((self.id, self.seq)), &last).await
        {
            con3::answered_when_closed(&self.of.world, &again);
        }
    }
}
