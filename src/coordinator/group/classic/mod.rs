//! Classic groups: JoinGroup, SyncGroup, Heartbeat, LeaveGroup; the members' leader decides who consumes what.
//!
//! An operation decides on a `draft` of its group. What is different in the end is the operation's soft step; where the
//! group is at rest, stable or empty, it is written to the log as well, and is loaded from there.

pub mod check;
pub mod delete;
pub mod describe;
pub mod draft;
pub mod group;
pub mod heartbeat;
pub mod join;
mod join_static;
pub mod leave;
pub mod list;
pub mod member;
pub mod on_load;
pub mod on_timer;
pub mod rebalance;
pub mod replay;
pub mod settings;
pub mod soft;
pub mod subscription;
pub mod sync;

#[cfg(test)]
mod cost_test;
#[cfg(test)]
mod house_test;
#[cfg(test)]
mod property_test;
#[cfg(test)]
mod story_test;
