//! The nearest valid key to one that is none.

use super::broker;

/// How alike two keys must be (0 to 1) for one to be named in the other's place.
const ALIKE_MIN: f64 = 0.6;

/// The broker key nearest to `key`; a listener's prefix is kept.
pub fn nearest(key: &str) -> Option<String> {
    if let Some(bare) = broker::without_listener(key) {
        let prefix = &key[..key.len() - bare.len()];
        return nearest_of(bare, broker::defs().iter().map(|def| def.name)).map(|name| format!("{prefix}{name}"));
    }
    nearest_of(key, broker::defs().iter().map(|def| def.name)).map(str::to_owned)
}

/// The nearest of `names`, if any is near enough.
pub fn nearest_of<'a>(key: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Settings are typed by people: whatever is longer than any key is no misspelt key, and comparing it would be slow.
    if key.len() > 128 {
        return None;
    }
    let lower = key.to_lowercase().replace('_', ".");
    let scored = names.map(|name| (strsim::normalized_damerau_levenshtein(&lower, name), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= ALIKE_MIN).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_key() {
        for (slip, key) in [
            ("num.partition", "num.partitions"),
            ("log_dirs", "log.dirs"),
            ("listner.security.protocol.map", "listener.security.protocol.map"),
            ("listener.name.external.ssl.keystor.location", "listener.name.external.ssl.keystore.location"),
        ] {
            assert_eq!(nearest(slip).as_deref(), Some(key));
        }
        assert_eq!(nearest("entirely.different.thing.altogether"), None);
        assert_eq!(nearest(&"x".repeat(100_000)), None);
    }
}
