//! Servers under test as processes: Ottla, Apache Kafka (by `proto-tests/kafka/oracle`), and the null servers.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::{self, Topic};
use crate::null_server;
use crate::procfs;
use crate::wire::WireError;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Make {
    Ottla,
    Kafka,
    Null(null_server::Kind),
}

impl Make {
    pub fn name(self) -> &'static str {
        match self {
            Make::Ottla => "ottla",
            Make::Kafka => "kafka",
            Make::Null(kind) => kind.name(),
        }
    }
}

/// A server that runs, or has run, on a directory of its own.
pub struct Server {
    pub make: Make,
    pub address: SocketAddr,
    pub pid: u32,
    directory: PathBuf,
    child: Option<Child>,
    pinned: bool,
    /// Properties of this node, which override what a node alone has.
    properties: Vec<(String, String)>,
}

/// Settings that both brokers get, so that runs do not disturb each other: deleted topics go soon, no background log
/// roll. Everything else is the default of each.
const SETTINGS: &[(&str, &str)] = &[
    ("log.segment.delete.delay.ms", "200"),
    ("auto.create.topics.enable", "false"),
    ("group.initial.rebalance.delay.ms", "0"),
];

const READY_AT_MOST: Duration = Duration::from_secs(120);

impl Server {
    /// Starts a broker on an empty directory and waits until it answers.
    pub fn fresh(make: Make, directory: &Path, pinned: bool) -> Result<Server, WireError> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let mut server = Server::node(make, directory, address, Vec::new())?;
        server.pinned = pinned;
        server.start(None)?;
        Ok(server)
    }

    /// A node of a cluster, on an empty directory, that is not started yet.
    pub fn node(
        make: Make,
        directory: &Path,
        address: SocketAddr,
        properties: Vec<(String, String)>,
    ) -> Result<Server, WireError> {
        let _ = std::fs::remove_dir_all(directory);
        std::fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        Ok(Server { make, address, pid: 0, directory: directory.into(), child: None, pinned: false, properties })
    }

    /// Starts the process and waits until it answers (and leads `topic`); returns the seconds from the start of the
    /// process to there. For Kafka that leaves its separate format step out.
    pub fn start(&mut self, topic: Option<&Topic>) -> Result<f64, WireError> {
        match self.make {
            Make::Ottla => self.start_ottla(topic),
            Make::Kafka => self.start_kafka(topic),
            Make::Null(kind) => self.start_null(kind),
        }
    }

    fn command(&self, program: &Path) -> Command {
        if !self.pinned {
            return Command::new(program);
        }
        let mut command = Command::new("taskset");
        command.args(["-c", "1"]).arg(program);
        command
    }

    fn start_ottla(&mut self, topic: Option<&Topic>) -> Result<f64, WireError> {
        let config = self.directory.join("server.properties");
        if !config.exists() {
            let controller = free_port()?;
            let mut text = format!(
                "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@localhost:{controller}\n\
                 listeners=PLAINTEXT://:{port},CONTROLLER://:{controller}\n\
                 advertised.listeners=PLAINTEXT://localhost:{port}\ncontroller.listener.names=CONTROLLER\n\
                 listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\nlog.dirs={data}\n",
                port = self.address.port(),
                data = self.directory.join("data").display(),
            );
            SETTINGS.iter().for_each(|(name, value)| text.push_str(&format!("{name}={value}\n")));
            self.properties.iter().for_each(|(name, value)| text.push_str(&format!("{name}={value}\n")));
            std::fs::write(&config, text).map_err(|error| error.to_string())?;
        }
        let log = std::fs::File::create(self.directory.join("server.log")).map_err(|error| error.to_string())?;
        let errors = log.try_clone().map_err(|error| error.to_string())?;
        let program = std::env::var_os("OTTLA").map_or_else(|| env!("CARGO_BIN_EXE_ottla").into(), PathBuf::from);
        let begun = Instant::now();
        let mut command = self.command(&program);
        let command = command.arg("server").arg("--config").arg(&config).stdout(log).stderr(errors);
        let child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        self.pid = child.id();
        self.child = Some(child);
        client::wait_ready(self.address, topic, READY_AT_MOST).map_err(|error| self.explain(error))?;
        Ok(begun.elapsed().as_secs_f64())
    }

    fn start_kafka(&mut self, topic: Option<&Topic>) -> Result<f64, WireError> {
        let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto-tests/kafka/oracle");
        let mut command = self.command(&oracle);
        command.arg("start").arg(&self.directory).arg(self.address.port().to_string());
        command.args(SETTINGS.iter().map(|(name, value)| format!("{name}={value}")));
        command.args(self.properties.iter().map(|(name, value)| format!("{name}={value}")));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let pid_file = self.directory.join("pid");
        let _ = std::fs::remove_file(&pid_file);
        let mut launcher = command.spawn().map_err(|error| format!("{}: {error}", oracle.display()))?;
        let deadline = Instant::now() + READY_AT_MOST;
        let pid = loop {
            let text = std::fs::read_to_string(&pid_file).unwrap_or_default();
            if let Ok(pid) = text.trim().parse::<u32>() {
                break pid;
            }
            if Instant::now() > deadline || matches!(launcher.try_wait(), Ok(Some(status)) if !status.success()) {
                return Err(self.explain("Apache Kafka did not start (proto-tests/setup kafka installs it)".into()));
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        self.pid = pid;
        let started = procfs::started_at(pid).ok_or("Apache Kafka ended at once")?;
        client::wait_ready(self.address, topic, READY_AT_MOST).map_err(|error| self.explain(error))?;
        let seconds = procfs::since_boot() - started;
        launcher.wait().map_err(|error| error.to_string())?;
        Ok(seconds)
    }

    fn start_null(&mut self, kind: null_server::Kind) -> Result<f64, WireError> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let begun = Instant::now();
        let mut command = self.command(&program);
        command.arg("null-server").arg(kind.name()).arg(&self.directory).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or("no standard output")?;
        BufReader::new(out).read_line(&mut line).map_err(|error| error.to_string())?;
        let port: u16 = line.trim().parse().map_err(|_| format!("null server said {line:?}"))?;
        self.address = SocketAddr::from(([127, 0, 0, 1], port));
        self.pid = child.id();
        self.child = Some(child);
        Ok(begun.elapsed().as_secs_f64())
    }

    /// SIGTERM, and waits for the end. Returns the seconds it took.
    pub fn stop(&mut self) -> f64 {
        let begun = Instant::now();
        let signal = if matches!(self.make, Make::Null(_)) { "KILL" } else { "TERM" };
        self.signal(signal);
        begun.elapsed().as_secs_f64()
    }

    pub fn kill(&mut self) {
        self.signal("KILL");
    }

    fn signal(&mut self, signal: &str) {
        if self.pid == 0 {
            return;
        }
        let send = |signal: &str| {
            let _ =
                Command::new("kill").arg(format!("-{signal}")).arg(self.pid.to_string()).stderr(Stdio::null()).status();
        };
        send(signal);
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut killed = false;
        loop {
            let ended = match &mut self.child {
                Some(child) => !matches!(child.try_wait(), Ok(None)),
                None => !Path::new(&format!("/proc/{}", self.pid)).exists(),
            };
            if ended {
                break;
            }
            if Instant::now() > deadline && !killed {
                send("KILL");
                killed = true;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = std::fs::remove_file(self.directory.join("pid"));
        (self.pid, self.child) = (0, None);
    }

    pub fn data_directory(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Adds the end of the server's log to an error.
    fn explain(&self, error: WireError) -> WireError {
        let log = std::fs::read_to_string(self.directory.join("server.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(8)..].join("\n  ");
        format!("{}: {error}\n  {tail}", self.make.name())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A port that nobody listened on a moment ago.
pub fn free_port() -> Result<u16, WireError> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| error.to_string())
}
