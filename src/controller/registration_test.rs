//! What is refused of a registration: one thing wrong at a time.

use super::*;
use crate::base::ids::{BrokerEpoch, Offset};
use crate::metadata::features::bootstrap_records;
use crate::metadata::record::{self, BrokerEndpoint, BrokerFeature, MetadataRecord};

const OTHER: NodeId = NodeId(2);

/// A new cluster with one other broker.
fn image() -> MetadataImage {
    let mut records = bootstrap_records();
    records.push(MetadataRecord::RegisterBroker(record::RegisterBroker {
        broker_id: OTHER,
        incarnation_id: Uuid([2; 16]),
        broker_epoch: BrokerEpoch(1),
        endpoints: Vec::new(),
        features: Vec::new(),
        rack: None,
        fenced: true,
        in_controlled_shutdown: false,
        log_dirs: vec![Uuid([2; 16])],
        cordoned_log_dirs: None,
    }));
    let mut image = MetadataImage::default();
    for (offset, record) in records.iter().enumerate() {
        image.apply(Offset(offset as i64), record).expect("a record that fits");
    }
    image
}

fn refused(change: impl FnOnce(&mut RegisterBroker)) -> Option<ErrorCode> {
    let image = image();
    let feature = |f: crate::metadata::features::SupportedFeature| BrokerFeature {
        name: f.name.to_owned(),
        min: f.min,
        max: f.max,
    };
    let endpoint =
        BrokerEndpoint { name: "PLAINTEXT".to_owned(), host: "localhost".to_owned(), port: 9092, security_protocol: 0 };
    let mut operation = RegisterBroker {
        broker_id: NodeId(1),
        cluster_id: "c".to_owned(),
        incarnation_id: Uuid([1; 16]),
        endpoints: vec![endpoint],
        features: image.features().supported().map(feature).collect(),
        rack: None,
        log_dirs: vec![Uuid([1; 16]), Uuid([9; 16])],
        previous_epoch: BrokerEpoch::NONE,
    };
    change(&mut operation);
    check(&image, &operation).err().map(|error| error.code)
}

#[test]
fn a_registration_with_nothing_wrong_is_taken() {
    assert_eq!(refused(|_| {}), None);
    let more = BrokerFeature { name: "feature.of.tomorrow".to_owned(), min: 0, max: 3 };
    assert_eq!(refused(|op| op.features.push(more)), None, "what the cluster does not use, nobody needs");
}

#[test]
fn directories_are_told_once_and_belong_to_one_broker() {
    let reserved = Uuid(99u128.to_be_bytes());
    let twice = vec![Uuid([1; 16]); 2];
    for dirs in [vec![], vec![reserved], twice, vec![Uuid([2; 16])]] {
        assert_eq!(refused(|op| op.log_dirs.clone_from(&dirs)), Some(ErrorCode::InvalidRegistration), "{dirs:?}");
    }
    assert_eq!(refused(|op| (op.broker_id, op.log_dirs) = (OTHER, vec![Uuid([2; 16])])), None, "it is its own");
}

#[test]
fn who_cannot_be_reached_is_not_registered() {
    assert_eq!(refused(|op| op.endpoints.clear()), Some(ErrorCode::InvalidRegistration));
    assert_eq!(refused(|op| op.endpoints[0].security_protocol = 4), Some(ErrorCode::InvalidRegistration));
}

#[test]
fn what_the_cluster_uses_must_be_known() {
    let without = |name: &'static str| move |op: &mut RegisterBroker| op.features.retain(|f| f.name != name);
    assert_eq!(refused(without(METADATA_VERSION)), Some(ErrorCode::InvalidRegistration));
    assert_eq!(refused(without("transaction.version")), Some(ErrorCode::UnsupportedVersion));
    let older = |op: &mut RegisterBroker| op.features.iter_mut().for_each(|f| f.max -= 1);
    assert_eq!(refused(older), Some(ErrorCode::UnsupportedVersion));
    let needs = BrokerFeature { name: "feature.of.tomorrow".to_owned(), min: 1, max: 3 };
    assert_eq!(refused(|op| op.features.push(needs)), Some(ErrorCode::UnsupportedVersion));
}
