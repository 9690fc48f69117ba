//! SCRAM credentials, by user and mechanism.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::metadata::image::ApplyError;
use crate::metadata::record::{MetadataRecord, UserScramCredential};

/// All credentials.
#[derive(Debug, Clone, Default)]
pub struct ScramImage {
    credentials: Arc<BTreeMap<(String, i8), UserScramCredential>>,
}

impl ScramImage {
    /// All of them, by user, then mechanism.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &UserScramCredential> {
        self.credentials.values()
    }

    /// A user's credential of a mechanism.
    pub fn get(&self, user: &str, mechanism: i8) -> Option<&UserScramCredential> {
        self.credentials.get(&(user.to_owned(), mechanism))
    }

    pub(super) fn set(&mut self, record: &UserScramCredential) {
        Arc::make_mut(&mut self.credentials).insert((record.name.clone(), record.mechanism), record.clone());
    }

    pub(super) fn remove(&mut self, user: &str, mechanism: i8) -> Result<(), ApplyError> {
        let removed = Arc::make_mut(&mut self.credentials).remove(&(user.to_owned(), mechanism));
        removed.map(|_| ()).ok_or_else(|| ApplyError::UnknownCredential(user.to_owned()))
    }

    pub(super) fn records(&self, out: &mut Vec<MetadataRecord>) {
        out.extend(self.iter().cloned().map(MetadataRecord::UserScramCredential));
    }
}
