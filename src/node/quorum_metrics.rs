//! Gauges of the quorum and of the controller, under the names that jmx_exporter's lowercase rules give Kafka's beans
//! `raft-metrics`, `broker-metadata-metrics` and `KafkaController`. All are read off at the moment of the scrape.

use metrics::gauge;

use crate::base::ids::Millis;
use crate::controller::quorum_controller::QuorumController;
use crate::metadata::image::MetadataImage;
use crate::peer::controller_channel::ControllerChannel;

/// The states that `current_state` tells apart.
const STATES: [&str; 5] = ["leader", "follower", "candidate", "observer", "unattached"];

/// Reads all of them. `applied` is what this broker has applied of the metadata.
pub fn gauges(controller: &ControllerChannel, applied: &MetadataImage) {
    gauge!("kafka_server_brokermetadatametrics_last_applied_record_offset").set(applied.offset().0 as f64);
    gauge!("kafka_controller_kafkacontroller_activecontrollercount").set(f64::from(u8::from(controller.is_leader())));
    let Some(local) = controller.local() else { return };
    quorum(local);
    cluster(&controller.image());
    gauge!("kafka_controller_kafkacontroller_lastappliedrecordoffset").set(controller.image().offset().0 as f64);
}

fn quorum(local: &QuorumController) {
    let state = local.raft_state();
    let raft = |name: &'static str, value: f64| gauge!(name).set(value);
    raft("kafka_server_raftmetrics_current_leader", state.leader.0.into());
    raft("kafka_server_raftmetrics_current_epoch", state.epoch.0.into());
    raft("kafka_server_raftmetrics_current_vote", state.voted_for.0.into());
    raft("kafka_server_raftmetrics_high_watermark", state.high_watermark.0 as f64);
    raft("kafka_server_raftmetrics_log_end_offset", state.log_end_offset.0 as f64);
    raft("kafka_server_raftmetrics_number_of_voters", state.voters as f64);
    for name in STATES {
        let is_now = f64::from(u8::from(name == state.state));
        gauge!("kafka_server_raftmetrics_current_state", "current_state" => name).set(is_now);
    }
    gauge!("kafka_controller_kafkacontroller_lastcommittedrecordoffset").set(state.high_watermark.plus(-1).0 as f64);
    let lag: Millis = state.lag;
    gauge!("kafka_controller_kafkacontroller_lastappliedrecordlagms").set(lag.0 as f64);
    if let Some(observers) = state.observers {
        raft("kafka_server_raftmetrics_number_of_observers", observers as f64);
    }
}

fn cluster(image: &MetadataImage) {
    let brokers = image.brokers();
    let active = brokers.unfenced().count();
    let (mut partitions, mut offline, mut imbalanced) = (0usize, 0usize, 0usize);
    for topic in image.topics().iter() {
        for partition in &topic.partitions {
            partitions += 1;
            offline += usize::from(partition.leader.is_none());
            imbalanced += usize::from(partition.leader != partition.preferred_leader());
        }
    }
    let controller = |name: &'static str, value: usize| gauge!(name).set(value as f64);
    controller("kafka_controller_kafkacontroller_activebrokercount", active);
    controller("kafka_controller_kafkacontroller_fencedbrokercount", brokers.len() - active);
    controller("kafka_controller_kafkacontroller_globaltopiccount", image.topics().iter().count());
    controller("kafka_controller_kafkacontroller_globalpartitioncount", partitions);
    controller("kafka_controller_kafkacontroller_offlinepartitionscount", offline);
    controller("kafka_controller_kafkacontroller_preferredreplicaimbalancecount", imbalanced);
}
