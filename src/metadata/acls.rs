//! Access control entries, by id.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::ids::Uuid;
use crate::metadata::image::ApplyError;
use crate::metadata::record::{AccessControlEntry, MetadataRecord};

/// All ACLs.
#[derive(Debug, Clone, Default)]
pub struct AclsImage {
    entries: Arc<BTreeMap<Uuid, AccessControlEntry>>,
}

impl AclsImage {
    /// All entries, by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &AccessControlEntry> {
        self.entries.values()
    }

    /// The entry that says the same as `entry`, ids aside.
    pub fn find_same(&self, entry: &AccessControlEntry) -> Option<&AccessControlEntry> {
        let mut probe = entry.clone();
        self.iter().find(|known| {
            probe.id = known.id;
            probe == **known
        })
    }

    pub(super) fn add(&mut self, record: &AccessControlEntry) {
        Arc::make_mut(&mut self.entries).insert(record.id, record.clone());
    }

    pub(super) fn remove(&mut self, id: Uuid) -> Result<(), ApplyError> {
        Arc::make_mut(&mut self.entries).remove(&id).map(|_| ()).ok_or(ApplyError::UnknownAcl(id))
    }

    pub(super) fn records(&self, out: &mut Vec<MetadataRecord>) {
        out.extend(self.iter().cloned().map(MetadataRecord::AccessControlEntry));
    }
}
