//! What the transaction coordinator needs of the rest of the node: the partitions' leaders, and fresh producer ids.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::clock::SharedClock;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, NodeId, ProducerId, TopicPartition};
use crate::config::server::ServerConfig;
use crate::coordinator::group;
use crate::coordinator::transaction::service::{Fenced, Leaders, ProducerIds, Service};
use crate::machine::machine::TransactionEnd;
use crate::machine::runtime::Waiting;
use crate::node::replication;
use crate::peer::controller_channel::ControllerChannel;
use crate::peer::marker_sender::MarkerSender;
use crate::peer::transaction_partitions::TransactionPartitions;
use crate::replica::manager::ReplicaManager;
use crate::server::marker_writer::MarkerWriter;
use crate::server::producer_ids::ProducerIdPool;

/// Markers to wherever their partitions are led.
pub struct MarkerRoutes {
    /// For those that are led here.
    pub here: Arc<MarkerWriter>,
    /// For all others.
    pub elsewhere: MarkerSender,
    /// This broker.
    pub node: NodeId,
}

impl MarkerRoutes {
    /// Who leads a partition. None: there is no such partition any more.
    fn leader(&self, partition: &TopicPartition) -> Option<NodeId> {
        let image = self.here.replicas.metadata();
        let index = usize::try_from(partition.partition.0).ok()?;
        image.topic(&partition.topic)?.partitions.get(index).map(|state| state.leader)
    }
}

impl Leaders for MarkerRoutes {
    fn write<'a>(
        &'a self,
        end: TransactionEnd,
        partitions: Vec<TopicPartition>,
    ) -> Waiting<'a, Result<Vec<TopicPartition>, Fenced>> {
        Box::pin(async move {
            let mut again = Vec::new();
            let mut told = Vec::with_capacity(partitions.len());
            let mut remote: BTreeMap<NodeId, Vec<TopicPartition>> = BTreeMap::new();
            for partition in partitions {
                match self.leader(&partition) {
                    // It was deleted: nobody needs to know any more.
                    None => {}
                    Some(leader) if leader == self.node => {
                        let written = self.here.write(&partition, end).await;
                        told.push((partition, written.err().unwrap_or(ErrorCode::None)));
                    }
                    Some(NodeId::NONE) => told.push((partition, ErrorCode::LeaderNotAvailable)),
                    Some(leader) => remote.entry(leader).or_default().push(partition),
                }
            }
            for (leader, partitions) in remote {
                match self.elsewhere.write(leader, end, &partitions).await {
                    Ok(answers) => told.extend(answers),
                    Err(error) => {
                        tracing::debug!(%leader, %error, "markers are sent again later");
                        again.extend(partitions);
                    }
                }
            }
            for (partition, code) in told {
                match code {
                    ErrorCode::None => {}
                    ErrorCode::TransactionCoordinatorFenced => return Err(Fenced),
                    // A newer producer of the id has written there, which it can only once this transaction has ended there.
                    ErrorCode::InvalidProducerEpoch => {
                        tracing::warn!(%partition, ?end, "the partition knows a newer epoch; the marker is not needed");
                    }
                    code => {
                        tracing::debug!(%partition, code = code.name(), "a marker is sent again later");
                        again.push(partition);
                    }
                }
            }
            Ok(again)
        })
    }
}

/// Fresh ids from this broker's blocks.
pub struct FreshIds {
    /// The rest of a block.
    pub pool: Arc<ProducerIdPool>,
    /// Gives blocks.
    pub controller: ControllerChannel,
    /// This broker.
    pub node: NodeId,
}

impl ProducerIds for FreshIds {
    fn take(&self) -> Option<ProducerId> {
        self.pool.take()
    }
    fn next(&self) -> Waiting<'_, Option<ProducerId>> {
        Box::pin(self.pool.next(&self.controller, self.node))
    }
}

/// What transactions need of a node, put together.
pub struct Transactions {
    /// The coordinator.
    pub service: Arc<Service>,
    /// Questions to coordinators on other brokers.
    pub partitions: TransactionPartitions,
    /// Ends transactions in partitions that are led here.
    pub markers: Arc<MarkerWriter>,
    /// Ids for producers, transactional or not.
    pub producer_ids: Arc<ProducerIdPool>,
}

impl Transactions {
    /// Puts it together; the coordinator has no shard yet.
    pub fn new(
        config: &Arc<ServerConfig>,
        clock: &SharedClock,
        replicas: &Arc<ReplicaManager>,
        groups: &Arc<group::service::Service>,
        controller: &ControllerChannel,
    ) -> Self {
        let node = replicas.node();
        let producer_ids = Arc::new(ProducerIdPool::default());
        // Neither markers nor questions about transactions tell which incarnation of this broker asks.
        let others = Arc::new(replication::connections(replicas, config, "transactions", BrokerEpoch::NONE));
        let (replicas, groups) = (Arc::clone(replicas), Arc::clone(groups));
        let markers = Arc::new(MarkerWriter { replicas, groups, clock: Arc::clone(clock) });
        let elsewhere = MarkerSender(Arc::clone(&others));
        let routes = MarkerRoutes { here: Arc::clone(&markers), elsewhere, node };
        let ids = FreshIds { pool: Arc::clone(&producer_ids), controller: controller.clone(), node };
        let service = Service::new(Arc::clone(config), Arc::clone(clock), Arc::new(routes), Arc::new(ids));
        Self { service, partitions: TransactionPartitions(others), markers, producer_ids }
    }
}
