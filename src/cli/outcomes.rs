//! Operations on several things go on after one fails; this tells how it ended.

use serde_json::json;

use super::output;
use crate::peer::error::PeerError;

/// How a number of operations of one kind ended.
pub(super) struct Outcomes {
    /// What they are done to, such as `topic`.
    noun: &'static str,
    first: Option<PeerError>,
    failed: usize,
    total: usize,
}

impl Outcomes {
    pub(super) fn new(noun: &'static str, total: usize) -> Self {
        Self { noun, first: None, failed: 0, total }
    }

    /// Takes a failure. With several each is told at once.
    pub(super) fn fail(&mut self, error: PeerError, json: bool) {
        self.failed += 1;
        if self.total > 1 && !json {
            eprintln!("error: {error}");
        }
        self.first.get_or_insert(error);
    }

    /// Tells that `name` is deleted, or that there was nothing of that name to delete.
    pub(super) fn tell_deleted(&self, name: &str, was_there: bool, json: bool) -> anyhow::Result<()> {
        let mut capital = self.noun.to_owned();
        capital[..1].make_ascii_uppercase();
        match (json, was_there) {
            (true, _) => output::json_line(&json!({ "name": name, "deleted": was_there })),
            (false, true) => output::line(&format!("Deleted {} {name}", self.noun)),
            (false, false) => output::line(&format!("{capital} {name} does not exist")),
        }
    }

    pub(super) fn result(self) -> anyhow::Result<()> {
        match self.first {
            None => Ok(()),
            Some(error) if self.total == 1 => Err(error.into()),
            Some(error) => {
                let told = format!("{} of {} {}s failed", self.failed, self.total, self.noun);
                Err(anyhow::Error::from(error).context(told))
            }
        }
    }
}
