//! A block of producer ids: AllocateProducerIds (67).

use kafka_protocol::messages::{AllocateProducerIdsRequest, AllocateProducerIdsResponse, BrokerId};

use super::{Answered, BrokerRequest, checked, stale};
use crate::base::ids::ProducerId;
use crate::controller::api_error::ApiError;
use crate::controller::producer_ids::{AllocateProducerIds, ProducerIdBlock};

impl BrokerRequest for AllocateProducerIds {
    type Message = AllocateProducerIdsRequest;

    fn message(&self) -> AllocateProducerIdsRequest {
        AllocateProducerIdsRequest::default()
            .with_broker_id(BrokerId(self.broker_id.0))
            .with_broker_epoch(self.broker_epoch.0)
    }

    fn answer_of(&self, response: AllocateProducerIdsResponse) -> Answered<Result<ProducerIdBlock, ApiError>> {
        let block = ProducerIdBlock { first: ProducerId(response.producer_id_start.0), len: response.producer_id_len };
        Ok(checked(response.error_code, stale(self.broker_id, self.broker_epoch))?.map(|()| block))
    }
}
