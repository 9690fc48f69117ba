//! WriteTxnMarkers (27), versions 1-2. A coordinator, or an administrator, ends transactions in partitions that are led here.
//!
//! - v1: flexible
//! - v2: how the producer spoke of its transaction: with KIP-890 the marker's epoch is newer than the records' (KIP-1228)

use std::sync::Arc;

use kafka_protocol::messages::write_txn_markers_response::{
    WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult, WriteTxnMarkersResponse,
};

use crate::base::error_code::ErrorCode;
use crate::base::ids::{PartitionIndex, ProducerEpoch, ProducerId, TopicPartition};
use crate::coordinator::transaction::state::TransactionVersion;
use crate::machine::machine::{TransactionEnd, TransactionResult};
use crate::protocol::extra::brokers::{WritableTxnMarker, WriteTxnMarkersRequest};
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: WriteTxnMarkersRequest = request.decode()?;
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let mut markers = Vec::with_capacity(body.markers.len());
        for marker in body.markers {
            markers.push(write(&ctx, marker).await);
        }
        request.respond(&WriteTxnMarkersResponse::default().with_markers(markers))
    }))
}

async fn write(ctx: &Context, marker: WritableTxnMarker) -> WritableTxnMarkerResult {
    let end = TransactionEnd {
        producer_id: ProducerId(marker.producer_id.0),
        producer_epoch: ProducerEpoch(marker.producer_epoch),
        result: if marker.transaction_result { TransactionResult::Commit } else { TransactionResult::Abort },
        coordinator_epoch: marker.coordinator_epoch,
        bumps_epoch: TransactionVersion(marker.transaction_version.into()).bumps_epoch(),
    };
    let mut topics = Vec::with_capacity(marker.topics.len());
    for topic in marker.topics {
        let mut partitions = Vec::with_capacity(topic.partition_indexes.len());
        for index in topic.partition_indexes {
            let partition = TopicPartition::new(&*topic.name.0, PartitionIndex(index));
            let code = ctx.markers.write(&partition, end).await.err().unwrap_or(ErrorCode::None);
            partitions.push(
                WritableTxnMarkerPartitionResult::default().with_partition_index(index).with_error_code(code.code()),
            );
        }
        topics.push(WritableTxnMarkerTopicResult::default().with_name(topic.name).with_partitions(partitions));
    }
    WritableTxnMarkerResult::default().with_producer_id(marker.producer_id).with_topics(topics)
}
