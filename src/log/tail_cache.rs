//! The newest batches, in memory.

/// What all tail caches together may hold.
#[derive(Debug)]
pub struct TailCacheBudget {}
impl TailCacheBudget {
    /// A budget of so many bytes.
    pub fn new(_bytes: usize) -> Self {
        Self {}
    }
}
