//! The door: sockets, dispatch, handlers. Wire types come up to here and no further down.

pub mod auto_topics;
pub mod broker_requests;
pub mod buffer_pool;
pub mod cluster_view;
pub mod connection;
pub mod connection_info;
pub mod context;
pub mod current_leader;
pub mod dispatch;
pub mod error_map;
pub mod fetch_session;
pub mod framing;
pub mod group_wire;
pub mod handlers;
pub mod internal;
pub mod listener;
pub mod log_levels;
pub mod marker_writer;
pub mod offset_topics;
pub mod producer_ids;
pub mod request;
pub mod request_metrics;
pub mod sendfile;
pub mod stored_only;
pub mod transaction_guard;
pub mod writer;

#[cfg(test)]
mod test_image;
