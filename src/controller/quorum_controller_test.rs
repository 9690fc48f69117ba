//! The controller whole, on real files: founding, restarting without warning, operations decided and agreed on together.

use std::path::Path;
use std::time::Instant;

use super::*;
use crate::base::clock::SystemClock;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, ProducerId};
use crate::controller::brokers;
use crate::controller::create_topics::{CreateTopics, NewTopic};
use crate::controller::delete_topics::{DeleteTopics, TopicRef};
use crate::controller::producer_ids::AllocateProducerIds;
use crate::metadata::record::{BrokerEndpoint, BrokerFeature};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn start_in(dir: &Path) -> QuorumController {
    let config = Arc::new(ServerConfig::quickstart());
    let options = ControllerOptions {
        quorum: QuorumOptions::alone(config.node_id(), dir.to_path_buf()),
        cluster_id: "a-cluster".to_owned(),
        config,
        clock: SystemClock::shared(),
        probe: None,
    };
    QuorumController::start(options).await.unwrap()
}

async fn with_broker(dir: &Path) -> (QuorumController, BrokerEpoch) {
    let controller = start_in(dir).await;
    let features = controller.image().features().supported().map(|f| BrokerFeature {
        name: f.name.to_owned(),
        min: f.min,
        max: f.max,
    });
    let registration = brokers::RegisterBroker {
        broker_id: controller.shared.node_id,
        cluster_id: "a-cluster".to_owned(),
        incarnation_id: crate::base::random::uuid(),
        endpoints: vec![BrokerEndpoint {
            name: "PLAINTEXT".to_owned(),
            host: "localhost".to_owned(),
            port: 9092,
            security_protocol: 0,
        }],
        features: features.collect(),
        rack: None,
        log_dirs: vec![Uuid([9; 16])],
        previous_epoch: BrokerEpoch::NONE,
    };
    let epoch = controller.submit(registration).await.unwrap().reply.unwrap();
    let beat = brokers::BrokerHeartbeat {
        broker_id: controller.shared.node_id,
        broker_epoch: epoch,
        metadata_offset: controller.image().offset(),
        want_fence: false,
        want_shut_down: false,
        offline_log_dirs: Vec::new(),
        cordoned_log_dirs: None,
    };
    let reply = controller.submit(beat).await.unwrap().reply.unwrap();
    assert!(reply.is_caught_up && !reply.is_fenced);
    (controller, epoch)
}

fn topic(name: impl Into<String>, partitions: i32) -> CreateTopics {
    let topic = NewTopic { name: name.into(), partitions, replication_factor: 1, ..NewTopic::default() };
    CreateTopics { topics: vec![topic], validate_only: false }
}

#[test]
fn a_fresh_cluster_has_kafkas_feature_levels_and_starts_at_once() {
    let dir = tempfile::tempdir().unwrap();
    block_on(async {
        let started = Instant::now();
        let controller = start_in(dir.path()).await;
        assert!(started.elapsed() < Duration::from_secs(1), "took {:?}", started.elapsed());
        let image = controller.image();
        for (name, level) in
            [("metadata.version", 30), ("transaction.version", 2), ("group.version", 1), ("kraft.version", 1)]
        {
            assert_eq!(image.features().level(name), level, "{name}");
        }
        let status = controller.status();
        assert_eq!((status.leader_id, status.voters.len()), (controller.shared.node_id, 1));
        assert_eq!(status.voters[0].log_end_offset, status.high_watermark);
    });
}

#[test]
fn what_comes_in_this_nodes_own_name_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    block_on(async {
        let controller = start_in(dir.path()).await;
        let own = controller.shared.node_id;
        let refused = controller.raft(own, Uuid::ZERO, RaftCall::Append, &[]).await;
        assert!(matches!(refused, Err(ServeError::Itself(id)) if id == own), "{refused:?}");
        assert!(controller.is_leader());
    });
}

#[test]
fn topics_and_producer_ids_outlive_a_process_that_ends_without_warning() {
    let dir = tempfile::tempdir().unwrap();
    let mut first_id = ProducerId(0);
    let mut known = None;
    for round in 0..3 {
        block_on(async {
            let (controller, epoch) = with_broker(dir.path()).await;
            let created = controller.submit(topic(format!("topic-{round}"), 3)).await.unwrap();
            assert!(controller.image().offset() >= created.offset);
            let id = created.reply[0].1.as_ref().unwrap().id;
            assert_eq!(controller.image().topic_by_id(id).unwrap().partitions.len(), 3);
            assert_eq!(*known.get_or_insert(id), controller.image().topic("topic-0").unwrap().id, "ids stay");
            for topic in controller.image().topics().iter() {
                assert!(topic.partitions.iter().all(|p| p.leader == controller.shared.node_id && p.isr.len() == 1));
            }
            let ask = AllocateProducerIds { broker_id: controller.shared.node_id, broker_epoch: epoch };
            let block = controller.submit(ask).await.unwrap().reply.unwrap();
            assert!(block.first >= first_id, "no id is handed out twice");
            first_id = ProducerId(block.first.0 + i64::from(block.len));
        });
    }
}

#[test]
fn operations_that_wait_together_are_agreed_on_together() {
    let dir = tempfile::tempdir().unwrap();
    block_on(async {
        let (controller, _) = with_broker(dir.path()).await;
        let before = controller.image().offset();
        let tasks: Vec<_> = (0..500)
            .map(|n| {
                let controller = controller.clone();
                tokio::spawn(
                    async move { controller.submit(topic(format!("t{n}"), 1)).await.unwrap().reply[0].1.is_ok() },
                )
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap());
        }
        let entries = controller.image().offset().since(before);
        assert!(entries < 50, "500 operations took {entries} entries");
        assert_eq!(controller.image().topics().len(), 500);
    });
}

#[test]
fn operations_of_one_entry_see_each_other() {
    let dir = tempfile::tempdir().unwrap();
    block_on(async {
        let (controller, _) = with_broker(dir.path()).await;
        let code = |reply: Committed<Vec<(String, Result<_, crate::controller::api_error::ApiError>)>>| {
            reply.reply[0].1.as_ref().map(|_: &crate::controller::create_topics::CreatedTopic| ()).map_err(|e| e.code)
        };
        let (one, two, three) = tokio::join!(
            controller.submit(topic("a.b", 1)),
            controller.submit(topic("a.b", 1)),
            controller.submit(topic("a_b", 1))
        );
        assert_eq!(code(one.unwrap()), Ok(()));
        assert_eq!(code(two.unwrap()), Err(ErrorCode::TopicAlreadyExists));
        assert_eq!(code(three.unwrap()), Err(ErrorCode::InvalidTopicException));
        let gone = DeleteTopics { topics: vec![TopicRef::Name("a.b".to_owned()), TopicRef::Name("none".to_owned())] };
        let gone = controller.submit(gone).await.unwrap().reply;
        assert!(gone[0].1.is_ok());
        assert_eq!(gone[1].1.as_ref().unwrap_err().code, ErrorCode::UnknownTopicOrPartition);
        assert!(controller.image().topics().is_empty());
    });
}

#[test]
fn after_a_shutdown_nothing_more_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    block_on(async {
        let (controller, _) = with_broker(dir.path()).await;
        controller.shutdown().await;
        assert!(controller.submit(topic("late", 1)).await.is_err());
        controller.stopped().await;
    });
}
