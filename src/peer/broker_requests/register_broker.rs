//! A broker comes up: BrokerRegistration (62).

use kafka_protocol::messages::broker_registration_request::{Feature, Listener};
use kafka_protocol::messages::{BrokerId, BrokerRegistrationRequest, BrokerRegistrationResponse};

use super::{Answered, BrokerRequest, checked};
use crate::base::error_code::ErrorCode;
use crate::base::ids::BrokerEpoch;
use crate::controller::api_error::ApiError;
use crate::controller::brokers::RegisterBroker;
use crate::metadata::record::{BrokerEndpoint, BrokerFeature};
use crate::peer::wire;

impl BrokerRequest for RegisterBroker {
    type Message = BrokerRegistrationRequest;

    fn message(&self) -> BrokerRegistrationRequest {
        let listener = |endpoint: &BrokerEndpoint| {
            Listener::default()
                .with_name(wire::text(&endpoint.name))
                .with_host(wire::text(&endpoint.host))
                .with_port(endpoint.port)
                .with_security_protocol(endpoint.security_protocol)
        };
        let feature = |feature: &BrokerFeature| {
            Feature::default()
                .with_name(wire::text(&feature.name))
                .with_min_supported_version(feature.min)
                .with_max_supported_version(feature.max)
        };
        BrokerRegistrationRequest::default()
            .with_broker_id(BrokerId(self.broker_id.0))
            .with_cluster_id(wire::text(&self.cluster_id))
            .with_incarnation_id(wire::uuid(self.incarnation_id))
            .with_listeners(self.endpoints.iter().map(listener).collect())
            .with_features(self.features.iter().map(feature).collect())
            .with_rack(self.rack.as_deref().map(wire::text))
            .with_log_dirs(self.log_dirs.iter().map(|dir| wire::uuid(*dir)).collect())
            .with_previous_broker_epoch(self.previous_epoch.0)
    }

    fn answer_of(&self, response: BrokerRegistrationResponse) -> Answered<Result<BrokerEpoch, ApiError>> {
        let checked = checked(response.error_code, |code| self.explain(code))?;
        Ok(checked.map(|()| BrokerEpoch(response.broker_epoch)))
    }
}

impl RegisterBroker {
    /// What a refusal with that code says of this registration.
    fn explain(&self, code: ErrorCode) -> Option<String> {
        let id = self.broker_id;
        match code {
            ErrorCode::InconsistentClusterId => {
                Some(format!("the controller is of another cluster, and the broker belongs to {}", self.cluster_id))
            }
            ErrorCode::DuplicateBrokerRegistration => {
                Some(format!("node.id {id} is taken by a broker that is alive; each process needs a number of its own"))
            }
            ErrorCode::UnsupportedVersion => {
                let known = self.features.iter().map(|f| format!("{} {} to {}", f.name, f.min, f.max));
                let known = known.collect::<Vec<_>>().join(", ");
                Some(format!(
                    "the cluster runs features at levels that this broker does not know (it knows {known}); upgrade its program"
                ))
            }
            ErrorCode::InvalidRegistration if self.endpoints.is_empty() => {
                Some(format!("broker {id} tells of no listener, so that nobody could reach it"))
            }
            ErrorCode::InvalidRegistration => {
                let dirs = self.log_dirs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                Some(format!(
                    "what broker {id} tells of itself does not do; most likely one of its log directories ({dirs}) belongs to another \
                     broker: a copy of its disk?"
                ))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::{NodeId, Uuid};

    /// The response has no text: who reads why a broker did not start reads this.
    #[test]
    fn a_refusal_says_what_is_wrong() {
        let registration = RegisterBroker {
            broker_id: NodeId(7),
            cluster_id: "ours".to_owned(),
            incarnation_id: Uuid([1; 16]),
            endpoints: Vec::new(),
            features: vec![BrokerFeature { name: "group.version".to_owned(), min: 0, max: 1 }],
            rack: None,
            log_dirs: Vec::new(),
            previous_epoch: BrokerEpoch::NONE,
        };
        let told = |code: ErrorCode| {
            let response = BrokerRegistrationResponse::default().with_error_code(code.code());
            registration.answer_of(response).unwrap().unwrap_err().to_string()
        };
        assert!(told(ErrorCode::DuplicateBrokerRegistration).contains("node.id 7 is taken by a broker that is alive"));
        assert!(told(ErrorCode::InconsistentClusterId).contains("belongs to ours"));
        assert!(told(ErrorCode::UnsupportedVersion).contains("group.version 0 to 1"));
        assert!(told(ErrorCode::InvalidRegistration).contains("no listener"));
    }
}
