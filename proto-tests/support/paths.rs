//! Where things are: the work tree, its target directory, and a scratch directory per test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

/// The work tree.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The target directory that `proto-tests/setup` fills.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Installs what the tests need, once per test binary; it takes no time when all of it is there.
///
/// A tool that cannot be had is a failure, never a skip.
pub fn setup() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        let status = Command::new(root().join("proto-tests/setup")).status().expect("proto-tests/setup runs");
        assert!(status.success(), "proto-tests/setup failed: the test needs what it installs");
    });
}

/// The words after `env` that run a class of `clients/java` or of Apache Kafka.
pub fn java(class: &str, heap_mb: u32) -> Vec<String> {
    let log4j = root().join("proto-tests/kafka/log4j2-tools.properties");
    let classes = format!("{}:{}/*", target().join("clients/java").display(), target().join("kafka/libs").display());
    let words = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", &format!("-Xmx{heap_mb}m")].map(String::from);
    let log4j = format!("-Dlog4j2.configurationFile={}", log4j.display());
    words.into_iter().chain([log4j, "-cp".to_string(), classes, class.to_string()]).collect()
}

/// A new empty directory under `target/proto-tests-runs`, removed when the test ends well and kept when it fails, or when
/// `OTTLA_KEEP_RUNS` is set.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A directory whose name starts with `name`.
    pub fn new(name: &str) -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = target().join("proto-tests-runs").join(format!("{name}-{}-{n}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a scratch directory");
        Scratch(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::thread::panicking() || std::env::var_os("OTTLA_KEEP_RUNS").is_some() {
            eprintln!("kept for a look: {}", self.0.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// A TCP port of the loopback interface that nothing listened on a moment ago, and that this process has not given out before.
pub fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = socket.local_addr().expect("its address").port();
        if GIVEN.lock().expect("the ports").insert(port) {
            return port;
        }
    }
}

/// The files of a directory with this ending, in order.
pub fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> = std::fs::read_dir(dir)
        .expect("a directory")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == extension))
        .collect();
    list.sort();
    list
}
