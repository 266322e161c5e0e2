//! Client sessions (CON-3).

use vs_core::error::Code;

use super::{Answer, Step, refuse};
use crate::meta::{
    response::Response,
    table::{
        aging::{self, Aging},
        clients::{CLIENTS_MAX, ClientId, ClientRecord, Clients},
        counters::{self, Counter},
    },
    tables::{TableError, Txn},
    view::View,
};

impl Step<'_, '_> {
    pub(super) fn client_open(&mut self, client: ClientId) -> Answer {
        if let Some(open) = self.txn.load::<Clients>(&client)? {
            return Ok(Response::Client { seq: open.seq });
        }
        if counters::next(self.txn, Counter::Clients)? > CLIENTS_MAX {
            return refuse(Code::Busy, format!("{CLIENTS_MAX} client sessions are open"));
        }
        counters::take(self.txn, Counter::Clients)?;
        self.txn.put::<Clients>(&client, &ClientRecord { seq: 0, response: None, touched: self.now });
        aging::enter(self.txn, Aging::Client, self.now, client.0);
        Ok(Response::Client { seq: 0 })
    }

    /// Its entry among what ages is found stale when it comes of age.
    pub(super) fn client_close(&mut self, client: ClientId) -> Answer {
        if self.txn.load::<Clients>(&client)?.is_some() {
            self.txn.delete::<Clients>(&client);
            counters::give_back(self.txn, Counter::Clients)?;
        }
        Ok(Response::Done)
    }
}

/// Remembers what a client was answered, unless the command closed its session.
pub(super) fn answered(txn: &mut Txn<'_>, client: ClientId, seq: u64, response: &Response) -> Result<(), TableError> {
    if txn.load::<Clients>(&client)?.is_some() {
        let touched = View::new(txn).cluster_time()?;
        txn.put::<Clients>(&client, &ClientRecord { seq, response: Some(response.clone()), touched });
    }
    Ok(())
}
