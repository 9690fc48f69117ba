//! A progress bar on a terminal, and only when the work is long enough to wonder about it.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that takes less shows no bar.
const SHOW_AFTER: Duration = Duration::from_secs(1);

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    /// Bytes.
    Bytes,
    /// Records.
    Records,
}

/// A bar that appears when the work turns out to be long.
pub(super) struct Progress {
    bar: ProgressBar,
    wanted: bool,
}

impl Progress {
    /// For `total` of `unit`, if it is known. `wanted` is false where a bar would disturb.
    pub(super) fn new(total: Option<u64>, unit: Unit, wanted: bool) -> Self {
        let wanted = wanted && std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let template = match (total, unit) {
            (Some(_), Unit::Bytes) => {
                "{bar:30} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta} left"
            }
            (Some(_), Unit::Records) => "{bar:30} {human_pos}/{human_len} records {per_sec} {eta} left",
            (None, Unit::Bytes) => "{spinner} {decimal_bytes} {decimal_bytes_per_sec}",
            (None, Unit::Records) => "{spinner} {human_pos} records {per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, wanted }
    }

    /// Says how far the work is.
    pub(super) fn at(&self, position: u64) {
        self.bar.set_position(position);
        if self.wanted && self.bar.is_hidden() && self.bar.elapsed() >= SHOW_AFTER {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes the bar away.
    pub(super) fn done(&self) {
        self.bar.finish_and_clear();
    }
}
