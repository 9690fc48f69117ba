//! Apache Kafka as a process: the oracle's node.

use std::path::Path;
use std::process::Command;

use super::paths;
use super::process::Process;

/// Starts a node from its `server.properties`, in its directory, and formats its data directory first if nobody has.
pub fn start(dir: &Path, properties: &Path, data: &Path, heap_mb: u32) -> Process {
    let file = properties.display().to_string();
    if !data.join("meta.properties").exists() {
        let out = Command::new("java")
            .arg("-XX:TieredStopAtLevel=1")
            .args(java_options())
            .args(["kafka.tools.StorageTool", "format", "--cluster-id", "5L6g3nShT-eMCtK--X86sw", "--config"])
            .arg(&file)
            .output()
            .expect("java runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    }
    let mut args = ["java", &format!("-Xmx{heap_mb}m"), "-XX:TieredStopAtLevel=1"].map(String::from).to_vec();
    args.extend(java_options());
    args.extend(["kafka.Kafka".to_string(), file]);
    Process::start("kafka", dir, Path::new("/usr/bin/env"), &args, &[])
}

fn java_options() -> Vec<String> {
    vec![
        format!("-Dlog4j2.configurationFile={}", paths::root().join("proto-tests/kafka/log4j2.properties").display()),
        "-cp".to_string(),
        format!("{}/*", paths::target().join("kafka/libs").display()),
    ]
}
