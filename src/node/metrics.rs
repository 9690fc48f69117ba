//! What `/metrics` shows: counters kept where things happen, and gauges that are read off at the moment of the scrape.
//!
//! Names are those that jmx_exporter's lowercase rules give Kafka's beans, so that existing dashboards and alerts work;
//! `kafka_topic_partition_*`, `kafka_brokers` and `kafka_consumergroup_*` (`group_lag`) are kafka_exporter's, so that no second
//! process is needed.

use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;

use crate::node::cleaner::Cleaner;
use crate::node::group_lag::GroupLag;
use crate::node::metrics_http::Watched;
use crate::node::process;
use crate::node::quorum_metrics;
use crate::peer::controller_channel::ControllerChannel;
use crate::quota::connection_quota::ConnectionQuota;
use crate::replica::manager::ReplicaManager;
use crate::replica::partition::Partition;

/// A gauge that no scrape has refreshed for this long belongs to something that is gone.
const STALE_AFTER: Duration = Duration::from_secs(300);

/// Installs the process's recorder. Must come before the first counter is made.
pub fn install() -> Result<PrometheusHandle, String> {
    let recorder = PrometheusBuilder::new().idle_timeout(MetricKindMask::GAUGE, Some(STALE_AFTER)).build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|e| format!("a metrics recorder is already installed: {e}"))?;
    Ok(handle)
}

/// What the HTTP port watches.
pub struct NodeWatch {
    /// Renders what was recorded.
    pub recorded: PrometheusHandle,
    /// The partitions hosted here.
    pub replicas: Arc<ReplicaManager>,
    /// The controller.
    pub controller: ControllerChannel,
    /// The groups coordinated here.
    pub lag: GroupLag,
    /// The cleaner.
    pub cleaner: Arc<Cleaner>,
    /// Who is connected.
    pub connections: Arc<ConnectionQuota>,
    /// True while the listeners are open.
    pub serving: Arc<std::sync::atomic::AtomicBool>,
}

impl Watched for NodeWatch {
    fn render_metrics(&self) -> String {
        self.read_gauges();
        self.recorded.run_upkeep();
        self.recorded.render() + &self.lag.render()
    }

    fn readiness(&self) -> Result<(), String> {
        if !self.serving.load(std::sync::atomic::Ordering::Acquire) {
            return Err("the listeners are not open".into());
        }
        if self.replicas.logs().all_offline() {
            return Err("every log directory has failed".into());
        }
        Ok(())
    }
}

impl NodeWatch {
    fn read_gauges(&self) {
        let hosted = self.replicas.hosted();
        let (mut count, mut led, mut offline) = (0u32, 0u32, 0u32);
        let (mut under_replicated, mut under_min, mut at_min) = (0u32, 0u32, 0u32);
        for topic in hosted.by_id.values() {
            gauge!("kafka_topic_partitions", "topic" => topic.name.to_string()).set(topic.partitions.len() as f64);
            for partition in topic.partitions.iter().flatten() {
                count += 1;
                if partition.lead(None).is_ok() {
                    let (isr, min) = (partition.isr_size(), partition.min_isr());
                    led += 1;
                    under_replicated += u32::from(isr < partition.leadership().replicas.len());
                    under_min += u32::from(isr < min);
                    at_min += u32::from(isr == min);
                }
                offline += u32::from(partition.log().is_offline());
                partition_gauges(partition);
            }
        }
        gauge!("kafka_server_replicamanager_partitioncount").set(count);
        gauge!("kafka_server_replicamanager_leadercount").set(led);
        gauge!("kafka_server_replicamanager_offlinereplicacount").set(offline);
        gauge!("kafka_server_replicamanager_underreplicatedpartitions").set(under_replicated);
        gauge!("kafka_server_replicamanager_underminisrpartitioncount").set(under_min);
        gauge!("kafka_server_replicamanager_atminisrpartitioncount").set(at_min);
        let (home, now) = (self.replicas.home(), self.replicas.home().clock.monotonic());
        gauge!("kafka_server_leaderreplication_byte_rate").set(home.leader_quota.byte_rate(now));
        gauge!("kafka_server_followerreplication_byte_rate").set(home.follower_quota.byte_rate(now));
        quorum_metrics::gauges(&self.controller, &self.replicas.metadata());
        for (dir, offline) in self.replicas.logs().dirs() {
            let path = dir.path.display().to_string();
            gauge!("kafka_log_logmanager_logdirectoryoffline", "logdirectory" => path)
                .set(f64::from(u8::from(offline)));
        }
        gauge!("kafka_log_logmanager_offlinelogdirectorycount").set(self.replicas.logs().offline_dirs() as f64);
        gauge!("kafka_server_socket_server_metrics_connection_count").set(self.connections.count() as f64);
        let metadata = self.replicas.metadata();
        gauge!("kafka_brokers").set(metadata.brokers().len() as f64);
        for broker in metadata.brokers().iter() {
            // The first listener stands for the broker: kafka_exporter tells the one that it was pointed at.
            let address = broker.endpoints.first().map(|at| format!("{}:{}", at.host, at.port)).unwrap_or_default();
            gauge!("kafka_broker_info", "id" => broker.broker_id.to_string(), "address" => address).set(1);
        }
        self.cleaner.gauges();
        process::gauges();
    }
}

fn partition_gauges(partition: &Partition) {
    let topic = partition.name.topic.to_string();
    let index = partition.name.partition.to_string();
    let of = |name: &'static str| gauge!(name, "topic" => topic.clone(), "partition" => index.clone());
    of("kafka_log_log_size").set(partition.log().size() as f64);
    of("kafka_log_log_numlogsegments").set(partition.log().segment_count() as f64);
    of("kafka_log_log_logstartoffset").set(partition.log().log_start_offset().0 as f64);
    of("kafka_log_log_logendoffset").set(partition.log().log_end_offset().0 as f64);
    of("kafka_topic_partition_current_offset").set(partition.log().high_watermark().0 as f64);
    of("kafka_topic_partition_oldest_offset").set(partition.log().log_start_offset().0 as f64);
    let leadership = partition.leadership();
    of("kafka_topic_partition_leader").set(f64::from(leadership.leader.0));
    of("kafka_topic_partition_replicas").set(leadership.replicas.len() as f64);
    of("kafka_topic_partition_in_sync_replica").set(leadership.isr.len() as f64);
    let under = leadership.isr.len() < leadership.replicas.len();
    of("kafka_topic_partition_under_replicated_partition").set(f64::from(u8::from(under)));
    let preferred = leadership.replicas.first() == Some(&leadership.leader);
    of("kafka_topic_partition_leader_is_preferred").set(f64::from(u8::from(preferred)));
}
