//! What procfs says about a process and about the machine while a load runs: CPU seconds, memory, steal and strangers.

use std::fs;

/// CPU seconds (user + system, all threads, living and ended) that process `pid` has used.
pub fn cpu_seconds(pid: u32) -> f64 {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return 0.0 };
    // The second field is the command in parentheses and may hold blanks: count from behind it.
    let Some((_, rest)) = stat.rsplit_once(')') else { return 0.0 };
    let ticks: u64 = rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// Resident memory now and at its highest, in MiB.
pub fn memory_mib(pid: u32) -> (f64, f64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|kib| kib.parse::<f64>().ok());
        kib.unwrap_or(0.0) / 1024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}

/// Sets the highest resident memory back to the present one. Needs the right to, so a failure is no error.
pub fn reset_peak_memory(pid: u32) {
    let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// Seconds since boot at which `pid` was started.
pub fn started_at(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let ticks: f64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    Some(ticks / rustix::param::clock_ticks_per_second() as f64)
}

/// Seconds since boot, by the clock of `started_at`.
pub fn since_boot() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// CPU seconds of this very thread.
pub fn own_thread_seconds() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// CPU seconds of the whole machine since boot.
#[derive(Clone, Copy)]
pub struct Machine {
    pub busy: f64,
    pub steal: f64,
}

pub fn machine() -> Machine {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    let at = |index: usize| ticks.get(index).copied().unwrap_or(0.0) / rustix::param::clock_ticks_per_second() as f64;
    Machine { busy: at(0) + at(1) + at(2) + at(5) + at(6), steal: at(7) }
}

/// Everything at one moment; two of them make a `Usage`.
pub struct Snapshot {
    when: std::time::Instant,
    server: f64,
    client: f64,
    machine: Machine,
    pids: Vec<u32>,
}

/// What was used between two snapshots.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub seconds: f64,
    /// CPU seconds of the server's processes.
    pub server: f64,
    /// Share of one core that the generator's thread used, 0 to 1.
    pub client_share: f64,
    /// Share of all cores that neither server nor generator used, 0 to 1.
    pub foreign_share: f64,
    /// Share of all cores that the host took away, 0 to 1.
    pub steal_share: f64,
}

impl Snapshot {
    pub fn take(pid: u32) -> Snapshot {
        Snapshot::of(vec![pid])
    }

    /// Of a server that is several processes.
    pub fn of(pids: Vec<u32>) -> Snapshot {
        Snapshot {
            when: std::time::Instant::now(),
            server: pids.iter().map(|pid| cpu_seconds(*pid)).sum(),
            client: own_thread_seconds(),
            machine: machine(),
            pids,
        }
    }

    pub fn until_now(&self) -> Usage {
        let now = Snapshot::of(self.pids.clone());
        let seconds = (now.when - self.when).as_secs_f64();
        let server = now.server - self.server;
        let client = now.client - self.client;
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let strangers = now.machine.busy - self.machine.busy - server - client;
        Usage {
            seconds,
            server,
            client_share: client / seconds,
            foreign_share: strangers.max(0.0) / seconds / cores,
            steal_share: (now.machine.steal - self.machine.steal) / seconds / cores,
        }
    }
}
