//! DescribeLogDirs (35), versions 1-5. What lies in which directory of this broker (KIP-113).
//!
//! - v2: flexible
//! - v3: an error of the whole request
//! - v4: size and free space of the volume (KIP-827)
//! - v5: whether the directory is cordoned (KIP-1066)
//!
//! A partition that was asked for and is not here is left out, and so is a topic of which nothing is here.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use kafka_protocol::messages::TopicName;
use kafka_protocol::messages::describe_log_dirs_request::DescribeLogDirsRequest;
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::log::log::Log;
use crate::metadata::configs::ResourceType;
use crate::protocol::extra::log_dirs::{
    DescribeLogDirsPartition, DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use crate::server::context::{Context, blocking};
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DescribeLogDirsRequest = request.decode()?;
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        // Asking a volume for its free space may wait for the disk.
        let results = blocking(move || describe(&ctx, &Wanted::of(&body))).await.unwrap_or_default();
        request.respond(&DescribeLogDirsResponse { results, ..DescribeLogDirsResponse::default() })
    }))
}

/// The partitions asked for; `None` for all.
struct Wanted(Option<HashMap<String, HashSet<i32>>>);

impl Wanted {
    fn of(body: &DescribeLogDirsRequest) -> Self {
        Self(body.topics.as_ref().map(|topics| {
            let mut wanted: HashMap<String, HashSet<i32>> = HashMap::new();
            for topic in topics {
                wanted.entry(topic.topic.to_string()).or_default().extend(&topic.partitions);
            }
            wanted
        }))
    }

    fn contains(&self, topic: &str, partition: i32) -> bool {
        self.0.as_ref().is_none_or(|wanted| wanted.get(topic).is_some_and(|partitions| partitions.contains(&partition)))
    }
}

fn describe(ctx: &Context, wanted: &Wanted) -> Vec<DescribeLogDirsResult> {
    let logs = ctx.replicas.logs();
    let mut all: Vec<Shown> =
        logs.all().into_iter().map(|log| Shown { lag: lag(&log), log, is_future: false }).collect();
    // A copy on its way counts what it lacks of the log.
    all.extend(logs.futures().into_iter().map(|log| {
        let current = logs.get(&log.name);
        let lag = current.map_or(UNKNOWN_LAG, |current| current.log_end_offset().since(log.log_end_offset()));
        Shown { lag, log, is_future: true }
    }));
    let cordoned = Cordoned::of(ctx);
    let result = |path: &Path, offline: bool| {
        let log_dir = StrBytes::from_string(path.to_string_lossy().into_owned());
        let is_cordoned = cordoned.contains(path);
        if offline {
            let error_code = ErrorCode::KafkaStorageError.code();
            return DescribeLogDirsResult { error_code, log_dir, is_cordoned, ..DescribeLogDirsResult::default() };
        }
        let (total_bytes, usable_bytes) = volume(path).unwrap_or((-1, -1));
        let here = all.iter().filter(|shown| shown.log.parent_dir() == path);
        DescribeLogDirsResult {
            log_dir,
            topics: topics(here, wanted),
            total_bytes,
            usable_bytes,
            is_cordoned,
            ..Default::default()
        }
    };
    logs.dirs().map(|(dir, offline)| result(&dir.path, offline)).collect()
}

/// The lag of a copy whose log is not here.
const UNKNOWN_LAG: i64 = -1;

/// A log, or its copy on the way to another directory.
struct Shown {
    log: Arc<Log>,
    lag: i64,
    is_future: bool,
}

fn lag(log: &Log) -> i64 {
    log.high_watermark().since(log.log_end_offset()).max(0)
}

fn topics<'a>(logs: impl Iterator<Item = &'a Shown>, wanted: &Wanted) -> Vec<DescribeLogDirsTopic> {
    let mut by_topic: BTreeMap<&str, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
    for shown in logs {
        let (topic, index) = (shown.log.name.topic.as_str(), shown.log.name.partition.0);
        if wanted.contains(topic, index) {
            by_topic.entry(topic).or_default().push(partition(shown, index));
        }
    }
    let name = |topic: &str| TopicName(StrBytes::from_string(topic.to_owned()));
    let sorted = |mut partitions: Vec<DescribeLogDirsPartition>| {
        partitions.sort_by_key(|partition| partition.partition_index);
        partitions
    };
    let topic = |(topic, partitions)| DescribeLogDirsTopic { name: name(topic), partitions: sorted(partitions) };
    by_topic.into_iter().map(topic).collect()
}

fn partition(shown: &Shown, partition_index: i32) -> DescribeLogDirsPartition {
    DescribeLogDirsPartition {
        partition_index,
        partition_size: i64::try_from(shown.log.size()).unwrap_or(i64::MAX),
        offset_lag: shown.lag,
        is_future_key: shown.is_future,
    }
}

/// Size and free space of the volume that holds `path` (bytes); `None` where the system does not say.
fn volume(path: &Path) -> Option<(i64, i64)> {
    let stat = rustix::fs::statvfs(path).ok()?;
    let bytes = |blocks: u64| i64::try_from(blocks.saturating_mul(stat.f_frsize)).unwrap_or(i64::MAX);
    Some((bytes(stat.f_blocks), bytes(stat.f_bavail)))
}

/// The directories that get no new partitions (`cordoned.log.dirs`).
pub(super) struct Cordoned(Vec<String>);

impl Cordoned {
    pub(super) fn of(ctx: &Context) -> Self {
        let image = ctx.metadata();
        let dynamic = image.configs().of(ResourceType::Broker, &ctx.node_id.to_string());
        let text = dynamic.get("cordoned.log.dirs").cloned().or_else(|| ctx.config.text("cordoned.log.dirs"));
        Self(crate::config::value::elements(&text.unwrap_or_default()))
    }

    pub(super) fn contains(&self, path: &Path) -> bool {
        self.0.iter().any(|dir| dir == "*" || Path::new(dir) == path)
    }
}
