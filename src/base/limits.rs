//! Every named maximum: whatever a peer or a client can make grow has its bound here.

/// Array elements that one decoded request may hold in any one array (as Kafka 4.4's decoders refuse more).
pub const ARRAY_ELEMENTS_MAX: usize = 1_000_000;
/// Tagged fields in any one structure.
pub const TAGGED_FIELDS_MAX: usize = 10_000;
/// What decoding a body may allocate, beside slices of the body itself: so many bytes for each of its bytes, ...
pub const DECODED_BYTES_PER_BYTE_MAX: usize = 32;
/// ... so many more (a small body with a few tagged fields has its fixed cost), ...
pub const DECODED_BYTES_SLACK: usize = 64 * 1024;
/// ... and so many at most.
pub const DECODED_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Largest request frame before `socket.request.max.bytes` is known or where it does not apply (bytes).
pub const FRAME_BYTES_MAX: usize = 100 * 1024 * 1024;
/// Requests of one connection that may be appended but not yet answered.
pub const IN_FLIGHT_REQUESTS_MAX: usize = 256;
/// Response bytes that may wait in one connection's writer before it stops reading requests.
pub const QUEUED_RESPONSE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Newest batches that all logs together hold in memory for consumers that keep up (bytes), ...
pub const TAIL_CACHE_BYTES_MAX: usize = 6 * 1024 * 1024;
/// ... and one log.
pub const TAIL_CACHE_BYTES_PER_LOG_MAX: usize = 1024 * 1024;
/// Files of sealed segments that are kept open, of all logs together.
pub const SEALED_FILES_OPEN_MAX: usize = 1024;
/// A topic name's length (bytes), as Kafka bounds it.
pub const TOPIC_NAME_BYTES_MAX: usize = 249;
/// Members' regular expressions: what one may compile to (bytes), ...
pub const REGEX_COMPILED_BYTES_MAX: usize = 1024 * 1024;
/// ... and how deep its groups may be nested.
pub const REGEX_NESTING_MAX: u32 = 250;
/// Partitions that one request may create.
pub const PARTITIONS_PER_REQUEST_MAX: usize = 10_000;
/// What a decompressed batch may grow to, as a multiple of the largest message that the topic takes.
pub const DECOMPRESSION_RATIO_MAX: usize = 64;
/// Headers that one record may carry.
pub const RECORD_HEADERS_MAX: usize = 100_000;
/// Idempotent producers remembered for one partition before the oldest are dropped.
pub const PRODUCERS_PER_PARTITION_MAX: usize = 100_000;
/// Idempotent producers remembered for all partitions together before those silent for longest are forgotten, ...
pub const PRODUCERS_MAX: usize = 1_000_000;
/// ... and how many there may be until that has happened.
pub const PRODUCERS_HARD_MAX: usize = PRODUCERS_MAX / 4 * 5;
/// Pages of a log's end that are read again, once after a start, for the batches that its producer snapshot leaves out.
pub const RECALLED_PAGES_MAX: usize = 512;
/// Operations that may wait for the controller before more are refused.
pub const CONTROLLER_QUEUE_MAX: usize = 10_000;
/// Operations that the controller decides in one go.
pub const CONTROLLER_BATCH_OPERATIONS_MAX: usize = 1_000;
/// Leaders that the controller elects in one go, where nobody waits for it.
pub const ELECTIONS_IN_ONE_GO_MAX: usize = 1_000;
/// Records after which an entry of the metadata log takes no further operation.
pub const RECORDS_PER_ENTRY_MAX: usize = 10_000;
/// Replies that one coordinator's shard may have parked before it takes no more operations.
pub const PARKED_REPLIES_PER_SHARD_MAX: usize = 100_000;
/// Timers that a shard runs before others get their turn.
pub const TIMERS_IN_ONE_GO_MAX: usize = 100;
/// What is read at a time while a coordinator's shard is loaded (bytes); a larger batch is read whole.
pub const SHARD_LOAD_BYTES: usize = 1024 * 1024;
/// Transactional ids that one partition of `__transaction_state` remembers before new ones are put off.
pub const TRANSACTIONAL_IDS_PER_PARTITION_MAX: usize = 1_000_000;
/// Unused transactional ids that are forgotten in one batch.
pub const EXPIRED_IDS_PER_BATCH_MAX: usize = 500;
/// What a compiled pattern of ListTransactions may take.
pub const PATTERN_BYTES_MAX: usize = 1024 * 1024;
/// Producers of whose transactions one partition may be asking the coordinator at a time.
pub const VERIFICATIONS_PER_PARTITION_MAX: usize = 10_000;
/// Member ids that one classic group has given out to members that have not come back with them.
pub const PENDING_MEMBERS_PER_GROUP_MAX: i64 = 100_000;
/// Least memory of the cleaner's map of keys, whatever the configuration leaves it (bytes).
pub const CLEANER_MAP_BYTES_MIN: usize = 48 * 1024;
/// Removals of files that may wait for `file.delete.delay.ms`; beyond it the longest waiting goes at once.
pub const PENDING_REMOVALS_MAX: usize = 10_000;
/// Shards of one coordinator that are loaded at a time.
pub const SHARDS_LOADED_AT_ONCE_MAX: usize = 2;
/// Brokers without a vote that the controller tells of.
pub const METADATA_OBSERVERS_MAX: usize = 10_000;
/// Controllers in the quorum, those without a vote counted in.
pub const QUORUM_MEMBERS_MAX: usize = 100;
/// The largest answer of another node that is taken (bytes): a piece of an image or of a snapshot, a reply to an operation.
pub const INTERNAL_ANSWER_BYTES_MAX: usize = 100 * 1024 * 1024;
/// The largest image that an observer takes (bytes).
pub const IMAGE_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Committed offsets that one partition of `__consumer_offsets` holds before no more are committed.
pub const COMMITTED_OFFSETS_PER_SHARD_MAX: usize = 10_000_000;
/// What the tombstones of expired offsets may take in one batch (bytes), ...
pub const EXPIRED_BYTES_PER_BATCH_MAX: usize = 64 * 1024;
/// ... and how many offsets are looked at for it before other operations get their turn.
pub const OFFSETS_LOOKED_AT_PER_TURN_MAX: usize = 10_000;
/// Partitions of groups whose lag one answer of the metrics port tells, ...
pub const LAG_PARTITIONS_MAX: usize = 20_000;
/// ... and records that are read for it from other brokers at a time.
pub const LAG_RECORDS_READ_MAX: usize = 500;
/// Partitions that are not here yet and whose log directory is chosen already.
pub const PREFERRED_DIRS_MAX: usize = 10_000;
/// What is copied at a time while a log moves to another directory (bytes); a larger batch is copied whole.
pub const LOG_COPY_BYTES: usize = 1024 * 1024;
/// Topics that are made at a time because clients named them; more are made when the clients ask again.
pub const TOPICS_IN_THE_MAKING_MAX: usize = 10_000;
