//! Classic groups: JoinGroup, SyncGroup, Heartbeat, LeaveGroup; the members' leader decides who consumes what.

pub mod group;
pub mod on_timer;
pub mod replay;
pub mod soft;
