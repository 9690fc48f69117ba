//! Group configuration: the keys, and the broker keys behind them.

use super::definition::{self, ConfigDef};
use super::group_keys;

/// Every group key, in the order in which a description lists them.
pub fn defs() -> &'static [ConfigDef] {
    group_keys::DEFS
}

/// The definition of a group key.
pub fn find(name: &str) -> Option<&'static ConfigDef> {
    definition::find(defs(), name)
}

/// The broker key that gives a group key its default, if there is one: `group.` and the name.
pub fn broker_synonym(name: &str) -> Option<&'static str> {
    let key = format!("group.{name}");
    super::broker::find(&key).map(|def| def.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_three_groups_keys_have_a_broker_key_behind_them() {
        let lonely: Vec<&str> =
            defs().iter().map(|def| def.name).filter(|name| broker_synonym(name).is_none()).collect();
        assert_eq!(lonely, ["share.auto.offset.reset", "share.isolation.level", "share.renew.acknowledge.enable"]);
        assert!(defs().iter().all(|def| def.default.is_some_and(|default| def.parse(default).is_ok())));
    }
}
