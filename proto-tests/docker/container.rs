//! Containers of the image under test: by hand and by compose, ended when they are dropped; and kcat as the client on this machine.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::support::paths::{self, Scratch};

/// How long anything may take that goes on in the background.
const LIMIT: Duration = Duration::from_secs(90);

/// The image under test, built from this build's program at first use.
pub fn image() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let setup = Command::new(paths::root().join("proto-tests/setup")).arg("podman").status();
        assert!(
            setup.expect("proto-tests/setup runs").success(),
            "the test needs what proto-tests/setup podman installs"
        );
        // What an earlier run left behind when it was ended by force. Nobody else's containers are in this podman.
        run("podman", &["rm", "--all", "--force", "--time", "0"], &[]).expect_ok();
        run("podman", &["volume", "prune", "--force"], &[]).expect_ok();
        run("podman", &["network", "prune", "--force"], &[]).expect_ok();
        let build = paths::root().join("docker/build").display().to_string();
        let base = "localhost/ottla-test-base";
        run(&build, &[env!("CARGO_BIN_EXE_ottla"), "localhost/ottla-test", base], &[]).expect_ok();
        "localhost/ottla-test".to_string()
    })
}

/// What a command left.
pub struct Ended {
    /// Whether its exit code was 0.
    pub ok: bool,
    /// Its standard output.
    pub out: String,
    /// Standard output, then standard error.
    pub text: String,
}

impl Ended {
    fn of(output: &Output) -> Ended {
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let text = format!("{out}{}", String::from_utf8_lossy(&output.stderr));
        Ended { ok: output.status.success(), out, text }
    }

    /// The lines of its standard output.
    pub fn lines(&self) -> BTreeSet<String> {
        self.out.lines().map(String::from).collect()
    }

    fn expect_ok(self) -> Ended {
        assert!(self.ok, "{}", self.text);
        self
    }
}

/// Runs a program on the tests' own podman.
fn run(program: &str, args: &[&str], env: &[(String, String)]) -> Ended {
    let mut command = Command::new(paths::root().join("proto-tests/docker/engine"));
    command.arg(program).args(args).envs(env.iter().cloned()).current_dir(paths::root()).stdin(Stdio::null());
    let ended = Ended::of(&command.output().expect("the engine runs"));
    if !ended.ok {
        eprintln!("{program} {}: {}", args.join(" "), ended.text);
    }
    ended
}

