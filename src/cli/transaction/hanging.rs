//! Which open transactions hang: records of them lie in a partition, and no coordinator will ever end them there.

use std::collections::BTreeMap;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{ProducerId, TopicPartition};
use crate::peer::admin::describe_producers::ProducerDescription;
use crate::peer::admin::describe_transactions::{TransactionDescription, describe_transaction};
use crate::peer::admin::list_transactions::{TransactionFilter, list_transactions};
use crate::peer::client::{Client, Retry};
use crate::peer::error::PeerError;

/// A transaction that is open in a partition.
#[derive(Debug, Clone)]
pub(super) struct Open {
    /// Where.
    pub partition: TopicPartition,
    /// Whose.
    pub producer: ProducerDescription,
}

/// Tells of each open transaction who will end it: nobody, if it hangs.
pub(super) async fn owners(
    client: &Client,
    open: &[Open],
    retry: &mut Retry,
) -> Result<Vec<Option<TransactionDescription>>, PeerError> {
    let mut producer_ids: Vec<ProducerId> = open.iter().map(|open| open.producer.producer_id).collect();
    producer_ids.sort_unstable();
    producer_ids.dedup();
    let mut known: BTreeMap<ProducerId, TransactionDescription> = BTreeMap::new();
    if !producer_ids.is_empty() {
        let filter = TransactionFilter { producer_ids, ..TransactionFilter::default() };
        for listed in list_transactions(client, &filter, retry).await? {
            match describe_transaction(client, &listed.transactional_id, retry).await {
                Ok(description) => {
                    known.insert(listed.producer_id, description);
                }
                // Forgotten meanwhile.
                Err(error) if error.code() == Some(ErrorCode::TransactionalIdNotFound) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let owner = |open: &Open| {
        let description = known.get(&open.producer.producer_id)?;
        description.partitions.contains(&open.partition).then(|| description.clone())
    };
    Ok(open.iter().map(owner).collect())
}
