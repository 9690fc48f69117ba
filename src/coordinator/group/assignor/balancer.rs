//! Finds the most and the least loaded of a topic's subscribers, again and again, while partitions move between them.
//!
//! Members are sorted once by what they own. The least loaded form a range at the front that is walked round and round,
//! each walk one partition higher and as far as the members reach that own so much; the most loaded likewise at the back,
//! downwards. So each question costs a step, not a search.

/// The members of one topic, by load.
pub struct Balancer {
    sorted: Vec<u32>,
    least_end: usize,
    least_load: i64,
    next_least: usize,
    most_start: usize,
    most_end: usize,
    most_load: i64,
    /// One past the place of the next most loaded member.
    next_most: usize,
}

impl Balancer {
    /// Sorts `members`, of whom there must be one, by their `sizes`.
    pub fn new(members: &[u32], sizes: &[i64]) -> Self {
        let mut sorted = members.to_vec();
        sorted.sort_by_key(|member| (sizes[*member as usize], *member));
        let load = |at: usize| sizes[sorted[at] as usize];
        let (least_load, most_load, len) = (load(0) - 1, load(sorted.len() - 1) + 1, sorted.len());
        Self {
            least_end: 0,
            least_load,
            next_least: 0,
            most_start: len,
            most_end: len,
            most_load,
            next_most: len,
            sorted,
        }
    }

    /// How much more the most loaded own than the least, before anything moves.
    pub fn imbalance(&self, sizes: &[i64]) -> i64 {
        self.load(self.sorted.len() - 1, sizes) - self.load(0, sizes)
    }

    /// Whoever owns least; whoever asks gives it a partition.
    pub fn next_least_loaded(&mut self, sizes: &[i64]) -> u32 {
        if self.next_least >= self.least_end {
            self.least_load += 1;
            while self.least_end < self.sorted.len() && self.load(self.least_end, sizes) == self.least_load {
                self.least_end += 1;
            }
            self.next_least = 0;
        }
        self.next_least += 1;
        self.sorted[self.next_least - 1]
    }

    /// Whoever owns most; whoever asks takes a partition from it, or excludes it.
    pub fn next_most_loaded(&mut self, sizes: &[i64]) -> Option<u32> {
        if self.next_most <= self.most_start {
            self.most_load = if self.most_end <= self.most_start && self.most_start > 0 {
                self.load(self.most_start - 1, sizes)
            } else {
                self.most_load - 1
            };
            while self.most_start > 0 && self.load(self.most_start - 1, sizes) == self.most_load {
                self.most_start -= 1;
            }
            self.next_most = self.most_end;
        }
        self.next_most = self.next_most.checked_sub(1)?;
        Some(self.sorted[self.next_most])
    }

    /// The member named last by [`Self::next_most_loaded`] has nothing to give.
    pub fn exclude_most_loaded(&mut self) {
        self.most_end -= 1;
        self.sorted.swap(self.next_most, self.most_end);
    }

    /// Whether nothing more is gained by moving a partition.
    pub fn is_balanced(&self) -> bool {
        self.most_load - self.least_load <= 1
    }

    fn load(&self, at: usize, sizes: &[i64]) -> i64 {
        sizes[self.sorted[at] as usize]
    }
}