/// A name that no other test of any process uses.
fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("ottla-test-{name}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Waits until `check` is true.
fn wait(what: &str, logs: impl Fn() -> String, check: impl Fn() -> bool) {
    let end = Instant::now() + LIMIT;
    while !check() {
        assert!(Instant::now() < end, "{what}: not within {LIMIT:?}\n{}", logs());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Whether the health check of the image passes.
fn healthy(name: &str) -> bool {
    run("podman", &["healthcheck", "run", name], &[]).ok
}

/// A network for containers that are started by hand, and a directory for what they mount.
pub struct Network {
    name: String,
    scratch: Scratch,
}

impl Network {
    /// A new one.
    pub fn new(name: &str) -> Network {
        image();
        let network = Network { name: unique(name), scratch: Scratch::new("docker") };
        run("podman", &["network", "create", &network.name], &[]).expect_ok();
        network
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        self.scratch.path()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        run("podman", &["network", "rm", "--force", "--time", "0", &self.name], &[]);
    }
}

/// A container that was started by hand.
pub struct Container {
    name: String,
}

impl Container {
    /// Starts one on a network, under a host name, with more of podman's options and another command than the image's.
    pub fn start(network: &Network, host: &str, options: &[&str], command: &[&str]) -> Container {
        let name = unique(host);
        let fixed = ["run", "--detach", "--name", &name, "--network", &network.name, "--hostname", host];
        run("podman", &[&fixed[..], &["--network-alias", host], options, &[image()], command].concat(), &[])
            .expect_ok();
        Container { name }
    }

    /// Runs one to its end.
    pub fn run(network: &Network, options: &[&str], command: &[&str]) -> Ended {
        let fixed = ["run", "--rm", "--network", &network.name];
        // A start that should have failed must not go on for ever.
        let limited = [&["60", "podman"][..], &fixed[..], options, &[image()], command].concat();
        run("timeout", &limited, &[])
    }

    /// Runs a command in it.
    pub fn exec(&self, command: &[&str]) -> Ended {
        run("podman", &[&["exec", &self.name][..], command].concat(), &[])
    }

    /// Copies a file into it.
    pub fn copy(&self, from: &Path, to: &str) {
        run("podman", &["cp", &from.display().to_string(), &format!("{}:{to}", self.name)], &[]).expect_ok();
    }

    /// What it printed.
    pub fn logs(&self) -> String {
        run("podman", &["logs", &self.name], &[]).text
    }

    /// Waits until the health check of the image passes.
    pub fn wait_healthy(&self) {
        wait("the health check", || self.logs(), || healthy(&self.name));
    }

    /// Waits until it printed a line in which `pattern` is found.
    pub fn wait_line(&self, pattern: &str) {
        let pattern = regex::Regex::new(pattern).expect("a pattern");
        wait(pattern.as_str(), || self.logs(), || self.logs().lines().any(|line| pattern.is_match(line)));
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
        run("podman", &["rm", "--force", "--time", "0", "--volumes", &self.name], &[]);
    }
}

/// The services of a compose file.
pub struct Compose {
    project: String,
    file: PathBuf,
    env: Vec<(String, String)>,
}

impl Compose {
    /// Starts them, with the image under test and these variables.
    pub fn up(name: &str, file: &str, env: &[(&str, String)]) -> Compose {
        let mut env: Vec<_> = env.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        env.push(("OTTLA_IMAGE".to_string(), image().to_string()));
        let compose = Compose { project: unique(name), file: paths::root().join(file), env };
        compose.run(&["up", "-d"]);
        compose
    }

    fn try_run(&self, words: &[&str]) -> Ended {
        let file = self.file.display().to_string();
        run("podman-compose", &[&["-p", &self.project, "-f", &file][..], words].concat(), &self.env)
    }

    /// Runs podman-compose on the file.
    pub fn run(&self, words: &[&str]) {
        self.try_run(words).expect_ok();
    }

    /// Runs podman itself.
    pub fn podman(&self, words: &[&str]) {
        run("podman", words, &[]).expect_ok();
    }

    /// The container of a service.
    pub fn name(&self, service: &str) -> String {
        format!("{}_{service}_1", self.project)
    }

    /// Runs a command in a service's container.
    pub fn exec(&self, service: &str, command: &[&str]) -> Ended {
        run("podman", &[&["exec", &self.name(service)][..], command].concat(), &[])
    }

    /// Runs a command in a new container on the network of the services.
    pub fn beside(&self, service: &str, command: &[&str]) -> Ended {
        let format = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}";
        let network = run("podman", &["inspect", "--format", format, &self.name(service)], &[]).expect_ok();
        run("podman", &[&["run", "--rm", "--network", network.out.trim(), image()][..], command].concat(), &[])
    }

    /// What a service printed.
    pub fn logs(&self, service: &str) -> String {
        run("podman", &["logs", &self.name(service)], &[]).text
    }

    /// Waits until the health check of a service passes.
    pub fn wait_healthy(&self, service: &str) {
        wait(service, || self.logs(service), || healthy(&self.name(service)));
    }

    /// Waits until `check` is true.
    pub fn wait(&self, what: &str, check: impl Fn() -> bool) {
        wait(what, || self.try_run(&["logs"]).text, check);
    }
}

impl Drop for Compose {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.try_run(&["logs"]).text);
        }
        self.try_run(&["down", "--volumes", "--timeout", "1"]);
        run("podman", &["network", "rm", "--force", "--time", "0", &format!("{}_default", self.project)], &[]);
    }
}

/// Writes records by kcat on this machine; each is acknowledged when it returns.
pub fn kcat_produce(bootstrap: &str, topic: &str, records: &[&str]) {
    let mut child = Command::new("kcat")
        .args(["-b", bootstrap, "-P", "-t", topic, "-X", "acks=all", "-X", "message.timeout.ms=60000"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kcat starts");
    let mut input = child.stdin.take().expect("its input");
    records.iter().for_each(|record| writeln!(input, "{record}").expect("kcat reads"));
    drop(input);
    Ended::of(&child.wait_with_output().expect("kcat ends")).expect_ok();
}

/// Reads all records of a topic by kcat on this machine.
pub fn kcat_consume(bootstrap: &str, topic: &str) -> BTreeSet<String> {
    let args = ["60", "kcat", "-b", bootstrap, "-C", "-t", topic, "-o", "beginning", "-e", "-q"];
    let ended = Ended::of(&Command::new("timeout").args(args).output().expect("kcat runs")).expect_ok();
    ended.lines()
}
