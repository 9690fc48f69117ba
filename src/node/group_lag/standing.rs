//! Where a group stands in one partition, and what that makes of lag.

use crate::base::ids::{Millis, Offset};

/// A partition that a group has committed in.
pub struct Standing {
    /// Up to where.
    pub committed: Offset,
    /// Where the partition ends, if that is known.
    pub end: Option<Offset>,
    /// When the first record was written that is not committed, if that is known.
    pub since: Option<Millis>,
}

impl Standing {
    /// Records between the committed offset and the end.
    pub fn lag(&self) -> Option<i64> {
        Some(self.end?.since(self.committed).max(0))
    }

    /// The age of the first record that is not committed.
    pub fn seconds(&self, now: Millis) -> Option<f64> {
        match self.lag()? {
            0 => Some(0.0),
            _ => Some(now.since(self.since?).0.max(0) as f64 / 1000.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_told_where_it_is_known() {
        let at = |end: Option<i64>, since: Option<i64>| Standing {
            committed: Offset(5),
            end: end.map(Offset),
            since: since.map(Millis),
        };
        let told = |standing: Standing| (standing.lag(), standing.seconds(Millis(10_000)));
        assert_eq!(told(at(Some(9), Some(8_500))), (Some(4), Some(1.5)));
        assert_eq!(told(at(Some(5), None)), (Some(0), Some(0.0)));
        assert_eq!(told(at(Some(2), None)), (Some(0), Some(0.0)), "the log was cut");
        assert_eq!(told(at(Some(9), Some(11_000))), (Some(4), Some(0.0)), "a clock that is ahead");
        assert_eq!(told(at(Some(9), None)), (Some(4), None));
        assert_eq!(told(at(None, None)), (None, None));
    }
}
