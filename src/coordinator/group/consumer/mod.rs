//! Consumer groups (KIP-848): members heartbeat, the coordinator decides who consumes what, and reconciles epoch by epoch.
//!
//! ```text
//!  heartbeat ─> subscription, regex ─> group epoch ─> target assignment ─> reconcile ─> member epoch, what it owns
//!   a member     what the group wants    one more       who should own       who may own by now
//!   speaks       by now                  if it changed  what, at that epoch
//! ```
//!
//! Invariants: no partition is owned by two members at a time, where what is to be given up is owned; epochs only grow.

pub mod assignment;
pub mod classic_members;
pub mod consumer_protocol;
pub mod delete;
pub mod describe;
pub mod group;
pub mod heartbeat;
pub mod leave;
pub mod member;
pub mod metadata_hash;
mod migration;
pub mod offsets;
pub mod on_timer;
mod pace;
mod plan;
pub mod reconcile;
pub mod regex;
pub mod replay;
pub mod settings;
pub mod soft;
mod static_member;
mod subscription;
pub mod subscriptions;
pub mod target;
pub mod tombstones;

#[cfg(test)]
mod bench_test;
#[cfg(test)]
mod heartbeat_test;
#[cfg(test)]
mod migration_test;
#[cfg(test)]
mod random_test;
#[cfg(test)]
mod story_test;
#[cfg(test)]
mod test_image;
