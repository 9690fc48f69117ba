//! The seam to the file system.

/// The file system.
pub trait Disk: Send + Sync {}
/// The operating system's file system.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemDisk;
impl Disk for SystemDisk {}
