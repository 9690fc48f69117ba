//! A broker's sign of life: BrokerHeartbeat (63).

use kafka_protocol::messages::{BrokerHeartbeatResponse, BrokerId};

use super::{Answered, BrokerRequest, checked, stale};
use crate::base::ids::Uuid;
use crate::controller::api_error::ApiError;
use crate::controller::brokers::{BrokerHeartbeat, HeartbeatReply};
use crate::peer::wire;
use crate::protocol::extra::brokers::BrokerHeartbeatRequest;

impl BrokerRequest for BrokerHeartbeat {
    type Message = BrokerHeartbeatRequest;

    fn message(&self) -> BrokerHeartbeatRequest {
        let ids = |dirs: &Vec<Uuid>| dirs.iter().map(|dir| wire::uuid(*dir)).collect();
        BrokerHeartbeatRequest {
            broker_id: BrokerId(self.broker_id.0),
            broker_epoch: self.broker_epoch.0,
            current_metadata_offset: self.metadata_offset.0,
            want_fence: self.want_fence,
            want_shut_down: self.want_shut_down,
            offline_log_dirs: ids(&self.offline_log_dirs),
            cordoned_log_dirs: self.cordoned_log_dirs.as_ref().map(ids),
        }
    }

    fn answer_of(&self, response: BrokerHeartbeatResponse) -> Answered<Result<HeartbeatReply, ApiError>> {
        let BrokerHeartbeatResponse { is_caught_up, is_fenced, should_shut_down, .. } = response;
        let checked = checked(response.error_code, stale(self.broker_id, self.broker_epoch))?;
        Ok(checked.map(|()| HeartbeatReply { is_caught_up, is_fenced, should_shut_down }))
    }
}
