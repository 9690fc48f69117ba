//! One file per API, named by the API; `row.rs` lists which API is answered, in which versions, by whom.
//!
//! # How a handler is written
//! ```ignore
//! //! CreateTopics (19), versions 2-7. What it does, in a sentence or two.
//! //!
//! //! - v7: topic ids in the answer (KIP-516)
//! //! …one line per version that changed something, with its KIP
//!
//! pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
//!     let body: CreateTopicsRequest = request.decode()?;          // guard, then decode; a bad body closes the connection
//!     let operation = to_domain(&body);                           // wire types stop here
//!     let ctx = ctx.clone();
//!     Ok(Handled::later(async move {
//!         let reply = ctx.controller.submit(operation).await;     // Kafka's codes come from `error_map`
//!         request.respond(&to_wire(reply))                        // encodes for request.version()
//!     }))
//! }
//! ```
//!
//! - `Handled::Now` where the answer is ready, `Handled::Later` where it must wait. Whatever fixes the order of a request
//!   (an append, a queue position) happens *before* `Later` is returned: the next request of the connection is handled
//!   as soon as `handle` returns, while responses leave in order.
//! - `handle` runs on a core's event loop: no blocking call in it. Work on disk that can be slow goes through
//!   `context::blocking`.
//! - What changes metadata goes through `ctx.controller` and is then awaited with `ctx.wait_applied`, so that the next
//!   request of the same client sees it. What reads metadata uses `ctx.metadata()`: the image that the replicas have applied.
//! - An error of the protocol goes into the response. `Refusal` closes the connection: only for bodies that cannot be read.

pub mod row;

mod add_offsets_to_txn;
mod add_partitions_to_txn;
mod add_raft_voter;
mod allocate_producer_ids;
mod alter_client_quotas;
mod alter_configs;
mod alter_partition;
mod alter_partition_reassignments;
mod alter_replica_log_dirs;
mod alter_user_scram_credentials;
pub(super) mod api_versions;
mod assign_replicas_to_dirs;
mod broker_heartbeat;
mod broker_registration;
mod config_changes;
mod config_resources;
mod consumer_group_describe;
mod consumer_group_heartbeat;
mod create_acls;
mod create_delegation_token;
mod create_partitions;
mod create_topics;
mod delete_acls;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_acls;
mod describe_client_quotas;
mod describe_cluster;
mod describe_configs;
mod describe_delegation_token;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_quorum;
mod describe_topic_partitions;
mod describe_transactions;
mod describe_user_scram_credentials;
mod elect_leaders;
mod end_txn;
mod envelope;
mod expire_delegation_token;
mod fetch;
mod find_coordinator;
mod handled;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
mod list_offsets;
mod list_partition_reassignments;
mod list_transactions;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod remove_raft_voter;
mod renew_delegation_token;
mod sasl_authenticate;
mod sasl_handshake;
mod sync_group;
mod txn_offset_commit;
mod unregister_broker;
mod update_features;
mod update_raft_voter;
mod write_txn_markers;

pub use handled::Handled;
