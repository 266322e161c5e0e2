//! Client sessions (CON-3).

use vs_core::{
    error::Code,
    mutant::{Mutant, planted},
};

use super::{Answer, Step, refuse};
use crate::meta::{
    response::Response,
    table::{
        aging::{self, Aging},
        clients::{CLIENTS_MAX, CLOSED_MAX, ClientId, ClientRecord, Clients},
        counters::{self, Counter},
    },
    tables::{TableError, Txn},
    view::View,
};

impl Step<'_, '_> {
    pub(super) fn client_open(&mut self, client: ClientId) -> Answer {
        match self.txn.load::<Clients>(&client)? {
            Some(closed) if closed.is_closed() && planted(Mutant::SessionReopened) => {
                counters::give_back(self.txn, Counter::ClosedClients)?;
            }
            Some(closed) if closed.is_closed() => return refuse(Code::Conflict, "the client's session was closed"),
            Some(open) => return Ok(Response::Client { seq: open.seq }),
            None => {}
        }
        if counters::next(self.txn, Counter::Clients)? > CLIENTS_MAX {
            return refuse(Code::Busy, format!("{CLIENTS_MAX} client sessions are open"));
        }
        counters::take(self.txn, Counter::Clients)?;
        self.txn.put::<Clients>(&client, &ClientRecord { seq: 0, response: None, touched: self.now });
        aging::enter(self.txn, Aging::Client, self.now, client.0);
        Ok(Response::Client { seq: 0 })
    }

    /// It is remembered as closed until it comes of age: what was sent in it may still be on its way, and be sent again.
    pub(super) fn client_close(&mut self, client: ClientId) -> Answer {
        if self.txn.load::<Clients>(&client)?.is_some_and(|session| !session.is_closed()) {
            if counters::next(self.txn, Counter::ClosedClients)? > CLOSED_MAX {
                self.txn.delete::<Clients>(&client);
            } else {
                counters::take(self.txn, Counter::ClosedClients)?;
                self.txn.put::<Clients>(&client, &ClientRecord::closed(self.now));
            }
            counters::give_back(self.txn, Counter::Clients)?;
        }
        Ok(Response::Done)
    }
}

/// Remembers what a client was answered, unless the command closed its session.
pub(super) fn answered(txn: &mut Txn<'_>, client: ClientId, seq: u64, response: &Response) -> Result<(), TableError> {
    if txn.load::<Clients>(&client)?.is_some_and(|session| !session.is_closed()) {
        let touched = View::new(txn).cluster_time()?;
        txn.put::<Clients>(&client, &ClientRecord { seq, response: Some(response.clone()), touched });
    }
    Ok(())
}
