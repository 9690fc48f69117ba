//! Real processes under the list of faults: clusters under the load of Java, librdkafka and franz-go, to which everything happens that
//! can happen to processes, networks, disks and files, and what must hold afterwards.
//!
//! `table` is the list. A file for each kind of fault brings them about (`network`, `disk`), a file for each kind of cluster
//! says when (`processes`, `epochs`, `networks`, `disks`, `files`, `metadata`), `arena` is the load and the judge, `story` what the
//! checker of histories is told. Each phase is short;
//! `OTTLA_FAULT_SECONDS=60` makes it a minute of each: steady, fault, recovery.

#[path = "../support/mod.rs"]
mod support;

#[path = "../history/mod.rs"]
mod history;

mod arena;
mod disk;
mod disks;
mod epochs;
mod files;
mod metadata;
mod network;
mod networks;
mod processes;
mod records;
mod story;
mod table;
