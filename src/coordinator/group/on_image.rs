//! What follows for groups and offsets when the cluster's metadata has changed.

use std::sync::Arc;

use super::machine::{GroupMachine, Outcome};
use crate::base::ids::Millis;
use crate::metadata::image::MetadataImage;

/// Decided on the machine as it is before it takes in `next`; whoever submits adds that.
pub fn on_image(_machine: &GroupMachine, _now: Millis, _next: &Arc<MetadataImage>) -> Outcome<()> {
    Outcome::reply(())
}
