//! Settings of the cluster.

use vs_core::error::Code;

use super::{Answer, Step, refuse};
use crate::meta::{
    response::Response,
    table::{
        events::EventKind,
        settings::{SettingName, Settings},
    },
};

impl Step<'_, '_> {
    pub(super) fn setting_set(&mut self, name: SettingName, value: u64) -> Answer {
        let (min, max) = name.range();
        if !(min..=max).contains(&value) {
            return refuse(Code::Invalid, format!("{name} must lie between {min} and {max}"));
        }
        if self.view().setting(name)? != value {
            self.event(EventKind::SettingChanged { name, value })?;
        }
        self.txn.put::<Settings>(&name.as_str().to_owned(), &value);
        Ok(Response::Setting { value })
    }

    pub(super) fn setting_reset(&mut self, name: SettingName) -> Answer {
        let value = name.default_value();
        if self.view().setting(name)? != value {
            self.event(EventKind::SettingChanged { name, value })?;
        }
        self.txn.delete::<Settings>(&name.as_str().to_owned());
        Ok(Response::Setting { value })
    }
}
